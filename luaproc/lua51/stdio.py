"""What lupa's lua51 was built without, since it is plain ISO C: `io.popen`, and an `os.tmpname` that makes its file.

The functions here are called by Lua through ctypes. They never raise: arguments are checked by start.lua before, and
again here as far as a crash depends on it, because a script can find them with `debug.getupvalue`.
"""

import ctypes
import sys

from luaproc.lua51.capi import (
    REGISTRY,
    TUSERDATA,
    CFunction,
    get_field,
    push,
    text_at,
)

libc = ctypes.CDLL(None, use_errno=True)
libc.popen.restype = ctypes.c_void_p
libc.popen.argtypes = [ctypes.c_char_p, ctypes.c_char_p]
libc.malloc.restype = ctypes.c_void_p
libc.pclose.argtypes = [ctypes.c_void_p]
libc.fflush.argtypes = [ctypes.c_void_p]
libc.fileno.argtypes = [ctypes.c_void_p]
libc.strerror.restype = ctypes.c_char_p


def stream(name: str) -> ctypes.c_void_p:
    """C's own `stdin` or `stdout`."""
    return ctypes.c_void_p.in_dll(libc, f"__{name}p" if sys.platform == "darwin" else name)


_alive: list[object] = []  # C keeps no reference to these functions; Lua may call them until the process ends.


def functions(api: ctypes.CDLL) -> list[object]:
    """The C functions `popen(command, mode)` -> file or nil, reason, errno; and `tmpname()` -> name or nil."""

    def close(state: int) -> int:
        # liolib calls this as the field `__close` of a file's environment, from close(), and from the collector.
        stream = _stream(api, state, 1)
        ok = stream is not None and stream.value is not None and libc.pclose(stream.value) != -1
        if stream is not None:
            stream.value = None
        api.lua_pushboolean(state, ok)
        return 1

    def popen(state: int) -> int:
        api.lua_settop(state, 2)
        command, mode = text_at(api, state, 1), text_at(api, state, 2)
        if command is None or mode is None:
            return 0
        stream = ctypes.c_void_p.from_address(api.lua_newuserdata(state, ctypes.sizeof(ctypes.c_void_p)))
        stream.value = None
        get_field(api, state, REGISTRY, b"FILE*")
        api.lua_setmetatable(state, 3)
        api.lua_createtable(state, 0, 1)
        push(api, state, b"__close")
        api.lua_pushcclosure(state, closing, 0)
        api.lua_rawset(state, -3)
        api.lua_setfenv(state, 3)
        libc.fflush(None)
        ctypes.set_errno(0)
        stream.value = libc.popen(command, mode)
        if stream.value is not None:
            return 1
        api.lua_pushnil(state)
        push(api, state, strerror(ctypes.get_errno()))
        push(api, state, b"%d" % ctypes.get_errno())
        return 3

    def tmpname(state: int) -> int:
        name = ctypes.create_string_buffer(b"/tmp/lua_XXXXXX")
        descriptor = libc.mkstemp(name)
        if descriptor == -1:
            return 0
        libc.close(descriptor)
        push(api, state, name.value)
        return 1

    closing = CFunction(close)
    made: list[object] = [CFunction(popen), CFunction(tmpname)]
    _alive.extend([closing, *made])
    return made


def strerror(number: int) -> bytes:
    """C's text of an error, in the language that the script chose by `os.setlocale`."""
    return libc.strerror(number) or b""


def descriptor(api: ctypes.CDLL, state: int, index: int) -> int | None:
    """The descriptor of the file at `index` of the stack, -1 for a closed one; None for what is no file of liolib."""
    file = _stream(api, state, index)
    if file is None:
        return None
    return -1 if file.value is None else int(libc.fileno(file))


def _stream(api: ctypes.CDLL, state: int, index: int) -> "ctypes.c_void_p | None":
    """The FILE* that the value at `index` (of 1 or more) holds, if that is a file of liolib."""
    if api.lua_type(state, index) != TUSERDATA or not api.lua_getmetatable(state, index):
        return None
    get_field(api, state, REGISTRY, b"FILE*")
    is_file = api.lua_rawequal(state, -1, -2)
    api.lua_settop(state, -3)
    return ctypes.c_void_p.from_address(api.lua_touserdata(state, index)) if is_file else None
