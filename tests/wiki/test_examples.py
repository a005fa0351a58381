"""The example of a cluster, run as a person runs it."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLE = Path(__file__).parents[2] / "examples" / "pages_over_dask.py"


@pytest.mark.slow  # a scheduler and its workers start
def test_pages_over_dask(tmp_path: Path) -> None:
    """Processes of a local cluster expand each page once, with templates; modules of the folder are no pages."""
    for folder in ("Main", "Template", "Module"):
        (tmp_path / folder).mkdir()
    for number in range(120):
        (tmp_path / "Main" / f"P{number}.wikitext").write_text(f"{{{{Hi|{number}}}}}")
    (tmp_path / "Template" / "Hi.wikitext").write_text("Hello, {{#expr: {{{1|0}}} + 1 }}")
    (tmp_path / "Module" / "M.lua").write_text("return {}")
    ran = subprocess.run(
        [sys.executable, str(EXAMPLE), str(tmp_path)], cwd=tmp_path, capture_output=True, text=True, timeout=240
    )
    assert ran.returncode == 0, ran.stderr
    documents = [json.loads(line) for line in ran.stdout.splitlines()]
    assert {document["title"]: document["text"] for document in documents} == {
        "Template:Hi": "Hello, 1",
        **{f"P{number}": f"Hello, {number + 1}" for number in range(120)},
    }
    assert len(documents) == 121
