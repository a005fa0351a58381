"""Scribunto's own tests answer on luaproc.wiki as they do in the real wiki.

`tools/scribunto-tests DIRECTORY` fetches them, `LUAPROC_SCRIBUNTO_TESTS=DIRECTORY` names them; .ci/run does both where
Debian's sources can be had. For MediaWiki 1.43, by hand: `tools/scribunto-tests DIRECTORY trixie`, and DIRECTORY is
LUAPROC_MEDIAWIKI, too.
"""

import os
from pathlib import Path

import pytest

from tests.mediawiki import installation
from tests.wiki import scribunto

# MediaWiki and PHP run Scribunto's tests here, half a minute.
pytestmark = [pytest.mark.real, pytest.mark.slow]

AT_LEAST = 880
"""Tests: 1.39 has 884 that an #invoke can run, 1.43 has 912."""


def test_scribuntos_own_tests_answer_as_in_the_real_wiki(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Every test of every module: what it returns or raises is what the real wiki's returns or raises."""
    directory = os.environ.get("LUAPROC_SCRIBUNTO_TESTS")
    if not directory:
        pytest.skip(
            "Scribunto's tests are not here: tools/scribunto-tests DIRECTORY, LUAPROC_SCRIBUNTO_TESTS=DIRECTORY"
        )
    place = Path(directory) / "extensions" / "Scribunto" / "tests"
    real, site = scribunto.real_answers(installation.installed(tmp_path_factory, "scribunto"), place)
    ours = scribunto.our_answers(site, place)
    assert len(real) == len(ours)
    different = [pair for pair in zip(real, ours, strict=True) if pair[0] != pair[1]]
    assert different == [], "\n".join(f"real: {theirs}\nours: {mine}" for theirs, mine in different)
    assert len(real) >= AT_LEAST
