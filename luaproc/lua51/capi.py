"""Lua's own C API, as lupa's extension modules export it, by ctypes.

Why not a `lupa.LuaRuntime`: that one registers Python in every state it makes (the global `python`, metatables in the
registry, a traceback of its own in errors). A state from `luaL_newstate` of the same library has none of it, prints
what lua prints, and its hooks can be set from another thread, which Ctrl-C needs. lupa itself is not even imported.

Reference: https://www.lua.org/manual/5.1/manual.html#3 ; LuaJIT 2.1 has the same functions and constants.
"""

import ctypes
import os
from _imp import extension_suffixes

from luaproc.errors import UsageError
from luaproc.responder.runtime import lupa_directories, must_be_known, not_in_lupa

REGISTRY = -10000
GLOBALS = -10002
MULTRET = -1
GC_STOP, GC_RESTART, GC_COLLECT = 0, 1, 2
ERR_SYNTAX = 3
TNIL, TBOOLEAN, TNUMBER, TSTRING, TTABLE, TUSERDATA = 0, 1, 3, 4, 5, 7
MASK_CALL, MASK_RET, MASK_COUNT = 1, 2, 8

CFunction = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p)
Hook = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_void_p)

# Function -> result and arguments: p pointer, i int, d double, z size_t, s char*, v nothing.
SIGNATURES = {
    "luaL_loadbuffer": "ipszs",
    "luaL_loadfile": "ips",
    "luaL_newstate": "p",
    "luaL_openlibs": "vp",
    "luaL_ref": "ipi",
    "lua_checkstack": "ipi",
    "lua_close": "vp",
    "lua_createtable": "vpii",
    "lua_gc": "ipii",
    "lua_getmetatable": "ipi",
    "lua_gettop": "ip",
    "lua_insert": "vpi",
    "lua_newuserdata": "ppz",
    "lua_pcall": "ipiii",
    "lua_pushboolean": "vpi",
    "lua_pushcclosure": "vppi",
    "lua_pushlstring": "vpsz",
    "lua_pushnil": "vp",
    "lua_pushnumber": "vpd",
    "lua_pushvalue": "vpi",
    "lua_rawequal": "ipii",
    "lua_rawget": "vpi",
    "lua_rawgeti": "vpii",
    "lua_rawset": "vpi",
    "lua_rawseti": "vpii",
    "lua_remove": "vpi",
    "lua_setfenv": "ipi",
    "lua_sethook": "ippii",
    "lua_setmetatable": "ipi",
    "lua_settop": "vpi",
    "lua_toboolean": "ipi",
    "lua_tolstring": "ppip",
    "lua_tonumber": "dpi",
    "lua_touserdata": "ppi",
    "lua_type": "ipi",
}
C_TYPES = {
    "p": ctypes.c_void_p,
    "i": ctypes.c_int,
    "d": ctypes.c_double,
    "z": ctypes.c_size_t,
    "s": ctypes.c_char_p,
    "v": None,
}


def library(runtime: str) -> ctypes.CDLL:
    """The library of a runtime, with the C API's functions as attributes (`SIGNATURES`, nothing else is declared).

    Raises `UsageError` when there is no such runtime here, or when its functions cannot be reached.
    """
    must_be_known(runtime)
    path = _file(runtime)
    if path is None:
        raise not_in_lupa(runtime, f"no file lupa/{runtime}")
    try:
        api = ctypes.CDLL(path)
        for name, letters in SIGNATURES.items():
            function = getattr(api, name)
            function.restype = C_TYPES[letters[0]]
            function.argtypes = [C_TYPES[letter] for letter in letters[1:]]
    except (OSError, AttributeError) as error:
        raise UsageError(f"lupa's {runtime} ({path}) does not offer Lua's C API: {error}") from None
    return api


def _file(runtime: str) -> str | None:
    """The file that a runtime is in, if this lupa has it. Raises UsageError where there is no lupa."""
    places = lupa_directories()
    if not places:
        raise UsageError("lupa, which brings Lua along, is not installed")
    paths = (os.path.join(place, runtime + suffix) for place in places for suffix in extension_suffixes())
    return next((path for path in paths if os.path.exists(path)), None)


def push(api: ctypes.CDLL, state: int, text: bytes) -> None:
    """Push bytes as a Lua string."""
    api.lua_pushlstring(state, text, len(text))


def text_at(api: ctypes.CDLL, state: int, index: int) -> bytes | None:
    """The string or number at a stack index as bytes; None for a value of any other type."""
    size = ctypes.c_size_t()
    start = api.lua_tolstring(state, index, ctypes.byref(size))
    return None if start is None else ctypes.string_at(start, size.value)


def get_field(api: ctypes.CDLL, state: int, index: int, name: bytes) -> None:
    """Push the field `name` of the table at `index`, without metamethods: out here nothing would catch their errors."""
    push(api, state, name)
    api.lua_rawget(state, index if index <= REGISTRY or index > 0 else index - 1)
