"""Netlink sockets: addresses, port IDs, what a system without them says."""

import os
import socket
import sys
from errno import EADDRINUSE, EAFNOSUPPORT
from typing import NamedTuple

from luaproc.errors import UsageError
from luaproc.nflua import wire
from luaproc.nflua.errors import NfluaError, SocketError

USERSOCK = 2
"""NETLINK_USERSOCK: the protocol by which processes talk to each other, without privileges."""

VARIABLE = "LUAPROC_NFLUA_SOCKET"
DEFAULT = f"{USERSOCK}:1313229909"
"""The port is above any process ID, and below all automatic port IDs of ours."""

AUTOMATIC = 1 << 31
"""Automatic port IDs have this bit."""

NOWAIT = getattr(socket, "MSG_DONTWAIT", 0)


class Address(NamedTuple):
    """Where a server is: a netlink protocol (an address family's, 0 to 31) and a port ID."""

    protocol: int
    port: int

    def __str__(self) -> str:
        return f"{self.protocol}:{self.port}"


def address(text: "str | None" = None) -> Address:
    """The address in `text`, by default in the variable LUAPROC_NFLUA_SOCKET, else `DEFAULT`. Raises `UsageError`."""
    source = "a socket" if text else VARIABLE
    text = text or os.environ.get(VARIABLE) or DEFAULT
    protocol, colon, port = text.partition(":")
    if not (colon and protocol.isdecimal() and port.isdecimal()) or int(protocol) > 31 or int(port) > wire.UINT_MAX:
        raise UsageError(f"{source} expects PROTOCOL:PORT, as in {DEFAULT}; got {text!r}")
    return Address(int(protocol), int(port))


def new_socket(protocol: int) -> socket.socket:
    """A netlink socket that is not bound. Raises `NfluaError` on systems without, `SocketError` where the kernel
    refuses."""
    if not hasattr(socket, "AF_NETLINK"):
        raise NfluaError(f"NFLua needs netlink sockets, which only Linux has; this system is {sys.platform}")
    try:
        return socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC, protocol)
    except OSError as error:
        if error.errno == EAFNOSUPPORT:
            raise NfluaError("NFLua needs netlink sockets, and this kernel or container has none") from None
        raise SocketError(-(error.errno or 1)) from None


def _automatic_port() -> int:
    """By chance: of 2^31, none that was in use lately, so that late replies to its former holder do not come; and a
    state, which learns a client's port from its data, learns nothing of the client's other ports."""
    return AUTOMATIC | int.from_bytes(os.urandom(4), sys.byteorder) % AUTOMATIC


def client_socket(server: Address, port: "int | None") -> "tuple[socket.socket, int]":
    """A socket that is connected to a server, so that the kernel keeps everybody else's messages from it; its port ID.

    port: None takes an automatic one. Raises `NfluaError`, and `SocketError` where the port ID is in use.
    """
    made = new_socket(server.protocol)
    try:
        while True:
            wanted = _automatic_port() if port is None else port
            try:
                made.bind((wanted, 0))
                break
            except OSError as error:
                if port is not None or error.errno != EADDRINUSE:
                    raise
        made.connect((server.port, 0))
    except OSError as error:
        made.close()
        raise SocketError(-(error.errno or 1)) from None
    return made, wanted
