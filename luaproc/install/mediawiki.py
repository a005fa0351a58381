"""Where a MediaWiki with Scribunto lies, and how it would start a Lua."""

from __future__ import annotations

from pathlib import Path

from luaproc.errors import UsageError

PLACES = ("/usr/share/mediawiki", "/var/lib/mediawiki", "/var/www/html", "/var/www/html/w", "/var/www/mediawiki")
"""Where MediaWiki is looked for: Debian's package, and where people unpack it."""

MAIN = "mw_main.lua"
"""The script that PHP names to every Lua: the reference server's."""


def find_mediawiki(directory: str | None) -> Path | None:
    """The directory of a MediaWiki with Scribunto: the given one, or where it usually lies; None if it lies nowhere.

    Raises UsageError if `directory` has no Scribunto.
    """
    if directory is not None:
        if _main_script(Path(directory)) is None:
            raise UsageError(
                f"expected the directory of a MediaWiki that has extensions/Scribunto, got {directory}: no {MAIN} there"
            )
        return Path(directory).absolute()
    return next((Path(place) for place in PLACES if _main_script(Path(place))), None)


def php_words(mediawiki: Path) -> tuple[str, ...]:
    """What PHP appends to luaPath for the first parser of a page: its script, Scribunto's directory, interpreter id and
    size of integers."""
    script = _main_script(mediawiki)
    assert script is not None
    return (str(script), str(script.parent.parent.parent), "0", "8")


def local_settings(lua_path: str, loads: bool = False) -> list[str]:
    """The lines of LocalSettings.php that make a wiki use a luaPath. loads: whether it loads Scribunto already."""
    quoted = lua_path.replace("\\", "\\\\").replace("'", "\\'")
    return [
        *([] if loads else ["wfLoadExtension( 'Scribunto' );"]),
        "$wgScribuntoDefaultEngine = 'luastandalone';",
        f"$wgScribuntoEngineConf['luastandalone']['luaPath'] = '{quoted}';",
    ]


def _main_script(mediawiki: Path) -> Path | None:
    includes = mediawiki / "extensions" / "Scribunto" / "includes"
    # The directory was renamed in REL1_40 (client-contract.md, "Messages").
    found = (includes / engines / "LuaStandalone" / MAIN for engines in ("engines", "Engines"))
    return next((path.absolute() for path in found if path.is_file()), None)
