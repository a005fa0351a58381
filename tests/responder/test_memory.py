"""The reserve's states, and how much memory Lua gets; in processes of their own, since limits cannot be raised."""

import resource
import subprocess
import sys
from pathlib import Path

import pytest

from luaproc.host import Interpreter
from luaproc.responder.memory import BALLAST
from tests.responder.conftest import REGISTER, RUNTIMES, call_body, frames, load_body, serve

MEMORY = 400 << 20

HEAD = (
    "import os\nfrom luaproc.responder import limits, memory, runtime\nfrom luaproc.responder.memory import BALLAST\n"
)

# A reserve whose Lua has a limit of 20 MB, and what the rows below look at.
RESERVE = """
lua = runtime.new_runtime({runtime!r})
reserve = memory.Reserve(lua)
limit = 20 << 20
reserve.set_limit(limit, limits.address_space())

def fill(size, count):
    return lua.execute(b"local t = {{}} for i = 1, ... do t[i] = ('x'):rep({size} - 20) .. i end return t"
        .replace(b"{size}", b"%d" % size), count)

def tell():
    print(reserve.state, lua.get_max_memory(total=True) - limit, reserve._ballast is not None)
"""


def run(code: str, *, memory: int | None = None) -> str:
    """What Python code prints that starts under this limit of address space, in bytes."""

    def limit() -> None:
        if memory is not None:
            resource.setrlimit(resource.RLIMIT_AS, (memory, memory))

    done = subprocess.run(
        [sys.executable, "-c", HEAD + code], preexec_fn=limit, capture_output=True, text=True, timeout=300, check=True
    )
    return done.stdout.strip()


def states(runtime: str, code: str, memory: int = 64 << 20) -> list[str]:
    """A line for each call of `tell()` in the code: the state, Lua's limit less L, whether the ballast is held."""
    return run(RESERVE.format(runtime=runtime, size="{size}") + code, memory=memory).splitlines()


@pytest.mark.parametrize("runtime", RUNTIMES)
def test_held_spent_held(runtime: str) -> None:
    """Each state once more than once: spending twice adds one ballast, restoring twice takes one."""
    found = states(runtime, "tell()\n" + "reserve.spend(); tell()\n" * 2 + "reserve.restore(); tell()\n" * 2)
    held, spent = "held 0 True", f"spent {BALLAST} False"
    assert found == [held, spent, spent, held, held]


@pytest.mark.slow  # fills memory
@pytest.mark.parametrize("runtime", RUNTIMES)
def test_short_where_the_ballast_cannot_be_had_again(runtime: str) -> None:
    """Python takes all that malloc gives: Lua gets no more than it uses; with room again, all is as it was."""
    take = (
        "kept = fill(4096, 3500)\n"
        "reserve.spend()\n"
        "blocks, size = [], 64 * 1024\n"
        "while size > 256:\n"
        "    try: blocks.append(bytearray(size))\n"
        "    except MemoryError: size //= 2\n"
    )
    tell = "print(reserve.state, lua.get_max_memory(total=True) == lua.get_memory_used(total=True))\n"
    again = "reserve.spend(); reserve.restore()\n"
    # Nothing may be allocated between the two: printing comes last.
    code = take + "reserve.restore()\nblocks = blocks[0:0]\n" + tell + again + "tell()\n"
    assert states(runtime, code) == ["short True", "held 0 True"]


@pytest.mark.slow  # fills memory
@pytest.mark.parametrize("runtime", RUNTIMES)
def test_spent_only_where_memory_is_nearly_full(runtime: str) -> None:
    """Nearly is less than one ballast from Lua's limit; half of it is not."""
    code = (
        "kept = fill(4096, 2600)\nreserve.spend_if_full(); tell()\n"
        "more = fill(4100, 2400)\nreserve.spend_if_full(); tell()\n"
        "reserve.restore_if_room(); tell()\n"
        "more = None; lua.execute(b'collectgarbage()'); reserve.restore_if_room(); tell()"
    )
    spent = f"spent {BALLAST} False"
    assert states(runtime, code) == ["held 0 True", spent, spent, "held 0 True"]


@pytest.mark.parametrize("runtime", RUNTIMES)
def test_without_a_limit_nothing_is_full(runtime: str) -> None:
    """The reserve serves there, too, since a MemoryError may come from elsewhere; Lua's limit stays none."""
    code = (
        f"reserve = memory.Reserve(runtime.new_runtime({runtime!r})); reserve.set_limit(0, 0)\n"
        "print(reserve.is_full(), reserve.has_room_to_push(1 << 40), reserve.has_room_to_compile(1 << 40))\n"
        "reserve.spend(); print(reserve.state); reserve.restore_if_room(); print(reserve.state)"
    )
    assert run(code).splitlines() == ["False True True", "spent", "held"]


def test_lua_gets_what_is_left_less_the_share_of_python() -> None:
    code = (
        "used = int(open('/proc/self/statm').read().split()[0]) * os.sysconf('SC_PAGE_SIZE')\n"
        "print(memory.lua_limit(None) + used + memory.PYTHON_SHARE)"
    )
    assert abs(int(run(code, memory=MEMORY)) - MEMORY) < 1 << 20


@pytest.mark.slow  # starts servers
@pytest.mark.parametrize(
    ("argument", "expected"),
    [(None, "0"), (60 << 20, str((60 << 20) - (14 << 20))), (15 << 20, str(1 << 20)), (1000, str(256 * 1024))],
)
def test_lua_limit_without_a_limit_of_the_process(argument: int | None, expected: str) -> None:
    """0 is none. A small number still leaves Lua enough to say that there is not enough."""
    assert run(f"print(memory.lua_limit({argument}))") == expected


# What `serve` leaves at its end for Python's collector, which it has turned off.
CYCLES = """
import gc, posix, sys
from luaproc import entry
def end(status):
    print(gc.isenabled(), gc.collect(), file=sys.stderr, flush=True)
    real(status)
real, posix._exit = posix._exit, end
entry.run(["luaproc", "serve", "--runtime", sys.argv[1], "--max-memory", "30M"])
"""


@pytest.mark.slow  # repeats thousands of times
@pytest.mark.parametrize("runtime", RUNTIMES)
def test_serving_makes_no_cycles(runtime: str) -> None:
    """Python's collector is off: four times as many messages, errors and losses among them, leave no more behind."""
    once = [
        load_body("local a = ... local b = php.f(a) return b, #tostring(b)"), load_body("error({1, {2}})"),
        load_body("x ="), '{["op"]="getStatus"}', '{["op"]="cleanupChunks",["ids"]={[1]=1,[2]=1}}',
        call_body(1, '"\\n"'), '{["op"]="return",["nvalues"]=1,["values"]={[1]={["x"]="y"}}}',
        call_body(1, "{1, 2}"), '{["op"]="error",["value"]="no"}', call_body(2, "nil", "2"),
        call_body(2, '"' + "x" * 12_000_000 + '"'),  # by slices, and there is no room for it
    ]  # fmt: skip
    left = []
    for count in (1, 4):
        told = subprocess.run(
            [sys.executable, "-c", CYCLES, runtime], input=frames(REGISTER, *once * count), capture_output=True,
            timeout=600,
        )  # fmt: skip
        assert told.returncode == 0, told.stderr
        assert b"not enough memory" in told.stdout
        left.append(told.stderr.decode())
    assert left[0] == left[1]
    assert left[0].startswith("False ")


def test_the_stack_that_c_may_need_is_taken_at_the_start(runtime: str) -> None:
    """36 calls of gsub in one another: where a module fills the address space first, C's stack cannot grow any more."""
    with Interpreter(serve(runtime), timeout=300) as lua:
        assert lua.get_status() is not None
        maps = Path(f"/proc/{lua.connection.pid}/maps").read_text().splitlines()
    [stack] = [line.split("-") for line in maps if line.endswith("[stack]")]
    assert int(stack[1].split()[0], 16) - int(stack[0], 16) >= 36 * 8700  # LuaJIT takes 8.8 KB a call
