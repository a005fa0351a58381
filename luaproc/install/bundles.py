"""Bundles: what a launcher would read, compile and look for at every start, prepared by `luaproc link`.

A bundle holds the serve path's modules as code (marshal), our Lua compiled with its debug information, and where
lupa's extension lies: a fifth of a start less. It lies beside its launcher, and is bound to what it was made from: the
launcher compares Python's version, the bundle's length, hash and owner; `responder.bundle` the size and mtime of every
file. Where anything is another one the start is the plain one. So an upgrade in place goes on working, at the plain
price, until `luaproc link` is run again.
"""

from __future__ import annotations

import _imp
import importlib.util
import marshal
import os
import stat
import subprocess
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from types import CodeType
from typing import Any, NamedTuple

from luaproc.install import files, starting
from luaproc.install.lualib import find_lualib
from luaproc.responder import runtime, serve
from luaproc.responder.fast_path import MOST
from luaproc.wire.messages import LoadString, encode_for_responder

# What serving imports of luaproc, each behind those that it imports (tests/install/test_bundles.py).
MODULES = (
    "luaproc", "luaproc.errors", "luaproc.entry", "luaproc.responder",
    *(
        f"luaproc.responder.{name}"
        for name in (
            "bare_os", "limits", "log", "runtime", "options", "memory", "fast_path", "pipes", "scribunto", "status",
            "serve",
        )
    ),
)  # fmt: skip

_FIRST = "luaproc.responder.bundle"


MARK = b"luaproc bundle\n"
"""How a bundle begins."""


class Bundle(NamedTuple):
    """content: of the file. read: how many bytes a start reads at its end. head: how many of these are the code that
    reads the others. check: the hash of all it reads, as `_imp.source_hash` of key 0."""

    content: bytes
    read: int
    head: int
    check: bytes


def path_of(launcher: Path) -> Path:
    """Where the bundle of a launcher lies."""
    return launcher.with_name(launcher.name + ".bundle")


def make(runtime_name: str, library: Iterable[Path] = ()) -> Bundle:
    """The bundle for launchers of this luaproc, lupa and Python, with our Lua compiled for a runtime.

    library: Scribunto's own texts, which are compiled as well. Bytecode is not checked when it is loaded, so these are
    of `library_texts`. Raises as `runtime.new_runtime`.
    """
    (_, _, head), *modules = _compiled((_FIRST, *MODULES))
    sources = [Path(str(attributes["__file__"])) for _, attributes, _ in modules]
    lua = runtime.new_runtime(runtime_name)
    compiler = lua.execute(
        b"local dump, load = string.dump, loadstring "
        b"return function(...) local chunk = load(...) return chunk and dump(chunk) end"
    )
    parts = []
    content = MARK
    for file in sorted(Path(serve.PARTS).glob("*.lua")):
        sources.append(file)
        dump = compiler(file.read_bytes(), f"=luaproc/{file.name}".encode())
        parts.append((file.stem.encode(), len(content), len(dump), _imp.source_hash(0, dump)))
        content += dump
    extensions = {}
    if extension := runtime.extension_tried(runtime_name):
        sources.append(Path(extension))
        extensions = {runtime_name: (extension, _inflated(runtime_name))}
    texts, places = _library(library, compiler, len(content))
    content += texts
    prepared = {"runtime": runtime_name, "extensions": extensions, "parts": parts, "library": places}
    everything: Any = ([_seen(path) for path in sources], modules, prepared)
    first = marshal.dumps(head)
    data = first + marshal.dumps(everything)
    return Bundle(content + data, len(data), len(first), _imp.source_hash(0, data))


def library_texts(mediawikis: Iterable[Path]) -> tuple[list[Path], list[Path]]:
    """The files of Scribunto's library in these MediaWikis that nobody but root and the user who asks may write, and
    the others. Who may write to a directory above could put another file there."""
    safe: list[Path] = []
    others: list[Path] = []
    for mediawiki in mediawikis:
        lualib = find_lualib(mediawiki)
        for file in sorted(lualib.path.rglob("*.lua")) if lualib else ():
            real = file.resolve()
            (safe if all(map(_is_ours, (real, *real.parents))) else others).append(real)
    return safe, others


def _is_ours(path: Path) -> bool:
    found = path.stat()
    # In a directory like /tmp others make files, and cannot replace ours.
    writable = found.st_mode & 0o022 and not (stat.S_ISDIR(found.st_mode) and found.st_mode & stat.S_ISVTX)
    return found.st_uid in (0, os.geteuid()) and not writable


def _library(
    texts: Iterable[Path], compiler: Callable[[bytes, bytes], bytes], begin: int
) -> tuple[bytes, dict[int, list[tuple[int, int]]]]:
    """Each text as the message in which PHP sends it, and what Lua makes of it behind it; and the length of a message
    -> where those of that length begin in a file with `begin` bytes before the first, and the length of what Lua made
    of them."""
    blobs = b""
    places: dict[int, list[tuple[int, int]]] = {}
    for path in texts:
        text = path.read_bytes()
        body = encode_for_responder(LoadString(text, f"@{path.name}".encode()))
        dump = compiler(text, f"@{path.name}".encode())
        # Nothing that loadString would refuse, and nothing for which nobody looks whether there is room.
        if not dump or b"\x1bL" in text or len(dump) > MOST * len(body) or body in blobs:
            continue
        places.setdefault(len(body), []).append((begin + len(blobs), len(dump)))
        blobs += body + dump
    return blobs, places


# Without docstrings, a seventh of what a start reads, without assertions, which are mypy's, and without columns, which
# no traceback needs. That is an option of a whole process; before 3.11 Python passes it over.
_COMPILE = """
import marshal, sys
files = [(path, open(path, "rb").read()) for path in sys.argv[1:]]
marshal.dump([compile(text, path, "exec", optimize=2) for path, text in files], sys.stdout.buffer)
"""


def _compiled(names: Iterable[str]) -> list[tuple[str, dict[str, object], CodeType]]:
    """Each module's name, attributes, its file among them, and code."""
    specs = [importlib.util.find_spec(name) for name in names]
    paths = [spec.origin for spec in specs if spec and spec.origin]
    command = [sys.executable, "-I", "-S", "-X", "no_debug_ranges", "-c", _COMPILE, *paths]
    codes = marshal.loads(subprocess.run(command, stdout=subprocess.PIPE, timeout=60, check=True).stdout)
    found = []
    for spec, code in zip(specs, codes, strict=True):
        assert spec is not None
        attributes: dict[str, object] = {"__file__": spec.origin, "__package__": spec.parent}
        if spec.submodule_search_locations is not None:
            attributes["__path__"] = list(spec.submodule_search_locations)
        found.append((spec.name, attributes, code))
    return found


def _seen(path: Path) -> tuple[str, int, int]:
    found = os.stat(path)
    return str(path), found.st_size, int(found.st_mtime)


# Imports an extension, and tells what it had zlib decompress (Cython's table of strings): zlib is 0.4 ms of a start.
_INFLATED = """
import marshal, sys, zlib
sys.path += {directories!r}
found = {{}}
def decompress(data):
    return found.setdefault(data, zlib.decompress(data))
sys.modules["zlib"] = type(sys)("zlib")
sys.modules["zlib"].decompress = decompress
from luaproc.responder import runtime
runtime.new_runtime({runtime!r})
sys.stdout.buffer.write(marshal.dumps(found))
"""


def _inflated(runtime_name: str) -> dict[int, bytes]:
    code = _INFLATED.format(directories=starting.directories(), runtime=runtime_name)
    done = subprocess.run([sys.executable, "-I", "-S", "-c", code], capture_output=True, timeout=60)
    found: dict[bytes, bytes] = marshal.loads(done.stdout) if done.returncode == 0 else {}
    by_length = {len(data): inflated for data, inflated in found.items()}
    return by_length if len(by_length) == len(found) else {}


def words(bundle: Bundle, path: Path) -> tuple[object, ...]:
    """What a launcher has to know of its bundle: path, from where it reads and how much, how much of that is the head;
    Python's version, the length of the whole, the hash."""
    size = len(bundle.content)
    return str(path), size - bundle.read, bundle.read, bundle.head, sys.version, size, bundle.check


def put(path: Path, bundle: Bundle, check: Callable[[], object]) -> None:
    """Write a bundle to its place. What `check` raises leaves the place as it was.

    Raises `NotWrittenError` if the directory cannot be written.
    """
    before = path.read_bytes() if path.is_file() else None
    # A part that never reached the disk would be loaded as bytecode, which Lua does not check.
    files.write(path, bundle.content, 0o644, check=_reach_the_disk)
    try:
        check()
    except BaseException:
        if before is None:
            path.unlink()
        else:
            files.write(path, before, 0o644)
        raise


def _reach_the_disk(path: Path) -> None:
    file = os.open(path, os.O_RDONLY)
    try:
        os.fsync(file)
    finally:
        os.close(file)
