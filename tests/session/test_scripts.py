"""Scripts from files and pipes: what they print, what they say of failures, how they end."""

import json
import os
import re
import shlex
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

from luaproc.session.ops import OPS
from tests.host.conftest import script as lying
from tests.parts import REFERENCE, reference_server
from tests.session.conftest import Run

pytestmark = pytest.mark.slow  # starts a session for each test


def result(run: Run, script: str, *words: str) -> str:
    """What a script that goes well prints."""
    done = run(script, *words)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def steps(run: Run, script: str, *words: str) -> list[dict[str, object]]:
    """The JSON objects of a script that goes well."""
    return [json.loads(line) for line in result(run, script, "--json", *words).splitlines()]


@pytest.fixture(params=["ours", "luajit21", REFERENCE])
def words(request: pytest.FixtureRequest) -> list[str]:
    """Command lines for each server."""
    if request.param == "reference":
        return ["--server", shlex.join(reference_server())]
    return ["--runtime", "luajit21"] if request.param == "luajit21" else []


def test_lua_and_its_values(run: Run, words: list[str]) -> None:
    script = """
x = 6
x * 7, "two\\n", {1, {a = true}}, nil
= x
local y = x  return y + 1
function f(n)
    return n * 2
end
f(x)
"""
    assert result(run, script, *words) == '42, "two\\n", {1, {a = true}}, nil\n6\n7\n12\n'


def test_every_op_of_the_protocol(run: Run, words: list[str]) -> None:
    script = """
:register php title=("Main", 12) echo=... fail=error("went wrong") twice=call(double)
:load Module:M <<END
local p = {}
function p.double(n) return 2 * n end
function p.deep(n) return php.twice(n), php.echo(n, nil, 'x') end
function p.caught() return pcall(php.fail) end
p.title = php.title
return p
END
:call Module:M
:call double 4
:call deep 21
:call caught
:wrap wrapped=(1, 2)
:call wrapped {}
:status
:raw {["op"]="getStatus"}
:chunks
:cleanup keep double
:chunks
:call Module:M.double 1
:testquit
:quit
"""
    found = {str(step["step"]): step for step in steps(run, script, *words)}
    functions = found[":call Module:M"]["values"]
    assert isinstance(functions, list)
    assert set(functions[0]) == {"double", "deep", "caught", "title"}
    assert found[":call double 4"]["values"] == [8]
    assert found[":call deep 21"]["values"] == [42, 21, None, "x"]
    assert found[":call deep 21"]["calls"] == [
        {"name": "php.twice", "args": [21], "depth": 1, "values": [42]},
        {"name": "php.echo", "args": [21, None, "x"], "depth": 1, "values": [21, None, "x"]},
    ]
    assert found[":call caught"]["values"] == [False, "went wrong"]
    assert found[":call wrapped {}"]["values"] == [1, 2]
    status = found[":status"]["status"]
    raw = found[':raw {["op"]="getStatus"}']["values"]
    assert isinstance(status, dict)
    assert isinstance(raw, list)
    assert status["pid"] == raw[0]["pid"]
    assert found[":cleanup keep double"]["kept"] == [functions[0]["double"]["function"]]
    assert found[":chunks"]["chunks"] == [{"id": functions[0]["double"]["function"], "name": "Module:M.double"}]
    assert found[":call Module:M.double 1"]["values"] == [2]
    assert found[":testquit"]["ok"] is True


def test_a_file_is_loaded_under_its_name(run: Run, tmp_path: Path) -> None:
    (tmp_path / "a module.lua").write_text("error('here')")
    done = run(':load "a module.lua"\n:load "a module.lua" Module:A\n:call Module:A\n')
    assert done.stdout == "chunks[1]  a module.lua\nchunks[2]  Module:A\n"
    assert done.stderr.startswith("<stdin>:3: Module:A:1: here\nstack traceback:\n")
    assert "a module.lua:1: here" in run(':load "a module.lua"\n:call 1\n').stderr


# A step that fails, and what is said of it.
FAILURES = [
    ("error('boom')", "input 1:1: boom"),
    ("x = = 1", "unexpected symbol near '='"),
    (":nonsense", "there is no op :nonsense"),
    (":call", "expected the id or the name of a function"),
    (":call nobody", "got 'nobody'"),
    (":call 99", "function id 99 does not exist"),
    (":call 1 hello", "text is written in quotes"),
    (":load", "expected a file"),
    (":load no/such.lua", "no/such.lua cannot be read: No such file or directory"),
    (':load "open', "no closing quotation"),
    (":load a <<END\nx = = 1\nEND", "a:1: unexpected symbol near '='"),
    (":load a b <<END\nEND", "expected a name for the text"),
    (":register", "expected a name and functions"),
    (":register php 1", "expected NAME=ANSWER"),
    (":wrap a b", "expected one function"),
    (":answer ?", "expected an answer"),
    (":answer", "() for nothing"),
    (":", "expected the name of an op"),
    (": 1", "expected the name of an op"),
    (":cleanup all", "expected :cleanup or :cleanup keep"),
    (":cleanup keep nobody", "got 'nobody'"),
    (":wire loud", "expected one of off, short, on"),
    (":save", "expected a file"),
    (":save /no/such/place", "cannot write /no/such/place"),
    (":raw", "expected an expression"),
    (":lua", "expected Lua code"),
    (":fails 1", "was expected to fail, and did not"),
    (":fails", "expected a step"),
    (":fails :nonsense", "there is no op :nonsense"),
    (":help nonsense", "there is no op :nonsense"),
    (":status <<END\nEND", "takes no text"),
]

DEATHS = [
    (":raw {", "the interpreter exited with status 1"),
    (':raw {["op"]="nonsense"}', "the interpreter exited with status 1"),
    (':raw {["op"]="quit"}', "the interpreter exited with status 0"),
]


def test_failures_have_their_line(run: Run) -> None:
    done = run("".join(step + "\n" for step, _ in FAILURES), "--keep-going")
    assert done.returncode == 1
    said = re.split(r"^<stdin>:(\d+): ", done.stderr, flags=re.MULTILINE)[1:]
    line = 1
    for number, text, (step, words) in zip(said[::2], said[1::2], FAILURES, strict=True):
        assert (int(number), words in text) == (line, True), f"{step}: {text}"
        line += step.count("\n") + 1


@pytest.mark.slow  # starts a session for each row
@pytest.mark.parametrize(("step", "words"), [FAILURES[0], FAILURES[3], *DEATHS])
def test_a_failure_ends_the_script(run: Run, step: str, words: str) -> None:
    done = run(f"{step}\n:lua 'not reached'\n")
    assert done.returncode == 1
    assert done.stderr.startswith("<stdin>:1: ")
    assert words in done.stderr
    assert done.stdout == ""


def test_text_without_its_end_is_not_loaded(run: Run) -> None:
    """A script that was cut off does not pass."""
    done = run("1\n:load M <<END\nreturn 1\n")
    assert (done.returncode, done.stdout) == (1, "1\n")
    assert done.stderr == "<stdin>:2: expected a line END after the text, and the script ends\n"


def test_keep_going(run: Run) -> None:
    done = run("error('a')\n1\nerror('b')\n2\n", "--keep-going")
    assert (done.returncode, done.stdout) == (1, "1\n2\n")
    assert re.findall(r"<stdin>:(\d+): input \d+:1: (\w)\n", done.stderr) == [("1", "a"), ("3", "b")]


def test_expected_failures_are_shown_and_pass(run: Run) -> None:
    assert result(run, ":fails error({ code = 5 })\n:fails :call 99\n") == (
        "(error object is a table value) {code = 5}\nstack traceback:\n\tinput 1:1: in main chunk\n"
        "function id 99 does not exist\n"
    )


def test_answers_wait_in_line(run: Run) -> None:
    script = ':register php ask\n:answer "a", 1\n:answer error("b")\nphp.ask()\npcall(php.ask)\n'
    assert result(run, script) == (
        "registered php.ask\n1 answer waiting\n2 answers waiting\n"
        '  [1] Lua calls php.ask()\n  [1] answered "a", 1\n"a", 1\n'
        '  [1] Lua calls php.ask()\n  [1] answered with the error "b"\nfalse, "b"\n'
    )


def test_no_answer_fails_the_step_even_where_lua_catches_it(run: Run) -> None:
    done = run(":register php ask\npcall(php.ask)\n")
    assert done.returncode == 1
    assert "<stdin>:2: Lua called php.ask, and nothing answers" in done.stderr
    assert run(":register php ask\n:fails php.ask()\n").returncode == 1


def test_help_for_each_op_fits_a_small_terminal(run: Run) -> None:
    out = result(run, ":help\n" + "".join(f":help {name}\n" for name in OPS))
    assert all(len(line) <= 80 for line in out.splitlines())
    summary = out.splitlines()[2 : len(OPS) + 2]
    assert [line.split()[0] for line in summary] == [f":{name}" for name in OPS]


def test_functions_that_were_registered_by_hand_ask_too(run: Run) -> None:
    raw = ':raw {["op"]="registerLibrary", ["name"]="hand", ["functions"]={["made"]="its id"}}'
    assert result(run, f"{raw}\n:answer 5\nhand.made(1)\n") == (
        "1 answer waiting\n  [1] Lua calls its id(1)\n  [1] answered 5\n5\n"
    )


def test_deep_calls_both_ways(run: Run) -> None:
    script = """
:register php down=call(step)
:load step <<END
local n = ...
return n > 0 and php.down(n - 1) or 'end'
END
:call step 30
"""
    last = steps(run, script)[-1]
    calls = last["calls"]
    assert isinstance(calls, list)
    assert last["values"] == ["end"]
    assert [call["depth"] for call in calls] == list(range(1, 31))
    assert [call["values"] for call in calls] == [["end"]] * 30


def test_wire_shows_every_frame_and_no_control_byte(run: Run) -> None:
    script = ":wire on\n= '\\27[31m\\0\\255', 'plain'\n:wire off\n= 1\n"
    done = subprocess.run(
        [sys.executable, "-m", "luaproc", "session"], input=script.encode(), capture_output=True, check=True
    )
    assert not set(done.stdout) & (set(range(32)) - {10} | {0x7F, 0xFF})
    frames = re.findall(r"^PHP (→|←) Lua ([0-9a-f]{8}) ([0-9a-f]{8}) (.*)$", done.stdout.decode(), re.MULTILINE)
    assert [arrow for arrow, *_ in frames] == ["→", "←", "→", "←"]
    assert all(2 * int(length, 16) - 1 == int(check, 16) for _, length, check, _ in frames)
    assert frames[0][3].startswith('{["op"]="loadString",["text"]="return ')
    assert r's:7:"\x1b[31m\x00\xff";' in frames[3][3]


def test_wire_in_json(run: Run) -> None:
    found = steps(run, ":wire on\n= '\\255'\n")
    frames = found[1]["frames"]
    assert isinstance(frames, list)
    assert [frame["from"] for frame in frames] == ["host", "responder", "host", "responder"]
    assert set(frames[3]["body"]) == {"base64"}
    assert frames[3]["header"] == f"{77:08x}{153:08x}"


def test_short_wire_is_cut(run: Run) -> None:
    out = result(run, ":wire short\n= ('x'):rep(5000)\n")
    frames = [line for line in out.splitlines() if line.startswith("PHP")]
    assert max(map(len, frames)) < 220
    assert re.search(r"… \(5,0\d\d bytes\)", out)


def test_echo_shows_the_steps(run: Run) -> None:
    assert result(run, "x = {\n1}\n= x[1]\n", "--echo") == "> x = {\n  1}\n\n> = x[1]\n1\n"


@pytest.mark.slow  # starts two sessions
def test_saved_script_does_the_same_again(run: Run, tmp_path: Path) -> None:
    script = """:register php ask
:answer 7
x = php.ask()
:load M <<END
return x
END
error('kept')
:call nobody
:call M
:save again.lps
"""
    first = run(script, "--keep-going")
    again = (tmp_path / "again.lps").read_text()
    assert ":fails error('kept')\n" in again
    assert "nobody" not in again
    assert ":save" not in again
    second = run("", "again.lps")
    assert (second.returncode, second.stderr) == (0, "")
    assert second.stdout.splitlines()[-1] == "7" == first.stdout.splitlines()[-2]


def test_restart(run: Run) -> None:
    """Chunks and globals are gone, PHP's functions are there again."""
    script = ":register php one=1\nx = 2\n:restart\nx, php.one()\n:chunks\n"
    out = result(run, script).splitlines()
    assert re.fullmatch(r"a fresh server, pid \d+; registered again: php", out[1])
    assert out[4:] == ["nil, 1", "   1  input 4                  x, php.one()"]


def test_dead_server_is_said_and_can_be_restarted(run: Run) -> None:
    done = run(":testquit\n1\n:restart\n1\n", "--keep-going")
    assert "the interpreter exited with status 42\n" in done.stdout
    assert done.stderr == "<stdin>:2: the server is gone; :restart starts a fresh one\n"
    assert done.stdout.endswith("\n1\n")


@pytest.mark.slow  # starts a session for each row
@pytest.mark.parametrize(
    ("code", "timeout", "words"),
    [
        ("receive(); os.write(1, b'this is no frame of any kind')", "300", "expected a header of 16 lower-case"),
        ("receive(); send(b'nonsense'); time.sleep(600)", "300", "malformed serialized data"),
        ("receive(); os._exit(3)", "300", "the interpreter exited with status 3"),
        ("receive(); os.kill(os.getpid(), 11)", "300", "the interpreter received signal 11 (SIGSEGV)"),
        ("receive(); print('out of luck', file=sys.stderr); sys.exit(1)", "300", "exited with status 1 - out of luck"),
        ("receive(); time.sleep(600)", "0.3", "did not answer within 0.3 seconds"),
        ("receive(); os.write(1, b'00000040'); time.sleep(600)", "0.3", "did not answer within 0.3 seconds"),
    ],
)
def test_bad_servers_are_told_in_words(run: Run, code: str, timeout: str, words: str) -> None:
    for json_or_not in ([], ["--json"]):
        done = run(":status\n", "--server", shlex.join(lying(code)), "--timeout", timeout, *json_or_not)
        assert done.returncode == 1
        assert done.stderr.startswith("<stdin>:1: ")
        assert words in done.stderr
        assert "Traceback" not in done.stderr
    [step] = [json.loads(line) for line in done.stdout.splitlines()]
    assert (step["ok"], step["error"]["kind"]) == (False, "server")
    assert words in step["error"]["message"]


@pytest.mark.slow  # starts a session for each row
def test_words_of_the_command_line(run: Run, tmp_path: Path) -> None:
    for bad, words, status in [
        (["--server", "/no/such/server"], "cannot be started", 1),
        (["--server", "'open"], '--server: the words of "\'open" cannot be told apart', 2),
        (["--server", "x", "--runtime", "lua51"], "--runtime is for our own server", 2),
        (["no-such.lps"], "no-such.lps cannot be read: No such file", 2),
        (["--max-memory", "much"], "expected bytes, or a number with K, M or G, or 0 for none; got 'much'", 2),
        (["--max-cpu", "-1"], "expected seconds, or 0 for none; got '-1'", 2),
        (["--runtime", "lua99"], "unknown runtime 'lua99'", 2),
    ]:
        done = run("", *bad)
        assert (done.returncode, done.stdout) == (status, "")
        assert words in done.stderr
        assert "Traceback" not in done.stderr


@pytest.mark.slow  # waits for a CPU limit
def test_limits_hold(run: Run) -> None:
    done = run("local t = ('x'):rep(2^26)\n", "--max-memory", "50M")
    assert "not enough memory" in done.stderr
    done = run("while true do end\n", "--max-cpu", "1")
    assert "The time allocated for running scripts has expired." in done.stderr


def test_interrupted_script_says_where(tmp_path: Path) -> None:
    """Ctrl-C ends the server too, and the status is the shell's for it."""
    (tmp_path / "loop.lps").write_text("1\nwhile true do end\n")
    with subprocess.Popen(
        [sys.executable, "-m", "luaproc", "session", "--echo", str(tmp_path / "loop.lps")],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        while "while true" not in process.stdout.readline():
            pass
        time.sleep(0.3)  # the server is working then, or about to
        os.kill(process.pid, signal.SIGINT)
        _, err = process.communicate(timeout=300)
    assert process.returncode == 130
    assert err.endswith("loop.lps:2: interrupted; the server was ended\n")


def test_script_that_is_no_text(run: Run, tmp_path: Path) -> None:
    """Bytes go to Lua as they are."""
    (tmp_path / "bytes.lps").write_bytes(b"= '\xff\xfe', #'\xff\xfe'\n:save copy.lps\n")
    assert result(run, "", "bytes.lps") == '"\\255\\254", 2\n1 steps in copy.lps\n'
    assert (tmp_path / "copy.lps").read_bytes() == b"= '\xff\xfe', #'\xff\xfe'\n"


def test_each_result_comes_before_the_next_line_is_read() -> None:
    """A program at the other end of the pipe can wait for it."""
    with subprocess.Popen(
        [sys.executable, "-m", "luaproc", "session", "--json"],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1,
    ) as process:  # fmt: skip
        assert process.stdin is not None
        assert process.stdout is not None
        for number in range(3):
            process.stdin.write(f"{number} + 1\n")
            process.stdin.flush()
            assert json.loads(process.stdout.readline())["values"] == [number + 1]
        process.stdin.close()
    assert process.returncode == 0


@pytest.mark.slow  # values 4,000 levels deep
def test_tables_of_any_depth(run: Run) -> None:
    """Values, errors, and what Lua hands to PHP."""
    script = """function deep(n) local t = {} for i = 1, n do t = {t} end return t end
:register php echo=... back=call(deep)
deep(3900)
:fails error(deep(900))
:register php count=1
php.count(deep(900))
"""
    assert "{" * 3000 in re.sub(r"\s", "", result(run, script))
    assert len(steps(run, script)) == 6


def test_a_mark_of_utf_8_is_no_lua(run: Run, tmp_path: Path) -> None:
    """As some editors write it."""
    (tmp_path / "marked.lps").write_text("\ufeff'first'\n2\n")
    assert result(run, "", "marked.lps") == '"first"\n2\n'
    assert result(run, "\ufeff#!/usr/bin/env luaproc\n2\n") == "2\n"


def test_what_an_op_says_in_words_only_is_json_too(run: Run) -> None:
    script = (
        ":help lua\n:register php f=1\n:answer 5\n:wire off\n:save it\n:restart\n:status\n:testquit\n:restart\n:quit\n"
    )
    said = {str(step["step"]).split()[0]: str(step.get("text")) for step in steps(run, script)}
    assert said.pop(":status") == "None"  # it has members of its own
    assert said.pop(":restart").startswith("a fresh server, pid ")
    assert said.pop(":help").startswith(":lua CODE\n")
    assert said == {
        ":register": "registered php.f",
        ":answer": "1 answer waiting",
        ":wire": "wire off",
        ":save": "3 steps in it",
        ":testquit": "the interpreter exited with status 42",
        ":quit": "the interpreter exited with status 0",
    }


def test_the_example_in_the_docstring() -> None:
    from luaproc import session

    [code] = re.findall(r"(?:^    .*\n)+", session.__doc__ or "", re.MULTILINE)
    imports = (
        "import sys\nfrom luaproc.session.ops import TABLE\nfrom luaproc.session.run import run_script\n"
        "from luaproc.session.session import Session\n"
        "from luaproc.session.views import TextView\n"
    )
    words = [sys.executable, "-c", imports + textwrap.dedent(code)]
    done = subprocess.run(words, capture_output=True, text=True, timeout=300)
    assert (done.stdout, done.stderr) == ("42\n", "")


@pytest.mark.slow  # starts a session for each row
def test_the_session_of_the_readme(run: Run, words: list[str]) -> None:
    """Its module, and what it prints there."""
    module = Path(__file__).parents[2] / "examples" / "Greeting.lua"
    shown = result(run, f""":load {module} Module:Greeting
:call Module:Greeting
:register php exists
:answer true
:call greet "Main Page"
:answer false
:fails :call greet "Nowhere"
""", *words)  # fmt: skip
    assert '"Hello, Main Page", {length = 9}' in shown
    assert "Module:Greeting:5: no such page: Nowhere" in shown
