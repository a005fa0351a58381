"""Where luaproc means to answer otherwise than the reference: data, each with its reason."""

import re
from typing import NamedTuple

# A reply or result that says why a value cannot be passed.
_ENCODING = r"(?:Collision for array key|Cannot use \w+ as an array key|Cannot pass \w+)"


class Difference(NamedTuple):
    """Edits (pattern, replacement; over the whole text of a session) that make the reference's text ours.

    rows: names of sessions; None for all, where the edits need not find anything.
    """

    reason: str
    rows: tuple[str, ...] | None
    edits: tuple[tuple[str, str], ...]
    runtimes: tuple[str, ...] = ("lua51", "luajit21")


_P = "Module:T:1: "

DIFFERENCES = (
    Difference(
        "A failure to encode a reply has no line of the module's: the reference gives the position in MWServer.lua",
        None,
        ((rf"(?m)^(error ')<host>: (?={_ENCODING})(?![^\n]*\n    )", r"\1"),),
    ),
    Difference(
        "A failure to encode arguments is raised at the module's line, as PHP's errors are, not in MWServer.lua",
        (
            "php.echo({[{}] = 1})",
            "local r = php.echo({[{}] = 1}) return r",
            "local ok, e = pcall(function() local t = {} t.t = t local x = php.echo(t) return x end) return ok, e",
        ),
        ((rf"<host>: (?={_ENCODING})", "Module:T:1: "),),
    ),
    Difference(
        "The same below pcall, where no line of the module's has called",
        ("return pcall(php.echo, {[{}] = 1})", 'return pcall(php.echo, {[1] = 1, ["1"] = 2})'),
        ((rf"<host>: (?={_ENCODING})", ""),),
    ),
    Difference(
        "A __pairs that cannot be called: the position and the local's name are of the codec",
        ("return setmetatable({}, {__pairs = 5})",),
        ((r"upvalue 'old_pairs'", "local 'custom'"),),
    ),
    Difference(
        "error() above the module's frames: the level is a Lua function of ours, and a C function of the reference's",
        ('error("x", 3)',),
        ((r"error 'x'", "error '<host>: x'"),),
        ("lua51",),
    ),
    Difference(
        "The reference's tostring calls its method by one more tail call",
        (
            'return tostring(setmetatable({}, {__tostring = function() error("in tostring") end}))',
            "local x = tostring(setmetatable({}, "
            '{__tostring = function() local s = php.fail("shown") return s end})) return x',
        ),
        ((r"(\n    \(tail call\):-1 tail -1)\1(?=\Z|\n    Module:T:1 main)", r"\1"),),
        ("lua51",),
    ),
    Difference(
        "A module that overwrites functions of `string` ends the reference, which uses the same table by method calls",
        ('string.find, string.format, string.match = nil return {1.5, ["1"] = 2}',),
        ((r"(?s).+", "error 'Collision for array key 1 when passing data from Lua to PHP'"),),
    ),
    Difference(
        "A nil given to error() stays nil; the reference answers with its own table of value and trace",
        ("error(nil)", "error()"),
        ((r"(?s).+", "error None\n    Module:T:1 main 0"),),
    ),
    Difference(
        "false as well",
        ("error(false)",),
        ((r"error .*", "error False"), (r"\n.*", ""), (r"$", "\n    Module:T:1 main 0")),
    ),
    Difference(
        "unpack with NaN as a bound: what Lua 5.1 makes of it depends on the machine, and can crash",
        ("return unpack({1, 2}, 0/0)",),
        ((r"(?s).+", "error 'too many results to unpack'"),),
    ),
    Difference(
        "LuaJIT's bytecode is refused as well; the reference overlooks its marker",
        ("messages: LuaJIT's bytecode",),
        ((r"(?m)^.*$", "error 'cannot load code with a Lua binary chunk marker escape sequence in it'"),),
    ),
    Difference(
        "A dotted name makes subtables, as the specification says; the reference takes it for one name",
        ("messages: a dotted name",),
        ((r"return 3: 'nil', .*", "call b'echo' 1: 1\nreturn 3: 'table', 'table', 1"),),
    ),
    Difference(
        "error itself, called by PHP: not in the trace",
        ('local x = php.apply(error, "direct") return x',),
        ((r"    \[C\]:-1 C -1\n", ""),),
        ("luajit21",),
    ),
)  # fmt: skip


def expected(name: str, runtime: str, text: str) -> str:
    """What luaproc is to answer in a session, by what the reference answered.

    Raises AssertionError for a difference that is none (any more).
    """
    for difference in DIFFERENCES:
        if runtime not in difference.runtimes or (difference.rows is not None and name not in difference.rows):
            continue
        before = text
        for pattern, replacement in difference.edits:
            text = re.sub(pattern, replacement, text)
        assert difference.rows is None or text != before, f"no such difference: {difference.reason}"
    return text
