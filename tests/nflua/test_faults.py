"""What goes wrong around a server: clients that die, forge, flood or come too late; systems without netlink."""

import os
import signal
import socket
import struct
import subprocess
import sys
import threading
from itertools import pairwise
from pathlib import Path

import pytest

from luaproc.nflua import Control, Data, NfluaError, Refused, SocketError, TimedOut, wire
from luaproc.nflua.netlink import address as address_of
from luaproc.nflua.netlink import client_socket, new_socket
from tests.nflua.conftest import Start, lua, luaproc

pytestmark = pytest.mark.slow  # starts servers and commands


def test_a_script_of_a_client_that_died_is_never_finished_by_another(server: str) -> None:
    """The next holder of the port begins anew; fragments of the dead one's script continue nothing."""
    messages = wire.execute_messages(wire.Script(b"s", b"=n", b"x = 1 " * 1500))
    port = 600_000_000 + os.getpid()
    first, _ = client_socket(address_of(server), port)
    first.send(wire.encode(wire.EXECUTE, messages[0][0], 1, port, messages[0][1]))
    first.close()
    second, _ = client_socket(address_of(server), port)
    second.settimeout(30)
    second.send(wire.encode(wire.EXECUTE, messages[1][0], 2, port, messages[1][1]))
    answer = wire.decode(second.recv(10000))
    assert answer is not None
    assert answer.type == wire.ERROR
    second.close()
    with Control(port, server=server, timeout=300) as control:
        control.create("s")
        control.execute("s", "x = 1 " * 1500)


def test_nobody_else_can_send_to_a_client(server: str) -> None:
    """The kernel refuses forged replies: a client's socket is connected to the server."""
    with Control(server=server, timeout=300) as control, new_socket(2) as forger:
        control.send_create("s")
        with pytest.raises(ConnectionRefusedError):
            forger.sendto(wire.encode(wire.CREATE, wire.DONE, 1, 0), (control.port, 0))
        assert control.receive() is True


def test_datagrams_that_are_too_long_are_refused(server: str) -> None:
    raw, port = client_socket(address_of(server), None)
    raw.settimeout(30)
    raw.send(wire.encode(wire.DATA, wire.REQUEST | wire.DONE, 1, port, b"x" * 9000))
    message = wire.decode(raw.recv(10000))
    assert message is not None
    assert wire.read_refusal(message).reason == "a datagram has at most 4096 bytes"
    raw.close()


def test_a_flood_delays_others_by_a_call(server: str) -> None:
    """Clients take turns: between a request of one and its answer, one call of another's flood is made, or the one
    after that which runs when the request comes. (More are, where the client has no processor between its requests.)"""
    with Control(server=server, timeout=300) as control, Data(server=server, timeout=300) as flood:
        control.create("flooded", 4_000_000_000, 1 << 20)
        control.execute(
            "flooded", "calls = 0 function __receive_callback() calls = calls + 1 for i = 1, 1000000 do end end"
        )
        for _ in range(100):
            flood.send("flooded", b"x")
        made = []
        for _ in range(6):
            with pytest.raises(Refused) as caught:
                control.execute("flooded", "error(tostring(calls), 0)")
            made.append(int(float(caught.value.reason)))
        assert made[0] < 100
        assert min(after - before for before, after in pairwise(made)) <= 2


def test_a_server_that_is_killed_while_a_client_waits(start: Start) -> None:
    """Netlink tells nobody of a peer's end: the client asks each second."""
    with Control(server=start(), timeout=300) as control:
        control.create("s", 4_000_000_000, 1 << 20)
        control.send_execute("s", "while true do end")
        process = start.processes[0]  # type: ignore[attr-defined]
        killer = threading.Timer(0.3, process.send_signal, [signal.SIGKILL])
        killer.start()
        with pytest.raises(SocketError, match="Connection refused"):
            control.receive()
        assert control.state == "failed"
        killer.join()


def test_a_server_that_is_killed_while_a_lua_client_waits(start: Start) -> None:
    address = start()
    with Control(server=address, timeout=300) as control:
        control.create("s", 4_000_000_000, 1 << 20)
    killer = threading.Timer(2, start.processes[0].kill)  # type: ignore[attr-defined]
    killer.start()
    code = (
        "local c = require'nflua'.control() c:execute('s', 'while true do end') print(c:receive()) print(c:getstate())"
    )
    assert lua(address, code) == "nil\tConnection refused\t-111\nfailed\n"


def test_a_server_that_takes_nothing_for_long(start: Start) -> None:
    """To send waits as long as the socket's timeout says: the kernel has no more room, and the server is at work."""
    address = start("lua53", "--max-seconds", "60")
    with Control(server=address, timeout=300) as control, Data(server=address, timeout=0.1) as data:
        control.create("s", 4_000_000_000, 1 << 20)
        control.send_execute("s", "while true do end")

        def send_for_ever() -> None:
            while True:
                data.send("s", b"x" * 4000)

        with pytest.raises(TimedOut, match="takes no message"):
            send_for_ever()


def test_the_asyncio_example_does_not_outlive_its_server(start: Start) -> None:
    """A server that stands still, and is killed then: the event loop hears of neither."""
    address = start()
    process = start.processes[0]  # type: ignore[attr-defined]
    process.send_signal(signal.SIGSTOP)
    threading.Timer(2, process.kill).start()
    example = Path(__file__).parents[2] / "examples" / "nflua" / "ten_states.py"
    done = subprocess.run(
        [sys.executable, str(example)], capture_output=True, text=True, timeout=300, check=False,
        env={**os.environ, "LUAPROC_NFLUA_SOCKET": address},
    )  # fmt: skip
    assert done.returncode == 1
    assert f"Connection refused: no server of states at {address}" in done.stderr


def test_data_that_nobody_can_take_is_told_in_order(server: str) -> None:
    """`wait_until_handled` keeps what states send meanwhile."""
    with Control(server=server, timeout=300) as control, Data(server=server, timeout=300) as data:
        control.create("s", 0, 1 << 18)
        control.execute("s", "function __receive_callback(p, d) require'nf'.netlink(p, nil, d) end")
        data.send("s", b"one")
        data.send("nobody", b"lost")
        data.send("s", b"two")
        with pytest.raises(Refused, match="lua state not found"):
            data.wait_until_handled()
        assert data.receive() == (b"one", b"s")
        assert data.receive() == (b"two", b"s")
        for number in range(100):
            control.create(f"s{number}")
        data.wait_until_handled()
        assert data.receive(timeout=0) is None


def test_no_server_is_told_with_its_address() -> None:
    done = luaproc("nflua", "list", address="2:1111111111")
    assert (done.returncode, done.stdout) == (1, b"")
    assert done.stderr == b"luaproc: Connection refused: no server of states at 2:1111111111\n"


def test_a_kernel_without_the_protocol() -> None:
    done = luaproc("nflua", "list", "--socket", "31:0")
    assert (done.returncode, done.stderr) == (1, b"luaproc: Protocol not supported\n")


@pytest.mark.parametrize("words", [["list"], ["serve"], ["send", "s", os.devnull]])
def test_systems_without_netlink_are_told_so(words: list[str]) -> None:
    """macOS and Windows have no AF_NETLINK."""
    code = f"import socket, sys; del socket.AF_NETLINK; sys.argv[1:] = ['nflua', *{words!r}]\n"
    code += "from luaproc.entry import main; main()"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=300, check=False)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "luaproc: NFLua needs netlink sockets, which only Linux has; this system is linux\n"


def test_the_option_wins_over_the_variable(server: str) -> None:
    assert luaproc("nflua", "create", "s", "--socket", server, address="2:1111111111").returncode == 0
    with Control(server=server, timeout=300) as control:
        assert [state.name for state in control.list()] == [b"s"]


def test_the_log_has_upstreams_lines_in_their_order(start: Start, tmp_path: Path) -> None:
    """Programs of upstream's read the last lines; and no control character comes from a script."""
    log = tmp_path / "log"
    loud = "print('a\\tb\\n\\27[31m') local function f() error('why') end f()"
    with Control(server=start("lua53", "--log", str(log)), timeout=300) as control:
        control.create("s")
        for call, words in (
            (control.create, ("s",)), (control.create, ("t", 0, 1)), (control.destroy, ("t",)),
            (control.execute, ("t", "x = 1")), (control.execute, ("s", loud, "=n")),
        ):  # fmt: skip
            with pytest.raises(Refused):
                call(*words)
    begin, *lines = [line.removeprefix("nflua: ") for line in log.read_text().splitlines()]
    assert begin.startswith("serves states of lua53 at 2:")
    assert lines == [
        "state already exists: s",
        "could not create new lua state",
        "maxalloc 1 should be greater then MIN_ALLOC 32768",
        "could not create new lua state",
        "could not destroy lua state",
        "lua state not found",
        "could not execute / load data!",
        "a\tb \\x1b[31m",
        "n:1: why",
        *lines[9:-1],
        "could not execute / load data!",
    ]
    assert lines[9:11] == ["stack traceback:", "\tn:1: in local 'f'"]


@pytest.mark.parametrize("words", [["--log", "/no/such/directory/log"], ["--max-seconds", "0"]])
def test_options_that_cannot_be(words: list[str]) -> None:
    done = luaproc("nflua", "serve", *words)
    assert done.returncode == 2
    assert b"Traceback" not in done.stderr


def test_serving_and_clients_need_lupa_and_nothing_else() -> None:
    """Of what is installed; the command line alone needs click."""
    code = (
        "import sys; before = set(sys.modules)\n"
        "import luaproc.nflua.server, luaproc.nflua.client, luaproc.nflua.lua_client, luaproc.nflua.lua_data\n"
        "from luaproc.responder.runtime import make_runtime; make_runtime('lua53')\n"
        "added = {name.partition('.')[0] for name in set(sys.modules) - before}\n"
        "print(sorted(name for name in added - set(sys.stdlib_module_names) if 'cython' not in name))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=300, check=True)
    assert done.stdout == "['luaproc', 'lupa']\n"


def test_closed_sockets_say_so(server: str) -> None:
    control = Control(server=server)
    control.close()
    control.close()
    assert control.fileno() == -1
    with pytest.raises(NfluaError, match="Bad file descriptor"):
        control.list()


def test_noise_below_a_header_is_no_message(server: str) -> None:
    raw, _ = client_socket(address_of(server), None)
    for size in (1, 4, 15):
        raw.send(b"\xff" * size)
    raw.send(struct.pack("=IHHII", 16, wire.NOOP, 0, 0, 0))
    raw.send(wire.error_message(b"\xff" * 16, Refused(-1, "errors are not answered: two servers would never end")))
    raw.settimeout(0.3)
    with pytest.raises((BlockingIOError, socket.timeout)):
        raw.recv(100)
    raw.close()
    assert luaproc("nflua", "list", "--json", address=server).stdout == b"[]\n"
