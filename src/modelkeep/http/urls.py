"""URLs: their origin, who may see a token, and how a URL is shown and stored."""

from __future__ import annotations

import re
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from typing import NamedTuple
from urllib.parse import SplitResult, unquote, unquote_plus, urlsplit

from modelkeep.core import limits
from modelkeep.core.names import safe_name
from modelkeep.errors import UnsupportedSourceError, UsageError

_PORTS = {"http": 80, "https": 443}
#: An address is shown up to this length: signed ones have thousands of characters.
_SHOWN_CHARACTERS = 300
#: Query parameters that may be stored; any other could be a secret or part of a signature.
_HARMLESS = frozenset(
    {
        "branch", "dl", "download", "file", "filename", "format", "fp", "id", "modelversionid",
        "name", "path", "quant", "raw", "ref", "rev", "revision", "size", "subfolder", "type",
        "v", "variant", "version",
    }
)  # fmt: skip
_HARMLESS_VALUE = re.compile(r"[\w .+/,:-]{0,64}", re.ASCII)
_DEFAULT_NAME = "download"


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
                f"The token for {self.origin} has spaces, line breaks or other characters that"
                " tokens do not have.",
                hint="Copy it again, without anything around it.",
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

    Raises:
        UnsupportedSourceError: it is not a http or https address, or names no host or a port that
            cannot be.
    """
    try:
        parts = urlsplit(url)
        scheme, host, port = parts.scheme.lower(), parts.hostname, parts.port
    except ValueError as error:
        raise UnsupportedSourceError(
            f"{redacted(url)} is not an address: {error}", hint="Check its spelling."
        ) from error
    if scheme not in _PORTS or not host:
        raise UnsupportedSourceError(
            f"{redacted(url)} is not a web address",
            hint="Addresses start with https:// or http:// and a host.",
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


def is_storable(url: str) -> bool:
    """Tell whether a URL holds no secret and can be stored as it is.

    A login, a fragment, and query parameters other than a few harmless ones count as secrets.
    """
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return (
        "@" not in parts.netloc
        and not parts.fragment
        and ";" not in parts.path
        and all(_is_harmless(pair) for pair in parts.query.split("&") if pair)
    )


def without_secrets(url: str) -> str:
    """Return a URL as it may be stored: without login, fragment and secret query values."""
    if is_storable(url):
        return url
    try:
        parts = urlsplit(url)
    except ValueError:
        return redacted(url)
    pairs = [
        pair
        if not pair or _is_harmless(pair)
        else f"{pair.partition('=')[0]}=..."
        if "=" in pair
        else "..."
        for pair in parts.query.split("&")
    ]
    path = parts.path.partition(";")[0]
    host = parts.netloc.rpartition("@")[2]
    return parts._replace(netloc=host, path=path, query="&".join(pairs), fragment="").geturl()


def _is_harmless(pair: str) -> bool:
    name, _, value = pair.partition("=")
    is_known = unquote_plus(name).lower() in _HARMLESS
    return is_known and _HARMLESS_VALUE.fullmatch(unquote_plus(value)) is not None


def file_name(suggested: str | None, url: str) -> str:
    """Return a safe name for the file behind a URL.

    Args:
        suggested: The name in ``Content-Disposition``, untrusted; None when there is none. A path,
            or a name longer than a file name can be, is ignored.
        url: Its last part that is not empty is the name otherwise.
    """
    if suggested and _is_plain_name(suggested):
        return safe_name(suggested)
    parts = [unquote(part) for part in urlsplit(url).path.split("/")]
    last = next((part for part in reversed(parts) if part.strip(". ")), _DEFAULT_NAME)
    return safe_name(last.rpartition("/")[2].rpartition("\\")[2] or _DEFAULT_NAME)


def _is_plain_name(name: str) -> bool:
    return (
        not {"/", "\\", "\0"} & set(name)
        and not name.startswith("..")
        and bool(name.strip(". "))
        and len(name.encode("utf-8", "surrogatepass")) <= limits.NAME_BYTES
    )
