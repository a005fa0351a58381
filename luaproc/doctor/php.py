"""PHP: whether it may start processes, asked of php-cli with the settings of each way PHP runs on this machine."""

from __future__ import annotations

import json
import os
import re
import shlex
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from luaproc.doctor import processes
from luaproc.doctor.case import Case, Finding, failed, not_checked, ok, warning
from luaproc.doctor.server import php_command
from luaproc.doctor.users import as_user
from luaproc.errors import UsageError
from luaproc.host.process import scratch_file
from luaproc.responder import options, runtime
from luaproc.wire.framing import encode_frame

# What Scribunto calls to run its Lua side; popen is for Special:Version alone.
NEEDED = ("proc_open", "proc_close", "proc_get_status", "proc_terminate")
OPTIONAL = ("popen", "pclose")

MEMORY_NEEDED = 64 << 20
"""Bytes: MediaWiki itself asks for 50 MB ($wgMemoryLimit)."""

_SECONDS = 30

# The status with which _EXCHANGE says that proc_open itself failed.
_NOT_STARTED = 3

_TELL = (
    "$names = array_slice( $argv, 1 ); echo json_encode( ["
    " 'version' => PHP_VERSION, 'bits' => PHP_INT_SIZE * 8, 'ini' => php_ini_loaded_file(),"
    " 'missing' => array_values( array_filter( $names, fn ( $name ) => !function_exists( $name ) ) ),"
    " 'open_basedir' => ini_get( 'open_basedir' ), 'memory_limit' => ini_get( 'memory_limit' ),"
    " 'luasandbox' => extension_loaded( 'luasandbox' ) ] );"
)

_TOLD = {"version", "bits", "ini", "missing", "open_basedir", "memory_limit", "luasandbox"}

# One exchange as Scribunto has it: the command by proc_open, a frame out, a frame back, unserialize.
_EXCHANGE = (
    "[ , $command, $errors, $frame ] = $argv; error_clear_last();"
    " $process = @proc_open( $command, [ [ 'pipe', 'r' ], [ 'pipe', 'w' ], [ 'file', $errors, 'a' ] ], $pipes );"
    " if ( !$process ) { echo error_get_last()['message'] ?? 'proc_open failed'; exit( 3 ); }"
    " fwrite( $pipes[0], $frame ); $length = hexdec( substr( (string)fread( $pipes[1], 16 ), 0, 8 ) );"
    " $body = $length ? (string)fread( $pipes[1], $length ) : '';"
    " $reply = @unserialize( strtr( $body, [ '\\\\r' => \"\\r\", '\\\\n' => \"\\n\", '\\\\\\\\' => '\\\\' ] ) );"
    " if ( !$length ) { usleep( 200000 ); $status = proc_get_status( $process ); }"
    " proc_terminate( $process );"
    " if ( ( $reply['op'] ?? '' ) === 'return' ) { echo 'answered'; exit( 0 ); }"
    " echo $length ? 'got a reply that unserialize() refuses' : 'got no reply: the interpreter exited with status '"
    " . $status['exitcode']; exit( 4 );"
)


_VERSION = re.compile(r"\d+\.\d+")


class Pool(NamedTuple):
    """A pool of PHP-FPM: its file, its own settings, those of PHP, and the variables that it sets."""

    file: Path
    own: dict[str, str]
    settings: dict[str, str]
    variables: dict[str, str]


class Way(NamedTuple):
    """A way that PHP runs here: its name (cli, fpm, apache2), and what makes php-cli read its settings."""

    name: str
    options: tuple[str, ...] = ()
    variables: tuple[tuple[str, str], ...] = ()


def found(case: Case) -> Finding:
    """Which PHP this is."""
    if case.php is None:
        return warning(
            "no php on PATH: whether PHP may start processes was not checked",
            "proc_open must not be in php.ini's disable_functions. To have it checked: apt-get install php-cli",
        )
    told = _ask(case, Way("cli"))
    if isinstance(told, str):
        return failed(f"{case.php} does not run: {told}", "Mend PHP first.")
    ways = ", ".join(way.name for way in ways_of(told))
    return ok(f"PHP {told['version']}, {told['bits']} bits; asked with the settings of: {ways}")


def may_start_processes(case: Case) -> list[Finding] | Finding:
    """That no php.ini disables what Scribunto needs; one finding for each that does."""
    findings = []
    for way, told in _everyone(case):
        where = f"{told['ini'] or 'its settings'} ({way.name})"
        missing = told["missing"]
        if needed := [name for name in missing if name in NEEDED]:
            findings.append(
                failed(
                    f"PHP has no {', '.join(needed)} with {where}",
                    "Take these out of disable_functions, there and in the directory of .ini files beside it.",
                )
            )
        elif missing:
            findings.append(
                warning(f"PHP has no {', '.join(missing)} with {where}", "Special:Version cannot show the Lua version.")
            )
    for pool in _pools(case):
        disabled = re.split(r"[\s,\"']+", pool.settings.get("disable_functions", ""))
        if names := [name for name in NEEDED if name in disabled]:
            findings.append(
                failed(
                    f"{pool.file} disables {', '.join(names)}", "Take these out of php_admin_value[disable_functions]."
                )
            )
    return findings or (ok("proc_open and its like are there") if case.php else not_checked("no PHP"))


def exchanges(case: Case) -> Finding:
    """That PHP itself can start the server by proc_open and get an answer."""
    if case.php is None:
        return not_checked("no PHP")
    command = "exec " + shlex.join(php_command(case))
    # Where we are not the web server's user, its errorFile is not for us.
    errors = (case.settings.text("errorFile") if case.user.can_become else None) or "/dev/null"
    words = [command, errors, encode_frame(b'{["op"]="getStatus"}').decode()]
    for way, told in _everyone(case):
        said, status = _run(case, way, _EXCHANGE, words)
        if (said, status) == ("answered", 0):
            continue
        text = f"PHP, starting it by proc_open with the settings of {way.name}: {said or f'ended with status {status}'}"
        if told["open_basedir"] and status == _NOT_STARTED:
            return failed(
                f"{text}; open_basedir is {told['open_basedir']}",
                f"Add {errors} to open_basedir, or set errorFile to a file within it.",
            )
        if "Fork failed" in said:
            return failed(
                text, "The user's limit of processes is reached: `ulimit -u`, TasksMax= of the web server's unit."
            )
        return failed(text, "The checks above say why, if they can; errorFile keeps what it says.")
    return ok(f"proc_open starts it, and unserialize() reads its reply, as {case.runs_as}")


def pools(case: Case) -> list[Finding] | Finding:
    """What PHP-FPM's pools say of the process that starts ours: its user, its root, its variables, its open_basedir."""
    found = _pools(case)
    if not found:
        return ok("PHP-FPM has no pools here") if case.php else not_checked("no PHP")
    findings = []
    errors = case.settings.text("errorFile") or "/dev/null"
    for pool in found:
        user, root = pool.own.get("user", ""), pool.own.get("chroot", "")
        if user not in ("", "$pool", case.user.name, str(case.user.uid)):
            findings.append(
                warning(
                    f"{pool.file} runs PHP as {user}, and {case.user.name} was checked",
                    f"If that pool serves the wiki: `luaproc doctor --user {user}`",
                )
            )
        if root and case.lua.startswith("/"):
            needed = ("/bin/sh", case.lua)
            if missing := [name for name in needed if not os.path.exists(root.rstrip("/") + name)]:
                findings.append(
                    failed(
                        f"{pool.file} runs PHP in the root {root}, where there is no {' and no '.join(missing)}",
                        f"Take `chroot` out of {pool.file}.",
                    )
                )
        allowed = pool.settings.get("open_basedir", "").strip("\"'")
        if allowed and not any(_is_below(errors, place) for place in allowed.split(":")):
            findings.append(
                failed(
                    f"{pool.file} sets open_basedir to {allowed}, and PHP opens {errors} for what the Lua side says",
                    f"Add {errors} to open_basedir, or set errorFile to a file within it.",
                )
            )
        given = {name: value for name, value in pool.variables.items() if name.startswith("LUAPROC_")}
        try:
            read, _ = options.read([], given)
            if "runtime" in read:
                runtime.must_be_known(str(read["runtime"]))
        except UsageError as error:
            findings.append(failed(f"{pool.file} sets a variable that cannot be met: {error}", "Correct that line."))
    names = ", ".join(str(pool.file) for pool in found)
    return findings or ok(f"nothing in {names} stands in the way")


def _is_below(file: str, place: str) -> bool:
    """As open_basedir has it: without a slash at its end it is the beginning of names."""
    return bool(place) and os.path.realpath(file).startswith(os.path.realpath(place) + "/" * place.endswith("/"))


def settings(case: Case) -> list[Finding] | Finding:
    """PHP's memory, and whether luasandbox is there to be preferred."""
    findings = []
    for way, told in _everyone(case):
        limit = _bytes(str(told["memory_limit"]))
        if 0 <= limit < MEMORY_NEEDED:
            findings.append(
                warning(
                    f"PHP's memory_limit is {told['memory_limit']} with {told['ini']} ({way.name})",
                    "Large data passes through PHP as well: memory_limit = 128M",
                )
            )
        if told["luasandbox"] and case.mediawiki and case.settings.engine in (None, "luaautodetect"):
            findings.append(
                warning(
                    f"PHP has luasandbox ({way.name}), which Scribunto takes where no engine is chosen",
                    "The second line at the end.",
                )
            )
    return findings or (
        ok("memory_limit is enough, and no luasandbox stands in the way") if case.php else not_checked("no PHP")
    )


def ways_of(told: Mapping[str, Any]) -> Iterator[Way]:
    """php-cli's own settings, and those of the other ways and versions (Debian: /etc/php/8.2/fpm, .../8.1/apache2): a
    wiki may still run on the version before."""
    yield Way("cli")
    if not told["ini"]:
        return
    own = Path(told["ini"])
    here = own.parent.parent
    if own.parent.name != "cli":
        return
    for file in sorted(here.parent.glob("*/*/php.ini") if _VERSION.fullmatch(here.name) else here.glob("*/php.ini")):
        if file.parent.name != "cli":
            name = file.parent.name if file.parent.parent == here else f"{file.parent.name} {file.parent.parent.name}"
            yield Way(name, ("-c", str(file)), (("PHP_INI_SCAN_DIR", str(file.parent / "conf.d")),))


def _pools(case: Case) -> list[Pool]:
    """PHP-FPM's pools: Debian's lie beside the versions' php.ini, Fedora's and Alpine's in php-fpm.d."""
    if case.php is None or isinstance(told := _ask(case, Way("cli")), str) or not told["ini"]:
        return []
    here = Path(told["ini"]).parent
    places = [*here.glob("php-fpm.d/*.conf"), *here.parent.glob("fpm/pool.d/*.conf")]
    if _VERSION.fullmatch(here.parent.name):
        places += here.parent.parent.glob("*/fpm/pool.d/*.conf")
    found = []
    for file in sorted(set(places)):
        try:
            text = file.read_text(encoding="utf-8", errors="replace")
        except OSError:
            continue
        lines = re.findall(r"^[ \t]*([\w.]+)(?:\[(\w+)\])?[ \t]*=[ \t]*([^;\n]*)", text, re.MULTILINE)
        pool = Pool(file, {}, {}, {})
        for key, name, value in lines:
            kept = pool.own if not name else pool.variables if key == "env" else pool.settings
            kept[name or key] = value.strip()
        found.append(pool)
    return found


def _everyone(case: Case) -> Iterator[tuple[Way, dict[str, Any]]]:
    if case.php is None:
        return
    first = _ask(case, Way("cli"))
    if isinstance(first, str):
        return
    for way in ways_of(first):
        told = first if way.name == "cli" else _ask(case, way)
        if not isinstance(told, str):
            yield way, told


def _ask(case: Case, way: Way) -> dict[str, Any] | str:
    """What PHP tells of itself; or, as text, why it does not."""
    said, status = _run(case, way, _TELL, [*NEEDED, *OPTIONAL])
    try:
        told = json.loads(said[said.index("{") :])
    except ValueError:
        return said or f"it ended with status {status}"
    return told if isinstance(told, dict) and told.keys() >= _TOLD else said


def _run(case: Case, way: Way, code: str, words: list[str]) -> tuple[str, int]:
    assert case.php is not None
    command = as_user(case.user, [case.php, *way.options, "-d", "display_errors=stderr", "-r", code, "--", *words])
    with scratch_file() as errors:
        try:
            said, status = processes.run(command, {**case.environment, **dict(way.variables)}, _SECONDS, errors)
        except OSError as error:
            return str(error), 1
        if status and not said:
            errors.seek(0)
            said = errors.read(processes.MOST)
    if status is None:
        return f"it does not come to an end within {_SECONDS} s", 1
    return said.decode("utf-8", "replace").strip(), status


def _bytes(text: str) -> int:
    match = re.fullmatch(r"(-?\d+)([kmg]?)", text.strip().lower())
    return int(match[1]) * {"": 1, "k": 1 << 10, "m": 1 << 20, "g": 1 << 30}[match[2]] if match else -1
