"""The Python that runs this command, its lupa, and the variables that change luaproc."""

from __future__ import annotations

import platform
import sys
from importlib.metadata import PackageNotFoundError, distribution
from importlib.util import find_spec

from luaproc.doctor import files
from luaproc.doctor.case import Case, Finding, failed, ok, warning
from luaproc.errors import UsageError
from luaproc.responder import options, runtime


def python(case: Case) -> Finding:
    """Which Python runs this. One that is too old has not come this far."""
    return ok(f"{platform.python_implementation()} {platform.python_version()} in {sys.prefix}")


def lupa(case: Case) -> Finding:
    """That lupa is there, that its runtimes really start, and where it is from."""
    runtimes, broken = [], []
    for name in runtime.available():
        try:
            runtime.new_runtime(name)
        except UsageError as error:
            broken.append(str(error))
        else:
            runtimes.append(name)
    # A luaPath that is not of this Python does not need this Python's lupa.
    complain = failed if files.is_ours(case) else warning
    advice = f"{sys.executable} -m pip install --force-reinstall lupa"
    if runtime.DEFAULT not in runtimes:
        if broken:
            return complain(f"lupa is installed and does not work: {broken[0]}", advice)
        found = f"lupa has no {runtime.DEFAULT}" if runtimes or find_spec("lupa") else "lupa is not installed"
        return complain(f"{found} in {sys.prefix}", advice)
    text = f"lupa {_origin()}, with {' and '.join(runtimes)}"
    return warning(f"{text}; {broken[0]}", advice) if broken else ok(text)


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
    return f"{found.version} from a wheel ({tags[0].rpartition('-')[2]})" if tags else f"{found.version}, not a wheel"


def variables(case: Case) -> Finding:
    """LUAPROC_* variables: whether they can be met, and whether the web server has them."""
    given = {name: value for name, value in case.environment.items() if name.startswith("LUAPROC_")}
    known = {variable for variable, *_ in options.OPTIONS.values() if variable}
    try:
        found, _ = options.read([], given)
        if "runtime" in found and (files.is_ours(case) or str(found["runtime"]) not in runtime.VERSIONS):
            runtime.new_runtime(str(found["runtime"]))
    except UsageError as error:
        return failed(f"the environment cannot be met: {error}", "Correct or unset the variable.")
    set_here = ", ".join(f"{name}={value}" for name, value in given.items() if name in known)
    if set_here:
        words = " ".join(f"--{name} {value}" for name, value in found.items())
        return warning(
            f"checked with {set_here}, which the web server has only if it is set there as well",
            f"A launcher carries it in any case: luaproc link PATH {words}",
        )
    return ok("no LUAPROC_ variables")
