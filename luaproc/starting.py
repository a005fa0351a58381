"""How luaproc is started: by which interpreter, from which directories, and the executables that do it."""

import os
import sys
from importlib.util import find_spec
from pathlib import Path

import luaproc
from luaproc.errors import UsageError


def base_interpreter() -> str:
    """The path of the Python that a virtual environment was made from: it is the same program, and it is still there to
    say what is wrong when the environment is gone."""
    return getattr(sys, "_base_executable", "") or sys.executable


def directories() -> list[str]:
    """Where luaproc and lupa are found, which need not be one place (an editable installation).

    Raises `UsageError` where there is no lupa.
    """
    found = [str(Path(luaproc.__file__).resolve().parent.parent)]
    spec = find_spec("lupa")
    if spec is None or not spec.submodule_search_locations:
        raise UsageError("lupa is not installed: expected it beside luaproc")
    for place in spec.submodule_search_locations:
        directory = str(Path(place).parent)
        if directory not in found:
            found.append(directory)
    return found


def command() -> list[str]:
    """What starts luaproc in this Python as a launcher would: isolated, whatever lies in the current directory."""
    code = f"import sys; sys.path += {directories()!r}; from luaproc.entry import launch; launch()"
    return [sys.executable, "-I", "-S", "-c", code]


def write_executable(path: Path, content: str, mark: str, force: bool = False) -> None:
    """Write an executable file, whole or not at all.

    mark: what tells a file that the same command wrote, near its beginning; such a one is overwritten. Raises
    `UsageError` if something else is there and `force` is not set, or the directory cannot be written.
    """
    if not force and _is_taken(path, mark):
        raise UsageError(f"{path} exists and was not written by this command: name another path, or add --force")
    unfinished = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        unfinished.write_text(content, encoding="utf-8")
        unfinished.chmod(0o755)
        unfinished.replace(path)
    except OSError as error:
        unfinished.unlink(missing_ok=True)
        raise UsageError(f"cannot write {path}: {error.strerror}") from error


def _is_taken(path: Path, mark: str) -> bool:
    if path.is_dir():
        return True
    try:
        return mark.encode() not in path.read_bytes()[:1000]
    except FileNotFoundError:
        return os.path.lexists(path)
    except OSError:
        return True
