"""A second start, without what the environment takes of the memory that Scribunto, or a `ulimit -v`, gives to a Lua.

MediaWiki exports LC_ALL=C.UTF-8; Python sets that locale before any code of ours runs, and glibc maps the whole archive
of locales for it: 3 MB with one locale generated, and never gives it back. malloc reads its variables before that. So a
process with a limit starts itself again, in the C locale, for which nothing is mapped, and without those variables.
That takes as long as Python's start, and only where there is something to be had. Launchers begin so. Where so little
memory is left beside the archive that Python does not start, nobody but a launcher can help (`luaproc doctor` says so).
"""

import sys

from luaproc.responder import limits
from luaproc.responder.bare_os import os

TYPE_CHECKING = False  # importing `typing` costs start-up time
if TYPE_CHECKING:
    from collections.abc import MutableMapping

KEPT = "LUAPROC_LC_ALL"
"""The variable that says what LC_ALL was: nothing where it was not set, else a point and its value."""


def without_what_takes_memory(forgotten: "list[str]", limited: bool = False) -> None:
    """Start this process again in the C locale, or return where that would change nothing.

    forgotten: variables to leave out. limited: whether a limit of memory will be set.
    """
    try:
        if not (limited or limits.address_space()):
            return
        with open("/proc/self/maps", "rb") as maps:
            if not forgotten and b"/locale-archive" not in maps.read():
                return
        with open("/proc/self/environ", "rb") as file:  # as it was given, without what Python added
            given = file.read()
        variables: dict[bytes, bytes] = {}
        for entry in given.split(b"\0"):
            name, equals, value = entry.partition(b"=")
            if equals and name.decode("utf-8", "replace") not in forgotten:
                variables.setdefault(name, value)
        if KEPT.encode() in variables:
            return  # this is the second start: something sets those variables at each
        was = variables.get(b"LC_ALL")
        variables[KEPT.encode()] = b"" if was is None else b"." + was
        variables[b"LC_ALL"] = b"C"
        os.execve(sys.executable or "", sys.orig_argv, variables)
    except OSError:
        pass  # no /proc, or Python is gone: it serves as it is, with less memory


def restore(variables: "MutableMapping[str, str]") -> None:
    """Undo in an environment what a second start, or a launcher of `luaproc record`, changed in it."""
    kept = variables.pop(KEPT, None)
    if kept == "":
        variables.pop("LC_ALL", None)
    elif kept:
        variables["LC_ALL"] = kept[1:]
