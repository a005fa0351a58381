"""Patterns of mw.ustring's that Lua's own functions may try: they find what the whole way finds."""

import random
from collections.abc import Iterator, Sequence

import pytest

from luaproc.host.interpreter import default_server
from luaproc.wiki.libraries import ustring
from luaproc.wiki.own_lua import own_lua
from luaproc.wiki.wiki import Wiki
from tests.parts import need

pytestmark = pytest.mark.real

COMPARE = """
local function shown( ... )
    local found = {}
    for index = 1, select( '#', ... ) do
        found[index] = type( ( select( index, ... ) ) ) .. ':' .. tostring( ( select( index, ... ) ) )
    end
    return table.concat( found, '|' )
end
local function all( text, pattern )
    local found = {}
    for first, second in mw.ustring.gmatch( text, pattern ) do
        found[#found + 1] = shown( first, second )
        if #found > 40 then
            break
        end
    end
    return table.concat( found, ' ' )
end
local answers = {}
for index, case in ipairs( cases ) do
    local text, pattern, replacement, start = case[1], case[2], case[3], tonumber( case[4] )
    answers[index] = table.concat( {
        shown( pcall( mw.ustring.find, text, pattern, start ) ),
        shown( pcall( mw.ustring.match, text, pattern, start ) ),
        shown( pcall( mw.ustring.find, text, pattern, start, true ) ),
        shown( pcall( mw.ustring.find, text, pattern:sub( 1, 1 ), start, true ) ),
        shown( pcall( mw.ustring.find, text, pattern ) ), shown( pcall( mw.ustring.match, text, pattern ) ),
        shown( pcall( mw.ustring.gsub, text, pattern, replacement ) ), shown( pcall( all, text, pattern ) ),
    }, '\\n' )
end
return answers
"""
LITERALS = (
    *("a", "b", "C", "1", "2", " ", "_", "=", "/", "<", "\t", "\n", ".", "x", "é"),
    *("%.", "%-", "%%", "%(", "%]", "%$", "%a", "%d", "%s", "%w", "%S", "%W", "%u", "%l", "%x", "%c", "%p", "%A", "%z"),
)
SET = (" ", "\t", "\n", "a-z", "A", "_", ";", ".", "%s", "-", "é", "%w", "%.")
UNUSUAL = ("%b()", "%f[a]", "%1", "*", "-", "+", "$", "^", "[a-]", "[]a]", "[^^]", "[%a-z]", "(", "[")
RANGES = ("a-c", "0-9", "A-Z", "%a-z", "*", "+", "(", ")", "$", "^", "-")


def pattern(chance: random.Random) -> str:
    def item() -> str:
        kind = chance.random()
        if kind < 0.55:
            found = chance.choice(LITERALS)
        elif kind < 0.85:
            members = "".join(chance.choice(LITERALS + RANGES) for _ in range(chance.randint(1, 4)))
            found = f"[{chance.choice(('', '^'))}{members}]"
        elif kind < 0.96:
            found = f"({''.join(item() for _ in range(chance.randint(0, 2)))})"
        else:
            found = chance.choice(UNUSUAL)
        return found + chance.choice(("", "", "", "*", "+", "-", "?"))

    items = "".join(item() for _ in range(chance.randint(0, 5)))
    return chance.choice(("", "", "^")) + items + chance.choice(("", "", "$"))


def text(chance: random.Random) -> str:
    signs = "aabbcCx1 2_=/<.-(x) Zz\t\n%[]^$" if chance.random() < 0.8 else "".join(map(chr, range(128))) + "éÄ"
    return "".join(chance.choice(signs) for _ in range(chance.randint(0, 14)))


def quoted(value: str) -> str:
    return '"' + "".join(f"\\{byte:03}" for byte in value.encode("utf-8", "surrogateescape")) + '"'


def answers(cases: Sequence[tuple[str, ...]]) -> Iterator[str]:
    with Wiki({}, mediawiki=False) as wiki:
        for begin in range(0, len(cases), 250):
            rows = ",".join(f"{{{','.join(map(quoted, case))}}}" for case in cases[begin : begin + 250])
            [found] = wiki.eval(f"local cases = {{{rows}}}\n{COMPARE}")
            yield from found.values()


def test_the_short_way_finds_what_the_whole_way_finds(monkeypatch: pytest.MonkeyPatch) -> None:
    """Random patterns, most of them of the kind that takes the short way; and what is wrong with the others."""
    need("mediawiki")
    chance = random.Random(1)
    replacements = ("x", "", "<%0>", "[%1]", "%1%0", "%%", "%2", "%a")
    starts = ("", "", *map(str, range(-3, 18)), "1.5", "inf", "nan")

    def trims() -> tuple[str, str]:
        sets = ["".join(chance.choice(SET) for _ in range(chance.randint(1, 4))) for _ in range(2)]
        inside = "".join(chance.choice(" \t;a-Zéßж中𝄞" * 3 + "\udcc3\udca9\udce4\udced\udca0") for _ in range(8))
        return inside, f"^[{sets[0]}]*(.-)[{sets[chance.randint(0, 1)]}]*$"

    cases = [
        (
            *((text(chance), pattern(chance)) if number % 2 else trims()),
            chance.choice(replacements),
            chance.choice(starts),
        )
        for number in range(1500)
    ]
    spaces = "^[ ]*(.-)[ ]*$"
    cases += [
        (word, spaces, "<%1>", "") for word in (" é ", "\udcc3中\udca9", "\udce4ß\udcb8", "\udced\udca0\udc80", "𝄞 ")
    ]
    cases += [
        ("ßa ©", f"^[{left}]*(.-)[{right}]*$", "<%1>", "") for left, right in (("é", " "), (" ", "é"), ("%s", " "))
    ]
    short = list(answers(cases))
    whole = own_lua("patterns")
    for name in ("is_ascii", "is_utf8"):
        code, head = whole, f"local function {name}( text )"
        whole = code.replace(head, f"{head} do return false end")  # errors name lines
        assert whole != code
    monkeypatch.setattr(ustring, "own_lua", lambda name: whole)
    different = [(case, *pair) for case, *pair in zip(cases, short, answers(cases), strict=True) if pair[0] != pair[1]]
    assert different == []


@pytest.mark.parametrize("call", ["find( text, '^%s*(a+)%s*$' )", "gsub( text, '^%s*(.-)%s*$', '%1' )"])
def test_a_text_of_ascii_takes_the_short_way(call: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Half of what pages of citations spend in Lua goes there: seconds of the whole way are an instant."""
    need("mediawiki")
    code = own_lua("patterns")
    spy = "local plain_find, plain_match, plain_gmatch, plain_gsub = "
    assert spy in code
    refused = "ustring.find, ustring.gsub = nil, nil\n" + spy
    monkeypatch.setattr(ustring, "own_lua", lambda name: code.replace(spy, refused))
    with Wiki({}, mediawiki=False) as wiki:
        assert wiki.eval(f"local text = '  aaa '\nreturn mw.ustring.{call}") in ([1, 6, "aaa"], ["aaa", 1])


LOADED = """
local function names()
    local found = {}
    for name in pairs( package.loaded ) do found[#found + 1] = name end
    return table.concat( found, ' ' )
end
return {
    names = names,
    find = function () return mw.ustring.find( 'aé', '%w%a' ) .. '' end,
    spoil = function ()
        local charsets = require 'ustring/charsets'
        for key in pairs( charsets ) do charsets[key] = nil end
        return tostring( next( charsets ) ) .. tostring( require 'ustring/charsets' == charsets )
    end,
}
"""


@pytest.mark.parametrize("server", [None, [*default_server(), "--runtime", "luajit21"]], ids=["own", "luajit"])
def test_tables_of_patterns_are_in_no_module(server: list[str] | None) -> None:
    """A wiki's packages are the same before and behind a pattern, and mw.lua copies them all for each #invoke; a module
    that requires the tables has its own."""
    need("mediawiki")
    calls = [f"{{{{#invoke:M|{name}}}}}" for name in ("names", "find", "names", "spoil", "find", "names")]
    with Wiki({"Module:M": LOADED}, mediawiki=False, server=server) as wiki:
        for _ in range(3):  # a server of its own, a fork server's first fork, another one
            names, *others = wiki.expand("|".join(calls)).text.split("|")
            assert "mw.ustring" in names
            assert "charsets" not in names
            assert others == ["1", names, "niltrue", "1", names]
