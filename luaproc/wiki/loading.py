"""Scribunto's libraries in a Lua process: first what all page views of a site have, then what is the page's.

The order of the steps is PHP's (LuaEngine::load), so that the Lua files find what they expect. Of the libraries that
know the page, the first half loads the files, and the second calls their setupInterface. A fork server has the first
half for all page views (`luaproc.wiki.fork_servers`), as has a Lua state in this process (`luaproc.wiki.inner_states`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from luaproc.errors import LuaprocError
from luaproc.host import Interpreter, LuaFunction
from luaproc.host.interpreter import PhpFunction
from luaproc.install.lualib import LualibFiles
from luaproc.wiki.compiled import Chunks, CompiledModules
from luaproc.wiki.libraries import Library, order
from luaproc.wiki.libraries.core import Core
from luaproc.wiki.libraries.parser_functions import ParserFunctionsLibrary
from luaproc.wiki.own_lua import OWN_LUA, own_lua

if TYPE_CHECKING:
    from luaproc.wiki.engine import Engine

_MW = ("executeModule", "executeFunction", "getLogBuffer")
"""Functions of mw.lua's table that PHP calls."""

_AHEAD = "require 'ustring/charsets'"
"""Lua that makes the tables which mw.ustring's patterns require once a page has a pattern: lua/charsets.lua keeps them
where no module sees them. To compile the file takes 3 ms."""


class Libraries:
    """Scribunto's libraries of one page view: their functions for Lua, and their options."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self.core = Core(engine)
        self.mw = [kind(engine) for kind in order.LIBRARIES if engine.files.find(kind.file) is not None]
        self.extension = ParserFunctionsLibrary(engine)
        self._functions = {library: library.functions() for library in (self.core, *self.mw, self.extension)}

    def functions(self) -> Iterator[PhpFunction]:
        """All of them, in the order in which `load` registers them."""
        for functions in self._functions.values():
            yield from functions.values()

    def given(self) -> list[Any]:
        """Whatever `load` depends on, beside the files: equal values lead to equal libraries."""
        found: list[Any] = [self.prelude(), self.core.options(), self.extension.code(), *self._engine.deferred]
        for library in self.mw:
            found += [library.file, None if library.of_page else library.known()]
            found += [library.beforehand(), library.afterwards()]
        return found

    def prelude(self) -> tuple[int | None, int | None]:
        """What os.time and os.date tell, and the seed; None for the server's own."""
        options = self._engine.options
        return int(self._engine.view.now.timestamp()) if options.fixed_time else None, options.seed

    def load(self, lua: Interpreter) -> Loaded:
        """Load what is the same for all pages of the site. Raises LuaError, LuaprocError."""
        # A function that Python drops costs a message (`cleanupChunks`) before the next one: so these are kept.
        kept: list[object] = [run_library(lua, {}, self._text("mwInit.lua"), "mwInit.lua", {})]
        prelude = self.prelude()
        if prelude != (None, None):
            lua.load_string(own_lua("prelude"), f"@{OWN_LUA}")(*prelude)
        [replace_clone] = lua.load_string(own_lua("clone"), "@mwInit.lua")()
        core = self.core
        lua.register_library("mw_interface", self._functions[core])
        deferred = dict.fromkeys(self._engine.deferred, True)
        know, runner = lua.load_string(own_lua("answers"), f"@{OWN_LUA}")(deferred)
        mw = set_up_library(lua, self._text(core.file), core.file, core.options())
        replace_clone()
        [run] = runner(*map(mw.get, _MW))
        begin = lua.load_string(own_lua("load_library"), f"@{OWN_LUA}")
        setups: list[LuaFunction] = []
        for library in self.mw:
            lua.register_library("mw_interface", self._functions[library])
            self._run_beside(lua, library, library.beforehand())
            if library.of_page:
                chunk = lua.load_string(self._text(library.file), f"@{library.file}")
                setups += begin(chunk, library.table)
            else:
                kept.append(set_up_library(lua, self._text(library.file), library.file, library.options()))
            self._run_beside(lua, library, library.afterwards())
        lua.load_string(own_lua("charsets"), "=luaproc/charsets.lua")()
        extension = self.extension
        run_library(lua, self._functions[extension], extension.code(), extension.file, {})
        [set_up] = lua.load_string(own_lua("set_up"), f"@{OWN_LUA}")(*setups)
        return Loaded({name: mw[name] for name in _MW}, set_up, know, run, self._engine.files)

    def load_for_views(self, lua: Interpreter) -> tuple[Loaded, CompiledModules]:
        """`load`, for many page views: with what most of them load besides, with nothing held, and with the modules
        that are to be compiled for all of them. Raises as `load`."""
        with self._engine.loading(lua):
            loaded = self.load(lua)
            lua.load_string(_AHEAD, f"@{OWN_LUA}")()
        lua.cleanup_chunks()
        modules = CompiledModules(lua, self._engine.server_limits()[1])
        return replace(loaded, chunks=modules.chunks, met=modules.met), modules

    def set_up(self, lua: Interpreter, loaded: Loaded) -> None:
        """Let the libraries know the page, after `load`."""
        lua.tell(loaded.set_up, *(library.options() for library in self.mw if library.of_page))

    @staticmethod
    def _run_beside(lua: Interpreter, library: Library, code: tuple[str, tuple[Any, ...]] | None) -> None:
        if code is not None:
            lua.load_string(code[0], f"@{library.file}")(*code[1])

    def _text(self, file: str) -> bytes:
        code = self._engine.lua_file(file)
        if code is None:
            raise LuaprocError(
                f"expected {file} in Scribunto's Lua library, {self._engine.options.lualib.path} has none"
            )
        return code


@dataclass(frozen=True, slots=True)
class Loaded:
    """What came of `Libraries.load`.

    mw: functions of mw.lua's table. set_up: gives the libraries that know the page their options. know: tells Lua of
    frames; run: makes an ``#invoke``; see lua/answers.lua for both. files: Scribunto's, of which it was loaded.
    chunks: modules that are compiled already. met: is told the name and text of each that a page view compiles.
    """

    mw: dict[str, LuaFunction]
    set_up: LuaFunction
    know: LuaFunction
    run: LuaFunction
    files: LualibFiles
    chunks: Chunks = field(default_factory=dict)
    met: Callable[[str, str], None] = lambda name, text: None

    def of(self, adopt: Callable[[LuaFunction], LuaFunction]) -> Loaded:
        """The same with the functions of another server."""
        mw = {name: adopt(function) for name, function in self.mw.items()}
        chunks = {name: (text, adopt(chunk)) for name, (text, chunk) in self.chunks.items()}
        return Loaded(mw, adopt(self.set_up), adopt(self.know), adopt(self.run), self.files, chunks, self.met)


def run_library(
    lua: Interpreter, functions: Mapping[str, PhpFunction], code: bytes, name: str, options: Mapping[str, Any]
) -> Any:
    """Load a library as PHP does, with its functions as mw_interface; what its file returns. Raises LuaError."""
    lua.register_library("mw_interface", functions)
    return set_up_library(lua, code, name, options)


def set_up_library(lua: Interpreter, code: bytes, name: str, options: Mapping[str, Any]) -> Any:
    """`run_library` where mw_interface is there already."""
    chunk = lua.load_string(code, f"@{name.rpartition('/')[2]}")
    results = chunk()
    package = results[0] if results else None
    if isinstance(package, dict) and package.get("setupInterface"):
        package["setupInterface"](options)
    return package
