"""Messages as PHP spells them, read without Lua's compiler.

PHP writes one spelling for a message (client-contract.md, "Messages"). For the frequent ones it is cheaper to cut the
text apart here than to compile an expression in Lua: a call with one argument costs 9 us instead of 14, a loadString
of 33 kB 30 us instead of 130. Each reader returns the message as Lua's dispatcher wants it (the op, then its fields),
or None for any other spelling, which Lua's compiler reads. Where the cutting misses (fields in another order, say),
what it yields does not compile, and Lua asks for the whole text.
"""

from _codecs import escape_decode  # `codecs` has it without a name of its own

TYPE_CHECKING = False  # `typing` is start-up time
if TYPE_CHECKING:
    from collections.abc import Callable

_IDS = b"0123456789[]=,"


def unescape(text: bytes) -> "bytes | None":
    """The string that PHP spells as `text` between quotes; None where PHP would have spelled none so."""
    if b"\\" not in text:
        return None if b'"' in text or b"\n" in text or b"\r" in text else text
    # Python's own escapes include PHP's five and more, and pass a stray quote: only what PHP would write in the same
    # way again is taken. Both ways together are five times as fast as replacing escape by escape.
    try:
        plain = escape_decode(text)[0]
    except (ValueError, Warning):  # a warning is raised where the environment wants warnings to be errors
        return None
    return plain if _escape(plain) == text else None


def _escape(plain: bytes) -> bytes:
    plain = plain.replace(b"\\", b"\\\\").replace(b'"', b'\\"')
    return plain.replace(b"\n", b"\\n").replace(b"\r", b"\\r").replace(b"\0", b"\\000")


def _scalar(text: bytes) -> "bytes | int | bool | None":
    if text[:1] == b'"':
        return unescape(text[1:-1]) if len(text) > 1 and text[-1:] == b'"' else None
    if text.isdigit() and len(text) < 10:  # ten digits may overflow where Lua's integers have 32 bits
        return int(text)
    return {b"true": True, b"false": False}.get(text)


def _call(body: bytes) -> "tuple[object, ...] | bytes | None":
    # {["op"]="call",["id"]=7,["nargs"]=1,["args"]={[1]="text"}}
    chunk, _, rest = body[22:].partition(b',["nargs"]=')
    count, _, args = rest.partition(b',["args"]=')
    if not chunk.isdigit() or not count.isdigit() or len(chunk) > 9 or len(count) > 9 or args[-2:] != b"}}":
        return None
    if count == b"1" and args[:5] == b"{[1]=":
        value = _scalar(args[5:-2])
        if value is not None:
            return b"call1", int(chunk), value
    # Without the names of the fields there is half as much to compile.
    return b'return "call",%b,%b,%b' % (chunk, count, args[:-1])


def _return(body: bytes) -> "tuple[object, ...] | bytes | None":
    # {["op"]="return",["nvalues"]=1,["values"]={[1]="text"}}
    count, _, values = body[29:].partition(b',["values"]=')
    if not count.isdigit() or len(count) > 9 or values[-2:] != b"}}":
        return None
    if count == b"1" and values[:5] == b"{[1]=":
        value = _scalar(values[5:-2])
        if value is not None:
            return b"return1", value
    return b'return "return",%b,%b' % (count, values[:-1])


def _load_string(body: bytes) -> "tuple[object, ...] | None":
    # {["op"]="loadString",["text"]="return 1",["chunkName"]="=Module:X"}
    text, separator, name = body[31:].rpartition(b'",["chunkName"]="')
    if not separator or name[-2:] != b'"}':
        return None
    plain_text, plain_name = unescape(text), unescape(name[:-2])
    if plain_text is None or plain_name is None:
        return None
    return b"loadString", plain_text, plain_name


def _cleanup_chunks(body: bytes) -> "tuple[object, ...] | None":
    # {["op"]="cleanupChunks",["ids"]={[1]=1,[2]=3}}
    ids = body[33:-2]
    if ids.translate(None, _IDS) or body[-2:] != b"}}":
        return None
    return b"cleanupListed", ids


# How a body begins -> who reads it. Twelve bytes tell the ops apart; the readers rely on the whole beginning.
_BEGINNINGS: "tuple[tuple[bytes, Callable[[bytes], tuple[object, ...] | bytes | None]], ...]" = (
    (b'{["op"]="call",["id"]=', _call),
    (b'{["op"]="return",["nvalues"]=', _return),
    (b'{["op"]="loadString",["text"]="', _load_string),
    (b'{["op"]="cleanupChunks",["ids"]={', _cleanup_chunks),
)
_READERS = {beginning[:12]: (beginning, reader) for beginning, reader in _BEGINNINGS}


def read(body: bytes) -> "tuple[object, ...] | bytes | None":
    """The message as a tuple (op and fields), as a shorter expression, or None if it is not one of these spellings."""
    found = _READERS.get(body[:12])
    if found is None or not body.startswith(found[0]):
        return None
    return found[1](body)
