"""``HttpRequest``: what to fetch, and what its bytes should be."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from modelkeep.http.urls import Origin, Token


@dataclass(frozen=True, slots=True)
class HttpRequest:
    """One request, and what is known of the file it returns.

    Attributes:
        url: Where it is; may redirect elsewhere.
        headers: Sent with every request, beside those of the client.
        token: Sent to its own origin only.
        size: Bytes of the file, if the site gave them.
        hashes: Hashes of the file in hex by name (``sha256``, ``blake3``, ``md5``, ``sha1``,
            ``crc32``, ``autov2``), if the site gave them.
        aliases: Further origins that may see the token.
        public_only: The address came from elsewhere than this machine: public addresses on the
            ports 80 and 443 are reached, what the settings name, and nothing else.
        method: ``GET`` or ``POST``; a redirect that would turn a POST into a GET is refused.
    """

    url: str
    headers: Mapping[str, str] = field(default_factory=dict)
    token: Token | None = None
    size: int | None = None
    hashes: Mapping[str, str] = field(default_factory=dict)
    aliases: frozenset[Origin] = frozenset()
    public_only: bool = False
    method: Literal["GET", "POST"] = "GET"
    body: bytes | None = None
