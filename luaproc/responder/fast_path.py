"""Messages as PHP spells them, read without Lua's compiler.

PHP writes one spelling for a message (docs/protocol.md, "Messages"). For the frequent ones it is cheaper to cut the
text apart here than to compile an expression in Lua: a call with one argument costs 9 us instead of 14, a loadString
of 33 kB 30 us instead of 130. Each reader returns what it cut out, under the name that Lua's dispatcher has for it
(SHORT in delivery.lua), or a shorter expression; or None for any other spelling, which Lua's compiler reads. Where the
cutting misses (fields in another order, say), what it yields does not compile, and Lua asks for the whole text.
"""

from _codecs import escape_decode  # `codecs` has this function, but under no public name

from luaproc.responder.bare_os import os

TYPE_CHECKING = False  # importing `typing` costs start-up time
if TYPE_CHECKING:
    from collections.abc import Callable


# What PHP writes around the parts that are cut out, and where those begin.
_CALL = b'{["op"]="call",["id"]='
_RETURN = b'{["op"]="return",["nvalues"]='
_LOAD_STRING = b'{["op"]="loadString",["text"]="'
_CLEANUP_CHUNKS = b'{["op"]="cleanupChunks",["ids"]={'
_NARGS, _ARGS, _VALUES, _CHUNK_NAME = b',["nargs"]=', b',["args"]=', b',["values"]=', b'",["chunkName"]="'
_ONE_ARGUMENT = b'1,["args"]={[1]='
_ONE_VALUE, _TWO_VALUES = _RETURN + b'1,["values"]={[1]=', _RETURN + b'2,["values"]={[1]='
_SECOND, _SECOND_BEHIND_STRING, _NIL = b",[2]=", b'",[2]=', b"nil"
_ID, _NVALUES, _TEXT, _IDS = len(_CALL), len(_RETURN), len(_LOAD_STRING), len(_CLEANUP_CHUNKS)
_TO_COUNT, _TO_ARGS, _TO_VALUES, _TO_NAME = len(_NARGS), len(_ARGS), len(_VALUES), len(_CHUNK_NAME)
_TO_ARGUMENT, _VALUE, _TO_SECOND = len(_ONE_ARGUMENT), len(_ONE_VALUE), len(_SECOND)
_DIGITS = 20  # of a number, at most
# Bytes as Python's `in` wants them: for b"\n" in text it makes an error first, which takes five times as long.
_QUOTE, _BACKSLASH, _LF, _CR = b'"\\\n\r'


def unescape(text: bytes) -> "bytes | None":
    """The string that PHP spells as `text` between quotes; None where PHP would have spelled none so."""
    if _BACKSLASH not in text:
        return None if _QUOTE in text or _LF in text or _CR in text else text
    # Python's decoder knows more escapes than PHP's five, and accepts a stray quote. So the result is escaped again,
    # and taken only where that gives the same text. Both steps are five times as fast as one replacement an escape.
    try:
        plain = escape_decode(text)[0]
    except (ValueError, Warning):  # PYTHONWARNINGS=error makes warnings errors
        return None
    return plain if _escape(plain) == text else None


def _escape(plain: bytes) -> bytes:
    plain = plain.replace(b"\\", b"\\\\").replace(b'"', b'\\"')
    return plain.replace(b"\n", b"\\n").replace(b"\r", b"\\r").replace(b"\0", b"\\000")


# The readers look for separators where they must be and cut out each part once: a body may be a megabyte.


def _value(body: bytes, start: int, end: int) -> "bytes | int | bool | None":
    """The value between two places, if it is a string, true, false or a count."""
    if body[start] == _QUOTE:
        return unescape(body[start + 1 : end - 1]) if body[end - 1] == _QUOTE and end - start > 1 else None
    if end - start > 9:  # a table; or ten digits, which may overflow where Lua's integers have 32 bits
        return None
    text = body[start:end]
    if text.isdigit():
        return int(text)
    return {b"true": True, b"false": False}.get(text)


def _call(body: bytes) -> "tuple[object, ...] | bytes | None":
    # {["op"]="call",["id"]=7,["nargs"]=1,["args"]={[1]="text"}}
    if not body.startswith(_CALL):
        return None
    end = body.find(_NARGS, _ID, _ID + 9 + _TO_COUNT)  # behind nine digits at most, as in `_value`
    chunk, count = body[_ID:end], end + _TO_COUNT
    if end < 0 or not chunk.isdigit():
        return None
    if body.startswith(_ONE_ARGUMENT, count) and body[-2:] == b"}}":
        value = _value(body, count + _TO_ARGUMENT, len(body) - 2)
        if value is not None:
            return b"call1", int(chunk), value
    end = body.find(_ARGS, count, count + _DIGITS)
    if not _is_count(body, count, end) or body[-2:] != b"}}":
        return None
    # Without the names of the fields there is half as much to compile.
    return b'return "call",%b,%b,%b' % (chunk, body[count:end], body[end + _TO_ARGS : -1])


def _return(body: bytes) -> "tuple[object, ...] | bytes | None":
    # {["op"]="return",["nvalues"]=1,["values"]={[1]="text"}}
    if body[-2:] != b"}}":
        return None
    last = len(body) - 2
    beginning = body[:_VALUE]
    if beginning == _ONE_VALUE:
        value = _value(body, _VALUE, last)
        if value is not None:
            return b"return1", value
        if body[_VALUE:last] == _NIL:
            return b"returnNil", True
    elif beginning == _TWO_VALUES:
        seam = _seam(body)
        first = _value(body, _VALUE, seam)
        second = _value(body, seam + _TO_SECOND, last) if first is not None else None
        if second is not None:
            return b"return2", first, second
    elif not body.startswith(_RETURN):
        return None
    end = body.find(_VALUES, _NVALUES, _NVALUES + _DIGITS)
    if not _is_count(body, _NVALUES, end):
        return None
    return b'return "return",%b,%b' % (body[_NVALUES:end], body[end + _TO_VALUES : -1])


def _seam(body: bytes) -> int:
    """Where the first of two values ends; a place where no value ends if there is none."""
    if body[_VALUE] == _QUOTE:
        # Inside a string this quote would be escaped: the first value then ends in half an escape, which `unescape`
        # refuses.
        return body.find(_SECOND_BEHIND_STRING, _VALUE) + 1
    return body.find(_SECOND, _VALUE, _VALUE + _DIGITS)


def _is_count(body: bytes, start: int, end: int) -> bool:
    """Whether there is a count between the two places."""
    return end > 0 and body[start:end].isdigit()


LIBRARY: "dict[int, list[tuple[int, int, int]]]" = {}
"""Of Scribunto's own texts that were compiled ahead, from a bundle: the length of PHP's message -> where each message
of that length lies: descriptor, offset, and the length of what Lua made of it, which lies behind it."""
MOST = 4
"""How many times as long as the message that may be. (PUC Lua's are up to three times as long as the text.)"""


def _compiled_ahead(body: bytes) -> "bytes | None":
    """What Lua made of a message of Scribunto's own that is this one, byte for byte."""
    for file, offset, length in LIBRARY.get(len(body), ()):
        try:
            if os.pread(file, len(body), offset) == body:
                dump = os.pread(file, length, offset + len(body))
                return dump if len(dump) == length else None
        except OSError:
            return None
    return None


def _load_string(body: bytes) -> "tuple[object, ...] | None":
    # {["op"]="loadString",["text"]="return 1",["chunkName"]="=Module:X"}
    if not body.startswith(_LOAD_STRING):
        return None
    dump = _compiled_ahead(body)
    if dump is not None:
        return b"loadDumped", dump
    end = body.rfind(_CHUNK_NAME, _TEXT)
    if end < 0 or body[-2:] != b'"}':
        return None
    text, name = unescape(body[_TEXT:end]), unescape(body[end + _TO_NAME : -2])
    if text is None or name is None:
        return None
    return b"loadString", text, name


_last_list = b""  # the ids of the last cleanupChunks, as they were spelled
_last_number = 0  # which number that list has
_is_listed = False  # whether the last list is known to hold nothing but ids and counts


def _cleanup_chunks(body: bytes) -> "tuple[object, ...] | bytes | None":
    # {["op"]="cleanupChunks",["ids"]={[1]=1,[2]=3}}
    global _last_list, _last_number, _is_listed
    ids = body[_IDS:-2]
    if body[-2:] != b"}}" or not body.startswith(_CLEANUP_CHUNKS):
        return None
    if ids == _last_list:
        return b"cleanupAgain", b"", _last_number
    known = _last_list + b","
    if ids.startswith(known):
        newer = ids[len(known) :]
        _is_listed = _is_listed or _are_listed(_last_list)
        if _is_listed and _are_listed(newer):
            _last_list = ids
            return b"cleanupAgain", newer, _last_number
    # Lua's compiler reads a list faster than the two of us, and the number goes along.
    _last_number += 1
    _last_list, _is_listed = ids, False
    return b'return "cleanupNumbered",{%b},%d' % (ids, _last_number)


def _are_listed(ids: bytes) -> bool:
    """Whether these are ids and counts as PHP lists them, each `[1]=1`, and nothing else."""
    count = ids.count(b",[")
    return (
        ids.translate(None, b"0123456789") == b"[]=," * count + b"[]="
        and ids.count(b"]=") == count + 1
        and ids[:1] == b"["
        and ids[-1:] != b"="
        and b"=," not in ids
        and b"[]" not in ids
        and b"[0" not in ids
    )


# How a body begins, as far as tells the ops apart -> who reads it, and looks at the rest of the beginning.
_READERS: "dict[bytes, Callable[[bytes], tuple[object, ...] | bytes | None]]" = {
    _CALL[:12]: _call,
    _RETURN[:12]: _return,
    _LOAD_STRING[:12]: _load_string,
    _CLEANUP_CHUNKS[:12]: _cleanup_chunks,
}


# What short messages were read as. Of the calls and replies of a page with 40 blocks three of four came before, word
# for word; of one with 40 citations, three of five.
_read_before: "dict[bytes, tuple[object, ...] | bytes]" = {}
_REMEMBERED, _SHORT = 256, 128  # messages, and bytes of one


def read(body: bytes) -> "tuple[object, ...] | bytes | None":
    """The message as a tuple (op and fields), as a shorter expression, or None if it is not one of these spellings."""
    short = len(body) <= _SHORT
    if short:
        known = _read_before.get(body)
        if known is not None:
            return known
    reader = _READERS.get(body[:12])
    if reader is None:
        return None
    fields = reader(body)
    if short and fields is not None and (reader is _call or reader is _return):
        if len(_read_before) >= _REMEMBERED:
            _read_before.clear()
        try:
            _read_before[body] = fields
        except MemoryError:  # the next one is read anew
            pass
    return fields
