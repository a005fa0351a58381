"""Every workload is answered rightly by both real servers, and no wrong answer is taken for a fast one."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from luaproc.bench import workloads
from luaproc.bench.servers import BenchError, Server
from luaproc.bench.session import MeteredServer
from luaproc.bench.workloads import WORKLOADS, Workload, returns
from luaproc.wire.messages import Error, Return, encode_for_host
from luaproc.wire.values import Value

NOTHING = encode_for_host(Return())
EVERY = pytest.mark.parametrize("workload", WORKLOADS, ids=lambda workload: workload.key)


@pytest.mark.real
@EVERY
def test_real_servers_answer_rightly(server: Server, workload: Workload) -> None:
    """What the reference server answers is right by definition, and ours is checked by the same check."""
    with MeteredServer(server) as session:
        assert workloads.run(workload._replace(steps=2), session) > 0


class Lying(MeteredServer):
    """A real server whose metered messages are answered by somebody who does nothing."""

    lying = False

    @contextmanager
    def metered(self) -> Iterator[None]:
        self.lying = True
        with super().metered():
            yield
        self.lying = False

    def exchange(self, body: bytes) -> bytes:
        return NOTHING if self.lying else super().exchange(body)


@pytest.mark.real
@EVERY
def test_doing_nothing_is_a_wrong_answer(ours: Server, workload: Workload) -> None:
    """cleanupChunks is answered by nothing when it is done: there it must show that the chunks are still alive."""
    with Lying(ours) as session, pytest.raises(BenchError, match="wrong answer: expected"):
        workloads.run(workload._replace(steps=2), session)


@pytest.mark.real
def test_cleanup_drops_60_of_120(reference: Server) -> None:
    """The row's title is what happens: 60 ids are kept, and as many were alive besides."""
    bodies: list[bytes] = []

    class Listening(MeteredServer):
        def exchange(self, body: bytes) -> bytes:
            bodies.append(body)
            return super().exchange(body)

    with Listening(reference) as session:
        workloads.run(next(w for w in WORKLOADS if w.key == "cleanup")._replace(steps=3), session)
    cleanups = [body for body in bodies if b"cleanupChunks" in body]
    assert len(cleanups) == 4  # one of them before the clock runs
    assert {body.count(b"]=1") for body in cleanups} == {60}


def test_data_modules_are_of_their_size_and_all_different() -> None:
    """A server that remembers texts must not find one again."""
    one, two = workloads.data_module(1), workloads.data_module(2)
    assert one != two
    assert 200_000 <= len(one) < 200_500


def test_text_is_as_long_as_its_title_says() -> None:
    """One of them with what has to be escaped, the other without."""
    assert len(workloads.TEXT) == len(workloads.PLAIN) == 1_000_000
    assert all(byte in workloads.TEXT for byte in (b"\n", b'"', b"\\"))
    assert not any(byte in workloads.PLAIN for byte in (b"\n", b"\r", b'"', b"\\", b"\0"))


@pytest.mark.parametrize(
    ("values", "came"),
    [
        ((1,), Return((True,))),
        ((1,), Return((1.0,))),
        ((1,), Return((b"1",))),
        ((1,), Return((1, None))),
        ((1,), Return()),
        (({1: b"a"},), Return(({1: b"a", 2: b"b"},))),
        (({1: b"a"},), Return(({2: b"a"},))),
        ((1,), Error(b"no")),
    ],
)
def test_nearly_right_is_wrong(values: tuple[Value, ...], came: Return | Error) -> None:
    """Types count, and so does what is there too much."""
    check = returns(*values)
    check(encode_for_host(Return(values)))
    with pytest.raises(BenchError, match="wrong answer"):
        check(encode_for_host(came))


def test_order_of_keys_is_free() -> None:
    """A table has none, and runtimes differ in it."""
    returns({b"a": 1, b"b": 2})(encode_for_host(Return(({b"b": 2, b"a": 1},))))
