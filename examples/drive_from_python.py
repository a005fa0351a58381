"""Play PHP's part from Python: load Lua, call it, let it call back, see its errors and the wire.

Run it as it is, or with the command of another Lua-side server after its name:

    python drive_from_python.py lua5.1 .../LuaStandalone/mw_main.lua .../Scribunto/includes 0 8
"""

import sys

from luaproc.host import Interpreter, LuaError

MODULE = """
local p = {}
function p.greet(name)
    if not php.exists(name) then
        error("no such page: " .. name)
    end
    return "Hello, " .. name .. "!", #name
end
return p
"""

PAGES = {"Lua", "Zürich"}


def page_exists(title: str) -> bool:
    """What Lua calls as php.exists: any Python callable."""
    return title in PAGES


def main() -> None:
    frames = []
    with Interpreter(sys.argv[1:] or None, on_frame=lambda *frame: frames.append(frame)) as lua:
        lua.register_library("php", {"exists": page_exists})
        [module] = lua.load_string(MODULE, "=Module:Greeting")()
        print(module["greet"]("Zürich"))
        try:
            module["greet"]("Nowhere")
        except LuaError as error:
            print(f"{error.module}, line {error.line}: {error.message}")
        status = lua.get_status()
        assert status is not None
        print(f"one process, {len(frames)} frames, its pid is known: {status.pid == lua.connection.pid}")


if __name__ == "__main__":
    main()
