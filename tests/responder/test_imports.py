"""What the serve path imports is start-up time on every page view (docs/lupa.md, "Start-up and memory")."""

import subprocess

import pytest

from tests.responder.conftest import LUAPROC, REGISTER, RUNTIMES, call_body, frames, load_body

FORBIDDEN = {
    "click", "phpserialize", "typing", "re", "json", "dataclasses", "asyncio", "contextlib", "functools", "collections",
    "enum", "logging", "pathlib", "subprocess", "socket", "tempfile", "shutil", "argparse", "inspect", "threading",
    "warnings", "traceback", "importlib.metadata", "luaproc.commands", "luaproc.host", "luaproc.wire",
    "os", "_collections_abc",
}  # fmt: skip


def imported(*words: str, stdin: bytes = b"") -> list[str]:
    """Every module that a command line imported, Python's own start included."""
    command = [LUAPROC[0], "-X", "importtime", *LUAPROC[1:], *words]
    done = subprocess.run(command, input=stdin, capture_output=True, timeout=300)
    assert done.returncode == 0, done.stderr
    lines = [line for line in done.stderr.decode().splitlines() if line.startswith("import time:")]
    return [line.rpartition("|")[2].strip() for line in lines]


SESSION = frames(
    REGISTER,
    load_body("local t = {1.5, {a = true}} error(php.f(t) or t)"),
    load_body("x ="),
    '{["op"]="getStatus"}',
    call_body(1),
    '{["op"]="return",["nvalues"]=1,["values"]={[1]={["x"]="y"}}}',
    '{["op"]="wrapPhpFunction",["id"]="f"}',
    '{["op"]="cleanupChunks",["ids"]={}}',
)


@pytest.mark.parametrize("runtime", RUNTIMES)
@pytest.mark.parametrize("words", [["/x/mw_main.lua", "/x", "0", "8"], ["serve", "--int-size", "4"]])
def test_serving_imports_nothing_it_does_not_need(
    words: list[str], runtime: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The whole of a session, not the start alone."""
    monkeypatch.setenv("LUAPROC_RUNTIME", runtime)
    found = imported(*words, stdin=SESSION)
    assert f"lupa.{runtime}" in found
    assert "luaproc.responder.pipes" in found
    assert not FORBIDDEN & set(found)
    assert not [name for name in found if name.startswith("lupa.") and name != f"lupa.{runtime}"]


def test_version_imports_no_more() -> None:
    """Scribunto asks for it on Special:Version and in its tests."""
    assert not FORBIDDEN & set(imported("-v"))


def test_this_would_notice() -> None:
    """The command line for people imports click."""
    assert "click" in imported("--version")


def test_importing_the_package_imports_nothing() -> None:
    """luaproc itself, the parent of all."""
    code = LUAPROC[3].replace("from luaproc.entry import main; main()", "import luaproc")
    command = [LUAPROC[0], "-X", "importtime", "-IS", "-c", code]
    done = subprocess.run(command, capture_output=True, timeout=300)
    names = [line.rpartition("|")[2].strip() for line in done.stderr.decode().splitlines()]
    assert names[-1] == "luaproc"
    assert [name for name in names if name.startswith("luaproc")] == ["luaproc"]
