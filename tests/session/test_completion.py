"""What can stand at the cursor, in a session that has something to offer."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from luaproc.session.completion import complete
from luaproc.session.lines import steps
from luaproc.session.ops import TABLE
from luaproc.session.session import Session
from tests.session.conftest import Silent

SCRIPT = """
:register php exists=true title="x"
:load Module:M <<END
return { greet = function() end, ["a b"] = function() end }
END
:call Module:M
my_global = 1
"""


@pytest.fixture(scope="module")
def session() -> Iterator[Session]:
    with Session(None, Silent()) as session:
        for step in steps(SCRIPT.splitlines()):
            TABLE.execute(session, step)
            session.record.append(step.text)
        yield session


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (":re", [":reload ", ":register ", ":restart "]),
        (":nothing", []),
        (":call ", ['"Module:M.a b"', "1", "2", "3", "4", "Module:M", "Module:M.greet", "greet"]),
        (":call g", ["greet"]),
        (':call "Mod', ['"Module:M"', '"Module:M.a b"', '"Module:M.greet"']),
        (":cleanup k", ["keep"]),
        (":cleanup keep gr", ["greet"]),
        (":wire o", ["off", "on"]),
        (":help wi", ["wire"]),
        (":register p", ["php"]),
        ("x = php.", ["php.exists", "php.title"]),
        ("string.gs", ["string.gsub"]),
        ("stri", ["string"]),
        ("return my_", ["my_global"]),
        (":fails tos", ["tostring"]),
        (":lua php.e", ["php.exists"]),
        ("", []),
        ("f(", []),
    ],
)
def test_candidates(session: Session, text: str, found: list[str]) -> None:
    assert complete(session, text)[1] == found


def test_start_is_that_of_the_word(session: Session) -> None:
    assert complete(session, "x = tos")[0] == 4
    assert complete(session, ":call gr")[0] == 6
    assert complete(session, ":re")[0] == 0


def test_files(session: Session, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "mod[1].lua").touch()
    (tmp_path / "modules").mkdir()
    monkeypatch.chdir(tmp_path)
    assert complete(session, ":load mod")[1] == ["mod[1].lua", "modules" + os.sep]
    monkeypatch.setenv("HOME", str(tmp_path))
    assert complete(session, ":save ~/modu")[1] == ["~/modules" + os.sep]
