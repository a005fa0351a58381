"""The responder inside its host's process, by its own methods."""

import pytest

from luaproc.responder import memory
from luaproc.responder.inner import InnerResponder
from luaproc.responder.pipes import SLICE, WHOLE

CALL = b'{["op"]="call",["id"]=%d,["nargs"]=%d,["args"]={%b}}'


def load(responder: InnerResponder, code: bytes) -> int:
    """The id of a chunk."""
    text = code.replace(b"\\", b"\\\\").replace(b'"', b'\\"').replace(b"\n", b"\\n")
    reply = responder.answer(b'{["op"]="loadString",["text"]="' + text + b'",["chunkName"]="=x"}')
    assert reply is not None
    return int(reply.rpartition(b"i:")[2].partition(b";")[0])


def called(responder: InnerResponder, code: bytes, *args: bytes) -> bytes | None:
    """The reply to a call of a chunk; arguments are Lua's."""
    listed = b",".join(b"[%d]=%b" % pair for pair in enumerate(args, 1))
    return responder.answer(CALL % (load(responder, code), len(args), listed))


@pytest.fixture
def responder() -> InnerResponder:
    """One with a wiki's memory and little time."""
    return InnerResponder(52_428_800, 0.2)


@pytest.mark.parametrize("size", [0, 1, 5000, SLICE, SLICE + 1, 3 * SLICE + 7, WHOLE + 1])
def test_messages_of_every_length(responder: InnerResponder, size: int) -> None:
    """In one piece, or, where that is long, in slices; both ways."""
    text = b"x" * size
    reply = called(responder, b"return ...", b'"' + text + b'"')
    assert reply == b'a:3:{s:2:"op";s:6:"return";s:7:"nvalues";i:1;s:6:"values";a:1:{i:1;s:%d:"%b";}}' % (size, text)


def test_long_messages_in_little_memory() -> None:
    """A list in eight megabytes that does not fit with its text: in slices, or an error of Lua's, and Lua goes on."""
    responder = InnerResponder(memory.BASE + 8 * 1024 * 1024, None)
    long = b"{" + b",".join(b'"%d"' % number for number in range(30_000)) + b"}"
    assert b"i:30000;" in (called(responder, b"local t = ... return #t", long) or b"")
    huge = b"{" + b",".join(b'"%d"' % number for number in range(300_000)) + b"}"
    for _ in range(3):
        assert b"not enough memory" in (called(responder, b"local t = ... return #t", huge) or b"")
    assert b"i:7;" in (called(responder, b"return ...", b"7") or b"")
    assert not responder.over


def test_calls_of_luas_are_answered_by_the_host(responder: InnerResponder) -> None:
    """And those that come meanwhile by the responder, 150 deep; what the host returns is PHP's spelling."""
    responder.answer(b'{["op"]="registerLibrary",["name"]="php",["functions"]={["f"]="f"}}')
    number = load(responder, b"local n = ... if n == 0 then return 0 end return php.f( n - 1 ) + 1")
    asked = []

    def host(request: bytes) -> bytes:
        asked.append(request)
        depth = int(request.rpartition(b"i:")[2].partition(b";")[0])
        reply = responder.answer(CALL % (number, 1, b"[1]=%d" % depth))
        assert reply is not None
        return b'{["op"]="return",["nvalues"]=1,["values"]={[1]=%d}}' % int(
            reply.rpartition(b"i:")[2].partition(b";")[0]
        )

    responder.host = lambda: host
    reply = responder.answer(CALL % (number, 1, b"[1]=150"))
    assert b"i:150;" in (reply or b"")
    assert len(asked) == 150
    assert asked[0].startswith(b'a:4:{s:2:"op";s:4:"call"')


def test_whatever_the_host_raises_ends_lua(responder: InnerResponder) -> None:
    """It is kept for who asked, and no module catches it."""
    responder.answer(b'{["op"]="registerLibrary",["name"]="php",["functions"]={["f"]="f"}}')

    def host(_: bytes) -> bytes:
        raise SystemExit("now")

    responder.host = lambda: host
    assert called(responder, b"while true do pcall( php.f ) end") is None
    assert isinstance(responder.caught, SystemExit)
    assert responder.over
    assert not responder.restore()


def test_without_a_host_lua_gets_an_error(responder: InnerResponder) -> None:
    """One that is gone answers nothing."""
    responder.answer(b'{["op"]="registerLibrary",["name"]="php",["functions"]={["f"]="f"}}')
    assert b"the module was ended" in (called(responder, b"return php.f()") or b"")


def test_the_end_of_time(responder: InnerResponder) -> None:
    """None for a reply, and where it was; then nothing more."""
    assert called(responder, b"while true do end") is None
    assert responder.out_of_time
    assert responder.over.endswith("of 0.2 seconds of CPU time are used up")
    assert "\tx:1: " in responder.last_words
    assert responder.answer(b'{["op"]="getStatus"}') is None


@pytest.mark.parametrize("body", [b"1", b"{", b'{["op"]="nothing"}', b'{["op"]="return"}', b'{["op"]="quit"}'])
def test_what_ends_a_server_ends_it(responder: InnerResponder, body: bytes) -> None:
    """Malformed messages, and `quit`: in words, and without the process."""
    assert responder.answer(body) is None
    assert responder.over


def test_no_status_is_told(responder: InnerResponder) -> None:
    """The process's figures are the host's; what Lua has used is in `usage`."""
    assert b's:7:"nvalues";i:0;' in (responder.answer(b'{["op"]="getStatus"}') or b"")
    seconds, size = responder.usage()
    assert 0 <= seconds < 0.2
    assert memory.BASE < size < 52_428_800


def test_what_a_page_view_leaves_is_collected() -> None:
    """The next one has all of the memory, as in a new process."""
    responder = InnerResponder(52_428_800, None)
    responder.keep()
    before = responder.usage()[1]
    called(responder, b"left = {} for i = 1, 27 do left[i] = ( 'x' ):rep( 1e6 ) .. i end")
    assert responder.restore()
    assert responder.usage()[1] - before < 2_000_000


def test_random_numbers_begin_anew(responder: InnerResponder) -> None:
    """As in a new process."""
    responder.keep()
    code = b"return math.random( 1000000 )"
    assert responder.restore()
    first = called(responder, code)
    assert responder.restore()
    assert called(responder, code) == first


def test_time_that_a_function_of_luas_own_took(responder: InnerResponder) -> None:
    """The look comes when it is through, even where the module is, too."""
    assert called(responder, b"string.find( ( 'a' ):rep( 20000 ), '.-b' )") is None
    assert responder.out_of_time


def test_lists_of_functions_are_of_one_state() -> None:
    """What one state was told to keep is nothing to another, which gets the same list with more behind it."""
    first, second = InnerResponder(52_428_800, None), InnerResponder(52_428_800, None)

    def cleanup(responder: InnerResponder, *ids: int) -> None:
        listed = b",".join(b"[%d]=1" % number for number in ids)
        responder.answer(b'{["op"]="cleanupChunks",["ids"]={' + listed + b"}}")

    for responder in (first, second):
        assert [load(responder, b"return 7") for _ in range(2)] == [1, 2]
    cleanup(first, 1, 2)
    for responder in (first, second):
        assert load(responder, b"return 7") == 3
    for responder in (second, first):
        cleanup(responder, 1, 2, 3)
        assert b"i:7;" in (responder.answer(CALL % (3, 0, b"")) or b"")


@pytest.mark.parametrize("levels", [100, 190, 193, 194, 195, 196, 197, 198, 199])
@pytest.mark.parametrize("code", ["for i = 1, 50000 do end return 7", "while true do end"])
def test_looks_where_the_stack_of_c_is_full(levels: int, code: str) -> None:
    """Lua allows 200 calls of C's in one another: what is short goes on there, or has Lua's error, and what has no end
    is ended."""
    responder = InnerResponder(None, 0.2)
    nested = f"""
        local function nested( n )
            if n == 0 then {code} end
            local ok, value = pcall( nested, n - 1 )
            return value
        end
        local value = nested( {levels} )
        return type( value ) == 'number' and value or string.find( value, 'C stack overflow' ) and 7 or value"""
    reply = called(responder, nested.encode())
    if "while" in code and responder.over:
        assert responder.out_of_time
        assert responder.caught is None
    else:
        assert b"i:7;" in (reply or b"")
