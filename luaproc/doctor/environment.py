"""The Python that runs this command, its lupa, and the variables that change luaproc."""

from __future__ import annotations

import os
import platform
import shlex
import sys
from importlib.metadata import PackageNotFoundError, distribution

from luaproc.doctor import files, processes
from luaproc.doctor.case import Case, Finding, failed, ok, warning
from luaproc.errors import UsageError
from luaproc.host.errors import ServerDied
from luaproc.install.starting import directories
from luaproc.responder import options, runtime

_TRIAL = """
import sys
name, *places = sys.argv[1:]
sys.path += places
from luaproc.errors import UsageError
from luaproc.host.errors import ServerDied
from luaproc.responder.runtime import new_runtime
try:
    new_runtime(name)
except UsageError as error:
    sys.exit(str(error))
"""


def python(case: Case) -> Finding:
    """Which Python runs this. One that is too old has not come this far."""
    return ok(f"{platform.python_implementation()} {platform.python_version()} in {sys.prefix}")


def lupa(case: Case) -> Finding:
    """That lupa is there, that its runtimes really start, and where it is from."""
    runtimes, broken = [], []
    for name in runtime.available():
        if problem := _try(name):
            broken.append(problem)
        else:
            runtimes.append(name)
    # A luaPath that is not of this Python does not need this Python's lupa.
    complain = failed if files.is_ours(case) else warning
    advice = f"`{shlex.quote(sys.executable)} -m pip install --force-reinstall lupa`"
    if runtime.DEFAULT not in runtimes:
        if broken:
            return complain(f"lupa is installed and does not work: {broken[0]}", advice)
        found = f"lupa has no {runtime.DEFAULT}" if runtimes or runtime.lupa_directories() else "lupa is not installed"
        return complain(f"{found} in {sys.prefix}", advice)
    text = f"lupa {_origin()}, with {' and '.join(runtimes)}"
    if "-abi3-" in text:
        text += "; wheels for the limited API (abi3) have no LuaJIT, and start a little slower"
    return warning(f"{text}; {broken[0]}", advice) if broken else ok(text)


def _try(name: str) -> str | None:
    """What is wrong with a runtime; None if it starts. In a process of its own: a damaged library, or one for another
    CPU, kills the process that loads it."""
    said, status = processes.run([sys.executable, "-I", "-S", "-c", _TRIAL, name, *directories()], os.environ, 30)
    if status == 0:
        return None
    how = "it does not come to an end" if status is None else str(ServerDied(status))
    return f"runtime {name!r}: {said.decode('utf-8', 'replace').strip() or how}"


def _origin() -> str:
    try:
        found = distribution("lupa")
    except PackageNotFoundError:
        return "of unknown version"
    tags = [line[5:] for line in (found.read_text("WHEEL") or "").splitlines() if line.startswith("Tag: ")]
    if "dist-packages" in str(found.locate_file("")) and not found.read_text("INSTALLER"):
        return f"{found.version} of the distribution's package"
    if any("linux_" in tag and "manylinux" not in tag and "musllinux" not in tag for tag in tags):
        return f"{found.version} built on this machine"
    return f"{found.version} from a wheel ({tags[0]})" if tags else f"{found.version}, not a wheel"


def variables(case: Case) -> Finding:
    """LUAPROC_* variables: whether they can be met, and whether the web server has them."""
    given = {name: value for name, value in case.environment.items() if name.startswith("LUAPROC_")}
    known = {variable for variable, *_ in options.OPTIONS.values() if variable}
    problem = None
    try:
        found, _ = options.read([], given)
        if "runtime" in found and (files.is_ours(case) or str(found["runtime"]) not in runtime.VERSIONS):
            runtime.must_be_known(str(found["runtime"]))
            problem = _try(str(found["runtime"]))
    except UsageError as error:
        problem = str(error)
    if problem:
        return failed(f"the environment cannot be met: {problem}", "Correct or unset the variable.")
    set_here = ", ".join(f"{name}={value}" for name, value in given.items() if name in known)
    if set_here:
        words = " ".join(f"--{name} {value}" for name, value in found.items())
        return warning(
            f"checked with {set_here}, which the web server has only if it is set there as well",
            f"A launcher carries it in any case: `luaproc link PATH {words}`",
        )
    return ok("no LUAPROC_ variables")
