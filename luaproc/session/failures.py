"""How the errors of steps are told: as text for a person, and as data for JSON."""

from __future__ import annotations

from typing import Any

from luaproc.errors import LuaprocError, NotReadError, NotWrittenError, readable
from luaproc.host import printing
from luaproc.host.errors import HostError, LuaError
from luaproc.wire.errors import LocalProtocolError, RemoteProtocolError


def error_text(error: Exception) -> str:
    """A Lua error as Lua prints it, with its trace; a value that is no text is shown as a value.

    A module's error (`luaproc.wiki.failures.ModuleError`) as MediaWiki shows it, with its trace.
    """
    text: str = getattr(error, "traceback", None) or str(error)
    if not isinstance(error, LuaError):
        return readable(text)
    if not isinstance(error.value, (bytes, str)):
        text = text.replace(str(error), f"{error} {printing.values([error.value])}", 1)
    if error.log:
        text += f"\nlog:\n{error.log}"
    return readable(text)


def error_data(error: Exception) -> dict[str, object]:
    """An error for JSON; Lua's with its value, position and trace."""
    traced: Any = error
    if not hasattr(error, "trace") or getattr(error, "server_lost", False):
        return {"kind": _kind(error), "message": str(error)}
    trace = [
        {"source": entry.short_src, "line": entry.current_line, "what": entry.what, "name": entry.name}
        for entry in traced.trace
    ]
    value = {"value": printing.for_json(error.value)} if isinstance(error, LuaError) else {"text": str(error)}
    return {
        "kind": "lua", "message": traced.message, **value, "module": traced.module, "line": traced.line, "trace": trace
    }  # fmt: skip


def _kind(error: Exception) -> str:
    if isinstance(error, (LocalProtocolError, NotReadError, NotWrittenError)):
        return "session"
    lost = isinstance(error, (HostError, RemoteProtocolError)) or getattr(error, "server_lost", False)
    return "server" if lost or not isinstance(error, LuaprocError) else "session"
