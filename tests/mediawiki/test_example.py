"""examples/mediawiki/up.sh does what it says, on the machine the tests run on."""

import json
import os
import signal
import socket
import subprocess
import time
import urllib.parse
from pathlib import Path

import pytest

from tests.mediawiki.installation import environment, free_port, get, luaproc, wait_for_port
from tests.parts import need

# MediaWiki and PHP render pages here.
pytestmark = pytest.mark.real

SCRIPT = Path(__file__).parents[2] / "examples" / "mediawiki" / "up.sh"


def up(*options: str, **variables: str) -> "subprocess.CompletedProcess[str]":
    need("php")
    need("mediawiki")
    command = ["sh", str(SCRIPT), *options]
    return subprocess.run(command, capture_output=True, text=True, env=environment(variables), timeout=600)


@pytest.mark.parametrize(("runtime", "named"), [("lua51", "Lua 5.1"), ("luajit21", "LuaJIT 2.1")])
def test_it_renders_a_page_and_leaves_nothing(tmp_path: Path, runtime: str, named: str) -> None:
    """Install, save, render, show; the temporary wiki is gone afterwards."""
    done = up("--luaproc", luaproc(), "--runtime", runtime, TMPDIR=str(tmp_path))
    assert done.returncode == 0, done.stderr
    assert f"Rendered with {named}" in done.stdout
    assert "<td>ПРИВЕТ, 6 letters</td>" in done.stdout
    assert list(tmp_path.iterdir()) == []


def test_it_finds_luaproc_on_path(tmp_path: Path) -> None:
    """As a reader of the README runs it: no option at all."""
    path = f"{Path(luaproc()).parent}{os.pathsep}{os.environ['PATH']}"
    assert "ПРИВЕТ" in up(PATH=path, TMPDIR=str(tmp_path)).stdout


def test_a_browser_sees_the_page_and_the_console_answers(tmp_path: Path) -> None:
    """--serve: the page view shows the module's output, action=scribunto-console works, Ctrl-C ends it all."""
    need("php")
    need("mediawiki")
    port = free_port()
    process = subprocess.Popen(
        ["sh", str(SCRIPT), "--luaproc", luaproc(), "--dir", str(tmp_path / "wiki"), "--serve", str(port)],
        env=environment({}),
        stdin=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        wait_for_port(port, process)
        url = f"http://127.0.0.1:{port}"
        assert "<td>ПРИВЕТ, 6 letters</td>" in get(f"{url}/index.php/Hello")
        query = {
            "action": "scribunto-console",
            "format": "json",
            "title": "Module:Hello",
            "question": "=6 * 7, _VERSION",
        }
        assert json.loads(get(f"{url}/api.php?{urllib.parse.urlencode(query)}"))["return"] == "42\tLua 5.1"
    finally:
        os.killpg(process.pid, signal.SIGINT)
        process.wait(300)
    assert (tmp_path / "wiki" / "data").is_dir(), "a directory that was named stays"
    for _ in range(1200):  # while a worker of PHP's server ends, it resets connections
        with pytest.raises(OSError, match=r"refused|reset|closed") as gone:
            get(url)
        if "refused" in str(gone.value):
            return
        time.sleep(0.1)
    pytest.fail("the port is still open")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--luaproc", "/nonexistent/luaproc"), "/nonexistent/luaproc is not an executable file"),
        (("--luaproc", "/bin/true"), "is no Lua for a wiki"),
        (("--luaproc", "/bin/false"), "-v failed"),
        (("--serve", "http"), "--serve needs a port number, not http"),
        (("--serve", "99999"), "--serve needs a port from 1 to 65535, not 99999"),
        (("--serve", "0"), "--serve needs a port from 1 to 65535, not 0"),
        (("--serve", "99999999999999999999"), "--serve needs a port from 1 to 65535"),
        (("--dir",), "--dir needs a value"),
        (("--colour",), "unknown option: --colour"),
    ],
)
def test_it_says_what_is_wrong(options: tuple[str, ...], said: str) -> None:
    """One line on stderr and status 1, before anything is installed."""
    with_luaproc = options if "--luaproc" in options else ("--luaproc", luaproc(), *options)
    done = up(*with_luaproc)
    assert done.returncode == 1
    assert said in done.stderr.splitlines()[-1]


def test_it_says_that_a_port_is_taken() -> None:
    """Before anything is installed, as well."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        done = up("--luaproc", luaproc(), "--serve", port)
    assert (done.returncode, done.stdout) == (1, "")
    assert f"port {port} of 127.0.0.1 is taken" in done.stderr


def test_it_cleans_up_when_nobody_reads_on(tmp_path: Path) -> None:
    """up.sh | head -1: by SIGPIPE; and a name with a quote in it, for --dir."""
    need("php")
    need("mediawiki")
    temporary, named = tmp_path / "tmp", tmp_path / "it's here"
    temporary.mkdir()
    named.mkdir()
    assert "ПРИВЕТ" in up("--luaproc", luaproc(), "--dir", str(named)).stdout
    process = subprocess.Popen(
        ["sh", str(SCRIPT), "--luaproc", luaproc()],
        env=environment({"TMPDIR": str(temporary)}),
        stdout=subprocess.PIPE,
    )
    assert process.stdout
    assert process.stdout.readline().startswith(b"Installing")
    process.stdout.close()
    assert process.wait(300) != 0
    assert list(temporary.iterdir()) == []


@pytest.mark.parametrize(("variables", "said"), [({"MW_INSTALL_PATH": "/nonexistent"}, "no MediaWiki in /nonexistent")])
def test_it_names_the_packages(variables: dict[str, str], said: str) -> None:
    """Without MediaWiki: the command that installs it."""
    done = up("--luaproc", luaproc(), **variables)
    assert done.returncode == 1
    assert said in done.stderr
    assert "apt-get install" in done.stderr
