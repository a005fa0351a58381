"""Everything that a module can reach, walked from inside: values of the five plain types, and names of names.lua."""

from pathlib import Path
from typing import Any

import pytest

import luaproc.responder
from luaproc.host import LuaError, LuaFunction
from luaproc.responder import runtime as runtimes
from tests.hostile import host
from tests.hostile.attack import BOTH, DEFAULT

# Each runtime walks all that a module can reach.
pytestmark = pytest.mark.slow

_WALKER = Path(__file__).with_name("walk.lua").read_bytes()


_PATHS = b"""
local out = {}
for library, list in pairs( assert( loadstring( ... ) )() ) do
	for _, name in ipairs( list ) do
		if library == '_G' then
			out[#out + 1] = '_G.' .. name
		elseif _G[library][name] ~= nil then
			out[#out + 1] = '_G.' .. library .. '.' .. name
		end
	end
end
return table.concat( out, ' ' )
"""


PLAIN = {b"nil", b"boolean", b"number", b"string", b"table", b"function"}


def call_with_room(function: LuaFunction, *args: Any) -> list[Any]:
    """Call, again where there was no memory: the host collects the module's garbage then."""
    try:
        return function(*args)
    except LuaError as error:
        if error.value != b"not enough memory":
            raise
    return function(*args)


def walk(runtime: str) -> tuple[Any, dict[bytes, bytes], int]:
    with host.start(runtime, DEFAULT, "--max-cpu", "60") as interpreter:
        interpreter.call(
            interpreter.load_string("php.wrapped_one = ...", "=m"), interpreter.wrap_php_function(lambda *args: args)
        )
        provoke, look, report = interpreter.call(interpreter.load_string(_WALKER, "=walker"))
        number = 1
        while call_with_room(provoke, number) == [True]:
            assert set(call_with_room(look, number)) <= PLAIN
            number += 1
        foreign, names, count = call_with_room(report)
        host.check_health(interpreter)
    return foreign, names, count


def allowed(runtime: str) -> set[str]:
    """The list of names.lua, as paths: those that this runtime has."""
    with open(f"{luaproc.responder.__path__[0]}/lua/names.lua", "rb") as file:
        names: bytes = runtimes.new_runtime(runtime).execute(_PATHS, file.read())
    return set(names.decode().split())


@pytest.mark.parametrize("runtime", BOTH)
def test_everything_reachable(runtime: str) -> None:
    """No userdata, thread, cdata or Python object anywhere: in tables, metatables, environments, results, errors; and
    the names of names.lua, neither more nor fewer."""
    foreign, names, count = walk(runtime)
    assert foreign in ({}, [])
    found = {name.decode("latin-1") for name in names}
    # The library `php` is this test's; `?` and `<...>` are elements of lists that functions returned.
    globals_found = {name for name in found if name.startswith("_G.") and "()" not in name and "<" not in name}
    assert {name for name in globals_found if not name.startswith(("_G.php", "_G._G."))} == allowed(runtime)
    assert {name for name in found if "<metatable>" in name} <= {
        "string<metatable>.__index",
        "_G<key><metatable>.__index",
    }
    assert count > 100
