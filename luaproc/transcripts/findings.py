"""What a replay found, in words."""

from __future__ import annotations

from collections.abc import Iterator

from luaproc.errors import readable
from luaproc.host.interpreter import shown
from luaproc.transcripts.conversation import PlacedFrame, follow
from luaproc.transcripts.differences import Difference, compare, difference
from luaproc.transcripts.reader import Transcript
from luaproc.transcripts.replay import Replay
from luaproc.transcripts.show import line
from luaproc.transcripts.summary import counted, duration

_AROUND = 3
"""Frames before a difference that are shown, and after it."""


def report(replay: Replay, most: int = 5, width: int = 120) -> Iterator[str]:
    """The lines for one replay: the sum, the first differences, and the frames around them.

    most: differences that are shown. width: characters in a line of the conversation.
    """
    yield (
        f"{replay.transcript.path}: {counted(replay.played, 'frame')} with {shown(replay.server)}, "
        f"{verdict(replay)}; {duration(replay.lua_seconds)} in Lua"
    )
    yield f"  limits: {replay.limits}"
    yield from _differences(replay.transcript, replay.differences, ("recorded", "now"), most, width)
    if replay.stopped is not None:
        yield f"  stopped at line {replay.stopped_at}: " + readable(replay.stopped)
        yield from _around(follow(replay.transcript).steps, replay.stopped_at, width)
    if replay.note:
        yield f"  {replay.note}"


def verdict(replay: Replay) -> str:
    """The result in a few words."""
    count = len(replay.differences)
    found = counted(count, "difference") if count else "no difference"
    return found if replay.stopped is None else f"{found}, not to the end"


def comparison(one: Replay, two: Replay, most: int = 5, width: int = 120) -> tuple[bool, list[str]]:
    """Two replays of one transcript: whether they are alike, and the lines that say so or where they differ."""
    transcript = one.transcript
    found = _between(transcript, one, two)
    lines = [f"{transcript.path}:", f"  limits: {one.limits}"]
    for name, replay in (("A", one), ("B", two)):
        against = f"against the recording {verdict(replay)}"
        lines.append(
            f"  {name}  {duration(replay.lua_seconds):>9} in Lua, {counted(replay.played, 'frame')}, {against}"
        )
        if replay.stopped is not None:
            lines.append(f"     stopped at line {replay.stopped_at}: {readable(replay.stopped)}")
    alike = not found and (one.stopped is None) == (two.stopped is None) and one.stopped_at == two.stopped_at
    if not found:
        lines.append("  A and B answer alike" if alike else "  A and B answer alike, as far as both of them came")
    lines.extend(_differences(transcript, found, ("A", "B"), most, width))
    return alike, lines


def _between(transcript: Transcript, one: Replay, two: Replay) -> list[Difference]:
    found: list[Difference] = []
    for step in follow(transcript).steps:
        number = step.event.line
        if number in one.replies and number in two.replies:
            request = step.partner.message if step.partner and not step.is_request else None
            places = compare(one.replies[number], two.replies[number], request, lambda a, b: a == b)
            found.extend(difference(number, place) for place in places)
    ends = [[d for d in replay.differences if d.place in ("the end", "the answer")] for replay in (one, two)]
    texts = [replay_ends[0].came if replay_ends else "as recorded" for replay_ends in ends]
    if texts[0] != texts[1]:
        found.append(Difference((ends[0] or ends[1])[0].line, "the end", *texts))
    return found


def _differences(
    transcript: Transcript, differences: list[Difference], names: tuple[str, str], most: int, width: int
) -> Iterator[str]:
    if not differences:
        return
    steps = follow(transcript).steps
    wide = max(map(len, names))
    for number, found in enumerate(differences[:most], 1):
        yield ""
        yield f"  {number}. {transcript.path}:{found.line}: {found.place}"
        yield f"       {names[0]:<{wide}}  {found.recorded}"
        yield f"       {names[1]:<{wide}}  {found.came}"
        following = differences[number].line if number < min(len(differences), most) else None
        if found.line != following:
            yield from _around(steps, found.line, width)
    if len(differences) > most:
        yield ""
        yield f"  and {len(differences) - most} more"


def _around(steps: list[PlacedFrame], number: int, width: int) -> Iterator[str]:
    at = next((place for place, step in enumerate(steps) if step.event.line >= number), len(steps))
    for step in steps[max(0, at - _AROUND) : at + _AROUND + 1]:
        yield f"     {'>' if step.event.line == number else ' '}{line(step, width - 6)}"
