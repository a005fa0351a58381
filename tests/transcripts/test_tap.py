"""The tap changes nothing that PHP sees: each test does the same with and without it, on real processes."""

import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import pytest

from luaproc.host import Interpreter
from luaproc.host.process import limited
from luaproc.transcripts.reader import Closed, Loose
from luaproc.transcripts.recording_launcher import write_launcher
from luaproc.wire.framing import encode_frame
from tests.parts import REFERENCE, need, reference_server
from tests.transcripts.making import LUAPROC, finished, luaproc

OURS = [*LUAPROC, "serve"]


def tapped(command: list[str], path: Path) -> list[str]:
    return [*LUAPROC, "record", "-o", str(path), "--", *command]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "transcript.jsonl"


@pytest.mark.parametrize("server", ["ours", REFERENCE])
def test_every_frame_is_recorded(server: str, path: Path) -> None:
    """What PHP sends and gets is what stands in the file, both ways, byte for byte and in order."""
    command = OURS if server == "ours" else reference_server()
    seen: list[tuple[str, bytes]] = []
    with Interpreter(tapped(command, path), timeout=300, on_frame=lambda *f: seen.append((f[0], f[1]))) as lua:
        lua.register_library("php", {"double": lambda text: text + text})
        assert lua.load_string("return php.double(...)", "=double")("\0\xff\n") == ["\0\xff\n" * 2]
        status = lua.get_status()
        assert status is not None
        assert status.pid == lua.connection.pid, "the process that PHP started is the server"
    transcript = finished(path)
    assert [(frame.side, frame.body) for frame in transcript.frames] == seen
    times = [event.seconds for event in transcript.events]
    assert times == sorted(times)
    assert transcript.command == command
    assert transcript.pid == status.pid
    assert transcript.end is not None
    assert transcript.end.returncode == -signal.SIGTERM


@pytest.mark.real
@pytest.mark.parametrize("said", [b'{["op"]="quit"}', b'{["op"]="testquit"}', b"", b"no expression"])
def test_exit_status_is_the_servers(said: bytes, path: Path) -> None:
    """quit is 0, testquit 42, the end of input 0, and nonsense what the server makes of it."""
    frame = encode_frame(said) if said else b""
    alone = subprocess.run(reference_server(), input=frame, capture_output=True, timeout=300)
    done = subprocess.run(tapped(reference_server(), path), input=frame, capture_output=True, timeout=300)
    assert (done.returncode, done.stdout, done.stderr) == (alone.returncode, alone.stdout, alone.stderr)
    end = finished(path).end
    assert end is not None
    assert end.returncode == alone.returncode


def test_garbage_both_ways_is_kept(path: Path) -> None:
    """Bytes that are no frame pass, and stand in the file as such."""
    done = subprocess.run(
        tapped(["cat"], path), input=b"hello\xff, 20 bytes and more\n", capture_output=True, timeout=300
    )
    assert done.stdout == b"hello\xff, 20 bytes and more\n"
    events = finished(path).events
    for side in ("host", "responder"):
        loose = [event for event in events if event.side == side and isinstance(event, Loose)]
        assert b"".join(event.data for event in loose) == done.stdout
        assert [event for event in events if event.side == side and isinstance(event, Closed)]


def answering(path: Path) -> "subprocess.Popen[bytes]":
    """Our server behind the tap, when it has begun to answer."""
    process = subprocess.Popen(tapped(OURS, path), stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert process.stdin
    assert process.stdout
    process.stdin.write(encode_frame(b'{["op"]="getStatus"}'))
    process.stdin.flush()
    assert process.stdout.read(16)
    return process


@pytest.mark.slow  # starts a tap and a server
def test_sigterm_ends_server_and_tap(path: Path) -> None:
    """PHP's SIGTERM is the server's death, its signal shows, and the tap ends with it."""
    process = answering(path)
    process.terminate()
    assert process.wait(300) == -signal.SIGTERM
    end = finished(path).end
    assert end is not None
    assert end.returncode == -signal.SIGTERM
    assert _gone(path), "the tap is still there"


@pytest.mark.slow  # starts a tap and a server
def test_sigterm_to_the_tap_reaches_the_server(path: Path) -> None:
    """Whoever ends the copying process ends the server: no server stays behind without its PHP."""
    process = answering(path)
    [copier] = _holders(path)
    assert copier != process.pid
    os.kill(copier, signal.SIGTERM)
    assert process.wait(300) == -signal.SIGTERM
    assert finished(path).end
    assert _gone(path)


@pytest.mark.real
def test_cpu_limit_kills_the_server_by_sigxcpu(path: Path) -> None:
    """The limit that PHP sets is the server's, and so is the death by it, which PHP shows as its own message."""
    loop = [need("lua5.1"), "-e", "while true do end"]
    done = subprocess.run(limited(tapped(loop, path), cpu_limit=1), stdin=subprocess.DEVNULL, timeout=300)
    assert done.returncode == -signal.SIGXCPU
    transcript = finished(path)
    assert transcript.end is not None
    assert transcript.end.returncode == -signal.SIGXCPU
    assert transcript.cpu_limit == 1


@pytest.mark.slow  # spends CPU time
def test_the_tap_outlives_its_own_cpu_limit(path: Path) -> None:
    """PHP's limit holds for the tap's process, too: at SIGXCPU it goes on in a fresh one, and nothing is lost."""
    process = subprocess.Popen(tapped(["cat"], path), stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert process.stdin
    assert process.stdout
    bodies = [b"before", b"after"]
    copiers: list[int] = []
    for body in bodies:
        process.stdin.write(encode_frame(body))
        process.stdin.flush()
        assert process.stdout.read(len(body) + 16) == encode_frame(body)
        deadline = time.monotonic() + 300
        while len(found := _holders(path)) != 1 or found[0] in copiers:
            assert time.monotonic() < deadline, (found, copiers)
            time.sleep(0.01)  # the old process may end after the new one has answered
        copiers += found
        os.kill(found[0], signal.SIGXCPU)
    process.stdin.close()
    assert process.wait(300) == 0
    assert [frame.body for frame in finished(path).frames if frame.side == "responder"] == bodies


@pytest.mark.real
def test_scribuntos_tightest_memory_limit_is_enough(tmp_path: Path) -> None:
    """19,531 KB is the limit of Scribunto's own memory test; the limit is also what the header says. As a wiki has it,
    by a launcher: beside an archive of locales Python itself does not start in so little, but in the C locale."""
    launcher = tmp_path / "launcher"
    write_launcher(launcher, reference_server(), tmp_path / "out")
    command = limited([str(launcher)], memory_limit=19_531 * 1024)
    done = subprocess.run(command, input=encode_frame(b'{["op"]="testquit"}'), capture_output=True, timeout=300)
    assert done.returncode == 42, done.stderr
    (path,) = (tmp_path / "out").iterdir()
    assert finished(path).memory_limit == 19_531 * 1024


@pytest.mark.slow  # passes 33 MB
def test_large_frames_pass_under_a_memory_limit(path: Path) -> None:
    """30 MB and more go through a tap of 50 MB, in pieces, while a server answers before it has read all."""
    body = b"\xc3\xa9" + bytes(range(256)) * 130_000
    command = limited(tapped(["cat"], path), memory_limit=52_428_800)
    done = subprocess.run(command, input=encode_frame(body), capture_output=True, timeout=300)
    assert done.returncode == 0, done.stderr
    assert done.stdout == encode_frame(body)
    assert [(frame.side, frame.body == body) for frame in finished(path).frames] == [
        ("host", True),
        ("responder", True),
    ]


@pytest.mark.parametrize("ignored", [False, True])
def test_a_reader_that_goes_away(ignored: bool, tmp_path: Path) -> None:
    """A server that writes to nobody meets SIGPIPE, or EPIPE where PHP has SIGPIPE ignored, as without a tap."""
    launcher = tmp_path / "launcher"
    write_launcher(launcher, ["yes"], tmp_path / "transcripts")
    statuses = []
    for command in (["yes"], [str(launcher)]):
        # Python itself ignores SIGPIPE, as PHP does, and lets a child have that unless told otherwise.
        process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, restore_signals=not ignored
        )
        assert process.stdout
        process.stdout.read(10)
        process.stdout.close()
        statuses.append(process.wait(300))
    assert statuses[0] == statuses[1] == (1 if ignored else -signal.SIGPIPE)


@pytest.mark.slow  # starts a tap and a server
def test_a_server_that_goes_away_breaks_phps_pipe(path: Path) -> None:
    """PHP learns from EPIPE that nobody reads."""
    process = subprocess.Popen(tapped(["true"], path), stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0)
    assert process.wait(300) == 0
    assert finished(path).end
    assert process.stdin
    with pytest.raises(BrokenPipeError):
        process.stdin.write(b"x")
    process.stdin.close()


def test_a_command_that_does_not_exist(path: Path) -> None:
    """Status 127, as from a shell, and one line that says why."""
    done = luaproc("record", "-o", str(path), "--", "/no/such/lua")
    assert done.returncode == 127
    assert done.stderr == "luaproc record: '/no/such/lua' cannot be executed: No such file or directory\n"
    end = finished(path).end
    assert end is not None
    assert end.returncode == 127


@pytest.mark.slow  # starts taps
def test_a_place_that_does_not_exist() -> None:
    done = luaproc("record", "-o", "/no/such/place", "--", "echo", "started")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "luaproc: /no/such/place: cannot be written: No such file or directory\n"


@pytest.mark.slow  # starts taps
def test_nothing_is_overwritten(path: Path) -> None:
    """A file that exists stays, and the server is not started."""
    path.write_text("precious")
    done = luaproc("record", "-o", str(path), "--", "echo", "started")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == f"luaproc: {path}: exists already, and a transcript overwrites nothing\n"
    assert path.read_text() == "precious"


@pytest.mark.slow  # starts several taps
def test_each_process_has_its_own_file(tmp_path: Path) -> None:
    """With a directory the file's name comes from the time and the process."""
    for _ in range(2):
        assert luaproc("record", "--dir", str(tmp_path / "new"), "--", "true", input="").returncode == 0
    files = sorted((tmp_path / "new").iterdir())
    assert len(files) == 2
    for file in files:
        assert f"-{finished(file).pid}-" in file.name


@pytest.mark.real
def test_launcher_answers_the_version_without_recording(tmp_path: Path) -> None:
    """PHP asks LUAPATH -v for Special:Version: that is no conversation."""
    launcher = tmp_path / "lua with a space"
    done = luaproc("record", "--launcher", str(launcher), "-o", str(tmp_path / "out"), "--", need("lua5.1"))
    assert done.returncode == 0, done.stderr
    answers = [
        subprocess.run([command, "-v"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=300).stdout
        for command in (need("lua5.1"), str(launcher))
    ]
    assert answers[0] == answers[1] != b""
    assert list((tmp_path / "out").iterdir()) == []


def test_launcher_hands_on_environment_signals_and_words(tmp_path: Path) -> None:
    """The server finds what PHP gave it, and nothing that the tap needed."""
    launcher = tmp_path / "launcher"
    seen = 'env | grep -v "^_=\\|^PWD="; grep "^Sig[BI]" /proc/self/status; ls /proc/self/fd | wc -l; echo "$@"'
    show = ["/bin/sh", "-c", seen, "sh"]
    write_launcher(launcher, show, tmp_path / "out")
    answers = [
        subprocess.run(
            [*command, "a b", "$c", "'"],
            stdin=subprocess.PIPE,
            capture_output=True,
            timeout=300,
            env={"PATH": os.environ["PATH"], "KEPT": "ü"},
            restore_signals=False,
        )
        for command in (show, [str(launcher)])
    ]
    assert answers[0].stdout == answers[1].stdout
    assert b"a b $c '\n" in answers[0].stdout
    assert answers[1].stderr == b""


def test_launcher_of_a_relative_command_works_anywhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """PHP's working directory is not the one in which the launcher was written."""
    (tmp_path / "lua").symlink_to("/bin/cat")
    monkeypatch.chdir(tmp_path)
    write_launcher("launcher", ["./lua"], "out")
    done = subprocess.run([tmp_path / "launcher"], input=b"through", capture_output=True, timeout=300, cwd="/")
    assert (done.returncode, done.stdout) == (0, b"through")


def test_launcher_serves_where_nothing_can_be_recorded(tmp_path: Path) -> None:
    """A wiki's page does not fail because a directory is gone; errorFile says it."""
    launcher = tmp_path / "launcher"
    write_launcher(launcher, ["cat"], tmp_path / "out")
    (tmp_path / "out").rmdir()
    done = subprocess.run([str(launcher)], input=b"through", capture_output=True, timeout=300)
    assert (done.returncode, done.stdout) == (0, b"through")
    assert b"luaproc record: " in done.stderr
    assert b"cannot be written" in done.stderr


@pytest.mark.parametrize(
    ("redirection", "told"),
    [
        ("2>&-", ""),
        ("0<&-", "out/: not recorded: stdin is closed\n"),
        ("1>&-", "out/: not recorded: stdout is closed\n"),
        ("<.", ""),
    ],
)
def test_launcher_serves_whatever_its_streams_are(redirection: str, told: str, tmp_path: Path) -> None:
    """The server has them as PHP gave them, and answers for itself; the tap takes the place of none."""
    show = 'for number in 0 1 2; do readlink "/proc/self/fd/$number" >&9 || echo closed >&9; done; exit 3'
    told_by = []
    write_launcher(tmp_path / "launcher", ["sh", "-c", show], tmp_path / "out")
    for words in (["sh", "-c", show], [str(tmp_path / "launcher")]):
        line = f'exec "$@" 9>{tmp_path}/seen {redirection}'
        done = subprocess.run(["sh", "-c", line, "sh", *words], input="", capture_output=True, text=True, timeout=300)
        seen = (tmp_path / "seen").read_text()
        told_by.append((done.returncode, [end.partition(":")[0] for end in seen.splitlines()]))
    assert told_by[0] == told_by[1]
    assert done.stderr.replace(str(tmp_path), "") == (f"luaproc record: /{told}" if told else "")


def test_launcher_serves_where_luaproc_is_gone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nor because the environment is gone that recorded it."""
    monkeypatch.setattr("luaproc.transcripts.recording_launcher.directories", lambda: [str(tmp_path / "gone")])
    launcher = tmp_path / "launcher"
    write_launcher(launcher, ["cat"], tmp_path / "out")
    done = subprocess.run([str(launcher)], input=b"through", capture_output=True, timeout=300)
    assert (done.returncode, done.stdout) == (0, b"through")
    assert done.stderr == f"luaproc record: not recorded: luaproc is gone from {tmp_path / 'gone'}\n".encode()


@pytest.mark.slow  # starts the command several times
def test_launcher_overwrites_only_launchers(tmp_path: Path) -> None:
    """Writing it again is fine; writing it over somebody's file is not."""
    launcher, other = tmp_path / "launcher", tmp_path / "other"
    other.write_text("#!/bin/sh\n")
    words = ("-o", str(tmp_path / "out"), "--", "lua5.1")
    assert luaproc("record", "--launcher", str(launcher), *words).returncode == 0
    assert luaproc("record", "--launcher", str(launcher), *words).returncode == 0
    refused = luaproc("record", "--launcher", str(other), *words)
    assert refused.returncode == 2
    assert refused.stderr.startswith(f"luaproc: {other} exists and was not written by this command: ")
    assert other.read_text() == "#!/bin/sh\n"
    assert luaproc("record", "--launcher", str(other), "--force", *words).returncode == 0


def test_the_tap_is_lean() -> None:
    """A launcher's start-up is a wiki's page's: no click, json or re."""
    code = (
        f"import sys; sys.path.insert(0, {os.getcwd()!r}); import luaproc.transcripts.tap; print(*sorted(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-IS", "-c", code], capture_output=True, text=True, check=True)
    assert not {"click", "json", "re", "typing", "dataclasses", "signal", "contextlib"} & set(done.stdout.split())


def _holders(path: Path) -> list[int]:
    """The processes that have the file open."""
    found = []
    for process in filter(str.isdigit, os.listdir("/proc")):
        try:
            places = os.listdir(f"/proc/{process}/fd")
        except OSError:  # it has ended since
            continue
        for place in places:
            with suppress(OSError):
                if os.readlink(f"/proc/{process}/fd/{place}") == str(path):
                    found.append(int(process))
    return found


def _gone(path: Path) -> bool:
    deadline = time.monotonic() + 300
    while _holders(path):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.01)
    return True
