"""A console in a wiki's environment: a page view that stays open, and Lua that is run in it as it is typed."""

from __future__ import annotations

from collections.abc import Callable
from types import TracebackType
from typing import Any

from luaproc.errors import LuaprocError
from luaproc.host import printing
from luaproc.host.interpreter import shown
from luaproc.session.session import LIBRARY_NAMES, Watcher
from luaproc.session.syntax import encode
from luaproc.session.typed import typed
from luaproc.wiki.environment import Environment
from luaproc.wiki.expanded import Expansion
from luaproc.wiki.failures import ModuleError
from luaproc.wiki.titles import Title
from luaproc.wiki.values import as_wire
from luaproc.wiki.view import Counters
from luaproc.wiki.wiki import Wiki

_NAMES_KEPT = {*(name.partition(".")[0] for name in LIBRARY_NAMES), "mw", "require", "package"}
"""Names that no local of a step may take."""

_GONE = "what earlier steps defined is gone"


class Console:
    """A wiki, driven by hand: Lua and wikitext, step by step, in one page view.

    open_wiki: opens the wiki; called again by `reload`. watcher: see `luaproc.session.session.Watcher`; `print` and
    mw.log reach it at once. title: of the current page, the main page by default.

    Raises what `Wiki` raises; `ScribuntoMissing` and `NoSuchTitle` at once.
    """

    def __init__(self, open_wiki: Callable[[], Wiki], watcher: Watcher, title: str | None = None) -> None:
        self.watcher = watcher
        self.leaving = False
        self.record: list[str] = []
        self._open_wiki = open_wiki
        self._wiki = open_wiki()
        self._page = self._wiki.page(title)
        self._environment: Environment | None = None
        self._began = False  # whether steps may have left something in the Lua process

    @property
    def title(self) -> Title:
        """The current page."""
        return self._page.title

    @property
    def wiki(self) -> Wiki:
        """The wiki, as it was opened last."""
        return self._wiki

    @property
    def alive(self) -> bool:
        """Whether the Lua process runs, or will where none was needed yet."""
        return not self._page.engine.lost

    @property
    def prompt(self) -> str:
        """What stands before the next step."""
        return "lua> "

    def prepare(self) -> str:
        """A page's counters begin anew with each step; a Lua process that is gone is replaced, and that is said."""
        self._page.view.counters = Counters()
        self._page.engine.errors.clear()
        return "" if self.alive else self.lost()

    def check_answered(self) -> None:
        """Everything that Lua calls has an answer."""

    def interrupted(self) -> str:
        """Ctrl-C ends a step, and with it the Lua process that ran it, which is replaced."""
        return f"interrupted; {self._fresh(self._page.title)}"

    def lost(self) -> str:
        """Replace the Lua process; what is to say about it."""
        return self._fresh(self._page.title)

    def last_words(self, error: LuaprocError) -> str:
        """What a Lua process that is gone has said on stderr."""
        return self._page.engine.last_words() if getattr(error, "server_lost", False) else ""

    def __enter__(self) -> Console:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._page.close()
        self._wiki.close()

    def _fresh(self, title: Title) -> str:
        """A new page view; what is to say about it."""
        self._page.close()
        self._page, self._environment = self._wiki.page(title), None
        began, self._began = self._began, False
        return f"a fresh Lua process: {_GONE}" if began else "a fresh Lua process"

    def go_to(self, name: str) -> str:
        """Make another page the current one, in a page view of its own. Raises `NoSuchTitle`."""
        return self._fresh(self._wiki.page(name).title)

    def reload(self) -> str:
        """Open the wiki anew: settings and pages are read as they are now. Raises as `Wiki`; then all is as before."""
        wiki = self._open_wiki()
        page = wiki.page(self._page.title.prefixed_text)
        self._wiki.close()
        self._wiki = wiki
        return self._fresh(page.title)

    def _lua(self) -> Environment:
        if self._environment is None:
            self._environment = self._page.environment(self._logged)
            if self.title.content_model == "Scribunto" and self.title in self._wiki.pages:
                self._take_module(self._environment)
        return self._environment

    def _take_module(self, environment: Environment) -> None:
        """On a module's page, `p` is what it returns, as in MediaWiki's console."""
        name = printing.quote(encode(self.title.prefixed_text))
        try:
            environment.run([encode(f"p = require( {name} )")], "=p")
        except ModuleError as error:
            self.watcher.noted(f"p is nil: {error}")

    def _logged(self, text: str) -> None:
        self.watcher.printed(text.removesuffix("\n"))

    def run_lua(self, text: str, name: str) -> tuple[Any, ...]:
        """Run Lua; its values as `luaproc.host.printing` shows them. name: the chunk's. Raises `ModuleError`.

        What is added to the code, so that the steps know of each other: see `luaproc.session.typed`.
        """
        compiled = typed(text, _NAMES_KEPT)
        for note in compiled.notes:
            self.watcher.noted(note)
        environment, self._began = self._lua(), True
        return tuple(as_wire(value) for value in environment.show(compiled.texts, f"={name}"))

    def expand(self, text: str) -> Expansion:
        """Wikitext of the current page, expanded; what modules log reaches the watcher."""
        if self._environment is None and "{{" in text:
            self._lua()  # so that logs are seen
        return self._page.expand(text)

    def invoke(self, module: str, function: str, args: dict[str, str]) -> str:
        """One ``{{#invoke:}}`` of the current page. Raises `ModuleError`."""
        self._lua()
        return self._page.invoke(module, function, args)

    def names(self, path: list[str]) -> list[str]:
        """The names in a table that is reached from the environment by those of `path`; none where Lua fails."""
        try:
            return self._lua().fields(path)
        except LuaprocError:
            return []

    def titles(self, namespace: int | None = None) -> list[str]:
        """The titles of the wiki's pages; those of one namespace, without its name."""
        titles = self._wiki.pages.titles(namespace)
        return [title.prefixed_text if namespace is None else title.text for title in titles]

    def banner(self) -> str:
        """What a person is told at the beginning."""
        pages, lualib = len(self._wiki.pages), self._wiki.lualib
        where = "in this process" if self._wiki.trusted else f"on {shown(self._wiki.server)}"
        return (
            f"{pages} page{'s' * (pages != 1)} with Scribunto 1.{lualib.release} {where};\n"
            f"the current page is {self.title.prefixed_text}.\n"
            "Type Lua, or :help; Ctrl-D leaves."
        )
