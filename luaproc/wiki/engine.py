"""Scribunto's engine for one page view: boots the Lua libraries, runs modules, keeps frames and limits.

The order of the steps at the start and around each call is PHP's (LuaEngine::load and the hook of ``#invoke``), so that
the Lua files find what they expect.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from luaproc.host import HostError, Interpreter, LuaError, LuaFunction
from luaproc.host.heirs import HeirInterpreter
from luaproc.host.interpreter import PhpFunction
from luaproc.install.lualib import Lualib, LualibFiles, read_below
from luaproc.wiki.failures import ModuleError, from_host, shown
from luaproc.wiki.fork_servers import ForkServers
from luaproc.wiki.inner_states import InnerStates
from luaproc.wiki.interfaces import ArgumentsLike, FrameLike, PreprocessorLike
from luaproc.wiki.loading import Libraries, Loaded, run_library
from luaproc.wiki.messages import Messages
from luaproc.wiki.titles import MODULE, Title
from luaproc.wiki.values import is_sendable, text_of
from luaproc.wiki.view import PageView
from luaproc.wire.errors import LocalProtocolError, RemoteProtocolError

EXPANSIONS_KEPT = 100
"""Of templates and texts that a module had expanded: Scribunto's number."""

COVERAGE = "LUAPROC_COVERAGE"
"""The variable by which Lua's processes count lines (`luaproc.wiki.observing`). They write the last of it at `quit`."""

_COVERAGE_FACTOR = 4
"""How many times as much CPU time a process gets that counts lines: work with strings takes 3 times as long then, a
function that does nothing but call itself 24 times. What runs without end is to end before the host's 60 s are over."""

_TOLD = 10_000
"""Characters of a frame's arguments that Lua is told of, asked or not."""


@dataclass(frozen=True, slots=True)
class ExtraLibrary:
    """A library besides Scribunto's, as an extension adds it.

    name: for `require`. lua: the code of its file, which returns the package and may have a setupInterface. functions:
    what it finds in mw_interface. deferred: it is loaded when it is required.
    """

    name: str
    lua: str
    functions: Mapping[str, PhpFunction] = field(default_factory=dict)
    options: Mapping[str, Any] = field(default_factory=dict)
    deferred: bool = False


@dataclass(frozen=True)
class EngineOptions:
    """What stays from page to page: Scribunto's library, the server's command, what Lua may know.

    lua_path: folders with further Lua files for `require`. fixed_time: whether os.time and os.date tell the page
    view's moment; the server's clock otherwise. seed: of math.random, 1 as in a wiki. hold_limits: whether Lua's
    process gets the site's limits of time and memory. own_session: whether that process has a session of its own, which
    a terminal's Ctrl-C does not reach: it is for this side, which ends the Lua process. interpreter: a Lua side that
    runs already, in place of a server. fork_servers: servers that have the libraries, and fork. inner_states: states in
    this process that have them, for modules that are trusted. chunk_name: of a module that is required; by default its
    title.
    """

    lualib: Lualib
    messages: Messages
    server: Sequence[str] | None = None
    fixed_time: bool = False
    seed: int | None = None
    hold_limits: bool = True
    own_session: bool = True
    allow_env_funcs: bool = False
    extra: Sequence[ExtraLibrary] = ()
    lua_path: Sequence[str] = ()
    interpreter: Interpreter | None = None
    fork_servers: ForkServers | None = None
    inner_states: InnerStates | None = None
    chunk_name: Callable[[Title], str] | None = None


def _plain(frame: FrameLike | None) -> Mapping[str, Mapping[Any, Any]] | None:
    """A frame's arguments as lua/answers.lua has them told; None where Lua is to ask for them: they would take much of
    its memory, or there is a text that cannot be sent, which is no error before Lua asks for it."""
    if frame is None:
        return None
    texts, others = frame.plain_arguments()
    told = "".join([*map(str, texts), *texts.values(), *map(str, others)])
    if len(told) > _TOLD or not is_sendable(told):
        return None
    if not others:
        return {"all": frame.arguments()}
    return {"texts": texts, "others": dict.fromkeys(others, True)}


class Module:
    """A module's text and, once it is compiled, its chunk."""

    def __init__(self, engine: Engine, title: Title, text: str) -> None:
        self._engine = engine
        self.title = title
        self.text = text
        self._chunks: dict[str, LuaFunction] = {}

    def chunk(self, name: str | None = None) -> LuaFunction:
        """The compiled text, under a chunk's name; by default its title. Raises LuaError for a syntax error."""
        name = name or f"={self.title.prefixed_key}"
        if name not in self._chunks:
            self._chunks[name] = self._engine.compile(name, self.text)
        return self._chunks[name]


class Engine:
    """One Lua side and what it knows of one page view. It begins when a module first runs."""

    def __init__(self, view: PageView, preprocessor: PreprocessorLike, options: EngineOptions) -> None:
        self.view = view
        self.preprocessor = preprocessor
        self.options = options
        self.messages = options.messages
        self.allow_env_funcs = options.allow_env_funcs
        self.frames: dict[str, FrameLike | None] = {}
        self.errors: list[ModuleError] = []
        self._modules: dict[str, Module | None] = {}
        self._expanded: dict[object, str] = {}
        self._interpreter: Interpreter | None = None
        self._loaded: Loaded | None = None
        self._lost_by: ModuleError | None = None
        self._told: FrameLike | None = None
        self._silent = False  # whether Lua has said that no module has logged anything
        self.deferred = {item.name: item for item in options.extra if item.deferred}

    @cached_property
    def files(self) -> LualibFiles:
        """Scribunto's library, as this page view finds it."""
        return self.options.lualib.now()

    @property
    def interpreter(self) -> Interpreter:
        """The Lua side, started and with its libraries. Raises `ModuleError` when its process has ended."""
        if self._lost_by is not None:
            raise self._lost_by.with_traceback(None)  # without the frames of earlier raises
        if self._interpreter is None:
            self._load()
            assert self._interpreter is not None
        return self._interpreter

    @property
    def started(self) -> bool:
        """Whether there is a Lua process."""
        return self._interpreter is not None and self._lost_by is None

    @property
    def lost(self) -> bool:
        """Whether there was a Lua process that has ended, so that no module of this page view can run any more."""
        lua = self._interpreter
        return self._lost_by is not None or (lua is not None and not lua.connection.alive)

    def last_words(self) -> str:
        """What the Lua process has said on stderr, without the last line end; where a loop was when time was over."""
        return "" if self._interpreter is None else self._interpreter.connection.stderr_tail().rstrip()

    def close(self) -> None:
        """End the Lua process, as PHP does after a page."""
        if self._interpreter is not None:
            if COVERAGE in os.environ:
                with suppress(HostError, RemoteProtocolError):
                    self._interpreter.quit()
            self._interpreter.terminate()
            self._interpreter = None

    def _load(self) -> None:
        libraries = Libraries(self)
        options = self.options
        begun: tuple[Interpreter, Loaded] | None = None
        if options.inner_states is not None:
            begun = options.inner_states.begin(self, libraries)
        if begun is None and options.fork_servers is not None:
            begun = options.fork_servers.fork(self, libraries)
        if begun is None:
            lua = self._interpreter = options.interpreter or self._server()
            loaded = libraries.load(lua)
        else:
            lua, loaded = begun
            self._interpreter = lua
        self._loaded = loaded
        lua.cleans_ahead = True
        libraries.set_up(lua, loaded)
        self._tell_frames()
        for extra in self.options.extra:
            if not extra.deferred:
                self._register_extra(extra)

    def _server(self) -> Interpreter:
        cpu_limit, memory_limit = self.server_limits()
        return Interpreter(
            self.options.server,
            cpu_limit=cpu_limit,
            memory_limit=memory_limit,
            lists=False,
            env=self.server_environment(),
            new_session=self.options.own_session,
        )

    @contextmanager
    def loading(self, lua: Interpreter) -> Iterator[None]:
        """Have this as the Lua side while it loads libraries for other page views, too."""
        self._interpreter = lua
        try:
            yield
        finally:
            self._interpreter = None

    def server_limits(self) -> tuple[int | None, int | None]:
        """Seconds of CPU time and bytes of memory that a server of ours gets; None where it is not held to any."""
        limits = self.view.site.limits
        if not self.options.hold_limits:
            return None, None
        return limits.lua_seconds * (_COVERAGE_FACTOR if COVERAGE in os.environ else 1), limits.lua_bytes

    def server_environment(self) -> dict[str, str]:
        """The environment that a server of ours is started in."""
        timezone = self.view.site.timezone
        return os.environ | {"TZ": timezone, "LUAPROC_TIMEZONE": timezone}

    def _register_extra(self, extra: ExtraLibrary) -> Any:
        assert self._interpreter is not None
        code = extra.lua.encode("utf-8", "surrogateescape")
        return run_library(self._interpreter, extra.functions, code, extra.name, extra.options)

    def load_deferred(self, name: str) -> Any:
        """The package of a library that waits for `require`; None if there is none of that name."""
        extra = self.deferred.get(name)
        return None if extra is None else self._register_extra(extra)

    def lua_file(self, path: str) -> bytes | None:
        """The text of a file for `require`: of Scribunto's folders, then of the given ones.

        A page view looks once for a file of Scribunto's: what it found stays, though the file may change meanwhile.
        """
        path = path.lstrip("/")
        code = self.files.find(path)
        if code is not None:
            return code
        for directory in self.options.lua_path:
            code = read_below(Path(directory), path)
            if code is not None:
                return code
        return None

    def module(self, title: Title) -> Module | None:
        """The module of that title, redirects followed; None if the page is missing."""
        key = title.prefixed_key
        if key not in self._modules:
            text, found = self.preprocessor.fetch(title)
            if text is None:
                self._modules[key] = None
            else:
                final = found.prefixed_key
                module = self._modules.get(final) or Module(self, found, text)
                self._modules[final] = self._modules[key] = module
        return self._modules[key]

    def compile(self, name: str, text: str) -> LuaFunction:
        """A module's chunk of that name. Raises LuaError for a syntax error, `ModuleError`."""
        lua = self.interpreter
        assert self._loaded is not None
        known, chunk = self._loaded.chunks.get(name, (None, None))
        if chunk is None or known != text:
            chunk = lua.load_string(text, name)
            self._loaded.met(name, text)
        return chunk

    def compiled(self, title: Title, name: str) -> LuaFunction:
        """The chunk of a module, which is called `name` where it is missing. Raises LuaError, `ModuleError`."""
        module = self.module(title)
        if module is None:
            raise self._failure("scribunto-common-nosuchmodule", name)
        return module.chunk()

    @contextmanager
    def current(self, frame: FrameLike | None, told: bool = False) -> Iterator[None]:
        """Make a frame the one that Lua calls `current`, with a cache of expansions of its own. told: whether Lua is
        told of it otherwise."""
        kept = self.frames, self._expanded
        if frame is None:
            frame = self.preprocessor.root_frame()
        self.frames = {"current": frame, "parent": frame.parent}
        self._expanded = {}
        if told:
            self._told = frame
        self._tell_frames()
        try:
            yield
        finally:
            self._silent = False
            self.frames, self._expanded = kept
            self._tell_frames()

    def forget(self) -> None:
        """Forget what Lua had expanded in the current frame, and the frames that it made."""
        self.frames = {name: self.frames[name] for name in ("current", "parent")}
        self._expanded = {}

    def _tell_frames(self) -> None:
        """Let Lua know of the current frame's arguments, and its parent's, before it runs on."""
        frame = self.frames.get("current")
        if self._loaded is None or frame is None or frame is self._told or self._interpreter is None:
            return
        self._told = frame
        self._interpreter.tell(self._loaded.know, _plain(frame), _plain(frame.parent))

    def frame(self, frame_id: Any) -> FrameLike:
        """A frame by the name that Lua has for it. Raises LuaError."""
        if frame_id == "empty":
            return self.preprocessor.root_frame()
        found = self.frames.get(frame_id) if isinstance(frame_id, str) else None
        if found is None:
            raise LuaError("invalid frame ID")
        return found

    def expanded_once(self, key: object, frame: FrameLike, expand: Callable[[], str]) -> str:
        """A text of the current call's cache, or expanded now; what a volatile frame gives is not kept."""
        if key in self._expanded:
            return self._expanded[key]
        cache = self._expanded
        text = expand()
        if not frame.volatile:
            if len(cache) > EXPANSIONS_KEPT:
                del cache[next(iter(cache))]
            cache[key] = text
        return text

    def count_expensive(self, *_: Any) -> None:
        """Count an expensive call. Raises LuaError when there were too many."""
        if not self.view.count_expensive():
            raise LuaError("too many expensive function calls")

    def execute_module(self, chunk: LuaFunction, name: str | bool | None, frame: FrameLike | None) -> Any:
        """What a module's table has under that name (None: the whole table). Raises LuaError, `ModuleError`."""
        with self.current(frame):
            ok, value, *_ = [*self.interpreter.call(self.mw_function("executeModule"), chunk, name), None]
        if not ok:
            raise self._failure("scribunto-lua-notarrayreturn", text_of(value))
        return value

    def mw_function(self, name: str) -> LuaFunction:
        """A function of mw.lua's table that modules do not have. Raises LuaError, `ModuleError`."""
        _ = self.interpreter  # where it was not started, it is now
        assert self._loaded is not None
        return self._loaded.mw[name]

    def call_function(self, title: Title, name: str, args: Sequence[Any]) -> list[Any]:
        """Call a function of a module's table with values; its results. Raises LuaError, `ModuleError`."""
        found = self.execute_module(self.compiled(title, title.text), name, None)
        if found is None:
            raise self._failure("scribunto-common-nosuchfunction", name)
        if not isinstance(found, LuaFunction):
            raise self._failure("scribunto-common-notafunction", name)
        with self.current(None):
            return self.interpreter.call(found, *args)

    def usage(self) -> tuple[float, int] | None:
        """What the Lua process used: seconds of the processor, bytes of address space; None if it cannot be asked."""
        if not self.started:
            return None
        try:
            lua = self._interpreter
            assert lua is not None
            status = lua.status_unasked() if isinstance(lua, HeirInterpreter) else None
            status = status or lua.get_status()
        except (HostError, RemoteProtocolError):
            return None
        if status is None or status.time is None or status.vsize is None:
            return None
        return status.time / os.sysconf("SC_CLK_TCK"), status.vsize

    def log(self) -> str:
        """What modules wrote with mw.log; "" if Lua cannot be asked."""
        if not self.started or self._loaded is None or self._silent:
            return ""
        try:
            # This is the end of most page views.
            return text_of(self.interpreter.call_at_the_end(self._loaded.mw["getLogBuffer"])[0])
        except (HostError, RemoteProtocolError):
            return ""

    def run(self, name: str, function: str, frame: FrameLike) -> str:
        """One call of a module's function with the frame as its current one. Raises `ModuleError`."""
        title = self.view.site.make_title(MODULE, name)
        if title is None or title.content_model != "Scribunto":
            raise self._failure("scribunto-common-nosuchmodule", name)
        text: str = self.guarded(lambda: self._run(title, name, function, frame))
        return text

    def _run(self, title: Title, name: str, function: str, frame: FrameLike) -> str:
        chunk = self.compiled(title, name)
        assert self._loaded is not None
        with self.current(frame, told=True):
            told = _plain(frame), _plain(frame.parent)
            found, value, *_ = [*self.interpreter.call(self._loaded.run, chunk, function, *told), None, None]
        if isinstance(found, str):
            self._silent = bool(value)
            return found
        if not found:
            raise self._failure("scribunto-lua-notarrayreturn", text_of(value))
        if value is None:
            raise self._failure("scribunto-common-nosuchfunction", function)
        raise self._failure("scribunto-common-notafunction", function)

    def guarded(self, call: Callable[[], Any]) -> Any:
        """What `call` gives. Raises `ModuleError` for each way in which Lua can fail."""
        try:
            return call()
        except (HostError, RemoteProtocolError) as error:
            failure = from_host(error, self.messages, self.view.title, self.preprocessor.clean)
            if not isinstance(error, LuaError):
                if self._lost_by is None:
                    self._lost_by = failure
                failure = self._lost_by
            raise failure from None
        except (LocalProtocolError, RecursionError) as error:
            # A value that is too deep for the wire or for Python's stack: PHP ends the page with an exception then.
            text = "too many levels of tables" if isinstance(error, RecursionError) else str(error)
            key = "scribunto-lua-error"
            raise ModuleError(self.messages.failure(key, "[UNKNOWN]", text), key, message=text) from None

    def _failure(self, key: str, *parameters: str) -> ModuleError:
        return ModuleError(self.messages.failure(key, "[UNKNOWN]", *parameters), key)

    def invoke(self, frame: FrameLike, arguments: ArgumentsLike) -> str:
        """``{{#invoke:Module|function|…}}``: a parser function. A failure is shown as MediaWiki shows it."""
        try:
            if len(arguments) < 2:
                raise self._failure("scribunto-common-nofunction")
            name = arguments[0]
            title = self.view.site.make_title(MODULE, name)
            if title is None or title.content_model != "Scribunto" or self.module(title) is None:
                raise self._failure("scribunto-common-nosuchmodule", name)
            function = arguments[1]
            # A function's name with an equals sign was parsed as a named argument and has no number of its own.
            named = arguments.split(1)[0] is not None
            child = frame.new_child(title, arguments.rest(2), 2 if named else 1)
            text: str = self.guarded(lambda: self._run(title, name, function, child))
            return self.preprocessor.clean(text)
        except ModuleError as failure:
            self.errors.append(failure)
            if len(self.errors) == 1:
                category = self.messages.text("scribunto-common-error-category")
                self.view.categories.setdefault(category, "")
            return shown(failure, len(self.errors) - 1, self.view.release)
