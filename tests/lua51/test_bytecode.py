"""Bytecode without debug information runs as before."""

import pytest

from luaproc.lua51 import bytecode
from luaproc.responder.runtime import make_runtime

CODE = b"""
local nothing, yes, number, text = nil, true, 1.5, "\\0 text"
local function outer(a, ...)
	local b = a
	local function inner() b = b + 1 return b, number, text, yes, nothing, {} ~= {} end
	for index, value in ipairs({ 7, 8 }) do b = b + index * value end
	return inner, select("#", ...)
end
local inner, count = outer(1, nil, nil)
return count, inner()
"""


def test_it_runs_as_before_and_is_smaller() -> None:
    lua = make_runtime("lua51")
    dump = lua.execute(b"return string.dump(assert(loadstring(...)))", CODE)
    small = bytecode.stripped(dump)
    assert len(small) < len(dump) * 0.7
    expected = (2, 25, 1.5, b"\0 text", True, None, True)
    assert lua.execute(b"return loadstring(...)()", dump) == expected
    assert lua.execute(b"return loadstring(...)()", small) == expected


def test_stripped_code_knows_no_names_and_no_lines() -> None:
    lua = make_runtime("lua51")
    small = bytecode.stripped(lua.execute(b"return string.dump(loadstring('local secret = 1 error()\\nx.y()', '=f'))"))
    assert b"secret" not in small
    assert lua.execute(b"return pcall(loadstring(...))", small) == (False, None)


@pytest.mark.parametrize("runtime", ["lua53", "luajit21"])
def test_other_bytecode_is_refused(runtime: str) -> None:
    dump = make_runtime(runtime).execute(b"return string.dump(function() end)")
    with pytest.raises(ValueError, match=r"expected bytecode of Lua 5\.1"):
        bytecode.stripped(dump)
