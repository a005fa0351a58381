"""What the two standalone interpreters do differently, as data: lua.c of Lua 5.1.5 against luajit.c of LuaJIT 2.1.

Usage and version texts are theirs: Lua, Copyright (C) 1994-2012 Lua.org, PUC-Rio; LuaJIT, Copyright (C) 2005-2026
Mike Pall; both under the MIT license.
"""

import sys

# Where Debian's lua5.1 looks (upstream looks below /usr/local only): distributions install pure Lua modules there,
# and their C modules are to be found and refused rather than missed.
_SHARE = "/usr/local/share/lua/5.1/?.lua;/usr/local/share/lua/5.1/?/init.lua;"
_LIB = "/usr/local/lib/lua/5.1/?.lua;/usr/local/lib/lua/5.1/?/init.lua;"
_SYSTEM = "/usr/share/lua/5.1/?.lua;/usr/share/lua/5.1/?/init.lua"
_MULTIARCH = getattr(sys.implementation, "_multiarch", "")
_C_MULTIARCH = f"/usr/lib/{_MULTIARCH}/lua/5.1/?.so;" if _MULTIARCH else ""
_C_PATH = f"./?.so;/usr/local/lib/lua/5.1/?.so;{_C_MULTIARCH}/usr/lib/lua/5.1/?.so;/usr/local/lib/lua/5.1/loadall.so"


class Dialect:
    """One interpreter's ways; its subclasses are data only. Texts are bytes, `%s` stands for the program's name."""

    version: bytes
    """LuaJIT's begins with `jit.version`, which only the running library knows."""
    version_on_stdout: bool
    usage: bytes
    options: tuple[tuple[str, str], ...]
    """Option letter -> the flags it sets: i(nteractive), v(ersion), e(xecuted), o(ption seen), n(o environment)."""
    takes_word: str
    """Letters whose word may be the next argument."""
    alone: str
    """Letters that allow nothing after them in their own word."""
    path: str
    cpath: str
    echoes: bool
    """Whether -i echoes lines that come from no terminal: lua5.1 is linked with readline, which does."""


class Puc(Dialect):
    """lua.c of Lua 5.1.5, as Debian builds it."""

    version = b"Lua 5.1.5  Copyright (C) 1994-2012 Lua.org, PUC-Rio\n"
    version_on_stdout = False
    usage = b"""usage: %s [options] [script [args]].
Available options are:
  -e stat  execute string 'stat'
  -l name  require library 'name'
  -i       enter interactive mode after executing 'script'
  -v       show version information
  --       stop handling options
  -        execute stdin and stop handling options
"""
    options = (("i", "iv"), ("v", "v"), ("e", "e"), ("l", ""))
    takes_word = "el"
    alone = "iv"
    path = f"./?.lua;{_SHARE}{_LIB}{_SYSTEM}"
    cpath = _C_PATH
    echoes = True


class LuaJit(Dialect):
    """luajit.c of LuaJIT 2.1."""

    version = b" -- Copyright (C) 2005-2026 Mike Pall. https://luajit.org/\n"
    version_on_stdout = True
    usage = b"""usage: %s [options]... [script [args]...].
Available options are:
  -e chunk  Execute string 'chunk'.
  -l name   Require library 'name'.
  -b ...    Save or list bytecode.
  -j cmd    Perform LuaJIT control command.
  -O[opt]   Control LuaJIT optimizations.
  -i        Enter interactive mode after executing 'script'.
  -v        Show version information.
  -E        Ignore environment variables.
  --        Stop handling options.
  -         Execute stdin and stop handling options.
"""
    options = (("i", "iv"), ("v", "v"), ("e", "eo"), ("l", "o"), ("j", "o"), ("O", ""), ("b", "e"), ("E", "n"))
    takes_word = "elj"
    alone = "iv"
    path = f"./?.lua;/usr/share/luajit-2.1/?.lua;/usr/local/share/luajit-2.1/?.lua;{_SHARE}{_SYSTEM}"
    cpath = _C_PATH.replace("/usr/lib/lua/5.1/?.so;", "") if _MULTIARCH else _C_PATH
    echoes = False


def dialect_of(runtime: str) -> type[Dialect]:
    """The interpreter that a runtime is the library of."""
    return Puc if runtime == "lua51" else LuaJit


def collect(argv: list[bytes], dialect: type[Dialect]) -> tuple[int, set[str]] | None:
    """Where the options end and the script begins (``len(argv)``: there is none), and the flags they set.

    None for a word that is no option, as the `collectargs` of both interpreters has it.
    """
    flags: set[str] = set()
    options = dict(dialect.options)
    at = 1
    while at < len(argv):
        word = argv[at].decode("latin-1")
        if word[:1] != "-" or word == "-":
            return at, flags
        if word[1] == "-":
            return (at + 1, flags) if word == "--" else None
        letter = word[1]
        if letter not in options or (letter in dialect.alone and len(word) > 2):
            return None
        if letter == "b":
            return None if flags else (at + 1, {"e"})
        flags.update(options[letter])
        if letter in dialect.takes_word and len(word) == 2:
            at += 1
            if at == len(argv):
                return None
        at += 1
    return at, flags
