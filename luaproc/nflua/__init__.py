"""NFLua in user space: named Lua states behind a netlink socket, with limits of instructions and of memory.

    from luaproc.nflua import Control, Data

    with Control(timeout=5) as control, Data(timeout=5) as data:
        control.create("echo", maxruns=100_000)
        control.execute("echo", "function __receive_callback(port, d) nf.netlink(port, nil, d) end")
        data.send("echo", b"hello")
        print(data.receive())

The server is `luaproc nflua serve`, or `luaproc.nflua.server`. docs/nflua.md tells what states can and cannot do.
"""

from luaproc.nflua.client import Control, Data
from luaproc.nflua.errors import BadArgument, FaultyReply, NfluaError, Refused, SocketError, TimedOut
from luaproc.nflua.wire import State

__all__ = ["BadArgument", "Control", "Data", "FaultyReply", "NfluaError", "Refused", "SocketError", "State", "TimedOut"]
