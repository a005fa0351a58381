"""Lua states in this process, for wikis whose modules are trusted: each has Scribunto's libraries, and serves one page
view after the other.

A page view has to begin with what a new server would have. So a state is restored before each (lua/snapshot.lua), and
given up where that does not succeed, where Lua was ended in it, and where the libraries are loaded with something else.
"""

from __future__ import annotations

import os
import threading
from functools import partial
from typing import TYPE_CHECKING, Any

from luaproc.errors import UsageError
from luaproc.host import HostError, RemoteProtocolError
from luaproc.host.inner import InnerInterpreter
from luaproc.responder import limits
from luaproc.responder.inner import InnerResponder
from luaproc.wiki.fork_servers import SERVER_VARIABLES
from luaproc.wiki.loading import Libraries, Loaded
from luaproc.wiki.own_lua import OWN_LUA, own_lua

if TYPE_CHECKING:
    from luaproc.wiki.engine import Engine

_KEPT = 4
"""States that are kept: for as many page views at once."""

_UTC = ("UTC", "Etc/UTC")
"""Time zones in which a state can tell the time: the process's own may be another one."""


class _State:
    """A responder, who loaded the libraries into it, and what these are."""

    def __init__(self, engine: Engine, libraries: Libraries, key: Any) -> None:
        self.key = key
        cpu_limit, memory_limit = engine.server_limits()
        self.responder = InnerResponder(memory_limit, cpu_limit)
        try:
            self.lua = InnerInterpreter(self.responder, lists=False)
            self.lua.load_string(own_lua("utc"), f"@{OWN_LUA}")()
            self.loaded, self._modules = libraries.load_for_views(self.lua)
            self.responder.keep()
        except BaseException:
            self.responder.close()
            raise

    def begins(self, engine: Engine) -> bool:
        """Whether it can serve this page view."""
        if engine.files is not self.loaded.files:
            return False
        try:
            if not self.responder.restore():
                return False
            if self._modules.compile():
                self.responder.keep_more()
        except BaseException:  # of a signal's handler, say
            self.responder.close()
            raise
        return True


class InnerStates:
    """The states of one wiki, for several threads."""

    def __init__(self) -> None:
        self._lock = threading.RLock()  # the collector may give a state back wherever the same thread is
        self._key: Any = None
        self._free: list[_State] = []

    def begin(self, engine: Engine, libraries: Libraries) -> tuple[InnerInterpreter, Loaded] | None:
        """A Lua side for this page view that has `Libraries.load` behind it.

        None where a process has to be it: with settings that only a process can have, in a locale of C's that is not
        Lua's, without Lua 5.1 in lupa.
        """
        if not _fits(engine):
            return None
        key = [engine.server_limits(), *libraries.given()]
        while state := self._take(key):
            if state.begins(engine):
                break
            state.responder.close()
        else:
            try:
                state = _State(engine, libraries, key)
            except (HostError, UsageError, RemoteProtocolError):
                return None
            if not state.begins(engine):
                state.responder.close()
                return None
        lua = InnerInterpreter(
            state.responder, state.lua, libraries.functions(), on_end=partial(self._give_back, state)
        )
        return lua, state.loaded.of(lua.adopt)

    def close(self) -> None:
        """Let go of the states; of those in use, at the end of their page views."""
        with self._lock:
            self._key = None
            free, self._free = self._free, []
        for state in free:
            state.responder.close()

    def _take(self, key: Any) -> _State | None:
        if key != self._key:
            self.close()
        with self._lock:
            self._key = key
            return self._free.pop() if self._free else None

    def _give_back(self, state: _State) -> None:
        with self._lock:
            if state.key == self._key and not state.responder.over and len(self._free) < _KEPT:
                self._free.append(state)
                return
        state.responder.close()


def _fits(engine: Engine) -> bool:
    options = engine.options
    return (
        options.server is None
        and options.interpreter is None
        and engine.view.site.timezone in _UTC
        and not any(map(os.environ.get, SERVER_VARIABLES))
        and not limits.address_space()
    )
