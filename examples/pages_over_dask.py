"""Expand the pages of a folder or dump on a Dask cluster: each process has a wiki of its own, a task is some pages.

    pip install 'luaproc[wiki]' distributed
    python pages_over_dask.py modules                        # processes of this machine
    python pages_over_dask.py DUMP tcp://scheduler:8786      # a cluster whose workers find DUMP under the same path

One line of JSON a page, as `luaproc wiki expand --dump` writes it, in the order in which tasks are done.
"""

import functools
import os
import sys
import threading
from collections.abc import Iterator

from distributed import Client, LocalCluster, as_completed

from luaproc.wiki import Wiki
from luaproc.wiki.documents import page_line

BATCH = 50  # pages in a task: Dask takes about a millisecond for each


@functools.cache
def opened(pages: str, thread: int) -> Wiki:
    """The wiki of a worker's thread. A dump's index is made by the first who asks, and read by all others."""
    return Wiki(pages)


def expand(pages: str, titles: list[str]) -> list[str]:
    """What a worker does: the lines of some pages."""
    wiki = opened(pages, threading.get_ident())
    return [page_line(wiki, title)[0] for title in map(wiki.site.title, titles) if title is not None]


def batches(pages: str) -> Iterator[list[str]]:
    titles = [title.prefixed_text for title in Wiki(pages).pages.titles() if title.content_model == "wikitext"]
    for start in range(0, len(titles), BATCH):
        yield titles[start : start + BATCH]


def main(pages: str, scheduler: str | None = None) -> None:
    cluster = scheduler or LocalCluster(threads_per_worker=1, dashboard_address=None)
    with Client(cluster) as client:
        tasks = client.map(functools.partial(expand, os.path.abspath(pages)), list(batches(pages)), pure=False)
        for task in as_completed(tasks):
            sys.stdout.writelines(task.result())
            task.release()
    if not isinstance(cluster, str):
        cluster.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
