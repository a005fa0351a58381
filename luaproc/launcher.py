"""Launchers: small executables that start luaproc isolated, with options that luaPath cannot carry.

A pip console script starts Python with `site` and whatever `.pth` files the environment has: 19 ms of CPU to the first
reply in a fresh environment, 27 in one of editable installations, where a launcher takes 12. A launcher names the
interpreter itself, `-I -S`, and the directories of luaproc and lupa. It holds no code of luaproc's, so it goes on
working when luaproc is upgraded in place.
"""

import os
import sys
from importlib.util import find_spec
from pathlib import Path

import luaproc
from luaproc.errors import UsageError
from luaproc.interpreter import NAMES
from luaproc.responder import options as responder_options

# How a file begins that we may overwrite.
MARK = "# Written by `luaproc link`"

_TEMPLATE = """{start}
{mark} (luaproc {version}): luaproc as Scribunto's luaPath.
# Starts Python isolated and without `site`. Make it anew when the environment below moves or changes its Python.
import sys

sys.path += {directories!r}
try:
    if sys.version_info[:2] != {python!r}:
        raise ImportError("made for Python {python[0]}.{python[1]}, runs on %d.%d" % sys.version_info[:2])
    from luaproc.entry import launch
except ImportError as error:
    sys.stderr.write(
        "luaproc launcher %s: luaproc cannot be started from %s: %s. "
        "Install luaproc there again, or run `luaproc link` where it is installed.\\n"
        % (__file__, {environment!r}, error)
    )
    sys.exit(126)
launch({options!r})
"""

# Linux reads 255 bytes of a `#!` line and splits it at the first blank.
_SHEBANG_LIMIT = 255


def text(words: list[str]) -> str:
    """The launcher that carries these options of the responder (see `responder.options.OPTIONS`).

    Raises `UsageError` for an option the responder would refuse.
    """
    found, rest = responder_options.read(words, environment={})
    if rest:
        raise UsageError(f"a launcher carries options only, got {rest[0]!r}")
    for fixed in ("interpreter-id", "int-size"):
        if fixed in found:
            raise UsageError(f"--{fixed} comes from PHP at every start; a launcher does not carry it")
    if "log" in found:  # the wiki's current directory is another one
        found["log"] = os.path.abspath(str(found["log"]))
    return _TEMPLATE.format(
        start=_start(_interpreter()),
        mark=MARK,
        version=luaproc.__version__,
        directories=_directories(),
        python=sys.version_info[:2],
        environment=sys.prefix,
        options=tuple(f"--{name}={value}" for name, value in found.items()),
    )


def command() -> list[str]:
    """What starts luaproc in this Python as a launcher would: isolated, whatever lies in the current directory."""
    code = f"import sys; sys.path += {_directories()!r}; from luaproc.entry import launch; launch()"
    return [sys.executable, "-I", "-S", "-c", code]


def write(path: Path, content: str, force: bool = False) -> None:
    """Write an executable file, whole or not at all. Raises `UsageError` if something else is there already, or the
    directory cannot be written."""
    if not force and _is_taken(path):
        raise UsageError(f"{path} exists and was not written by `luaproc link`: name another path, or add --force")
    unfinished = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        unfinished.write_text(content, encoding="utf-8")
        unfinished.chmod(0o755)
        unfinished.replace(path)
    except OSError as error:
        unfinished.unlink(missing_ok=True)
        raise UsageError(f"cannot write {path}: {error.strerror}") from error


def link_as_lua(path: Path, target: Path, force: bool = False) -> None:
    """Make `path` a symbolic link to the luaproc executable `target`, under a name by which it is a Lua interpreter.

    Raises `UsageError` for another name, if something is there already, or the directory cannot be written.
    """
    if path.name not in NAMES:
        raise UsageError(f"called {path.name!r} it would not be a Lua interpreter: expected one of {', '.join(NAMES)}")
    ours = path.is_symlink() and os.path.realpath(path) == os.path.realpath(target)
    if os.path.lexists(path) and not ours and not force:
        raise UsageError(f"{path} exists: name another path, or add --force")
    try:
        path.unlink(missing_ok=True)
        path.symlink_to(target)
    except OSError as error:
        raise UsageError(f"cannot make {path}: {error.strerror}") from error


def executable() -> Path:
    """The luaproc executable that was called; where it was `python -m luaproc`, the one beside that Python.

    Raises `UsageError` if neither is one.
    """
    for path in (Path(sys.argv[0]).absolute(), Path(sys.executable).with_name("luaproc")):
        if path.is_file() and os.access(path, os.X_OK):
            return path
    raise UsageError(f"expected a luaproc executable to link to, found none beside {sys.executable}")


def _is_taken(path: Path) -> bool:
    if path.is_dir():
        return True
    try:
        return MARK.encode() not in path.read_bytes()[:1000]
    except FileNotFoundError:
        return os.path.lexists(path)
    except OSError:
        return True


def _interpreter() -> str:
    # The interpreter that a virtual environment was made from: it is the same program, and it is still there to say
    # what is wrong when the environment is gone.
    return getattr(sys, "_base_executable", "") or sys.executable


def _directories() -> list[str]:
    """Where luaproc and lupa are found, which need not be one place (an editable installation)."""
    found = [str(Path(luaproc.__file__).resolve().parent.parent)]
    spec = find_spec("lupa")
    if spec is None or not spec.submodule_search_locations:
        raise UsageError("lupa is not installed: expected it beside luaproc")
    for place in spec.submodule_search_locations:
        directory = str(Path(place).parent)
        if directory not in found:
            found.append(directory)
    return found


def _start(interpreter: str) -> str:
    shebang = f"#!{interpreter} -IS"
    if " " not in interpreter and len(os.fsencode(shebang)) <= _SHEBANG_LIMIT:
        return shebang
    # To the shell these are two commands, to Python one string: for a path that `#!` cannot carry.
    quoted = "'\"'\"'".join(interpreter.split("'"))
    return f"#!/bin/sh\n''':'\nexec '{quoted}' -IS \"$0\" \"$@\"\n'''"
