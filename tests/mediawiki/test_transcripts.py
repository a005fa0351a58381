"""Real page parses, recorded through a launcher as luaPath, and played again to every server that we have."""

import pytest

from luaproc.install import bundles, launchers
from luaproc.install.mediawiki import find_mediawiki
from luaproc.transcripts.conversation import follow
from luaproc.transcripts.reader import Transcript
from luaproc.transcripts.recording_launcher import write_launcher
from luaproc.transcripts.replay import replay
from tests.mediawiki.installation import Engine, Wiki, luaproc
from tests.parts import need, reference_server
from tests.transcripts.making import finished

# MediaWiki and PHP render pages here.
pytestmark = pytest.mark.real

# Pages of tests/mediawiki/pages: a plain one with many callbacks, and one with errors, traces and nested parses.
PAGES = ("RealLife", "ErrorsNested")


@pytest.fixture(scope="module")
def recorded(wiki: Wiki, tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[str, str], Transcript]:
    """(Engine that was recorded, page) -> transcript; the HTML is the same as without a tap."""
    found = {}
    for name, lua in (("lua5.1", need("lua5.1")), ("luaproc", luaproc())):
        for page in PAGES:
            directory = tmp_path_factory.mktemp(f"{name}-{page}")
            launcher = directory / "launcher"
            write_launcher(launcher, [lua], directory / "transcripts")
            html = wiki.parse(page, engine=Engine(f"recorded-{name}-{page}", str(launcher)))
            assert html == wiki.parse(page, engine=Engine(name, lua))
            [file] = (directory / "transcripts").iterdir()
            found[name, page] = finished(file)
    return found


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize("engine", ["lua5.1", "luaproc"])
@pytest.mark.parametrize("server", ["lua51", "reference"])
def test_no_difference(engine: str, page: str, server: str, recorded: dict[tuple[str, str], Transcript]) -> None:
    """Recorded on either, played to either, under Scribunto's limits: the same replies, the traces included."""
    transcript = recorded[engine, page]
    assert transcript.end is not None
    assert transcript.end.returncode == -15
    assert (transcript.cpu_limit, transcript.memory_limit) == (7, 52_428_800)
    result = replay(transcript, reference_server() if server == "reference" else None, timeout=300)
    assert result.differences == []
    assert result.stopped is None
    assert result.played == len(transcript.frames) > 250


def test_luajit_differs_only_where_it_must(recorded: dict[tuple[str, str], Transcript]) -> None:
    """A page that relies on nothing that LuaJIT has otherwise is the same; in errors LuaJIT names functions its way."""
    result = replay(recorded["lua5.1", "RealLife"], runtime="luajit21", timeout=300)
    assert result.differences == []
    assert result.stopped is None


def test_every_step_of_a_real_page_is_understood(recorded: dict[tuple[str, str], Transcript]) -> None:
    """Each request has its reply, and the time is all accounted for."""
    for transcript in recorded.values():
        conversation = follow(transcript)
        assert [step.problem for step in conversation.steps if step.problem] == []
        assert [step.event.line for step in conversation.steps if step.is_request and not step.partner] == []
        assert "mw_interface.loadPackage" in conversation.php
        first, last = conversation.steps[0].event, conversation.steps[-1].event
        assert conversation.times.total == pytest.approx(last.seconds - first.seconds)


def test_a_launcher_with_a_bundle(
    wiki: Wiki, recorded: dict[tuple[str, str], Transcript], tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Each text of Scribunto's own that PHP sends is compiled ahead as it is sent; and the pages are the same."""
    mediawiki = find_mediawiki(None)
    assert mediawiki
    library, others = bundles.library_texts([mediawiki])
    assert others == []
    lua = tmp_path_factory.mktemp("bundled") / "lua"
    content = launchers.install(lua, [], library=library).read_bytes()
    bodies = [frame.body for frame in recorded["lua5.1", "RealLife"].frames if b'["chunkName"]="@' in frame.body]
    assert len(bodies) > 10
    missing = [body[-40:] for body in bodies if body not in content]
    assert [text for text in missing if b"@mw.ext." not in text] == []  # those are of other extensions
    for page in PAGES:
        assert wiki.parse(page, engine=Engine("bundled", str(lua))) == wiki.parse(
            page, engine=Engine("luaproc", luaproc())
        )
