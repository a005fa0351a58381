"""A real headless Chromium on a leash: its DevTools protocol over a pipe, as much of it as the tests need."""

import base64
import json
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.parts import need

_FLAGS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--hide-scrollbars"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync", "--remote-debugging-pipe"),
)
_SECONDS = 300

# DevTools' pipe is on the descriptors 3 and 4 (a shell's redirection takes one digit only).
_MOVE = """
import fcntl, os, sys
high = [fcntl.fcntl(int(fd), fcntl.F_DUPFD, 10) for fd in sys.argv[1:3]]
for number, fd in enumerate(high, 3):
    os.dup2(fd, number)
os.execv(sys.argv[3], sys.argv[3:])
"""


class Page:
    """One tab. `problems` collects console messages of level error, exceptions and refused loads."""

    def __init__(self, to_browser: int, from_browser: int) -> None:
        self._to, self._from = to_browser, from_browser
        self._buffer = b""
        self._number = 0
        self._session: str | None = None
        self.problems: list[str] = []
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self._session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log"):
            self.call(f"{domain}.enable")

    def call(self, method: str, **params: Any) -> dict[str, Any]:
        """The result of one DevTools method."""
        self._number += 1
        message: dict[str, Any] = {"id": self._number, "method": method, "params": params}
        if self._session:
            message["sessionId"] = self._session
        os.write(self._to, json.dumps(message).encode() + b"\0")
        return self._until(lambda answer: answer.get("id") == message["id"], method)["result"]  # type: ignore[no-any-return]

    def open(self, path: Path, *, size: tuple[int, int] = (1400, 1000), dark: bool = False, hash: str = "") -> None:
        """Load a page from a file and wait until it has run."""
        self.call(
            "Emulation.setDeviceMetricsOverride", width=size[0], height=size[1], deviceScaleFactor=1, mobile=False
        )
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.call("Emulation.setEmulatedMedia", features=[scheme])
        for url in ("about:blank", f"{path.as_uri()}{hash}"):  # another # alone would load nothing
            self.call("Page.navigate", url=url)
            self._until(lambda event: event.get("method") == "Page.loadEventFired", f"{url} to load")

    def run(self, script: str) -> Any:
        """The value of an expression of JavaScript."""
        answer = self.call("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in answer, answer
        return answer["result"].get("value")

    def click(self, selector: str) -> None:
        """Press and release the mouse in the middle of an element."""
        self.run(f"document.querySelector({json.dumps(selector)}).scrollIntoView({{block: 'center'}})")
        self.settle()  # a click goes to what was drawn last
        box = self.run(f"(b => [b.x + b.width / 2, b.y + b.height / 2])(document.querySelector({json.dumps(selector)})"
                       ".getBoundingClientRect())")  # fmt: skip
        self.click_at(*box)

    def click_at(self, x: float, y: float) -> None:
        """Press and release the mouse there."""
        for kind in ("mousePressed", "mouseReleased"):
            self.call("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", clickCount=1)

    def settle(self) -> None:
        """Wait until what the page is now has been drawn."""
        self.run("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")

    def screenshot(self, path: Path) -> None:
        """What is to be seen, as PNG."""
        self.settle()
        path.write_bytes(base64.b64decode(self.call("Page.captureScreenshot")["data"]))

    def _until(self, wanted: Any, what: str) -> dict[str, Any]:
        deadline = time.monotonic() + _SECONDS
        while True:
            while b"\0" in self._buffer:
                text, _, self._buffer = self._buffer.partition(b"\0")
                message: dict[str, Any] = json.loads(text)
                self._note(message)
                if wanted(message):
                    assert "error" not in message, f"{what}: {message['error']}"
                    return message
            ready, _, _ = select.select([self._from], [], [], max(0.0, deadline - time.monotonic()))
            assert ready, f"chromium did not answer in {_SECONDS} s: {what}"
            data = os.read(self._from, 1 << 20)
            assert data, f"chromium ended: {what}"
            self._buffer += data

    def _note(self, message: dict[str, Any]) -> None:
        params = message.get("params", {})
        if message.get("method") == "Runtime.exceptionThrown":
            self.problems.append(json.dumps(params["exceptionDetails"]))
        elif message.get("method") == "Log.entryAdded" and params["entry"]["level"] in ("error", "warning"):
            self.problems.append(params["entry"]["text"])
        elif message.get("method") == "Runtime.consoleAPICalled" and params["type"] in ("error", "warning", "assert"):
            self.problems.append(json.dumps(params["args"]))


@contextmanager
def browser(directory: Path) -> Iterator[Page]:
    """Chromium with a profile of its own in this directory."""
    to_read, to_write = os.pipe()
    from_read, from_write = os.pipe()
    command = [need("chromium"), *_FLAGS, f"--user-data-dir={directory}"]
    process = subprocess.Popen(
        [sys.executable, "-IS", "-c", _MOVE, str(to_read), str(from_write), *command],
        pass_fds=(to_read, from_write),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    os.close(to_read)
    os.close(from_write)
    try:
        yield Page(to_write, from_read)
    finally:
        os.close(to_write)
        os.close(from_read)
        os.killpg(process.pid, signal.SIGKILL)
        process.wait(300)
