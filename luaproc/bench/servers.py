"""Whom to compare: ours, the reference server on a real Lua, or any command that speaks the protocol."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from luaproc.errors import LuaprocError, UsageError
from luaproc.install import bundles, launchers, starting
from luaproc.install.mediawiki import MAIN, PLACES, php_words

# What an admin has without us: the Lua that each of our runtimes stands in for.
OPPONENTS = {"lua51": "lua5.1", "luajit21": "luajit"}


_WIDEST_NAME = 20  # each has two columns


class BenchError(LuaprocError):
    """The measurement cannot go on: a server fails or answers wrongly, or the machine lacks what is needed."""


class Server(NamedTuple):
    """A Lua-side server.

    name: in the table. words: its command as far as luaPath names it. arguments: what PHP adds to that (mw_main.lua,
    Scribunto's directory, interpreter id, size of integers); none for a server that is started in its own way.
    env: variables it needs. shown: its words for a person, where `words` names a file that is gone afterwards.
    """

    name: str
    words: tuple[str, ...]
    arguments: tuple[str, ...] = ()
    env: tuple[tuple[str, str], ...] = ()
    shown: tuple[str, ...] = ()

    @property
    def command(self) -> list[str]:
        """All words of the command."""
        return [*self.words, *self.arguments]

    @property
    def is_lua_path(self) -> bool:
        """Whether PHP could start it so: its arguments are PHP's."""
        return self.arguments[:1] != () and self.arguments[0].endswith(MAIN)


# The interpreter that launchers have.
BARE = Server("python -IS -c pass", (starting.base_interpreter(), "-I", "-S", "-c", "pass"))
"""No server: the least that a Python process costs, to compare our start with."""

LUA = Server("luaproc lua", (sys.executable, "-m", "luaproc", "lua", "-e", ""))
PYTHON = Server("python -c pass", (sys.executable, "-c", "pass"))
"""No servers: the standalone interpreter, and this Python with what `site` imports, to compare its start with."""


@contextmanager
def ours(runtime: str, mediawiki: Path | None) -> Iterator[Server]:
    """This luaproc with a runtime, started the leanest way that an admin can have: by a launcher of `luaproc link`.

    Raises UsageError where no launcher can be made.
    """
    with tempfile.TemporaryDirectory(prefix="luaproc-bench-") as directory:
        path = Path(directory) / "luaproc"
        library, _ = bundles.library_texts([mediawiki] if mediawiki else [])
        launchers.install(path, [f"--runtime={runtime}"], library=library)
        arguments = php_words(mediawiki) if mediawiki else ("serve",)
        shown = tuple(starting.command((f"--runtime={runtime}",)))
        yield Server(_our_name(runtime), (str(path),), arguments, shown=shown)


def opponents(commands: tuple[str, ...], runtime: str, mediawiki: Path | None) -> list[Server]:
    """The servers of `--against`, or by default the reference server on the Lua that `runtime` stands in for.

    One word is a luaPath, and gets PHP's arguments; more words are a command that is complete.
    Raises UsageError for what cannot be started, and where there is no Scribunto to take the reference server from.
    """
    servers: list[Server] = []
    taken = [_our_name(runtime), BARE.name]
    for command in commands or (OPPONENTS[runtime],):
        server = _opponent(command, mediawiki)
        if shutil.which(server.words[0]) is None:
            advice = "" if commands else f" (Debian: apt-get install {command}; or name another with --against)"
            raise UsageError(f"{server.words[0]} is not a command that can be executed{advice}")
        taken.append(server.name)
        same = taken.count(server.name)
        servers.append(server._replace(name=f"{server.name} #{same}") if same > 1 else server)
    return servers


def _our_name(runtime: str) -> str:
    return f"luaproc {runtime}"


def _opponent(command: str, mediawiki: Path | None) -> Server:
    try:
        words = shlex.split(command)
    except ValueError as error:
        raise UsageError(f"--against expects a command, got {command!r}: {error}") from None
    if not words:
        raise UsageError("--against expects a command, and an empty one came")
    main = next((at for at, word in enumerate(words) if word.endswith(MAIN)), None)
    if main == 0:
        raise UsageError(f"--against expects a whole command: name the interpreter before {words[0]}")
    if main is not None:
        return Server(_name(words[:main]), tuple(words[:main]), tuple(words[main:]))
    if len(words) > 1:
        return Server(_name(words), tuple(words))
    if mediawiki is None:
        raise UsageError(
            f"no MediaWiki with Scribunto in {', '.join(PLACES)}: --mediawiki DIR says where its {MAIN} lies, "
            f"which {words[0]} has to run"
        )
    return Server(_name(words), tuple(words), php_words(mediawiki))


def _name(words: list[str]) -> str:
    name = " ".join([os.path.basename(words[0]), *words[1:]])
    return name if len(name) <= _WIDEST_NAME else f"{name[: _WIDEST_NAME - 1]}…"


def environment(server: Server) -> dict[str, str]:
    """Ours, without the variables that change a server's behaviour, and with the server's own."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("LUAPROC_", "LUA_"))}
    return kept | dict(server.env)


def version(server: Server) -> str | None:
    """The first line of its `-v`, as PHP asks for it; None for a server that is not started as a luaPath."""
    if not server.is_lua_path:
        return None
    try:
        done = subprocess.run(
            [*server.words, "-v"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=environment(server),
            timeout=10,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.decode("utf-8", "replace").partition("\n")[0] or None
