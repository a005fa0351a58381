"""The limits of the process; each in a process of its own, since limits cannot be raised."""

import resource
import subprocess
import sys

import pytest

MEMORY = 400 << 20


def run(code: str, *, memory: int | None = None, cpu: tuple[int, int] | None = None) -> str:
    """What Python code prints that starts under these limits, with luaproc.responder.limits imported."""

    def limit() -> None:
        if memory is not None:
            resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
        if cpu is not None:
            resource.setrlimit(resource.RLIMIT_CPU, cpu)

    head = "import resource\nfrom luaproc.responder import limits\nfrom luaproc.errors import UsageError\n"
    done = subprocess.run(
        [sys.executable, "-c", head + code], preexec_fn=limit, capture_output=True, text=True, timeout=300, check=True
    )
    return done.stdout.strip()


READ = "print(*resource.getrlimit(resource.RLIMIT_AS), *resource.getrlimit(resource.RLIMIT_CPU))"


def test_limits_are_set_soft_and_hard() -> None:
    found = run(f"limits.set_process_limits({MEMORY}, 5)\n{READ}")
    assert found == f"{MEMORY} {MEMORY} 5 6"


@pytest.mark.slow  # starts several Pythons
def test_each_alone() -> None:
    none = "-1 -1"
    assert run(f"limits.set_process_limits({MEMORY}, None)\n{READ}") == f"{MEMORY} {MEMORY} {none}"
    assert run(f"limits.set_process_limits(None, 5)\n{READ}") == f"{none} 5 6"
    assert run(f"limits.set_process_limits(None, None)\n{READ}") == f"{none} {none}"


def test_the_limit_of_the_process_holds_anyway() -> None:
    """Ours only ever lowers: Scribunto's ulimit is the wiki's word. A soft CPU limit of 8 would meet the hard one,
    where the kernel kills without the SIGXCPU that PHP understands."""
    code = f"limits.set_process_limits({MEMORY * 2}, 50)\n{READ}"
    assert run(code, memory=MEMORY, cpu=(7, 8)) == f"{MEMORY} {MEMORY} 7 8"
    assert run(f"limits.set_process_limits(None, 5)\n{READ}", cpu=(7, 8)) == "-1 -1 5 6"


def test_a_limit_that_the_system_refuses_is_said() -> None:
    """More than the kernel can count."""
    for arguments in ("1 << 80, None", "None, 1 << 80"):
        code = f"try:\n limits.set_process_limits({arguments})\nexcept UsageError as error: print(error)"
        assert run(code).startswith(f"the system refuses a limit of {1 << 80}: ")


def test_cpu_seconds() -> None:
    assert run("print(limits.cpu_seconds())", cpu=(7, 8)) == "7"
    assert run("print(limits.cpu_seconds())") == "0"


@pytest.mark.slow  # waits for a CPU limit
def test_the_watch_where_nothing_limits_cpu_time() -> None:
    """macOS and Windows: a thread ends the process with the status that PHP takes for SIGXCPU."""
    code = "from luaproc.responder import limits\nlimits._watch_cpu(0.2)\nwhile True: pass"
    done = subprocess.run([sys.executable, "-c", code], timeout=300)
    assert done.returncode == 128 + 24
