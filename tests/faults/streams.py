"""Streams from PHP: one that is valid, and the ways of spoiling it. Everything comes from a seed: a failure repeats."""

from __future__ import annotations

import random
from collections.abc import Iterator
from itertools import accumulate

from luaproc.wire.framing import encode_frame

# A conversation whose PHP side can be written down beforehand: every op, a callback with its answer and with an error,
# two callbacks deep, PHP asking in between.
BODIES = [
    b'{["op"]="getStatus"}',
    b'{["op"]="loadString",["text"]="local a, b = ... return b, a, {1, x = \\"\\\\n\\"}, nil",["chunkName"]="=m"}',
    b'{["op"]="call",["id"]=1,["nargs"]=2,["args"]={[1]=1,[2]="two\\r\\n\\000\\"\\\\"}}',
    b'{["op"]="registerLibrary",["name"]="php.sub",["functions"]={["echo"]="php.sub-echo-1",["fail"]="php.sub-fail-1"}}',
    b'{["op"]="loadString",["text"]="return php.sub.echo(1, nil, {true}), pcall(php.sub.fail)",["chunkName"]="@n"}',
    b'{["op"]="call",["id"]=2,["nargs"]=0,["args"]={}}',
    b'{["op"]="return",["nvalues"]=3,["values"]={[1]=1,[3]={[1]=true}}}',
    b'{["op"]="error",["value"]="no"}',
    b'{["op"]="wrapPhpFunction",["id"]="anonymous*1"}',
    b'{["op"]="call",["id"]=3,["nargs"]=1,["args"]={[1]=chunks[1]}}',
    b'{["op"]="getStatus"}',
    b'{["op"]="call",["id"]=1,["nargs"]=1,["args"]={[1]=-1.5}}',
    b'{["op"]="cleanupChunks",["ids"]={[1]=true,[3]=true}}',
    b'{["op"]="return",["nvalues"]=1,["values"]={[1]=(1/0)}}',
    b'{["op"]="loadString",["text"]="error({1})",["chunkName"]="=e"}',
    b'{["op"]="call",["id"]=4,["nargs"]=0,["args"]={}}',
    b'{["op"]="call",["id"]=99,["nargs"]=0,["args"]={}}',
    b'{["op"]="loadString",["text"]="syntax error",["chunkName"]="=s"}',
    b'{["op"]="cleanupChunks",["ids"]={}}',
    b'{["op"]="quit"}',
]
VALID = b"".join(map(encode_frame, BODIES))

# Pieces of messages, right and wrong, to put together.
_OPS = (b"loadString call registerLibrary wrapPhpFunction getStatus cleanupChunks quit testquit return error "
        b"GETSTATUS ret").split()  # fmt: skip
_FIELDS = b"op text chunkName id nargs args name functions ids nvalues values value trace log x".split()
_VALUES = [
    b"nil", b"true", b"false", b"0", b"1", b"2", b"-1", b"1.5", b"1e300", b"(0/0)", b"(1/0)", b"(-1/0)",
    b"9007199254740993", b"7990", b"7991", b"1000000", b'""', b'"1"', b'"a.b.c"', b'"..."', b'"return 1"',
    b'"return ..."', b'"x="', b'"=m"', b'"\\27Lua"', b'"\x1bLJ"', b'"\\000\\r\\n"', b"{}", b"{1,2,3}", b"{[1]=1}",
    b'{["f"]="f-1"}', b"{[1]=true}", b"chunks", b"chunks[1]", b"chunks[2]", b"chunks[99]", b"chunks[nil]",
    b"{[{}]=1}", b"{[nil]=1}", b"''", b"[[x]]", b"function() end", b"...", b"(function() return {} end)()",
    b"#chunks", b"not nil", b"_G", b"os", b"{{{{}}}}", b"",
]  # fmt: skip


def _message(rng: random.Random) -> bytes:
    """A message put together of right and wrong pieces."""
    fields = [b'["op"]="%b"' % rng.choice(_OPS)] if rng.random() < 0.9 else []
    for _ in range(rng.randrange(5)):
        fields.append(b'["%b"]=%b' % (rng.choice(_FIELDS), rng.choice(_VALUES)))
    if rng.random() < 0.2:
        rng.shuffle(fields)
    return b"{" + b",".join(fields) + rng.choice([b"}", b"}", b"}", b"}", b",}", b";}", b"", b"}}", b"} ", b"}\0"])


def _spoil(rng: random.Random, text: bytes) -> bytes:
    """The text with a few bytes changed, doubled, moved, lost."""
    spoilt = bytearray(text)
    for _ in range(rng.choice([1, 1, 1, 2, 3, 8])):
        at = rng.randrange(len(spoilt) + 1)
        kind = rng.randrange(6)
        if kind == 0 and at < len(spoilt):
            spoilt[at] ^= 1 << rng.randrange(8)
        elif kind == 1 and at < len(spoilt):
            spoilt[at] = rng.choice(b'\0\r\n\\"{}[]=,;.-+()09azAZ \x1b\xff')
        elif kind == 2:
            spoilt[at:at] = rng.randbytes(rng.choice([1, 1, 2, 16, 100]))
        elif kind == 3:
            del spoilt[at : at + rng.choice([1, 1, 2, 16, 100])]
        elif kind == 4:
            source = rng.randrange(len(spoilt) + 1)
            spoilt[at:at] = spoilt[source : source + rng.choice([1, 4, 16, 64])]
        else:
            del spoilt[at:]
        if not spoilt:
            break
    return bytes(spoilt)


def _header(rng: random.Random, length: int) -> bytes:
    """A header for a body of this length, seldom a right one."""
    kind = rng.randrange(6)
    if kind == 0:
        return b"%08x%08x" % (length, length * 2)
    if kind == 1:
        length = rng.choice(
            [0, 1, length + 1, max(0, length - 1), 65536, 65537, 1 << 20, (1 << 31) - 1, 1 << 31, 1 << 32]
        )
        return b"%08x%08x" % (length % (1 << 32), (length * 2 - 1) % (1 << 32))
    if kind == 2:
        return b"%8x%8x" % (length, length * 2 - 1)
    if kind == 3:
        return b"%08X%08X" % (length, length * 2 - 1)
    return b"%08x%08x" % (length, length * 2 - 1)


# Where a message begins: the stream may end there.
STARTS = list(accumulate((len(encode_frame(body)) for body in BODIES[:-1]), initial=0))


def prefixes() -> Iterator[bytes]:
    """The valid stream cut at every byte."""
    return (VALID[:end] for end in range(len(VALID)))


def near_headers(first: int, step: int) -> Iterator[bytes]:
    """The valid stream cut between its messages, and every so manieth, from `first` on, of: cuts in a header, up to
    three bytes beside, and every eighth of a body."""
    near = {start + byte for start in STARTS for byte in range(-3, 20)}
    cuts = sorted(near.intersection(range(len(VALID))).union(range(0, len(VALID), 8)))
    return (VALID[:end] for end in sorted({*STARTS, *cuts[first::step]}))


def generated(seed: int, count: int) -> Iterator[bytes]:
    """Random bytes, random frames, spoilt streams, spoilt bodies in right frames; frames left out, doubled, swapped."""
    rng = random.Random(seed)
    for _ in range(count):
        kind = rng.randrange(8)
        if kind == 0:
            yield rng.randbytes(rng.choice([1, 15, 16, 17, 100, 5000]))
        elif kind == 1:
            body = rng.randbytes(rng.choice([1, 2, 10, 100, 70000]))
            yield encode_frame(body)
        elif kind == 2:
            yield _spoil(rng, VALID)
        elif kind == 3:
            bodies = list(BODIES)
            at = rng.randrange(len(bodies))
            bodies[at] = _spoil(rng, bodies[at]) or b" "
            yield b"".join(map(encode_frame, bodies))
        elif kind == 4:
            bodies = list(BODIES)
            for _ in range(rng.choice([1, 1, 2, 5])):
                at, other = rng.randrange(len(bodies)), rng.randrange(len(bodies))
                change = rng.randrange(3)
                if change == 0:
                    del bodies[at]
                elif change == 1:
                    bodies.insert(at, bodies[other])
                else:
                    bodies[at], bodies[other] = bodies[other], bodies[at]
            yield b"".join(map(encode_frame, bodies))
        elif kind == 5:
            messages = BODIES[:5] + [_message(rng) for _ in range(rng.choice([1, 2, 5, 20]))]
            yield b"".join(map(encode_frame, messages))
        elif kind == 6:
            # In the middle of a callback.
            messages = BODIES[:6] + [_message(rng) for _ in range(rng.choice([1, 2, 5]))]
            yield b"".join(map(encode_frame, messages))
        else:
            bodies = BODIES[: rng.randrange(len(BODIES))]
            body = rng.choice(BODIES)
            yield b"".join(map(encode_frame, bodies)) + _header(rng, len(body)) + body
