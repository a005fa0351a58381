"""Sizes of image files, by their headers."""

from __future__ import annotations

import os
from importlib.util import find_spec

MISSING = "width and height of images need imagesize: pip install 'luaproc[images]'"
"""What is said where the package is not installed."""


def size(path: str) -> tuple[int, int, int] | None:
    """(width, height, bytes) of a file; 0 for what is not known; None if there is no file.

    Width and height need the package imagesize: see `is_missing`.
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


def is_missing() -> bool:
    """Whether the package that reads sizes is not installed."""
    return find_spec("imagesize") is None
