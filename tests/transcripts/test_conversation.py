"""Who answers whom, how deep, and how long it took."""

from pathlib import Path

import pytest

from luaproc.transcripts.conversation import follow
from luaproc.transcripts.reader import read
from luaproc.wire.messages import Call, Error, GetStatus, LoadString, RegisterLibrary, Return, WrapPhpFunction
from luaproc.wire.values import FunctionRef
from tests.transcripts.making import Said, conversation

# One millisecond lies between any two of them.
NESTED: list[Said] = [
    ("host", RegisterLibrary(b"mw", {b"get": b"mw-1"})),  # 1
    ("responder", Return()),
    ("host", LoadString(b"...", b"=Module:A")),
    ("responder", Return((5,))),
    ("host", Call(5)),  # 5
    ("responder", Call(b"mw-1", ())),
    ("host", GetStatus()),
    ("responder", Return()),
    ("host", Call(5)),  # 9
    ("responder", Error(b"no", ())),
    ("host", Return()),
    ("responder", Return(({b"main": FunctionRef(6)}, FunctionRef(8)))),  # 12
    ("host", Call(6)),
    ("responder", Return()),
    ("host", WrapPhpFunction(b"mw-1")),
    ("responder", Return((FunctionRef(7),))),
]


def test_depth_and_pairs(tmp_path: Path) -> None:
    """A reply stands as deep as its request."""
    steps = follow(read(conversation(tmp_path / "t.jsonl", NESTED))).steps
    assert [step.depth for step in steps] == [0, 0, 0, 0, 0, 1, 2, 2, 2, 2, 1, 0, 0, 0, 0, 0]
    pairs = {(1, 2), (3, 4), (5, 12), (6, 11), (7, 8), (9, 10), (13, 14), (15, 16)}
    found = {(n, steps.index(step.partner) + 1) for n, step in enumerate(steps, 1) if step.is_request and step.partner}
    assert found == pairs


def test_times(tmp_path: Path) -> None:
    """Each gap belongs to the side that had something to do; a request's own time is without what the other took."""
    conversation_ = follow(read(conversation(tmp_path / "t.jsonl", NESTED)))
    times = conversation_.times
    # Between two frames lies 1 ms: after PHP's Lua works, after Lua's PHP does, or is elsewhere when nothing waits.
    assert [round(seconds * 1000) for seconds in (times.lua, times.php, times.waiting)] == [8, 3, 4]
    assert times.total == pytest.approx(0.015)
    outer, callback = conversation_.steps[4], conversation_.steps[5]
    assert outer.seconds == pytest.approx(0.007)
    assert outer.own_seconds == pytest.approx(0.002)
    assert callback.seconds == pytest.approx(0.005)
    assert callback.own_seconds == pytest.approx(0.003)
    assert conversation_.php["mw.get"].calls == 1
    assert conversation_.lua["Module:A"].calls == 2
    assert conversation_.lua["Module:A"].seconds == pytest.approx(0.003)


def test_names(tmp_path: Path) -> None:
    """Functions have the names under which they were loaded, registered or returned."""
    steps = follow(read(conversation(tmp_path / "t.jsonl", NESTED))).steps
    assert [steps[n].name for n in (0, 2, 4, 5, 6, 12, 14)] == [
        "registerLibrary mw",
        "loadString Module:A",
        "Module:A",
        "mw.get",
        "getStatus",
        "Module:A: main",
        "wrapPhpFunction mw-1",
    ]


def test_what_is_no_conversation_is_taken_as_it_comes(tmp_path: Path) -> None:
    """Replies to nothing, bodies that are no message, requests without an answer."""
    said: list[Said] = [
        ("responder", Return()),
        ("host", b"nonsense"),
        ("host", GetStatus()),
        ("responder", b"i:1;"),
        ("host", GetStatus()),
    ]
    steps = follow(read(conversation(tmp_path / "t.jsonl", said))).steps
    assert steps[0].problem == "a reply, and nothing was asked"
    assert steps[1].problem is not None
    assert steps[3].problem is not None
    assert steps[4].seconds is None
