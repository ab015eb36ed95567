"""Where an address leads, who may see a token, and how an address is shown."""

from __future__ import annotations

import re
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from typing import NamedTuple
from urllib.parse import SplitResult, urlsplit

from modelkeep.errors import UnsupportedSourceError, UsageError

_PORTS = {"http": 80, "https": 443}
#: An address is shown up to this length: signed ones have thousands of characters.
_SHOWN_CHARACTERS = 300


class Origin(NamedTuple):
    """Who answers an address; two addresses of one origin may share secrets.

    Attributes:
        scheme: ``http`` or ``https``.
        host: Name or address in small letters, without brackets and closing dot.
        port: Always given, also where it is the usual one.
    """

    scheme: str
    host: str
    port: int

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        port = "" if self.port == _PORTS.get(self.scheme) else f":{self.port}"
        return f"{self.scheme}://{host}{port}"


@dataclass(frozen=True, slots=True)
class Token:
    """A secret that one origin gave out.

    Attributes:
        value: What is sent as ``Authorization: Bearer``; never shown.
        origin: To whom it belongs.

    Raises:
        UsageError: the secret has characters that cannot be sent; they are not shown.
    """

    value: str = field(repr=False)
    origin: Origin

    def __post_init__(self) -> None:
        if not re.fullmatch(r"[\x21-\x7e]+", self.value):
            raise UsageError(
                f"The token for {self.origin} has spaces, line ends or other characters that no"
                " token has.",
                hint="Copy it once more, and nothing around it.",
            )

    def is_for(self, origin: Origin, aliases: AbstractSet[Origin] = frozenset()) -> bool:
        """Tell whether ``origin`` may see it.

        Args:
            origin: Who is asked next.
            aliases: Further origins that a site's adapter vouches for.
        """
        return origin == self.origin or origin in aliases


def origin_of(url: str) -> Origin:
    """Return the origin of an address.

    Args:
        url: A complete address.

    Raises:
        UnsupportedSourceError: it is no http or https address, or names no host or a port that
            cannot be.
    """
    try:
        parts = urlsplit(url)
        scheme, host, port = parts.scheme.lower(), parts.hostname, parts.port
    except ValueError as error:
        raise UnsupportedSourceError(
            f"{redacted(url)} is no address: {error}", hint="Check how it is written."
        ) from error
    if scheme not in _PORTS or not host:
        raise UnsupportedSourceError(
            f"{redacted(url)} is no address of a web server",
            hint="Addresses begin with https:// or http:// and a host.",
        )
    return Origin(scheme, _plain(host), _PORTS[scheme] if port is None else port)


def _plain(host: str) -> str:
    """Write a host in the one form that it is compared in."""
    host = host.rstrip(".").lower()
    if host.isascii():
        return host
    try:
        return host.encode("idna").decode("ascii")
    except UnicodeError:
        return host


def redacted(url: str) -> str:
    """Return an address as it may be shown: no login, no fragment, no values of the query.

    Never raises: what cannot be taken apart is cut where a secret could begin. Characters that
    a terminal would obey are replaced.

    Args:
        url: Any text that stands where an address should be.
    """
    try:
        parts = urlsplit(url)
        shown = _without_secrets(parts)
    except ValueError:
        head = re.split(r"[?#]", url, maxsplit=1)[0]
        scheme, mark, rest = head.partition("//")
        shown = scheme + mark + rest.rpartition("@")[2]
    if not shown.isprintable():
        shown = "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in shown)
    return shown if len(shown) <= _SHOWN_CHARACTERS else shown[:_SHOWN_CHARACTERS] + "..."


def _without_secrets(parts: SplitResult) -> str:
    authority = parts.netloc.rpartition("@")[2]
    shown = f"{parts.scheme}://{authority}{parts.path}" if authority else parts.path
    if parts.scheme and not authority:
        shown = f"{parts.scheme}:{parts.path}"
    if parts.query:
        shown += "?" + "&".join(map(_without_value, parts.query.split("&")))
    return shown


def _without_value(pair: str) -> str:
    name, mark, _ = pair.partition("=")
    return f"{name}=..." if mark else "..."
