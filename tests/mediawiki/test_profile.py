"""A wiki's pages, profiled: the launcher says where to, PHP ends each server with SIGTERM, the page is as before."""

from pathlib import Path

import pytest

from luaproc.install import launchers
from luaproc.profiling import folded
from tests.mediawiki.installation import Engine, Wiki, engines
from tests.mediawiki.normal import html as normal

# MediaWiki and PHP render pages here.
pytestmark = pytest.mark.real

MODULE = """local p = {}
local function sum( n )
	local s = 0
	for i = 1, n do s = s + i % 7 end
	return s
end
function p.main( frame )
	local s = sum( 2e6 )
	return frame:preprocess( '{{#invoke:Burn|inner}}' ) .. s
end
function p.inner()
	local s = sum( 1e6 )
	return s
end
function p.forever()
	while true do
		sum( 1000 )
	end
end
return p
"""


def test_a_real_page_leaves_its_profile(wiki: Wiki, tmp_path: Path) -> None:
    """Nested #invokes are below what called them; a page past its CPU limit leaves its profile and its stack, too."""
    launcher, profile = tmp_path / "lua", tmp_path / "wiki.folded"
    launchers.install(launcher, ["--profile", str(profile)])
    engine = Engine("profiled", str(launcher))
    wiki.edit("Module:Burn", MODULE, engine=engines("lua51")[0])
    text = "{{#invoke:Burn|main}}"
    page = wiki.run("parse.php", engine=engine, stdin=text)
    assert normal(page) == normal(wiki.run("parse.php", engine=engines("lua51")[0], stdin=text))
    stacks = folded.read(profile.read_bytes())
    functions = {use.name for use in folded.uses(stacks)}
    assert {"sum (Module:Burn:2)", "? (Module:Burn:7)", "? (Module:Burn:11)"} <= functions
    main, inner, total = "? (Module:Burn:7)", "? (Module:Burn:11)", "sum (Module:Burn:2)"
    assert any(main in stack and inner in stack and stack.index(main) < stack.index(inner) for stack in stacks)
    assert any(stack[-2:] == (main, total) for stack in stacks)
    before = sum(stacks.values())
    limit = "$wgScribuntoEngineConf['luastandalone']['cpuLimit'] = 1;"
    page = wiki.run("parse.php", engine=engine, extra=limit, stdin="{{#invoke:Burn|forever}}")
    assert "The time allocated for running scripts has expired" in page
    stacks = folded.read(profile.read_bytes())
    assert sum(stacks.values()) > before
    assert "? (Module:Burn:15)" in {use.name for use in folded.uses(stacks)}
    assert "of 1 seconds of CPU time are used up" in wiki.error_file(engine).read_text()
