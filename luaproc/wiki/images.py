"""Sizes of image files, by their headers."""

from __future__ import annotations

import os


def size(path: str) -> tuple[int, int, int] | None:
    """(width, height, bytes) of a file; 0 for what is not known; None if there is no file.

    Width and height need the package imagesize, which the extra ``luaproc[wiki]`` installs.
    """
    try:
        length = os.path.getsize(path)
    except OSError:
        return None
    try:
        import imagesize  # type: ignore[import-not-found,import-untyped,unused-ignore]
    except ImportError:
        return 0, 0, length
    try:
        width, height = imagesize.get(path)
    except (OSError, ValueError):
        return 0, 0, length
    return max(int(width), 0), max(int(height), 0), length
