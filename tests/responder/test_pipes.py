"""Frames on the descriptors 0 and 1, where memory is full: what the hostile corpus meets by luck only."""

import os
import sys
from io import BytesIO
from types import SimpleNamespace
from typing import NoReturn

import pytest

from luaproc.responder import fast_path, log, pipes
from luaproc.responder.memory import HELD, SPENT
from luaproc.wire.framing import encode_frame


class _Full(dict):  # type: ignore[type-arg]
    """A dict for which there is no block to grow into."""

    def __setitem__(self, key: object, value: object) -> None:
        raise MemoryError


def test_a_header_is_read_and_written_where_none_can_be_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    """One random module of hundreds met a header of a new length in memory full to the brim. What was lost could not be
    told, since the dict of known headers could not grow, and the process ended."""
    monkeypatch.setattr(pipes, "_lengths", _Full())
    monkeypatch.setattr(pipes, "_headers", _Full())
    header = pipes._header(46)
    assert header == b"0000002e0000005b"
    assert pipes._frame_length(header) == 46


def test_headers_are_remembered_within_bounds(monkeypatch: pytest.MonkeyPatch) -> None:
    """All 4,096 would take more than Python's share of the memory."""
    lengths: dict[bytes, int] = {}
    headers: dict[int, bytes] = {}
    monkeypatch.setattr(pipes, "_lengths", lengths)
    monkeypatch.setattr(pipes, "_headers", headers)
    for length in range(1, 4000):
        assert pipes._frame_length(pipes._header(length)) == length
    assert len(lengths) == len(headers) == 1000


class _Reserve:
    """What `Pipes` asks of the reserve, and what became of it."""

    def __init__(self, room: bool = True) -> None:
        self.state, self.room = HELD, room
        self.done: list[str] = []

    def spend(self) -> None:
        self.done.append("spend")
        self.state = SPENT

    def restore_if_room(self) -> None:
        self.done.append("restore_if_room")

    def has_room_to_push(self, size: int) -> bool:
        self.done.append(f"push {size}")
        return self.room

    def has_room_to_compile(self, size: int) -> bool:
        return self.room


Opened = tuple[pipes.Pipes, _Reserve, BytesIO]


def _opened(monkeypatch: pytest.MonkeyPatch, *bodies: bytes, room: bool = True) -> Opened:
    """Pipes that read these messages; the reserve, and what is left to read. What is sent is dropped."""
    stdin = BytesIO(b"".join(encode_frame(body) for body in bodies))
    monkeypatch.setattr(pipes, "open", lambda *_args, **_options: stdin, raising=False)
    monkeypatch.setattr(pipes, "_write", lambda descriptor, data: None)
    reserve = _Reserve(room)
    return pipes.Pipes(reserve, bytes), reserve, stdin  # type: ignore[arg-type]


CALL = b'{["op"]="call",["id"]=1,["nargs"]=1,["args"]={[1]="%b"}}'


def test_a_message_that_may_find_no_room_spends_the_reserve_before_it_crosses(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the push fails, lupa leaks a reference; short ones are not asked for."""
    for length, room, done in ((100, False, []), (9000, True, ["push 9054"]), (9000, False, ["push 9054", "spend"])):
        opened, reserve, _ = _opened(monkeypatch, CALL % (b"x" * length), room=room)
        assert opened.receive() == (b"call1", 1, b"x" * length)
        assert reserve.done == done


def test_a_frame_crosses_whole_up_to_a_length(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever room there is: Python, Lua's compiler and Lua would each have it whole."""
    monkeypatch.setattr(pipes, "WHOLE", 100_000)
    body = CALL % (b"x" * (100_000 - len(CALL % b"")))
    opened, _, _ = _opened(monkeypatch, body, body + b" ")
    assert isinstance(opened.receive(), tuple)
    assert opened.receive() is True


def test_what_was_compiled_ahead_may_be_longer_than_its_message(monkeypatch: pytest.MonkeyPatch) -> None:
    """Four times at most: for that there has to be room."""
    body = CALL % (b"x" * 9000)
    monkeypatch.setattr(fast_path, "LIBRARY", {len(body): []})
    opened, reserve, _ = _opened(monkeypatch, body)
    opened.receive()
    assert reserve.done == [f"push {4 * len(body)}"]


def test_a_message_that_is_handed_over_again_has_the_reserve(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where Lua could not say that it wants it."""
    opened, reserve, _ = _opened(monkeypatch, CALL % b"a")
    opened.receive()
    assert opened.again() == (b"call1", 1, b"a")
    assert reserve.done == ["spend"]


def test_an_exchange_gives_the_reserve_back_before_it_sends(monkeypatch: pytest.MonkeyPatch) -> None:
    opened, reserve, _ = _opened(monkeypatch, CALL % b"a", CALL % b"b")
    opened.exchange(b"reply")
    assert reserve.done == []
    reserve.spend()
    opened.exchange(b"reply")
    assert reserve.done == ["spend", "restore_if_room"]


def _fail(size: int) -> NoReturn:
    raise MemoryError


RETURN = b'{["op"]="return",["nvalues"]=1,["values"]={[1]="%b"}}'


@pytest.mark.parametrize(
    ("body", "lost"), [(CALL, pipes.REQUEST_LOST), (RETURN, pipes.REPLY_LOST)], ids=["call", "return"]
)
@pytest.mark.parametrize(("size", "reads"), [(3000, 0), (3000, 1), (200_000, 0), (200_000, 1), (200_000, 2)])
def test_what_is_lost_is_told_and_read_to_its_end(
    monkeypatch: pytest.MonkeyPatch, size: int, reads: int, body: bytes, lost: int
) -> None:
    """Memory ran out before the header was read, behind it, and behind the body's first slice: the next message is
    where it should be."""
    opened, _, stdin = _opened(monkeypatch, body % (b"x" * size), CALL % b"next", room=False)
    real, left = opened._read, [opened._read] * reads

    def read(size: int = -1, /) -> bytes:
        return left.pop()(size) if left else _fail(size)

    opened._read = read

    def take() -> None:
        opened.exchange(b"request")
        opened.slice()
        opened.slice()

    monkeypatch.setattr(opened, "_read", read)
    with pytest.raises(MemoryError):
        take()
    monkeypatch.setattr(opened, "_read", real)
    assert opened.lost(1) == lost
    assert opened.again() is None
    assert opened.slice() is None
    assert opened.exchange(b"reply") == (b"call1", 1, b"next")
    assert stdin.read() == b""


def test_a_slice_that_was_read_goes_with_the_message_that_is_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lua had no room to begin."""
    opened, _, _ = _opened(monkeypatch, RETURN % (b"x" * 200_000), CALL % b"next", room=False)
    assert opened.exchange(b"request") is True
    assert opened.lost(1) == pipes.REPLY_LOST
    assert opened.slice() is None
    assert opened.exchange(b"reply") == (b"call1", 1, b"next")


def test_what_was_not_sent_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lua's way to `exchange`, or what `exchange` does before it sends, found no memory; the next turn is the next."""
    opened, _, _ = _opened(monkeypatch, CALL % b"a")
    assert opened.lost(1) == pipes.NOT_SENT
    assert opened.exchange(b"reply") == (b"call1", 1, b"a")
    assert opened.lost(2) == pipes.REQUEST_LOST
    assert opened.again() == (b"call1", 1, b"a")
    assert opened.lost(3) == pipes.NOT_SENT


class _TwoGigabytes(bytes):
    def __len__(self) -> int:
        return 1 << 31


def test_a_reply_that_no_header_can_tell_is_not_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its length doubled has nine digits."""
    opened, _, stdin = _opened(monkeypatch, CALL % b"a")
    with pytest.raises(MemoryError):
        opened.exchange(_TwoGigabytes())
    assert opened.lost(1) == pipes.NOT_SENT
    assert stdin.tell() == 0


@pytest.mark.parametrize("failing", [0, 1, 2])
def test_a_long_reply_goes_out_whole_with_no_room_for_a_copy(monkeypatch: pytest.MonkeyPatch, failing: int) -> None:
    """Of the whole, and then of a piece, for which the reserve is spent once the frame has begun."""
    opened, reserve, _ = _opened(monkeypatch, CALL % b"a")
    sent: list[bytes] = []
    monkeypatch.setattr(pipes, "_write", lambda descriptor, data: sent.append(bytes(data)))
    real, count = pipes._escape, 0

    def escape(text: bytes) -> bytes:
        nonlocal count
        count += 1
        if count <= failing:
            _fail(len(text))
        return real(text)

    monkeypatch.setattr(pipes, "_escape", escape)
    reply = b"a\n\\" * 50_000
    opened.exchange(reply)
    assert b"".join(sent) == encode_frame(real(reply))
    assert reserve.done == ["spend"] * (failing >= 2)


def test_a_message_that_has_begun_and_cannot_end_ends_the_process(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """An error in place of the rest would be read as the rest."""
    opened, _, _ = _opened(monkeypatch)
    monkeypatch.setattr(pipes, "_escape", _fail)
    monkeypatch.setattr(log, "os", SimpleNamespace(write=os.write, _exit=sys.exit))
    with pytest.raises(SystemExit) as ended:
        opened.exchange(b"x\n" * 50_000)
    assert ended.value.code == 1
    assert capfd.readouterr().err == "luaproc: not enough memory to send the rest of a message\n"
