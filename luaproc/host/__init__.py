"""PHP's side of the protocol: start any Lua-side server, load and call Lua, answer its calls with Python callables.

    from luaproc.host import Interpreter

    with Interpreter() as lua:
        add = lua.load_string("return function(a, b) return a + b end", "=add")()[0]
        assert add(2, 3) == [5]

Names are imported when they are asked for: pytest loads the plugin in this package on every run.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from luaproc.host.async_connection import AsyncConnection as AsyncConnection
    from luaproc.host.async_interpreter import AsyncInterpreter as AsyncInterpreter
    from luaproc.host.connection import Connection as Connection
    from luaproc.host.core import Status as Status
    from luaproc.host.errors import HostError as HostError
    from luaproc.host.errors import LuaError as LuaError
    from luaproc.host.errors import PoolClosed as PoolClosed
    from luaproc.host.errors import PoolTimeout as PoolTimeout
    from luaproc.host.errors import ServerCancelled as ServerCancelled
    from luaproc.host.errors import ServerDied as ServerDied
    from luaproc.host.errors import ServerNotStarted as ServerNotStarted
    from luaproc.host.errors import ServerTimeout as ServerTimeout
    from luaproc.host.errors import TraceEntry as TraceEntry
    from luaproc.host.functions import AsyncLuaFunction as AsyncLuaFunction
    from luaproc.host.functions import LuaFunction as LuaFunction
    from luaproc.host.interpreter import Interpreter as Interpreter
    from luaproc.host.pool import AsyncInterpreterPool as AsyncInterpreterPool
    from luaproc.host.pool import InterpreterPool as InterpreterPool
    from luaproc.wire.errors import LocalProtocolError as LocalProtocolError
    from luaproc.wire.errors import RemoteProtocolError as RemoteProtocolError

_HOMES = {
    "AsyncConnection": "luaproc.host.async_connection",
    "AsyncInterpreter": "luaproc.host.async_interpreter",
    "AsyncInterpreterPool": "luaproc.host.pool",
    "AsyncLuaFunction": "luaproc.host.functions",
    "Connection": "luaproc.host.connection",
    "HostError": "luaproc.host.errors",
    "Interpreter": "luaproc.host.interpreter",
    "InterpreterPool": "luaproc.host.pool",
    "LocalProtocolError": "luaproc.wire.errors",
    "LuaError": "luaproc.host.errors",
    "LuaFunction": "luaproc.host.functions",
    "PoolClosed": "luaproc.host.errors",
    "PoolTimeout": "luaproc.host.errors",
    "RemoteProtocolError": "luaproc.wire.errors",
    "ServerCancelled": "luaproc.host.errors",
    "ServerDied": "luaproc.host.errors",
    "ServerNotStarted": "luaproc.host.errors",
    "ServerTimeout": "luaproc.host.errors",
    "Status": "luaproc.host.core",
    "TraceEntry": "luaproc.host.errors",
}

__all__ = list(_HOMES)


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted(__all__)
