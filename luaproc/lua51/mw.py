"""`luaproc lua --mw`: Python's half of lua/mw.lua. `luaproc.lua51.modules` says what crosses.

`mw` is Scribunto's own Lua library, loaded into the script's Lua. What it asks of PHP goes as frames, bytes in both
directions, to a process beside this one (luaproc/wiki/standin.py), which answers it as `luaproc wiki` does. Lua's half
of the conversation is the responder's own. So no object of Python's and no exception is ever near a script, and its Lua
state stays that of `lua5.1`.
"""

import os
import socket
import subprocess
import sys

from luaproc.lua51.modules import Native, Value
from luaproc.lua51.stdio import libc
from luaproc.responder import scribunto
from luaproc.wire.errors import RemoteProtocolError
from luaproc.wire.framing import HEADER_SIZE, decode_header, encode_frame, escape

SOURCE = os.path.join(os.path.dirname(__file__), "lua", "mw.lua")
PARTS = os.path.join(os.path.dirname(__file__), os.pardir, "responder", "lua")

_NO_SIGNAL = getattr(socket, "MSG_NOSIGNAL", 0)

_CODE = """
import sys
sys.path[:] = {path!r}
sys.argv[:] = ["luaproc", "wiki", "mw"]
from luaproc.entry import launch
launch()
"""


def functions() -> list[Native]:
    """In the order of the Lua file's arguments: source of a part, exchange of a frame, end of the process, and the
    serialized function object up to its id."""
    host = _Host()
    head = scribunto.function_head(scribunto.function_class(None), 0)
    return [_source, host.exchange, host.end, lambda: (head,)]


def _source(name: bytes) -> tuple[Value, ...]:
    with open(os.path.join(PARTS, f"{name.decode()}.lua"), "rb") as file:
        return (file.read(),)


class _Host:
    """The process that answers; it ends when the socket between it and this one does."""

    def __init__(self) -> None:
        # A socket, for a script's process has SIGPIPE's default action: a pipe to a process that is gone would end it.
        self._socket, theirs = socket.socketpair()
        command = [sys.executable, "-I", "-c", _CODE.format(path=sys.path)]
        self._process = subprocess.Popen(
            command,
            stdin=theirs.fileno(),
            stdout=theirs.fileno(),
            start_new_session=True,  # a terminal's Ctrl-C is for the script, whose end is this process's, too
        )
        theirs.close()

    def exchange(self, body: bytes) -> tuple[Value, ...]:
        """Send a message of Lua's, and receive one for it; nil and a reason where the other process is gone."""
        try:
            frame = memoryview(encode_frame(escape(body)))
            while frame:
                frame = frame[self._socket.send(frame, _NO_SIGNAL) :]
            return (b"return " + self._read(decode_header(self._read(HEADER_SIZE))),)
        except (OSError, EOFError, RemoteProtocolError) as error:
            return None, str(error).encode()

    def _read(self, size: int) -> bytes:
        parts = []
        while size:
            data = self._socket.recv(min(size, 1 << 20))
            if not data:
                raise EOFError("nothing comes")
            parts.append(data)
            size -= len(data)
        return b"".join(parts)

    def end(self, reason: bytes) -> tuple[Value, ...]:
        """End this process. The other one, where it ended by itself, has said why, and its status is this one's."""
        libc.fflush(None)
        self._socket.close()
        status = self._process.wait()
        if status <= 0:
            os.write(2, b"luaproc: mw: the process that answers for PHP has ended: " + reason + b"\n")
        os._exit(status if status > 0 else 1)
