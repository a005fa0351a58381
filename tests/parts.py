"""The real parts that tests need: a path, or a skip at home and a failure in CI."""

import os
import shutil
from pathlib import Path
from typing import NoReturn

import pytest

SCRIBUNTO = Path("/usr/share/mediawiki/extensions/Scribunto/includes")

# Part -> where it is found; the first that exists is taken.
PARTS = {
    "lua5.1": ("lua5.1",),
    "luajit": ("luajit",),
    "php": ("php",),
    "chromium": ("chromium",),
    "mediawiki": (os.environ.get("LUAPROC_MEDIAWIKI", "/usr/share/mediawiki"),),
    "busted": ("/usr/share/lua/5.1/busted",),
    "luaunit": ("/usr/share/lua/5.1/luaunit.lua",),
    "lua-suites": (os.environ.get("LUAPROC_LUA_SUITES", "/var/tmp/luaproc-lua-suites"),),
    "locales": ("/usr/share/i18n/locales",),
}


FAST_EXAMPLES = 15

# Whether what a seed generates, and what fills memory, is tried in full: CI tries as much as finds the same faults.
LONG = os.environ.get("LUAPROC_LONG_TESTS") == "1"

# A row that needs the reference server.
REFERENCE = pytest.param("reference", marks=pytest.mark.real)

# The test that runs, and whether it is marked `real`; tests/conftest.py sets it.
running: list[tuple[str, bool]] = []


# Whether the fast lane runs; tests/conftest.py sets it before it reads a test.
in_fast_lane = False


def examples(count: int) -> int:
    """How many examples hypothesis tries: few in the fast lane."""
    return min(count, FAST_EXAMPLES) if in_fast_lane else count


def need(part: str) -> str:
    """The path of a real part. Without it: skip for a person at home, fail where .ci/run asks for the real thing.

    A test that asks for one has to be marked `real`, so that the fast lane is the same on every machine."""
    for name, marked in running[-1:]:
        if not marked:
            pytest.fail(f"{name} needs {part}: mark it with @pytest.mark.real")
    for place in PARTS[part]:
        found = place if place.startswith("/") and os.path.exists(place) else shutil.which(place)
        if found:
            return found
    return missing(
        f"{part} is not there (Debian: mediawiki php-cli php-sqlite3 lua5.1 luajit lua-busted lua-unit chromium "
        f"locales; lua-suites: tools/lua-suites {PARTS['lua-suites'][0]})"
    )


def missing(text: str) -> NoReturn:
    """There is no such part here: skip, or fail where .ci/run asks for the real thing."""
    if os.environ.get("LUAPROC_REQUIRE_REAL_PARTS") == "1":
        pytest.fail(text)
    pytest.skip(text)


def reference_server(int_size: int = 8, interpreter_id: int = 0, lua: str = "lua5.1") -> list[str]:
    """The command that starts Scribunto's own MWServer.lua, as PHP names it."""
    need("mediawiki")
    main = SCRIBUNTO / "engines" / "LuaStandalone" / "mw_main.lua"
    return [need(lua), str(main), str(SCRIBUNTO), str(interpreter_id), str(int_size)]
