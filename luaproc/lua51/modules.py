"""Modules of `luaproc lua` that are no files of the user's: in place of the C modules that other Luas load.

`require` looks for them where it would look for a C module: after `package.preload` and after the Lua files of
`package.path`, so a file of the same name wins. Until a script requires one, nothing of it is imported.

A module is one Lua file and the functions that it needs from Python:

    MODULES = {"name": "package.module"}

where `package.module` has `SOURCE`, the path of the Lua file, and `functions()`, a list of Python functions. The Lua
file is run as a chunk with the module's name, a table that only such modules share, and those functions as arguments;
what it returns is the module. `Native` says which values cross.
"""

import ctypes
import gc
from _collections_abc import Callable  # collections.abc imports the whole of collections: start-up time

from luaproc.lua51.capi import TBOOLEAN, TNUMBER, TSTRING, TUSERDATA, CFunction, push, text_at
from luaproc.lua51.stdio import descriptor

# Name of a module -> the Python module that has its Lua file and its functions.
MODULES = {
    "data": "luaproc.nflua.lua_data",
    "lfs": "luaproc.lua51.lfs",
    "luaproc.mw": "luaproc.lua51.mw",
    "nflua": "luaproc.nflua.lua_client",
    "system": "luaproc.lua51.system",
    "system.core": "luaproc.lua51.system",
    "term": "luaproc.lua51.term",
    "term.colors": "luaproc.lua51.term",
    "term.core": "luaproc.lua51.term",
    "term.cursor": "luaproc.lua51.term",
}

Value = bytes | float | int | bool | None
"""What crosses: strings as bytes, numbers to Python as float, a file of liolib to Python as the int that is its
descriptor (-1 when it is closed); all else (tables, functions, ...) arrives as None."""

Native = Callable[..., tuple[Value, ...]]
"""A function for Lua: takes values, returns a tuple of values. An exception is a bug, and arrives in Lua as the result
nil and the exception's text: no Python exception passes through Lua."""

_alive: list[object] = []  # C keeps no reference to these functions; Lua may call them until the process ends.


def finder(api: ctypes.CDLL) -> object:
    """The C function `find(name)` -> the Lua file's text, its chunk name, and the module's functions; nothing for a
    name that is not in `MODULES`; nil and a text for a module that cannot be loaded."""

    def find(state: int) -> int:
        name = (text_at(api, state, 1) or b"").decode("latin-1")
        if name not in MODULES:
            return 0
        gc.enable()
        try:
            module = __import__(MODULES[name], fromlist=("functions",))
            with open(module.SOURCE, "rb") as file:
                text = file.read()
            functions = [c_function(api, function) for function in module.functions()]
        except Exception as error:
            api.lua_pushnil(state)
            push(api, state, str(error).encode())
            return 2
        api.lua_checkstack(state, len(functions) + 3)
        push(api, state, text)
        push(api, state, b"=" + name.encode())
        for function in functions:
            api.lua_pushcclosure(state, function, 0)
        return 2 + len(functions)

    made = CFunction(find)
    _alive.append(made)
    return made


def c_function(api: ctypes.CDLL, function: Native) -> object:
    """A C function that calls `function` with its arguments and returns what that returns."""

    def call(state: int) -> int:
        try:
            results = function(*[_value_at(api, state, index + 1) for index in range(api.lua_gettop(state))])
        except Exception as error:
            results = (None, f"{type(error).__name__}: {error}".encode())
        api.lua_checkstack(state, len(results))
        for value in results:
            _push_value(api, state, value)
        return len(results)

    made = CFunction(call)
    _alive.append(made)
    return made


def _value_at(api: ctypes.CDLL, state: int, index: int) -> Value:
    kind = api.lua_type(state, index)
    if kind == TSTRING:
        return text_at(api, state, index)
    if kind == TNUMBER:
        return float(api.lua_tonumber(state, index))
    if kind == TUSERDATA:
        return descriptor(api, state, index)
    return bool(api.lua_toboolean(state, index)) if kind == TBOOLEAN else None


def _push_value(api: ctypes.CDLL, state: int, value: Value) -> None:
    if value is None:
        api.lua_pushnil(state)
    elif isinstance(value, bool):
        api.lua_pushboolean(state, value)
    elif isinstance(value, bytes):
        push(api, state, value)
    else:
        api.lua_pushnumber(state, value)
