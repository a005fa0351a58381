"""lua/snapshot.lua by itself: whatever can be reached from the environment is restored, and all else is left alone."""

import pytest

from luaproc.responder import runtime
from tests.responder.lua_parts import run

# environment: with all that is kept. keep, keep_more, restore: of it.
KEPT = """
    local debug, setfenv, setmetatable, loadstring = debug, setfenv, setmetatable, loadstring
    local shared, private, nothing = 1, { hidden = true }, nil
    local function get() return shared, private, nothing end
    local function set( a, b ) shared, nothing = a, b end
    local ours = { left = 'alone' }
    local held = loadstring( 'local ours = ... return function () return ours end', '=luaproc/x.lua' )( ours )
    local meta = { __index = { inherited = 1 } }
    environment = {
        get = get, set = set, held = held, t = setmetatable( { 1, 2, x = 'y', inner = { deep = true } }, meta ),
        [1] = 0 / 0, no = false,
    }
    environment._G = environment
    local root = { 10, 20 }
    setfenv( get, environment )
    keep, keep_more, restore = part 'snapshot' ( environment, { root } )
    keep()
    """


@pytest.mark.parametrize(
    ("change", "check"),
    [
        ("environment.new = 1", "environment.new == nil"),
        ("environment.t = nil", "environment.t.x == 'y'"),
        ("environment.t[1], environment.t[3] = 5, 3", "environment.t[1] == 1 and #environment.t == 2"),
        ("environment.t.inner.deep = false", "environment.t.inner.deep == true"),
        ("setmetatable( environment.t, nil )", "environment.t.inherited == 1"),
        ("meta.__index = nil meta.__newindex = error", "environment.t.inherited == 1 and meta.__newindex == nil"),
        ("meta.__index.inherited = 2", "environment.t.inherited == 1"),
        ("meta.__eq = function () return true end environment.t = setmetatable( {}, meta )", "environment.t.x == 'y'"),
        ("set( 2, 3 )", "shared == 1 and nothing == nil"),
        ("environment.get = nil set( 2 )", "environment.get() == 1"),
        ("private.hidden = false", "private.hidden == true"),
        ("setfenv( get, {} )", "debug.getfenv( get ) == environment"),
        ("string.own = 1 string.len = nil", "string.own == nil and ( 'abc' ):len() == 3"),
        ("getmetatable( '' ).__index = nil", "( 'abc' ):len() == 3"),
        ("root[1], root[3] = nil, 30", "root[1] == 10 and root[2] == 20 and root[3] == nil"),
        ("environment[1] = 1", "environment[1] ~= environment[1]"),
        ("environment.no = nil", "environment.no == false"),
    ],
)
def test_what_was_changed_is_restored(change: str, check: str) -> None:
    """Fields, metatables, upvalues that functions share, environments, strings' methods; twice."""
    code = f"for _ = 1, 2 do {change} restore() if not ( {check} ) then return false end end return true"
    assert run("lua51", KEPT + code) is True


def test_functions_of_ours_lead_no_further() -> None:
    """What the responder itself holds is its own to change."""
    assert run("lua51", KEPT + "ours.left = 'changed' restore() return ours.left") == b"changed"


def test_the_order_of_pairs_is_told() -> None:
    """Of tables that modules get copies of, not of what functions hold alone: true where nothing was changed, or where
    what was changed is where it was."""
    code = """
        local before = restore()
        environment.t.x = 'z'
        local changed = restore()
        for i = 1, 1000 do private[i], private['x' .. i] = i, i end
        local hidden = restore()
        for name in next, environment do environment[name] = nil end
        for i = 1, 1000 do environment['x' .. i] = i end
        return before, changed, hidden, restore(), environment.t.x, private.hidden"""
    assert run("lua51", KEPT + code) == (True, True, True, False, b"y", True)


def test_no_runtime_is_left_out() -> None:
    """The part loads in each Lua that we serve with."""
    for name in runtime.available():
        assert run(name, KEPT + "set( 2 ) restore() return shared") == 1


def test_more_is_kept_of_the_roots() -> None:
    """Chunks that were loaded since, with the environment that they had; what else was changed is not."""
    code = """
        local chunk = loadstring( 'return x' )
        setfenv( chunk, environment )
        root[3] = chunk
        environment.new = 1
        keep_more()
        for _ = 1, 2 do
            setfenv( chunk, { x = 1 } )
            root[3], root[4] = nil, 1
            restore()
        end
        return root[3] == chunk, root[4], debug.getfenv( chunk ) == environment, environment.new"""
    assert run("lua51", KEPT + code) == (True, None, True, None)
