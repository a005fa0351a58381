"""The flow of the standalone interpreter: LUA_INIT, options, script, stdin, exit status; after lua.c and luajit.c.

Between calls, nothing catches a Lua error. Only what allocates can raise there (memory, or a failing `__gc`), and that
ends in Lua's own PANIC message and status 1; lua would say the same less loudly. No error may cross a Python frame.
"""

import ctypes
import os

from luaproc.lua51 import capi, interrupt, modules, process, stdio
from luaproc.lua51.capi import GLOBALS, MULTRET, REGISTRY, push, text_at
from luaproc.lua51.dialects import Puc, collect, dialect_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NoReturn

START = os.path.join(os.path.dirname(__file__), "lua", "start.lua")


def run(argv: list[bytes], runtime: str, with_mw: bool = False) -> "NoReturn":
    """Be the interpreter for `argv`, program name first, to the end of the process.

    with_mw: `mw` is there from the start.
    Raises `UsageError`: no such runtime.
    """
    api = capi.library(runtime)
    process.give_back()
    state = api.luaL_newstate()
    if not state:
        _write_stderr(argv[0] + b": cannot create state: not enough memory\n")
        os._exit(1)
    lua = Standalone(api, state, argv, runtime, with_mw)
    failed = lua.main()
    api.lua_close(state)
    stdio.libc.fflush(None)
    # Not by Python's way out, where PYTHONINSPECT and its like have things to say.
    os._exit(1 if failed else 0)


class Standalone:
    """One Lua state and the command line it serves."""

    def __init__(self, api: ctypes.CDLL, state: int, argv: list[bytes], runtime: str, with_mw: bool = False) -> None:
        self.api = api
        self.state = state
        self.argv = argv
        self.dialect = dialect_of(runtime)
        self.program: bytes | None = argv[0]
        """What messages begin with; None at the prompt."""
        self.with_mw = with_mw
        self._entering = False
        self._status = 0
        self._results = MULTRET
        self._trampoline = capi.CFunction(self._enter)

    def main(self) -> bool:
        """Do what the command line says; whether the exit status tells of a failure."""
        collected = collect(self.argv, self.dialect)
        puc = self.dialect is Puc
        if collected is None and not puc:
            return self.usage()
        environment = collected is None or "n" not in collected[1]
        self.open_libraries(environment)
        if self.with_mw and self.library(b"luaproc.mw"):
            return True
        # PUC runs LUA_INIT before it looks at its options, and gives `arg` to scripts only.
        if puc and self.lua_init():
            return True
        if collected is None:
            return self.usage()
        script, flags = collected
        if not puc:
            self.set_arg(script)
            if environment and self.lua_init():
                return True
        if "v" in flags:
            self.print_version()
        status = self.options(script)
        if status:
            return status > 0
        if script < len(self.argv):
            if self.script(script):
                return True
        elif not flags & {"i", "e", "v"} and not os.isatty(0):
            self.file(None)  # Its status is not looked at, in lua.c as in luajit.c.
            return False
        elif not flags & {"i", "e", "v"}:
            self.print_version()
            flags = {"i"}
        if "i" in flags:
            if not puc:
                self.print_jit_status()
            from luaproc.lua51.repl import interact

            interact(self)
        return False

    # Calls

    def open_libraries(self, environment: bool) -> None:
        """The standard libraries and what start.lua adds; `environment`: whether LUA_PATH and LUA_CPATH count."""
        api, state = self.api, self.state
        if not environment:
            api.lua_pushboolean(state, 1)
            self.set_field(REGISTRY, b"LUA_NOENV")
        api.lua_gc(state, capi.GC_STOP, 0)
        api.luaL_openlibs(state)
        api.lua_gc(state, capi.GC_RESTART, 0)
        with open(START, "rb") as file:
            text = file.read()
        if api.luaL_loadbuffer(state, text, len(text), b"=luaproc"):
            raise AssertionError(text_at(api, state, -1))
        api.lua_pushboolean(state, environment)
        push(api, state, self.dialect.path.encode())
        push(api, state, self.dialect.cpath.encode())
        added = [modules.finder(api), *(stdio.functions(api) if self.dialect is Puc else [])]
        for function in added:
            api.lua_pushcclosure(state, function, 0)
        if api.lua_pcall(state, 3 + len(added), 4, 0):
            raise AssertionError(text_at(api, state, -1))
        self.before_call, self.after_call = interrupt.watch(api, state)
        self._handler = api.luaL_ref(state, REGISTRY)
        self._jit_option = api.luaL_ref(state, REGISTRY)
        api.lua_pushcclosure(state, self._trampoline, 0)
        self._bottom = api.luaL_ref(state, REGISTRY)

    def call(self, arguments: int, results: int) -> int:
        """Call the function below its arguments on the stack, as lua.c's `docall`; the status, 0 for success.

        A C function must lie at the bottom of the stack, for `debug.traceback` shows it: `_enter` is that function.
        """
        api, state = self.api, self.state
        base = api.lua_gettop(state) - arguments
        api.lua_rawgeti(state, REGISTRY, self._handler)
        api.lua_insert(state, base)
        api.lua_rawgeti(state, REGISTRY, self._bottom)
        api.lua_insert(state, base)
        self._results = results
        self._entering = True
        self.before_call()
        outer = api.lua_pcall(state, arguments + 2, MULTRET, 0)
        self.after_call()
        status: int = outer or self._status
        if status:
            api.lua_gc(state, capi.GC_COLLECT, 0)
        return status

    def _enter(self, state: int) -> int:
        if not self._entering:  # A script found this function with debug.getinfo.
            return 0
        self._entering = False
        self._status = self.api.lua_pcall(state, self.api.lua_gettop(state) - 2, self._results, 1)
        self.api.lua_remove(state, 1)
        top: int = self.api.lua_gettop(state)
        return top

    def report(self, status: int) -> int:
        """Print the error message on top of the stack, if `status` says that there is one; `status`."""
        if status:
            if self.api.lua_type(self.state, -1) != capi.TNIL:
                message = text_at(self.api, self.state, -1)
                self.message(b"(error object is not a string)" if message is None else message)
            self.api.lua_settop(self.state, -2)
        return status

    def message(self, text: bytes) -> None:
        """One line on stderr; C prints no further than a NUL."""
        name = b"" if self.program is None else self.program + b": "
        _write_stderr(name + text.partition(b"\0")[0] + b"\n")

    # Parts of a command line

    def lua_init(self) -> int:
        """Run LUA_INIT; the status."""
        init = os.environb.get(b"LUA_INIT")
        if init is None:
            return 0
        return self.file(init[1:]) if init[:1] == b"@" else self.string(init, b"=LUA_INIT")

    def string(self, text: bytes, name: bytes) -> int:
        """Run a chunk of text and report; the status."""
        status = self.api.luaL_loadbuffer(self.state, text, len(text), name)
        return self.report(status or self.call(0, 0))

    def file(self, name: bytes | None) -> int:
        """Run a file, None for stdin, and report; the status."""
        return self.report(self.api.luaL_loadfile(self.state, name) or self.call(0, 0))

    def library(self, name: bytes) -> int:
        """Require a module (-l) and report; the status."""
        capi.get_field(self.api, self.state, GLOBALS, b"require")
        push(self.api, self.state, name)
        return self.report(self.call(1, 0))

    def options(self, end: int) -> int:
        """Carry out the options before `end`, in their order; the status of the first that fails."""
        at = 1
        while at < end:
            letter, word = self.argv[at][1:2], self.argv[at][2:]
            if letter in (b"e", b"l", b"j") and not word:
                at += 1
                word = self.argv[at]
            status = 0
            if letter == b"e":
                status = self.string(word, b"=(command line)")
            elif letter == b"l":
                status = self.library(word)
            elif letter in (b"j", b"O", b"b") and self.dialect is not Puc:
                status = self.jit_option(letter, word, at)
            if status:
                return status
            at += 1
        return 0

    def jit_option(self, letter: bytes, word: bytes, at: int) -> int:
        """Carry out -j, -O or -b; the status. -b takes the rest of the line: -1 says that nothing follows it."""
        api, state = self.api, self.state
        base = api.lua_gettop(state)
        api.lua_rawgeti(state, REGISTRY, self._jit_option)
        push(api, state, letter)
        push(api, state, word)
        status = api.lua_pcall(state, 2, MULTRET, 0)
        if not status:
            if letter == b"b":
                for text in [*([b"-" + word] if word else []), *self.argv[at + 1 :]]:
                    push(api, state, text)
            status = api.lua_pcall(state, api.lua_gettop(state) - base - 1, 0, 0)
            if letter == b"b":
                self.report(status)
                return -1
        return self.report(status)

    def script(self, at: int) -> int:
        """Run the script at this index of the command line with what follows as arguments, and report; the status."""
        api, state = self.api, self.state
        name = None if self.argv[at] == b"-" and self.argv[at - 1] != b"--" else self.argv[at]
        arguments = self.argv[at + 1 :]
        if self.dialect is Puc:
            self.set_arg(at)
        status = api.luaL_loadfile(state, name)
        if status:
            return self.report(status)
        count = len(arguments) if self.dialect is Puc else self.length_of_arg()
        if not api.lua_checkstack(state, count + 3):
            self.message(b"too many arguments to script")
            return 1
        if self.dialect is Puc:
            for word in arguments:
                push(api, state, word)
        else:
            # LuaJIT takes the arguments back out of `arg`: LUA_INIT or -e may have changed them.
            capi.get_field(api, state, GLOBALS, b"arg")
            table = api.lua_gettop(state)
            for index in range(1, count + 1):
                api.lua_rawgeti(state, table, index)
            api.lua_remove(state, table)
        return self.report(self.call(count, MULTRET))

    def set_arg(self, script: int) -> None:
        """Make the global table `arg`, the script's name at index 0."""
        self.api.lua_createtable(self.state, max(len(self.argv) - script, 0), script)
        for at, word in enumerate(self.argv):
            push(self.api, self.state, word)
            self.api.lua_rawseti(self.state, -2, at - script)
        self.set_field(GLOBALS, b"arg")

    def length_of_arg(self) -> int:
        """How many values the global `arg` has from 1 on; 0 if it is no table."""
        api, state = self.api, self.state
        capi.get_field(api, state, GLOBALS, b"arg")
        count = 0
        if api.lua_type(state, -1) == capi.TTABLE:
            while True:
                api.lua_rawgeti(state, -1, count + 1)
                found = api.lua_type(state, -1) != capi.TNIL
                api.lua_settop(state, -2)
                if not found:
                    break
                count += 1
        api.lua_settop(state, -2)
        return count

    def set_field(self, index: int, name: bytes) -> None:
        """Pop a value into the field `name` of the table at a pseudo-index, without metamethods."""
        push(self.api, self.state, name)
        self.api.lua_insert(self.state, -2)
        self.api.lua_rawset(self.state, index)

    # Texts

    def usage(self) -> bool:
        """Say how to call us, on stderr; always a failure."""
        _write_stderr(self.dialect.usage % (self.program or b""))
        return True

    def print_version(self) -> None:
        """lua prints it on stderr, luajit on stdout."""
        if self.dialect.version_on_stdout:
            self.print(self.evaluate(b"return jit.version") + self.dialect.version)
        else:
            _write_stderr(self.dialect.version)

    def print_jit_status(self) -> None:
        """Whether LuaJIT compiles, and its optimizations."""
        code = b"local s = {require'jit'.status()} s[1] = s[1] and 'JIT: ON' or 'JIT: OFF' return table.concat(s, ' ')"
        self.print(self.evaluate(code) + b"\n")

    def evaluate(self, code: bytes) -> bytes:
        """The text that a line of our own returns; empty when a script has spoiled what it needs."""
        api, state = self.api, self.state
        failed = api.luaL_loadbuffer(state, code, len(code), b"=luaproc") or api.lua_pcall(state, 0, 1, 0)
        text = b"" if failed else text_at(api, state, -1) or b""
        api.lua_settop(state, -2)
        return text

    def print(self, text: bytes) -> None:
        """Write to C's stdout, where Lua's own output goes, and flush."""
        stdio.libc.printf(b"%s", text)
        stdio.libc.fflush(None)


def _write_stderr(text: bytes) -> None:
    try:
        os.write(2, text)
    except OSError:
        pass  # A closed stderr is no reason to do anything else, says C.
