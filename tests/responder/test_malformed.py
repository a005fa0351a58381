"""Malformed input ends the process: status 1, one line on stderr that says what was wrong, also below a callback."""

import pytest

from luaproc.wire.framing import encode_frame
from luaproc.wire.serialization import loads
from tests.responder.conftest import REGISTER, RUNTIMES, call_body, feed, frames, load_body, serve
from tests.wire.test_framing import HEADERS_THAT_ARE_NONE

CALL = '{["op"]="call",["id"]=1,["nargs"]=0,["args"]={}}'

# A module that does its best to survive a lost conversation, waiting below a call of PHP's.
CALLBACK = frames(
    REGISTER,
    load_body("while true do pcall(function() php.f() end) xpcall(php.f, function() php.f() end) end"),
    call_body(1),
)
BEFORE = {"at the top": b"", "below a callback": CALLBACK}
REPLIES_BEFORE = {"at the top": 0, "below a callback": 3}


def body(text: str | bytes) -> bytes:
    return encode_frame(text.encode() if isinstance(text, str) else text)


# Input -> what stderr must name. Each is followed by good input, which nobody may answer.
MALFORMED = {
    "letters for a header": (b"GET / HTTP/1.1\r\n\r\n", ["bad frame header", "GET / HTTP/1.1"]),
    "a wrong check": (b"0000000100000002x", ["bad frame header", "0000000100000002"]),
    "a length of nothing": (b"0000000000000000", ["bad frame header"]),
    "a negative length": (b"-0000001-0000003", ["bad frame header", "-0000001"]),
    "signs in a header": (b"+000000100000001x", ["bad frame header"]),
    "underscores in a header": (b"0000_00100000001x", ["bad frame header"]),
    "spaces in a header": (b"       1       1x", ["bad frame header"]),
    "no expression": (body("}{"), ["malformed message", "no Lua expression"]),
    "an unfinished string": (body('{["op"]="getStatus'), ["malformed message", "no Lua expression"]),
    "a statement": (body("x = 1"), ["malformed message", "no Lua expression"]),
    "two expressions": (body("{}, 1"), ["malformed message", "more than one expression"]),
    "an expression and more": (body("{} end"), ["malformed message", "no Lua expression"]),
    "white space": (body(" \n"), ["malformed message", "nil"]),
    "a number": (body("5"), ["malformed message", "number"]),
    "a string": (body('"getStatus"'), ["malformed message", "string"]),
    "nil": (body("nil"), ["malformed message", "nil"]),
    "an expression that raises": (body("nil + 1"), ["malformed message", "evaluated"]),
    "a global that is not there": (body("undefined.field"), ["malformed message", "evaluated"]),
    "a function that raises": (body("(function() return 1 + {} end)()"), ["malformed message", "evaluated"]),
    "a raw line end in a string": (
        body('{["op"]="loadString",["text"]="x = 1\n",["chunkName"]="=c"}'), ["malformed message", "no Lua expression"],
    ),
    "no op": (body("{}"), ["op"]),
    "an op that is a number": (body('{["op"]=5}'), ["op", "number"]),
    "an unknown op": (body('{["op"]="fly"}'), ["unknown op", '"fly"']),
    "the case of an op": (body('{["op"]="GetStatus"}'), ["unknown op", '"GetStatus"']),
    "loadString without text": (body('{["op"]="loadString",["chunkName"]="=c"}'), ["loadString", '"text"', "nil"]),
    "loadString of a number": (
        body('{["op"]="loadString",["text"]=5,["chunkName"]="=c"}'), ["loadString", '"text"', "number"],
    ),
    "loadString without a name": (body('{["op"]="loadString",["text"]=""}'), ["loadString", '"chunkName"', "nil"]),
    "call without id": (body('{["op"]="call",["nargs"]=0,["args"]={}}'), ["call", '"id"', "nil"]),
    "call of a string": (body('{["op"]="call",["id"]="1",["nargs"]=0,["args"]={}}'), ["call", '"id"', "string"]),
    "call without nargs": (body('{["op"]="call",["id"]=1,["args"]={}}'), ["call", '"nargs"', "nil"]),
    "a negative nargs": (body('{["op"]="call",["id"]=1,["nargs"]=-1,["args"]={}}'), ["call", '"nargs"']),
    "half an argument": (body('{["op"]="call",["id"]=1,["nargs"]=0.5,["args"]={}}'), ["call", '"nargs"']),
    "nan arguments": (body('{["op"]="call",["id"]=1,["nargs"]=(0/0),["args"]={}}'), ["call", '"nargs"']),
    "call without args": (body('{["op"]="call",["id"]=1,["nargs"]=0}'), ["call", '"args"', "nil"]),
    "args that are none": (body('{["op"]="call",["id"]=1,["nargs"]=0,["args"]=1}'), ["call", '"args"', "number"]),
    "registerLibrary without name": (
        body('{["op"]="registerLibrary",["functions"]={}}'), ["registerLibrary", '"name"', "nil"],
    ),
    "registerLibrary of a number": (
        body('{["op"]="registerLibrary",["name"]=5,["functions"]={}}'), ["registerLibrary", '"name"', "number"],
    ),
    "registerLibrary without functions": (
        body('{["op"]="registerLibrary",["name"]="x"}'), ["registerLibrary", '"functions"', "nil"],
    ),
    "registerLibrary of no ids": (
        body('{["op"]="registerLibrary",["name"]="x",["functions"]={["f"]={}}}'),
        ["registerLibrary", '"functions"', "table"],
    ),
    "cleanupChunks without ids": (body('{["op"]="cleanupChunks"}'), ["cleanupChunks", '"ids"', "nil"]),
    "cleanupChunks of a number": (body('{["op"]="cleanupChunks",["ids"]=1}'), ["cleanupChunks", '"ids"', "number"]),
    "wrapPhpFunction without id": (body('{["op"]="wrapPhpFunction"}'), ["wrapPhpFunction", '"id"', "nil"]),
    "wrapPhpFunction of a table": (body('{["op"]="wrapPhpFunction",["id"]={}}'), ["wrapPhpFunction", '"id"', "table"]),
}  # fmt: skip

# Input that ends too early, so that nothing can follow.
CUT = {
    "a cut header": (b"0000", ["truncated", "16", "4"]),
    "a header without its body": (b"000000100000001f", ["truncated", "16", "0"]),
    "a cut body": (b"000000100000001fshort", ["truncated", "16", "5"]),
    "a cut long body": (b"00200000003fffff" + b'{["op"]="' + b"x" * 1000, ["truncated"]),
}

# Replies to a callback that are none.
BAD_REPLIES = {
    "return without nvalues": ('{["op"]="return",["values"]={}}', ["return", '"nvalues"', "nil"]),
    "return of a negative count": ('{["op"]="return",["nvalues"]=-1,["values"]={}}', ["return", '"nvalues"']),
    "return of half a count": ('{["op"]="return",["nvalues"]=1.5,["values"]={}}', ["return", '"nvalues"']),
    "return without values": ('{["op"]="return",["nvalues"]=1}', ["return", '"values"', "nil"]),
    "return of a number": ('{["op"]="return",["nvalues"]=1,["values"]=5}', ["return", '"values"', "number"]),
}


def check(stderr: bytes, named: list[str]) -> None:
    """Exactly one line, which says what was wrong; nothing of Python's or Lua's own."""
    text = stderr.decode()
    assert text.startswith("luaproc: ")
    assert text.endswith("\n")
    assert text.count("\n") == 1
    assert "raceback" not in text
    for part in named:
        assert part in text


@pytest.mark.slow  # starts a server for each row
@pytest.mark.parametrize(
    "where",
    ["at the top", pytest.param("below a callback", marks=pytest.mark.slow)],  # as many processes again
)
@pytest.mark.parametrize("name", MALFORMED)
def test_malformed_input_ends_the_process(name: str, where: str, runtime: str) -> None:
    data, named = MALFORMED[name]
    outcome = feed(BEFORE[where] + data + frames(load_body("return 1")), serve(runtime))
    assert outcome.status == 1
    assert len(outcome.replies) == REPLIES_BEFORE[where]
    check(outcome.stderr, named)


@pytest.mark.slow  # starts a server for each row
@pytest.mark.parametrize("where", BEFORE)
@pytest.mark.parametrize("name", CUT)
def test_input_that_ends_inside_a_frame(name: str, where: str, runtime: str) -> None:
    data, named = CUT[name]
    outcome = feed(BEFORE[where] + data, serve(runtime))
    assert outcome.status == 1
    assert len(outcome.replies) == REPLIES_BEFORE[where]
    check(outcome.stderr, named)


@pytest.mark.parametrize("name", BAD_REPLIES)
def test_replies_that_are_none(name: str, runtime: str) -> None:
    reply, named = BAD_REPLIES[name]
    outcome = feed(CALLBACK + frames(reply, load_body("return 1")), serve(runtime))
    assert (outcome.status, len(outcome.replies)) == (1, 3)
    check(outcome.stderr, named)


@pytest.mark.parametrize("op", ["return", "error"])
def test_a_reply_that_nothing_asked_for(op: str, runtime: str) -> None:
    outcome = feed(frames(load_body("return 1"), f'{{["op"]="{op}",["nvalues"]=0,["values"]={{}}}}'), serve(runtime))
    assert (outcome.status, len(outcome.replies)) == (1, 1)
    check(outcome.stderr, [f'"{op}"', "nothing asked"])


@pytest.mark.parametrize("where", BEFORE)
def test_end_of_input_between_messages_is_no_error(where: str, runtime: str) -> None:
    """PHP is gone: below a callback as well, where its reply would have been."""
    outcome = feed(BEFORE[where], serve(runtime))
    assert (outcome.status, outcome.stderr) == (0, b"")
    assert len(outcome.replies) == REPLIES_BEFORE[where]


@pytest.mark.parametrize("header", HEADERS_THAT_ARE_NONE)
def test_one_grammar_of_headers(header: bytes, runtime: str) -> None:
    """What the host's reader refuses is refused here (tests/wire/test_framing.py has the table)."""
    outcome = feed(header + b"x" * 40, serve(runtime))
    assert (outcome.status, outcome.replies) == (1, [])
    check(outcome.stderr, ["bad frame header"])


@pytest.mark.slow  # writes many bodies
@pytest.mark.parametrize("runtime_name", RUNTIMES)
def test_bodies_of_every_size_around_the_limits_of_one_piece(runtime_name: str) -> None:
    """64 kB and 1 MB are where the responder changes its way of reading: a message must not show it."""
    sizes = [size + extra for size in (1 << 16, 1 << 20) for extra in (-120, -16, -1, 0, 1, 17)]
    bodies = [load_body("return #...")]
    for size in sizes:
        head, tail = '{["op"]="call",["id"]=1,["nargs"]=1,["args"]={[1]="', '"}}'
        bodies.append(head + "x" * (size - len(head) - len(tail)) + tail)
        bodies.append(load_body("--" + "y" * (size - 60)))
    outcome = feed(frames(*bodies), serve(runtime_name))
    assert (outcome.status, outcome.stderr) == (0, b"")
    lengths = [loads(reply)[b"values"][1] for reply in outcome.replies[1::2]]
    assert lengths == [size - 54 for size in sizes]


@pytest.mark.slow  # sends many ops
def test_no_op_of_the_table_is_called_by_accident(runtime: str) -> None:
    """Names that any Lua table or string answers to are no ops."""
    for op in ("__index", "len", "format", "n", "1"):
        outcome = feed(frames(f'{{["op"]="{op}"}}'), serve(runtime))
        assert outcome.status == 1
        check(outcome.stderr, ["unknown op"])
