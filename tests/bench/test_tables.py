"""The table says what was measured."""

import json

import pytest

from luaproc.bench import tables
from luaproc.bench.runner import Row, Unit
from luaproc.bench.servers import BARE, Server

OURS, THEIRS, THIRD = Server("ours", ("a",)), Server("theirs", ("b",)), Server("third", ("c",))
ROWS = [
    Row("start", "start", "seconds", {"ours": [0.012, 0.010, 0.011], "theirs": [0.002, 0.002, 0.002]}),
    Row("bare", "against python", "seconds", {"ours": [0.012], BARE.name: [0.008]}),
    Row("virtual", "memory", "bytes", {"ours": [13_500_000], "theirs": [4_400_000]}),
]


def test_ratio_is_of_pairs_and_not_of_medians() -> None:
    """What slows a whole round down, both of them, leaves the ratio alone."""
    found = tables.ratio([1.0, 20.0, 3.0], [2.0, 40.0, 6.0])
    assert found == (0.5, 0.5, 0.5)
    assert tables.ratio([1.0, 2.0, 3.0, 4.0, 5.0], [1.0] * 5) == (3.0, 2.0, 4.0)
    assert tables.ratio([3.0], [2.0]) == (1.5, 1.5, 1.5)


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (0.00000912, "seconds", "9.12 µs"),
        (0.0001234, "seconds", "123 µs"),
        (0.00099996, "seconds", "1.00 ms"),
        (0.0123, "seconds", "12.3 ms"),
        (2.5, "seconds", "2.50 s"),
        (1234.5, "seconds", "1234 s"),
        (13_549_568, "bytes", "13.5 MB"),
    ],
)
def test_figures_have_three_digits_and_a_unit(value: float, unit: Unit, text: str) -> None:
    """Readable side by side."""
    assert tables.figure(value, unit) == text


def test_table_for_a_terminal() -> None:
    """Columns stand under each other."""
    lines = tables.text(ROWS, [OURS, THEIRS]).splitlines()
    assert lines[0].split("  ")[0] == "workload"
    assert len({len(line) for line in lines}) == 1
    assert lines[1].split() == ["start", "11.0", "ms", "2.00", "ms", "5.50", "(5.25–5.75)"]
    assert lines[2].split() == [
        *("against", "python", "12.0", "ms", "python", "8.00", "ms", "to", "python", "1.50", "(1.50–1.50)")
    ]


def test_markdown() -> None:
    """For README: as many cells in every line; a bar in a title does not end its cell."""
    rows = [Row("x", "a | b", "seconds", {"ours": [1.0], "theirs": [2.0], "third": [4.0]}), ROWS[1]]
    lines = tables.markdown(rows, [OURS, THEIRS, THIRD]).splitlines()
    assert lines[0] == (
        "| workload | ours | theirs | third | ratio to theirs (quartiles) | ratio to third (quartiles) |"
    )
    assert lines[1] == "| --- | ---: | ---: | ---: | ---: | ---: |"
    assert lines[2] == "| a \\| b | 1.00 s | 2.00 s | 4.00 s | 0.50 (0.50–0.50) | 0.25 (0.25–0.25) |"
    assert lines[3] == "| against python | 12.0 ms | python 8.00 ms |  | to python 1.50 (1.50–1.50) |  |"


def test_document_holds_every_figure() -> None:
    """Whoever doubts a median can compute another one."""
    found = json.loads(json.dumps(tables.document(ROWS, [OURS, THEIRS], 3, ["a note"])))
    assert found["workloads"][0]["figures"] == ROWS[0].figures
    assert found["workloads"][0]["ratios"]["theirs"]["median"] == pytest.approx(5.5)
    assert found["rounds"] == 3
    assert found["notes"] == ["a note"]
    assert {"cpu", "cpus", "load", "kernel", "python", "lupa", "luaproc"} == set(found["machine"])
    assert found["servers"][0] == {"name": "ours", "command": ["a"], "environment": {}, "version": None}
    assert tables.introduction(found).splitlines()[-1] == "a note"
    assert "median of 3 rounds;" in tables.introduction(found)
    assert "median of 1 round;" in tables.introduction(found | {"rounds": 1})
