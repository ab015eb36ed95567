"""Which addresses lie in the public network, and which private ones a user lists as allowed."""

from __future__ import annotations

import socket
from collections.abc import Iterable
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)

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
