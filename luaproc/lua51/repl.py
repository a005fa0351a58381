"""The prompt of `lua -i`: readline on a terminal, incomplete lines go on, `=expr` means `return expr`."""

import ctypes
import os
import signal
import sys
from collections.abc import Callable

from luaproc.lua51 import capi, stdio
from luaproc.lua51.capi import GLOBALS, MULTRET, text_at

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Protocol

    from luaproc.lua51.dialects import Dialect

    class Prompted(Protocol):
        """What the prompt needs of the interpreter that it belongs to (`standalone.Standalone`)."""

        api: ctypes.CDLL
        state: int
        program: bytes | None
        dialect: type[Dialect]

        def call(self, arguments: int, results: int) -> int:
            """Call the function below so many arguments; the status, and on the stack the results or the error."""

        def report(self, status: int) -> int:
            """Print the error on the stack, if the status says that there is one; the status."""

        def message(self, text: bytes) -> None:
            """Print a message, with the program's name if there is one."""

        def print(self, text: bytes) -> None:
            """Write to stdout."""


EOF = b"'<eof>'"  # A syntax error that ends so is a line that goes on.


def interact(lua: "Prompted") -> None:
    """Read, evaluate and print until the input ends. Errors are printed without the program's name."""
    api, state = lua.api, lua.state
    program, lua.program = lua.program, None
    read, remember = _terminal() if os.isatty(0) and os.isatty(1) else (_piped(lua.dialect.echoes), _forget)
    while True:
        api.lua_settop(state, 0)
        status = _load(lua, read, remember)
        if status is None:
            break
        if not status:
            status = lua.call(0, MULTRET)
        lua.report(status)
        results = api.lua_gettop(state)
        if not status and results > 0:
            capi.get_field(api, state, GLOBALS, b"print")
            api.lua_insert(state, 1)
            if api.lua_pcall(state, results, 0, 0):
                lua.message(b"error calling 'print' (%s)" % (text_at(api, state, -1) or b"(null)"))
    api.lua_settop(state, 0)
    lua.print(b"\n")
    lua.program = program


def _load(lua: "Prompted", read: Callable[[bytes], bytes | None], remember: Callable[[bytes], None]) -> int | None:
    """Read lines until they make a chunk, or an error, on the stack; the status, None at the end of input."""
    text = read(_prompt(lua, b"_PROMPT", b"> "))
    if text is None:
        return None
    text = text.partition(b"\0")[0]
    if text[:1] == b"=":
        text = b"return " + text[1:]
    while True:
        status: int = lua.api.luaL_loadbuffer(lua.state, text, len(text), b"=stdin")
        if status != capi.ERR_SYNTAX or not (text_at(lua.api, lua.state, -1) or b"").endswith(EOF):
            break
        lua.api.lua_settop(lua.state, -2)
        line = read(_prompt(lua, b"_PROMPT2", b">> "))
        if line is None:
            return None
        text += b"\n" + line.partition(b"\0")[0]
    remember(text)
    return status


def _prompt(lua: "Prompted", name: bytes, default: bytes) -> bytes:
    """The prompt that a global asks for."""
    capi.get_field(lua.api, lua.state, GLOBALS, name)
    text = text_at(lua.api, lua.state, -1)
    lua.api.lua_settop(lua.state, -2)
    return default if text is None else text.partition(b"\0")[0]


def _piped(echo: bool) -> Callable[[bytes], bytes | None]:
    """Lines from C's stdin, the one that a script's `io.read` reads."""
    libc = stdio.libc
    stdin = stdio.stream("stdin")
    libc.fgets.restype = ctypes.c_void_p
    libc.fgets.argtypes = [ctypes.c_char_p, ctypes.c_int, ctypes.c_void_p]
    buffer = ctypes.create_string_buffer(512)

    def read(prompt: bytes) -> bytes | None:
        libc.printf(b"%s", prompt)
        libc.fflush(None)
        line = b""
        while not line.endswith(b"\n") and libc.fgets(buffer, len(buffer), stdin):
            line += buffer.value
        if echo and line:
            libc.printf(b"%s\n", line.removesuffix(b"\n"))
        return line.removesuffix(b"\n") if line else None

    return read


def _forget(_text: bytes) -> None:
    """No history where the terminal cannot go back in it."""


def _terminal() -> tuple[Callable[[bytes], bytes | None], Callable[[bytes], None]]:
    """Lines by Python's `input`, which is readline's editing where Python has it, and the history for it."""
    try:
        import readline
    except ImportError:
        readline = None  # type: ignore[assignment]
    else:
        readline.set_auto_history(False)
    encoding = sys.stdin.encoding

    def read(prompt: bytes) -> bytes | None:
        stdio.libc.fflush(None)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        try:
            return input(prompt.decode(encoding, "surrogateescape")).encode(encoding, "surrogateescape")
        except EOFError:
            return None
        except KeyboardInterrupt:
            # lua has the default action here: it dies of the signal. By this way the terminal is in order again.
            signal.signal(signal.SIGINT, signal.SIG_DFL)
            os.kill(os.getpid(), signal.SIGINT)
            return None
        finally:
            signal.signal(signal.SIGINT, signal.SIG_DFL)

    def remember(text: bytes) -> None:
        if readline is not None and text:
            # It encodes by the locale, which is C's since the process was given back: every byte beyond ASCII escapes.
            readline.add_history(text.decode("ascii", "surrogateescape"))

    sys.stdin.reconfigure(errors="surrogateescape")  # type: ignore[union-attr]
    return read, remember
