"""Thousands of mixed messages in one process: memory flat, no id handed out twice, every answer the right one.

Resident memory after 20,000 messages and after 100,000, in KB, on Debian 12 with CPython 3.11 and lupa 2.8:
lua51 11,140 and 11,192; luajit21 12,180 and 13,144. 23,218 functions are handed out. CI sends 40,000,
LUAPROC_LONG_TESTS=1 has 100,000.
"""

import random
from typing import Any

import pytest

from luaproc.wire.messages import (
    Call,
    CleanupChunks,
    Error,
    GetStatus,
    LoadString,
    Message,
    RegisterLibrary,
    Return,
    WrapPhpFunction,
    decode_from_responder,
    encode_for_responder,
)
from luaproc.wire.values import FunctionRef
from tests.faults.process import Responder
from tests.parts import LONG

# Each soak sends 40,000 messages.
pytestmark = pytest.mark.slow

MESSAGES = 100_000 if LONG else 40_000
WARM = 20_000 if LONG else 8_000
# KB of resident memory between WARM and the end. Caches are bounded; a leak of 16 bytes a message is more on lua51, of
# 50 on luajit21 (20 in the long form), where memory comes and goes: 12,180, 12,660, 13,144, 12,284 and 13,408 KB after
# 20, 60, 100, 200 and 300 thousand messages.
GROWTH = {"lua51": 512, "luajit21": 1536}

_CODE = b"local a = ... local t = {} for i = 1, 20 do t[i] = a .. i end return t, function() return a end, %d"


class Soak:
    """PHP's part, counting."""

    def __init__(self, responder: Responder) -> None:
        self.responder = responder
        self.random = random.Random(1)
        self.messages = 0
        self.resident = 0  # KB
        self.given: set[int] = set()  # every id that was ever handed out

    def ask(self, message: Message, answers: dict[bytes, Message] | None = None) -> Message:
        """The reply; PHP's functions answer what `answers` says."""
        self.responder.send(encode_for_responder(message))
        self.messages += 1
        while True:
            reply = decode_from_responder(self.responder.receive())
            self.messages += 1
            if not isinstance(reply, Call):
                return reply
            assert isinstance(reply.id, bytes)
            self.responder.send(encode_for_responder((answers or {})[reply.id]))
            self.messages += 1

    def values(self, message: Message, answers: dict[bytes, Message] | None = None) -> tuple[Any, ...]:
        reply = self.ask(message, answers)
        assert isinstance(reply, Return), reply
        return reply.values

    def new(self, number: object) -> int:
        """An id that was just handed out, and never before."""
        number = number.id if isinstance(number, FunctionRef) else number
        assert isinstance(number, int)
        assert number not in self.given
        self.given.add(number)
        return number

    def round(self) -> None:
        """Some 60 messages: functions made, passed, called, failing and cleaned up."""
        rng = self.random
        kept = {}
        for n in range(5):
            kept[n] = self.new(self.values(LoadString(_CODE % n, b"=round"))[0])
        for n, number in kept.items():
            table, function, back = self.values(Call(number, (b"x%d" % rng.randrange(10**9),)))
            assert len(table) == 20
            assert back == n
            inner = self.new(function)
            assert self.values(Call(inner))[0].startswith(b"x")
        echo = b"php-echo-%d" % self.messages  # another one each time, as PHP's are
        self.values(RegisterLibrary(b"php", {b"echo": echo, b"fail": b"php-fail"}))
        calls = self.new(self.values(LoadString(b"return php.echo(...), (pcall(php.fail))", b"=calls"))[0])
        answers: dict[bytes, Message] = {echo: Return((1, None, b"z")), b"php-fail": Error(b"no")}
        assert self.values(Call(calls, (1, b"y")), answers) == (1, False)
        wrapped = self.new(self.values(WrapPhpFunction(b"wrapped-%d" % self.messages))[0])
        broken = self.new(self.values(LoadString(b"local function f() error({1}) end f()", b"=broken"))[0])
        assert isinstance(self.ask(Call(broken)), Error)
        assert isinstance(self.ask(LoadString(b"syntax error", b"=s%d" % self.messages)), Error)
        assert isinstance(self.ask(Call(10**9)), Error)
        keep = frozenset((calls, wrapped))
        self.values(CleanupChunks(keep))
        assert isinstance(self.ask(Call(broken)), Error)
        (status,) = self.values(GetStatus())
        self.resident = status[b"rss"] // 1024


@pytest.mark.parametrize("runtime", ["lua51", "luajit21"])
def test_soak(runtime: str) -> None:
    """See the head of this file."""
    with Responder(runtime) as responder:
        soak = Soak(responder)
        while soak.messages < WARM:
            soak.round()
        warm = soak.resident
        while soak.messages < MESSAGES:
            soak.round()
    assert soak.resident - warm < GROWTH[runtime], (warm, soak.resident)
