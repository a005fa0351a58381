"""Where a MediaWiki with Scribunto lies, and how it would start a Lua."""

from __future__ import annotations

import os
import shlex
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


def find_texts(directory: str | None) -> Path | None:
    """The directory of a MediaWiki for its messages and languages, with Scribunto or without: the given one, or where
    it usually lies; None if it lies nowhere.

    Raises UsageError if `directory` has no languages.
    """
    if directory is None:
        return find_mediawiki(None)
    if not (Path(directory) / "languages" / "i18n").is_dir():
        raise UsageError(f"expected the directory of a MediaWiki, got {directory}: no languages/i18n there")
    return Path(directory).absolute()


def other_mediawikis(directory: Path) -> list[Path]:
    """Further MediaWikis with Scribunto in the usual places, as one is often under several names: none that is the
    given one by a link."""
    seen = {os.path.realpath(php_words(directory)[0])}  # Debian's has two names, and links for its parts
    found = []
    for place in map(Path, PLACES):
        script = _main_script(place)
        if script and (real := os.path.realpath(script)) not in seen:
            seen.add(real)
            found.append(place)
    return found


def php_words(mediawiki: Path) -> tuple[str, ...]:
    """What PHP appends to luaPath for the first parser of a page: its script, Scribunto's directory, interpreter id and
    size of integers."""
    script = _main_script(mediawiki)
    assert script is not None
    return (str(script), str(script.parent.parent.parent), "0", "8")


ERROR_FILE = "/var/log/luaproc/errors.log"
"""Where the lines for LocalSettings.php send what the Lua side says on stderr."""


def local_settings(lua_path: str, loads: bool = False, error_file: str | None = ERROR_FILE) -> list[str]:
    """The lines of LocalSettings.php that make a wiki use a luaPath.

    loads: whether it loads Scribunto already. error_file: Scribunto's errorFile; None where the wiki has one.
    """
    return [
        *([] if loads else ["wfLoadExtension( 'Scribunto' );"]),
        "$wgScribuntoDefaultEngine = 'luastandalone';",
        f"$wgScribuntoEngineConf['luastandalone']['luaPath'] = {_quoted(lua_path)};",
        *(
            [f"$wgScribuntoEngineConf['luastandalone']['errorFile'] = {_quoted(error_file)};"]
            if error_file is not None
            else []
        ),
    ]


def error_file_command(user: str, error_file: str = ERROR_FILE) -> str:
    """What makes the directory of errorFile, as root: PHP starts nothing where it cannot open that file."""
    return f"install -d -o {shlex.quote(user)} {shlex.quote(os.path.dirname(error_file))}"


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"


def _main_script(mediawiki: Path) -> Path | None:
    includes = mediawiki / "extensions" / "Scribunto" / "includes"
    # The directory was renamed in REL1_40 (docs/protocol.md, "Messages").
    found = (includes / engines / "LuaStandalone" / MAIN for engines in ("engines", "Engines"))
    return next((path.absolute() for path in found if path.is_file()), None)
