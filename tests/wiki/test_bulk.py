"""Every page of a dump in processes: whole lines, each page once, whatever ends in between."""

import bz2
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from luaproc.errors import UsageError
from luaproc.wiki.line_files import LineFile
from tests.parts import need
from tests.wiki.test_dumps import dump

MODULE = """
local p = {}
function p.hi( frame ) return 'hi ' .. frame.args[1] .. mw.text.trim( ' x ' ) end
function p.fail() error( 'no luck' ) end
function p.eat() local t = {} while true do t[#t + 1] = ( 'x' ):rep( 1e6 ) .. #t end end
function p.loop() while true do end end
return p
"""
MODULES = [("Template:Hi", 10, "Hello, {{{1}}} {{#expr: 1 + 2 }}"), ("Module:M", 828, MODULE)]
PLAIN = [(f"P {number}", 0, f"{{{{Hi|{number}}}}}\n{{{{#if:|a|b}}}} <!-- c -->") for number in range(150)]
MODULE_PAGES = [
    ("Asks", 0, "{{#invoke:M|hi|you}}"),
    ("Fails", 0, "a {{#invoke:M|fail}}"),
    ("Eats", 0, "b {{#invoke:M|eat}} {{#invoke:M|hi|you}}"),
    ("Talk:Asks", 1, "talk"),
]

# Pages without modules: no Scribunto is needed.
SCRIPT = """
import os, signal, sys
from luaproc.wiki import Site, Wiki
from luaproc.wiki.bulk import expand_all

def make():
    texts = {f"P {number}": "{{#die:}}" if number in (3, 4) else "{{#sane:}}" for number in range(20)}
    wiki = Wiki(texts, mediawiki=False)
    wiki.parser_function("#die")(lambda *_: os.kill(os.getpid(), signal.SIGKILL))
    wiki.parser_function("#sane")(lambda *_: 1 / 0 if os.environ.get("BUG") else "sane")
    return wiki

def refuse():
    sys.exit(7)

pages = [(0, f"P {number}") for number in range(20)]
write = lambda line: os.write(1, line)
print(expand_all(refuse if os.environ.get("REFUSE") else make, Site(), pages, 2, write), file=sys.stderr)
"""


def run(code: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """The script in a Python without threads, which forks."""
    return subprocess.run(
        [sys.executable, "-c", code], env=os.environ | environment, capture_output=True, text=True, timeout=120
    )


def lines_by_title(text: str) -> dict[str, dict[str, Any]]:
    """The documents of whole lines, each title once."""
    assert text == "" or text.endswith("\n")
    documents = [json.loads(line) for line in text.splitlines()]
    found = {document["title"]: document for document in documents}
    assert len(found) == len(documents)
    return found


@pytest.mark.slow  # starts workers
def test_a_worker_that_dies_costs_its_page_alone() -> None:
    """Killed twice of two, it is replaced twice, and what it was given beside that page is expanded by another one."""
    ran = run(SCRIPT)
    found = lines_by_title(ran.stdout)
    assert ran.stderr.strip() == "Tally(done=20, failed=2)"
    assert {title for title, document in found.items() if document["errors"]} == {"P 3", "P 4"}
    assert found["P 3"]["errors"][0]["message"] == "the process that expands the page ended by signal 9"
    assert found["P 5"]["text"] == "sane"


@pytest.mark.slow  # starts workers
def test_an_error_of_a_hook_is_its_pages_line() -> None:
    """What a parser function of the caller's raises stands in the line; the rest goes on."""
    found = lines_by_title(run(SCRIPT, BUG="1").stdout)
    assert len(found) == 20
    assert found["P 5"]["errors"][0]["message"] == "ZeroDivisionError: division by zero"


@pytest.mark.slow  # starts workers
def test_workers_that_cannot_begin_are_an_error() -> None:
    """A wiki that cannot be opened is told once, and not page by page."""
    ran = run(SCRIPT, REFUSE="1")
    assert ran.stdout == ""
    assert "WikiError: a process that was to open the wiki ended with status 7" in ran.stderr


def test_a_line_file_goes_on_behind_its_last_whole_line(tmp_path: Path) -> None:
    """A cut line is taken off; without --resume a file that is there stays; a foreign one is refused and stays."""
    path = tmp_path / "lines"
    first = LineFile(path)
    first.write(b'{"title": "A"}\n')
    with pytest.raises(UsageError, match="another process writes"):
        LineFile(path, resume=True)
    first.write(b'{"title": "B')
    first.close()
    with pytest.raises(UsageError, match="go on with it by --resume"):
        LineFile(path)
    again = LineFile(path, resume=True)
    assert again.titles == {"A"}
    again.write(b'{"title": "C"}\n')
    again.close()
    assert path.read_bytes() == b'{"title": "A"}\n{"title": "C"}\n'
    for foreign in (b"[1]\n", b"text\n{", b'{"title": 5}\n'):
        path.write_bytes(foreign)
        with pytest.raises(UsageError, match=r"lines:1: expected a line of JSON with a title"):
            LineFile(path, resume=True)
        assert path.read_bytes() == foreign


def test_a_line_file_is_no_link_that_somebody_planted(tmp_path: Path) -> None:
    """A file elsewhere is neither made nor written to, and a pipe is not waited for."""
    (tmp_path / "elsewhere").write_bytes(b"a victim's")
    (tmp_path / "link").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "dangling").symlink_to(tmp_path / "new")
    os.mkfifo(tmp_path / "pipe")
    for name, resume in (("link", True), ("dangling", False), ("pipe", False)):
        with pytest.raises(UsageError, match=f"expected a regular file, and {tmp_path / name}"):
            LineFile(tmp_path / name, resume)
    assert (tmp_path / "elsewhere").read_bytes() == b"a victim's"
    assert not (tmp_path / "new").exists()


def command(directory: Path, *arguments: str) -> list[str]:
    return [sys.executable, "-m", "luaproc", "wiki", "expand", "--dump", str(directory / "d.xml.bz2"), *arguments]


@pytest.mark.real
def test_a_dump(tmp_path: Path) -> None:
    """Each page of a namespace is one line; modules' errors and a server that dies are in theirs; the status tells."""
    need("mediawiki")
    (tmp_path / "d.xml.bz2").write_bytes(bz2.compress(dump([*MODULES, *PLAIN, *MODULE_PAGES])))
    ran = subprocess.run(
        command(tmp_path, "-j", "2", "--namespace", "main"), cwd=tmp_path, capture_output=True, text=True, timeout=300
    )
    found = lines_by_title(ran.stdout)
    assert (ran.returncode, ran.stderr) == (1, "")
    assert {*found} == {title for title, *_ in [*PLAIN, *MODULE_PAGES[:3]]}
    assert found["P 7"]["text"] == "Hello, 7 3\nb "
    assert found["P 7"]["limits"]["depth"]["most"] > 0
    assert found["Asks"]["text"] == "hi youx"
    assert found["Fails"]["errors"][0]["module"] == "Module:M"
    assert len(found["Eats"]["errors"]) >= 1
    assert [title for title, document in found.items() if document["errors"]] == [
        title for title in found if title in ("Fails", "Eats")
    ]


def processes_with(mark: str) -> dict[int, str]:
    """The processes whose environment has the mark: the test's command, its workers, their servers; numbers, words."""
    found = {}
    for directory in Path("/proc").glob("[0-9]*"):
        try:
            if mark.encode() in (directory / "environ").read_bytes():
                found[int(directory.name)] = (directory / "cmdline").read_bytes().decode()
        except OSError:
            pass
    return found


@pytest.mark.slow  # it waits for a module's limit of time
@pytest.mark.real
def test_ctrl_c_and_going_on(tmp_path: Path) -> None:
    """Ctrl-C leaves whole lines and no process, says nothing, and is status 130; --resume expands the rest."""
    need("mediawiki")
    (tmp_path / "d.xml.bz2").write_bytes(bz2.compress(dump([*MODULES, *PLAIN, ("Loops", 0, "{{#invoke:M|loop}}")])))
    (tmp_path / "site.json").write_text('{"limits": {"lua_seconds": 60}}')
    out = tmp_path / "out.jsonl"
    mark = f"LUAPROC_TEST={tmp_path}"
    # In the dump's order the page that loops is the first one: the other worker does the rest meanwhile.
    with subprocess.Popen(
        command(tmp_path, "-j", "2", "--output", "out.jsonl", "--site", "site.json"),
        cwd=tmp_path,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | dict([mark.split("=", 1)]),
        start_new_session=True,
    ) as process:
        deadline = time.monotonic() + 120
        while not (out.exists() and out.stat().st_size) and time.monotonic() < deadline:
            time.sleep(0.02)
        while len(processes_with(mark)) < 4 and time.monotonic() < deadline:
            time.sleep(0.02)  # until the server of the module that loops is there
        os.killpg(process.pid, signal.SIGINT)
        _, errors = process.communicate(timeout=60)
        assert (process.returncode, errors) == (130, "")
        assert processes_with(mark) == {}
    begun = lines_by_title(out.read_text())
    assert begun
    assert "Loops" not in begun
    kept = out.read_bytes()
    out.write_bytes(kept + b'{"title": "P 149", "text": "cut')
    (tmp_path / "site.json").write_text('{"limits": {"lua_seconds": 1}}')
    ran = subprocess.run(
        command(tmp_path, "--output", "out.jsonl", "--resume", "--site", "site.json"),
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert (ran.returncode, ran.stdout, ran.stderr) == (1, "", "")
    assert out.read_bytes().startswith(kept)
    found = lines_by_title(out.read_text())
    assert {*found} == {"Template:Hi", "Loops", *(title for title, *_ in PLAIN)}
    assert "expired" in found["Loops"]["text"]


@pytest.mark.slow  # it starts a command with workers and servers
@pytest.mark.real
def test_a_worker_that_is_killed_takes_its_lua_with_it(tmp_path: Path) -> None:
    """A module that loops ends with the worker, and does not run on until its limit of time."""
    need("mediawiki")
    (tmp_path / "d.xml.bz2").write_bytes(bz2.compress(dump([*MODULES, ("Loops", 0, "{{#invoke:M|loop}}")])))
    (tmp_path / "site.json").write_text('{"limits": {"lua_seconds": 600}}')
    mark = f"LUAPROC_TEST={tmp_path}"
    with subprocess.Popen(
        command(tmp_path, "-j", "1", "--site", "site.json"),
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | dict([mark.split("=", 1)]),
    ) as process:
        deadline = time.monotonic() + 120
        worker, ticks = process.pid, 0
        while ticks < os.sysconf("SC_CLK_TCK") and time.monotonic() < deadline:
            time.sleep(0.02)
            for server in (number for number, words in processes_with(mark).items() if "\0serve\0" in words):
                stat = Path(f"/proc/{server}/stat").read_text().rpartition(")")[2].split()
                worker, ticks = int(stat[1]), int(stat[11])  # the module loops when a second of CPU time is gone
        assert worker != process.pid
        os.kill(worker, signal.SIGKILL)
        out, _ = process.communicate(timeout=60)
        assert processes_with(mark) == {}
    assert lines_by_title(out)["Loops"]["errors"][0]["message"] == "the process that expands the page ended by signal 9"


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["text"], "not both"),
        (["--dump", "nowhere"], "--dump: expected a folder or a dump with pages, got nowhere: there is no such file"),
        (["--resume"], "expected --output FILE with --resume"),
        (["--namespace", "Nowhere"], "expected a namespace's name or number after --namespace, got 'Nowhere'"),
    ],
)
@pytest.mark.real
def test_wrong_options(tmp_path: Path, arguments: list[str], expected: str) -> None:
    """One line that says what to type, status 2."""
    need("mediawiki")
    (tmp_path / "d.xml.bz2").write_bytes(bz2.compress(dump(PLAIN[:1])))
    ran = subprocess.run(command(tmp_path, *arguments), cwd=tmp_path, capture_output=True, text=True, timeout=120)
    assert (ran.returncode, ran.stdout) == (2, "")
    assert expected in ran.stderr
    assert ran.stderr.count("\n") == 1
