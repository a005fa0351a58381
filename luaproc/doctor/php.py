"""PHP: whether it may start processes, asked of php-cli with the settings of each way PHP runs on this machine."""

from __future__ import annotations

import json
import re
import shlex
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from luaproc.doctor import processes
from luaproc.doctor.case import Case, Finding, failed, not_checked, ok, warning
from luaproc.doctor.server import php_command
from luaproc.doctor.users import as_user
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
    findings += [
        failed(f"{file} disables {', '.join(names)}", "Take these out of php_admin_value[disable_functions].")
        for file, names in _disabled_by_pools(case)
    ]
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
        return failed(text, "The checks above say why, if they can; errorFile keeps what it says.")
    return ok(f"proc_open starts it, and unserialize() reads its reply, as {case.runs_as}")


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
    """php-cli's own settings, and those of the other ways of this version (Debian: /etc/php/8.2/fpm, .../apache2)."""
    yield Way("cli")
    if not told["ini"]:
        return
    own = Path(told["ini"])
    try:
        others = sorted(own.parent.parent.glob("*/php.ini"))
    except OSError:
        return
    for file in others:
        if file != own and own.parent.name == "cli":
            yield Way(file.parent.name, ("-c", str(file)), (("PHP_INI_SCAN_DIR", str(file.parent / "conf.d")),))


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


def _disabled_by_pools(case: Case) -> Iterator[tuple[Path, list[str]]]:
    """What PHP-FPM's pools disable, which no php.ini tells."""
    if case.php is None or isinstance(told := _ask(case, Way("cli")), str) or not told["ini"]:
        return
    for file in sorted(Path(told["ini"]).parent.parent.glob("fpm/pool.d/*.conf")):
        try:
            text = file.read_text(encoding="utf-8", errors="replace")
        except OSError:
            continue
        for line in re.findall(r"^\s*php_(?:admin_)?value\[disable_functions\]\s*=\s*(.*)$", text, re.MULTILINE):
            if names := [name for name in NEEDED if name in re.split(r"[\s,\"']+", line)]:
                yield file, names


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
    with tempfile.TemporaryFile() as errors:
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
