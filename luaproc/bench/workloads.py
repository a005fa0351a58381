"""What servers are given to do, message by message, and what they have to answer.

A workload prepares a session (unmeasured) and gives back a function that does its `steps` in `MeteredServer.metered`
blocks. Every reply is checked against the one right answer, so no server is fast by being wrong; the checking is our
CPU time, not the server's.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

from luaproc.bench.servers import BenchError
from luaproc.bench.session import Check, MeteredServer
from luaproc.wire.expressions import dumps
from luaproc.wire.messages import (
    Call,
    Error,
    LoadString,
    Message,
    RegisterLibrary,
    Return,
    decode_from_responder,
    encode_for_responder,
)
from luaproc.wire.values import FunctionRef, Value

FIRST = encode_for_responder(RegisterLibrary(b"mw_interface", {}))
"""PHP's first message to every server."""

GET_STATUS = dumps({b"op": b"getStatus"})


class Workload(NamedTuple):
    """key: for --only. title: what ONE step is, in the table. steps: of one round. prepare: see above."""

    key: str
    title: str
    steps: int
    prepare: Callable[[MeteredServer], Callable[[int], None]]


def run(workload: Workload, session: MeteredServer) -> float:
    """Seconds of the server's CPU time for one step, the average over the steps of a round.

    The server has just been started, as a wiki starts one for every page; one step is done before the clock runs.
    Raises BenchError for a wrong answer, and as `Connection` when the server is lost.
    """
    returns()(session.exchange(FIRST))
    steps = workload.prepare(session)
    steps(1)
    session.spent = 0
    steps(workload.steps)
    return session.spent / workload.steps / 1e9


def try_out(session: MeteredServer) -> None:
    """A short conversation that every working server can hold. Raises as `run`.

    It also shows that the process that was started is the one that answers: the clock of a wrapper that stays would
    tell how little a shell does while the server works.
    """
    returns()(session.exchange(FIRST))
    call = Call(define(session, ECHO), (1, b"two"))
    returns(1, b"two")(session.exchange(encode_for_responder(call)))
    status_of(session)(session.exchange(GET_STATUS))


# -- answers


def returns(*values: Value) -> Check:
    """A check that the reply is `return` with exactly these values, types included."""
    accepted: set[bytes] = set()  # decoding 20,000 tables takes half a second; a body is decoded once

    def check(body: bytes) -> None:
        if body in accepted:
            return
        message = decode_from_responder(body)
        if not isinstance(message, Return) or not same(message.values, values):
            raise wrong(f"return with {_excerpt(values)}", message)
        if len(accepted) < 4:
            accepted.add(body)

    return check


def fails(value: bytes) -> Check:
    """A check that the reply is an error with this value."""

    def check(body: bytes) -> None:
        message = decode_from_responder(body)
        if not isinstance(message, Error) or message.value != value:
            raise wrong(f"error with {value!r}", message)

    return check


def same(one: Value, other: Value) -> bool:
    """Equality that tells 1 from True and from 1.0."""
    if type(one) is not type(other):
        return False
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    if isinstance(one, tuple):
        return len(one) == len(other) and all(map(same, one, other))
    return bool(one == other)


def wrong(expected: str, came: Message) -> BenchError:
    """The error of a reply that is not the right one."""
    return BenchError(f"wrong answer: expected {expected}, got {_excerpt(came)}")


def _excerpt(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 160 else text[:157] + "..."


def status_of(session: MeteredServer) -> Check:
    """A check that the reply is the status of the process that we measure."""

    def check(body: bytes) -> None:
        message = decode_from_responder(body)
        status = message.values[0] if isinstance(message, Return) and len(message.values) == 1 else None
        if not isinstance(status, dict) or status.get(b"pid") != session.pid:
            raise wrong(f"the status of process {session.pid}, which a server's command has to become", message)
        virtual, resident = session.memory()
        for key, size in ((b"vsize", virtual), (b"rss", resident)):
            # The server may grow a little while it answers. The reference server leaves rss out, against the protocol.
            told = status.get(key, size if key == b"rss" else None)
            if type(told) is not int or not size * 0.8 <= told <= size * 1.25:
                raise wrong(f"{key.decode()} near {size}", message)
        if type(status.get(b"time")) is not int:
            raise wrong("a time in clock ticks", message)

    return check


# -- messages


def load(session: MeteredServer, text: bytes, name: bytes = b"=bench") -> int:
    """loadString; the id of the function."""
    message = decode_from_responder(session.exchange(encode_for_responder(LoadString(text, name))))
    if not isinstance(message, Return) or len(message.values) != 1 or type(message.values[0]) is not int:
        raise wrong("return with one id", message)
    return message.values[0]


def define(session: MeteredServer, text: bytes) -> int:
    """Load a chunk that returns a function; that function's id."""
    body = session.exchange(encode_for_responder(Call(load(session, text))))
    return functions(decode_from_responder(body), 1)[0]


def functions(message: Message, count: int) -> list[int]:
    """The ids of the functions that a reply gives."""
    if isinstance(message, Return) and len(message.values) == count:
        ids = [value.id for value in message.values if isinstance(value, FunctionRef)]
        if len(set(ids)) == count:
            return ids
    raise wrong(f"return with {count} functions", message)


def cleanup(ids: list[int]) -> bytes:
    """The body of cleanupChunks as PHP writes it: ids to the count of PHP's references."""
    return dumps({b"op": b"cleanupChunks", b"ids": dict.fromkeys(ids, 1)})


def repeat(session: MeteredServer, body: bytes, check: Check) -> Callable[[int], None]:
    """The commonest workload: one message again and again."""

    def steps(count: int) -> None:
        with session.metered():
            for _ in range(count):
                check(session.exchange(body))

    return steps


# -- workloads

ECHO = b"return function(...) return ... end"

STRINGS = {
    number: f'Value {number} of an infobox, "Жуковский" & [[Link {number * 7919}|text]]\n'.encode()
    for number in range(1, 101)
}

ITEMS = b"""
local items = {}
for i = 1, 20000 do items[i] = { id = i, name = 'item ' .. i, share = i / 4 + 0.125 } end
return function() return items end
"""
ITEMS_VALUE = {
    number: {b"id": number, b"name": b"item %d" % number, b"share": number / 4 + 0.125} for number in range(1, 20001)
}

# As wikitext is: paragraphs, lists and tables, a quote here and there, a backslash once in a hundred lines.
LINES = (
    "== Section %d ==\n",
    "A paragraph about no. %d, [[linked|Жуковский]] and others, of the length that paragraphs have in a wiki: it goes "
    'on for some sentences, with a reference.<ref name="r1">{{cite book|title=Lives|pages=1–2}}</ref> That is it.\n\n',
    "* a list's entry no. %d, {{template|with|an argument}}\n",
    '| class="row" | Cell %d || another cell || 12,345\n',
)
MATH = "<math>\\frac{%d}{2}</math>\n"
TEXT = "".join((MATH if number % 100 == 0 else LINES[number % 4]) % number for number in range(12000)).encode()[
    :1_000_000
]

# Nothing of it needs an escape, on either way.
PLAIN = ("One long line of text, Жуковский & others, " * 24000).encode()[:1_000_000]

CALLS = 1000


class Asked(NamedTuple):
    """Calls of a function of PHP's from a loop over i: the loop's body, the arguments and the results of the i-th call,
    and what the body adds up to."""

    body: bytes
    arguments: Callable[[int], tuple[Value, ...]]
    results: Callable[[int], tuple[Value, ...]]
    total: int


# What real modules ask most: a citation's mw.ustring.gsub has three arguments and (string, number) as its results, and
# whether a page is there, or an argument, is often one nil.
DOUBLE = Asked(b"sum = sum + ask(i, 'argument')", lambda i: (i, b"argument"), lambda i: (i * 2,), CALLS * (CALLS + 1))
REPLACED = Asked(
    b"local text, count = ask('Lives & letters', '&(%a+);', 'no. ' .. i) sum = sum + #text + count",
    lambda i: (b"Lives & letters", b"&(%a+);", b"no. %d" % i),
    lambda i: (b"Lives and letters", i),
    CALLS * len("Lives and letters") + CALLS * (CALLS + 1) // 2,
)
NOTHING = Asked(
    b"if ask('Page ' .. i) == nil then sum = sum + 1 end", lambda i: (b"Page %d" % i,), lambda i: (None,), CALLS
)

HEAVY = b"""
local function fibonacci(n) if n < 2 then return n end return fibonacci(n - 1) + fibonacci(n - 2) end

local function sorted(n)
    local seed, list = 42, {}
    for i = 1, n do seed = (seed * 16807) % 2147483647; list[i] = { key = seed, name = 'n' .. seed } end
    table.sort(list, function(a, b) return a.key < b.key end)
    for i = 2, n do assert(list[i - 1].key < list[i].key) end
    return list[1].key
end

local function built(n)
    local parts = {}
    for i = 1, n do parts[#parts + 1] = '<td class="c' .. (i % 7) .. '">' .. string.format('%05d', i) .. '</td>' end
    return table.concat(parts, '\\n')
end

return function()
    local text = built(4000)
    local cells, digits = 0, 0
    for class, number in string.gmatch(text, '<td class="(c%d)">(%d+)</td>') do
        cells = cells + 1
        digits = digits + #number
    end
    local changed, count = string.gsub(text, '%f[%d]0+(%d)', '%1')
    return fibonacci(22), sorted(4000), #text, cells, digits, count, #changed
end
"""
HEAVY_VALUES = (17711, 285373, 103999, 4000, 20000, 4000, 98892)

DATA_SIZE = 200_000


def data_module(number: int) -> bytes:
    """A data module of about `DATA_SIZE` bytes; each number gives another text, which no server has seen before."""
    lines = [b"-- data module no. %d" % number, b"return {"]
    size = 0
    while size < DATA_SIZE:
        row = len(lines) - 1
        lines.append(b"\t['q%d'] = { name = 'Name %d', code = \"c%d\", rank = %d, 'x' }," % ((row,) * 4))
        size += len(lines[-1]) + 1
    return b"\n".join([*lines, b"}"])


def _echo(session: MeteredServer) -> Callable[[int], None]:
    return repeat(session, encode_for_responder(Call(define(session, ECHO), (12345,))), returns(12345))


def _status(session: MeteredServer) -> Callable[[int], None]:
    return repeat(session, GET_STATUS, status_of(session))


def _cleanup(session: MeteredServer) -> Callable[[int], None]:
    """120 functions are alive each time: 60 are dropped, every other one, and 60 new ones made."""
    maker = define(
        session,
        b"return function() local made = {} for i = 1, 60 do made[i] = function() return i end end "
        b"return unpack(made) end",
    )
    make = encode_for_responder(Call(maker))
    alive = [maker, *(define(session, ECHO) for _ in range(59))]
    dropped: list[int] = []
    done = returns()

    def steps(count: int) -> None:
        for _ in range(count):
            alive.extend(functions(decode_from_responder(session.exchange(make)), 60))
            dropped[:] = alive[1::2]
            del alive[1::2]
            body = cleanup(alive)
            with session.metered():
                done(session.exchange(body))
            for gone in (dropped[0], dropped[-1]):
                fails(b"function id %d does not exist" % gone)(session.exchange(encode_for_responder(Call(gone))))

    return steps


def _cleanup_same(session: MeteredServer) -> Callable[[int], None]:
    """PHP's commonest list: the last one again, of functions that all stay."""
    alive = [define(session, ECHO) for _ in range(120)]
    body, done = cleanup(alive), returns()
    alive_still = encode_for_responder(Call(alive[-1], (1,)))
    gone = load(session, b"return 1")

    def steps(count: int) -> None:
        with session.metered():
            for _ in range(count):
                done(session.exchange(body))
        returns(1)(session.exchange(alive_still))
        fails(b"function id %d does not exist" % gone)(session.exchange(encode_for_responder(Call(gone))))

    return steps


def _strings(session: MeteredServer) -> Callable[[int], None]:
    return repeat(session, encode_for_responder(Call(define(session, ECHO), (STRINGS,))), returns(STRINGS))


_ITEMS_CHECK = returns(ITEMS_VALUE)


def _tables(session: MeteredServer) -> Callable[[int], None]:
    return repeat(session, encode_for_responder(Call(define(session, ITEMS))), _ITEMS_CHECK)


def _text(session: MeteredServer) -> Callable[[int], None]:
    return repeat(session, encode_for_responder(Call(define(session, ECHO), (TEXT,))), returns(TEXT))


def _plain(session: MeteredServer) -> Callable[[int], None]:
    return repeat(session, encode_for_responder(Call(define(session, ECHO), (PLAIN,))), returns(PLAIN))


def _asks(asked: Asked, session: MeteredServer) -> Callable[[int], None]:
    number = b"mw_bench-ask-2"
    returns()(session.exchange(encode_for_responder(RegisterLibrary(b"mw_bench", {b"ask": number}))))
    text = b"local ask = mw_bench.ask return function(n) local sum = 0 for i = 1, n do %b end return sum end"
    start = encode_for_responder(Call(define(session, text % asked.body), (CALLS,)))
    done = returns(asked.total)

    def steps(count: int) -> None:
        with session.metered():
            for _ in range(count):
                body = session.exchange(start)
                for index in range(1, CALLS + 1):
                    message = decode_from_responder(body)
                    if message != Call(number, asked.arguments(index)):
                        raise wrong(f"a call of {number.decode()} with {index}", message)
                    body = session.exchange(encode_for_responder(Return(asked.results(index))))
                done(body)

    return steps


def _load(session: MeteredServer) -> Callable[[int], None]:
    probe = define(
        session, b"return function(f) local d, n = f(), 0 for k in pairs(d) do n = n + 1 end return n, d.q7.name end"
    )
    done = 0

    def steps(count: int) -> None:
        nonlocal done
        for _ in range(count):
            done += 1
            text = data_module(done)
            with session.metered():
                loaded = load(session, text, b"@Module:Data")
            body = encode_for_responder(Call(probe, (FunctionRef(loaded),)))
            returns(text.count(b"\n") - 2, b"Name 7")(session.exchange(body))
            returns()(session.exchange(cleanup([probe])))

    return steps


def _heavy(session: MeteredServer) -> Callable[[int], None]:
    return repeat(session, encode_for_responder(Call(define(session, HEAVY))), returns(*HEAVY_VALUES))


WORKLOADS = (
    Workload("echo", "`call` that echoes one number", 400, _echo),
    Workload("status", "getStatus", 400, _status),
    Workload("cleanup", "cleanupChunks, 60 of 120 ids", 60, _cleanup),
    Workload("same", "cleanupChunks, the same 120 ids again", 60, _cleanup_same),
    Workload("strings", "table of 100 strings, both ways", 60, _strings),
    Workload("tables", "reply of 20,000 tables of 3 fields", 1, _tables),
    Workload("text", "1 MB of wikitext, both ways", 4, _text),
    Workload("plain", "1 MB of text on one line, both ways", 4, _plain),
    Workload("callbacks", "1,000 Lua→PHP calls from a loop", 1, partial(_asks, DOUBLE)),
    Workload("pairs", "1,000 calls of 3 arguments that give (string, number)", 1, partial(_asks, REPLACED)),
    Workload("nils", "1,000 calls that give nil", 1, partial(_asks, NOTHING)),
    Workload("load", "loadString of a 200 kB data module", 3, _load),
    Workload("lua", "Lua-heavy work", 3, _heavy),
)
