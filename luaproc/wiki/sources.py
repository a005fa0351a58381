"""What ``--pages`` names: a folder, a dump, or one file."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from luaproc.wiki.errors import PagesError
from luaproc.wiki.folders import Folder
from luaproc.wiki.pages import IndexProgress, Source
from luaproc.wiki.site import Site

DUMPS = (".xml", ".xml.bz2", ".xml.gz", ".bz2", ".gz")


def open_source(
    site: Site,
    path: str | os.PathLike[str],
    title_map: Sequence[str] = (),
    progress: IndexProgress | None = None,
) -> Source:
    """The pages of a folder, or of a dump that is indexed when it was not yet: the site learns its namespaces, its name
    and its language.

    Raises `PagesError`.
    """
    place = Path(path)
    if place.is_dir():
        return Folder(site, place, title_map)
    if not place.exists():
        raise PagesError(f"expected a folder or a dump with pages, got {place}: there is no such file")
    if not place.is_file():
        raise PagesError(f"expected a folder or a dump with pages, got {place}: it is neither a folder nor a file")
    if place.name.endswith(DUMPS):
        from luaproc.wiki.dumps import Dump

        dump = Dump(site, place, progress)
        site.learn_wiki(dump.name, dump.language)
        site.learn_namespaces(dump.namespaces)
        return dump
    raise PagesError(f"expected a folder or a dump ({', '.join(DUMPS[:3])}), got {place}")
