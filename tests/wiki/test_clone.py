"""mw.clone as luaproc/wiki/lua/clone.lua has it: what mwInit.lua's own gives, in one Lua process beside it."""

from collections.abc import Iterator

import pytest

from luaproc.host.interpreter import default_server
from luaproc.wiki import loading
from luaproc.wiki.own_lua import own_lua
from luaproc.wiki.wiki import Wiki
from tests.parts import examples, need

pytestmark = pytest.mark.real

# Random tables: in each other and in themselves, with holes, keys of all types and metatables of all kinds.
COMPARE = """
local calls
local function noted( name )
    return function ( t, ... )
        calls[#calls + 1] = name .. select( '#', ... )
        if name == 'newindex' then rawset( t, ... ) end
        if name == 'pairs' then return next, { a = 1, 2 }, nil end
    end
end
local newindex, noted_pairs, index = noted( 'newindex' ), noted( 'pairs' ), noted( 'index' )
local words = { 'a', 'b', 'c', 'name', '__index', 'x1', 'x2', 'x3', '', '1', 'long name of a field' }
local function chosen( list )
    return list[math.random( #list )]
end

local function graph()
    local tables, all = {}, math.random( 12 )
    for n = 1, all do tables[n] = {} end
    local kinds = {
        function () return chosen( words ) end,
        function () return math.random( 20 ) end,
        function () return math.random( -3, 3 ) / 2 end,
        function () return math.random() < 0.5 end,
        function () return chosen{ newindex, print or next, index } end,
        function () return chosen( tables ) end,
    }
    local flat = math.random() < 0.3
    for _, t in ipairs( tables ) do
        for _ = 1, math.random( 0, 25 ) do
            rawset( t, kinds[math.random( flat and 3 or 6 )](), kinds[math.random( 6 )]() )
        end
        for _ = 1, math.random( 0, 5 ) do
            rawset( t, kinds[math.random( 3 )](), nil )
        end
    end
    for n = 1, math.random() < 0.5 and 0 or math.random( 4 ) do
        local meta = math.random() < 0.2 and chosen( tables ) or {}
        local function set( name, value ) rawset( meta, name, value ) end
        local kind = math.random( 14 )
        if kind < 5 then set( '__index', chosen{ chosen( tables ), index, meta } )
        elseif kind == 5 then set( '__newindex', chosen{ newindex, {}, chosen( tables ) } )
        elseif kind == 6 then set( '__pairs', noted_pairs )
        elseif kind == 7 then
            set( '__metatable', chosen{ false, 'protected', meta, {}, {}, 7 } )
            set( '__pairs', chosen{ false, noted_pairs } or nil )
        elseif kind == 8 then pcall( setmetatable, meta, { __index = chosen{ index, { __pairs = noted_pairs } } } )
        elseif kind == 9 then pcall( setmetatable, meta, meta )
        elseif kind == 10 then set( '__newindex', function () error( 'no fields', 0 ) end )
        elseif kind == 11 then set( '__newindex', function () error( 'no fields', 2 ) end )
        elseif kind == 12 then set( '__mode', 'k' )
        else set( '__eq', function () error( 'eq' ) end ) set( '__len', index )
        end
        pcall( setmetatable, tables[n] or tables[1], meta )
    end
    return tables[1], tables
end

local function different( a, b, sources, seen )
    if type( a ) ~= 'table' or type( b ) ~= 'table' then
        return not rawequal( a, b ) and tostring( a ) .. ' is not ' .. tostring( b )
    elseif seen[a] or seen[b] then
        return not ( rawequal( seen[a], b ) and rawequal( seen[b], a ) ) and 'not the same references'
    elseif sources[a] ~= sources[b] then
        return 'not a copy'
    end
    seen[a], seen[b] = b, a
    local wrong = different( getmetatable( a ), getmetatable( b ), sources, seen )
    local key, other, value, other_value
    repeat
        key, value = next( a, key )
        other, other_value = next( b, other )
        wrong = wrong or not rawequal( key, other ) and 'another order of fields'
            or different( value, other_value, sources, seen )
    until wrong or key == nil
    return wrong
end

local function result( clone, value )
    calls = {}
    local found = { pcall( clone, value ) }
    found.calls = table.concat( calls, ' ' )
    if type( found[2] ) == 'string' then -- where the stack is full depends on the caller's own frames
        found[2] = string.gsub( found[2], '^.*stack overflow.*$', 'stack overflow' )
    end
    return found
end

local wrong, plain, failed = {}, 0, 0
for seed = first, last do
    math.randomseed( seed )
    local value, tables = graph()
    local sources = {}
    for _, t in ipairs( tables ) do sources[t] = true end
    local one, two = result( mw.plain, value ), result( mw.clone, value )
    local fault = one.calls ~= two.calls and one.calls .. ' / ' .. two.calls
        or one[1] ~= two[1] and 'only one fails' or different( one[2], two[2], sources, {} )
    if fault then wrong[#wrong + 1] = seed .. ': ' .. fault end
    plain = plain + ( mw.fast( value ) and 1 or 0 )
    failed = failed + ( one[1] and 0 or 1 )
end
return wrong, plain, failed
"""
SERVERS = {"PUC": None, "LuaJIT": [*default_server(), "--runtime", "luajit21"]}


@pytest.fixture(params=SERVERS)
def wiki(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Wiki]:
    """Modules have mwInit.lua's function as mw.plain, and ours without what it leaves to that one as mw.fast."""
    code = own_lua("clone")
    installs = "\tfunction mw.clone( value )\n"
    assert installs in code
    spying = code.replace(
        installs, f"\tmw.plain, mw.fast = original, function ( v ) return copy( v, {{}}, LEVELS ) end\n{installs}"
    )
    monkeypatch.setattr(loading, "own_lua", lambda name: spying if name == "clone" else own_lua(name))
    with Wiki({}, scribunto=need("mediawiki"), mediawiki=False, server=SERVERS[request.param]) as wiki:
        yield wiki


def test_clones_are_mwinits(wiki: Wiki) -> None:
    """References, metatables, order of fields, calls of metamethods, errors; half of the tables go the fast way."""
    number = examples(3000)
    wrong, plain, failed = wiki.eval(f"local first, last = 1, {number}\n{COMPARE}")
    assert wrong == {}
    assert number / 4 < plain < number * 3 / 4
    assert failed > number / 50


@pytest.mark.parametrize("levels", [99, 100, 101, 5000, 100_000])
def test_deep_tables(levels: int, wiki: Wiki) -> None:
    """As deep as mwInit.lua's function goes, and its error beyond that."""
    code = """
    local value = {{}}
    for _ = 1, {levels} do value = {{ value }} end
    local function shown( ok, found )
        local count = 0
        while ok and found do found, count = found[1], count + 1 end
        return ok and count or ( string.gsub( found, '\\n.*', '' ) )
    end
    return shown( pcall( mw.clone, value ) ), shown( pcall( mw.plain, value ) )
    """
    ours, plain = wiki.eval(code.format(levels=levels))
    assert ours == plain
    assert plain == levels + 1 or "stack overflow" in plain


def test_what_is_no_table_is_itself(wiki: Wiki) -> None:
    code = "return mw.clone( 'x' ), mw.clone( nil ), mw.clone(), mw.clone( false ), mw.clone( next ) == next"
    assert wiki.eval(code) == ["x", None, None, False, True]


def test_globals_that_a_library_replaces(wiki: Wiki) -> None:
    """mwInit.lua's function of REL1_39 finds `pairs` by its name; a module's own is not the one that it finds."""
    library = """
    local calls, usual = 0, pairs
    function pairs( t )
        calls = calls + 1
        return usual( t )
    end
    function mw.calls( clone )
        calls = 0
        clone{ {}, { {} } }
        return calls
    end
    """
    wiki.library("count", library)
    assert wiki.eval("return mw.calls( mw.clone ) == mw.calls( mw.plain )") == [True]


def test_a_module_reaches_nothing(wiki: Wiki) -> None:
    """What it puts in place of its globals is not called."""
    names = "pairs", "next", "type", "getmetatable", "setmetatable", "rawget", "pcall"
    code = "\n".join(f"{name} = function () error( '{name}' ) end" for name in names)
    assert wiki.eval(f"{code}\nlocal t = mw.clone( {{ {{ 7 }} }} )\nreturn t[1][1]") == [7]


def test_the_globals_of_modules_go_the_fast_way(wiki: Wiki) -> None:
    """mw.lua clones them for each #invoke, which was a tenth of what a page with many took."""
    wiki.library("base", "local globals = _G function mw.base() return mw.fast( globals ) ~= nil end")
    assert wiki.eval("return mw.base()") == [True]
