"""Known gaps: what no guard of ours reaches at a price that every page could pay. Each costs the one process, as it
does with a real Lua; README names them. A row that no longer ends its process is good news: move it to its subject."""

import signal

from tests.hostile.attack import LUAJIT, PUC, Attack, ends, returns

ROWS = [
    # PUC Lua's matcher recurses once for each item of the pattern that may repeat or be missing: 48 bytes of C's stack
    # each, 8 MB of stack. A guard in Lua would double the cost of every short string.find.
    Attack(
        "a pattern of 300,000 optional items overflows C's stack",
        "return (string.find(('a'):rep(3e5), ('a?'):rep(3e5)))",
        ends(signal.SIGSEGV),
        runtimes=PUC,
    ),
    Attack(
        "a pattern of 300,000 optional items, behind pcall and PHP",
        "return php.pcall(function() return pcall(string.gsub, ('a'):rep(3e5), ('a-'):rep(3e5) .. 'b', '') end)",
        ends(signal.SIGSEGV),
        runtimes=PUC,
    ),
    # No way from these to anything else, but they say where things lie in memory.
    Attack(
        "LuaJIT's string.format shows addresses",
        "return string.format('%s', {}):match('^table: 0x') ~= nil, string.format('%p', {}):match('^0x') ~= nil",
        returns(True, True),
        runtimes=LUAJIT,
    ),
    Attack(
        "LuaJIT has literals of 64-bit integers, whose type and metatable are names only",
        "local n = 12LL return type(n), getmetatable(n), pcall(function() return n.x end)",
        returns(b"cdata", b"ffi", False, b"m:1: 'int64_t' has no member named 'x'"),
        runtimes=LUAJIT,
    ),
]
