"""What people and modules give that is wrong: MediaWiki's words where it has some, else one line; never a traceback.

Wikitext and modules are judged by the real wiki: see corpus/bad_input.txt. Here is what a wiki has no words for.
"""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from luaproc.wiki import LuaError, Site, Wiki
from luaproc.wiki.errors import NoSuchTitle, SiteError
from luaproc.wiki.site import Limits
from luaproc.wiki.titles import required
from tests.parts import need

MODULE = """
local p = {}
function p.ok() return 'well' end
function p.decode( frame )
	local n = tonumber( frame.args[1] )
	return tostring( mw.text.jsonDecode( ( '[' ):rep( n ) .. ( ']' ):rep( n ) ) ~= nil )
end
function p.loop() while true do end end
function p.same( value ) return value end
return p
"""


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("a|b", "'a|b': '|' stands in none"),
        ("[[", "'[[': '[' stands in none"),
        ("", "'': there is no name in it"),
        ("Module:", "'Module:': there is no name in it"),
        ("\udcff", r"'\xff': it is not UTF-8"),
        ("a/../b", "'a/../b': '.' and '..' are no parts of one"),
        ("~~~", "'~~~': '~~~' stands in none"),
        ("x" * 256, f"'{'x' * 60}…': it has more than 255 bytes"),
        ("::x", "'::x': it begins with a colon"),
        ("Talk:Talk:x", "'Talk:Talk:x': it is in a talk namespace, and names another namespace"),
        ("a\x1bb", r"'a\x1bb': '\x1b' stands in none"),
        ("en:x", "'en:x': it is another wiki's"),
    ],
)
def test_a_title_that_is_none(text: str, reason: str) -> None:
    """The reason, and no byte that a terminal would obey."""
    site = Site.from_dict({"interwiki": {"en": "https://en.example/$1"}})
    with pytest.raises(NoSuchTitle) as error:
        required(site, text)
    assert str(error.value) == f"expected a page's title, got {reason}"


@pytest.mark.parametrize(
    ("members", "said"),
    [
        ({"limits": {"lua_seconds": "x"}}, "s: limits.lua_seconds: expected a whole number above 0, got 'x'"),
        ({"limits": {"lua_seconds": -1}}, "s: limits.lua_seconds: expected a whole number above 0, got -1"),
        ({"limits": {"bytes": True}}, "s: limits.bytes: expected a whole number above 0, got True"),
        ({"limits": {"depth": 2**70}}, "s: limits.depth: expected a whole number above 0, got 1180591620717411303424"),
        ({"stubs": {"a|b": ""}}, "s: stubs: expected a page's title, got 'a|b': '|' stands in none"),
    ],
)
def test_a_site_that_is_wrong(members: dict[str, object], said: str) -> None:
    """File and key."""
    with pytest.raises(SiteError) as error:
        Site.from_dict(members, "s")
    assert str(error.value) == said


def test_settings_of_too_many_levels(tmp_path: Path) -> None:
    """Python's readers of JSON and TOML give up with an error of their own."""
    from luaproc.wiki import configuration

    (tmp_path / "site.json").write_text("[" * 100_000)
    (tmp_path / "luaproc.toml").write_text("pages = " + "[" * 100_000)
    with pytest.raises(SiteError, match=r"site.json: expected JSON"):
        Site.load(tmp_path / "site.json")
    with pytest.raises(SiteError, match=r"luaproc.toml: expected TOML"):
        configuration.find(tmp_path)


@pytest.fixture(scope="module")
def wiki() -> Iterator[Wiki]:
    need("mediawiki")
    with Wiki({"Module:M": MODULE}, mediawiki=False, site=Site(limits=Limits(lua_seconds=1))) as wiki:
        yield wiki


@pytest.mark.real
@pytest.mark.parametrize("levels", [101, 511, 600])
def test_values_that_are_too_deep_for_the_wire(wiki: Wiki, levels: int) -> None:
    """PHP ends the page with an exception at 101 levels; here one module fails, and the page goes on."""
    page = wiki.expand(f"{{{{#invoke:M|decode|90}}}} {{{{#invoke:M|decode|{levels}}}}} {{{{#invoke:M|ok}}}}")
    assert page.text.startswith("true <strong")
    assert "levels" in page.text or "stack depth" in page.text
    assert page.text.endswith("</strong> well")


@pytest.mark.real
def test_values_from_python_that_lua_does_not_have(wiki: Wiki) -> None:
    """`luaproc.wiki`'s own error for each, and the next call is well."""
    deep: list[object] = []
    for _ in range(3000):
        deep = [deep]
    module = wiki.module("M")
    for value in (object(), deep, 2**70, {None: 1}, {"a": {1, 2}}):
        with pytest.raises(LuaError):
            module.call("same", value)
    assert module.call("same", "x") == "x"
    for name, function in (("Nobody", "x"), ("M", "nothing"), ("M", "")):
        with pytest.raises(LuaError, match=r"No such module|does not exist"):
            wiki.module(name).call(function)


@pytest.mark.real
def test_a_server_that_dies_is_replaced(wiki: Wiki) -> None:
    """The page says so, and so do its other modules; what needs no Lua goes on, and so does the next page."""
    page = wiki.expand("{{#invoke:M|ok}} {{#invoke:M|loop}} {{#invoke:M|ok}} {{uc:end}}")
    assert page.text.startswith("well <strong")
    assert page.text.count("The time allocated for running scripts has expired.") == 2
    assert page.text.endswith(" END")
    assert wiki.expand("{{#invoke:M|ok}}").text == "well"


@pytest.mark.real
@pytest.mark.slow  # a process for each row
@pytest.mark.parametrize(
    ("words", "status"),
    [
        (["invoke", "M", "decode", "101"], 1),
        (["eval", "=" + "(" * 300], 1),
        (["eval", "--json", "=mw.text.jsonDecode(('['):rep(300) .. (']'):rep(300))"], 1),
        (["expand", "x", "--title", "a\x1b[31m|b"], 2),
        (["dump", "Template:M"], 1),
        (["dump", "M"], 1),
        (["eval", "1", "--seed", "9" * 30], 2),
        (["console", "-e", "=mw.text.jsonDecode(('['):rep(300) .. (']'):rep(300))"], 1),
        (["expand", "{{#invoke:M|ok}}", "--json", "--server", "false"], 1),
    ],
)
def test_commands_end_in_a_line(tmp_path: Path, words: list[str], status: int) -> None:
    """The status, no traceback of Python's, no control byte; JSON is whole or not there."""
    need("mediawiki")
    (tmp_path / "M.lua").write_text(MODULE)
    done = subprocess.run(
        [sys.executable, "-m", "luaproc", "wiki", *words],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env={**os.environ, "PYTHONIOENCODING": "utf-8"},
        timeout=300,
    )
    assert done.returncode == status, done
    assert done.stderr != ""
    assert "Traceback" not in done.stderr
    assert "\x1b" not in done.stderr
    assert done.stdout == "" or (done.stdout.startswith("{\n") and done.stdout.endswith("\n}\n"))


@pytest.mark.real
@pytest.mark.parametrize("words", [["expand", "{{#invoke:M|ok}}"], ["eval", "1"]], ids=" ".join)
def test_the_last_words_of_a_server_are_told(tmp_path: Path, words: list[str]) -> None:
    """MediaWiki's words say that it has ended, and no more; why stands in errorFile, which nobody has here."""
    need("mediawiki")
    (tmp_path / "M.lua").write_text(MODULE)
    done = subprocess.run(
        [sys.executable, "-m", "luaproc", "wiki", *words, "--server", "sh -c 'echo no room here >&2; exit 3'"],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        timeout=300,
    )
    assert done.stderr.splitlines() == [
        "Lua error: Internal error: The interpreter exited with status 3.",
        "the interpreter exited with status 3 - no room here",
    ]
