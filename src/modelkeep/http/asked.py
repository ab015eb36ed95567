"""``Asked``: what is to be fetched."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from modelkeep.http.origins import Origin, Token


@dataclass(frozen=True, slots=True)
class Content:
    """What a request sends along; nothing by default.

    Attributes:
        method: ``GET`` or ``POST``.
        body: The bytes.
    """

    method: Literal["GET", "POST"] = "GET"
    body: bytes | None = None


NOTHING = Content()


@dataclass(frozen=True, slots=True)
class Asked:
    """One file of a server.

    Attributes:
        url: Where it is; may redirect elsewhere.
        headers: Sent with every request, beside those of the engine.
        token: Sent to its own origin alone.
        size: Bytes that the file has, where a site said so.
        hashes: What a site says of its bytes: hex by name (``sha256``, ``blake3``, ``md5``,
            ``sha1``, ``crc32``, ``autov2``).
        aliases: Further origins that may see the token.
        content: What is sent along: then no redirect is followed that would lose it.
    """

    url: str
    headers: Mapping[str, str] = field(default_factory=dict)
    token: Token | None = None
    size: int | None = None
    hashes: Mapping[str, str] = field(default_factory=dict)
    aliases: frozenset[Origin] = frozenset()
    content: Content = NOTHING
