"""Real PHP and real Lua as judges: one process each, asked line by line."""

import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.parts import need

JUDGES = Path(__file__).parent / "judges"

Judge = Callable[[bytes], bytes]


def start(command: list[str]) -> Iterator[Judge]:
    """A function that sends bytes (as a line of hexadecimal) and gives back what the process answers."""
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


@pytest.fixture(scope="session")
def php_judge() -> Iterator[Judge]:
    """unserialize(), then serialize() again; ``refused`` when PHP does not take it."""
    yield from start([need("php"), "-d", "serialize_precision=17", str(JUDGES / "unserialize.php")])


@pytest.fixture(scope="session")
def lua_judge() -> Iterator[Judge]:
    """An expression's value as judges/evaluate.lua writes it; ``refused: why`` when Lua does not take it."""
    yield from start([need("lua5.1"), str(JUDGES / "evaluate.lua")])
