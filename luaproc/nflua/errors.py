"""Errors of NFLua's server and clients."""

import os
from errno import EINVAL

from luaproc.errors import LuaprocError


class NfluaError(LuaprocError):
    """Root of what `luaproc.nflua` raises."""


class Refused(NfluaError):
    """A request that cannot be met. In the server: what it answers; in a client: what the server answered.

    `code` is a negative errno, `reason` a text for a person.
    """

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason or os.strerror(-code))
        self.code = code
        self.reason = reason


class SocketError(NfluaError):
    """A system call failed, or the socket is in no state for the call. `code` is a negative errno."""

    def __init__(self, code: int, text: str = "") -> None:
        super().__init__(text or os.strerror(-code))
        self.code = code


class BadArgument(SocketError):
    """An argument that no server would take: nothing was sent."""

    exit_status = 2

    def __init__(self, text: str) -> None:
        super().__init__(-EINVAL, text)


class FaultyReply(SocketError):
    """What came is no reply to what was asked; the socket is of no further use but to be closed."""


class TimedOut(NfluaError, TimeoutError):
    """No reply within the time that the caller gave. The reply may still come: receive it, or close the socket."""
