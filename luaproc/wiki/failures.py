"""How a module fails, and what the page then shows."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable

from luaproc.host import HostError, LuaError, ServerDied, ServerTimeout, TraceEntry
from luaproc.host.errors import TIME_EXPIRED
from luaproc.wiki.errors import WikiError
from luaproc.wiki.messages import Messages
from luaproc.wiki.own_lua import OWN_LUA
from luaproc.wiki.titles import Title
from luaproc.wiki.values import escape_html, text_of
from luaproc.wire.errors import RemoteProtocolError

_LINE_ENDS = re.compile(r"[\r\n]")


class ModuleError(WikiError):
    """A module failed; `luaproc.wiki.LuaError` is this class. `str()` is what the page shows, in the content language.

    key: MediaWiki's for the message. module, line: where, if Lua said it. message: Lua's own words. trace: Lua's stack,
    innermost first. log: what the module had logged, if the server told it. server_lost: whether the server has ended.
    """

    def __init__(
        self,
        text: str,
        key: str,
        *,
        message: str | None = None,
        module: str | None = None,
        line: int | None = None,
        trace: tuple[TraceEntry, ...] = (),
        log: str | None = None,
        server_lost: bool = False,
    ) -> None:
        super().__init__(text)
        self.key = key
        self.message = text if message is None else message
        self.module = module
        self.line = line
        self.trace = trace
        self.log = log
        self.server_lost = server_lost

    @property
    def traceback(self) -> str:
        """The text and, where there is one, Lua's stack below it."""
        return "\n".join([str(self), *(f"\t{entry}" for entry in self.trace)])

    @property
    def explained(self) -> str:
        """The same; of a server that is lost, with what became of it: MediaWiki's words do not tell why."""
        return f"{self.traceback}\n{self.message}" if self.server_lost else self.traceback


def from_host(
    error: HostError | RemoteProtocolError, messages: Messages, page: Title, clean: Callable[[str], str]
) -> ModuleError:
    """The failure that an error of the server is.

    page: the page that is shown; an error in a module of the same title names the line alone. clean:
    makes texts valid UTF-8.
    """
    if isinstance(error, LuaError):
        return _of_lua(error, messages, page, clean)
    key, parameters = "scribunto-luastandalone-read-error", []
    if isinstance(error, ServerTimeout) or (isinstance(error, ServerDied) and str(error).startswith(TIME_EXPIRED)):
        key = "scribunto-common-timeout"
    elif isinstance(error, ServerDied) and error.signal is not None:
        key, parameters = "scribunto-luastandalone-signal", [str(error.signal)]
    elif isinstance(error, ServerDied):
        key, parameters = "scribunto-luastandalone-exited", [str(error.status)]
    elif isinstance(error, RemoteProtocolError):
        key = "scribunto-luastandalone-decode-error"
    return ModuleError(messages.failure(key, "[UNKNOWN]", *parameters), key, message=str(error), server_lost=True)


def _of_lua(error: LuaError, messages: Messages, page: Title, clean: Callable[[str], str]) -> ModuleError:
    text = clean(text_of(error.value) if isinstance(error.value, (str, bool)) else error.message)
    module, line, message = error.module, error.line, clean(error.message) if error.module is not None else text
    if module is None or line is None or _LINE_ENDS.search(message):
        # PHP looks for the position with a pattern that knows no line ends.
        module = line = None
        message = text
    key, where = "scribunto-lua-error", "[UNKNOWN]"
    if module is not None and line is not None:
        key = "scribunto-lua-error-location"
        title = page.site.title(module)
        if title is not None and title == page:
            where = messages.text("scribunto-line", str(line))
        else:
            where = messages.text("scribunto-module-line", module, str(line))
    return ModuleError(
        messages.failure(key, where, message),
        key,
        message=message,
        module=module,
        line=line,
        trace=tuple(entry for entry in error.trace if entry.short_src != OWN_LUA),
        log=error.log,
    )


def shown(failure: ModuleError, number: int, release: int) -> str:
    """What stands on the page for it: an element that #iferror knows. number: of the failure on the page, from 0; from
    1.43 on a class with a sum of its text and trace takes the number's place."""
    text = escape_html(str(failure))
    found = 'scribunto-error" id="mw-scribunto-error-{}'
    mark = str(number)
    if release >= 43:
        found = "scribunto-error mw-scribunto-error-{}"
        mark = hashlib.sha1(failure.traceback.encode("utf-8", "surrogateescape")).hexdigest()[-8:]
    return f'<strong class="error"><span class="{found.format(mark)}">{text}</span></strong>'
