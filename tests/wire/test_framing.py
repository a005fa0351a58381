"""Frames: the header, the escaping, and every way in which a stream can be cut."""

import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from luaproc.wire.errors import LocalProtocolError, RemoteProtocolError
from luaproc.wire.framing import NEED_DATA, FrameDecoder, decode_header, encode_frame, escape, unescape

# Of 16 bytes, and refused by both of our readers: the host's and the responder's (tests/responder/test_malformed.py).
HEADERS_THAT_ARE_NONE = [
    b"0000001A00000033",  # PHP, too, takes lower case only
    b"0000001a00000034",
    b"0000000000000000",
    b"00000000ffffffff",
    b"+000001a00000033",
    b"0x00001a00000033",
    b" 000001a00000033",
    b"0_00001a00000033",
    b"-0000001-0000003",
    b"GET / HTTP/1.1\r\n",
]

BODIES = [b"a", b"0123456789abcdef" * 2, b"\0\xff\r\n\\" * 7]


def frames_of(decoder: FrameDecoder) -> list[bytes]:
    frames = []
    while isinstance(frame := decoder.next_frame(), bytes):
        frames.append(frame)
    return frames


def test_header_is_the_one_that_php_checks() -> None:
    """The numbers of the specification: length, then length*2-1, eight lower-case digits each."""
    assert encode_frame(b"x" * 0x1A) == b"0000001a00000033" + b"x" * 0x1A


@pytest.mark.parametrize("header", HEADERS_THAT_ARE_NONE)
def test_headers_that_are_none(header: bytes) -> None:
    with pytest.raises(RemoteProtocolError):
        decode_header(header)


def test_stream_cut_in_two_at_every_byte_gives_the_same_frames() -> None:
    stream = b"".join(map(encode_frame, BODIES))
    for cut in range(len(stream) + 1):
        decoder = FrameDecoder()
        frames = []
        for part in (stream[:cut], stream[cut:]):
            if part:
                decoder.receive_data(part)
            frames += frames_of(decoder)
        assert frames == BODIES
        assert decoder.next_frame() is NEED_DATA
        assert decoder.between_frames


def test_stream_byte_by_byte_gives_the_same_frames() -> None:
    decoder = FrameDecoder()
    frames = []
    for byte in b"".join(map(encode_frame, BODIES)):
        decoder.receive_data(bytes((byte,)))
        frames += frames_of(decoder)
    assert frames == BODIES


@given(st.lists(st.binary(min_size=1, max_size=50), max_size=6), st.data())
def test_any_cutting_gives_the_same_frames(bodies: list[bytes], data: st.DataObject) -> None:
    stream = b"".join(map(encode_frame, bodies))
    cuts = sorted(data.draw(st.sets(st.integers(0, len(stream)), max_size=8)))
    decoder = FrameDecoder()
    frames = []
    for start, end in zip([0, *cuts], [*cuts, len(stream)], strict=True):
        if start != end:
            decoder.receive_data(stream[start:end])
        frames += frames_of(decoder)
    assert frames == bodies


def test_end_of_stream_is_clean_only_between_frames() -> None:
    """Every prefix of a stream: the whole frames come out, then a clean end or an error, never a wait."""
    stream = b"".join(map(encode_frame, BODIES))
    ends = {sum(len(body) + 16 for body in BODIES[:count]): count for count in range(len(BODIES) + 1)}
    for cut in range(len(stream) + 1):
        decoder = FrameDecoder()
        if cut:
            decoder.receive_data(stream[:cut])
        decoder.receive_data(b"")
        if cut in ends:
            assert frames_of(decoder) == BODIES[: ends[cut]]
            assert decoder.next_frame() is None
        else:
            with pytest.raises(RemoteProtocolError, match="ended inside a frame") as caught:
                frames_of(decoder)
            assert caught.value.offset == cut


@pytest.mark.parametrize(
    ("header", "offset"),
    [
        (b"0000000100000002", 8),
        (b"0000000A00000013", 7),
        (b"0000000000000000", 8),
        (b"00000000ffffffff", 8),
        (b"-000000100000001", 0),
        (b" 000000100000001", 0),
        (b"0x00000100000001", 1),
        (b"Content-Type: te", 0),
        (b"000000010000000\xff", 15),
    ],
)
def test_wrong_header_is_an_error_with_its_place(header: bytes, offset: int) -> None:
    with pytest.raises(RemoteProtocolError) as caught:
        decode_header(header)
    assert caught.value.offset == offset


def test_error_stays() -> None:
    """After a wrong header nobody can say where the next frame begins: the decoder must not guess."""
    decoder = FrameDecoder()
    decoder.receive_data(encode_frame(b"one") + b"garbage!garbage!" + encode_frame(b"two"))
    assert decoder.next_frame() == b"one"
    errors = []
    for _ in range(2):
        with pytest.raises(RemoteProtocolError, match="frame at byte 19") as caught:
            decoder.next_frame()
        errors.append(caught.value)
        decoder.receive_data(encode_frame(b"three"))
    assert errors[0] is errors[1]


def test_limit_refuses_a_body_by_its_header() -> None:
    """A header that promises 2 GB must not make the reader wait for them."""
    decoder = FrameDecoder(limit=10)
    decoder.receive_data(encode_frame(b"0123456789") + encode_frame(b"0123456789a")[:16])
    assert decoder.next_frame() == b"0123456789"
    with pytest.raises(RemoteProtocolError, match="a body of 11 bytes, the limit is 10"):
        decoder.next_frame()


def test_a_frame_in_one_piece_is_a_frame_like_others() -> None:
    """The short way for what arrives whole: with the limit, counted in the stream, and after nothing that is left."""
    decoder = FrameDecoder(limit=10)
    assert decoder.whole_frame(encode_frame(b"0123456789")) == b"0123456789"
    for other in (encode_frame(b"0123456789a"), encode_frame(b"0") + b"0", encode_frame(b"01")[:-1], b"", b"0" * 16):
        assert decoder.whole_frame(other) is None
    decoder.receive_data(b"x" * 16)
    assert decoder.whole_frame(encode_frame(b"0")) is None
    with pytest.raises(RemoteProtocolError, match="frame at byte 26"):
        decoder.next_frame()


def test_empty_body_has_no_frame() -> None:
    with pytest.raises(LocalProtocolError):
        encode_frame(b"")


@given(st.binary(max_size=60) | st.text("\\rn\r\n", max_size=20).map(str.encode))
def test_escape_round_trip(body: bytes) -> None:
    escaped = escape(body)
    assert b"\r" not in escaped
    assert b"\n" not in escaped
    assert unescape(escaped) == body


@pytest.mark.parametrize(
    ("body", "offset"),
    [(b"a\\", 1), (b"\\\\\\", 2), (b"\\x", 0), (b"\\n\\\\\\r\\0", 6), (b"a\nb", 1), (b"\\\\\r", 2)],
)
def test_what_escape_never_writes_is_an_error_with_its_place(body: bytes, offset: int) -> None:
    with pytest.raises(RemoteProtocolError) as caught:
        unescape(body)
    assert caught.value.offset == offset


def test_framing_stays_cheap_to_import() -> None:
    """The responder may import it: each module more is start-up time on every page view."""
    code = """if True:
        import sys
        old = set(sys.modules)
        import luaproc.wire.framing
        print(*sorted(set(sys.modules) - old))"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == [
        "luaproc",
        "luaproc.errors",
        "luaproc.wire",
        "luaproc.wire.errors",
        "luaproc.wire.framing",
    ]
