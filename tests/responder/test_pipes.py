"""Frames on the descriptors 0 and 1, where memory is full: what the hostile corpus meets by luck only."""

import os
import sys
from io import BytesIO
from types import SimpleNamespace
from typing import NoReturn

import pytest

from luaproc.responder import fast_path, fork_server, log, pipes
from luaproc.responder.memory import HELD, SPENT
from luaproc.wire.framing import encode_frame
from luaproc.wire.messages import Call, encode_for_responder


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
    lengths.clear()
    headers.clear()
    for length in (pipes.SMALL, pipes.SMALL + 1, pipes.AT_ONCE, pipes.AT_ONCE + 1):
        assert pipes._frame_length(pipes._header(length)) == length
    assert [*headers] == [pipes.SMALL]
    assert [*lengths.values()] == [pipes.SMALL, pipes.SMALL + 1, pipes.AT_ONCE]


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


class _Arriving(BytesIO):
    """What comes out of a pipe: so many bytes at a time, however many are asked for."""

    def __init__(self, data: bytes, at_a_time: int) -> None:
        super().__init__(data)
        self._at_a_time = at_a_time

    def read(self, size: int | None = -1, /) -> bytes:
        return super().read(min(size or 0, self._at_a_time))

    def readinto(self, room: "memoryview", /) -> int:  # type: ignore[override]
        return super().readinto(room[: self._at_a_time])


@pytest.mark.parametrize("at_a_time", [1, 7, 15, 16, 17, 100, 16_383, 16_384, 65_536, 10**7])
def test_frames_are_read_as_they_arrive(monkeypatch: pytest.MonkeyPatch, at_a_time: int) -> None:
    """In pieces, whole, or many at once, short ones behind long ones; each once, and nothing of the next."""
    sizes: tuple[int, ...] = (0, 1, 70, 70, 100, 3000, 4096, 10_000, 16_384, 16_385, 65_536, 65_537, 200_000, 1, 70)
    if at_a_time < 100:
        sizes = tuple(size for size in sizes if size < 10_000)
    texts = [b"%c" % (97 + number) * size for number, size in enumerate(sizes)]
    stdin = _Arriving(b"".join(encode_frame(CALL % text) for text in texts), at_a_time)
    monkeypatch.setattr(pipes, "open", lambda *_args, **_options: stdin, raising=False)
    opened = pipes.Pipes(_Reserve(), bytes)  # type: ignore[arg-type]
    for text in texts:
        assert opened.receive() == (b"call1", 1, text)
        assert opened.plain() == b"return " + CALL % text
        assert opened.again() == (b"call1", 1, text)


def test_what_is_too_long_for_one_piece_is_read_to_its_end_and_no_further(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its beginning had been read ahead, or the whole, and the next message."""
    for size in (70_000, 200_000):
        for at_a_time in (1000, 16_384, 10**7):
            body, following = CALL % (b"x" * size), CALL % b"next"
            stdin = _Arriving(encode_frame(body) + encode_frame(following), at_a_time)
            monkeypatch.setattr(pipes, "open", lambda *_args, stdin=stdin, **_options: stdin, raising=False)
            opened = pipes.Pipes(_Reserve(room=False), bytes)  # type: ignore[arg-type]
            assert opened.receive() is True
            pieces = [*iter(opened.slice, None)]
            assert b"".join(piece for piece in pieces if piece) == b"return " + body
            assert opened.receive() == (b"call1", 1, b"next")


def test_a_short_message_again_is_what_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each of these comes three times, and is asked for once more: what is remembered is this message, no other."""
    values = [(number, value) for number in (1, 7) for value in (1, b"1", True, b"x" * 100)] * 3
    opened, _, _ = _opened(monkeypatch, *(encode_for_responder(Call(number, (value,))) for number, value in values))
    for number, value in values:
        found = opened.receive()
        assert found == opened.again() == (b"call1", number, value)
        assert isinstance(found, tuple)
        assert type(found[2]) is type(value)


def test_a_status_is_told_between_messages_and_is_no_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    """PHP asks for it before a call and behind it."""
    status = b'{["op"]="getStatus"}'
    opened, _, _ = _opened(monkeypatch, status, status, CALL % b"a", status, CALL % b"b")
    told = 0

    def tell() -> bytes:
        nonlocal told
        told += 1
        return b"status"

    opened.status = tell
    assert opened.receive() == (b"call1", 1, b"a")
    assert opened.exchange(b"reply") == (b"call1", 1, b"b")
    assert told == 3
    assert opened.lost(1) == pipes.REQUEST_LOST
    assert opened.lost(2) == pipes.NOT_SENT


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


class _Unread(bytes):
    """What was read ahead, of which so many parts can be taken, and then for so many there is no memory."""

    left, failing = 0, 1

    def __getitem__(self, key: slice) -> bytes:  # type: ignore[override]
        self.left -= 1
        if -self.failing <= self.left < 0:
            _fail(0)
        return bytes.__getitem__(self, key)


@pytest.mark.parametrize(
    ("body", "lost"), [(CALL, pipes.REQUEST_LOST), (RETURN, pipes.REPLY_LOST)], ids=["call", "return"]
)
@pytest.mark.parametrize(
    ("size", "reads", "ahead"),
    [
        *((size, reads, None) for size, most in ((3000, 1), (200_000, 2)) for reads in range(most + 1)),
        *((size, 0, ahead) for size in (3000, 20_000, 200_000) for ahead in range(2)),
        *((size, reads, 99) for size in (20_000, 200_000) for reads in range(2)),
    ],
)
def test_what_is_lost_is_told_and_read_to_its_end(
    monkeypatch: pytest.MonkeyPatch, size: int, reads: int, ahead: int | None, body: bytes, lost: int
) -> None:
    """Memory ran out before the header was read, behind it, and behind the body's first slice; before anything was read
    ahead, or with so many parts taken of what was: the next message is where it should be."""
    bodies = (body % (b"x" * size), RETURN % (b"y" * 99_000), CALL % b"next")
    opened, _, stdin = _opened(monkeypatch, *bodies, room=False)
    real, left = opened._read, [opened._read] * reads
    arrived = opened._arrived

    def read(size: int | None = -1, /) -> bytes:
        return left.pop()(size) if left else _fail(0)

    def arrive(size: int = -1, /) -> bytes:
        if ahead is None:
            _fail(size)
        data = _Unread(arrived(size))
        data.left, data.failing = ahead, 99
        return data

    def take() -> None:
        opened.exchange(b"request")
        opened.slice()
        opened.slice()

    monkeypatch.setattr(opened, "_read", read)
    monkeypatch.setattr(opened, "_arrived", arrive)
    with pytest.raises(MemoryError):
        take()
    monkeypatch.setattr(opened, "_read", real)
    monkeypatch.setattr(opened, "_arrived", arrived)
    if isinstance(opened._ahead, _Unread):
        opened._ahead.failing = 0
    assert opened.lost(1) == lost
    assert opened.again() is None
    assert opened.slice() is None
    if opened._ahead:
        assert opened.exchange(b"request") is True
    else:  # the next one is lost as well, and nothing of it was read
        with monkeypatch.context() as patch:
            patch.setattr(opened, "_read", _fail)
            patch.setattr(opened, "_arrived", _fail)
            with pytest.raises(MemoryError):
                opened.exchange(b"request")
    assert opened.lost(2) == pipes.REPLY_LOST
    assert opened.exchange(b"reply") == (b"call1", 1, b"next")
    assert stdin.read() == b""


@pytest.mark.parametrize("left", range(5))
def test_what_was_read_ahead_is_not_lost_where_the_reserve_has_room_for_it(
    monkeypatch: pytest.MonkeyPatch, left: int
) -> None:
    """Of a frame whose end is still in the pipe, of one of a length that is new, of one with another behind it, and of
    a usual one."""
    for size, behind, at_a_time in (
        (3000, 0, 2000), (3001, 0, 10**6), (3002, 1, 10**6), (60_000, 1, 10**6), (3001, 0, 10**6)
    ):  # fmt: skip
        bodies = [CALL % (b"x" * size), CALL % b"next"]
        stdin = _Arriving(b"".join(map(encode_frame, bodies[: 1 + behind])), at_a_time)
        monkeypatch.setattr(pipes, "open", lambda *_args, stdin=stdin, **_options: stdin, raising=False)
        opened = pipes.Pipes(_Reserve(), bytes)  # type: ignore[arg-type]
        arrived = opened._arrived

        def arrive(size: int = -1, /, arrived=arrived) -> bytes:  # type: ignore[no-untyped-def]
            data = _Unread(arrived(size))
            data.left = left
            return data

        with monkeypatch.context() as patch:
            patch.setattr(opened, "_arrived", arrive)
            assert opened.receive() == (b"call1", 1, b"x" * size)
        if behind:
            assert opened.receive() == (b"call1", 1, b"next")


def test_a_slice_that_was_read_goes_with_the_message_that_is_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lua had no room to begin."""
    opened, _, _ = _opened(monkeypatch, RETURN % (b"x" * 200_000), CALL % b"next", room=False)
    assert opened.exchange(b"request") is True
    assert opened.lost(1) == pipes.REPLY_LOST
    assert opened.slice() is None
    assert opened.exchange(b"reply") == (b"call1", 1, b"next")


@pytest.mark.parametrize("size", [20_000, 200_000, 300_000])
def test_nothing_of_a_message_is_left_at_the_next(monkeypatch: pytest.MonkeyPatch, size: int) -> None:
    """One that came in parts, in slices, or was lost: the next is told, read again and lost by itself."""
    opened, _, stdin = _opened(
        monkeypatch,
        CALL % (b"x" * size),
        CALL % b"a",
        CALL % (b"x" * size),
        RETURN % (b"y" * 500),
        CALL % b"b",
        room=False,
    )
    for last in (CALL % b"a", None):
        opened.exchange(b"reply")
        if size == 300_000:
            assert opened.lost(opened._turn) == pipes.REQUEST_LOST
        while opened.slice() is not None:
            pass
        if last:
            assert opened.exchange(b"reply") == (b"call1", 1, b"a")
            assert opened.plain() == b"return " + last
            assert opened.again() == (b"call1", 1, b"a")
    with monkeypatch.context() as patch:
        patch.setattr(opened, "_read", _fail)
        patch.setattr(opened, "_arrived", _fail)
        if not opened._ahead:
            with pytest.raises(MemoryError):
                opened.exchange(b"reply")
        else:
            opened._ahead = _Unread(opened._ahead)
            opened._ahead.left, opened._ahead.failing = 0, 2
            with pytest.raises(MemoryError):
                opened.exchange(b"reply")
    assert opened.lost(opened._turn) == pipes.REPLY_LOST
    assert opened.exchange(b"reply") == (b"call1", 1, b"b")
    assert stdin.read() == b""


def test_what_a_fork_server_answers_itself_is_no_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of Lua's, which counts them too: else a reply that was lost would pass for one that was not sent."""
    reap = b'{["op"]="reap",["pid"]=-1}'
    _opened(monkeypatch, reap, CALL % b"a", reap, reap, CALL % b"b")
    lua = SimpleNamespace(gccollect=lambda: None, execute=lambda code: None)
    opened = fork_server.ForkingPipes(_Reserve(), os.getpid(), lua)  # type: ignore[arg-type]
    assert opened.receive() == (b"call1", 1, b"a")
    assert opened.exchange(b"reply") == (b"call1", 1, b"b")
    assert opened.lost(1) == pipes.REQUEST_LOST


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
