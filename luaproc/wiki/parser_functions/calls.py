"""What the parser functions ask of a call: the page view behind its frame, and arguments that may be missing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from luaproc.wiki.interfaces import ArgumentsLike, FrameLike
from luaproc.wiki.language import Language
from luaproc.wiki.preprocessor.frames import Frame
from luaproc.wiki.view import PageView

if TYPE_CHECKING:
    from luaproc.wiki.preprocessor.expansion import Preprocessor


def preprocessor_of(frame: FrameLike) -> Preprocessor:
    """The preprocessor that calls: parser functions are its own, and `FrameLike` hides its frames from Lua's side."""
    assert isinstance(frame, Frame)
    return frame.preprocessor


def view_of(frame: FrameLike) -> PageView:
    """The page view that is expanded."""
    return preprocessor_of(frame).view


def content_language(frame: FrameLike) -> Language:
    """The content language of the frame's site."""
    return preprocessor_of(frame).language


def optional(arguments: ArgumentsLike, index: int) -> str:
    """An argument expanded and trimmed, "" where there is none."""
    return arguments[index] if index < len(arguments) else ""


def rest(arguments: ArgumentsLike, start: int) -> list[str]:
    """The arguments from `start` on, expanded and trimmed."""
    return [arguments[index] for index in range(start, len(arguments))]
