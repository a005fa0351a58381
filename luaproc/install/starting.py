"""How luaproc is started: by which interpreter, from which directories, and the executables that do it."""

import os
import sys
import sysconfig
from collections.abc import Callable, Mapping
from pathlib import Path

import luaproc
from luaproc.errors import UsageError
from luaproc.install import files
from luaproc.responder.runtime import lupa_directories

FLAGS = "-IS"
"""Python's options: isolated (no variable of Python's, nothing of the current directory), and without `site`."""

FORGOTTEN = (
    *("GLIBC_TUNABLES", "LD_BIND_NOW", "LD_DEBUG", "LD_SHOW_AUXV"),
    *(f"MALLOC_{name}" for name in (
        *("ARENA_MAX", "ARENA_TEST", "CHECK_", "MMAP_MAX_", "MMAP_THRESHOLD_", "PERTURB_", "TOP_PAD_", "TRACE"),
        "TRIM_THRESHOLD_",
    )),
)  # fmt: skip
"""Variables by which glibc gives a module other memory, or says something on stderr: all that glibc 2.36 reads, but for
LD_PRELOAD and LD_LIBRARY_PATH, by which an admin makes programs run at all."""


def environment(given: Mapping[str, str]) -> dict[str, str]:
    """The environment to start luaproc in: `given` without what is FORGOTTEN, in the C locale.

    MediaWiki exports LC_ALL=C.UTF-8, for which glibc maps the whole archive of locales into Python: with three of them
    generated 8 MB of the modules' memory, with some dozens all of it. In the C locale glibc maps nothing.
    """
    return {name: value for name, value in given.items() if name not in FORGOTTEN} | {"LC_ALL": "C"}


def base_interpreter() -> str:
    """The path of the Python that a virtual environment was made from: it is the same program, and it is still there to
    say what is wrong when the environment is gone."""
    return getattr(sys, "_base_executable", "") or sys.executable


def directories() -> list[str]:
    """Where luaproc and lupa are found, which need not be one place (an editable installation).

    Raises `UsageError` where there is no lupa.
    """
    found = [str(Path(luaproc.__file__).resolve().parent.parent)]
    places = lupa_directories()
    if not places:
        raise UsageError("lupa is not installed: expected it beside luaproc")
    for place in places:
        directory = str(Path(place).parent)
        if directory not in found:
            found.append(directory)
    return found


def command(options: tuple[str, ...] = ()) -> list[str]:
    """What starts luaproc in this Python as a launcher would: isolated, whatever lies in the current directory.

    In the same `environment`, it has the same memory.
    """
    code = f"import sys; sys.path += {directories()!r}; from luaproc.entry import launch; launch({options or ''})"
    return [sys.executable, FLAGS, "-c", code]


def executable() -> Path:
    """The luaproc executable that was called; where it was `python -m luaproc`, the one that belongs to that Python.

    Raises `UsageError` if there is none.
    """
    scripts = Path(sysconfig.get_path("scripts"))
    for path in (Path(sys.argv[0]).absolute(), Path(sys.executable).with_name("luaproc"), scripts / "luaproc"):
        if path.name == "luaproc" and path.is_file() and os.access(path, os.X_OK):
            return path
    raise UsageError(f"expected a luaproc executable, found none beside {sys.executable}")


def write_executable(
    path: Path, content: str, mark: str, force: bool = False, check: Callable[[Path], object] | None = None
) -> None:
    """Write an executable file, whole or not at all.

    mark: what tells a file that the same command wrote, near its beginning; such a one is overwritten. check: see
    `files.write`. Raises `UsageError` if something else is there and `force` is not set, or the directory cannot be
    written.
    """
    files.must_be_replaceable(path)
    if not force and _is_taken(path, mark):
        raise UsageError(f"{path} exists and was not written by this command: name another path, or add --force")
    files.write(path, content.encode(), 0o755, check)


def _is_taken(path: Path, mark: str) -> bool:
    try:
        if path.exists() and not path.is_file():  # a pipe would be waited for
            return True
        return mark.encode() not in path.read_bytes()[:1000]
    except OSError:
        return os.path.lexists(path)
