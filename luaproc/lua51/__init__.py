"""The standalone interpreter: what `lua5.1` and `luajit` are, on the Lua that lupa brings along.

This file only decides (by name and by script) and imports next to nothing: every start of luaproc may ask it.
"""

import gc
import os
import sys

TYPE_CHECKING = False  # importing `typing` costs start-up time
if TYPE_CHECKING:
    from typing import NoReturn

# Names of an executable that mean "be this interpreter". `lua` alone is the choice of LUAPROC_RUNTIME.
# There is no 5.2 or later here: a link of such a name would promise what we are not.
NAMES = {
    "lua": None,
    "lua5.1": "lua51",
    "lua51": "lua51",
    "lua-5.1": "lua51",
    "luajit": "luajit21",
    "luajit2": "luajit21",
    "luajit2.1": "luajit21",
    "luajit-2.1": "luajit21",
}


def is_lua_alias(program: str) -> bool:
    """Whether an executable called by this name (a path will do) is to behave as the standalone interpreter."""
    return os.path.basename(program) in NAMES


def runtime_of(program: str) -> str | None:
    """The runtime that a program's name says: ``luajit`` LuaJIT, ``lua5.1`` PUC Lua, others none."""
    return NAMES.get(os.path.basename(program))


def wants_responder(argv: list[str]) -> bool:
    """Whether this command line, program name first, is a wiki that starts its Lua server.

    PHP puts Scribunto's ``mw_main.lua`` straight after the program's name (docs/protocol.md: luaPath carries no
    options), so any option before the script, ``--run-script`` above all, means a person who wants the script run.
    """
    return len(argv) > 1 and os.path.basename(argv[1]) == "mw_main.lua"


# The own options of `luaproc lua`, which come first; how many words each takes. From the first other word on, all is
# lua's.
OWN = {"--runtime": 2, "--run-script": 1, "--mw": 1, "--help": 1}

MARKS = ("--run-script", "--mw")
"""Own options that travel at the head of lua's command line, in this order: `main` takes them away."""


def own_words(words: list[str]) -> int:
    """How many of the words after `luaproc lua` are for luaproc: more than there are, when one is missing."""
    own = 0
    while own < len(words) and (count := OWN.get(words[own], words[own].startswith("--runtime="))):
        own += count
    return own


def command_line(words: list[str]) -> tuple[list[str], tuple[str, ...]] | None:
    """What the words after `luaproc lua` ask for: lua's command line, program name first, and options of the responder.

    The former has those of `MARKS` as its first arguments, as `main` takes them. None where the command line for people
    has to answer: the words ask for help, or are wrong in one of luaproc's own.
    """
    own = own_words(words)
    if own > len(words) or "--help" in words[:own]:
        return None
    ours, words = words[:own], words[own:]
    start = f"{sys.executable} -m luaproc" if os.path.basename(sys.argv[0]) == "__main__.py" else sys.argv[0]
    # Scripts start their interpreter again by arg[-1], so that must be the whole of what started this one.
    program = " ".join([start, "lua", *ours])
    marks = [mark for mark in MARKS if mark in ours]
    return [program, *marks, *words], tuple(word for word in ours if word not in MARKS)


def main(argv: list[str], runtime: str) -> "NoReturn":
    """Run `argv` (program name first, as lua's ``main`` has it). Never returns.

    `runtime` is ``lua51`` or ``luajit21``. ``--run-script`` and ``--mw`` as the first arguments are ours and are taken
    away; every other word means what it means to lua. LUAPROC_MW in the environment, if it is not empty, is ``--mw``.

    The process is given to Lua: signals, locale and stdio are set as a C program finds them, and its end is Lua's.
    Raises `UsageError` for a runtime that is not there.
    """
    gc.disable()  # 5 % of a start; of Python's, little runs hereafter. `modules` enables it with the first of its own.
    from luaproc.lua51.standalone import run

    own = 1
    while own < len(argv) and argv[own] in MARKS:
        own += 1
    with_mw = "--mw" in argv[1:own] or bool(os.environ.get("LUAPROC_MW"))
    run([os.fsencode(word) for word in [argv[0], *argv[own:]]], runtime, with_mw)
