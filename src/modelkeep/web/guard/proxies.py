"""``TrustedProxies``: which proxies are believed when they say who asks."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

from modelkeep.errors import SettingsError

_Network = IPv4Network | IPv6Network


def address_of(text: str) -> IPv4Address | IPv6Address | None:
    """Return the address that a text is; None where it is none.

    An IPv4 address in the form of IPv6 is the IPv4 address.
    """
    try:
        found = ip_address(text.strip().removeprefix("[").removesuffix("]").partition("%")[0])
    except ValueError:
        return None
    mapped = found.ipv4_mapped if isinstance(found, IPv6Address) else None
    return mapped or found


class TrustedProxies:
    """The proxies that the settings name.

    Args:
        named: Addresses and networks.

    Raises:
        SettingsError: one of them is neither.
    """

    def __init__(self, named: Iterable[str]) -> None:
        self._networks = tuple(_network(text) for text in named)
        self.trusts = lru_cache(maxsize=1024)(self._trusts)

    def client(self, peer: str, forwarded: str) -> str:
        """Return who asks: the last address in the list that is not a trusted proxy.

        Args:
            peer: Who opened the connection.
            forwarded: ``X-Forwarded-For``; only what trusted proxies wrote counts, from the end.
        """
        client = peer
        for text in reversed(forwarded.split(",")):
            if not self.trusts(client):
                break
            address = address_of(_without_port(text))
            if address is None:
                break
            client = str(address)
        return client

    def _trusts(self, peer: str) -> bool:
        if not self._networks:
            return False
        address = address_of(peer)
        return address is not None and any(
            address.version == network.version and address in network for network in self._networks
        )


def _network(text: str) -> _Network:
    try:
        return ip_network(text.strip(), strict=False)
    except ValueError as error:
        raise SettingsError(
            f"{text!r} in trusted_proxies is not an address or network",
            hint="Name addresses such as 127.0.0.1 or 10.0.0.0/8.",
        ) from error


def _without_port(text: str) -> str:
    text = text.strip()
    if text.startswith("["):
        return text.partition("]")[0]
    return text.partition(":")[0] if text.count(":") == 1 else text
