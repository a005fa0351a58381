"""The pytest fixture `lua`: a fresh `Interpreter` for each test, and failures that show Lua instead of our frames.

    [pytest]
    luaproc_server = lua5.1 .../mw_main.lua DIR 0 8
    luaproc_timeout = 10

Each option is a fixture of the same name, too: a test can be parametrized with it, a module or class can have one of
its own. pytest imports this module on every run wherever luaproc is installed; so what it needs is imported by the
fixture.

The fixture `wiki` and ``--wiki-tests`` are those of `luaproc.wiki.pytest_plugin`, which is loaded where a run asks for
one of them: by its name, for no part of `luaproc.host` depends on it (docs/architecture.md).
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Generator, Iterator
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from luaproc.host import Interpreter
    from luaproc.wiki import Wiki


def _above_zero(read: Callable[[str], float]) -> Callable[[str], float]:
    def checked(text: str) -> float:
        number = read(text)
        if not number > 0:
            raise ValueError
        return number

    return checked


def _encoding(text: str) -> str | None:
    if text == "bytes":
        return None
    "x".encode(text)  # raises for what makes no bytes of text, as hex and rot13
    return text


def _errors(text: str) -> str:
    import codecs

    codecs.lookup_error(text)
    return text


# Option -> how its text is read, what is expected there, what it is without, and its help.
OPTIONS: dict[str, tuple[Callable[[str], Any], str, Any, str]] = {
    "timeout": (
        _above_zero(float),
        "a number above 0",
        60.0,
        "seconds that the Lua-side server may take for an answer (default: 60)",
    ),
    "cpu_limit": (
        _above_zero(int),
        "a whole number above 0",
        None,
        "seconds of CPU, by ulimit as Scribunto sets it (default: none; Scribunto's is 7)",
    ),
    "memory_limit": (
        _above_zero(int),
        "a whole number above 0",
        None,
        "bytes of virtual memory, likewise (default: none; Scribunto's is 52428800)",
    ),
    "encoding": (
        _encoding,
        "an encoding of Python's, or bytes",
        "utf-8",
        "of strings from Lua (default: utf-8), or 'bytes' to leave them as bytes",
    ),
    "errors": (
        _errors,
        "a handler of errors of Python's",
        "surrogateescape",
        "what becomes of strings that are not valid in the encoding (default: surrogateescape)",
    ),
}


# Option of a wiki -> how pytest reads it, and its help.
WIKI_OPTIONS: dict[str, tuple[Any, str]] = {
    "pages": ("paths", "folders and dumps with pages (default: those of luaproc.toml, else the root directory)"),
    "scribunto": (
        "string",
        "the directory of Scribunto's Lua library, or the branch that was fetched (default: is found)",
    ),
    "site": ("paths", "the wiki's settings, as api.php gives them (default: those of luaproc.toml)"),
    "now": ("string", "the moment that pages see, as 2024-02-29T12:00:00Z (default: that of luaproc.toml, else now)"),
}


def pytest_addoption(parser: pytest.Parser) -> None:
    text = "command of the Lua-side server for the `lua` fixture (default: luaproc's own)"
    parser.addini("luaproc_server", text, type="args")
    for name, (_, _, _, text) in OPTIONS.items():
        parser.addini(f"luaproc_{name}", text)

    group = parser.getgroup("luaproc")
    group.addoption("--wiki-tests", action="store_true", help="collect the tests in modules of a wiki (luaproc wiki)")
    for name, (kind, text) in WIKI_OPTIONS.items():
        parser.addini(f"luaproc_wiki_{name}", text, type=kind)


def pytest_configure(config: pytest.Config) -> None:
    if config.getoption("--wiki-tests"):
        collection = _wiki_plugin(config).Collection(config, _wiki_options(config))
        config.pluginmanager.register(collection, "luaproc wiki tests")


def _wiki_plugin(config: pytest.Config) -> Any:
    config.pluginmanager.import_plugin("luaproc.wiki.pytest_plugin")
    return config.pluginmanager.get_plugin("luaproc.wiki.pytest_plugin")


def _wiki_options(config: pytest.Config) -> dict[str, Any]:
    """What the ini file says of the wiki; paths are those beside it."""
    found: dict[str, Any] = {}
    for name, (kind, _) in WIKI_OPTIONS.items():
        given = config.getini(f"luaproc_wiki_{name}")
        if given:
            found[name] = tuple(map(str, given)) if kind == "paths" else given
    if "scribunto" in found:
        beside = config.rootpath / found["scribunto"]
        found["scribunto"] = str(beside) if beside.is_dir() else found["scribunto"]
    return found


@pytest.fixture
def wiki(pytestconfig: pytest.Config) -> Iterator[Wiki]:
    """A `luaproc.wiki.Wiki` for this test, with the pages and settings of luaproc.toml or the ini file."""
    yield from _wiki_plugin(pytestconfig).for_a_test(pytestconfig, _wiki_options(pytestconfig))


@pytest.fixture
def luaproc_server(request: pytest.FixtureRequest) -> Any:
    """The command of the Lua-side server, a list of words or one text; None is luaproc's own."""
    given = getattr(request, "param", None) or request.config.getini("luaproc_server") or None
    if not isinstance(given, str):
        return given
    import shlex

    return shlex.split(given)


def _fixture(name: str) -> Any:
    """The fixture of an option: what a test gives as its parameter, what the ini file says, or the default."""
    read, expected, default, text = OPTIONS[name]

    def option(request: pytest.FixtureRequest) -> Any:
        is_parameter = hasattr(request, "param")
        given = request.param if is_parameter else str(request.config.getini(f"luaproc_{name}") or "").strip()
        if not isinstance(given, str):
            return given
        if not given:
            return default
        try:
            return read(given)
        except (ValueError, LookupError):
            where = "as a parameter" if is_parameter else "in the ini file"
            pytest.fail(f"luaproc_{name} {where}: expected {expected}, got {given!r}", pytrace=False)

    option.__doc__ = text
    return pytest.fixture(name=f"luaproc_{name}")(option)


luaproc_timeout = _fixture("timeout")
luaproc_cpu_limit = _fixture("cpu_limit")
luaproc_memory_limit = _fixture("memory_limit")
luaproc_encoding = _fixture("encoding")
luaproc_errors = _fixture("errors")


@pytest.fixture
def lua(
    luaproc_server: list[str] | None,
    luaproc_timeout: float | None,
    luaproc_cpu_limit: int | None,
    luaproc_memory_limit: int | None,
    luaproc_encoding: str | None,
    luaproc_errors: str,
) -> Iterator[Interpreter]:
    """A Lua-side server of its own for this test, driven by a `luaproc.host.Interpreter`."""
    from luaproc.errors import LuaprocError
    from luaproc.host import Interpreter

    try:
        interpreter = Interpreter(
            luaproc_server,
            timeout=luaproc_timeout,
            cpu_limit=luaproc_cpu_limit,
            memory_limit=luaproc_memory_limit,
            encoding=luaproc_encoding,
            errors=luaproc_errors,
        )
    except (LuaprocError, TypeError, LookupError) as error:
        pytest.fail(f"the fixture lua: {error}", pytrace=False)
    with interpreter:
        yield interpreter


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[Any]) -> Generator[None, Any, None]:
    """Leave our frames out of a failure, and add what Lua says about it."""
    errors = (
        list(_chain(call.excinfo.value)) if call.excinfo is not None and "luaproc.host.errors" in sys.modules else []
    )
    for error in errors:
        _hide_our_frames(error)
    outcome = yield
    report = outcome.get_result()
    add = getattr(report.longrepr, "addsection", None)
    for error in errors:
        for title, text in _sections(error):
            if add is not None:
                add(title, text)


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    """An exception with those that led to it, and those that a group has."""
    seen = set()
    waiting = [error]
    while waiting:
        error = waiting.pop(0)
        if error is not None and id(error) not in seen:
            seen.add(id(error))
            yield error
            waiting += [error.__cause__, None if error.__suppress_context__ else error.__context__]
            waiting += getattr(error, "exceptions", ())


def _hide_our_frames(error: BaseException) -> None:
    """Mark our modules as pytest wants it. A test's author looks for a line of the test; --full-trace shows all."""
    trace = error.__traceback__
    while trace is not None:
        frame = trace.tb_frame.f_globals
        if str(frame.get("__name__")).startswith("luaproc."):
            frame["__tracebackhide__"] = _is_no_bug_of_ours
        trace = trace.tb_next


def _is_no_bug_of_ours(excinfo: pytest.ExceptionInfo[BaseException] | None) -> bool:
    """Whether our frames tell nothing: what we raise on purpose, and what a callback raises."""
    from luaproc.errors import LuaprocError

    if excinfo is None or isinstance(excinfo.value, (LuaprocError, TypeError, ValueError, OSError)):
        return True
    innermost = excinfo.traceback[-1].frame.f_globals
    return type(excinfo.value) is LookupError or not str(innermost.get("__name__")).startswith("luaproc.")


def _sections(error: BaseException) -> Iterator[tuple[str, str]]:
    from luaproc.host.errors import LuaError, ServerDied

    if isinstance(error, LuaError) and (error.trace or error.source_line is not None):
        yield "Lua", error.report
    if isinstance(error, ServerDied) and error.stderr.strip():
        yield "stderr of the Lua-side server", error.stderr.rstrip()
