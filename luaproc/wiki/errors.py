"""What can go wrong with a wiki's pages and settings, before any page is expanded."""

from luaproc.errors import LuaprocError


class WikiError(LuaprocError):
    """Root of the errors of `luaproc.wiki`."""


class SiteError(WikiError):
    """A site's configuration is wrong: names the file and the key."""

    exit_status = 2


class PagesError(WikiError):
    """A folder or a dump cannot be read as pages."""

    exit_status = 2


class ScribuntoMissing(WikiError):
    """Scribunto's Lua library is nowhere."""

    exit_status = 2


class NoSuchTitle(WikiError):
    """A text names no page."""

    exit_status = 2


class FetchError(WikiError):
    """Scribunto's library could not be fetched; nothing was written."""
