"""The responder: PHP's frames in, replies out, and Lua in between. Python moves bytes, cuts the frequent messages apart
(`fast_path`), and owns the process; all else that concerns values, chunks and modules is in lua/*.lua.

Exit statuses: 0 for `quit` and for the end of input between messages, 42 for `testquit`, 1 for malformed or unexpected
input (one line on stderr), 2 for options that cannot be met. SIGXCPU, SIGTERM and SIGPIPE end the process by their
default action, as PHP expects to see.
"""

import _signal  # type: ignore[import-not-found]

from luaproc.errors import UsageError
from luaproc.responder import fast_path, limits, log, memory, options, pipes, runtime, scribunto, status
from luaproc.responder.bare_os import environment, os

TYPE_CHECKING = False  # importing `typing` costs start-up time
if TYPE_CHECKING:
    from typing import NoReturn

# Bytes of address space that a start needs from here on: the runtime, the ballast, our Lua, and some room.
START = 3328 * 1024

PARTS = __file__.rpartition("serve")[0] + "lua/"

COMPILED: "dict[str, tuple[dict[bytes, tuple[int, int, int]], dict[int, list[tuple[int, int, int]]]]]" = {}
"""Runtime -> where what it made lies, as string.dump gives it, of our parts and of Scribunto's library: part ->
descriptor, length and offset; and see `fast_path.LIBRARY`. From a bundle."""


def serve(words: "list[str]", main_script: "str | None" = None, note: str = "") -> "NoReturn":
    """Serve the protocol on stdin and stdout until PHP ends it. Never returns.

    words: options (see `options.OPTIONS`). main_script: the path of mw_main.lua, where PHP named one. note: what the
    log is to say first.
    Raises `UsageError` for options that cannot be met, `MemoryError` where there is not enough to start.
    """
    found, rest = options.read(words)
    if rest:
        raise UsageError(f"serve takes options only, got {rest[0]!r}")
    max_memory, max_cpu = found.get("max-memory"), found.get("max-cpu")
    assert not isinstance(max_memory, str)
    assert not isinstance(max_cpu, str)
    limits.set_process_limits(max_memory, max_cpu)
    _default_signals()
    # Lua's character classes follow the C library's locale, which Python sets from the environment, and os.date follows
    # TZ. A real Lua starts in the C locale.
    if environment().get("LC_ALL") != "C":  # as launchers set it
        import _locale

        _locale.setlocale(_locale.LC_ALL, "C")
    os.unsetenv("TZ")
    if "timezone" in found:
        os.putenv("TZ", str(found["timezone"]))
    _run(found, max_memory, main_script, note)


def _default_signals() -> None:
    # Python ignores SIGPIPE and turns SIGINT into an exception, which would wait until Lua returns. The others, and the
    # mask, a parent may have changed: under a web server's thread every signal is blocked, SIGXCPU and SIGTERM too.
    for name in ("SIGINT", "SIGPIPE", "SIGTERM", "SIGXCPU"):
        number = getattr(_signal, name, None)  # Windows has the first and third
        if number is not None:
            _signal.signal(number, _signal.SIG_DFL)
    if hasattr(_signal, "pthread_sigmask"):
        _signal.pthread_sigmask(_signal.SIG_SETMASK, ())


def _read(path: str) -> bytes:
    with open(path, "rb") as file:
        return file.read()


def _open_pipes(lua, reserve: memory.Reserve, found: "dict[str, str | int]", note: str) -> pipes.Pipes:  # type: ignore[no-untyped-def]
    log_path = found.get("log")
    assert not isinstance(log_path, int)
    try:
        pipes.claim_descriptors()
        if "forks-for" in found:
            from luaproc.responder.fork_server import ForkingPipes

            return ForkingPipes(reserve, int(found["forks-for"]), lua)
        return pipes.Pipes(reserve, status.open_reporter(), log.open_log(log_path, note) if log_path else None)
    except OSError as error:
        raise UsageError(f"cannot open stdin and stdout: {error.strerror}") from error


def _run(found: "dict[str, str | int]", max_memory: "int | None", main_script: "str | None", note: str) -> "NoReturn":
    name = str(found.get("runtime", runtime.DEFAULT))
    address_space = limits.address_space()
    limits.must_leave(START, address_space)
    lua = runtime.new_runtime(name)
    class_name = str(found.get("function-class") or scribunto.function_class(main_script))
    reserve = memory.Reserve(lua)
    frames = _open_pipes(lua, reserve, found, note)
    observers = {}
    if "profile" in found or "coverage" in found:
        from luaproc.responder import records

        observers = records.open_records(found, name)
    cpu_limit = limits.cpu_seconds()
    start = boot(lua, name, frames, reserve, {
        "boot.stack_levels": limits.gsub_levels(),
        "pipes.exit": os._exit,
        "pipes.die": log.die,
        "pipes.report": log.report,
        "pipes.cpu_left": limits.cpu_clock(cpu_limit),
        "settings.cpu_limit": cpu_limit,
        "settings.int_size": found.get("int-size", 8),
        "settings.function_head": scribunto.function_head(class_name, int(found.get("interpreter-id", 0))),
        "settings.with_log": scribunto.reads_log(class_name),
        **observers,
    })  # fmt: skip
    limit = memory.lua_limit(max_memory)
    reserve.set_limit(limit, address_space)
    start(limit)
    raise AssertionError("the conversation ends by the end of the process")


def boot(lua, name: str, frames, reserve: memory.Reserve, more: "dict[str, object]"):  # type: ignore[no-untyped-def]
    """Put our Lua together in a runtime of lupa. Returns what lua/boot.lua returns.

    name: of the runtime. frames: a `pipes.Pipes`, or what has methods of the same names. more: what else lua/boot.lua
    is given, by the names there.
    """
    compiled, library = COMPILED.get(name, ({}, {}))
    fast_path.LIBRARY.update(library)

    def source(part: bytes) -> object:
        if part in compiled:  # a function, of which Lua need not hold the bytecode as a string, too
            return lua.compile(os.pread(*compiled[part]))
        return _read(PARTS + part.decode() + ".lua")

    begin = lua.execute(
        b"local boot = ... return type(boot) == 'function' and boot or assert(loadstring(boot, '=luaproc/boot.lua'))",
        source(b"boot"),
    )
    given = {
        "boot.source": source,
        "pipes.receive": frames.receive,
        "pipes.exchange": frames.exchange,
        "pipes.slice": frames.slice,
        "pipes.again": frames.again,
        "pipes.plain": frames.plain,
        "pipes.lost": frames.lost,
        "pipes.status": lambda: frames.status(),  # a fork has its own
        "reserve.spend": reserve.spend,
        "reserve.lift": reserve.lift,
        "reserve.restore": reserve.restore,
        "reserve.spend_if_full": reserve.spend_if_full,
        "reserve.is_full": reserve.is_full,
        "settings.not_sent": pipes.NOT_SENT,
        "settings.reply_lost": pipes.REPLY_LOST,
        "settings.request_lost": pipes.REQUEST_LOST,
        **more,
    }
    return begin(*[part for name, value in given.items() for part in (name.encode(), value)])
