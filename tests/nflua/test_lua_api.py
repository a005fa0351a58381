"""`require 'nflua'`: each entry of the document's index, in Lua, through a real socket."""

import pytest

from tests.nflua.conftest import lua

pytestmark = pytest.mark.slow  # starts luaproc lua for each test

HEAD = """
local nflua = require 'nflua'
local c = nflua.control()
local function reply() return c:receive() end
local function make(name) assert(c:create(name, 100000, 65536)) assert(c:receive()) end
local ECHO = "function __receive_callback(port, d) require'nf'.netlink(port, nil, d) end"
"""

# Entry of the index -> what is run, what it prints.
INDEX = {
    "nflua.control": ("print(type(nflua.control()), nflua.control(4711):getpid())", "userdata\t4711\n"),
    "nflua.data": ("print(type(nflua.data()), (nflua.data(4712):getpid()))", "userdata\t4712\n"),
    "nflua.datamaxsize": ("print(nflua.datamaxsize)", "4012\n"),
    "nflua.defaultmaxallocbytes": ("print(nflua.defaultmaxallocbytes)", "32768\n"),
    "nflua.fragsize": ("print(nflua.fragsize)", "3748\n"),
    "nflua.maxstates": ("print(nflua.maxstates)", "904\n"),
    "nflua.scriptnamemaxsize": ("print(nflua.scriptnamemaxsize)", "255\n"),
    "nflua.statenamemaxsize": ("print(nflua.statenamemaxsize)", "64\n"),
    "control:close": (
        "print(c:close()) print(pcall(c.close, c))",
        "true\nfalse\tbad argument #1 to '?' (socket closed)\n",
    ),
    "control:getfd": ("print(c:getfd() > 2)", "true\n"),
    "control:getpid": ("print(c:getpid() >= 2^31)", "true\n"),
    "control:getstate": (
        "print(c:getstate()) c:create('s') print(c:getstate()) c:receive() print(c:getstate())",
        "ready\nwaiting\nready\n",
    ),
    "control:create": (
        "print(c:create('a', 1000, 65536, 'd')) print(reply()) print(c:create('a')) print(reply()) "
        "print(pcall(c.create, c, ('x'):rep(64))) print(pcall(c.create, c, 'b', 1, 40000, 'x'))",
        "true\ntrue\ntrue\nnil\toperation could not be completed\t-17\tstate already exists: a\n"
        "false\tbad argument #2 to '?' (name too long)\nfalse\tbad argument #5 to '?' (unknown flags, expected 'd')\n",
    ),
    "control:destroy": (
        "make 'a' print(c:destroy('a')) print(reply()) c:destroy('a') print(reply())",
        "true\ntrue\nnil\toperation could not be completed\t-2\tlua state not found\n",
    ),
    "control:execute": (
        "make 'a' print(c:execute('a', 'x = 1')) print(reply()) c:execute('a', 'error(x)', '=name') print(reply()) "
        "print(c:execute('a', '')) print(c:execute('a', ('x'):rep(59969))) print(c:getstate()) "
        "c:execute('a', 'x = 2' .. (' '):rep(59963)) print(reply())",
        "true\ntrue\nnil\toperation could not be completed\t-22\t1\n"
        "nil\tOperation not permitted\t-1\nnil\tOperation not permitted\t-1\nready\ntrue\n",
    ),
    "control:list": (
        "for i = 1, 60 do make('s' .. i) end print(c:list()) print(c:receive()) print(c:getstate()) "
        "local l = c:receive() print(#l, l[60].name, l[60].maxruns, l[60].maxalloc, l[60].flags)",
        "true\nnil\tpending\nreceiving\n60\ts60\t100000\t65536\t\n",
    ),
    "control:receive": (
        "print(c:receive()) c:create('a') print(c:create('b')) print(reply())",
        "nil\tOperation not permitted\t-1\nnil\tOperation not permitted\t-1\ntrue\n",
    ),
    "data:close": (
        "local d = nflua.data() print(d:close()) print(pcall(d.getfd, d))",
        "true\nfalse\tbad argument #1 to '?' (socket closed)\n",
    ),
    "data:getfd": ("print(nflua.data():getfd() > 2)", "true\n"),
    "data:getpid": ("print(nflua.data(99):getpid())", "99\n"),
    "data:send": (
        "make 'a' c:execute('a', ECHO) c:receive() local d = nflua.data() print(d:send('a', data.new('hi'))) "
        "print(d:send('nobody', data.new('hi'))) local b = data.new(4012) d:receive(b, 0) print(d:receive(b, 0)) "
        "print(d:send('a', data.new(4013))) print(pcall(d.send, d, 'a', 'text'))",
        "true\ntrue\nnil\tProtocol error\t-71\nnil\tOperation not permitted\t-1\n"
        "false\tbad argument #3 to '?' (expected ldata object)\n",
    ),
    "data:receive": (
        "make 'a' c:execute('a', ECHO) c:receive() local d, b = nflua.data(), data.new(4100) "
        "d:send('a', data.new('hello')) print(d:receive(b, 7)) print(tostring(b:segment(7, 5))) "
        "print(pcall(d.receive, d, b, 100)) print(pcall(d.receive, d, 'x', 0))",
        "5\ta\nhello\nfalse\tbad argument #3 to '?' (not enough space in buffer)\n"
        "false\tbad argument #2 to '?' (expected ldata object)\n",
    ),
}  # fmt: skip


@pytest.mark.parametrize("runtime", ["lua51", "luajit21"])
@pytest.mark.parametrize("entry", INDEX)
def test_the_index(server: str, entry: str, runtime: str) -> None:
    code, expected = INDEX[entry]
    assert lua(server, HEAD + code, runtime) == expected


def test_the_index_is_whole() -> None:
    assert len(INDEX) == 22


@pytest.mark.parametrize("runtime", ["lua51", "luajit21"])
def test_contracts_that_are_broken(server: str, runtime: str) -> None:
    code = """
for _, port in ipairs{ 0, 2^31, 1.5, -1 } do print(select(2, pcall(nflua.control, port))) end
print(select(2, pcall(nflua.data, {})))
nflua.control(50) print(nflua.control(50))
print(select(2, pcall(function() c:create(('x'):rep(64)) end)))
local d = nflua.data()
print(select(2, pcall(c.getstate, d))) print(select(2, pcall(d.send, c, 'a', data.new(1))))
print(select(2, pcall(d.close, 5)))
c:close() print(select(2, pcall(function() c:list() end)))
"""
    said = lua(server, HEAD + code, runtime).splitlines()
    assert said == [
        *["bad argument #1 to 'nflua.control' (must be in range [0, 2^31))"] * 4,
        "bad argument #1 to 'nflua.data' (must be integer or nil)",
        "nil\tAddress already in use\t-98",
        "stdin:11: bad argument #1 to 'create' (name too long)",
        "bad argument #1 to '?' (control socket expected, got userdata)",
        "bad argument #1 to '?' (data socket expected, got userdata)",
        "bad argument #1 to '?' (data socket expected, got number)",
        "stdin:15: calling 'list' on bad self (socket closed)",
    ]


def test_no_server() -> None:
    assert (
        lua("2:1111111111", HEAD + "print(c:create('a')) print(c:getstate())")
        == "nil\tConnection refused\t-111\nready\n"
    )


def test_sockets_are_closed_by_the_collector(server: str) -> None:
    code = "nflua.control(60) collectgarbage() collectgarbage() print(type(nflua.control(60)))"
    assert lua(server, HEAD + code) == "userdata\n"
