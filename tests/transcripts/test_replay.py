"""PHP's part again, on real servers and on servers that lie: what counts as a difference; every end is said."""

import json
import signal
import sys
from pathlib import Path
from typing import Any

import pytest

from luaproc.host import Interpreter
from luaproc.host.interpreter import default_server, shown
from luaproc.transcripts.errors import TranscriptError
from luaproc.transcripts.reader import read
from luaproc.transcripts.replay import Replay, own_server, replay
from luaproc.wire.messages import (
    Call,
    CleanupChunks,
    Error,
    GetStatus,
    LoadString,
    RegisterLibrary,
    Return,
    TestQuit,
    WrapPhpFunction,
)
from luaproc.wire.values import CLASS_NAMES, FunctionRef
from tests.host.conftest import script
from tests.parts import REFERENCE, need, reference_server
from tests.transcripts.making import LUAPROC, Said, conversation, finished, luaproc

OWN = f"{sys.executable} -m luaproc serve"
EXAMPLE = Path(__file__).parents[2] / "examples" / "greeting.jsonl"

# A conversation whose functions have numbers that no server would give: PHP loads a chunk (70), gets a table with two
# functions (80, 90), lets Lua call PHP with one of them, forgets one, and calls what it has kept.
CODE = b"""
local kept = function(x) return x + 1 end
local dropped = function() return "dropped" end
return { kept = kept, dropped = dropped }, php.see(kept)
"""


def ref(number: int) -> FunctionRef:
    return FunctionRef(number, 0, CLASS_NAMES[0])


RENUMBERED: list[Said] = [
    ("host", RegisterLibrary(b"php", {b"see": b"php-see"})),
    ("responder", Return()),
    ("host", GetStatus()),
    ("responder", Return(({b"pid": 1, b"time": 2},))),
    ("host", LoadString(CODE, b"=code")),
    ("responder", Return((70,))),
    ("host", Call(70)),
    ("responder", Call(b"php-see", (ref(90),))),
    ("host", Call(90, (1,))),
    ("responder", Return((2,))),
    ("host", Return((FunctionRef(90), "é", None, 1.5))),
    ("responder", Return(({b"dropped": ref(80), b"kept": ref(90)}, ref(90), "é", None, 1.5))),
    ("host", CleanupChunks(frozenset({90}))),
    ("responder", Return()),
    ("host", Call(90, (41,))),
    ("responder", Return((42,))),
    ("host", Call(90)),
    ("responder", Error(
        b"code:2: attempt to perform arithmetic on local 'x' (a nil value)",
        ({b"short_src": b"code", b"what": b"Lua", b"currentline": 2, b"linedefined": 2, b"namewhat": b""},))),
    ("host", WrapPhpFunction(b"php-see")),
    ("responder", Return((ref(7),))),
    ("host", Call(7, (1,))),
    ("responder", Call(b"php-see", (1,))),
    ("host", Error(b"PHP says no")),
    ("responder", Error(b"PHP says no", ())),
    ("host", TestQuit()),
]  # fmt: skip
EXITED_42 = {"t": 1.0, "end": "exited", "status": 42}


def play(said: list[Said], tmp_path: Path, end: dict[str, Any] | None = None, **options: Any) -> Replay:
    return replay(read(conversation(tmp_path / "t.jsonl", said, end or EXITED_42)), **{"timeout": 300, **options})


def changed(place: int, message: Any) -> list[Said]:
    """`RENUMBERED` with another message at this place."""
    return [*RENUMBERED[:place], (RENUMBERED[place][0], message), *RENUMBERED[place + 1 :]]


@pytest.mark.parametrize("server", ["lua51", "luajit21", REFERENCE])
def test_numbers_of_functions_are_the_new_servers(server: str, tmp_path: Path) -> None:
    """Ids in call, chunks[N] and cleanupChunks are translated both ways; getStatus and tables' order are aside."""
    options: Any = {"server": reference_server()} if server == "reference" else {"runtime": server}
    result = play(RENUMBERED, tmp_path, **options)
    if server == "luajit21":
        # An error of PHP's, where PHP called its function itself, has a position of the server's there (level 3).
        assert result.differences.pop().came.endswith(': PHP says no" (37 bytes)')
    assert result.differences == []
    assert result.stopped is None
    assert result.played == len(RENUMBERED)


# Place in RENUMBERED, what is recorded there instead, and the one difference: place, recorded, now.
DIFFERENCES: list[tuple[int, Any, tuple[str, str, str]]] = [
    (9, Return((2.0,)), ("values[1]", "2 (float)", "2 (int)")),
    (9, Return((True,)), ("values[1]", "true", "2")),
    (9, Return(("2",)), ("values[1]", '"2"', "2")),
    (7, Call(b"php-hear", (ref(90),)), ("id", '"php-hear" (8 bytes)', '"php-see" (7 bytes)')),
    (11, Return(({b"dropped": ref(80), b"kept": ref(90)}, ref(90), "è", None, 1.5)),
     ("values[3]", '"è" (2 bytes)', '"é" (2 bytes)')),
    (11, Return(({b"dropped": ref(80), b"kept": ref(90), b"x y": 1}, ref(90), "é", None, 1.5)),
     ('values[1]["x y"]', "1", "nothing")),
    (11, Return(({b"dropped": ref(80), b"kept": ref(90)}, ref(80), "é", None, 1.5)),
     ("values[2]: which function", "function 80", "number 2, which is another function here")),
    (23, Error(b"PHP says no", None), ("trace", "nothing", "{}")),
]  # fmt: skip


@pytest.mark.parametrize(("place", "recorded", "expected"), DIFFERENCES, ids=range(len(DIFFERENCES)))
def test_differences(place: int, recorded: Any, expected: tuple[str, str, str], tmp_path: Path) -> None:
    """Each is found, at its place, with both values; the conversation goes on."""
    result = play(changed(place, recorded), tmp_path)
    [found] = result.differences
    assert (found.line, found.place, found.recorded, found.came) == (place + 2, *expected)
    assert result.stopped is None


def test_numbers_of_values_are_compared(tmp_path: Path) -> None:
    """nvalues counts nils, which the array leaves out."""
    result = play(changed(15, Return((42, None))), tmp_path)
    assert [(found.place, found.recorded, found.came) for found in result.differences] == [
        ("nvalues", "2", "1"),
        ("values[2]", "nil", "nothing"),
    ]


def test_an_error_where_a_value_was(tmp_path: Path) -> None:
    """Both are replies: the difference is said, and the rest is played."""
    result = play(changed(15, Error(b"no")), tmp_path)
    [found] = result.differences
    assert (found.place, found.recorded, found.came) == ("the message", 'error "no"', "return 42")
    assert result.played == len(RENUMBERED)


def test_a_function_that_never_came_stops_it(tmp_path: Path) -> None:
    """Without it PHP's next message would call something else."""
    said = changed(5, Error(b"no"))
    said[5:5] = [("responder", Error(b"no"))]
    del said[6]
    said[7] = ("responder", Return(({b"f": ref(33)},)))
    said[8:] = [("host", Call(33)), ("responder", Return())]
    said[6] = ("host", LoadString(b"return 1", b"=other"))
    result = play(said, tmp_path)
    assert result.stopped == "PHP uses function 33 of the recording, and this server has not given that one"
    assert result.stopped_at == 10


def test_conversations_that_part(tmp_path: Path) -> None:
    """The server answers where the recorded one asked PHP: there is nothing to go on with."""
    said = changed(9, Call(b"php-see", ()))
    result = play(said, tmp_path)
    assert result.stopped == "the conversations part here: the one asks where the other answers"
    assert result.stopped_at == 11


def test_values_out_of_order_are_a_difference(tmp_path: Path) -> None:
    """PHP takes them by position: a server that sends 2 before 1 has swapped them."""
    server = script("receive(); send(b'a:3:{s:2:\"op\";s:6:\"return\";s:7:\"nvalues\";i:2;s:6:\"values\";"
                    "a:2:{i:2;i:20;i:1;i:10;}}'); receive()")  # fmt: skip
    result = play([("host", Call(1)), ("responder", Return((10, 20)))], tmp_path, server=server)
    [found] = result.differences
    assert (found.place, found.came) == ("order of values", "2, 1")


def test_another_end_is_a_difference(tmp_path: Path) -> None:
    """testquit is exit status 42."""
    server = script("receive(); sys.exit(3)")
    [found] = play([("host", TestQuit())], tmp_path, server=server).differences
    assert (found.place, found.recorded, found.came) == (
        "the end",
        "the interpreter exited with status 42",
        "the interpreter exited with status 3",
    )


# What a server does, and what is said about it.
DISHONEST = [
    ("sys.exit(9)", "the interpreter exited with status 9"),
    ("receive(); os.kill(os.getpid(), 11)", "the interpreter received signal 11 (SIGSEGV)"),
    ("receive(); time.sleep(60)", "the interpreter did not answer within 0.5 seconds, and was ended"),
    (
        "receive(); print('Segmentation fault, sorry', flush=True); receive()",
        "frame at byte 0: expected a header of 16 lower-case",
    ),
    ("receive(); send(b'i:1;'); receive()", "expected a message with an op"),
    ("receive(); send(b'a:1:{'); receive()", "malformed serialized data"),
]


@pytest.mark.slow  # waits for servers that fail
@pytest.mark.parametrize(("code", "text"), DISHONEST, ids=range(len(DISHONEST)))
def test_a_server_that_fails_is_said_in_words(code: str, text: str, tmp_path: Path) -> None:
    """It dies, writes garbage or nothing at all: in bounded time, with the line, exit status 1."""
    path = conversation(tmp_path / "t.jsonl", RENUMBERED, EXITED_42)
    server = script(code)
    quoted = " ".join(f"'{word}'" if " " not in word else '"' + word.replace('"', '\\"') + '"' for word in server)
    done = luaproc("replay", path, "--timeout", "0.5", "--server", quoted)
    assert done.returncode == 1
    assert "not to the end" in done.stdout
    assert f"stopped at line 3: {text}" in done.stdout or f"stopped at line 2: {text}" in done.stdout


@pytest.mark.slow  # waits for a limit
def test_a_death_of_the_cpu_limit_is_played_under_the_recorded_limit(tmp_path: Path) -> None:
    """PHP shows it as a message of its own: a server that dies otherwise is another server to the reader."""
    said: list[Said] = [
        ("host", LoadString(b"while true do end", b"=loop")),
        ("responder", Return((1,))),
        ("host", Call(1)),
    ]
    path = conversation(tmp_path / "t.jsonl", said, {"t": 9.0, "end": "killed", "signal": int(signal.SIGXCPU)})
    lines = Path(path).read_text().splitlines()
    Path(path).write_text("\n".join([json.dumps(json.loads(lines[0]) | {"cpu_limit": 1}), *lines[1:]]) + "\n")
    result = replay(read(path), timeout=300)
    assert result.same
    assert result.played == 3
    unlimited = replay(read(path), timeout=300, cpu_limit=0)
    assert unlimited.played == 2
    assert unlimited.note is not None
    assert "was not played: the server died of a CPU limit" in unlimited.note


def test_servers_are_shown_as_they_are_typed() -> None:
    """Ours by its short name, not as the isolated Python that it is."""
    assert shown([*default_server(), "--runtime=luajit21"]) == "luaproc serve --runtime=luajit21"
    assert shown(["lua5.1", "a b"]) == "lua5.1 'a b'"


def test_own_server_has_the_options_of_the_recorded_one(tmp_path: Path) -> None:
    """The class of functions and the ids in a reply are PHP's business: they have to be as PHP asked for them."""
    said: list[Said] = [
        ("host", WrapPhpFunction(b"x")),
        ("responder", Return((FunctionRef(1, 5, CLASS_NAMES[1]),))),
    ]
    transcript = read(conversation(tmp_path / "t.jsonl", said))
    assert own_server(transcript, "lua51") == [
        *default_server(),
        "--runtime=lua51",
        "--interpreter-id=5",
        f"--function-class={CLASS_NAMES[1].decode()}",
    ]
    assert replay(transcript).same
    assert not replay(transcript, [*LUAPROC, "serve"]).same


@pytest.mark.real
@pytest.mark.parametrize("server", ["ours", "reference"])
def test_what_was_recorded_can_be_played(server: str, tmp_path: Path) -> None:
    """The whole way: a real conversation recorded, and no difference on either server; binary text and errors too."""
    command = [*LUAPROC, "serve"] if server == "ours" else reference_server()
    path = tmp_path / "t.jsonl"
    with Interpreter([*LUAPROC, "record", "-o", str(path), "--", *command], timeout=300) as lua:
        lua.register_library("php", {"call": lambda function, *args: tuple(function(*args))})
        [nested] = lua.load_string("return function(n) if n == 0 then error('deep\\0\\255') end return n end", "=a")()
        module = lua.load_string("local f = ... return function(n) return pcall(php.call, f, n) end", "=b")(nested)[0]
        assert module(3)[0] is True
        assert module(0)[0] is False
        lua.quit()
    transcript = finished(path)
    for other in (None, reference_server()):
        result = replay(transcript, other)
        assert result.differences == []
        assert result.stopped is None


@pytest.mark.slow  # starts several Pythons
def test_the_report_shows_the_frames_around(tmp_path: Path) -> None:
    """Both values, and the conversation in which they stand."""
    path = tmp_path / "edited.jsonl"
    path.write_text(EXAMPLE.read_text().replace("Hello, Zürich!", "Hallo, Zürich!"))
    done = luaproc("replay", str(path))
    assert done.returncode == 1
    assert f"1. {path}:13: values[1]" in done.stdout
    assert 'recorded  "Hallo, Zürich!" (15 bytes)' in done.stdout
    assert 'now       "Hello, Zürich!" (15 bytes)' in done.stdout
    [marked] = [line for line in done.stdout.splitlines() if line.lstrip().startswith("> ")]
    assert marked.split()[1] == "13"
    assert 'call php.exists("Zürich")' in done.stdout


@pytest.mark.real
def test_the_example_is_what_both_servers_say() -> None:
    """examples/greeting.jsonl, on our server by itself and on the reference."""
    done = luaproc("replay", str(EXAMPLE))
    assert done.returncode == 0, done.stdout
    assert "18 frames" in done.stdout
    assert "no difference" in done.stdout
    assert replay(read(EXAMPLE), reference_server()).same


@pytest.mark.parametrize(
    ("body", "text"),
    [("os.exit()", "expected a value"), ('{["op"]="fly"}', "expected a message with an op out of loadString")],
)
def test_what_php_cannot_have_said_is_refused(body: str, text: str, tmp_path: Path) -> None:
    """Edited by hand: file and line, and nothing is started."""
    path = conversation(tmp_path / "t.jsonl", [("host", GetStatus()), ("responder", Return()), ("host", body.encode())])
    with pytest.raises(TranscriptError) as caught:
        replay(read(path), ["/no/such/server"])
    assert str(caught.value).startswith(f"{path}:4: this message of PHP's cannot be played again: {text}")


@pytest.mark.slow  # waits for servers that fail
def test_a_server_that_cannot_be_started() -> None:
    """One line, no traceback."""
    done = luaproc("replay", str(EXAMPLE), "--server", "/no/such/server")
    assert done.returncode == 1
    assert done.stderr.startswith("luaproc: the server '/no/such/server' cannot be started")
    assert luaproc("replay", str(EXAMPLE), "--server", "'").returncode == 2


@pytest.mark.slow  # waits for a limit
@pytest.mark.parametrize("command", [["replay"], ["compare", "--server", OWN, "--server", OWN]])
def test_limits_of_the_command_line(command: list[str]) -> None:
    """They hold for every server that is played to, and 0 takes the recorded ones away."""
    assert luaproc(*command, "--max-memory", "0", "--max-cpu", "0", str(EXAMPLE)).returncode == 0
    starved = luaproc(*command, "--max-memory", "8M", str(EXAMPLE))
    assert starved.returncode == (1 if command == ["replay"] else 0)  # where both die alike, they are alike
    assert "stopped at line 3" in starved.stdout
    assert luaproc(*command, "--max-cpu", "soon", str(EXAMPLE)).returncode == 2


@pytest.mark.real
def test_compare_tells_two_servers_apart(tmp_path: Path) -> None:
    """Their replies are compared with each other, in the recording's numbers; exit status 1 where they differ."""
    alike = luaproc("compare", "--server", " ".join(reference_server()), "--server",
                    OWN, str(EXAMPLE), str(EXAMPLE))  # fmt: skip
    assert alike.returncode == 0, alike.stdout
    assert alike.stdout.count("A and B answer alike") == 2
    code = b"return #{1, 2, nil, 4}, pcall(string.rep), ('x'):rep(3), _VERSION, math.mod and 'mod', tostring(0/0)"
    said: list[Said] = [("host", LoadString(code, b"=x")), ("responder", Return((9,))), ("host", Call(9)),
                        ("responder", Return((1,)))]  # fmt: skip
    path = conversation(tmp_path / "t.jsonl", said)
    need("luajit")
    differ = luaproc("compare", "--server", OWN, "--server",
                     f"{sys.executable} -m luaproc serve --runtime luajit21", path)  # fmt: skip
    assert differ.returncode == 1
    assert '"mod"' in differ.stdout
    assert luaproc("compare", "--server", "x", path).returncode == 2


@pytest.mark.slow  # values 4,000 levels deep
def test_tables_of_any_depth(tmp_path: Path) -> None:
    """Shown and compared as deep as PHP reads them, functions at the bottom included."""
    levels = 3900
    code = b"local t = {..., function() end} for _ = 2, %d do t = {a = t} end return t" % levels

    def deep(bottom: int) -> bytes:
        function = b'O:%d:"%s":2:{s:13:"interpreterId";i:0;s:2:"id";i:70;}' % (len(CLASS_NAMES[0]), CLASS_NAMES[0])
        value = b'a:1:{s:1:"a";' * (levels - 1) + b"a:2:{i:1;i:%d;i:2;%s}" % (bottom, function) + b"}" * (levels - 1)
        return b'a:3:{s:2:"op";s:6:"return";s:7:"nvalues";i:1;s:6:"values";a:1:{i:1;%s}}' % value

    said: list[Said] = [
        ("host", LoadString(code, b"=code")),
        ("responder", Return((60,))),
        ("host", Call(60, (5,))),
        ("responder", deep(5)),
        ("host", Call(70)),
        ("responder", Return()),
        ("host", TestQuit()),
    ]
    assert play(said, tmp_path).same
    said[3] = ("responder", deep(7))
    [difference] = play(said, tmp_path).differences
    assert difference.place.startswith("values[1].a.a.a")
    assert difference.place.endswith(".a.a[1]")
    assert (difference.recorded, difference.came) == ("7", "5")
    for options in (["--full"], ["--html", str(tmp_path / "page.html")]):
        assert luaproc("show", *options, str(tmp_path / "t.jsonl")).returncode == 0


@pytest.mark.parametrize("line", range(2, 2 + len(RENUMBERED) - 1))
def test_a_line_that_is_missing_is_said_at_once(line: int, tmp_path: Path) -> None:
    """PHP and Lua take turns: a replay would wait for what nobody has asked for."""
    said = [*RENUMBERED[: line - 2], *RENUMBERED[line - 1 :]]
    words = "expected a message of (PHP|Lua)'s|cannot be played again"
    with pytest.raises(TranscriptError, match=rf":{line}: .*({words})"):
        play(said, tmp_path)


@pytest.mark.slow  # starts a server for each row
@pytest.mark.parametrize("status", [3, 137, 255])
@pytest.mark.parametrize("reads", [True, False])
def test_the_same_end_is_no_difference(status: int, reads: bool, tmp_path: Path) -> None:
    """From 128 on as a shell reports signals; and whether the server had read what PHP said is chance."""
    server = script(f"{'receive(); ' * reads}os._exit({status})")
    ended = {"t": 1.0, "end": "exited", "status": status}
    assert play([("host", GetStatus())], tmp_path, ended, server=server).same
    other = play([("host", GetStatus())], tmp_path, {**ended, "status": 1}, server=server)
    assert [(found.place, found.line) for found in other.differences] == [("the end", 3)]
