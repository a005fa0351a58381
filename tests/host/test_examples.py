"""The library's example, run as a person runs it, on both servers."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.parts import REFERENCE, reference_server

EXAMPLE = Path(__file__).parents[2] / "examples" / "drive_from_python.py"


@pytest.mark.parametrize("server", ["ours", REFERENCE])
def test_example_drives_either_server(server: str) -> None:
    command = [sys.executable, str(EXAMPLE), *(reference_server() if server == "reference" else [])]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == [
        "['Hello, Zürich!', 7]",
        "Module:Greeting, line 5: no such page: Nowhere",
        "one process, 18 frames, its pid is known: True",
    ]
