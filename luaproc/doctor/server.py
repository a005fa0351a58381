"""The Lua side at work: started as PHP starts it, under Scribunto's limits, and spoken to as PHP speaks."""

from __future__ import annotations

import re
import shlex
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from luaproc.doctor import files
from luaproc.doctor.case import Case, Finding, failed, not_checked, ok, warning
from luaproc.doctor.processes import end_group, run
from luaproc.doctor.scribunto import ULIMIT, ulimit_command
from luaproc.doctor.users import as_user
from luaproc.errors import LuaprocError
from luaproc.host.errors import LuaError, ServerDied
from luaproc.host.interpreter import Interpreter
from luaproc.host.process import HAS_LIMITS, FrameHook, limited
from luaproc.responder.scribunto import function_class
from luaproc.wire.errors import RemoteProtocolError
from luaproc.wire.messages import Call

VERSION = re.compile(r"Lua(?:JIT)? \S+")
"""What Scribunto wants to read in the first line of `-v` (docs/protocol.md, "How the process is started")."""

SECONDS = 15.0
"""How long a server may take for anything here."""

SLOW = 0.3
"""Seconds to the first reply from which a wiki's readers would notice."""

# Bytes of Lua memory. Scribunto's own libraries take 2 to 3 MiB; below 24 MiB large data modules fail that run
# elsewhere.
MEMORY_NEEDED = 4 << 20
MEMORY_WANTED = 24 << 20


_NO_LUA = "luaPath must name luaproc, a launcher of luaproc's, or a Lua 5.1: `luaproc link PATH` writes a launcher."

_ALLOCATE = """
local most = ...
local kept, count = {}, 0
local function fill()
	while count * 65536 < most do
		kept[count + 1] = string.rep( string.format( '%08d', count ), 8192 )
		count = count + 1
	end
end
local done, message = pcall( fill )
kept = nil
return done, tostring( message ), count * 65536
"""

# Names that a module must not see: ways to files, processes, code from outside, and the host.
FORBIDDEN = (
    *("io", "require", "package", "module", "load", "loadstring", "loadfile", "dofile", "newproxy", "collectgarbage"),
    *("gcinfo", "python", "jit", "ffi", "bit", "print"),
    *("os.execute", "os.exit", "os.getenv", "os.remove", "os.rename", "os.tmpname", "os.setlocale", "string.dump"),
    *(
        "debug.getinfo",
        "debug.sethook",
        "debug.getregistry",
        "debug.getupvalue",
        "debug.getlocal",
        "debug.getmetatable",
    ),
    *("debug.setmetatable", "debug.getfenv", "debug.setfenv", "debug.debug"),
)

_VISIBLE = """
local found = {}
for _, name in ipairs( ... ) do
	local value = _G
	for part in string.gmatch( name, '[^.]+' ) do
		value = type( value ) == 'table' and value[part] or nil
	end
	if value ~= nil then
		found[#found + 1] = name
	end
end
return table.concat( found, ', ' )
"""


def php_command(case: Case) -> list[str]:
    """The command by which PHP starts the server."""
    words = [case.lua, *case.php_words]
    if not HAS_LIMITS:
        return words
    if case.mediawiki is None:
        return limited(words, case.cpu_limit, case.memory_limit)
    return ulimit_command(case, " ".join(shlex.quote(word) for word in words))


@contextmanager
def start(case: Case, on_frame: FrameHook | None = None) -> Iterator[Interpreter]:
    """An `Interpreter` on that command, run by the web server's user where we can become it."""
    command = as_user(case.user, php_command(case))
    with Interpreter(
        command, timeout=SECONDS, env=case.environment, cwd="/", new_session=True, on_frame=on_frame
    ) as lua:
        try:
            yield lua
        finally:
            end_group(lua.connection.pid)


def answers_version(case: Case) -> Finding:
    """That `luaPath -v` answers as Scribunto wants: Special:Version shows it, and it is the cheapest start."""
    command = as_user(case.user, ["/bin/sh", "-c", f"exec {shlex.quote(case.lua)} -v 2>&1"])
    output, status = run(command, case.environment, SECONDS)
    said = output.decode("utf-8", "replace").strip()
    told = _excerpt(said.splitlines()[-1]) if said else "nothing"
    if status is None:
        what = f"does not come to an end, and said: {told}" if said else f"gives no answer within {SECONDS:g} s"
        return failed(f"{case.lua} -v {what}", "Is this a Lua? luaPath must name one.")
    if status:
        return failed(f"{case.lua} -v: {ServerDied(status)}, and said: {told}", _advice(ServerDied(status, said), case))
    first = said.partition("\n")[0]
    if not said:
        return failed(f"{case.lua} -v says nothing, and Scribunto expects Lua 5.1.5 or the like", _NO_LUA)
    if not VERSION.match(first):
        if any(VERSION.match(line) for line in said.splitlines()):
            return warning(
                f"{case.lua} -v says {_excerpt(first)!r} before its version",
                "Special:Version shows no version then. Is it a wrapper that warns on stderr?",
            )
        return failed(
            f"{case.lua} -v answers {_excerpt(first)!r}, and Scribunto expects Lua 5.1.5 or the like",
            _NO_LUA,
        )
    return ok(f"-v answers {first!r}")


def starts_from_bundle(case: Case) -> list[Finding]:
    """What became of a launcher's bundle; nothing to say of what is no launcher."""
    if not files.is_launcher(case):
        return []
    output, _ = run(as_user(case.user, [case.lua, "-v"]), case.environment, SECONDS)
    said = output.decode("utf-8", "replace")
    again = f"Starts are slower by 2 ms and more: {files.relink(case)} makes it anew."
    if "passed over the bundle" in said:
        return [warning(said[said.index("passed over the bundle") :].strip().removesuffix(")"), again)]
    if "started from its bundle" in said:
        return [ok("it starts from its bundle")]
    return [ok("it has no bundle; one by a newer `luaproc link` starts 2 ms sooner")]


def starts(case: Case) -> Finding:
    """That it starts under the limits and answers a first message."""
    limits = f"{case.cpu_limit} s and {case.memory_limit // 1024} KB"
    try:
        with start(case) as lua:
            lua.get_status()
            server = lua.connection.pid
            status = lua.get_status()
            allowed = address_space(server)
            said = lua.connection.stderr_tail().strip()
    except LuaprocError as error:
        return failed(f"under {limits}, {error}", _advice(error, case))
    if status and status.pid not in (None, server):
        return warning(
            f"it starts under {limits} as a child of a wrapper, which MediaWiki's SIGTERM and limits then meet first",
            f"In {case.lua}, start the server with `exec`.",
        )
    if HAS_LIMITS and allowed is not None and allowed < case.memory_limit // 1024 * 1024:
        return warning(
            f"it starts under {limits}, and has only {allowed // 1024} KB: something between PHP and it lowers that",
            _own_limit(case),
        )
    if said:
        return warning(
            f"it starts under {limits}, and says on stderr: {_excerpt(said.splitlines()[-1])}",
            "Mend what it says: a wiki has it in its errorFile at every page.",
        )
    return ok(f"under {limits}, as {case.runs_as}")


def address_space(pid: int) -> int | None:
    """Bytes: the limit on memory that a process has; None where none is, or where it cannot be read."""
    try:
        text = Path(f"/proc/{pid}/limits").read_text()
    except OSError:
        return None
    match = re.search(r"^Max address space +(\d+)", text, re.MULTILINE)
    return int(match[1]) if match else None


def start_time(case: Case) -> Finding:
    """How long a page waits for the first reply, the best of three."""
    seconds = []
    for _ in range(3):
        began = time.monotonic()
        with start(case) as lua:
            lua.get_status()
            seconds.append(time.monotonic() - began)
    text = f"{min(seconds) * 1000:.0f} ms to the first reply" + _switching(case)
    return (
        warning(
            text, _launcher(case) or "Each page view with a module pays this: look at what starts before the server."
        )
        if min(seconds) > SLOW
        else ok(text)
    )


def memory(case: Case) -> Finding:
    """How much a module can have before `not enough memory`, which it must survive."""
    with start(case) as lua:
        allocate = lua.load_string(_ALLOCATE, "=memory")
        try:
            done, message, room = allocate(case.memory_limit)
        except ServerDied as error:
            return failed(f"a module that takes all memory ends the process: {error}", _more_memory(case))
        except LuaError as error:
            done, message, room = False, str(error), 0
        lua.get_status()
        allowed = address_space(lua.connection.pid)
    text = f"{room / 1048576:.1f} of {case.memory_limit / 1048576:.1f} MiB are left to modules"
    if done:
        return warning(f"more than {text}: no limit holds", "A launcher sets one: `luaproc link PATH --max-memory 50M`")
    if "not enough memory" not in message:
        return failed(f"a module that takes all memory gets {message!r}", "Expected 'not enough memory'.")
    if room < MEMORY_NEEDED:
        return failed(f"{text}, and Scribunto's libraries alone need about 3", _more_room(case, allowed))
    return warning(text, _more_room(case, allowed)) if room < MEMORY_WANTED else ok(text)


def _more_room(case: Case, allowed: int | None) -> str:
    """What gives modules more memory: what takes it away comes first."""
    if allowed is not None and allowed < case.memory_limit // 1024 * 1024:
        return f"The process has {allowed // 1024} KB only. {_own_limit(case)}"
    if files.locale_archive_leaves_too_little(case):
        return f"The archive of locales takes it, see above: {_launcher(case) or 'start the server with LC_ALL=C.'}"
    return _more_memory(case)


def time_limit(case: Case) -> Finding:
    """That a module without end is ended by SIGXCPU: the one way to die for which MediaWiki has a message."""
    if not HAS_LIMITS:
        return not_checked("Scribunto sets limits on Linux alone")
    short = replace(case, settings=replace(case.settings, conf={**case.settings.conf, "cpuLimit": 1}))
    try:
        with start(short) as lua:
            lua.load_string("while true do end", "=endless")()
    except ServerDied as died:
        if died.signal == signal.SIGXCPU:
            return ok(f"a module without end is stopped: {died.cause!r}")
        return failed(
            f"a module without end is not stopped as MediaWiki understands it: {died}",
            f"The process must die of SIGXCPU. Is {case.lua} a wrapper that catches it? Let it exec the server.",
        )
    except LuaprocError as error:
        return failed(f"a module without end: {error}", "The limit on CPU time does not hold.")
    return failed("a module without end came to an end", "This is no Lua.")


def handshake(case: Case) -> Finding:
    """Every op that PHP uses, with answers that are looked at; and the class of function objects."""
    classes: set[bytes] = set()
    interpreters: set[bytes] = set()

    def look(side: str, body: bytes, _seconds: float) -> None:
        if side == "responder":
            classes.update(re.findall(rb'O:\d+:"([^"]+)"', body.replace(b"\\\\", b"\\")))
            interpreters.update(re.findall(rb's:13:"interpreterId";i:(\d+);', body))

    at = "the start"
    try:
        with start(replace(case, interpreter_id=_SECOND_PARSER), on_frame=look) as lua:
            for name, step in _STEPS:
                at = name
                step(lua)
            at = "quit"
            _expect(lua.quit(), 0)
    except _WrongError as wrong:
        return failed(f"{at}: {wrong}", "This Lua side does not keep to the protocol.")
    except LuaprocError as error:
        return failed(f"{at}: {error}", _advice(error, case))
    expected = function_class(case.php_words[0]).encode() if case.mediawiki else None
    if expected and classes != {expected}:
        name = b", ".join(sorted(classes)).decode("utf-8", "replace")
        return failed(f"functions arrive as {name}, and PHP knows {expected.decode()}", "Unset --function-class.")
    if case.mediawiki and interpreters - {b"%d" % _SECOND_PARSER}:
        return failed(
            "functions carry another number than that of the interpreter that PHP has started",
            f'{case.lua} has to hand on all of its arguments: `"$@"` in a script of the shell.',
        )
    steps = ", ".join(name for name, _ in _STEPS)
    through = f"through {ULIMIT}" if case.mediawiki and HAS_LIMITS else "without Scribunto's own script"
    return ok(f"{steps}, quit: all answered, {through}")


def sandbox(case: Case) -> Finding:
    """That a module sees no way out, and that bytecode is refused."""
    with start(case) as lua:
        (visible,) = lua.load_string(_VISIBLE, "=visible")(list(FORBIDDEN))
        if visible:
            return failed(f"modules can reach {visible}", "Do not use this luaPath: anyone who edits modules gets in.")
        for text in (b"\x1bLua\x51\0\1", b"return 1 --\x1bLua"):
            if "binary chunk" not in (said := _refusal(lua, text)):
                return failed(f"bytecode is not refused: {said}", "Do not use this luaPath.")
        # Where this marker means nothing, it is a syntax error; "bytecode" is LuaJIT's loader speaking.
        if "bytecode" in (said := _refusal(lua, b"\x1bLJ\2\2\0")):
            return warning(
                f"LuaJIT's bytecode reaches LuaJIT's loader ({said}), and MWServer.lua overlooks it",
                "Bytecode can break out of Lua. luaproc refuses it, with the runtime luajit21 as well.",
            )
    return ok(f"none of {len(FORBIDDEN)} dangerous names is visible to modules; bytecode is refused")


def _refusal(lua: Interpreter, text: bytes) -> str:
    try:
        lua.load_string(text, "=probe")
    except LuaError as error:
        return str(error)
    return "it was loaded"


class _WrongError(Exception):
    """An answer that is not the expected one."""


def _expect(found: object, expected: object) -> None:
    if found != expected:
        raise _WrongError(f"expected {expected!r}, got {found!r:.100}")


def _calls(lua: Interpreter) -> None:
    echo = lua.load_string("return ...", "=Module:Echo")
    values = [1, -0.5, True, None, "text \\ \r\n\0 Привет", {"a": [1, 2, {"b": False}]}, 2**53 - 1]
    _expect(echo(*values), values)


def _errors(lua: Interpreter) -> None:
    deep = lua.load_string("local function f()\n\terror( 'oops' )\nend\nf()", "=Module:Deep")
    try:
        deep()
    except LuaError as error:
        _expect((error.module, error.line, error.message), ("Module:Deep", 2, "oops"))
        _expect(bool(error.trace), True)
    else:
        raise _WrongError("expected an error, and none came")
    try:
        lua.load_string("this is no Lua", "=Module:Syntax")
    except LuaError as error:
        _expect(error.line, 1)
    else:
        raise _WrongError("expected a syntax error, and none came")


def _php_calls(lua: Interpreter) -> None:
    def fail(text: str) -> None:
        raise LuaError(text)

    back = lua.load_string("return ( ... ) * 2", "=Module:Back")
    lua.register_library("doctor", {"add": lambda a, b: a + b, "fail": fail, "back": lambda n: tuple(back(n))})
    code = "local ok, why = pcall( doctor.fail, 'no' )\nreturn doctor.add( 40, 2 ), ok, why, doctor.back( 21 )"
    found = lua.load_string(code, "=Module:Php")()
    _expect([found[0], found[1], str(found[2])[-2:], found[3]], [42, False, "no", 42])


def _wraps(lua: Interpreter) -> None:
    function = lua.wrap_php_function(lambda a: (a, a))
    _expect(function("x"), ["x", "x"])
    _expect(lua.load_string("return ( ... )( 7 )", "=Module:Wrapped")(function), [7, 7])
    (made,) = lua.load_string("return function() return 'made' end", "=Module:Made")()
    _expect(made(), ["made"])


def _status(lua: Interpreter) -> None:
    status = lua.get_status()
    if status is not None:
        _expect([bool(status.pid), bool(status.vsize)], [True, True])


def _cleans(lua: Interpreter) -> None:
    function = lua.load_string("return 1", "=Module:Dropped")
    number = function.id
    del function
    lua.cleanup_chunks()
    try:
        lua.request(Call(number))
    except LuaError as error:
        _expect(error.message, f"function id {number} does not exist")
    else:
        raise _WrongError("expected a function to be gone after cleanupChunks, and it was called")


# PHP starts the Lua side once for each parser of a page, counts them from 0, and refuses functions of another one.
_SECOND_PARSER = 1

_STEPS: tuple[tuple[str, Callable[[Interpreter], None]], ...] = (
    ("getStatus", _status),
    ("loadString and call", _calls),
    ("errors with a trace", _errors),
    ("registerLibrary and calls to PHP", _php_calls),
    ("wrapPhpFunction", _wraps),
    ("cleanupChunks", _cleans),
)


# How programs end that find no memory for their start, and programs that the kernel ends for want of it.
_OF_MEMORY = (signal.SIGABRT, signal.SIGBUS, signal.SIGKILL, signal.SIGSEGV)

# What Python says that finds no memory for its own start.
_NO_MEMORY = re.compile(r"[Nn]ot enough memory|[Cc]annot allocate|MemoryError|failed to map|Fatal Python error")


def _advice(error: LuaprocError, case: Case) -> str:
    if isinstance(error, RemoteProtocolError):
        return f"Only frames may go to stdout: {case.lua} is no Lua side, or something writes there before it."
    if not isinstance(error, ServerDied):
        return f"Try it by hand: `{shlex.join(php_command(case))}`"
    said = error.stderr or str(error)
    if _NO_MEMORY.search(said) or files.locale_archive_leaves_too_little(case):
        return _more_room(case, None)
    if error.signal == getattr(signal, "SIGXCPU", None):
        return "Its start alone takes all the CPU time: is the machine overloaded, or cpuLimit too small?"
    if error.signal in _OF_MEMORY and case.memory_limit < MEMORY_WANTED:
        return _more_memory(case)
    if error.signal in _OF_MEMORY or error.signal == signal.SIGILL:
        return f"A damaged file of lupa, or one for another CPU: {files.mended_by_pip(case, 'lupa')}"
    advice = next((text for pattern, text in _SAID if re.search(pattern, said)), _STATUSES.get(error.status or 0, _SEE))
    return advice.format(
        lua=case.lua,
        lupa=files.mended_by_pip(case, "lupa"),
        luaproc=files.mended_by_pip(case, "luaproc"),
        relink=files.relink(case),
        bare=files.relink(case, False),
    )


_SEE = "See what it said; errorFile keeps that in a wiki."

# What a server or a shell said -> what to do; the first that fits.
_SAID = (
    (r"runtime '\w+' is not in this lupa|No module named 'lupa", "{lupa}"),
    (r"luaproc launcher ", "{relink}"),
    (r"needs the package click", 'The arguments get lost: {lua} has to hand them on, `"$@"` in a script of the shell.'),
    (
        r"unknown (?:option|runtime)|LUAPROC_\w+ expects|: expected ",
        "Correct what it refuses: {bare} writes it without options.",
    ),
    (
        r"ModuleNotFoundError|ImportError|SyntaxError|No module named",
        "Files of luaproc are missing or damaged: {luaproc}",
    ),
    (r"[Ee]xec format error", "{lua} is for another kind of machine, or empty; `luaproc link PATH` writes a launcher."),
)

# What a shell says with it: the statuses that a wiki's readers see.
_STATUSES = {
    126: "126: a file that cannot be executed, by its mode, a directory's mode, its #! line, noexec or SELinux.",
    127: "127: a program or a library that was not found; install what it names, or correct {lua}.",
}


def _own_limit(case: Case) -> str:
    own = files.launcher_memory(case)
    if own is not None and own < case.memory_limit:
        return (
            f"{case.lua} carries --max-memory={own}: write it anew with more, or without: {files.relink(case, False)}"
        )
    return f"Take the `ulimit -v` out of {case.lua}."


def _more_memory(case: Case) -> str:
    own = files.launcher_memory(case)
    if own is not None and own < case.memory_limit:
        return _own_limit(case)
    at_least = max(2 * case.memory_limit, 52_428_800)
    return f"$wgScribuntoEngineConf['luastandalone']['memoryLimit'] = {at_least};"


def _launcher(case: Case) -> str:
    if not files.is_ours(case) or files.is_launcher(case):
        return ""
    return "`luaproc link PATH` writes a launcher that starts quicker and leaves more memory."


def _switching(case: Case) -> str:
    # Becoming another user takes a Python of its own, which a wiki does not need.
    return "" if case.user.is_me or not case.user.can_become else f" (some of it to become {case.user.name})"


def _excerpt(text: str) -> str:
    # A launcher's message with its command, and its paths, is some hundred characters long.
    return text if len(text) <= 1000 else f"{text[:1000]}..."
