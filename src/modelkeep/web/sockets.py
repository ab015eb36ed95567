"""``listen``: the sockets of a server; on the loopback address those of IPv4 and IPv6 alike."""

from __future__ import annotations

import errno
import socket
from collections.abc import Sequence
from ipaddress import ip_address

from modelkeep.errors import ServerStartError

#: For each name of the loopback address: what is bound, the first of which has to be there.
_LOOPBACK = {
    "127.0.0.1": ("127.0.0.1", "::1"),
    "localhost": ("127.0.0.1", "::1"),
    "::1": ("::1", "127.0.0.1"),
}
#: A port that is free in IPv4 may be taken in IPv6: how many are tried where any will do.
_TRIES = 20
_NOT_HERE = {errno.EAFNOSUPPORT, errno.EADDRNOTAVAIL, errno.EPROTONOSUPPORT}


def is_loopback(host: str) -> bool:
    """Tell whether only programs of this machine reach a server on this address."""
    return host in _LOOPBACK or host.startswith("127.")


def is_everywhere(host: str) -> bool:
    """Tell whether a host stands for every address of the machine."""
    try:
        return ip_address(host).is_unspecified
    except ValueError:
        return not host


def listen(host: str, port: int) -> list[socket.socket]:
    """Return sockets that listen, all on one port.

    On a loopback address they are two, of IPv4 and of IPv6, where the machine has both.

    Args:
        host: An address of this machine or a name of it.
        port: 0 is any that is free.

    Raises:
        OSError: the port is taken: its ``errno`` is ``EADDRINUSE``.
        ServerStartError: the address is none of this machine, or may not be used.
    """
    addresses = _LOOPBACK.get(host, (host,))
    for left in reversed(range(_TRIES if port == 0 else 1)):
        first = _bind(addresses[0], port)
        chosen = first.getsockname()[1]
        try:
            others = [_bind_if_there(address, chosen) for address in addresses[1:]]
        except OSError:
            first.close()
            if not left:
                raise
            continue
        return [first, *(other for other in others if other is not None)]
    raise AssertionError


def port_of(sockets: Sequence[socket.socket]) -> int:
    """Return the port that sockets listen on."""
    port: int = sockets[0].getsockname()[1]
    return port


def _bind_if_there(address: str, port: int) -> socket.socket | None:
    """Return a socket, or None where the machine has no such address."""
    try:
        return _open(address, port)
    except OSError as error:
        if error.errno in _NOT_HERE:
            return None
        raise


def _bind(address: str, port: int) -> socket.socket:
    try:
        return _open(address, port)
    except socket.gaierror as error:
        raise ServerStartError(
            f"The server cannot listen on {address!r}: {error.strerror}",
            hint="Give an address of this machine with --host, such as 127.0.0.1 or 0.0.0.0.",
        ) from error
    except OSError as error:
        if error.errno in _NOT_HERE:
            raise ServerStartError(
                f"The server cannot listen on {address}: this machine has no such address",
                hint="Give an address of this machine with --host, such as 127.0.0.1 or 0.0.0.0.",
            ) from error
        if error.errno in {errno.EACCES, errno.EPERM}:
            raise ServerStartError(
                f"The server may not listen on port {port} of {address}",
                hint="Choose a port from 1024 on with --port.",
            ) from error
        raise


def _open(address: str, port: int) -> socket.socket:
    found = socket.getaddrinfo(
        address or None, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
    )
    family, kind, protocol, _, place = found[0]
    opened = socket.socket(family, kind, protocol)
    try:
        opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            opened.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, int(address != "::"))
        opened.bind(place)
        opened.listen(socket.SOMAXCONN)
    except BaseException:
        opened.close()
        raise
    return opened
