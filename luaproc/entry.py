"""The executable: `luaproc`, or whatever name it is called by. Decides which part of luaproc answers,
and imports that part only.

Exit statuses beyond those of the command: 2 for a usage error, 1 for any other `LuaprocError`.
"""

import _signal  # type: ignore[import-not-found]
import gc
import sys

from luaproc.errors import LuaprocError, visible

TAKE_MEMORY = (
    "GLIBC_TUNABLES",
    "MALLOC_MMAP_MAX_",
    "MALLOC_MMAP_THRESHOLD_",
    "MALLOC_TOP_PAD_",
    "MALLOC_TRIM_THRESHOLD_",
)
"""Variables by which malloc leaves less to a Lua. Those of its arenas and checks change nothing, and many set them."""


def main() -> None:
    """Entry point of the `luaproc` executable, of links to it, and of `python -m luaproc`."""
    launch(by_name=True)


def launch(options: "tuple[str, ...]" = (), by_name: bool = False, bundle: str = "") -> None:
    """Answer this process's command line.

    options: of the responder, as a launcher carries them. by_name: whether the program's name may make it a Lua
    interpreter; a launcher is for a wiki's luaPath under any name. bundle: what became of the launcher's bundle, for
    the log and for `-v`.
    """
    # Until somebody handles it, Ctrl-C ends us as it ends a C program. Where it is ignored it stays so.
    if _signal.getsignal(_signal.SIGINT) is _signal.default_int_handler:
        _signal.signal(_signal.SIGINT, _signal.SIG_DFL)
    try:
        run(sys.argv, options, by_name, visible(bundle))
    except LuaprocError as error:
        if sys.stderr is not None:  # as where its descriptor is closed
            sys.stderr.write(f"luaproc: {visible(str(error))}\n")
        sys.exit(error.exit_status)
    except OSError as error:  # the reader of `-v` has gone; every other answer catches this itself
        what = f"cannot open {error.filename}" if error.filename else "cannot write"
        sys.exit(f"luaproc: {what}: {error.strerror}")
    except MemoryError:
        command = sys.argv[1] if sys.argv[1:] else ""
        if command == "serve" or command.endswith("mw_main.lua"):
            sys.exit("luaproc: not enough memory to start: raise Scribunto's memoryLimit, or --max-memory")
        sys.exit(f"luaproc: not enough memory for {command or 'this'} under the limit of this process (ulimit -v)")
    except ModuleNotFoundError as error:
        if error.name not in ("click", "phpserialize"):
            raise
        # The commands need these packages; a wiki is served without them.
        sys.exit(f"luaproc: this needs the package {error.name}: {sys.executable} -m pip install {error.name}")


def run(argv: "list[str]", options: "tuple[str, ...]" = (), by_name: bool = False, bundle: str = "") -> None:
    """Answer a command line, the program's name first. See `launch`. Raises `LuaprocError`."""
    words = argv[1:]
    is_lua = by_name and _is_lua_alias(argv[0])
    is_wiki = bool(words) and words[0].rpartition("/")[2] == "mw_main.lua"
    serves = is_wiki or words[:1] == ["serve"]
    if is_lua or serves or words[:1] in (["lua"], ["record"]):
        _have_memory([*options, *words], serves)
    if is_lua:
        from luaproc import lua51

        if named := lua51.runtime_of(argv[0]):
            options = ("--runtime", named, *options)
        _be_lua(argv, options)
    if is_wiki:
        _serve_php(words, list(options), bundle)
    elif words == ["-v"]:
        _print_version(options, bundle)
    elif words and words[0] == "serve" and "--help" not in words and "-h" not in words:
        _serve([*options, *words[1:]], None, bundle)
    elif not (words and words[0] == "lua" and _run_lua(words[1:], options)):
        from luaproc.commands import cli

        if _signal.getsignal(_signal.SIGINT) == _signal.SIG_DFL:
            _signal.signal(_signal.SIGINT, _signal.default_int_handler)
        cli(args=words, prog_name="luaproc")


def _have_memory(words: "list[str]", serves: bool) -> None:
    """Begin again under a limit of memory if the environment takes some of it: see `responder.restart`."""
    from luaproc.responder.bare_os import environment, os

    variables = environment()
    # A real Lua follows these. Of a wiki's server no launcher has them.
    forgotten = [name for name in TAKE_MEMORY if name in variables] if serves else []
    if not forgotten:
        if variables.get("LC_ALL") in ("C", "POSIX"):
            return
        try:
            os.stat("/usr/lib/locale/locale-archive")
        except OSError:
            return  # as in most containers
    from luaproc.responder import restart

    max_memory = "LUAPROC_MAX_MEMORY" in variables or any(word.startswith("--max-memory") for word in words)
    restart.without_what_takes_memory(forgotten, max_memory)


def _is_lua_alias(name: str) -> bool:
    """Whether we are called by the name of a Lua interpreter. Asked at every start: only a likely name is looked up."""
    if not name.rpartition("/")[2].startswith("lua") or name.endswith("luaproc"):
        return False
    from luaproc import lua51

    return lua51.is_lua_alias(name)


def _run_lua(words: "list[str]", options: "tuple[str, ...]") -> bool:
    """Answer what follows `luaproc lua`, without the command line's imports; False where that has to say something."""
    from luaproc import lua51

    asked = lua51.command_line(words)
    if asked is None:
        return False
    argv, chosen = asked
    options = (*options, *chosen)
    _be_lua(argv, options)
    _serve_php(argv[1:], list(options), "")
    return True


def _be_lua(argv: "list[str]", options: "tuple[str, ...]") -> None:
    """Be the standalone interpreter to the end of the process, unless a wiki starts its server."""
    from luaproc import lua51

    if not lua51.wants_responder(argv):
        from luaproc.responder.options import chosen_runtime

        lua51.main(argv, chosen_runtime(options))


def _serve_php(words: "list[str]", options: "list[str]", bundle: str) -> None:
    """As PHP starts a Lua: mw_main.lua, Scribunto's directory, the interpreter's id, the size of PHP's integers."""
    for option, value in zip(("--interpreter-id", "--int-size"), words[2:4], strict=False):
        options += [option, value]
    _serve(options, words[0], bundle)


def _serve(options: "list[str]", main_script: "str | None", bundle: str) -> None:
    # Nothing that serves makes reference cycles (tests/responder/test_memory.py): Python's collector would look at what
    # is imported, 0.3 ms of a start, and find nothing.
    gc.disable()
    from luaproc.responder.serve import serve

    serve(options, main_script, bundle)


def _print_version(options: "tuple[str, ...]", bundle: str) -> None:
    import luaproc
    from luaproc.responder.options import chosen_runtime
    from luaproc.responder.runtime import kind, version

    started = f", {bundle}" if bundle else ""
    print(f"{version(chosen_runtime(options))}  (luaproc {luaproc.__version__}, {kind()}{started})", flush=True)
