"""A fuzz target for atheris, to run for hours; CI runs the same judge on generated inputs (tests/faults).

    pip install atheris
    mkdir -p corpus && python tests/fuzz/fuzz_responder.py corpus [-max_total_time=SECONDS] [libFuzzer's options]

LUAPROC_RUNTIME chooses the runtime. Each input is a whole conversation from PHP and is answered by a process of its own
(forked, 5 ms), so a crash of the runtime is found as well: once as it is, and once with right headers, so that what
libFuzzer does to the bodies gets through. What Python runs is instrumented in this process: the frames' way through
`Pipes` and `fast_path`, with Lua left out. A failure is written as a file `crash-...`, which the same command takes as
its argument to repeat it. An empty corpus gets the valid stream and its parts.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(REPOSITORY))

try:
    import atheris  # type: ignore[import-untyped, unused-ignore]
except ImportError:
    sys.exit("fuzz_responder.py needs atheris: pip install atheris")

with atheris.instrument_imports(include=["luaproc"]):
    from luaproc.responder import log, memory, pipes, status

from luaproc.wire.framing import encode_frame  # noqa: E402
from tests.faults import judge, streams  # noqa: E402

nursery = judge.Nursery(os.environ.get("LUAPROC_RUNTIME", "lua51"))


class Ended(Exception):
    """`die` and `_exit`, which would end the fuzzer."""


class NoLua:
    """What `Reserve` asks of a runtime: room enough."""

    def get_memory_used(self, total: bool) -> int:
        return 0

    def set_max_memory(self, limit: int, total: bool) -> None:
        pass


def read_in_process(data: bytes) -> None:
    """The input through `Pipes` alone, for coverage: every message that it would hand to Lua."""
    reader, writer = os.pipe()
    saved = os.dup(0)
    try:
        os.dup2(reader, 0)
        os.close(reader)
        os.write(writer, data[:60000])
        os.close(writer)
        end = os._exit, log.die
        try:
            os._exit = ended  # type: ignore[assignment]
            pipes.die = ended  # type: ignore[attr-defined, assignment]
            pipes.claim_descriptors()
            frames = pipes.Pipes(memory.Reserve(NoLua()), status.open_reporter())
            while frames.receive() is not None:
                while frames.slice() is not None:
                    pass
        except Ended:
            pass
        finally:
            os._exit, pipes.die = end  # type: ignore[attr-defined]
    finally:
        os.dup2(saved, 0)
        os.close(saved)


def ended(_: object) -> None:
    raise Ended


def reframed(data: bytes) -> bytes:
    """The bodies in the input, each with a right header: they are what begins as PHP begins a message."""
    head, *bodies = data.split(b'{["op"]')
    return b"".join(encode_frame(b'{["op"]' + body[:-16]) for body in bodies) or encode_frame(head or b" ")


def test_one_input(data: bytes) -> None:
    """Fails where the judge does."""
    if b"getStatus" not in data:  # whose answer would go to our own stdout
        read_in_process(data)
    for given in (data, reframed(data)):
        what = judge.complaint(nursery.run(given))
        if what:
            raise RuntimeError(f"{what}: {given!r}")


def main() -> None:
    for word in sys.argv[1:]:
        if os.path.isdir(word) and not os.listdir(word):
            for number, body in enumerate([streams.VALID, *map(encode_frame, streams.BODIES)]):
                Path(word, f"valid-{number}").write_bytes(body)
    atheris.Setup(sys.argv, test_one_input)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
