"""The fork server of a wiki: it has Scribunto's libraries, and forks for each page view.

A page view has to begin with what a new server would have. So `ForkServers` compares, before each fork, whatever the
libraries are loaded with, and replaces a fork server that has something else.
"""

from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING, Any

from luaproc.host import HostError, Interpreter, RemoteProtocolError
from luaproc.host.fork_server import AVAILABLE, ForkServer
from luaproc.responder.options import OPTIONS
from luaproc.wiki.compiled import CompiledModules
from luaproc.wiki.loading import Libraries, Loaded

if TYPE_CHECKING:
    from luaproc.wiki.engine import Engine

_FORKS_A_SECOND = 250
"""Page views for each second of CPU time that a fork server may use: a fork takes 0.5 to 1 ms."""

_UNLIMITED_SECONDS = 10
"""CPU time by which the forks of a fork server without a limit are counted."""

SERVER_VARIABLES = tuple(variable for variable, *_ in OPTIONS.values() if variable)
"""Variables that a server reads."""

_RECORDS = ("LUAPROC_COVERAGE", "LUAPROC_PROFILE", "LUAPROC_LOG")
"""Variables by which each Lua process writes a file of its own accord."""

_MAX_FAILURES = 3
"""After so many failures in a row no fork server is started any more: this system does not let us fork."""


class ForkServers:
    """Forks for the page views of one wiki, for several threads.

    The first page view with the same settings has a server of its own: it may be the only one.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._failures = 0
        self._server: ForkServer | None = None
        self._max_forks = 0
        self._key: Any = None
        self._loaded: Loaded | None = None
        self._modules: CompiledModules | None = None

    def fork(self, engine: Engine, libraries: Libraries) -> tuple[Interpreter, Loaded] | None:
        """A server for this page view that has `Libraries.load` behind it; None where one has to be started."""
        with self._lock:
            if not self._fits(engine):
                return None
            key = self._key_of(engine, libraries)
            if key != self._key:
                self._retire()
                self._key = key
                return None
            try:
                return self._fork(engine, libraries)
            except (HostError, RemoteProtocolError):
                self._failures += 1
                self._retire()
                return None

    def close(self) -> None:
        """End the fork server, as soon as no page view of its is open."""
        with self._lock:
            self._retire()
            self._key = None

    def _fits(self, engine: Engine) -> bool:
        options = engine.options
        return (
            AVAILABLE
            and options.server is None
            and options.interpreter is None
            and self._failures < _MAX_FAILURES
            and not any(map(os.environ.get, _RECORDS))
        )

    def _key_of(self, engine: Engine, libraries: Libraries) -> list[Any]:
        settings = engine.server_limits(), engine.view.site.timezone, engine.options.own_session
        return [*settings, *map(os.environ.get, SERVER_VARIABLES), *libraries.given()]

    def _fork(self, engine: Engine, libraries: Libraries) -> tuple[Interpreter, Loaded]:
        server, loaded = self._server, self._loaded
        if (
            server is None
            or loaded is None
            or not server.alive
            or server.forks >= self._max_forks
            or engine.files is not loaded.files
        ):
            self._retire()
            server, loaded = self._begin(engine, libraries)
        if self._modules is not None:
            self._modules.compile()
        lua = server.fork(libraries.functions())
        self._failures = 0
        return lua, loaded.of(lua.adopt)

    def _begin(self, engine: Engine, libraries: Libraries) -> tuple[ForkServer, Loaded]:
        cpu_limit, memory_limit = engine.server_limits()
        server = self._server = ForkServer(
            cpu_limit=cpu_limit,
            memory_limit=memory_limit,
            lists=False,
            env=engine.server_environment(),
            new_session=engine.options.own_session,
        )
        self._max_forks = _FORKS_A_SECOND * (cpu_limit or _UNLIMITED_SECONDS)
        try:
            self._loaded, self._modules = libraries.load_for_views(server.lua)
        except BaseException:
            self._retire()
            raise
        return server, self._loaded

    def _retire(self) -> None:
        if self._server is not None:
            self._server.retire()
            self._server = self._modules = None
