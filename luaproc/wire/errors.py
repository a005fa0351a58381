"""Errors of the wire, split by whose fault it is."""

from luaproc.errors import LuaprocError


class ProtocolError(LuaprocError):
    """The protocol was not kept. `text` says how; `offset` is the byte of the body or stream where it was noticed, or
    None."""

    def __init__(self, text: str, offset: "int | None" = None) -> None:
        super().__init__(text if offset is None else f"{text} (at byte {offset})")
        self.text = text
        self.offset = offset


class LocalProtocolError(ProtocolError):
    """We were asked to send what the protocol cannot carry: the caller's fault. Nothing was sent."""


class RemoteProtocolError(ProtocolError):
    """The other side, or the text we were given to read, is not in the protocol."""


def excerpt(value: object) -> str:
    """What came, in a message for a person: bytes printable and without Python's ``b``, tables by their size."""
    if value is None:
        return "nothing"
    if isinstance(value, dict):
        return f"a table of {len(value)}" if value else "an empty table"
    if isinstance(value, (list, tuple)):
        return ", ".join(map(excerpt, value[:5])) + (", ..." if len(value) > 5 else "") if value else "nothing"
    text = repr(value[:60])[1:] if isinstance(value, (bytes, bytearray)) else repr(value)
    return text if len(text) <= 60 else text[:57] + "..."
