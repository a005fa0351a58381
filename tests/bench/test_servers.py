"""Commands are understood as people write them, and what cannot be started is said in a sentence."""

import sys
from pathlib import Path

import pytest

from luaproc.bench import runner, servers
from luaproc.bench.servers import Server
from luaproc.errors import UsageError
from luaproc.install.mediawiki import php_words
from tests.install.test_mediawiki import mediawiki
from tests.parts import need


@pytest.mark.real
@pytest.mark.parametrize(("runtime", "lua"), [("lua51", "lua5.1"), ("luajit21", "luajit")])
def test_the_default_opponent_is_what_an_admin_has(tmp_path: Path, runtime: str, lua: str) -> None:
    """The reference server on the Lua that our runtime stands in for."""
    need(lua)
    place = mediawiki(tmp_path)
    assert servers.opponents((), runtime, place) == [Server(lua, (lua,), php_words(place))]


def test_one_word_is_a_lua_path(tmp_path: Path) -> None:
    """So Scribunto's bundled binary is named by its path alone."""
    place = mediawiki(tmp_path)
    (found,) = servers.opponents(("/bin/sh",), "lua51", place)
    assert found == Server("sh", ("/bin/sh",), php_words(place))
    assert found.is_lua_path


def test_a_complete_command_is_kept() -> None:
    """Words of the shell's quoting; a page lets PHP write what stands from mw_main.lua on."""
    one, two = servers.opponents(("sh '/a b/mw_main.lua' /i 0 8", "sh -c 'exec some server'"), "lua51", None)
    assert one == Server("sh", ("sh",), ("/a b/mw_main.lua", "/i", "0", "8"))
    assert one.is_lua_path
    assert two.command == ["sh", "-c", "exec some server"]
    assert not two.is_lua_path


def test_names_are_all_different(tmp_path: Path) -> None:
    """Figures are kept by name: two servers of one name would be mixed up."""
    found = servers.opponents(("sh", "/bin/sh", "sh"), "lua51", mediawiki(tmp_path))
    assert [server.name for server in found] == ["sh", "sh #2", "sh #3"]
    ours = Path(sys.executable).with_name("luaproc")
    (other,) = servers.opponents((f"{ours} lua51",), "lua51", None)
    assert other.name == "luaproc lua51 #2"


def test_names_are_short() -> None:
    """A column is as wide as its title."""
    (found,) = servers.opponents(("sh -c 'exec a server with ever so many words of its own'",), "lua51", None)
    assert found.name == "sh -c exec a server…"


@pytest.mark.parametrize(
    ("command", "said"),
    [
        ("", "--against expects a command, and an empty one came"),
        ("lua 'x", '--against expects a command, got "lua \'x": No closing quotation'),
        ("/x/mw_main.lua /x 0 8", "name the interpreter before /x/mw_main.lua"),
        ("no-such-lua a b", "no-such-lua is not a command that can be executed"),
        ("sh", "no MediaWiki with Scribunto in /usr/share/mediawiki, .*--mediawiki DIR says where"),
    ],
)
def test_what_cannot_be_started_is_said(command: str, said: str) -> None:
    """Before any time is spent."""
    with pytest.raises(UsageError, match=said):
        servers.opponents((command,), "lua51", None)


def test_ambient_variables_change_no_figure(monkeypatch: pytest.MonkeyPatch) -> None:
    """A log for every message, or a LUA_INIT, would be measured with the server."""
    monkeypatch.setenv("LUAPROC_LOG", "/tmp/log")
    monkeypatch.setenv("LUA_INIT", "x()")
    monkeypatch.setenv("LANG", "C")
    found = servers.environment(Server("x", ("x",), (), (("LUAPROC_RUNTIME", "lua51"),)))
    assert {k: v for k, v in found.items() if k.startswith("LUA")} == {"LUAPROC_RUNTIME": "lua51"}
    assert found["LANG"] == "C"


@pytest.mark.real
def test_versions_are_what_php_would_show(ours: Server, reference: Server) -> None:
    """The first line of -v; a server that is no luaPath is not asked."""
    assert str(servers.version(ours)).startswith("Lua 5.1")
    assert str(servers.version(reference)).startswith("Lua 5.1")
    assert servers.version(Server("x", ("sh", "-c", "exit"))) is None


@pytest.mark.slow  # starts a launcher
def test_ours_is_a_launcher_that_is_gone_afterwards() -> None:
    """The start that README advises is the one that is measured; without a Scribunto it serves all the same."""
    with servers.ours("luajit21", None) as found:
        (path,) = found.words
        assert found.arguments == ("serve",)
        assert "'--runtime=luajit21'" in Path(path).read_text()
        runner.try_out(found)
    assert not Path(path).exists()
