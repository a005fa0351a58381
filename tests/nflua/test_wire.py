"""Messages against bytes that are written by hand from the table in docs/nflua.md; machines of either byte order."""

import struct
import sys
from errno import EPERM

import pytest
from hypothesis import given
from hypothesis import strategies as st

from luaproc.nflua import wire
from luaproc.nflua.errors import FaultyReply, Refused, SocketError

ORDER = "<" if sys.byteorder == "little" else ">"


def u32(*numbers: int) -> bytes:
    return struct.pack(f"{ORDER}{len(numbers)}I", *numbers)


def header(length: int, kind: int, flags: int, sequence: int, port: int) -> bytes:
    return struct.pack(ORDER + "IHHII", length, kind, flags, sequence, port)


def test_sizes_are_upstreams() -> None:
    """As its header gives them on pages of 4,096 bytes."""
    assert (wire.DATA_MAX, wire.FRAGMENT_MAX, wire.SCRIPT_MAX, wire.STATES_MAX) == (4012, 3748, 59968, 904)


def test_a_create_message() -> None:
    body = wire.create_body(wire.State(b"name", 1000, 65536, b"d"))
    assert wire.encode(wire.CREATE, wire.REQUEST, 7, 99, body) == (
        header(96, 16, 1, 7, 99) + b"name".ljust(64, b"\0") + u32(65536, 0) + u32(1000) + b"d\0\0\0"
    )
    assert wire.create_body(wire.State(b"name", 0, 65536, b""), extended=False) == b"name".ljust(64, b"\0") + u32(
        65536, 0
    )


def test_states_are_read_with_and_without_the_extension() -> None:
    plain = b"s".ljust(64, b"\0") + u32(40000, 0)
    assert wire.read_state(plain) == wire.State(b"s", 0, 40000, b"")
    assert wire.read_state(plain + u32(5) + b"d\0\0\0") == wire.State(b"s", 5, 40000, b"d")
    for bad in (plain[:-1], plain + b"x", b"\0" * 72, b"s".ljust(64, b"s") + u32(0, 0), plain + u32(0) + b"x\0\0\0"):
        with pytest.raises(Refused):
            wire.read_state(bad)


def test_a_script_of_one_message() -> None:
    [(flags, body)] = wire.execute_messages(wire.Script(b"s", b"=n", b"x = 1"))
    assert (flags, body) == (
        13,
        u32(5) + b"s".ljust(64, b"\0") + b"=n".ljust(255, b"\0") + b"\0" + u32(0, 0) + b"x = 1",
    )


def test_a_script_of_three_messages() -> None:
    code = bytes(range(256)) * 40
    messages = wire.execute_messages(wire.Script(b"s", b"n", code))
    assert [flags for flags, _ in messages] == [11, 3, 7]
    assert messages[1][1][:8] == u32(1, 3748)
    scripts = wire.Scripts()
    found = [scripts.receive(5, wire.Message(wire.EXECUTE, flags, 9, 5, body)) for flags, body in messages]
    assert found == [None, None, wire.Script(b"s", b"n", code)]
    assert len(scripts) == 0


@pytest.mark.parametrize("size", [0, 59969])
def test_scripts_that_are_empty_or_too_long_are_not_sent(size: int) -> None:
    with pytest.raises(SocketError) as caught:
        wire.execute_messages(wire.Script(b"s", b"n", b"x" * size))
    assert caught.value.code == -EPERM


def test_fragments_out_of_order_drop_the_script() -> None:
    messages = wire.execute_messages(wire.Script(b"s", b"n", b"x" * 9000))
    parts = [wire.Message(wire.EXECUTE, flags, 1, 5, body) for flags, body in messages]
    for order in ([0, 2], [1], [0, 0, 1, 1], [0, 1, 1]):
        scripts = wire.Scripts()
        for index in order[:-1]:
            scripts.receive(5, parts[index])
        with pytest.raises(Refused):
            scripts.receive(5, parts[order[-1]])
        assert len(scripts) == 0
    scripts = wire.Scripts()
    scripts.receive(5, parts[0])
    with pytest.raises(Refused, match="did not begin"):
        scripts.receive(6, parts[1])


def test_unfinished_scripts_are_bounded() -> None:
    """Nobody tells a server of dead clients: the oldest goes."""
    flags, body = wire.execute_messages(wire.Script(b"s", b"n", b"x" * 9000))[0]
    scripts = wire.Scripts()
    for port in range(300):
        scripts.receive(port, wire.Message(wire.EXECUTE, flags, 1, port, body))
    assert len(scripts) == 256


@pytest.mark.parametrize(
    ("count", "extended", "parts"), [(0, True, 1), (1, True, 1), (51, True, 2), (56, False, 1), (904, False, 17)]
)
def test_lists_come_in_parts(count: int, extended: bool, parts: int) -> None:
    states = [wire.State(f"s{n}".encode(), n * extended, 32768 + n, b"d" if extended else b"", n) for n in range(count)]
    replies = list(wire.list_reply(states, 1, extended))
    assert len(replies) == parts
    assert all(len(reply) <= 4096 for reply in replies)
    conversation = wire.ControlConversation(5)
    conversation.sent(wire.LIST)
    results = [conversation.receive(reply) for reply in replies]
    assert results == [wire.PENDING] * (parts - 1) + [states]


def test_a_refusal_has_code_and_reason() -> None:
    request = wire.encode(wire.DESTROY, wire.REQUEST, 3, 5, b"s".ljust(64, b"\0"))
    reply = wire.error_message(request, Refused(-2, "lua state not found"))
    assert (
        reply == header(16 + 20 + 19, 2, 0, 3, 0) + struct.pack(ORDER + "i", -2) + request[:16] + b"lua state not found"
    )


@given(st.binary(max_size=120))
def test_no_reply_makes_a_client_do_anything_but_fail(datagram: bytes) -> None:
    conversation = wire.ControlConversation(5)
    conversation.sent(wire.LIST)
    try:
        conversation.receive(datagram)
    except (Refused, FaultyReply):
        pass
