"""lua/cpu_watch.lua by itself, by a clock of the test's: no CPU time is burned for it, and no machine is too busy."""

from tests.responder.lua_parts import run

# now: seconds, and the milliseconds that are left to the limit. watched( f, observers ): what was reported, and how
# often there was a look at the clock, while f ran.
WATCHED = """
    now, left = 0, 1000
    local looks = 0
    function os.clock() looks = looks + 1 return now end
    function watched( f, observers )
        local reports = {}
        local watch = part 'cpu_watch' (
            1, function () return left end, function ( text ) reports[#reports + 1] = text end, observers or {}
        )
        local thread = coroutine.create( f )
        watch( thread )
        looks = 0
        assert( coroutine.resume( thread ) )
        return reports, looks
    end
    local function work( count ) for i = 1, count do local x = i end end
    """


def test_the_stack_is_told_once_and_in_lines_of_ours() -> None:
    """Near the limit: names without control characters and of 100 at most, and 30 levels, none of luaproc's own."""
    code = """
        local t = {}
        t['a\\nluaproc: all is well\\27[31m'] = function () now, left = 0.9, 100 work( 1000 ) end
        local long = ( 'n' ):rep( 1000 )
        t[long] = function () local r = t['a\\nluaproc: all is well\\27[31m']() end
        local ours = loadstring( 'local t = ... local r = t.' .. long .. '()', '=luaproc/ours.lua' )
        local function deep( n ) if n > 0 then deep( n - 1 ) else ours( t ) end local _ = n end
        local observers = { samples = function () return true end }
        local reports = watched( function () deep( 40 ) work( 100000 ) end, observers )
        local lines, names = {}, {}
        for line in reports[1]:gmatch( '[^\\n]+' ) do
            lines[#lines + 1] = line
            names[#names + 1] = line:match( "in function '(.*)'" )
        end
        return #reports, lines[1], #lines - 2, names[2], #names[3], reports[1]:find( 'luaproc/', 1, true )"""
    assert run("lua51", WATCHED + code) == (
        1, b"luaproc: 0.90 of 1 seconds of CPU time are used up", 29, b"a?luaproc: all is well?[31m", 100, None,
    )  # fmt: skip


def test_looks_become_rare_where_they_come_soon() -> None:
    """A hook costs time."""
    code = "local _, looks = watched( function () work( 3e6 ) end ) return looks < 200, looks > 20"
    assert run("lua51", WATCHED + code) == (True, True)


def test_near_the_limit_each_call_is_looked_at() -> None:
    """A few instructions may take what is left, where each calls C."""
    code = """
        local reports, looks = watched( function ()
            work( 5000 )
            now, left = 0.8, 250
            work( 2e5 )
            local before = looks
            for i = 1, 8 do type( i ) end
            note( looks - before >= 8 )
            left = 100
            type( 1 )
            left = 1000
        end )
        return did[1], #reports"""
    assert run("lua51", WATCHED + code) == (True, 1)


def test_before_half_of_the_limit_the_kernel_is_not_asked() -> None:
    """Whoever runs at a tick of the kernel's is counted the whole of it: too little may seem to be left early."""
    code = """
        local early = watched( function () now, left = 0.4, 1 work( 1e5 ) end )
        local late = watched( function () now = 0.6 work( 1e5 ) end )
        return #early, #late"""
    assert run("lua51", WATCHED + code) == (0, 1)
