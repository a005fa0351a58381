"""What a session line can do wrong by itself, before Lua or the server have a say."""

from luaproc.errors import LuaprocError


class SessionError(LuaprocError):
    """A session line that asks for something that does not exist, or not now."""
