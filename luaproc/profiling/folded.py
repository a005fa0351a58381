"""Folded stacks (Brendan Gregg's format): a line is the frames, root first, `;` between them, a space and a count.

luaproc's count is microseconds of CPU time. Lines of one stack add up.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

from luaproc.errors import LuaprocError

Stacks = dict[tuple[str, ...], int]
"""Frames, root first -> microseconds."""


class ProfileError(LuaprocError):
    """A file is no profile."""


class FunctionUse(NamedTuple):
    """A function's microseconds: own (it was the innermost) and total (it was anywhere on the stack)."""

    name: str
    own: int
    total: int


def read(record: bytes, name: str = "the profile") -> Stacks:
    """The stacks of a file, summed up; lines that are cut are left out. Raises `ProfileError` where most are none."""
    found: Stacks = {}
    good = bad = 0
    for line in record.decode("utf-8", "backslashreplace").split("\n"):
        stack, _, count = line.rpartition(" ")
        if stack and count.isascii() and count.isdigit() and len(count) < 19:
            frames = tuple(stack.split(";"))
            found[frames] = found.get(frames, 0) + int(count)
            good += 1
        elif line:
            bad += 1
    if bad > good:
        raise ProfileError(f"{name} is no profile: expected lines of frames and a count, as 'main;helper 1200'")
    return found


def text(stacks: Mapping[tuple[str, ...], int]) -> str:
    """The format's lines, each stack once, in the order of their text: what flamegraph.pl and speedscope read."""
    return "".join(f"{line}\n" for line in sorted(f"{';'.join(frames)} {count}" for frames, count in stacks.items()))


def renamed(stacks: Mapping[tuple[str, ...], int], rename: Callable[[str], str]) -> Stacks:
    """The same stacks with other names of their frames."""
    found: Stacks = {}
    names: dict[str, str] = {}
    for frames, count in stacks.items():
        for frame in frames:
            if frame not in names:
                names[frame] = rename(frame)
        key = tuple(names[frame] for frame in frames)
        found[key] = found.get(key, 0) + count
    return found


def uses(stacks: Mapping[tuple[str, ...], int]) -> list[FunctionUse]:
    """Every function, those with the most time of their own first."""
    own: dict[str, int] = {}
    total: dict[str, int] = {}
    for frames, count in stacks.items():
        own[frames[-1]] = own.get(frames[-1], 0) + count
        for frame in set(frames):
            total[frame] = total.get(frame, 0) + count
    found = [FunctionUse(name, own.get(name, 0), total[name]) for name in total]
    return sorted(found, key=lambda use: (-use.own, -use.total, use.name))
