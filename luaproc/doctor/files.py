"""The file that luaPath names: there, executable, its interpreter there, all of it within the web server's reach."""

from __future__ import annotations

import ast
import os
import re
import shlex
import shutil
import sys
import sysconfig
from collections.abc import Iterator
from pathlib import Path

from luaproc.doctor.case import LOCALE, PATH, Case, Finding, failed, not_checked, ok, refused, warning
from luaproc.doctor.users import myself, obstacle, way_in
from luaproc.install import launchers, starting
from luaproc.responder.records import MOST

ARCHIVE_MATTERS = 1 << 20
"""Bytes of an archive of locales that modules would miss."""

PYTHON_STARTS = 14_500_000
"""Bytes of address space in which Python starts as pip's executables start it (CPython 3.11)."""

# The packages that serve a wiki, and a file of each.
_PACKAGES = (("luaproc", "entry.py"), ("lupa", "lua51*"))

_LINK = "`luaproc link PATH` writes a new launcher."


def exists(case: Case) -> Finding:
    """That luaPath names a file, by its whole path."""
    lua = case.lua
    place = case.program
    if place is None or not os.path.lexists(place):
        first, blank, rest = lua.partition(" ")
        if blank and os.path.exists(first):
            return failed(
                f"{lua!r} is no file: PHP takes the whole text for one path, so luaPath can carry no options",
                f"A launcher carries them: `luaproc link PATH{f' {rest}' if rest.startswith('--') else ''}`",
            )
        return failed(f"there is no {lua}", f"Correct luaPath. {_LINK}")
    if not place.exists():
        return failed(f"{place} is a link to {os.readlink(place)}, which is not there", f"Make it anew. {_LINK}")
    if not place.is_file():
        return failed(f"{place} is no file", f"luaPath names the executable itself. {_LINK}")
    if not lua.startswith("/"):
        if "/" in lua:
            return failed(
                f"{lua} is relative, and PHP's working directory is not yours", f"Write {place.absolute()} as luaPath."
            )
        return warning(f"{lua} is {place} by PATH, which the web server may have otherwise", f"Write {place}.")
    return ok(str(place) + (f" -> {os.path.realpath(place)}" if place.is_symlink() else ""))


def executable(case: Case) -> Finding:
    """That the user may execute it, and may pass every directory on the way."""
    place = _program(case)
    if not os.stat(place).st_mode & 0o111 and not (_is_script(place) or _is_binary(place)):
        return failed(f"{place} is neither executable nor a program", f"luaPath names the executable itself. {_LINK}")
    if not os.stat(place).st_mode & 0o111:
        return failed(f"{place} is not executable", f"`chmod 755 {shlex.quote(str(place))}`")
    for access, why in ((os.X_OK, ""), (os.R_OK, ", and a script is read to be executed")):
        if (access == os.X_OK or _is_script(place)) and (found := obstacle(place, case.user, access)):
            return refused(found + why, way_in(place, case.user, access))
    return ok(f"{case.user.name} may execute it")


def interpreter(case: Case) -> Finding:
    """That a script's `#!` line names a program that is there for the user; a binary needs none."""
    place = _program(case)
    line = first_line(place)
    if not line.startswith(b"#!"):
        if _is_binary(place):
            return ok("a program, no script")
        return failed(f"{place} is neither a program nor a script with a #! line: it begins with {line[:20]!r}", _LINK)
    if line.endswith(b"\r"):
        return failed(
            f"the #! line of {place} ends with a carriage return (Windows)",
            f"`sed -i 's/\\r$//' {shlex.quote(str(place))}`",
        )
    words = os.fsdecode(line[2:]).split()
    if not words:
        return failed(f"the #! line of {place} names nothing", _LINK)
    program = words[0]
    if os.path.basename(program) == "env" and len(words) > 1:
        name = words[2] if words[1] == "-S" and len(words) > 2 else words[1]
        found = shutil.which(name, path=case.environment.get("PATH", PATH))
        if found is None:
            return failed(f"{place} looks for {name} by PATH, and the web server's PATH has none", _LINK)
        program = found
    if not os.path.exists(program) and (found := obstacle(Path(program), case.user, os.X_OK)) is None:
        return failed(
            f"{place} is a script for {program}, which is not there (a moved or deleted environment?)",
            f"Install luaproc again. {_LINK}",
        )
    if found := obstacle(Path(program), case.user, os.X_OK):
        return refused(f"{place} is a script for {program}, and {found}", way_in(Path(program), case.user, os.X_OK))
    if python := _launched_python(place):
        if not os.path.exists(python) and obstacle(Path(python), case.user, os.X_OK) is None:
            return failed(f"{place} starts {python}, which is not there", f"Install luaproc again. {_LINK}")
        if found := obstacle(Path(python), case.user, os.X_OK):
            return refused(f"{place} starts {python}, and {found}", way_in(Path(python), case.user, os.X_OK))
        return ok(f"{python} {starting.FLAGS}, by {program}")
    return ok(" ".join([program, *(words[1:] if program == words[0] else [])]))


def packages(case: Case) -> Finding:
    """That luaproc and lupa are there and the user can read them, where the launcher tells where these lie."""
    if problem := _missing_package(case):
        return problem
    found = list(_package_files(case))
    if not found:
        return not_checked("where its modules lie cannot be told from the file")
    for file in found:
        if refusal := obstacle(file, case.user, os.R_OK):
            return refused(refusal, way_in(file, case.user, os.R_OK))
    return ok(f"{case.user.name} may read {' and '.join(sorted({str(file.parent) for file in found}))}")


def _missing_package(case: Case) -> Finding | None:
    """What a launcher names and does not find: a moved environment, or one in which something was uninstalled."""
    place = _program(case)
    directories = _launcher_directories(place)
    if not directories or any(obstacle(Path(directory), myself(), os.R_OK | os.X_OK) for directory in directories):
        return None
    for package, pattern in _PACKAGES:
        if any(any((Path(directory) / package).glob(pattern)) for directory in directories):
            continue
        where = ", ".join(directories)
        if package == "lupa":
            return failed(f"there is no lupa with Lua 5.1 in {where}", mended_by_pip(case, "lupa"))
        return failed(
            f"there is no luaproc in {where}, from where {place} starts it (a moved or deleted environment?)",
            relink(case),
        )
    return None


def relink(case: Case, keep_options: bool = True) -> str:
    """The command that writes a launcher anew, for the luaproc that is running, with the options that it has now."""
    words = [sys.executable, "-m", "luaproc", "link", "--force", case.lua]
    return f"`{shlex.join(words + (_carried(case) if keep_options else []))}`"


def _carried(case: Case) -> list[str]:
    """The options that a launcher carries."""
    match = re.search(rb"^launch\((\([^()]*\))", _content(case.program), re.MULTILINE) if case.program else None
    try:
        return [str(word) for word in ast.literal_eval(match[1].decode())] if match else []
    except (ValueError, SyntaxError):
        return []


def profile(case: Case) -> list[Finding]:
    """Whether the profile that a launcher carries can be written; nothing to say of other launchers."""
    named = [word.partition("=")[2] for word in _carried(case) if word.startswith("--profile=")]
    if not named:
        return []
    file = Path(named[0])
    shown = f"`luaproc profile {shlex.quote(str(file))}` shows it"
    place, access = (file, os.W_OK) if os.path.lexists(file) else (file.parent, os.W_OK | os.X_OK)
    if file.is_symlink() or (file.exists() and not file.is_file()):
        return [
            warning(f"every page is profiled into {file}, which is no regular file: nothing is written", _ELSEWHERE)
        ]
    found = obstacle(place, case.user, access) if place.exists() else f"there is no {place}"
    if found:
        return [warning(f"every page is profiled into {file}, and nothing is written: {found}", _ELSEWHERE)]
    size = file.stat().st_size if file.exists() else 0
    if size + (1 << 20) > MOST:
        return [warning(f"the profile {file} is full ({MOST >> 20} MB)", f"{shown}; move it away to begin another.")]
    return [ok(f"every page is profiled into {file}, which has {size >> 10} KB; {shown}")]


_ELSEWHERE = "Name a file in a directory of the web server's user: `luaproc link PATH --force --profile FILE`"


def mended_by_pip(case: Case, package: str) -> str:
    """The command that installs a package again, in the environment that luaPath starts from."""
    python = sys.executable
    for directory in map(Path, _launcher_directories(case.program) if case.program else []):
        candidate = directory.parents[2] / "bin" / "python" if len(directory.parents) > 2 else directory
        if directory.name == "site-packages" and candidate.exists():
            python = str(candidate)
    return f"`{shlex.quote(python)} -m pip install --force-reinstall {package}`"


def locales(case: Case) -> Finding:
    """Whether an archive of locales is in the way: glibc maps the whole of it into a Python that starts under
    MediaWiki's LC_ALL. luaproc starts again without it (see `responder.restart`), if Python starts at all."""
    size = _archive_size(case)
    if size < ARCHIVE_MATTERS:
        return ok("no archive of locales that takes memory")
    text = f"{case.locale_archive} has {size / 1e6:.1f} MB"
    if not _maps_locale_archive(case):
        return ok(f"{text}, which are not mapped: it starts in the C locale")
    what = (
        f": Python does not start in what is left of {case.memory_limit / 1e6:.1f}"
        if locale_archive_leaves_too_little(case)
        else "; it starts Python twice for each page, so that modules have them"
    )
    return warning(
        f"{text}, which glibc maps into it{what} (MediaWiki exports LC_ALL={LOCALE})",
        "`luaproc link PATH` writes a launcher that starts in the C locale; name that as luaPath.",
    )


def locale_archive_leaves_too_little(case: Case) -> bool:
    """Whether Python has too little memory to start beside the archive of locales; what does not fit is not mapped."""
    size = _archive_size(case)
    return _maps_locale_archive(case) and case.memory_limit - PYTHON_STARTS < size < case.memory_limit


def _maps_locale_archive(case: Case) -> bool:
    """Whether luaPath starts a Python of luaproc's under MediaWiki's locale, and there is an archive that matters."""
    if _archive_size(case) < ARCHIVE_MATTERS or case.program is None:
        return False
    line = first_line(case.program)
    if b"python" not in line and not is_launcher(case) and not is_ours(case):
        return False  # real Lua sets no locale
    return not re.search(rb"^export LC_ALL=C$", _content(case.program), re.MULTILINE)


def _archive_size(case: Case) -> int:
    try:
        return case.locale_archive.stat().st_size
    except OSError:
        return 0


def _content(place: Path) -> bytes:
    try:
        return place.read_bytes()
    except OSError:
        return b""


def is_ours(case: Case) -> bool:
    """Whether luaPath starts the luaproc that is running, as far as can be told from the file."""
    place = case.program
    if place is None or not place.is_file():
        return case.lua_from == "this luaproc"
    scripts = os.path.realpath(sysconfig.get_path("scripts"))
    return (
        case.lua_from == "this luaproc"
        or os.path.realpath(place) == os.path.join(scripts, "luaproc")
        or any(str(_own_package().parent) == directory for directory in _launcher_directories(place))
    )


def is_launcher(case: Case) -> bool:
    """Whether luaPath is a launcher of `luaproc link`."""
    return case.program is not None and bool(_launcher_directories(case.program))


def launcher_memory(case: Case) -> int | None:
    """Bytes: the --max-memory that a launcher carries; None for what carries none."""
    if case.program is None or not is_launcher(case):
        return None
    match = re.search(r"'--max-memory=(\d+)'", case.program.read_text(encoding="utf-8", errors="replace"))
    return int(match[1]) if match else None


def first_line(place: Path) -> bytes:
    """The first line of a file, at most what Linux reads of it; empty if it cannot be read."""
    try:
        with place.open("rb") as file:
            return file.read(256).partition(b"\n")[0]
    except OSError:
        return b""


def touched(case: Case) -> Iterator[Path]:
    """The files that starting luaPath executes or maps, as far as they can be told: interpreter and modules too."""
    place = _program(case)
    yield Path(os.path.realpath(place))
    line = first_line(place)
    if line.startswith(b"#!") and (words := os.fsdecode(line[2:]).split()):
        yield Path(os.path.realpath(words[0]))
    if python := _launched_python(place):
        yield Path(os.path.realpath(python))
    for file in _package_files(case):
        yield Path(os.path.realpath(file))


def _launched_python(place: Path) -> str | None:
    """The Python that a launcher of `luaproc link` starts."""
    try:
        return launchers.interpreter_of(place.read_text(encoding="utf-8", errors="replace"))
    except OSError:
        return None


def _program(case: Case) -> Path:
    place = case.program
    assert place is not None  # `exists` is a condition of every check that asks
    return place


def _is_binary(place: Path) -> bool:
    # ELF, and Mach-O in its spellings.
    return first_line(place)[:4] in (b"\x7fELF", b"\xcf\xfa\xed\xfe", b"\xca\xfe\xba\xbe", b"\xfe\xed\xfa\xcf")


def _is_script(place: Path) -> bool:
    return first_line(place)[:2] == b"#!"


def _own_package() -> Path:
    import luaproc

    return Path(luaproc.__file__).resolve().parent


def _launcher_directories(place: Path) -> list[str]:
    """The directories that a launcher of `luaproc link` puts into sys.path."""
    try:
        match = re.search(
            r"^sys\.path \+= (\[.*\])$", place.read_text(encoding="utf-8", errors="replace"), re.MULTILINE
        )
        return [str(item) for item in ast.literal_eval(match[1])] if match else []
    except (OSError, ValueError, SyntaxError):
        return []


def _package_files(case: Case) -> Iterator[Path]:
    """A file of luaproc's and lupa's extensions, where they are there."""
    place = _program(case)
    directories = [Path(directory) for directory in _launcher_directories(place)]
    if not directories and is_ours(case):
        directories = [_own_package().parent, *(Path(entry) for entry in sys.path if entry)]
    for package, pattern in _PACKAGES:
        for directory in directories:
            if files := sorted((directory / package).glob(pattern)):
                yield files[0]
                break
