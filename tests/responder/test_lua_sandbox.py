"""lua/sandbox.lua by itself: what a module sees of it is tested in test_environment.py."""

from tests.responder.lua_parts import run


def test_what_makes_strings_is_called_where_a_c_function_has_just_returned(runtime: str) -> None:
    """Where LuaJIT's own find no memory, they write the error to where the last C function's stack ended."""
    code = """
        local rawequal_of_lua, count = rawequal, 0
        function rawequal( ... ) count = count + 1 return rawequal_of_lua( ... ) end
        local environment = part 'sandbox' ( part 'names' (), _G )
        for _, name in ipairs { 'char', 'lower', 'reverse', 'sub', 'upper' } do
            count = 0
            environment.string[name]( name == 'char' and 65 or 'text', 1 )
            note( name .. ' ' .. count )
        end
        count = 0
        environment.tostring( 1.5 )
        note( 'tostring ' .. count )
        return table.concat( did, ', ' )"""
    count = 1 if runtime == "luajit21" else 0
    names = ["char", "lower", "reverse", "sub", "upper"]
    assert run(runtime, code) == ", ".join([*(f"{name} {count}" for name in names), "tostring 1"]).encode()
