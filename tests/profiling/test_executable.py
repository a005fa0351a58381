"""Which lines can run: those that a hook tells, and no others."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from luaproc.profiling import executable
from luaproc.profiling.coverage import Covered, covered, read_counts
from luaproc.responder.runtime import make_runtime

# Every construct of the language; each line that can run does.
EVERYTHING = (
    """local p = { n = 0 }

local function add( a, b )
	if a == nil then
		return b
	elseif b == nil then
		return a
	else
		p.n = p.n + 1
	end
	return a + b
end

function p.count( ... )
	local n = select( '#', ... )
	for i = 1, n do
		if i == 2 then
			p.n = i
		end
	end
	for _, v in ipairs( { ... } ) do
		if v == 1 then
			p.n = v
		end
	end
	while n > 0 do
		n = n - 1
		if n == 1 then
			break
		end
	end
	repeat
		n = n + 1
	until n > 3
	return n
end

function p:method( text )
	local up = ( text or 'x' )
		:upper()
	local same = up == text
	local t = {
		up,
		[1 + 1] = same,
		inner = function ()
			return up
		end,
	}
	return t.inner()
end

p.tail = function ( text )
	return tostring(
		text
	)
end

add( nil, 1 )
add( 1, nil )
add( 1, 2 )
p.count( 1, 2, 3 )
p:method( 'a' )
p.tail( 'b' )
pcall( function ()
	p.n = 0
end )
do
	local a, b = 1
	a, b = b, a
end
p.long = {
"""
    + "	'x',\n" * 120
    + """}
return p
"""
)

DEAD = {
    "return 1\n": {1},
    "local x = 1\n\n-- nothing\nreturn x\n": {1, 4},
    "local x\nreturn x\n": {2},  # Lua has nothing to do at 1
    "while true do\n  f()\nend\ng()\n": {2},
    "local function f()\n  return 1\nend\nreturn f\n": {1, 2, 4},
    "local function f()\n  if x then\n    return 1\n  end\nend\n": {1, 2, 3, 5},
    "do\n  return 1\nend\n": {2},
    "": {1},  # the text's own return
}
"""Text -> its lines that can run."""


@pytest.fixture(scope="module")
def compiled() -> Callable[[bytes], bytes | None]:
    return executable.compiler()


def run(text: str, compiled: Callable[[bytes], bytes | None]) -> Covered:
    """The coverage of a text that runs once, by a hook that tells what the responder's does."""
    lua = make_runtime("lua51")
    record = lua.execute(
        b"""
        local text = ...
        local chunk = assert( loadstring( text, '=T' ) )
        local counts = {}
        debug.sethook( function ( _, line )
            local info = debug.getinfo( 2, 'S' )
            if info.source == '=T' then
                local key = 'T\\t' .. info.linedefined .. '\\t' .. info.lastlinedefined .. '\\t' .. line
                counts[key] = ( counts[key] or 0 ) + 1
            end
        end, 'l' )
        chunk()
        debug.sethook()
        local lines = {}
        for key, count in pairs( counts ) do lines[#lines + 1] = key .. ':' .. count .. '\\n' end
        return table.concat( lines )
        """,
        text.encode(),
    )
    return covered("T", "", text, read_counts(record).get("T", {}), compiled)


def test_all_that_can_run_is_told_by_the_hook(compiled: Callable[[bytes], bytes | None]) -> None:
    """A line that counts and never shows would be a hole that nobody can close."""
    found = run(EVERYTHING, compiled)
    assert [line for line, count in found.counts.items() if count == 0] == []
    assert found.hit == len(found.counts) > 60


def test_what_cannot_run_does_not_count(compiled: Callable[[bytes], bytes | None]) -> None:
    """Comments, `end`s, what stands behind a return or an endless loop."""
    for text, lines in DEAD.items():
        assert set(covered("T", "", text, {}, compiled).counts) == lines, text


def test_a_function_that_only_came_to_be_did_not_run(compiled: Callable[[bytes], bytes | None]) -> None:
    """Lua makes a function at its `end`; a reader looks at its first line."""
    found = run("local p = {}\nfunction p.f()\n  x = 1\nend\nreturn p\n", compiled)
    assert found.counts == {1: 1, 2: 1, 3: 0, 4: 0, 5: 1}


@pytest.mark.parametrize("text", ["x = = 1", "\x1bLua", "return 1 \x1bLJ", "(" * 300, "x" + "=1 y" * 100 + "("])
def test_what_is_no_text_of_lua_has_no_lines(text: str, compiled: Callable[[bytes], bytes | None]) -> None:
    """Bytecode that a page brings is never loaded."""
    found = covered("T", "", text, {}, compiled)
    assert not found.compiles
    assert found.counts == {}


def test_other_bytecode_is_refused() -> None:
    """LuaJIT's, or none at all."""
    with pytest.raises(ValueError, match=r"expected bytecode of Lua 5\.1"):
        executable.lines(b"\x1bLJ\x02")
