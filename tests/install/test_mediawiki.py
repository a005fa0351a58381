"""A MediaWiki is found where it lies, in either layout of Scribunto."""

from pathlib import Path

import pytest

from luaproc.errors import UsageError
from luaproc.install.mediawiki import find_mediawiki, find_texts, php_words
from tests.parts import need

ENGINES = "extensions/Scribunto/includes/{}/LuaStandalone/mw_main.lua"


def mediawiki(directory: Path, engines: str = "engines") -> Path:
    """The shape of a MediaWiki."""
    script = directory / ENGINES.format(engines)
    script.parent.mkdir(parents=True)
    script.touch()
    return directory


@pytest.mark.parametrize("engines", ["engines", "Engines"])
def test_mediawiki_of_either_layout(tmp_path: Path, engines: str) -> None:
    """REL1_40 renamed the directory; PHP's words name what is there."""
    place = find_mediawiki(str(mediawiki(tmp_path, engines)))
    assert place == tmp_path
    includes = str(tmp_path / "extensions/Scribunto/includes")
    assert php_words(place) == (str(tmp_path / ENGINES.format(engines)), includes, "0", "8")


def test_mediawiki_without_scribunto_is_refused(tmp_path: Path) -> None:
    """Not replaced by another one that was found."""
    with pytest.raises(UsageError, match=f"expected the directory of a MediaWiki .*, got {tmp_path}: no mw_main.lua"):
        find_mediawiki(str(tmp_path))


@pytest.mark.real
def test_debians_mediawiki_is_found() -> None:
    """By itself, as the issue asks."""
    assert find_mediawiki(None) == Path(need("mediawiki"))


def test_a_mediawiki_for_its_texts(tmp_path: Path) -> None:
    """A clone of the core has no Scribunto, and all messages and languages."""
    with pytest.raises(UsageError, match="no languages/i18n there"):
        find_texts(str(tmp_path))
    (tmp_path / "languages" / "i18n").mkdir(parents=True)
    assert find_texts(str(tmp_path)) == tmp_path
