"""Launchers: small executables that start luaproc isolated, with options that luaPath cannot carry.

A pip console script starts Python with `site` and whatever `.pth` files the environment has: 19 ms of CPU to the first
reply in a fresh environment, 27 in one of editable installations, where a launcher takes 12. A launcher names the
interpreter itself, isolated and without `site`, and the directories of luaproc and lupa. It holds no code of luaproc's,
so it goes on working when luaproc is upgraded in place. Most have a bundle beside them (`bundles`), which is passed
over then. It is a shell script first, 0.5 ms of a start: what it inherits from a web server (see
`starting.environment`) is to reach no module.
"""

import os
import re
import shlex
import subprocess
import sys
import textwrap
from collections.abc import Iterable
from pathlib import Path

import luaproc
from luaproc.errors import UsageError
from luaproc.install import bundles, files
from luaproc.install.starting import FLAGS, FORGOTTEN, base_interpreter, directories, write_executable
from luaproc.lua51 import NAMES
from luaproc.responder import options as responder_options
from luaproc.responder.runtime import DEFAULT
from luaproc.wire.framing import encode_frame

# How a file begins that we may overwrite.
MARK = "# Written by `luaproc link`"

NOT_CARRIED = {
    "interpreter-id": "comes from PHP at every start",
    "int-size": "comes from PHP at every start",
    "coverage": "is for tests: luaproc wiki test --coverage",
}
"""Options of the responder that are none of a launcher's, and why."""

GROWING = ("log", "profile")
"""Options that name a file to which the wiki's user appends."""

_TEMPLATE = """{start}
{mark} (luaproc {version}): luaproc as Scribunto's luaPath.
# Starts Python isolated, without `site`, in the C locale. Make it anew when the environment below moves, or its Python
# changes.
import sys

sys.path += {directories!r}
told = ""
{begin}
launch({options!r}, bundle=told)
"""

_PLAIN = """\
try:
    if sys.version_info[:2] != {python!r}:
        raise ImportError("made for Python {python[0]}.{python[1]}, runs on %d.%d" % sys.version_info[:2])
    from luaproc.entry import launch
except ImportError as error:
    told = (
        "luaproc launcher %s: luaproc cannot be started from %s: %s. "
        "If that environment was moved, run in its new place: bin/python -m luaproc link --force %s ; "
        "if it is gone, install luaproc there again." % (__file__, {environment!r}, error, __file__)
    )
    sys.stderr.write("".join(char if char.isprintable() else "?" for char in told) + "\\n")
    sys.exit(126)
"""

# Before that, where there is a bundle. Few lines, since Python compiles them at every start: with all that follows one
# that is passed over, that was 12 % of a start's instructions outside of the kernel. So that is a string.
_UNPACK = """\
try:
    import _imp, marshal, posix
    path, begin, size, head, *made = {words!r}
    file = posix.open(path, posix.O_RDONLY | posix.O_CLOEXEC | posix.O_NONBLOCK)
    data, found = posix.pread(file, size, begin), posix.fstat(file)
    seen = [sys.version, found.st_size, _imp.source_hash(0, data), found.st_uid, found.st_mode & 0o22]
    if seen != [*made, posix.stat(__file__).st_uid, 0]:
        raise ValueError
    exec(marshal.loads(data))
    launch, told = unpack(memoryview(data)[head:], file), "started from its bundle"
    del data  # 0.1 MB that are the modules' of the wiki
except Exception as error:
    exec('''
{passed_over}''')
"""

# What is wrong with a bundle is told by `-v` and the log; the wiki hears nothing.
_PASSED_OVER = """\
told = str(error) or repr(error)
if told != "ValueError()":
    pass
elif seen[0] != made[0]:
    told = "made for another Python"
elif seen[:3] != made:
    told = "cut, damaged or not this launcher's"
else:
    told = "others than the launcher's owner may write it"
told = "passed over the bundle %s: %s" % (path, told)
for name in [name for name in sys.modules if name.startswith("luaproc")]:
    del sys.modules[name]
"""


def text(words: list[str], bundle: "tuple[object, ...] | None" = None) -> str:
    """The launcher that carries these options of the responder (see `responder.options.OPTIONS`).

    bundle: what it has to know of its bundle (`bundles.words`), if it has one. Raises `UsageError` for an option
    the responder would refuse.
    """
    plain = _PLAIN.format(python=sys.version_info[:2], environment=sys.prefix)
    begin = plain
    if bundle:
        passed_over = (_PASSED_OVER + plain).replace("\\", r"\\").replace("'''", r"\'\'\'")
        begin = _UNPACK.format(words=bundle, passed_over=passed_over)
    return _TEMPLATE.format(
        start=_start(base_interpreter()),
        mark=MARK,
        version=luaproc.__version__,
        directories=directories(),
        begin=begin.rstrip("\n"),
        options=carried(words),
    )


def carried(words: list[str]) -> tuple[str, ...]:
    """The options as a launcher has them: `--name=value`, each once, a log by its whole path. Raises as `text`."""
    found, rest = responder_options.read(words, environment={})
    if rest:
        raise UsageError(f"a launcher carries options only, got {rest[0]!r}")
    for fixed, reason in NOT_CARRIED.items():
        if fixed in found:
            raise UsageError(f"--{fixed} {reason}; a launcher does not carry it")
    for name in GROWING:  # the wiki's current directory is another one
        if name in found:
            found[name] = os.path.abspath(str(found[name]))
    return tuple(f"--{name}={value}" for name, value in found.items())


def write(path: Path, content: str, force: bool = False) -> None:
    """Write a launcher that was started once (see `starting.write_executable`).

    Raises `UsageError` for one that does not start; what was at `path` stays then.
    """
    write_executable(path, content, MARK, force, check=_must_serve)


def install(path: Path, words: list[str], force: bool = False, library: Iterable[Path] = ()) -> Path:
    """Write the launcher that carries these options, and its bundle; both were started once. Returns the bundle's path.

    library: see `bundles.make`. Raises as `text` and `write`; `UsageError` if a file that is no bundle lies in the
    bundle's place and `force` is not set. Then both places are as they were.
    """
    found, _ = responder_options.read(words, environment={})
    bundle = bundles.make(str(found.get("runtime", DEFAULT)), library)
    place = bundles.path_of(path)
    files.must_be_replaceable(place)
    if not force and place.exists() and place.read_bytes()[: len(bundles.MARK)] != bundles.MARK:
        raise UsageError(f"{place} exists and is no bundle of a launcher: name another path, or add --force")
    content = text(words, bundles.words(bundle, place))

    def check(file: Path) -> None:
        bundles.put(place, bundle, lambda: _must_serve(file))

    write_executable(path, content, MARK, force, check)
    return place


def _must_serve(file: Path) -> None:
    """Start a launcher, and ask it for its status; without the files that the wiki's user makes and owns."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("LUAPROC_")}
    question = encode_frame(b'{["op"]="getStatus"}')
    try:
        done = subprocess.run(
            [file.absolute(), "serve", *(f"--{name}={os.devnull}" for name in GROWING)],
            input=question, capture_output=True, timeout=60, env=environment,
        )  # fmt: skip
        told = done.stderr.decode("utf-8", "replace").strip().rpartition("\n")[2]
        works = done.returncode == 0 and done.stdout != b""
        reason = told or f"it ended with {done.returncode} and said nothing"
    except (OSError, subprocess.TimeoutExpired) as error:
        works, reason = False, getattr(error, "strerror", None) or str(error)
    if not works:
        raise UsageError(f"a launcher like this does not start here, so it is not written: {reason}")


def interpreter_of(content: str) -> str | None:
    """The path of the Python that a launcher with this content starts; None for what is no launcher."""
    match = re.search(rf"""^exec ('.*') {FLAGS} "\$0" "\$@"$""", content, re.MULTILINE)
    return shlex.split(match[1])[0] if match else None


def link_as_lua(path: Path, target: Path, force: bool = False) -> None:
    """Make `path` a symbolic link to the luaproc executable `target`, under a name by which it is a Lua interpreter.

    Raises `UsageError` for another name, a target that does not start, if something is there already, or the directory
    cannot be written.
    """
    if path.name not in NAMES:
        raise UsageError(f"called {path.name!r} it would not be a Lua interpreter: expected one of {', '.join(NAMES)}")
    files.must_be_replaceable(path)
    ours = path.is_symlink() and os.path.realpath(path) == os.path.realpath(target)
    if os.path.lexists(path) and not ours and not force:
        raise UsageError(f"{path} exists: name another path, or add --force")
    try:
        done = subprocess.run([target, "--version"], capture_output=True, timeout=60)
        told = done.stderr.decode("utf-8", "replace").strip() if done.returncode else ""
    except (OSError, subprocess.TimeoutExpired) as error:
        told = str(error)
    if told:
        raise UsageError(f"{target} does not start ({told}): install luaproc there again, if its environment was moved")
    files.put(path, lambda link: link.symlink_to(target))


def _start(interpreter: str) -> str:
    # To the shell these are five commands, to Python one string. Of a directory Python would say in four lines that it
    # cannot be read.
    quoted = "'\"'\"'".join(interpreter.split("'"))
    names = textwrap.fill(" ".join(FORGOTTEN), 110).replace("\n", " \\\n\t")
    commands = (
        f"unset {names}",
        "export LC_ALL=C",
        "[ -d /dev/fd/0 ] && echo 'luaproc: stdin is a directory, expected the pipe of a wiki' >&2 && exit 2",
        f'exec \'{quoted}\' {FLAGS} "$0" "$@"',
    )
    return "\n".join(["#!/bin/sh", "''':'", *commands, "'''"])
