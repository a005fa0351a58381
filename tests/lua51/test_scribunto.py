"""Scribunto's own server inside the interpreter: the reference, on a machine without any Lua."""

import subprocess
from pathlib import Path

import pytest

from luaproc.wire import framing, serialization
from tests.parts import SCRIBUNTO, need

MAIN = SCRIBUNTO / "engines" / "LuaStandalone" / "mw_main.lua"

# Lua expressions as PHP sends them: load, call with values of all kinds, an error with its trace, the end.
MESSAGES = (
    b'{["op"]="loadString",["text"]="return function(...) return select(\'#\', ...), ... end",["chunkName"]="=one"}',
    b'{["op"]="call",["id"]=1,["nargs"]=0,["args"]={}}',
    b'{["op"]="call",["id"]=2,["nargs"]=4,["args"]={[1]="a\\"b",[2]=1.5,[4]={[1]=true,["k"]=-3}}}',
    b'{["op"]="loadString",["text"]="local function f() error(\'deep\') end f()",["chunkName"]="=two"}',
    b'{["op"]="call",["id"]=3,["nargs"]=0,["args"]={}}',
    b'{["op"]="loadString",["text"]="x = = 1",["chunkName"]="=three"}',
    b'{["op"]="cleanupChunks",["ids"]={[2]=true}}',
    b'{["op"]="call",["id"]=1,["nargs"]=0,["args"]={}}',
    b'{["op"]="quit"}',
)


def converse(command: list[str]) -> "subprocess.CompletedProcess[bytes]":
    """Send all messages at once, and read what comes until the end."""
    stream = b"".join(framing.encode_frame(body) for body in MESSAGES)
    return subprocess.run(command, input=stream, capture_output=True, timeout=300)


def values(stream: bytes) -> list[object]:
    """The replies, read."""
    decoder = framing.FrameDecoder()
    decoder.receive_data(stream)
    bodies = iter(decoder.next_frame, framing.NEED_DATA)
    return [serialization.loads(framing.unescape(body)) for body in bodies if isinstance(body, bytes)]


@pytest.mark.real
@pytest.mark.parametrize("name", ["lua5.1", "luajit"])
def test_run_script_runs_scribuntos_server(stand_ins: dict[str, Path], name: str) -> None:
    """`--run-script` before mw_main.lua: frames, stderr and status as from the same script on the real Lua."""
    need("mediawiki")
    words = [str(MAIN), str(SCRIBUNTO), "0", "8"]
    ours = converse([str(stand_ins[name]), "--run-script", *words])
    real = converse([need(name), *words])
    assert values(ours.stdout) == values(real.stdout)
    assert len(values(ours.stdout)) == len(MESSAGES) - 1
    if name == "lua5.1":  # LuaJIT walks a table in another order each time.
        assert ours.stdout == real.stdout
    assert (ours.stderr, ours.returncode) == (real.stderr, real.returncode)
