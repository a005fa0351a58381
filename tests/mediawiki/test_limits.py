"""Modules past their limits: MediaWiki's own messages appear, and the page goes on where the process lives."""

from pathlib import Path

import pytest

from luaproc.install import launchers
from tests.mediawiki.installation import Engine, Wiki, engines

# MediaWiki and PHP render pages here.
pytestmark = pytest.mark.real

CONF = "$wgScribuntoEngineConf['luastandalone']"
# Scribunto's default, and the one of its own memory test.
DEFAULT, TIGHT = 50 * 1024 * 1024, 20_000_000
# "tables" is not among the pages that are compared: the reference server dies of it with status 1.
WAYS = ("doubling", "tables", "rep", "gsub", "concat")


@pytest.mark.parametrize("runtime", ["lua51", "luajit21"])
@pytest.mark.parametrize("limit", [DEFAULT, TIGHT])
def test_every_way_past_the_memory_limit(wiki: Wiki, runtime: str, limit: int, tmp_path: Path) -> None:
    """One page runs out of memory again and again; each time the error shows, and the next #invoke works. With the
    lower limit by a launcher: beside an archive of locales Python starts in so little in the C locale only."""
    engine = engines(runtime)[0]
    if limit == TIGHT:
        engine = Engine(f"launcher-{runtime}", str(tmp_path / "lua"))
        launchers.write(tmp_path / "lua", launchers.text(["--runtime", runtime]))
    text = "\n\n".join(f"{{{{#invoke:Limits|{way}}}}}\n\n{{{{#invoke:FrameArgs|echo|after {way}}}}}" for way in WAYS)
    extra = f"{CONF}['memoryLimit'] = {limit};"
    html = wiki.run("parse.php", engine=engine, extra=extra, stdin=text)
    assert html.count("Lua error: not enough memory.") == len(WAYS), html
    assert html.count('class="scribunto-error"') == len(WAYS), html
    for way in WAYS:
        assert f"after {way}" in html


def test_a_luapath_that_is_not_there_is_said_by_mediawiki(wiki: Wiki) -> None:
    """The status that an admin sees on the page when luaPath is wrong: what `doctor` explains."""
    engine = Engine("missing", "/nonexistent/luaproc")
    html = wiki.run("parse.php", engine=engine, stdin="{{#invoke:FrameArgs|echo|x}}")
    assert "The interpreter exited with status 127" in html
