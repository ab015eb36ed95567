"""Which addresses are public, which private ones the user allows, and resolving with both."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterable
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)
from typing import Any

from modelkeep.errors import AddressRefusedError
from modelkeep.http.deadline import POLL_SECONDS, Deadline

_Address = IPv4Address | IPv6Address
_Network = IPv4Network | IPv6Network

#: IPv6 addresses in which an IPv4 address is written: the network, and the bits below it.
_CARRIERS = (
    (IPv6Network("::ffff:0:0/96"), 0),
    (IPv6Network("::/96"), 0),
    (IPv6Network("64:ff9b::/96"), 0),
    (IPv6Network("64:ff9b:1::/48"), 0),
    (IPv6Network("2002::/16"), 80),
)
_TEREDO = IPv6Network("2001::/32")
_LOCAL_NAMES = ("localhost", "localhost.localdomain", "ip6-localhost")
_LOOPBACK = (IPv4Address("127.0.0.1"), IPv6Address("::1"))
_LOCAL_ENDINGS = (".localhost", ".local", ".internal", ".home.arpa")


def literal(host: str) -> _Address | None:
    """Return the address that a host name spells out, or None for a real name.

    Old spellings that the system's resolver takes are known too: ``127.1``, ``2130706433`` and
    ``0x7f.0.0.1``.

    Args:
        host: As in an address of the web, without brackets.
    """
    try:
        return ip_address(host.partition("%")[0])
    except ValueError:
        pass
    try:
        return IPv4Address(socket.inet_aton(host)) if host.isascii() else None
    except (OSError, ValueError):
        return None


def is_public(address: _Address) -> bool:
    """Tell whether an address is one that the whole internet shares."""
    if isinstance(address, IPv6Address):
        for network, shift in _CARRIERS:
            if address in network and not (shift == 0 and int(address) in {0, 1}):
                return is_public(IPv4Address(int(address) >> shift & 0xFFFFFFFF))
        if address in _TEREDO:
            return False
    return address.is_global and not address.is_multicast


def is_private_host(host: str) -> bool:
    """Tell whether a host says by its name alone that it is private.

    Args:
        host: A name or an address, in small letters.
    """
    address = literal(host)
    if address is not None:
        return not is_public(address)
    return host in _LOCAL_NAMES or host.endswith(_LOCAL_ENDINGS)


def is_same_host(one: str, other: str) -> bool:
    """Tell whether two hosts are one by their names; the usual names of this machine are one."""
    return one == other or (_is_here(one) and _is_here(other))


def _is_here(host: str) -> bool:
    return host in _LOCAL_NAMES or literal(host) in _LOOPBACK


class AllowedHosts:
    """The private hosts that a user lists: names, addresses and networks such as 10.1.0.0/16.

    Args:
        listed: One each; case does not matter.
    """

    def __init__(self, listed: Iterable[str] = ()) -> None:
        self._names: set[str] = set()
        self._networks: list[_Network] = []
        for each in listed:
            plain = each.strip().strip("[]").rstrip(".").lower()
            try:
                self._networks.append(ip_network(plain, strict=False))
            except ValueError:
                self._names.add(plain)

    def __contains__(self, host: object) -> bool:
        if not isinstance(host, str):
            return False
        address = literal(host)
        return host in self._names or (address is not None and self.allows(address))

    def allows(self, address: _Address) -> bool:
        """Tell whether a network of the list has this address."""
        mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
        plain = address if mapped is None else mapped
        return any(plain in network for network in self._networks)


#: What a resolver returns: as ``socket.getaddrinfo``.
Found = list[tuple[Any, Any, Any, str, Any]]
Resolver = Callable[[str, int], Found]


def resolve(host: str, port: int) -> Found:
    """Ask the system for the addresses of a host."""
    return socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)


class AddressGuard:
    """Resolves the hosts of one session, and refuses private addresses to redirects.

    Args:
        allowed: Private hosts that a public one may redirect to.
    """

    def __init__(self, allowed: AllowedHosts, resolver: Resolver = resolve) -> None:
        self.allowed = allowed
        self._resolver = resolver
        self._here = threading.local()
        self._is_private: dict[str, bool] = {}

    @property
    def deadline(self) -> Deadline | None:
        """The limits of the request that this thread is making."""
        return getattr(self._here, "deadline", None)

    @deadline.setter
    def deadline(self, deadline: Deadline | None) -> None:
        self._here.deadline = deadline

    def is_private(self, host: str) -> bool:
        """Tell whether a host is private: by its address if known, else by its name."""
        known = self._is_private.get(host)
        return is_private_host(host) if known is None else known

    def find(self, host: str, port: int) -> Found:
        """Return the addresses of a host that this thread may connect to.

        Raises:
            AddressRefusedError: it has private ones alone, and only public ones are let through.
            OSError: it has none.
        """
        deadline = self.deadline
        if deadline is None or literal(host) is not None:
            found = self._resolver(host, port)
        else:
            found = self._resolve(host, port, deadline)
        public = [each for each in found if is_public(ip_address(each[4][0].partition("%")[0]))]
        self._is_private[host] = not public
        if deadline is None or not deadline.public_only or host in self.allowed:
            return found
        allowed = [
            each
            for each in found
            if each in public or self.allowed.allows(ip_address(each[4][0].partition("%")[0]))
        ]
        if found and not allowed:
            raise AddressRefusedError(
                f"{host} is {found[0][4][0]}, an address of a private network",
                hint=f"If you trust it, add {host} to the setting allow_private_hosts.",
            )
        return allowed

    def _resolve(self, host: str, port: int, deadline: Deadline) -> Found:
        """Resolve in a thread: it may take a minute, and nothing can interrupt it."""
        found: list[Found | BaseException] = []
        done = threading.Event()

        def look() -> None:
            try:
                found.append(self._resolver(host, port))
            except (OSError, UnicodeError) as error:
                found.append(error)
            finally:
                done.set()

        threading.Thread(target=look, name=f"resolve {host}", daemon=True).start()
        while not done.wait(POLL_SECONDS):
            deadline.check()
            if time.monotonic() > deadline.connect_until:
                raise TimeoutError(f"the resolver did not answer for {host}")
        result = found[0] if found else OSError(f"could not resolve {host}")
        if isinstance(result, UnicodeError):
            raise socket.gaierror(socket.EAI_NONAME, "not a host name") from result
        if isinstance(result, BaseException):
            raise result
        return result
