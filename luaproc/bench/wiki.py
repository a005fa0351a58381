"""A real page on a real MediaWiki: installed in a temporary directory, on SQLite, for this run.

The page is rendered by MediaWiki itself on a web server (`web`), anew for every figure: PHP starts the Lua side, sends
what it sends, ends it.
luaPath is a little script that runs the server by way of `account`, so that what is counted is the server's process
from its first to its last instruction, and nothing of PHP or of the shell before it.
"""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from types import TracebackType
from typing import NamedTuple

from luaproc.bench import citations
from luaproc.bench.servers import BenchError, Server, environment
from luaproc.bench.session import ACCOUNT, read_accounts
from luaproc.bench.web import WebServer

SOURCES = Path(__file__).with_name("page")

# No cache keeps a rendering or a module. A wiki that lives for minutes need not reach the disk.
SETTINGS = """
$wgScribuntoDefaultEngine = getenv( 'BENCH_ENGINE' );
$wgScribuntoEngineConf['luastandalone']['luaPath'] = getenv( 'BENCH_LUA_PATH' );
$wgMainCacheType = $wgParserCacheType = $wgMessageCacheType = CACHE_NONE;
$wgJobRunRate = 0;
$wgDBservers = [ [
	'type' => 'sqlite', 'dbname' => $wgDBname, 'dbDirectory' => $wgSQLiteDataDir, 'trxMode' => 'IMMEDIATE',
	'host' => '', 'user' => '', 'password' => '', 'flags' => 0, 'load' => 1, 'variables' => [ 'synchronous' => 'OFF' ],
] ];
$wgObjectCaches[CACHE_DB]['server']['variables']['synchronous'] = 'OFF';
$wgLocalisationCacheConf['storeServer']['variables']['synchronous'] = 'OFF';
$wgJobTypeConf['default']['server']['variables']['synchronous'] = 'OFF';
"""

_INSTALL = (
    *("--dbtype", "sqlite", "--dbname", "wiki", "--server", "http://wiki.example", "--scriptpath", "", "--lang", "en"),
    *("--pass", "a password of 24 letters", "--extensions", "Scribunto"),
)
_TIMEOUT = 300  # seconds that PHP may take
_END_SECONDS = 10.0  # and a server, to end after PHP did


def missing() -> str | None:
    """What this machine lacks for a page, in words; None if nothing."""
    if shutil.which("php") is None:
        return "php is not installed"
    modules = subprocess.run(["php", "-m"], stdin=subprocess.DEVNULL, capture_output=True).stdout.split()
    return None if b"pdo_sqlite" in modules else "php lacks SQLite (Debian: apt-get install php-sqlite3)"


class BenchPage(NamedTuple):
    """A page to render. marks: texts, and how often each has to be in its HTML at least."""

    name: str
    wikitext: str
    marks: tuple[tuple[str, int], ...]


class Rendering(NamedTuple):
    """What one rendering took, in seconds: CPU time of the server (0 for LuaSandbox, which is part of PHP), CPU time of
    PHP itself, and time on the clock."""

    server: float
    php: float
    wall: float


SANDBOX = Server("LuaSandbox", ("php",))
"""No server: Scribunto's engine inside PHP, where PHP has it; for whole pages."""


def has_sandbox() -> bool:
    """Whether PHP has LuaSandbox."""
    done = subprocess.run(["php", "-m"], stdin=subprocess.DEVNULL, capture_output=True)
    return b"luasandbox" in done.stdout.split()


def page_of_blocks(count: int) -> BenchPage:
    """The page of `wikitext`."""
    marks = ((">Person no. ", count), ("Trondheim (Norway)", count), ("age of 63.", count))
    return BenchPage(f"page-{count}", wikitext(count), marks)


def page_of_citations(count: int) -> BenchPage:
    """The page of `citations.wikitext`."""
    marks = (('class="citation"', count), ("unknown parameter unknown", count), ("Z3988", count))
    return BenchPage(f"citations-{count}", citations.wikitext(count), marks)


def wikitext(blocks: int) -> str:
    """A page of so many blocks: an infobox, a call inside a sentence, two citations each."""
    block = (SOURCES / "block.wikitext").read_text()
    return "".join(
        block.replace("NUMBER", str(number)).replace("DAY", f"{number % 28 + 1:02}") for number in range(1, blocks + 1)
    )


def _surroundings() -> dict[str, str]:
    # A person's own MediaWiki must not be meant by accident.
    ambient = {k: v for k, v in environment(Server("php", ())).items() if not k.startswith("MW_")}
    return ambient | {"TZ": "UTC", "LC_ALL": "C.UTF-8"}


class BenchWiki:
    """Raises BenchError where PHP or MediaWiki fails."""

    def __init__(self, mediawiki: Path) -> None:
        self._code = mediawiki
        self._php = shutil.which("php") or "php"
        self._directory = tempfile.TemporaryDirectory(prefix="luaproc-bench-")
        self._home = Path(self._directory.name)
        self._rendered: dict[str, tuple[str, str]] = {}
        self._web: dict[str, WebServer] = {}  # by Scribunto's engines
        try:
            self._install()
        except BaseException:
            self._directory.cleanup()
            raise

    def _install(self) -> None:
        data = self._home / "data"
        data.mkdir()
        confpath = ("--dbpath", str(data), "--confpath", str(self._home))
        self._maintenance("install", *_INSTALL, *confpath, "Benchmark", "Admin", env={})
        settings = self._home / "LocalSettings.php"
        settings.write_text(settings.read_text() + SETTINGS)
        generated = self._home / "Module"
        generated.mkdir()
        for name, text in citations.modules().items():
            (generated / f"{name}.lua").write_text(text)
        for kind in ("Module", "Template"):
            files = sorted(str(path) for path in (SOURCES / kind).iterdir())
            files += [str(path) for path in sorted((self._home / kind).glob("*.lua"))]
            # Saving a template would render it: no Lua side, no time spent on that.
            self._maintenance("importTextFiles", "--prefix", f"{kind}:", *files, env=self._environment("/bin/false"))

    def _environment(self, lua_path: str, engine: str = "luastandalone") -> dict[str, str]:
        return {
            "MW_CONFIG_FILE": str(self._home / "LocalSettings.php"),
            "MW_INSTALL_PATH": str(self._code),
            "BENCH_LUA_PATH": lua_path,
            "BENCH_ENGINE": engine,
        }

    def _maintenance(self, script: str, *args: str, env: dict[str, str]) -> None:
        """Run a script of MediaWiki's."""
        directory = self._code / "maintenance"
        # Since 1.40 scripts are started by run.php, and since 1.42 they complain if they are not.
        runner = directory / "run.php"
        command = [str(runner), script] if runner.exists() else [str(directory / f"{script}.php")]
        try:
            done = subprocess.run(
                [self._php, *command, *args],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                env=_surroundings() | env,
                timeout=_TIMEOUT,
            )
        except subprocess.TimeoutExpired:
            raise BenchError(f"MediaWiki's {script} took more than {_TIMEOUT} seconds") from None
        if done.returncode:
            lines = done.stdout.decode("utf-8", "replace").strip().splitlines() or ["(no output)"]
            raise BenchError(f"MediaWiki's {script} ended with status {done.returncode}: {lines[-1]}")

    def render(self, server: Server, page: BenchPage) -> Rendering:
        """Have MediaWiki render a page once.

        Raises BenchError for a page that is not what it should be, or not what another server made of it.
        """
        accounts = self._home / "accounts"
        accounts.write_bytes(b"")
        if server is not SANDBOX:
            self._write_lua_path(server, accounts)
        answer = self._web_server("luasandbox" if server is SANDBOX else "luastandalone").parse(page.wikitext)
        self._check(answer.html, server, page)
        return Rendering(0.0 if server is SANDBOX else self._spent(accounts), answer.php, answer.wall)

    def _web_server(self, engine: str) -> WebServer:
        if engine not in self._web:
            env = _surroundings() | self._environment(str(self._home / "lua"), engine)
            self._web[engine] = WebServer(self._php, self._code, env)
        return self._web[engine]

    def _spent(self, accounts: Path) -> float:
        """Of all servers that a rendering started. PHP does not always wait for them when it ends itself."""
        deadline = time.monotonic() + _END_SECONDS
        while True:
            entries = read_accounts(str(accounts))
            spent = [value for key, value in entries if key == "cpu"]
            if spent and len(spent) * 2 == len(entries):
                return sum(spent)
            if time.monotonic() > deadline:
                raise BenchError(f"the server still runs {_END_SECONDS:g} seconds after the page was made")
            time.sleep(0.01)

    def _write_lua_path(self, server: Server, accounts: Path) -> None:
        words = [sys.executable, "-I", "-S", ACCOUNT, str(accounts), "0"]
        if server.is_lua_path:
            command = shlex.join([*words, *server.words]) + ' "$@"'
        else:
            command = shlex.join([*words, *server.command])
        variables = "".join(f"export {name}={shlex.quote(value)}\n" for name, value in server.env)
        path = self._home / "lua"
        path.write_text(f"#!/bin/sh\n{variables}exec {command}\n")
        path.chmod(0o755)

    def _check(self, html: str, server: Server, page: BenchPage) -> None:
        error = re.search(r'class="scribunto-error[^>]*>(.*?)</', html)
        if error:
            raise BenchError(f"the page shows an error: {error[1]}")
        for text, count in page.marks:
            if html.count(text) < count:
                raise BenchError(f"the page has {text!r} {html.count(text)} times instead of {count}: {html[:200]!r}")
        other, first = self._rendered.setdefault(page.name, (server.name, html))
        if html != first:
            raise BenchError(f"the page is not the one that {other} made")

    def __enter__(self) -> BenchWiki:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        for web in self._web.values():
            web.close()
        self._directory.cleanup()
