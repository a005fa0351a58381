"""Which Lua: the runtimes that lupa brings, and how one is made without importing more than that one."""

import sys
from _frozen_importlib_external import PathFinder

from luaproc.errors import UsageError

# Runtime -> what `-v` answers before our own version. PUC's 5.1 ended with 5.1.5 in 2012; LuaJIT tells its own.
VERSIONS = {"lua51": "Lua 5.1.5", "luajit21": "LuaJIT 2.1"}
DEFAULT = "lua51"


def available() -> list[str]:
    """The names of the runtimes that this lupa has, of those we can serve with."""
    return [name for name in VERSIONS if _find_extension(name)]


def new_runtime(name: str):  # type: ignore[no-untyped-def]
    """Make a `LuaRuntime` of lupa: bytes in and out, a memory limit that can be set, none of lupa's Python builtins.

    Raises `UsageError` for a name that is no runtime, or one that this lupa does not have.
    """
    if name not in VERSIONS:
        raise UsageError(f"unknown runtime {name!r}: expected one of {', '.join(VERSIONS)}")
    try:
        module = _import_extension(name)
    except ImportError as error:
        have = ", ".join(available()) or "none"
        raise UsageError(f"runtime {name!r} is not in this lupa ({error}); it has: {have}") from error
    return module.LuaRuntime(encoding=None, register_eval=False, register_builtins=False, max_memory=0,
                             unpack_returned_tuples=True)  # fmt: skip


def version(name: str) -> str:
    """The first words of the answer to `-v`, as Scribunto wants them: ``/^Lua(?:JIT)? \\S+/``."""
    if name == "luajit21":
        implementation: bytes | str = new_runtime(name).lua_implementation
        return implementation if isinstance(implementation, str) else implementation.decode()
    new_runtime(name)  # a runtime that is not there has no version
    return VERSIONS[name]


def _lupa_directories() -> list[str]:
    spec = PathFinder.find_spec("lupa")
    return list(spec.submodule_search_locations) if spec and spec.submodule_search_locations else []


def _find_extension(name: str) -> bool:
    return PathFinder.find_spec(f"lupa.{name}", _lupa_directories()) is not None


def _import_extension(name: str):  # type: ignore[no-untyped-def]
    # lupa/__init__.py imports contextlib, which the extension does not need: stand an empty package in its place.
    if "lupa" not in sys.modules:
        directories = _lupa_directories()
        if not directories:
            raise ImportError("lupa is not installed")
        package = type(sys)("lupa")
        package.__path__ = directories
        sys.modules["lupa"] = package
        try:
            return getattr(__import__(f"lupa.{name}"), name)
        finally:
            del sys.modules["lupa"]
    return getattr(__import__(f"lupa.{name}"), name)
