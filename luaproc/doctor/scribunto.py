"""The Scribunto that would start us: found, readable for the web server, and set to use luaPath."""

from __future__ import annotations

import json
import os
import re
import shlex
from pathlib import Path

from luaproc.doctor import processes
from luaproc.doctor.case import Case, Finding, failed, not_checked, ok, refused, warning
from luaproc.doctor.settings import Unreadable
from luaproc.doctor.users import as_user, obstacle, way_in
from luaproc.host.process import HAS_LIMITS, SCRIBUNTO_CPU_LIMIT, SCRIBUNTO_MEMORY_LIMIT
from luaproc.install.mediawiki import ERROR_FILE, MAIN, error_file_command, other_mediawikis, php_words
from luaproc.install.mediawiki import local_settings as local_settings_lines
from luaproc.responder.scribunto import function_class

ULIMIT = "lua_ulimit.sh"
_SECONDS = 20

DEFAULTS = {"cpuLimit": SCRIBUNTO_CPU_LIMIT, "memoryLimit": SCRIBUNTO_MEMORY_LIMIT}


def directory(mediawiki: Path) -> Path:
    """Where Scribunto's LuaStandalone engine lies."""
    return Path(php_words(mediawiki)[0]).parent


def version(case: Case) -> Finding:
    """Which MediaWiki and Scribunto this is."""
    if case.mediawiki is None and case.named:
        is_wiki = (case.named / "index.php").exists()
        advice = "Install Scribunto there" if is_wiki else "Name the directory that has MediaWiki's index.php"
        return failed(case.no_mediawiki, f"{advice}.")
    if case.mediawiki is None:
        return warning(
            f"no MediaWiki: {case.no_mediawiki}",
            "The Lua side is checked against luaproc's own handshake; run this again where the wiki is.",
        )
    extension = directory(case.mediawiki).parents[2]
    try:
        known = json.loads((extension / "extension.json").read_bytes())
        if not isinstance(known, dict):
            raise ValueError(f"expected an object, got {known!r:.40}")
        requires = known.get("requires")
        needs = requires.get("MediaWiki", "") if isinstance(requires, dict) else ""
        release = known.get("version", "")
    except (OSError, ValueError) as error:
        return failed(f"{extension / 'extension.json'} cannot be read: {error}", "Install Scribunto anew.")
    name = f"Scribunto {release}".rstrip() + (f" (for MediaWiki {needs})" if needs else "")
    text = f"{name} in {extension}, on MediaWiki {_mediawiki_version(case.mediawiki)}"
    if case.named is None and (others := other_mediawikis(case.mediawiki)):
        names = ", ".join(map(str, others))
        return warning(f"{text}; there is another wiki in {names}", "--mediawiki DIR names the one that is meant.")
    return ok(text)


def readable(case: Case) -> Finding:
    """That the user can read what PHP starts: lua_ulimit.sh, and what lies beside mw_main.lua."""
    if case.mediawiki is None:
        return not_checked("no MediaWiki")
    place = directory(case.mediawiki)
    for name in (ULIMIT, MAIN, "MWServer.lua"):
        file = place / name
        if not file.exists() and (found := obstacle(file, case.user, os.R_OK)) is None:
            return failed(f"{file} is not there", "Install Scribunto anew.")
        if found := obstacle(file, case.user, os.R_OK):
            return refused(found, way_in(file, case.user, os.R_OK))
    return ok(f"{case.user.name} may read {place}")


def ulimit(case: Case) -> Finding:
    """That /bin/sh can run lua_ulimit.sh, and may set the limits of the wiki."""
    if case.mediawiki is None:
        return not_checked("no MediaWiki")
    if not HAS_LIMITS:
        return not_checked("Scribunto sets limits on Linux alone")
    for key, unit in (("cpuLimit", "seconds"), ("memoryLimit", "bytes")):
        least = 1 if key == "cpuLimit" else 1024  # PHP gives the script whole KB
        if (value := case.settings.number(key, least)) is None or value < least:
            return failed(
                f"{key} is {case.settings.conf[key]!r}: with that limit nothing starts",
                f"A number of {unit}: $wgScribuntoEngineConf['luastandalone']['{key}'] = {DEFAULTS[key]};",
            )
    script = directory(case.mediawiki) / ULIMIT
    said, status = processes.run(as_user(case.user, ulimit_command(case, "true")), case.environment, _SECONDS)
    if status is None:
        return failed(f"/bin/sh {script} does not come to an end", "Install Scribunto anew.")
    if status or said:
        told = (said.decode("utf-8", "replace").strip().splitlines() or ["no message"])[-1]
        return failed(
            f"/bin/sh {script} ends with status {status}: {told}",
            _why_no_limits(script, told),
        )
    return ok(f"/bin/sh sets the limits: {case.cpu_limit} s, {case.memory_limit // 1024} KB")


def _why_no_limits(script: Path, told: str) -> str:
    if b"\r\n" in script.read_bytes():
        return f"Its lines end as in Windows: `sed -i 's/\\r$//' {shlex.quote(str(script))}`"
    if "limit" in told:
        return "This shell's own limits (`ulimit -a`) are lower, and perhaps those of the web server's service."
    return "/bin/sh has to be a shell that the web server's user can execute, and the script Scribunto's own."


def ulimit_command(case: Case, command: str) -> list[str]:
    """How Scribunto starts a shell's command under the limits of the wiki."""
    assert case.mediawiki is not None
    limits = (case.cpu_limit, case.cpu_limit + 1, case.memory_limit // 1024)
    return ["/bin/sh", str(directory(case.mediawiki) / ULIMIT), *map(str, limits), command]


def function_objects(case: Case) -> Finding:
    """The PHP class that function objects are made of."""
    if case.mediawiki is None:
        return not_checked("no MediaWiki")
    forced = case.environment.get("LUAPROC_FUNCTION_CLASS")
    expected = function_class(php_words(case.mediawiki)[0])
    if forced and forced != expected:
        return failed(
            f"LUAPROC_FUNCTION_CLASS is {forced}, and this Scribunto calls it {expected}",
            "Unset the variable: the name is found from the Scribunto that starts us.",
        )
    return ok(f"functions are {expected}")


def local_settings(case: Case) -> Finding:
    """What LocalSettings.php says of the engine."""
    known = case.settings
    if case.mediawiki is None:
        return not_checked("no MediaWiki")
    if known.path is None:
        return warning(
            f"no LocalSettings.php in {case.mediawiki}: this wiki is not set up yet", "The lines at the end."
        )
    if known.problem:
        return warning(f"{known.path} cannot be read: {known.problem}", "Run this as root, or as its owner.")
    if found := obstacle(known.path, case.user, os.R_OK):
        return failed(found, f"`chgrp {case.user.name} {known.path} && chmod 640 {known.path}`")
    if problem := _syntax_error(case, known.path):
        return failed(
            f"PHP cannot read {known.path}: {problem}", "Correct that line; the wiki shows no page until then."
        )
    if known.unreadable:
        key, expression = next(iter(known.unreadable.items()))
        return warning(
            f"{known.path} sets {key} to {expression!r}, which only PHP can tell",
            "--lua PATH names the luaPath that is meant." if key == "luaPath" else "The default was taken.",
        )
    load, engine, lua_path, *_ = local_settings_lines(str(case.program.absolute() if case.program else case.lua))
    configured = known.text("luaPath")
    if not known.loads:
        found = f"{known.path} does not load Scribunto itself"
        return (
            warning(found, f"Unless another file does, add: {load}")
            if known.requires
            else failed(found, f"Add: {load}")
        )
    if isinstance(known.engine, Unreadable):
        return warning(
            f"{known.path} chooses {known.engine!r} as engine, which only PHP can tell", f"It has to be: {engine}"
        )
    if known.engine is None:
        return failed(f"{known.path} chooses no engine: the wiki runs LuaSandbox wherever PHP has it", f"Add: {engine}")
    if known.engine != "luastandalone":
        return failed(f"{known.path} chooses {known.engine}: the wiki runs its modules on that", f"Write: {engine}")
    if configured is None:
        return failed(
            f"{known.path} names no luaPath: the wiki starts the binary that came with Scribunto", f"Add: {lua_path}"
        )
    if configured != case.lua:
        return failed(f"{known.path} names {configured} as luaPath, and {case.lua} was checked", f"Write: {lua_path}")
    return ok(f"{known.path} names it")


def _syntax_error(case: Case, file: Path) -> str | None:
    """What PHP's compiler says of a file; None if nothing, or where there is no PHP."""
    if case.php is None:
        return None
    said, status = processes.run(
        as_user(case.user, [case.php, "-d", "display_errors=1", "-l", str(file)]), case.environment, _SECONDS
    )
    if status == 0 or status is None:
        return None
    lines = [line for line in said.decode("utf-8", "replace").splitlines() if " on line " in line]
    return re.sub(r"^PHP ", "", lines[0]) if lines else None


def error_file(case: Case) -> Finding:
    """That stderr can go where the wiki sends it: PHP starts nothing if errorFile cannot be opened."""
    name = case.settings.text("errorFile")
    if name is None and case.mediawiki is None:
        return not_checked("no MediaWiki")
    make = error_file_command(case.user.name)
    if name is None:
        return warning(
            "none is set: what the Lua side says when it fails, and where the CPU time went, is lost",
            f"`{make}`, and the last line at the end.",
        )
    if "://" in name:
        return ok(f"errorFile is PHP's own stream {name}")
    file = Path(name)
    elsewhere = f"`{make}`, and write {ERROR_FILE} as errorFile."
    if not file.is_absolute():
        return failed(f"errorFile is {name}, and PHP's working directory is not always the same", elsewhere)
    if file.is_dir():
        return failed(f"errorFile is {file}, which is a directory", f"Name a file: {file / 'luaproc.log'}")
    if file.is_fifo() or file.is_socket():
        return failed(f"errorFile is {file}, which is no file: PHP waits there for a reader, or fails", elsewhere)
    if not file.exists() and not file.parent.is_dir():
        return failed(f"errorFile is {file}, and {file.parent} is not there", elsewhere)
    place, access = (file, os.W_OK) if file.exists() else (file.parent, os.W_OK | os.X_OK)
    if found := obstacle(place, case.user, access):
        is_own = place == file and obstacle(file.parent, case.user, os.X_OK) is None
        return failed(f"errorFile is {file}, and {found}", way_in(file, case.user, access) if is_own else elsewhere)
    return ok(f"errorFile {file}")


def _mediawiki_version(mediawiki: Path) -> str:
    try:
        text = (mediawiki / "includes" / "Defines.php").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return "of unknown version"
    match = re.search(r"'MW_VERSION',\s*'([^']+)'", text)
    return match[1] if match else "of unknown version"
