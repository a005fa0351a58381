"""What can be wrong with a transcript."""

from luaproc.errors import LuaprocError


class TranscriptError(LuaprocError):
    """A transcript that cannot be written, read or replayed. ``str()`` begins with the file and the line.

    path: the file's name. line: counted from 1; None where it is not about one line.
    """

    def __init__(self, path: str, line: "int | None", text: str) -> None:
        super().__init__(f"{path}:{line}: {text}" if line else f"{path}: {text}")
        self.path = path
        self.line = line
