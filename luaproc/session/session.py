"""The state of a session and what can be done with it; `ops` says by which words, `views` how it looks."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple, Protocol

from luaproc.errors import LuaprocError, visible
from luaproc.host.copying import with_placeholders
from luaproc.host.errors import LuaError, ServerDied
from luaproc.host.functions import LuaFunction
from luaproc.host.interpreter import Interpreter
from luaproc.host.process import FrameHook
from luaproc.install import files
from luaproc.session.errors import SessionError
from luaproc.session.syntax import ASK, Answer, encode
from luaproc.session.typed import COPY_LAST_VALUE, DEFINE_PRINT, is_refused, typed, uses_print
from luaproc.wire.messages import Call, Side
from luaproc.wire.values import MAX_DEPTH, FunctionRef, Value

WIRE_MODES = ("off", "short", "on")

# The globals of the modules' environment, as Scribunto lets them through. Words, not a list: it is read as a page.
LIBRARY_NAMES = """
_G _VERSION assert error getfenv getmetatable ipairs next pairs pcall rawequal rawget rawset select setfenv setmetatable
tonumber tostring type unpack xpcall
string.byte string.char string.find string.format string.gmatch string.gsub string.len string.lower string.match
string.rep string.reverse string.sub string.upper
table.concat table.insert table.maxn table.remove table.sort
math.abs math.acos math.asin math.atan math.atan2 math.ceil math.cos math.cosh math.deg math.exp math.floor math.fmod
math.frexp math.huge math.ldexp math.log math.log10 math.max math.min math.modf math.pi math.pow math.rad math.random
math.randomseed math.sin math.sinh math.sqrt math.tan math.tanh
os.clock os.date os.difftime os.time debug.traceback
""".split()  # noqa: SIM905

_UTF8_MARK = b"\xef\xbb\xbf"  # some editors of Windows write it at a file's beginning; Lua 5.1 does not know it

_ID = re.compile(r"(?:chunks\[)?([0-9]{1,15})\]?")


class Held(NamedTuple):
    """A function that this side holds: how it is called here, and the Lua that was typed for it, if it was."""

    function: LuaFunction
    name: str
    text: str = ""


class LoadedFile:
    """A file that was loaded, and how its chunk is called; `stamp` changes when the file does."""

    def __init__(self, path: Path, name: str, module: str = "") -> None:
        self.path, self.name, self.module = path, name, module
        self.chunk = 0
        self.called = False
        self.stamp = self.stamp_now()

    def stamp_now(self) -> tuple[int, int, int] | None:
        """Inode, size and time of the last change (ns); None where the file is gone."""
        try:
            found = self.path.stat()
        except OSError:
            return None
        return found.st_ino, found.st_size, found.st_mtime_ns


class Watcher(Protocol):
    """Whoever wants to see what happens during a step."""

    def frame(self, side: Side, body: bytes, cut: int | None) -> None:
        """A frame passed; no more than `cut` characters of it are wanted."""

    def printed(self, text: str) -> None:
        """Lua's `print` has a line."""

    def noted(self, text: str) -> None:
        """The session itself has something to say during a step."""

    def called(self, name: str, args: tuple[Any, ...], depth: int) -> None:
        """Lua calls a PHP function. depth: 1 for the first."""

    def answered(self, depth: int, values: tuple[Any, ...] | None, error: Any = None, *, typed: bool = False) -> None:
        """What it was answered: values, or an error's value where `values` is None. typed: by a person, just now."""


Ask = Callable[[str, int], Answer]
"""Asked for the answer to a call of the function of that name, at that depth."""

SHORT = 160
"""Characters of a body in the wire view ``short``."""


class Session:
    """One server, driven by hand.

    server: its command, None for our own. watcher: see `Watcher`. ask: see `Ask`; without it, a call that has
    no answer fails the step. go_on: asked at Ctrl-C while the server works, see `Interpreter.on_interrupt`.
    The others belong to `luaproc.host.Connection`.

    Raises ServerNotStarted; what the methods raise is what `Interpreter` raises, and SessionError.
    """

    def __init__(
        self,
        server: Sequence[str] | None,
        watcher: Watcher,
        *,
        ask: Ask | None = None,
        go_on: Callable[[], bool] | None = None,
        timeout: float | None = 60.0,
        cpu_limit: int | None = None,
        memory_limit: int | None = None,
    ) -> None:
        self.watcher = watcher
        self.ask = ask
        self.go_on = go_on
        self.wire = "off"
        self.leaving = False
        self.held: dict[int, Held] = {}
        self.libraries: dict[str, dict[str, Answer]] = {}
        self.answers: deque[Answer] = deque()
        """What the next calls that ask are answered."""
        self.record: list[str] = []
        self.files: dict[Path, LoadedFile] = {}
        """What ``:load`` and ``:module`` read."""
        self.watches = False
        """Whether files that changed are loaded anew before each step."""
        self._has_print = False
        self._unanswered = ""
        self._start = partial(
            Interpreter,
            server,
            timeout=timeout,
            cpu_limit=cpu_limit,
            memory_limit=memory_limit,
            encoding=None,
            lists=False,
            on_frame=self._frame_hook(),
            on_interrupt=self._interrupted,
            # For what :raw registers; what :register does has a callable of its own.
            fallback=lambda name, args, _depth: self._php_function(name, ASK, *args),
            new_session=True,  # Ctrl-C is ours to understand
        )
        self.interpreter = self._start()

    def _frame_hook(self) -> FrameHook:
        def hook(side: Side, body: bytes, _seconds: float) -> None:
            if self.wire != "off":
                self.watcher.frame(side, body, SHORT if self.wire == "short" else None)

        return hook

    def _interrupted(self) -> bool:
        return self.go_on is not None and self.go_on()

    @property
    def alive(self) -> bool:
        """Whether there is a server to talk to."""
        return self.interpreter.connection.alive

    @property
    def prompt(self) -> str:
        """What stands before the next step."""
        return "lua> " if self.alive else "(no server) "

    def prepare(self) -> str:
        """Load files anew that changed, where ``:watch`` wants it; which ones these were, for a person."""
        files = self.reload(only_changed=True) if self.watches else []
        return reloaded_text(files) if files else ""

    def interrupted(self) -> str:
        """What Ctrl-C did: the server was ended when its user agreed."""
        return "interrupted; the server was ended"

    def lost(self) -> str:
        """What to do about a server that is gone."""
        return ":restart starts a fresh server"

    def last_words(self, error: LuaprocError) -> str:
        """What a server that is gone by this error has said on stderr, without its last line end."""
        if isinstance(error, ServerDied):
            return error.stderr.rstrip()
        return (
            "" if self.alive or isinstance(error, SessionError) else self.interpreter.connection.stderr_tail().rstrip()
        )

    def __enter__(self) -> Session:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.interpreter.terminate()

    def restart(self) -> list[LoadedFile]:
        """End the server, start a fresh one, register this side's libraries with it, as PHP would, and load the modules
        of ``:module`` again; which ones these are."""
        self.interpreter.terminate()
        self.held.clear()
        self._has_print = False
        self.interpreter = self._start()
        for name in self.libraries:
            self._register(name)
        return self._load_anew([file for file in self.files.values() if file.module])

    def run_lua(self, text: str, name: str) -> tuple[Any, ...]:
        """Load Lua code and call it; an expression's values are returned. name: the chunk's.

        What is added to the code, so that the steps know of each other: see `luaproc.session.typed`.
        """
        self._need_print(text)
        compiled = typed(text, self._library_names())
        for note in compiled.notes:
            self.watcher.noted(note)
        chunk = self._load_first(compiled.texts, f"={name}")
        self.hold(chunk, name, text)
        try:
            return self.call(chunk.id)
        except LuaError as error:
            if not is_refused(error.message):
                raise
            copy = self.interpreter.load_string(COPY_LAST_VALUE, f"={name}")
            return tuple(with_placeholders(value) for value in self.interpreter.convert(self._values_of(copy)))

    def _values_of(self, function: LuaFunction) -> tuple[Value, ...]:
        return self.interpreter.request(Call(function.id, ()))

    def _load_first(self, texts: Sequence[bytes], chunk_name: str) -> LuaFunction:
        """The first of the texts that compiles; the last one's error is told."""
        for text in texts[:-1]:
            try:
                return self.interpreter.load_string(text, chunk_name)
            except LuaError:
                pass
        return self.interpreter.load_string(texts[-1], chunk_name)

    def _library_names(self) -> set[str]:
        return {name.partition(".")[0] for name in (*LIBRARY_NAMES, *self.libraries)}

    def _need_print(self, text: str | bytes) -> None:
        """Make `print` before Lua that has the word: a wiki has none, and other steps need none of its frames."""
        if self._has_print or not uses_print(text):
            return
        self._has_print = True
        write = self.interpreter.wrap_php_function(self._print_line, "print")
        self.interpreter.call(self.interpreter.load_string(DEFINE_PRINT, "=print"), write)

    def _print_line(self, text: bytes) -> None:
        self.watcher.printed(text.decode("utf-8", "surrogateescape"))

    def load_file(self, path: Path, name: str = "", module: str = "") -> LuaFunction:
        """Load a file without calling it, and remember it for `reload`.

        name: the chunk's, as `load` takes it; by default the file's. module: the global that holds what it returns,
        where it is called as a module. Raises `NotReadError`.
        """
        file = LoadedFile(path, name or "@" + path.name, module)
        chunk = self._load(file)
        self.files[path] = file
        return chunk

    def load_module(self, path: Path, variable: str) -> tuple[Any, ...]:
        """Load a file and call it, as `require` would; what it returns, which the global `variable` then holds."""
        self.load_file(path, f"=Module:{variable}", variable)
        return self._call_module(self.files[path])

    def reload(self, only_changed: bool = False) -> list[LoadedFile]:
        """Load files anew that were loaded before, and call those that were called; which ones these are."""
        files = self.files.values()
        return self._load_anew([f for f in files if not only_changed or f.stamp_now() not in (None, f.stamp)])

    def _load_anew(self, files: list[LoadedFile]) -> list[LoadedFile]:
        for file in files:
            file.stamp = file.stamp_now()
            called = file.called
            self._load(file)
            if file.module:
                self._call_module(file)
            elif called:
                self.call(file.chunk)
        return files

    def _load(self, file: LoadedFile) -> LuaFunction:
        text = files.read(file.path, files.TEXT)
        chunk = self.load(text.removeprefix(_UTF8_MARK), file.name)
        file.chunk, file.called = chunk.id, False
        return chunk

    def _call_module(self, file: LoadedFile) -> tuple[Any, ...]:
        file.called = True
        taken = self.interpreter.load_string(encode(f"{file.module} = (...)()\nreturn {file.module}"), "=module")
        values = self.interpreter.convert(self.interpreter.request(Call(taken.id, (FunctionRef(file.chunk),))))
        for value in values:
            self.hold(value, file.module)
        return tuple(values)

    def load(self, text: bytes, chunk_name: str) -> LuaFunction:
        """Load Lua code without calling it. chunk_name: as Lua takes it, with ``=`` or ``@`` before it."""
        self._need_print(text)
        chunk = self.interpreter.load_string(text, encode(chunk_name))
        self.hold(chunk, chunk_name[1:] if chunk_name[:1] in ("=", "@") else chunk_name)
        return chunk

    def call(self, number: int, args: Sequence[Any] = ()) -> tuple[Any, ...]:
        """Call the chunk of that id, whoever holds it; its results."""
        name = self.held[number].name if number in self.held else ""
        for file in self.files.values():
            file.called |= file.chunk == number
        return self.send(Call(number, tuple(map(_to_wire, args))), name)

    def send(self, request: Call | bytes, name: str = "") -> tuple[Any, ...]:
        """Send a call or a hand-written body; the reply's values. name: what its functions are called after."""
        if isinstance(request, bytes):
            reply = self.interpreter.request_body(request)
        else:
            reply = self.interpreter.request(request)
        values = self.interpreter.convert(reply)
        for value in values:
            self.hold(value, f"{name}()" if isinstance(value, LuaFunction) and name else name)
        return tuple(values)

    def register(self, name: str, functions: dict[str, Answer]) -> None:
        """Put PHP functions with these answers into the global table `name`."""
        self.libraries[name] = {**self.libraries.get(name, {}), **functions}
        self._register(name, functions)

    def _register(self, name: str, functions: dict[str, Answer] | None = None) -> None:
        answers = self.libraries[name] if functions is None else functions
        self.interpreter.register_library(
            name, {key: partial(self._php_function, f"{name}.{key}", answer) for key, answer in answers.items()}
        )

    def wrap(self, name: str, answer: Answer) -> LuaFunction:
        """A Lua function that calls a PHP function with this answer."""
        function = self.interpreter.wrap_php_function(partial(self._php_function, name, answer), name)
        self.hold(function, name)
        return function

    def cleanup(self, keep: set[int]) -> int:
        """Let go of every function but these and tell the server; how many there were to let go."""
        before = len(self.held)
        for number in [number for number in self.held if number not in keep]:
            del self.held[number]
        self.interpreter.cleanup_chunks()
        return before - len(self.held)

    def quit(self, test: bool = False) -> ServerDied:
        """Ask the server to end (or, for a test, to fail); how it ended."""
        status = self.interpreter.testquit() if test else self.interpreter.quit()
        return ServerDied(status)

    def hold(self, value: Any, name: str, text: str = "") -> None:
        """Keep the functions in a value, and name them after the place where they were first seen."""
        rest = [(value, name)]
        while rest:
            value, name = rest.pop()
            if isinstance(value, LuaFunction):
                if value.id not in self.held:
                    self.held[value.id] = Held(value, name or f"function {value.id}", text)
            elif isinstance(value, dict):
                for key, item in reversed(value.items()):
                    if isinstance(item, (LuaFunction, dict)):
                        word = key.decode("utf-8", "replace") if isinstance(key, bytes) else str(key)
                        rest.append((item, f"{name}.{word}" if name else word))

    def find(self, word: str) -> int:
        """The id that a word means: ``3``, ``chunks[3]``, the name of a function held, or the end of it after a dot."""
        match = _ID.fullmatch(word)
        if match:
            return int(match[1])
        names = {held.name: number for number, held in self.held.items()}  # of equal names the newest
        ends = {name.rpartition(".")[2]: number for name, number in names.items()}
        if word in names or word in ends:
            return names[word] if word in names else ends[word]
        raise SessionError(f"expected the id or the name of a function, got {word!r}; :chunks lists them")

    def check_answered(self) -> None:
        """Raise SessionError if a call of this step had no answer: Lua may have caught the error that it got."""
        if self._unanswered:
            name, self._unanswered = self._unanswered, ""
            raise SessionError(f"Lua called {name}, and nothing answers: register it with an answer, or :answer before")

    def _php_function(self, name: str, answer: Answer, *args: Any) -> tuple[Any, ...]:
        """What Lua calls."""
        depth = self.interpreter.depth
        for number, arg in enumerate(args, 1):
            self.hold(arg, f"{name} argument {number}")
        self.watcher.called(name, args, depth)
        typed = False
        if answer.kind == "ask":
            answer, typed = self._next_answer(name, depth)
        try:
            values = self._results(answer, args)
        except LuaprocError as error:
            value = error.value if isinstance(error, LuaError) else str(error).encode()
            self.watcher.answered(depth, None, value, typed=typed)
            raise
        self.watcher.answered(depth, values, typed=typed)
        return values

    def _next_answer(self, name: str, depth: int) -> tuple[Answer, bool]:
        """The answer, and whether a person has given it now."""
        if self.answers:
            return self.answers.popleft(), False
        if self.ask is not None:
            return self.ask(name, depth), True
        self._unanswered = name
        return Answer("error", (f"no answer for {name}".encode(),)), False

    def _results(self, answer: Answer, args: tuple[Any, ...]) -> tuple[Any, ...]:
        if answer.kind == "error":
            error = LuaError(answer.values[0])
            if isinstance(error.value, bytes):
                # All of it, also what looks like a position: PHP sends what it has.
                error.message = error.value.decode("utf-8", "surrogateescape")
            raise error
        if answer.kind == "call":
            return self.call(self.find(answer.callee), args)
        return args if answer.kind == "arguments" else answer.values


def reloaded_text(files: list[LoadedFile]) -> str:
    """Which files were loaded anew, for a person."""
    return "loaded anew: " + ", ".join(visible(encode(str(file.path))) for file in files)


def _to_wire(value: Any, level: int = 0) -> Value:
    """A value that was typed, or that Lua gave, as the wire has it; the wire refuses more than `MAX_DEPTH` levels."""
    if isinstance(value, LuaFunction):
        return FunctionRef(value.id)
    if isinstance(value, dict) and level <= MAX_DEPTH:
        return {key: _to_wire(item, level + 1) for key, item in value.items()}
    return value
