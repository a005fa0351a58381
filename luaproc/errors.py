"""The one error tree, and the one filter between texts of others and a terminal.

Everything luaproc raises on purpose is a `LuaprocError`; anything else is a bug. The filter stands here because each
error is shown somewhere, and because the serve path, which imports nothing more, writes to Scribunto's errorFile.
"""


class LuaprocError(Exception):
    """Root of the tree. ``str()`` is one sentence for a person: what was expected and what came.

    `exit_status` is the status with which a command that meets the error ends.
    """

    exit_status = 1


class NotWrittenError(LuaprocError):
    """A file could not be written: its directory is closed or not there, the disk is full."""


class NotReadError(LuaprocError):
    """A file could not be read, or is none that luaproc reads: a named pipe, a device, one too large.

    reason: the sentence without the file's name.
    """

    def __init__(self, path: object, reason: str) -> None:
        super().__init__(f"{path} cannot be read: {reason}")
        self.reason = reason


class UsageError(LuaprocError):
    """The command line or an environment variable asks for something that does not exist."""

    exit_status = 2


def visible(data: bytes | str, escape: str = "\\x{:02x}") -> str:
    """Bytes or text as one printable line: UTF-8 where it is printable, every other byte as `escape`.

    Printable is what Unicode calls so: no C0 or C1 control characters, as characters or as bytes, no marks that turn
    the direction of text, no line separators.
    """
    if isinstance(data, str):
        data = _encoded(data)
    text = data.decode("utf-8", "surrogateescape")
    if text.isprintable():
        return text
    return "".join(character if character.isprintable() else bytewise(character, escape) for character in text)


def readable(data: bytes | str) -> str:
    """Text of several lines, an error message for one: line ends and tabs stay, everything else as in `visible`."""
    if isinstance(data, str):
        data = _encoded(data)
    return "\n".join("\t".join(visible(part) for part in line.split(b"\t")) for line in data.split(b"\n"))


def bytewise(character: str, escape: str) -> str:
    """A character as `escape` for each of its bytes."""
    return "".join(escape.format(byte) for byte in character.encode("utf-8", "surrogateescape"))


def _encoded(text: str) -> bytes:
    try:
        return text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:  # a half of a surrogate pair that stands for no byte
        return text.encode("utf-8", "backslashreplace")
