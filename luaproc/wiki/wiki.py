"""A wiki of one's own: `Wiki` puts pages, a site's settings, the preprocessor and Scribunto's engine together."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

from luaproc.host.core import must_be
from luaproc.host.interpreter import PhpFunction, default_server
from luaproc.install.lualib import Lualib, find_lualib
from luaproc.install.mediawiki import find_texts
from luaproc.wiki import titles
from luaproc.wiki.engine import Engine, EngineOptions, ExtraLibrary
from luaproc.wiki.environment import Environment
from luaproc.wiki.errors import ScribuntoMissing, SiteError
from luaproc.wiki.expanded import Expansion, Limit, categories
from luaproc.wiki.fork_servers import ForkServers
from luaproc.wiki.inner_states import InnerStates
from luaproc.wiki.interfaces import ArgumentsLike, ExtensionTag, FrameLike, FunctionResult, ParserFunction
from luaproc.wiki.messages import Messages
from luaproc.wiki.pages import Pages, Source
from luaproc.wiki.preprocessor import Preprocessor
from luaproc.wiki.site import Site
from luaproc.wiki.sources import open_source
from luaproc.wiki.titles import Title
from luaproc.wiki.values import array_key, frame_arguments, lua_string
from luaproc.wiki.view import PageView

if TYPE_CHECKING:
    from luaproc.wiki.testing import CaseResult

PagesArgument = str | os.PathLike[str] | Pages | Source | Mapping[str, str]


class Wiki:
    """A wiki without PHP, database and network.

    pages: a folder, a dump, a mapping of titles to texts, a `Pages`, or a list of them: the first that has a title
    wins. They are there as `pages`, and the settings as `site`. scribunto: the directory of Scribunto's Lua library, of
    a Scribunto or a MediaWiki; None finds it. mediawiki: the directory of a MediaWiki, for its messages and languages;
    None finds one, False does without. site: the wiki's settings. now: the moment that pages see, an ISO text or a
    datetime (one without a zone is UTC); None is the clock. timezone: an IANA name, instead of the site's. seed: of
    math.random. server: the command of a Lua-side server. title_map: see `luaproc.wiki.folders.Folder`. lua_path:
    folders of Lua files that modules may require. hold_limits: whether Lua is held to the site's limits. trusted:
    whether modules may run in this process, where a page view is cheaper and less is kept from them (docs/modules.md,
    "Trusted modules"). progress: called with (bytes done, bytes in all) while a dump is indexed.

    Raises `PagesError`, `SiteError`, UsageError for a directory without Scribunto's library, `WikiError` for a moment
    that is none, and TypeError; `ScribuntoMissing` comes with the first module that runs.
    """

    pages: Pages
    site: Site

    def __init__(
        self,
        pages: PagesArgument | Sequence[PagesArgument] = (),
        *,
        scribunto: str | os.PathLike[str] | Lualib | None = None,
        mediawiki: str | os.PathLike[str] | bool | None = None,
        site: Site | Mapping[str, Any] | None = None,
        now: datetime | str | None = None,
        timezone: str | None = None,
        seed: int | None = None,
        server: Sequence[str] | None = None,
        title_map: Sequence[str] = (),
        lua_path: Sequence[str] = (),
        hold_limits: bool = True,
        trusted: bool = False,
        progress: Callable[[int, int], None] | None = None,
    ) -> None:
        must_be(site, (Site, Mapping, type(None)), "site", "a Site, a mapping or None")
        must_be(now, (datetime, str, type(None)), "now", "a datetime, an ISO text or None")
        must_be(seed, (int, type(None)), "seed", "a whole number or None")
        self.site = site if isinstance(site, Site) else Site.from_dict(site or {})
        if timezone is not None:
            self.site.timezone = timezone
        self._lualib = scribunto if isinstance(scribunto, Lualib) else find_lualib(scribunto)
        if not self.site.version and self._lualib is not None:
            self.site.version = f"1.{self._lualib.release}.0"
        self.site.zone()
        self.pages = _pages(self.site, pages, title_map, progress)
        self._now = moment(now)
        self._seed = seed
        self._folder = _mediawiki(mediawiki)
        self._messages = Messages(self.pages, self._folder)  # which keeps the files that it read
        self._server = server
        self._lua_path = tuple(lua_path)
        self._hold_limits = hold_limits
        self._own_sessions = True  # of Lua's processes; `luaproc.wiki.workers` has them in the worker's group
        self._extra: list[ExtraLibrary] = []
        self._functions: dict[str, ParserFunction] = {}
        self._tags: dict[str, ExtensionTag] = {}
        self._fork_servers = ForkServers()
        self._inner_states = InnerStates() if trusted else None

    @property
    def lualib(self) -> Lualib:
        """Scribunto's library. Raises `ScribuntoMissing`."""
        if self._lualib is None:
            raise ScribuntoMissing(
                "expected Scribunto's Lua library: found none; Debian has it in the package mediawiki, or fetch it: "
                "luaproc wiki fetch REL1_43"
            )
        return self._lualib

    @property
    def server(self) -> Sequence[str]:
        """The command of the Lua side."""
        return default_server() if self._server is None else self._server

    @property
    def trusted(self) -> bool:
        """Whether modules may run in this process."""
        return self._inner_states is not None and self._server is None

    @property
    def mediawiki(self) -> Path | None:
        """The MediaWiki whose messages and languages are used."""
        return self._folder

    def expand(self, text: str, title: str | Title | None = None) -> Expansion:
        """One page view: wikitext with templates, modules and parser functions expanded.

        title: the page that the text is of; None is the wiki's main page. What a module does wrong stands in the text
        and in `errors`. Raises `NoSuchTitle`, `ScribuntoMissing`, and TypeError for what is no text.
        """
        with self.page(title) as page:
            return page.expand(text)

    def invoke(
        self,
        module: str,
        function: str,
        args: Mapping[Any, Any] | Sequence[Any] = (),
        *,
        parent: Mapping[Any, Any] | Sequence[Any] | None = None,
        title: str | Title | None = None,
    ) -> str:
        """One page view with one ``{{#invoke:}}``: its text. args: of the frame. parent: arguments of the template that
        calls it; None calls it from the page itself. Values become texts, True "1" and False "".

        Raises `LuaError` (`ModuleError`), `NoSuchTitle`, `ScribuntoMissing`, and TypeError for arguments that are
        neither a mapping nor a sequence.
        """
        with self.page(title) as page:
            return page.invoke(module, function, args, parent=parent)

    def eval(self, lua: str, title: str | Title | None = None) -> list[Any]:
        """Run Lua as a module's text; what it returns, each table as a dict. ``=x`` is ``return x``.

        Functions among the results can be called no more: their process has ended. Raises `LuaError` (`ModuleError`),
        `NoSuchTitle`, `ScribuntoMissing`, and TypeError for what is no text.
        """
        with self.page(title) as page:
            return page.eval(lua)

    def module(self, name: str) -> ModuleHandle:
        """A module by its name, with or without the namespace. Raises TypeError for what is no text."""
        must_be(name, str, "name", "a module's name as str")
        return ModuleHandle(self, name)

    def page(self, title: str | Title | None = None) -> Page:
        """A page view that stays open: for several calls in one Lua process. Use it in a with statement.

        Raises `NoSuchTitle`.
        """
        return Page(self, self._title(title))

    def tests(self, *patterns: str, names: Sequence[str] = (), only: str = "") -> Iterator[CaseResult]:
        """Run the tests of the wiki's test modules, as ``luaproc wiki test`` does; each result as soon as it is there.

        patterns: of titles, as ``"Greeting/*"``; without any all test modules. names: last parts of the titles of test
        modules, in any case; without any, testcases, tests, and what wikis in the site's language call them. only: an
        expression over names as pytest's ``-k`` has it. Raises `WikiError` for an expression that is none, and
        `ScribuntoMissing`; what a test does wrong is a result.
        """
        from luaproc.wiki import selection, testing

        chosen = selection.expression(only)
        for title in selection.discover(self, names, patterns):
            yield from testing.run_module(self, title, chosen)

    def _title(self, title: str | Title | None) -> Title:
        if isinstance(title, Title):
            return title
        must_be(title, (str, type(None)), "title", "a page's title as str, a Title or None")
        return self.site.main_page if title is None else titles.required(self.site, title)

    def stub(self, title: str, returns: str = "") -> None:
        """Replace a page: a template by the text; a module by one whose every function returns the text.

        The page's own text stays where it is. Raises `NoSuchTitle`, and TypeError for what is no text.
        """
        must_be(returns, str, "returns", "str")
        found = self._title(title)
        if found.content_model == "Scribunto":
            returns = (
                f"local function stub() return {lua_string(returns)} end\n"
                "return setmetatable( {}, { __index = function() return stub end } )"
            )
        self.pages[found] = returns

    def library(
        self,
        name: str,
        lua: str,
        functions: Mapping[str, PhpFunction] | None = None,
        options: Mapping[str, Any] | None = None,
        deferred: bool = False,
    ) -> None:
        """Add a library as an extension does.

        lua: its code, which gets `functions` as mw_interface and, if it has a setupInterface, `options`. deferred: it
        is loaded when a module requires it by its name; otherwise it is there before any module runs. The functions get
        Lua's values and give values back, as those of `luaproc.host` do. Code that fails is a `LuaError`
        (`ModuleError`) of the first page whose modules run. Raises TypeError.
        """
        must_be(name, str, "name", "a library's name as str")
        must_be(lua, str, "lua", "Lua code as str")
        self._extra.append(ExtraLibrary(name, lua, functions or {}, options or {}, deferred))

    def parser_function(self, name: str, *, raw: bool = False) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
        """Add a parser function: ``@wiki.parser_function("#x")`` over a function of texts that returns one.

        name: with its hash mark, where it has one; in any case. What the function returns becomes a text; a
        `FunctionResult` says more. raw: the function gets (frame, arguments) as `luaproc.wiki.interfaces` has them.
        What it raises ends the expansion. Raises TypeError.
        """
        must_be(name, str, "name", "a function's name as str")

        def add(function: Callable[..., Any]) -> Callable[..., Any]:
            def call(_: FrameLike, arguments: ArgumentsLike) -> str | FunctionResult:
                result = function(*(arguments[index] for index in range(len(arguments))))
                return result if isinstance(result, FunctionResult) else str(result)

            self._functions[name.lower()] = function if raw else call
            return function

        return add

    def tag(self, name: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
        """Add an extension tag: ``@wiki.tag("ref")`` over a function of (text or None, attributes) that gives HTML.

        text: between the tags, not expanded; None for ``<ref/>``. attributes: texts by names in lower case. What the
        function raises ends the expansion. Raises TypeError.
        """
        must_be(name, str, "name", "a tag's name as str")

        def add(function: Callable[..., Any]) -> Callable[..., Any]:
            def call(_: FrameLike, text: str | None, attributes: Mapping[str, str]) -> str | FunctionResult:
                result = function(text, attributes)
                return result if isinstance(result, FunctionResult) else str(result)

            self._tags[name.lower()] = call
            return function

        return add

    def _view(self, title: Title) -> PageView:
        now = self._now or datetime.now(timezone.utc)
        return PageView(
            self.site,
            self.pages,
            title,
            now,
            functions=dict(self._functions),
            tags=dict(self._tags),
        )

    def _options(self) -> EngineOptions:
        return EngineOptions(
            self.lualib,
            self._messages,
            self._server,
            fixed_time=self._now is not None,
            seed=self._seed,
            hold_limits=self._hold_limits,
            own_session=self._own_sessions,
            extra=tuple(self._extra),
            fork_servers=self._fork_servers,
            inner_states=self._inner_states,
            lua_path=self._lua_path,
        )

    def close(self) -> None:
        """End what runs. A page view afterwards begins anew."""
        self._fork_servers.close()
        if self._inner_states is not None:
            self._inner_states.close()

    def __enter__(self) -> Wiki:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class Page:
    """One page view: a Lua process, counters and strip markers of its own, until it is closed."""

    def __init__(self, wiki: Wiki, title: Title) -> None:
        self.wiki = wiki
        self.title = title
        self.view = wiki._view(title)
        options = wiki._options()
        self.view.messages, self.view.mediawiki = options.messages, wiki.mediawiki
        self.view.functions = {"#invoke": self._invoke, **self.view.functions}
        self.preprocessor = Preprocessor(self.view)
        self.engine = Engine(self.view, self.preprocessor, options)

    def _invoke(self, frame: FrameLike, arguments: ArgumentsLike) -> str:
        return self.engine.invoke(frame, arguments)

    def expand(self, text: str) -> Expansion:
        """The text expanded, with all that the page view met so far. Raises as `Wiki.expand`."""
        must_be(text, str, "text", "wikitext as str")
        expanded = self.preprocessor.expand_page(text)
        view, limits, counters = self.view, self.wiki.site.limits, self.view.counters
        seconds, size = self.engine.usage() or (0.0, 0)
        return Expansion(
            expanded,
            tuple(self.engine.errors),
            tuple(view.warnings),
            self.engine.log(),
            view.categories | categories(self.wiki.site, expanded),
            {
                "expensive": Limit(counters.expensive, limits.expensive),
                "depth": Limit(counters.depth, limits.depth),
                "nodes": Limit(counters.nodes, limits.nodes),
                "include_bytes": Limit(counters.include_bytes, limits.bytes),
                "argument_bytes": Limit(counters.argument_bytes, limits.bytes),
                "lua_seconds": Limit(seconds, limits.lua_seconds),
                "lua_bytes": Limit(size, limits.lua_bytes),
            },
            dict(view.properties),
        )

    def invoke(
        self,
        module: str,
        function: str,
        args: Mapping[Any, Any] | Sequence[Any] = (),
        *,
        parent: Mapping[Any, Any] | Sequence[Any] | None = None,
    ) -> str:
        """See `Wiki.invoke`."""
        must_be(module, str, "module", "a module's name as str")
        must_be(function, str, "function", "a function's name as str")
        frame = self.preprocessor.root_frame()
        if parent is not None:
            frame = frame.new_child(self.title, arguments_of(parent))
        name = _module_name(self.wiki.site, module)
        title = self.wiki.site.title(f"Module:{name}")
        child = frame.new_child(title, arguments_of(args))
        return self.preprocessor.clean(self.engine.run(name, function, child))

    def eval(self, lua: str) -> list[Any]:
        """See `Wiki.eval`; functions among the results can be called while the page view is open."""
        must_be(lua, str, "lua", "Lua code as str")
        return self.environment().run([_code(lua)], "=eval")

    def show(self, lua: str, on_log: Callable[[str], None] | None = None) -> list[Any]:
        """`eval` for a person: what cannot leave Lua is a `luaproc.host.copying.Placeholder`. on_log: see
        `Environment`."""
        return self.environment(on_log).show([_code(lua)], "=eval")

    def environment(self, on_log: Callable[[str], None] | None = None) -> Environment:
        """A module's environment, in which Lua runs piece by piece; see `Environment`. Raises `ModuleError`."""
        return Environment(self.engine, on_log)

    def log(self) -> str:
        """What modules wrote with mw.log."""
        return self.engine.log()

    def close(self) -> None:
        """End the Lua process."""
        self.engine.close()

    def __enter__(self) -> Page:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


@dataclass(frozen=True, slots=True)
class ModuleHandle:
    """A module of a wiki, to call its functions with Lua values instead of a frame."""

    wiki: Wiki
    name: str

    def call(self, function: str, *args: Any) -> Any:
        """Call a function of the module's table; its result: None, one value, or a list of several.

        args: None, booleans, numbers, texts, and dicts and lists of them. A table comes back as a dict, ``{1: …, 2:
        …}`` for a sequence. Each call is a page view of its own: modules keep nothing between them. Raises `LuaError`
        (`ModuleError`), `NoSuchTitle`, `ScribuntoMissing`, LocalProtocolError for a value that Lua has no kind of, and
        TypeError for a function's name that is no text.
        """
        must_be(function, str, "function", "a function's name as str")
        with self.wiki.page() as page:
            results = page.engine.guarded(lambda: page.engine.call_function(self.title, function, args))
        return results[0] if len(results) == 1 else (results or None)

    @property
    def title(self) -> Title:
        """The module's title. Raises `NoSuchTitle`."""
        return self.wiki._title(f"Module:{_module_name(self.wiki.site, self.name)}")


def _code(lua: str) -> str:
    return f"return {lua[1:]}" if lua.startswith("=") else lua


def _module_name(site: Site, name: str) -> str:
    """A module's name without the namespace."""
    title = site.title(name)
    return title.text if title is not None and title.content_model == "Scribunto" else name


def arguments_of(given: Mapping[Any, Any] | Sequence[Any]) -> dict[int | str, str]:
    """Arguments of a frame: a list is numbered from 1, integers as names are numbers, named values are trimmed."""
    must_be(given, (Mapping, list, tuple), "args", "a mapping, a list or a tuple")
    items: Iterable[tuple[Any, Any]] = given.items() if isinstance(given, Mapping) else enumerate(given, 1)
    return frame_arguments({array_key(str(name)): _argument(value) for name, value in items})


def _argument(value: Any) -> str:
    if isinstance(value, bool):
        return "1" if value else ""
    return str(value)


def moment(value: datetime | str | None) -> datetime | None:
    """A moment given as ISO text or datetime; without a zone it is in UTC. Raises `SiteError`."""
    if value is None:
        return None
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value.replace("Z", "+00:00"))
        except ValueError:
            raise SiteError(f"expected a moment as 2024-02-29T12:00:00, got {value!r}") from None
    return value if value.tzinfo is not None else value.replace(tzinfo=timezone.utc)


def _mediawiki(directory: str | os.PathLike[str] | bool | None) -> Path | None:
    if directory is False:
        return None
    return find_texts(None if directory is None or directory is True else str(directory))


def _pages(
    site: Site,
    given: PagesArgument | Sequence[PagesArgument],
    title_map: Sequence[str],
    progress: Callable[[int, int], None] | None,
) -> Pages:
    if isinstance(given, Pages):
        return given
    parts = given if isinstance(given, (list, tuple)) else [given]
    sources: list[Source] = []
    texts: dict[str, str] = {}
    for part in parts:
        if isinstance(part, Mapping) and not isinstance(part, Pages):
            texts |= {name: text for name, text in part.items() if name not in texts}
        elif isinstance(part, (str, os.PathLike)):
            sources.append(open_source(site, part, title_map, progress))
        else:
            must_be(part, Source, "pages", "folders, dumps, mappings or Pages")
            sources.append(part)  # type: ignore[arg-type]
    return Pages(site, sources, texts)
