"""One wiki per test run; PHP's web server per engine, started when a test first asks for it."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from tests.mediawiki.installation import Engine, Wiki, installed

Server = Callable[[Engine], str]


@pytest.fixture(scope="session")
def wiki(tmp_path_factory: pytest.TempPathFactory) -> Wiki:
    """MediaWiki with the pages of tests/mediawiki/pages."""
    return installed(tmp_path_factory, "wiki")


@pytest.fixture(scope="session")
def server(wiki: Wiki) -> Iterator[Server]:
    """Engine -> URL of the wiki with that engine."""
    with ExitStack() as running:
        urls: dict[Engine, str] = {}

        def url(engine: Engine) -> str:
            if engine not in urls:
                urls[engine] = running.enter_context(wiki.serve(engine))
            return urls[engine]

        yield url
