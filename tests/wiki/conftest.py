"""The judge: one real wiki for the room, with the corpus's pages."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path

import pytest

from luaproc.wiki.site import Site
from luaproc.wiki.wiki import Wiki
from tests.mediawiki import installation
from tests.mediawiki.installation import Engine
from tests.parts import need
from tests.wiki import judge


def write_files(directory: Path, texts: Mapping[str, str]) -> Path:
    """Files by their paths in the directory, which is returned; the folders are made."""
    for name, text in texts.items():
        file = directory / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    return directory


def write_modules(directory: Path, texts: Mapping[str, str], folder: str = "Module") -> Path:
    """Modules by their names, as a collection keeps them. folder: their namespace in another language."""
    return write_files(directory, {f"{folder}/{name}.lua": text for name, text in texts.items()})


@pytest.fixture(scope="session")
def real_wiki(tmp_path_factory: pytest.TempPathFactory) -> installation.Wiki:
    """MediaWiki with the pages of tests/mediawiki/pages and tests/wiki/pages."""
    wiki = installation.installed(tmp_path_factory, "judge")
    judge.add_pages(wiki)
    return wiki


@pytest.fixture(scope="session")
def real_url(real_wiki: installation.Wiki) -> Iterator[str]:
    """Where the real wiki answers, with lua5.1."""
    with real_wiki.serve(Engine("lua5.1", need("lua5.1"))) as url:
        yield url


@pytest.fixture(scope="session")
def real_site(real_url: str) -> Site:
    """Our settings, as the real wiki's API gives its own."""
    return judge.site_of(real_url)


@pytest.fixture(scope="session")
def our_wiki(real_site: Site) -> Wiki:
    """The same pages without PHP, at the corpus's moment."""
    return judge.our_wiki(real_site)


@pytest.fixture
def small_wiki(tmp_path: Path) -> Iterator[Callable[[dict[str, str]], Wiki]]:
    """A wiki of given pages, with its defaults. Needs Scribunto's Lua library alone."""
    need("mediawiki")
    with ExitStack() as stack:
        yield lambda pages: stack.enter_context(Wiki(pages, mediawiki=False))
