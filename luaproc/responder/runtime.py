"""Which Lua: the runtimes that lupa brings, and how one is made without importing more than that one."""

import sys
from _frozen_importlib import ModuleSpec, _load  # type: ignore[attr-defined]
from _frozen_importlib_external import ExtensionFileLoader, PathFinder

from luaproc.errors import UsageError

# Runtime -> what `-v` answers before our own version. PUC's 5.1 ended with 5.1.5 in 2012; LuaJIT tells its own.
VERSIONS = {"lua51": "Lua 5.1.5", "luajit21": "LuaJIT 2.1"}
DEFAULT = "lua51"

# Wheels of lupa on which the short way of `_import_extension` was tried: releases, Pythons, endings of the platform.
# With a wheel of the limited API (abi3) the same ends in a segmentation fault; so nothing is tried on a wiki.
_TRIED_RELEASES = ("2.4", "2.5", "2.6", "2.7", "2.8")
_TRIED_PYTHONS = ("cp310", "cp311", "cp312", "cp313")
_TRIED_MACHINES = ("_x86_64", "_aarch64")

EXTENSIONS: "dict[str, tuple[str, dict[int, bytes]]]" = {}
"""Runtime -> the file of lupa's extension, which may be imported alone, and what zlib makes of the data in it, by the
data's length: a bundle fills this in, so that a start neither searches for the file nor loads zlib."""


def available() -> list[str]:
    """The names of the runtimes that this lupa has, of those we can serve with."""
    return [name for name in VERSIONS if _find_extension(name)]


def must_be_known(name: str) -> None:
    """Raises `UsageError` for a name that is no runtime."""
    if name not in VERSIONS:
        raise UsageError(f"unknown runtime {name!r}: expected one of {', '.join(VERSIONS)}")


def new_runtime(name: str):  # type: ignore[no-untyped-def]
    """Make a `LuaRuntime` to serve with. Raises `UsageError` for a name that is none of ours; see `make_runtime`."""
    must_be_known(name)
    return make_runtime(name)


def make_runtime(name: str):  # type: ignore[no-untyped-def]
    """Make a `LuaRuntime` of lupa: bytes in and out, a memory limit that can be set, none of lupa's Python builtins.

    name: any Lua that lupa brings. Raises `UsageError` for one that this lupa does not have, or that cannot be loaded;
    `MemoryError` where there is too little to map it.
    """
    try:
        module = _import_extension(name)
    except ImportError as error:
        if "map segment" in str(error):
            raise MemoryError from error
        if _find_extension(name):
            raise UsageError(f"runtime {name!r} cannot be loaded: {error}") from error
        raise not_in_lupa(name, error) from error
    return module.LuaRuntime(encoding=None, register_eval=False, register_builtins=False, max_memory=0,
                             unpack_returned_tuples=True)  # fmt: skip


def not_in_lupa(name: str, reason: object) -> UsageError:
    """The error for a runtime that this lupa does not have."""
    told = f"runtime {name!r} is not in this lupa ({reason}); it has: {', '.join(available()) or 'none'}"
    if any("-abi3-" in tag for tag in wheel()[1]):
        told += "; it is of a wheel for the limited API (abi3), and those have no LuaJIT"
    return UsageError(told)


def wheel(directories: list[str] | None = None) -> tuple[str, list[str]]:
    """The release of the lupa that is installed, and the tags of the wheel that it came from.

    Empty where it does not tell: a distribution's package has no tags. Tags of a lupa that was built on this machine
    name its platform as no wheel of PyPI does (``linux_x86_64``).
    """
    for directory in lupa_directories() if directories is None else directories:
        try:
            with open(directory + "/version.py", "rb") as file:
                release = file.read(200).decode("utf-8", "replace").split("'")[1]
        except (OSError, IndexError):
            continue
        try:
            with open(f"{directory.rpartition('/')[0]}/lupa-{release}.dist-info/WHEEL", "rb") as file:
                lines = file.read(8192).decode("utf-8", "replace").splitlines()
        except OSError:
            return release, []
        return release, [line[5:] for line in lines if line.startswith("Tag: ")]
    return "", []


def kind() -> str:
    """lupa's release, the wheel that lupa came from, and what that wheel lacks, in words."""
    release, tags = wheel()
    text = f"lupa {release or 'of unknown release'}"
    if tags:
        text += f" {tags[0].rpartition('-')[0]}"
    return text if _find_extension("luajit21") else f"{text}, which has no LuaJIT"


def version(name: str) -> str:
    """The first words of the answer to `-v`, as Scribunto wants them: ``/^Lua(?:JIT)? \\S+/``."""
    if name == "luajit21":
        implementation: bytes | str = new_runtime(name).lua_implementation
        return implementation if isinstance(implementation, str) else implementation.decode()
    new_runtime(name)  # a runtime that is not there has no version
    return VERSIONS[name]


def lupa_directories() -> list[str]:
    """Where lupa's package lies; nothing where it is not installed. lupa is found, not imported."""
    spec = PathFinder.find_spec("lupa")
    return list(spec.submodule_search_locations) if spec and spec.submodule_search_locations else []


def _find_extension(name: str) -> bool:
    return PathFinder.find_spec(f"lupa.{name}", lupa_directories()) is not None


def _import_extension(name: str):  # type: ignore[no-untyped-def]
    """lupa's extension module for one runtime. Raises ImportError."""
    if f"lupa.{name}" not in sys.modules and not (name in EXTENSIONS and _import_alone(name, [])):
        directories = lupa_directories()
        if not (_short_way_was_tried(directories) and _import_alone(name, directories)):
            __import__(f"lupa.{name}")
    # Not as an attribute of the package: the stand-in that had it is gone when the same runtime is asked for again.
    return sys.modules[f"lupa.{name}"]


def extension_tried(name: str) -> "str | None":
    """The file of lupa's extension for a runtime, if the extension was tried without the modules that lupa imports."""
    directories = lupa_directories()
    spec = PathFinder.find_spec(f"lupa.{name}", directories)
    return spec.origin if spec and _short_way_was_tried(directories) else None


def _short_way_was_tried(directories: list[str]) -> bool:
    release, tags = wheel(directories)
    python = f"cp{sys.version_info[0]}{sys.version_info[1]}"
    return (
        release in _TRIED_RELEASES
        and python in _TRIED_PYTHONS
        and any(tag.startswith(f"{python}-{python}-manylinux") and tag.endswith(_TRIED_MACHINES) for tag in tags)
    )


def _import_alone(name: str, directories: list[str]) -> bool:
    """Import the extension without what lupa and the extension import for uses that are not ours; whether it could."""
    # lupa's __init__ imports contextlib, and its extensions take `wraps` from functools and two classes from
    # collections.abc: 3 ms of a start of 15, for a decorator that we never call and for tables made of Python's, which
    # we never make. While it is imported, stand-ins lie in their places. So they do for the name that builtins had in
    # Python 2, which it would look for in every directory, and for zlib where it is known what that would give it.
    stand_ins = {
        "__builtin__": sys.modules["builtins"],
        "lupa": _stand_in("lupa", __path__=directories),
        "functools": _stand_in("functools", wraps=lambda _wrapped: lambda wrapper: wrapper),
        "collections.abc": _stand_in("collections.abc", Sequence=(), Mapping=()),
    }
    file, inflated = EXTENSIONS.get(name, ("", None))
    if inflated:
        stand_ins["zlib"] = _stand_in("zlib", decompress=lambda data: inflated[len(data)])
    stand_ins = {key: module for key, module in stand_ins.items() if key not in sys.modules}
    sys.modules.update(stand_ins)
    try:
        if file:
            _load(ModuleSpec(f"lupa.{name}", ExtensionFileLoader(f"lupa.{name}", file), origin=file))
        else:
            __import__(f"lupa.{name}")
        return True
    except (ImportError, AttributeError):
        return False
    finally:
        for stand_in in stand_ins:
            del sys.modules[stand_in]


def _stand_in(name: str, **members: object):  # type: ignore[no-untyped-def]
    module = type(sys)(name)
    module.__dict__.update(members)
    return module
