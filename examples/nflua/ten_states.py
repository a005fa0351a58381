"""Ten states at work at once, driven by asyncio through their sockets' descriptors.

usage: ten_states.py, with a server running (luaproc nflua serve); LUAPROC_NFLUA_SOCKET names it.
"""

import asyncio

from luaproc.nflua import Control, Data

COUNTER = b"""
nf = require 'nf'
local sum = 0
function __receive_callback( port, d )
	sum = sum + tonumber( tostring( d ) )
	nf.netlink( port, nil, tostring( sum ) )
end
"""


async def readable(socket: Control | Data) -> None:
    """Wait until the descriptor has something to read, a second at most: `receive` then asks whether the server is
    still there, for netlink tells nobody of a peer's end."""
    loop = asyncio.get_running_loop()
    ready = asyncio.Event()
    loop.add_reader(socket.fileno(), ready.set)
    try:
        await asyncio.wait_for(ready.wait(), 1)
    except asyncio.TimeoutError:
        pass
    finally:
        loop.remove_reader(socket.fileno())


async def reply(control: Control) -> None:
    """The reply to the command that was sent."""
    while control.receive(timeout=0) is None:
        await readable(control)


async def count(number: int) -> int:
    """Make a state, have it add up some numbers, and remove it."""
    name = f"counter{number}"
    with Control(timeout=0) as control, Data(timeout=0) as data:
        control.send_create(name, maxruns=10_000, maxalloc=65_536)
        await reply(control)
        control.send_execute(name, COUNTER)
        await reply(control)
        answer = b""
        for value in range(1, number + 1):
            data.send(name, str(value).encode())
            while (received := data.receive()) is None:
                await readable(data)
            answer = received[0]
        control.send_destroy(name)
        await reply(control)
    return int(float(answer))


async def main() -> None:
    """All at once."""
    print(await asyncio.gather(*(count(number) for number in range(1, 11))))


asyncio.run(main())
