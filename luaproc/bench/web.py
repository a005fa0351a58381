"""MediaWiki on PHP's own web server, which keeps what it compiled from request to request, as a wiki's PHP does.

A script of MediaWiki's that is started for each page compiles all of MediaWiki first: 0.13 s of CPU time that no page
view of a reader's takes, and beside which a Lua server is small.
"""

from __future__ import annotations

import json
import socket
import subprocess
import tempfile
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

from luaproc.bench.servers import BenchError
from luaproc.bench.session import cpu_clock

_START_SECONDS = 30.0  # that PHP has to listen
_TIMEOUT = 300  # seconds that a request may take
_OPTIONS = ("-d", "opcache.enable_cli=1", "-d", "max_execution_time=0", "-d", "memory_limit=1G")


class Served(NamedTuple):
    """The HTML of a page, the CPU time of PHP and the time on the clock that it took, seconds."""

    html: str
    php: float
    wall: float


class WebServer:
    """One process of PHP's that serves a MediaWiki, on a free port of this machine. Raises BenchError."""

    def __init__(self, php: str, mediawiki: Path, env: Mapping[str, str]) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self._port: int = free.getsockname()[1]
        self._url = f"http://127.0.0.1:{self._port}/"
        self._said = tempfile.TemporaryFile()
        command = [php, *_OPTIONS, "-S", f"127.0.0.1:{self._port}", "-t", str(mediawiki)]
        self._process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=self._said, stderr=self._said, env=env
        )
        try:
            self._wait()
            self.parse("'''MediaWiki is compiled by this request.'''")
        except BaseException:
            self.close()
            raise

    def parse(self, wikitext: str) -> Served:
        """Have MediaWiki make a page of a text. Raises BenchError where that fails."""
        fields = {
            "action": "parse", "format": "json", "formatversion": "2", "title": "Benchmark", "contentmodel": "wikitext",
            "prop": "text", "disablelimitreport": "1", "text": wikitext,
        }  # fmt: skip
        body = urllib.parse.urlencode(fields).encode()
        before, began = cpu_clock(self._process.pid), time.monotonic()
        answer = self._request(body)
        wall = time.monotonic() - began
        # PHP works on after the answer is out, and takes the next request, which is for no file, when that is done.
        with suppress(urllib.error.HTTPError):
            urllib.request.urlopen(self._url + "nothing.txt", timeout=_TIMEOUT).close()
        spent = (cpu_clock(self._process.pid) - before) / 1e9
        try:
            document: Any = json.loads(answer)
            html = document["parse"]["text"]
        except (ValueError, KeyError, TypeError):
            raise BenchError(f"expected a page of MediaWiki, got {answer[:300]!r}") from None
        return Served(html, spent, wall)

    def close(self) -> None:
        """End PHP."""
        self._process.kill()
        self._process.wait()
        self._said.close()

    def _wait(self) -> None:
        deadline = time.monotonic() + _START_SECONDS
        while time.monotonic() < deadline and self._process.poll() is None:
            try:
                socket.create_connection(("127.0.0.1", self._port)).close()
                return
            except OSError:
                time.sleep(0.02)
        raise BenchError(f"PHP's web server does not start: {self._last_line()}")

    def _request(self, body: bytes) -> bytes:
        try:
            with urllib.request.urlopen(self._url + "api.php", body, _TIMEOUT) as answer:
                return answer.read()  # type: ignore[no-any-return]
        except OSError as error:
            raise BenchError(f"MediaWiki does not answer: {error}: {self._last_line()}") from None

    def _last_line(self) -> str:
        self._said.seek(0)
        lines = self._said.read().decode("utf-8", "replace").strip().splitlines()
        return lines[-1] if lines else "(PHP said nothing)"
