"""The Python that runs doctor, its lupa, and the variables."""

import json
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from luaproc.doctor import users
from tests.doctor.conftest import Make, check

pytestmark = pytest.mark.slow  # starts several Pythons

BASE = ("click", "phpserialize")


@pytest.fixture
def bare(place: Path) -> Path:
    """A directory with all that luaproc needs but lupa."""
    import luaproc

    (place / "luaproc").symlink_to(Path(luaproc.__file__).parent)
    for name in BASE:
        spec = find_spec(name)
        assert spec
        assert spec.origin
        origin = Path(spec.origin)
        source = origin.parent if origin.name == "__init__.py" else origin
        (place / source.name).symlink_to(source)
    return place


def doctor(directory: Path, *words: str) -> dict[str, dict[str, Any]]:
    """What doctor says, run by a Python that has nothing but this directory; check -> its entry."""
    code = f"import sys; sys.path.insert(0, {str(directory)!r}); from luaproc.entry import main; main()"
    done = subprocess.run(
        [sys.executable, "-IS", "-c", code, "doctor", "--json", "--user", users.myself().name, *words],
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert done.returncode == 1, done.stderr
    assert done.stderr == ""
    document = json.loads(done.stdout)
    assert not document["works"]
    return {entry["check"]: entry for entry in document["checks"]}


def test_lupa_missing(bare: Path) -> None:
    """Doctor runs without it, and says so; that the luaPath cannot work then shows, too."""
    program = bare / "bin" / "luaproc"
    program.parent.mkdir()
    # A launcher of this environment, as far as doctor can tell.
    program.write_text(
        f"#!{sys.executable} -IS\nimport sys\nsys.path += {[str(Path(find_package()))]!r}\nimport lupa\n"
    )
    program.chmod(0o755)
    found = doctor(bare, "--lua", str(program))
    assert found["lupa"]["level"] == "failed"
    assert "lupa is not installed" in found["lupa"]["text"]
    assert "pip install" in found["lupa"]["advice"]
    assert found["modules"]["level"] == "failed"
    assert "there is no lupa" in found["modules"]["text"]


@pytest.mark.slow  # each starts several Pythons
def test_lupa_missing_here_and_not_needed(bare: Path) -> None:
    """A luaPath of another environment has a lupa of its own, or needs none."""
    assert doctor(bare, "--lua", "/bin/sh")["lupa"]["level"] == "warning"


@pytest.mark.slow  # each starts several Pythons
def test_lupa_of_another_platform(bare: Path) -> None:
    """Copied from another machine: the extension is there, and cannot be loaded."""
    (bare / "lupa").mkdir()
    (bare / "lupa" / "__init__.py").write_text("")
    (bare / "lupa" / "lua51.abi3.so").write_bytes(b"not for this machine")
    found = doctor(bare, "--lua", "/bin/sh")["lupa"]
    assert "lupa is installed and does not work" in found["text"]


@pytest.mark.slow  # each starts several Pythons
def test_lupa_that_kills_whoever_loads_it(bare: Path) -> None:
    """A file that was cut short; built for another CPU is the same by another signal. Doctor itself lives."""
    (bare / "lupa").mkdir()
    (bare / "lupa" / "__init__.py").write_text("")
    source = find_spec("lupa.lua51")
    assert source
    assert source.origin
    (bare / "lupa" / Path(source.origin).name).write_bytes(Path(source.origin).read_bytes()[:1000])
    found = doctor(bare, "--lua", "/bin/sh")["lupa"]
    assert found["text"].startswith("lupa is installed and does not work: runtime 'lua51': ")


@pytest.mark.parametrize("missing", BASE)
def test_a_package_of_the_commands_is_missing(bare: Path, missing: str) -> None:
    """A wiki is served without it; who asks doctor hears which, and how it is installed."""
    for path in bare.glob(f"{missing}*"):
        path.unlink()
    code = f"import sys; sys.path.insert(0, {str(bare)!r}); from luaproc.entry import main; main()"
    done = subprocess.run([sys.executable, "-IS", "-c", code, "doctor"], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    expected = f"luaproc: this needs the package {missing}: {sys.executable} -m pip install {missing}\n"
    assert done.stderr == expected


@pytest.mark.slow  # each starts several Pythons
def test_lupa_of_a_distribution_with_another_lua(bare: Path) -> None:
    """Debian's python3-lupa may have one runtime only, and that one not 5.1."""
    (bare / "lupa").mkdir()
    (bare / "lupa" / "__init__.py").write_text("")
    assert "lupa has no lua51" in doctor(bare, "--lua", "/bin/sh")["lupa"]["text"]


def test_this_lupa(healthy: Path, make: Make) -> None:
    finding = check("lupa", make(healthy))
    assert finding.level == "ok"
    assert "with lua51" in finding.text


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("LUAPROC_RUNTIME", "lua99", "unknown runtime 'lua99': expected one of lua51, luajit21"),
        ("LUAPROC_MAX_MEMORY", "lots", "LUAPROC_MAX_MEMORY expects bytes"),
        ("LUAPROC_MAX_CPU", "0", "LUAPROC_MAX_CPU expects seconds"),
    ],
)
def test_variables_that_cannot_be_met(healthy: Path, make: Make, name: str, value: str, expected: str) -> None:
    finding = check("variables", make(healthy, environment={name: value}))
    assert finding.level == "failed"
    assert expected in finding.text


def test_unknown_runtime_shows_at_the_start_as_well(healthy: Path, make: Make) -> None:
    finding = check("version", make(healthy, environment={"LUAPROC_RUNTIME": "lua99"}))
    assert finding.level == "failed"
    assert "exited with status 2" in finding.text
    assert "lua99" in finding.text


def test_variables_of_this_shell(healthy: Path, make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    """They reach the server that is checked, and the web server perhaps not."""
    examined = make(healthy)
    assert check("variables", examined).level == "ok"
    monkeypatch.setenv("LUAPROC_RUNTIME", "luajit21")
    examined = type(examined)(lua=str(healthy), user=examined.user)
    finding = check("variables", examined)
    assert finding.level == "warning"
    assert finding.advice.endswith("`luaproc link PATH --runtime luajit21`")
    assert "LuaJIT" in check("version", examined).text


def find_package() -> str:
    """The directory that this luaproc lies in."""
    import luaproc

    return str(Path(luaproc.__file__).parent.parent)
