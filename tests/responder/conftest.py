"""The responder as a process, on each of its runtimes; and PHP as the judge of what it writes."""

import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from subprocess import PIPE
from typing import Any, NamedTuple

import pytest

from luaproc.host import Interpreter
from luaproc.wire.framing import FrameDecoder, encode_frame, unescape
from tests import forks
from tests.parts import need

RUNTIMES = ("lua51", "luajit21")

Start = Callable[..., Interpreter]
Judge = Callable[[bytes], bytes]


@pytest.fixture(params=RUNTIMES)
def runtime(request: pytest.FixtureRequest) -> str:
    """The name of a runtime; a test that asks for it runs on each."""
    name = request.param
    assert isinstance(name, str)
    return name


LUAPROC = forks.LUAPROC


def serve(runtime: str = "lua51", *options: str) -> list[str]:
    """The command that serves. These tests start a thousand servers, which are forked; tests/test_entry.py starts them
    as people and PHP do."""
    return forks.forked("serve", "--runtime", runtime, *options)


@pytest.fixture
def start(runtime: str) -> Iterator[Start]:
    """Starts interpreters of the test's runtime, with options of the responder (words) and of the host; ends them."""
    with ExitStack() as stack:

        def start(*words: str, **options: Any) -> Interpreter:
            return stack.enter_context(Interpreter(serve(runtime, *words), **{"timeout": 300, **options}))

        yield start


@pytest.fixture
def lua(start: Start) -> Interpreter:
    """A fresh interpreter of the test's runtime."""
    return start()


class Outcome(NamedTuple):
    """What became of a responder that was given its whole input at once."""

    status: int
    replies: list[bytes]
    """Unescaped bodies."""
    stderr: bytes


def feed(data: bytes, command: list[str], env: dict[str, str] | None = None, cwd: Path | None = None) -> Outcome:
    """Give a server bytes, then the end of input, and wait for its end.

    The conversation is known beforehand, so nobody has to wait for a reply, not even below a callback.
    """
    with forks.Popen(command, stdin=PIPE, stdout=PIPE, stderr=PIPE, env=env, cwd=cwd) as process:
        stdout, stderr = process.communicate(data, timeout=600)
    decoder = FrameDecoder()
    decoder.receive_data(stdout)
    decoder.receive_data(b"")
    replies = []
    while isinstance(body := decoder.next_frame(), bytes):
        replies.append(unescape(body))
    return Outcome(process.returncode, replies, stderr)


def frames(*bodies: str | bytes) -> bytes:
    """Bodies, each in a frame, one behind the other."""
    return b"".join(encode_frame(body.encode() if isinstance(body, str) else body) for body in bodies)


def load_body(text: str, name: str = "=Module:T") -> str:
    """A loadString as PHP writes it."""
    for raw, escaped in (("\\", "\\\\"), ('"', '\\"'), ("\n", "\\n"), ("\r", "\\r"), ("\0", "\\000")):
        text, name = text.replace(raw, escaped), name.replace(raw, escaped)
    return f'{{["op"]="loadString",["text"]="{text}",["chunkName"]="{name}"}}'


def call_body(number: int, *args: str) -> str:
    """A call of a chunk with arguments that are Lua expressions."""
    listed = ",".join(f"[{i}]={arg}" for i, arg in enumerate(args, 1))
    return f'{{["op"]="call",["id"]={number},["nargs"]={len(args)},["args"]={{{listed}}}}}'


REGISTER = '{["op"]="registerLibrary",["name"]="php",["functions"]={["f"]="php-f"}}'


@pytest.fixture(scope="session")
def php_judge() -> Iterator[Judge]:
    """What PHP's unserialize() makes of bytes, written canonically by unserialize.php; one process for all."""
    command = [need("php"), "-d", "memory_limit=1G", str(Path(__file__).parent / "unserialize.php")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin
        assert process.stdout

        def ask(data: bytes) -> bytes:
            assert process.stdin
            assert process.stdout
            process.stdin.write(data.hex().encode() + b"\n")
            process.stdin.flush()
            return bytes.fromhex(process.stdout.readline().decode())

        yield ask
        process.stdin.close()
