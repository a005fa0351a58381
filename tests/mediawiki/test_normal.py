"""The comparison of renderings forgives measurements and server frames, and nothing else."""

from tests.mediawiki import normal

REPORT = """<p>CPU time 1.234</p>
<!--
NewPP limit report
Cached time: 20261121000437
CPU time usage: 0.068 seconds
Preprocessor visited node count: 8/1000000
Lua time usage: 0.020/7 seconds
-->
<!--
Transclusion expansion time report (%,ms,calls,template)
100.00%   12.345      1 -total
 50.00%    6.000      2 Template:Box
-->"""


def test_measurements_go_and_all_else_stays() -> None:
    """Counts, limits and the page's own numbers are compared; times are not."""
    assert normal.html(REPORT) == (
        "<p>CPU time 1.234</p>\n<!--\nNewPP limit report\nCached time: #\nCPU time usage: # seconds\n"
        "Preprocessor visited node count: 8/1000000\nLua time usage: #/7 seconds\n-->\n<!--\n"
        "Transclusion expansion time report (%,ms,calls,template)\n1 -total\n2 Template:Box\n-->"
    )


def trace(*frames: str) -> str:
    """A trace as Scribunto writes it: "where" or "where name"."""
    parts = (frame.partition(" in ") for frame in frames)
    return "".join(
        f"<li><strong>{where}</strong>:" + (f' in function "{name}"</li>' if name else "&#160;?</li>")
        for where, _, name in parts
    )


SERVER_END = (
    "(tail call)",
    "[C] in xpcall",
    "MWServer.lua:99 in handleCall",
    "MWServer.lua:52",
    "mw_main.lua:7",
    "[C]",
)
SERVER_CALL = ("MWServer.lua:70", "(tail call)")


def test_server_frames_go_with_what_leads_to_them() -> None:
    """Tail calls and C functions of a module stay, even where they touch the server's frames."""
    module = ("[C] in rep", "Module:A:1 in f", "(tail call)", "[C] in pcall", "mw.lua:5")
    assert normal.frames(trace("(tail call)", "[C] in error", *module, *SERVER_END)) == [trace(f) for f in module]
    assert normal.frames(trace(*module)) == [trace(f) for f in module]


def test_server_frames_go_in_the_middle_too() -> None:
    """An error in an #invoke inside an #invoke has the server's frames twice; the module's own tail call stays."""
    inner, outer = ("Module:A:1", "mw.lua:2"), ("(tail call)", "Module:B:1", "mw.lua:2")
    middle = (*SERVER_END[:4], *SERVER_CALL)
    assert normal.frames(trace(*inner, *middle, *outer, *SERVER_END)) == [trace(f) for f in inner + outer]
