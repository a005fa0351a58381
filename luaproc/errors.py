"""The one error tree. Everything luaproc raises on purpose is a `LuaprocError`; anything else is a bug."""


class LuaprocError(Exception):
    """Root of the tree. ``str()`` is one sentence for a person: what was expected and what came.

    `exit_status` is the status with which a command that meets the error ends.
    """

    exit_status = 1


class NotWrittenError(LuaprocError):
    """A file could not be written: its directory is closed or not there, the disk is full."""


class UsageError(LuaprocError):
    """The command line or an environment variable asks for something that does not exist."""

    exit_status = 2
