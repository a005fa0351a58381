"""lua/memory.lua by itself: when garbage is collected, and what helps a collection that cannot come to its end."""

from tests.responder.lua_parts import run

MEMORY = """
    local newproxy_of_lua, failing = newproxy, false
    function newproxy( ... )
        if failing then error( 'not enough memory', 0 ) end
        return newproxy_of_lua( ... )
    end
    local collect_of_lua, full = collectgarbage, 0
    function collectgarbage( what, ... )
        if not what and full > 0 then
            full = full - 1
            error( 'not enough memory', 0 )
        end
        if what ~= 'count' and what ~= 'setpause' then note( what or 'collect' ) end
        return collect_of_lua( what, ... )
    end
    local reserve = { is_full = noted( 'is_full', function () return true end ) }
    for _, name in ipairs { 'spend', 'lift', 'restore', 'spend_if_full' } do reserve[name] = noted( name ) end
    local memory = part 'memory' ( reserve, pipes.die )
    """


def test_the_less_room_there_is_the_sooner_comes_the_next_collection(runtime: str) -> None:
    """The pace is set anew at each collection, also after one at which there was no memory to be told of the next."""
    code = """
        local function pause() return collect_of_lua( 'setpause', 200 ) end
        memory.set_limit( 20 * 2 ^ 20 )
        local empty = pause()
        local kept = {}
        for i = 1, 15 do kept[i] = ( 'x' ):rep( 2 ^ 20 - 100 ) .. i end
        collect_of_lua()
        local full = pause()
        failing = true
        collect_of_lua() -- sets the pace, and finds no memory for the next
        failing = false
        collect_of_lua()
        pause()
        collect_of_lua()
        local untold = pause()
        memory.make_room()
        collect_of_lua()
        return empty, full < 115, untold, pause() < 115, table.concat( did, ' ' )"""
    assert run(runtime, MEMORY + code) == (350, True, 200, True, b"setstepmul collect")


def test_a_collection_that_cannot_finish_is_helped(runtime: str) -> None:
    """By Lua's limit out of the way, then by strings, which go before the next module runs. Lua's collector goes on by
    itself afterwards, and no module finds the reserve spent."""
    code = """
        local function used() collect_of_lua() return collect_of_lua( 'count' ) end
        local before = used()
        full = 1
        note( tostring( memory.collect() ) )
        full = 4
        note( tostring( memory.collect() ) )
        local strings = used() - before
        memory.make_room()
        return table.concat( did, ' ' ), strings > 100, used() - before < 50"""
    assert run(runtime, MEMORY + code) == (
        b"lift collect restore true lift stop collect restart restore true collect", True, True,
    )  # fmt: skip


def test_what_cannot_be_collected_at_all_ends_the_process(runtime: str) -> None:
    code = "full = 1e9 memory.collect() return did[#did - 1], did[#did]"
    told = b"not enough memory to collect garbage: raise Scribunto's memoryLimit, or --max-memory"
    assert run(runtime, MEMORY + code, 2 << 20) == (b"restore", told)


def test_memory_that_stays_full_is_not_collected_at_each_call(runtime: str) -> None:
    """Before a module runs: in memory three quarters full, and again when half of the rest is taken."""
    code = """
        local kept = {}
        for i = 1, 32 do kept[i] = ( 'x' ):rep( 2 ^ 18 - i ) end
        collect_of_lua()
        memory.set_limit( 10 * 2 ^ 20 )
        for _ = 1, 3 do memory.make_room() note( 'run' ) end
        for i = 33, 38 do kept[i] = ( 'x' ):rep( 2 ^ 18 - i ) end
        for _ = 1, 2 do memory.make_room() note( 'run' ) end
        return table.concat( did, ' ' )"""
    assert run(runtime, MEMORY + code) == b"setstepmul collect run run run collect run run"
