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
_ONE_STRING, _STRING_FIRST, _STRING_LAST = _ONE_VALUE + b'"', _TWO_VALUES + b'"', b'"}}'
_SECOND, _SECOND_BEHIND_STRING, _NIL = b",[2]=", b'",[2]=', b"nil"
_ID, _NVALUES, _TEXT, _IDS = len(_CALL), len(_RETURN), len(_LOAD_STRING), len(_CLEANUP_CHUNKS)
_TO_COUNT, _TO_ARGS, _TO_VALUES, _TO_NAME = len(_NARGS), len(_ARGS), len(_VALUES), len(_CHUNK_NAME)
_TO_ARGUMENT, _VALUE, _TO_SECOND = len(_ONE_ARGUMENT), len(_ONE_VALUE), len(_SECOND)
_STRING, _BEHIND_STRING = len(_ONE_STRING), len(_SECOND_BEHIND_STRING)
_DIGITS = 20  # of a number, at most
_LONG = 65536  # bytes of a string that is looked at in pieces
_ONE_BACKSLASH = b"\\"
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


def _string(body: bytes, start: int, end: int) -> "bytes | None":
    """`unescape` of what stands between two places.

    A long text is not copied as it is spelled, and is escaped again in pieces, which stay in memory that is there: of
    1 MB, page faults took twice as long as the work.
    """
    if end - start <= _LONG:
        return unescape(body[start:end])
    if body.find(_ONE_BACKSLASH, start, end) < 0:
        text = body[start:end]
        return None if _QUOTE in text or _LF in text or _CR in text else text
    try:
        plain: bytes = escape_decode(memoryview(body)[start:end])[0]
    except (ValueError, Warning):
        return None
    for at in range(0, len(plain), _LONG):
        piece = _escape(plain[at : at + _LONG])
        if not body.startswith(piece, start):
            return None
        start += len(piece)
    return plain if start == end else None


def _escape(plain: bytes) -> bytes:
    plain = plain.replace(b"\\", b"\\\\").replace(b'"', b'\\"')
    return plain.replace(b"\n", b"\\n").replace(b"\r", b"\\r").replace(b"\0", b"\\000")


# The readers look for separators where they must be and cut out each part once: a body may be a megabyte.


def _value(body: bytes, start: int, end: int) -> "bytes | int | bool | None":
    """The value between two places, if it is a string, true, false or a count."""
    if body[start] == _QUOTE:
        return _string(body, start + 1, end - 1) if body[end - 1] == _QUOTE and end - start > 1 else None
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
            _remember_count(body, _VALUE, value)
            return b"return1", value
        if body[_VALUE:last] == _NIL:
            return b"returnNil", True
    elif beginning == _TWO_VALUES:
        seam = _seam(body)
        first = _value(body, _VALUE, seam)
        second = _value(body, seam + _TO_SECOND, last) if first is not None else None
        if second is not None:
            _remember_count(body, seam + _TO_SECOND, second)
            return b"return2", first, second
    elif not body.startswith(_RETURN):
        return None
    end = body.find(_VALUES, _NVALUES, _NVALUES + _DIGITS)
    if not _is_count(body, _NVALUES, end):
        return None
    return b'return "return",%b,%b' % (body[_NVALUES:end], body[end + _TO_VALUES : -1])


# Numbers that came as a reply's last value, with what ends the message -> the number. To look here takes a third of
# what it takes to cut out the digits, look whether they are digits, and make a number of them.
_counts: "dict[bytes, int]" = {}
_REMEMBERED = 1000


def _remember_count(body: bytes, start: int, value: object) -> None:
    if type(value) is int and len(_counts) < _REMEMBERED:
        try:
            _counts[body[start:]] = value
        except MemoryError:  # the next one is read anew
            pass


# The replies that modules get most, which are told by their beginning up to the first value's first byte. What is not
# quite such a reply is read by `_return`.


def _return_string(body: bytes) -> "tuple[object, ...] | bytes | None":
    # {["op"]="return",["nvalues"]=1,["values"]={[1]="text"}}
    end = len(body) - 3
    if end < _STRING or body[end:] != _STRING_LAST:
        return _return(body)
    text = _string(body, _STRING, end)
    return _return(body) if text is None else (b"return1", text)


def _return_count(body: bytes) -> "tuple[object, ...] | bytes | None":
    # {["op"]="return",["nvalues"]=1,["values"]={[1]=3}}
    count = _counts.get(body[_VALUE:])
    return _return(body) if count is None else (b"return1", count)


def _return_string_and_count(body: bytes) -> "tuple[object, ...] | bytes | None":
    # {["op"]="return",["nvalues"]=2,["values"]={[1]="text",[2]=3}}
    seam = body.find(_SECOND_BEHIND_STRING, _STRING)
    count = _counts.get(body[seam + _BEHIND_STRING :])
    if count is not None:
        text = body[_STRING:seam]
        if not (_BACKSLASH in text or _QUOTE in text or _LF in text or _CR in text):  # `unescape`, without the call
            return b"return2", text, count
        plain = unescape(text)
        if plain is not None:
            return b"return2", plain, count
    return _return(body)


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
    end = body.rfind(_CHUNK_NAME, _TEXT, -2)  # behind it the name's quote, which may not be the last one
    if end < 0 or body[-2:] != b'"}':
        return None
    text, name = _string(body, _TEXT, end), unescape(body[end + _TO_NAME : -2])
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
    # Lua's compiler reads a list faster than this does with gmatch behind it. The number goes along.
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


# How a body begins, as far as tells the ops apart -> who reads it, and looks at the rest of the beginning; and how the
# most frequent replies begin, of which no more than the values is left to look at.
_READERS: "dict[bytes, Callable[[bytes], tuple[object, ...] | bytes | None]]" = {
    _CALL[:12]: _call,
    _RETURN[:12]: _return,
    _LOAD_STRING[:12]: _load_string,
    _CLEANUP_CHUNKS[:12]: _cleanup_chunks,
    _ONE_STRING: _return_string,
    _STRING_FIRST: _return_string_and_count,
    **{_ONE_VALUE + b"%d" % digit: _return_count for digit in range(10)},
}


read_before: "dict[bytes, tuple[object, ...] | bytes]" = {}
"""What `message` made of short calls and replies. Of those of a page with 40 blocks three of four came before, word for
word; of one with 40 citations, three of five."""
_MESSAGES = 256
SHORT = 128
"""Bytes of a message that may be in `read_before`."""


def message(body: bytes) -> "tuple[object, ...] | bytes":
    """The message as a tuple (op and fields) or as a shorter expression; `return ` and the whole if it is none of these
    spellings. As it is in `read_before`, if it is there."""
    return (len(body) <= SHORT and read_before.get(body)) or read_anew(body)


def read_anew(body: bytes) -> "tuple[object, ...] | bytes":
    """`message`, of one that is not in `read_before`; a short call or reply is there from now on."""
    reader = _READERS.get(body[:_STRING]) or _READERS.get(body[:12])
    fields = reader(body) if reader is not None else None
    if fields is None:
        return b"return " + body
    if len(body) <= SHORT and reader is not _cleanup_chunks and reader is not _load_string:
        if len(read_before) >= _MESSAGES:
            read_before.clear()
        try:
            read_before[body] = fields
        except MemoryError:  # the next one is read anew
            pass
    return fields
