"""Ctrl-C while Lua runs.

Python's handlers wait until Lua returns, so they are of no use here. lua's own way is to set a hook from the C signal
handler. Ours is the same by one more step: Python's C-level handler writes to the wakeup descriptor at once, a thread
that waits there calls `lua_sethook`, and Lua meets the hook at its next instruction. Until then nothing is hooked. (A
count hook that looks at a flag costs nothing that could be measured every 10,000 instructions; but a script can see
it, a script's own hook replaces it, it is not in coroutines, and it raises at another line than lua does.) As with
lua: one long C call is not interrupted, nor a coroutine of PUC Lua; the second Ctrl-C ends the process, since the
first put the default action back. Other than with lua, the error comes one instruction after the hook was met: at the
line behind a read that waited, not in `read`.
"""

import _thread
import ctypes
import os
from _collections_abc import Callable

from luaproc.lua51.capi import MASK_CALL, MASK_COUNT, MASK_RET, REGISTRY, Hook, push

TYPE_CHECKING = False
if TYPE_CHECKING:
    import signal
else:
    import _signal as signal  # `signal` imports enum and re: start-up time

# Bytes. The 8 MB that a thread gets by default are more than a script under `ulimit -v` may be able to spare.
STACK = 256 * 1024

EVERYTHING = MASK_CALL | MASK_RET | MASK_COUNT


def watch(api: ctypes.CDLL, state: int) -> tuple[Callable[[], None], Callable[[], None]]:
    """Start watching; the stack's top two, `debug.sethook` and the Lua function that raises, are taken.

    Returns two functions to call before and after Lua runs.
    """
    stop = api.luaL_ref(state, REGISTRY)
    sethook = api.luaL_ref(state, REGISTRY)

    def replace_hook(running: int, _activation: int) -> None:
        # A Python callback must not raise into Lua. So it sets the hook that does, by debug.sethook, which the
        # next instruction meets. Whatever hook the script had is gone then, as with lua.
        api.lua_rawgeti(running, REGISTRY, sethook)
        api.lua_rawgeti(running, REGISTRY, stop)
        push(api, running, b"cr")
        push(api, running, b"1")
        api.lua_pcall(running, 3, 0, 0)

    hook = Hook(replace_hook)
    default_action = ctypes.CDLL(None).signal
    default_action.argtypes = [ctypes.c_int, ctypes.c_void_p]
    default_action.restype = ctypes.c_void_p
    reader, writer = _pipe()
    os.set_blocking(writer, False)

    def wait() -> None:
        while os.read(reader, 1):
            default_action(signal.SIGINT, None)
            api.lua_sethook(state, hook, EVERYTHING, 1)

    def before() -> None:
        signal.signal(signal.SIGINT, _nothing)
        signal.siginterrupt(signal.SIGINT, False)  # A read that waits goes on, as it does by C's signal().

    def after() -> None:
        signal.signal(signal.SIGINT, signal.SIG_DFL)

    _thread.stack_size(STACK)
    try:
        _thread.start_new_thread(wait, ())
    except RuntimeError:  # too little memory, or too many threads: a Ctrl-C has its default action then
        return after, after
    signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
    return before, after


def _pipe() -> tuple[int, int]:
    """A pipe off the standard descriptors: where one of them was closed, a script's output would look like Ctrl-C."""
    low = os.pipe()
    if min(low) > 2:
        return low
    import fcntl

    reader, writer = (fcntl.fcntl(end, fcntl.F_DUPFD_CLOEXEC, 3) for end in low)
    for end in low:
        os.close(end)
    return reader, writer


def _nothing(_number: int, _frame: object) -> None:
    """A handler must be there for the wakeup descriptor to be written."""
