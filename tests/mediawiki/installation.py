"""A real MediaWiki on SQLite for the tests: one database, one LocalSettings per Lua side, PHP's own entry points."""

import atexit
import fcntl
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sysconfig
import tempfile
import time
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from tests.parts import need

PAGES = Path(__file__).parent / "pages"
SERVER_START_SECONDS = 120

# What every wiki of the tests has. No cache keeps a rendering, so that each one runs Lua. A wiki that lives for
# minutes need not reach the disk: without the fsyncs saving the pages takes 2 seconds and not 20.
COMMON_SETTINGS = """\
$wgScribuntoDefaultEngine = 'luastandalone';
$wgMainCacheType = $wgParserCacheType = $wgMessageCacheType = CACHE_NONE;
$wgShowExceptionDetails = true;
$wgJobRunRate = 0;
$wgRateLimits = [];
$wgNamespacesWithSubpages[0] = true;
$wgDBservers = [ [
	'type' => 'sqlite', 'dbname' => $wgDBname, 'dbDirectory' => $wgSQLiteDataDir, 'trxMode' => 'IMMEDIATE',
	'host' => '', 'user' => '', 'password' => '', 'flags' => 0, 'load' => 1, 'variables' => [ 'synchronous' => 'OFF' ],
] ];
$wgObjectCaches[CACHE_DB]['server']['variables']['synchronous'] = 'OFF';
$wgLocalisationCacheConf['storeServer']['variables']['synchronous'] = 'OFF';
$wgJobTypeConf['default']['server']['variables']['synchronous'] = 'OFF';
"""


@dataclass(frozen=True)
class Engine:
    """A Lua side as a wiki's admin chooses it: luaPath and, for luaproc, the runtime in the environment."""

    name: str
    lua_path: str
    runtime: str = ""


def luaproc() -> str:
    """The luaproc executable of the Python that runs the tests: a wiki must get this one, not another on PATH."""
    path = Path(sysconfig.get_path("scripts")) / "luaproc"
    assert path.exists(), f"{path} is not there: pip install -e . puts it beside this Python"
    return str(path)


def engines(runtime: str) -> tuple[Engine, Engine]:
    """(ours, the real Lua it has to equal) for a runtime of luaproc."""
    reference = {"lua51": "lua5.1", "luajit21": "luajit"}[runtime]
    return Engine(f"luaproc-{runtime}", luaproc(), runtime), Engine(reference, need(reference))


def references(runtime: str) -> tuple[Engine, ...]:
    """The real Luas of which one has to give each line that luaproc gives with this runtime; PUC Lua first.

    On LuaJIT the reference server shows accidents of that VM, such as other positions where a tail call was: there
    luaproc may be as PUC Lua is.
    """
    return tuple(Engine(lua, need(lua)) for lua in (("lua5.1",) if runtime == "lua51" else ("lua5.1", "luajit")))


class Wiki:
    """A MediaWiki in a directory of its own, with the pages of tests/mediawiki/pages in it."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.code = Path(need("mediawiki"))
        self.php = need("php")

    def install(self) -> None:
        """Make the wiki, which takes 10 s."""
        data = self.directory / "data"
        data.mkdir(parents=True)
        self._php(
            *(str(self.code / "maintenance" / "install.php"), "--dbtype", "sqlite", "--dbpath", str(data)),
            *("--dbname", "wiki", "--server", "http://wiki.example", "--scriptpath", "", "--lang", "en"),
            *("--confpath", str(self.directory), "--pass", "a password of 24 letters", "--skins", "Vector"),
            *("--extensions", "Scribunto,ParserFunctions,Cite", "Lua wiki", "Admin"),
            env={},
        )
        path = self.directory / "LocalSettings.php"
        path.write_text(path.read_text() + COMMON_SETTINGS)
        self._import_pages()

    def _import_pages(self) -> None:
        # Saving a page renders it: without a Lua side that costs nothing, and no page runs into its limits here.
        nobody = Engine("nobody", "/bin/false")
        for directory, prefix in (("Module", "Module:"), ("Template", "Template:"), ("Other", ""), ("Page", "")):
            files = sorted(str(path) for path in (PAGES / directory).iterdir() if path.suffix != ".json")
            self.run("importTextFiles.php", "--prefix", prefix, *files, engine=nobody)
        for path in (PAGES / "Module").glob("*.json"):
            # importTextFiles would take the .json off the title.
            self.edit(f"Module:{path.name}", path.read_text(), engine=nobody)

    def _php(self, *command: str, env: dict[str, str], stdin: str = "") -> str:
        done = subprocess.run(
            [self.php, *command], input=stdin, capture_output=True, text=True, env=environment(env), timeout=600
        )
        assert done.returncode == 0, f"php {command[0]} exited with {done.returncode}:\n{done.stdout}{done.stderr}"
        return done.stdout

    def environment(self, engine: Engine, extra: str = "") -> dict[str, str]:
        """What to set for a PHP process that is to use this engine; extra: lines of PHP for its LocalSettings."""
        name = re.sub(r"\W+", "-", f"{engine.name}-{extra}")[:80]
        path = self.directory / f"LocalSettings-{name}.php"
        if not path.exists():
            path.write_text(
                f"<?php\nrequire '{self.directory}/LocalSettings.php';\n"
                f"$wgScribuntoEngineConf['luastandalone']['luaPath'] = '{engine.lua_path}';\n"
                f"$wgScribuntoEngineConf['luastandalone']['errorFile'] = '{self.error_file(engine)}';\n{extra}\n"
            )
        variables = {"MW_CONFIG_FILE": str(path), "MW_INSTALL_PATH": str(self.code)}
        return variables | ({"LUAPROC_RUNTIME": engine.runtime} if engine.runtime else {})

    def error_file(self, engine: Engine) -> Path:
        """Where this engine's stderr goes."""
        return self.directory / f"{engine.name}.stderr"

    def run(self, script: str, *args: str, engine: Engine, extra: str = "", stdin: str = "") -> str:
        """stdout of a maintenance script, MediaWiki's own by name or one of ours by its full path."""
        path = script if script.startswith("/") else str(self.code / "maintenance" / script)
        return self._php(path, *args, env=self.environment(engine, extra), stdin=stdin)

    def edit(self, title: str, text: str, *, engine: Engine) -> str:
        """Save a page; Scribunto checks the syntax of a module by asking the engine."""
        return self.run("edit.php", title, engine=engine, stdin=text)

    def parse(self, page: str, *, engine: Engine, extra: str = "") -> str:
        """The HTML of a page of tests/mediawiki/pages/Page, by maintenance/parse.php."""
        file = str(PAGES / "Page" / f"{page}.wikitext")
        return self.run("parse.php", "--title", page, file, engine=engine, extra=extra)

    def parse_all(self, pages: list[str], *, engine: Engine) -> dict[str, str]:
        """The HTML of each of these pages of tests/mediawiki/pages/Page, from one PHP process (parse_pages.php)."""
        files = [str(PAGES / "Page" / f"{page}.wikitext") for page in pages]
        rendered = json.loads(self.run(str(Path(__file__).with_name("parse_pages.php")), *files, engine=engine))
        assert isinstance(rendered, dict)
        assert list(rendered) == pages
        return rendered

    @contextmanager
    def serve(self, engine: Engine, *, workers: int = 2, extra: str = "") -> Iterator[str]:
        """PHP's own web server on a free port of this machine; the URL it answers at."""
        port = free_port()
        variables = self.environment(engine, extra) | {"PHP_CLI_SERVER_WORKERS": str(workers)}
        log = (self.directory / f"http-{engine.name}-{port}.log").open("wb")
        server = subprocess.Popen(
            [self.php, "-d", "opcache.file_cache_only=0", "-S", f"127.0.0.1:{port}", "-t", str(self.code)],
            env=environment(variables),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,  # the workers outlive their parent: only the whole group can be ended
        )
        try:
            wait_for_port(port, server)
            yield f"http://127.0.0.1:{port}"
        finally:
            os.killpg(server.pid, signal.SIGTERM)
            server.wait(120)
            log.close()


@cache
def _settings_of_php() -> Path:
    """PHP keeps what it has compiled in files of this run: else each start of MediaWiki compiles it again, which is
    most of what a start takes."""
    directory = Path(tempfile.mkdtemp(prefix="luaproc-php-"))
    atexit.register(shutil.rmtree, directory, ignore_errors=True)
    (directory / "opcache.ini").write_text(
        f"opcache.enable_cli=1\nopcache.file_cache={directory}\nopcache.file_cache_only=1\n"
    )
    return directory


def environment(variables: dict[str, str]) -> dict[str, str]:
    """The tests' own environment without what would change a rendering, with these variables."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("LUAPROC_", "LUA_", "MW_", "PHP_"))}
    return kept | {"TZ": "UTC", "LC_ALL": "C.UTF-8", "PHP_INI_SCAN_DIR": f":{_settings_of_php()}"} | variables


def free_port() -> int:
    """A TCP port of this machine that nothing listened on a moment ago."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port: int = probe.getsockname()[1]
    return port


def wait_for_port(port: int, server: "subprocess.Popen[bytes]") -> None:
    """Return when something accepts connections there."""
    deadline = time.monotonic() + SERVER_START_SECONDS
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except OSError:
            assert server.poll() is None, f"php -S ended with status {server.returncode}"
            assert time.monotonic() < deadline, f"php -S did not answer within {SERVER_START_SECONDS} s"
            time.sleep(0.02)


def get(url: str) -> str:
    """The body of a page of the wiki."""
    with urllib.request.urlopen(url, timeout=600) as response:
        body: bytes = response.read()
    return body.decode()


def api(url: str, **params: str) -> dict[str, Any]:
    """What api.php answers to a POST of these parameters."""
    data = urllib.parse.urlencode({"format": "json", "formatversion": "2", **params}).encode()
    with urllib.request.urlopen(f"{url}/api.php", data, timeout=600) as response:
        answer = json.load(response)
    assert isinstance(answer, dict)
    assert "error" not in answer, answer
    return answer


def installed(factory: pytest.TempPathFactory, name: str) -> Wiki:
    """A wiki of the caller's own, copied from the one that a test run installs once for all rooms and workers."""
    shared = factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        shared = shared.parent
    model = shared / "mediawiki"
    with open(shared / "mediawiki.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (model / "complete").exists():
            shutil.rmtree(model, ignore_errors=True)
            Wiki(model).install()
            (model / "complete").touch()
    directory = factory.mktemp(name)
    shutil.copytree(model, directory, dirs_exist_ok=True)
    for settings in directory.glob("LocalSettings*.php"):
        settings.write_text(settings.read_text().replace(str(model), str(directory)))
    return Wiki(directory)
