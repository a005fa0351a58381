"""The server against what clients may do to it, and the command line."""

import json
import os
import random
import signal
import socket
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from luaproc.nflua import Control, Data, Refused, SocketError, wire
from luaproc.nflua.netlink import address as address_of
from luaproc.nflua.netlink import client_socket
from tests.nflua.conftest import Start, luaproc

pytestmark = pytest.mark.slow  # starts servers and commands


def test_eight_clients_at_once(server: str) -> None:
    def work(number: int) -> bool:
        with Control(server=server, timeout=300) as control, Data(server=server, timeout=300) as data:
            control.create(f"c{number}", 0, 1 << 18)
            control.execute(f"c{number}", "function __receive_callback(p, d) require'nf'.netlink(p, nil, d) end")
            for turn in range(50):
                payload = f"{number} {turn}".encode()
                data.send(f"c{number}", payload)
                if data.receive() != (payload, f"c{number}".encode()):
                    return False
        return True

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(work, range(8)))


def resident_mb(start: Start) -> float:
    """Of the server that was started last."""
    pid = start.processes[-1].pid  # type: ignore[attr-defined]
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6


def wait_until_answered(raw: socket.socket, port: int, sequence: int) -> None:
    """Read all replies up to the one to a list that is asked for now."""
    raw.settimeout(60)
    raw.send(wire.encode(wire.LIST, wire.REQUEST, sequence, port))
    while True:
        message = wire.decode(raw.recv(10000))
        if message is not None and (message.type, message.sequence) == (wire.LIST, sequence):
            return


def test_random_datagrams_kill_nothing_and_grow_nothing(start: Start) -> None:
    """3,000 of them: noise, cut and lying headers, bits flipped in good messages. Of what they leave, the states that
    flipped names made are the most."""
    server = start()
    chance = random.Random(5)
    before = 0.0
    raw, port = client_socket(address_of(server), None)
    script = wire.Script(b"x", b"n", b"y = 1 " * 900)
    good = [
        wire.encode(wire.CREATE, wire.REQUEST, 1, port, wire.create_body(wire.State(b"x", 5, 40000, b""))),
        wire.encode(wire.LIST, wire.REQUEST, 1, port),
        wire.encode(wire.DESTROY, wire.REQUEST, 1, port, b"x".ljust(64, b"\0")),
        *(wire.encode(wire.EXECUTE, flags, 1, port, body) for flags, body in wire.execute_messages(script)),
        wire.data_message(b"x", b"payload", 1, port),
    ]  # fmt: skip
    for number in range(3000):
        if number == 1000:  # the heap has found its size: of 12,000 the last 8,000 add 1.6 MB, half of it states
            before = resident_mb(start)
        datagram = bytearray(
            chance.choice(good) if chance.random() < 0.7 else chance.randbytes(chance.randrange(1, 300))
        )
        for _ in range(chance.randrange(4)):
            datagram[chance.randrange(len(datagram))] ^= 1 << chance.randrange(8)
        if chance.random() < 0.2:
            datagram = datagram[: chance.randrange(1, len(datagram) + 1)]
        raw.send(datagram)
        if number % 20 == 0:  # what waits for its turn in a server that lags behind is no growth
            wait_until_answered(raw, port, 1 << 20 | number)
    raw.close()
    with Control(server=server, timeout=300) as control:
        assert len(control.list()) <= 20
        control.create("alive")
    assert resident_mb(start) < before + 4


@pytest.mark.parametrize(
    ("datagram", "reason"),
    [
        (wire.encode(99, wire.REQUEST, 1, 0), "unknown message type 99"),
        (wire.encode(wire.CREATE, wire.REQUEST, 1, 0, b"x"), "a create message's body has 72 or 80 bytes"),
        (wire.encode(wire.LIST, wire.REQUEST, 1, 0)[:-1] + b"xx", "the length in the header"),
        (wire.encode(wire.EXECUTE, 3, 1, 0, b"\0" * 20), "a fragment of a script that did not begin"),
        (wire.encode(wire.DATA, 1, 1, 0, b"\0" * 80), "a data message's flags are 5"),
    ],
)
def test_bad_messages_are_refused_with_a_reason(server: str, datagram: bytes, reason: str) -> None:
    raw, _ = client_socket(address_of(server), None)
    raw.settimeout(30)
    raw.send(datagram)
    message = wire.decode(raw.recv(10000))
    assert message is not None
    assert message.type == wire.ERROR
    assert wire.read_refusal(message).reason.startswith(reason)
    raw.close()


def test_a_port_in_use_is_one_line(server: str) -> None:
    done = luaproc("nflua", "serve", "--socket", server)
    assert (done.returncode, done.stderr) == (1, b"luaproc: Address already in use\n")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
def test_others_are_refused(server: str) -> None:
    """Only root and the server's own user may use it; an answer, and no hang."""
    code = f"""
import os, sys
sys.path[:0] = {sys.path!r}
import luaproc.nflua.client
from luaproc.nflua import Control, Data, Refused
os.setuid(65534)
data = Data(server={server!r}, timeout=300)
data.send("s", b"x")
for call in (Control(server={server!r}, timeout=300).list, data.wait_until_handled):
    try:
        call()
    except Refused as error:
        print(error)
"""
    done = subprocess.run(
        ["/usr/bin/env", "-C", "/", sys.executable, "-c", code],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.stdout == "only root and the user of the server may use it\n" * 2, done.stderr


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_signals_end_it_also_while_lua_runs(start: Start, number: signal.Signals) -> None:
    address = start("lua53")
    with Control(server=address, timeout=300) as control:
        control.create("s", 4_000_000_000, 1 << 20)
        control.send_execute("s", "while true do end")
        process = start.processes[0]  # type: ignore[attr-defined]
        threading.Event().wait(0.3)
        process.send_signal(number)
        assert process.wait(300) == -number
        with pytest.raises(SocketError, match="Connection refused"):
            control.receive()


def test_clients_that_never_read(server: str) -> None:
    with Data(server=server) as deaf, Control(server=server, timeout=300) as control:
        control.create("s", 0, 1 << 18)
        control.execute(
            "s",
            "nf = require 'nf' "
            "function __receive_callback(p, d) for i = 1, 500 do pcall(nf.netlink, p, nil, d) end end",
        )
        for _ in range(5):
            deaf.send("s", b"x" * 4000)
        assert [state.name for state in control.list()] == [b"s"]


def test_the_command_line(server: str) -> None:
    assert (
        luaproc(
            "nflua", "create", "w", "--maxruns", "5000", "--maxalloc", "65536", "--flags", "d", address=server
        ).stdout
        == b""
    )
    code = "function __receive_callback(p, d) require'nf'.netlink(p, nil, tostring(d):upper()) end"
    assert luaproc("nflua", "execute", "w", "-e", code, address=server).returncode == 0
    assert luaproc("nflua", "execute", "w", "-", address=server, stdin=b"x = 1").returncode == 0
    done = luaproc("nflua", "send", "w", "--wait", "20", address=server, stdin=b"hello")
    assert (done.returncode, done.stdout) == (0, b"HELLO\n")
    [row] = json.loads(luaproc("nflua", "list", "--json", address=server).stdout)
    assert (row["name"], row["maxruns"], row["maxalloc"], row["flags"]) == ("w", 5000, 65536, "d")
    table = luaproc("nflua", "list", address=server).stdout.decode().splitlines()
    assert [line.split()[0] for line in table] == ["NAME", "w"]
    done = luaproc("nflua", "execute", "w", "-e", "while true do end", address=server)
    assert (done.returncode, done.stdout, done.stderr) == (1, b"", b"luaproc: instruction limit\n")
    assert luaproc("nflua", "destroy", "w", address=server).returncode == 0
    done = luaproc("nflua", "destroy", "w", address=server)
    assert (done.returncode, done.stderr) == (1, b"luaproc: lua state not found\n")
    done = luaproc("nflua", "send", "w", address=server, stdin=b"x")
    assert (done.returncode, done.stderr) == (1, b"luaproc: lua state not found\n")


@pytest.mark.parametrize(
    ("words", "status"),
    [
        (["list", "--socket", "nonsense"], 2), (["list", "--socket", "2:1111111111"], 1), (["create"], 2),
        (["execute", "s"], 2), (["execute", "s", "/no/such/file"], 2), (["serve", "--runtime", "lua99"], 2),
        (["list", "--socket", "31:0"], 1), (["serve", "--socket", "2:0"], 2), (["create", "s", "--flags", "x"], 2),
        (["create", ""], 2), (["destroy", "x" * 64], 2), (["receive", "4713", "--timeout", "0"], 1),
    ],
)  # fmt: skip
def test_bad_words_are_one_line(words: list[str], status: int) -> None:
    done = luaproc("nflua", *words)
    assert (done.returncode, done.stdout) == (status, b"")
    assert b"Traceback" not in done.stderr


def test_a_refusal_is_one_line(server: str) -> None:
    """Also where a script wrote the reason."""
    luaproc("nflua", "create", "s", address=server)
    done = luaproc("nflua", "execute", "s", "-e", "error('one\\ntwo\\27[31m', 0)", address=server)
    assert (done.returncode, done.stderr) == (1, b"luaproc: one\\x0atwo\\x1b[31m\n")


def test_refused_is_told_to_python(server: str) -> None:
    with Control(server=server, timeout=300) as control:
        control.create("s")
        with pytest.raises(Refused) as caught:
            control.execute("s", "error('why')", "=script")
        assert (caught.value.reason, caught.value.code) == ("script:1: why", -22)
        with pytest.raises(SocketError, match="a state's name has 1 to 63 bytes"):
            control.create("x" * 64)


def test_the_example_with_asyncio(server: str) -> None:
    """Ten states at once: each adds up the numbers to its own."""
    example = Path(__file__).parents[2] / "examples" / "nflua" / "ten_states.py"
    done = subprocess.run(
        [sys.executable, str(example)], capture_output=True, text=True, timeout=300, check=False,
        env={**os.environ, "LUAPROC_NFLUA_SOCKET": server},
    )  # fmt: skip
    assert (done.stdout, done.stderr) == ("[1, 3, 6, 10, 15, 21, 28, 36, 45, 55]\n", "")


def test_the_bench_measures() -> None:
    """Each figure is there, and a state at rest is as small as it was measured to be."""
    done = luaproc("nflua", "bench", "--rounds", "1", "--seconds", "0.05", "--json")
    assert (done.returncode, done.stderr) == (0, b"")
    figures = json.loads(done.stdout)
    assert figures["runtime"] == "lua53"
    assert all(value > 0 for name, value in figures.items() if name != "runtime")
    assert figures["state_kb"] < 110


@pytest.mark.real  # localedef
@pytest.mark.parametrize("runtime", ["lua53", "lua51"])
def test_an_8_bit_locale_changes_no_character_class(start: Start, locales: Path, runtime: str) -> None:
    """As a real Lua, which starts in the C locale: 65 bytes above 127 were letters in the server's."""
    server = start(runtime, LOCPATH=str(locales), LC_ALL="de_DE.ISO-8859-1")
    code = "for i = 128, 255 do local c = string.char(i) assert(not c:find('%a') and c:upper() == c) end"
    with Control(server=server, timeout=300) as control:
        control.create("w", 0, 1 << 18)
        control.execute("w", code)
