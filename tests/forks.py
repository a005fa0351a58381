"""Processes of luaproc for tests that ask for hundreds: forked from one that has imported what they import.

A responder's start takes 16 ms of a processor, 11 of them for Python itself and imports; a fork takes 5. (The start of
`luaproc bench` takes 300, a fork 20.) The process that forks was started by the command: Python's options, environment
and limits are what they would be (`ulimit` of a shell included). A module has the same memory within 0.3 MB
(tests/hostile/test_memory_left.py), and the responder is a child of the tests' process. Nothing is tested so of what
comes before `main`: tests of a start take `started`.
"""

from __future__ import annotations

import atexit
import ctypes
import os
import subprocess
import sys
import threading
from collections.abc import Mapping
from pathlib import Path
from subprocess import PIPE
from types import SimpleNamespace
from typing import Any

import lupa

import luaproc
import luaproc.host.process
from tests.parts import LONG

_PATHS = [str(Path(module.__file__ or "").parents[1]) for module in (luaproc, lupa)]
_IMPORTS = f"import sys; sys.path[:0] = {_PATHS!r}; from luaproc.entry import main"
_CODE = f"{_IMPORTS}; main()"
_MARK = "# forked"

# What `-m luaproc` does, without the 30 ms that site.py takes in an environment with editable installs.
LUAPROC = [sys.executable, "-IS", "-c", _CODE]

# Reads requests: the tests' process, its three descriptors with the flags to open them, and the words of a command.
# For each it answers with the process ID of a responder whose parent has ended.
_FORKS = """
import posix
exec(sys.argv[1])
def requests():
    text = b""
    while True:
        line, end, text = text.partition(b"\\n")
        if end:
            yield eval(line)
            continue
        data = posix.read(0, 65536)
        if not data:
            posix._exit(0)
        text = line + data
for owner, pipes, sys.argv[1:] in requests():
    pipes = [posix.open(f"/proc/{owner}/fd/{number}", flags) for number, flags in pipes]
    between = posix.fork()
    if not between:
        responder = posix.fork()
        if not responder:
            break
        posix.write(1, b"%d" % responder)
        posix._exit(0)
    posix.waitpid(between, 0)
    posix.write(1, b"\\n")
    for pipe in pipes:
        posix.close(pipe)
for number, pipe in enumerate(pipes):
    posix.dup2(pipe, number)
posix.closerange(3, 64)
del between, responder, pipes, pipe, number, owner, requests, posix
main()
"""


# Command -> what its processes import.
_WARM = {
    "serve": "import luaproc.responder.serve; luaproc.responder.runtime.new_runtime('{runtime}')",
    "bench": "import luaproc.commands.bench",
}


def started(*words: str) -> list[str]:
    """The command of luaproc, lean and in the C locale, as launchers start Python."""
    return ["env", "LC_ALL=C", *LUAPROC, *words]


def forked(*words: str) -> list[str]:
    """The same, which `Popen` forks; LUAPROC_LONG_TESTS=1 has every responder started."""
    command = started(*words)
    if not LONG and sys.platform == "linux" and words[0] in _WARM:
        command[command.index(_CODE)] += f"  {_MARK}"
    return command


class Popen(subprocess.Popen[bytes]):
    """subprocess's, but that it forks what `forked` says."""

    def _execute_child(self, args: Any, *rest: Any) -> None:
        """Of subprocess in Python 3.10 to 3.14: `rest` has pairs of descriptors, ours and the child's, from 9 on."""
        words = list(args)
        code = next((number for number, word in enumerate(words) if str(word).endswith(_MARK)), 0)
        limited = words[:3] == ["/bin/sh", "-c", luaproc.host.process._ULIMIT]
        special = rest[1] or rest[3] or rest[20]  # preexec_fn, pass_fds, start_new_session
        if not code or special or (words[0] != "env" and not limited):  # another shell does what it does each time
            super()._execute_child(args, *rest)  # type: ignore[misc]
            return
        own, env = rest[9:15], rest[5]
        pipes = [own[0], own[3], own[5]]
        try:
            with _lock:
                nursery = _nursery(tuple(words[: code + 1]), _warm(words[code + 1 :]), rest[4], env)
                self.pid = nursery.fork(pipes, words[code + 1 :])
            self._child_created = True
        finally:
            self._close_pipe_fds(*own)  # type: ignore[attr-defined]


def run(
    *words: str, input: bytes = b"", env: Mapping[str, str] | None = None, timeout: float = 600
) -> subprocess.CompletedProcess[bytes]:
    """`subprocess.run` of a luaproc that is forked."""
    with Popen(forked(*words), stdin=PIPE, stdout=PIPE, stderr=PIPE, env=env) as process:
        stdout, stderr = process.communicate(input, timeout)
    return subprocess.CompletedProcess(words, process.returncode, stdout, stderr)


def _warm(words: list[str]) -> str:
    runtime = words[words.index("--runtime") + 1] if "--runtime" in words else "lua51"
    return _WARM[words[0]].format(runtime=runtime)


class _Nursery:
    def __init__(self, command: tuple[str, ...], warm: str, cwd: Any, env: Any) -> None:
        if warm not in _compiled:
            # A Python that compiles has 0.4 MB less, and so have its forks: another process makes the byte code.
            subprocess.run([*command[:-1], f"{_IMPORTS}\n{warm}"], stdin=subprocess.DEVNULL, cwd=cwd, env=env)
            _compiled.add(warm)
        code = f"{_IMPORTS}{_FORKS}"
        self.left = 1000  # forks, of which each takes 0.5 ms of this process's CPU limit, too
        self._process = subprocess.Popen(
            [*command[:-1], code, warm], stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0, cwd=cwd, env=env
        )

    def fork(self, pipes: list[int], words: list[str]) -> int:
        """The process ID of a responder with these descriptors as its first three, and these words."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        flags = (os.O_RDONLY, os.O_WRONLY | os.O_APPEND, os.O_WRONLY | os.O_APPEND)
        numbers = [number if pipe == -1 else pipe for number, pipe in enumerate(pipes)]
        request = (os.getpid(), list(zip(numbers, flags, strict=True)), list(words))
        self.left -= 1
        # The process between the nursery and the responder ends; its child is given to the next ancestor of this kind.
        _prctl(_PR_SET_CHILD_SUBREAPER, 1)
        try:
            self._process.stdin.write(b"%r\n" % (request,))
            answer = b""
            while not answer.endswith(b"\n"):
                data = self._process.stdout.read(100)
                assert data, "the nursery has ended"
                answer += data
        finally:
            _prctl(_PR_SET_CHILD_SUBREAPER, 0)
        return int(answer)

    def end(self) -> None:
        self._process.communicate()


_PR_SET_CHILD_SUBREAPER = 36
_prctl = ctypes.CDLL(None, use_errno=True).prctl
_lock = threading.Lock()
_nurseries: dict[object, _Nursery] = {}
_compiled: set[str] = set()


def _nursery(command: tuple[str, ...], warm: str, cwd: Any, env: Any) -> _Nursery:
    """One for each command and what it inherits."""
    inherited = {
        name: value for name, value in (os.environ if env is None else env).items() if not name.startswith("PYTEST_")
    }
    key = (command, warm, str(cwd or os.getcwd()), tuple(sorted(inherited.items())))
    if key in _nurseries and not _nurseries[key].left:
        _nurseries.pop(key).end()
    if key not in _nurseries:
        _nurseries[key] = _Nursery(command, warm, cwd, env)
    return _nurseries[key]


# By which connections start their servers.
vars(luaproc.host.process)["subprocess"] = SimpleNamespace(**{**vars(subprocess), "Popen": Popen})


@atexit.register
def _end() -> None:
    while _nurseries:
        _nurseries.popitem()[1].end()
