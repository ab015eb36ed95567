"""Who may use the server: adding, listing and removing its tokens, and links to log in with."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from ipaddress import ip_address
from typing import Any

from modelkeep.app.login_codes import LIFETIME, LoginCodes
from modelkeep.app.server_tokens import MAIN, Rights, ServerToken, ServerTokens, unknown_token
from modelkeep.app.text import Table, time_text
from modelkeep.core.spans import read_span
from modelkeep.errors import UsageError
from modelkeep.settings import Settings

#: The last time that a calendar can write, in seconds since the epoch.
_LAST = datetime.max.replace(microsecond=0, tzinfo=UTC).timestamp()


@dataclass(frozen=True, slots=True)
class AccessEntry:
    """A named token; never its value.

    Attributes:
        key: Its name.
        rights: ``read`` or ``manage``.
        created: When it was made, in seconds since the epoch.
        expires: When it ends; None for never.
        is_expired: It has ended.
    """

    key: str
    rights: Rights
    created: float | None
    expires: float | None
    is_expired: bool

    @classmethod
    def of(cls, token: ServerToken) -> AccessEntry:
        """Return what is told of a token."""
        return cls(token.name, token.rights, token.created, token.expires, token.is_expired)

    def to_json(self) -> dict[str, Any]:
        """Return it as plain values; times in ISO 8601."""
        return {
            "name": self.key,
            "scope": self.rights,
            "created": _iso(self.created),
            "expires": _iso(self.expires),
            "expired": self.is_expired,
        }


@dataclass(frozen=True, slots=True)
class AccessAdded:
    """A token that was added.

    Attributes:
        entry: What is told of it.
        key: Its value, which is nowhere else.
    """

    entry: AccessEntry
    key: str = field(repr=False)

    def to_json(self) -> dict[str, Any]:
        """Return it as plain values, with the value."""
        return {**self.entry.to_json(), "token": self.key}

    def __str__(self) -> str:
        return self.key


@dataclass(frozen=True, slots=True)
class AccessRemoved:
    """A token that was removed.

    Attributes:
        key: Its name.
    """

    key: str

    def to_json(self) -> dict[str, Any]:
        """Return it as plain values."""
        return {"name": self.key}

    def __str__(self) -> str:
        return f"Removed the token {self.key}; it is no longer accepted."


@dataclass(frozen=True, slots=True)
class LoginLink:
    """A link that logs a browser in, once.

    Attributes:
        key: The address, with the code in its fragment.
        name: Of the token whose rights it gives.
        expires: When it ends, in seconds since the epoch.
    """

    key: str = field(repr=False)
    name: str
    expires: float

    def to_json(self) -> dict[str, Any]:
        """Return it as plain values."""
        return {"link": self.key, "name": self.name, "expires": _iso(self.expires)}

    def __str__(self) -> str:
        return self.key


def add(settings: Settings, name: str, rights: Rights, expires: float | None) -> AccessAdded:
    """Add a token.

    Args:
        settings: Of the root.
        name: How it is called.
        rights: ``read`` or ``manage``.
        expires: When it ends, in seconds since the epoch; None for never.

    Raises:
        UsageError: it cannot be called so, or it would have ended.
        TokenNameTakenError: another one has the name.
        SettingsError: the list of tokens cannot be read.
        StorageError: it cannot be written.
    """
    tokens = ServerTokens(settings)
    value = tokens.add(name, rights, expires)
    return AccessAdded(AccessEntry(name, rights, time.time(), expires, is_expired=False), value)


def entries(settings: Settings) -> list[AccessEntry]:
    """Return the named tokens, by name.

    Raises:
        SettingsError: the list of tokens cannot be read.
    """
    found = sorted(ServerTokens(settings).named(), key=lambda one: one.name.casefold())
    return [AccessEntry.of(one) for one in found]


def remove(settings: Settings, name: str) -> AccessRemoved:
    """Remove a token; a running server does not accept it from now on.

    Raises:
        UnknownServerTokenError: none is called so.
        SettingsError: the list of tokens cannot be read.
        StorageError: it cannot be written.
    """
    ServerTokens(settings).remove(name)
    return AccessRemoved(name)


def link(settings: Settings, name: str | None = None, address: str | None = None) -> LoginLink:
    """Return a link that logs a browser in, once and within ten minutes.

    Args:
        settings: Of the root.
        name: Of the token whose rights it gives; all rights when None.
        address: Of the server, with its prefix; what the settings say when None.

    Raises:
        UnknownServerTokenError: no token is called so, or it has ended.
        SettingsError: the files with tokens cannot be read.
        StorageError: they cannot be written.
    """
    tokens = ServerTokens(settings)
    tokens.ensure()
    token = tokens.by_name(name or MAIN)
    if token is None:
        raise unknown_token(name or MAIN)
    code = LoginCodes(tokens).make(token)
    there = (address or server_address(settings)).rstrip("/")
    return LoginLink(f"{there}/login#code={code}", token.name, time.time() + LIFETIME)


def login_link(settings: Settings, address: str) -> str:
    """Return a link that logs a browser in with all rights, once and within ten minutes.

    Args:
        settings: Of the root.
        address: Of the server, with its prefix.

    Raises:
        SettingsError: the files with tokens cannot be read.
        StorageError: they cannot be written.
    """
    return link(settings, address=address).key


def server_address(settings: Settings) -> str:
    """Return the address at which a server with these settings answers on this machine."""
    host = "localhost" if _is_everywhere(settings.host) else settings.host
    scheme = "https" if settings.cert else "http"
    prefix = settings.base_path.strip("/")
    shown = f"[{host}]" if ":" in host else host
    return f"{scheme}://{shown}:{settings.port}" + (f"/{prefix}" if prefix else "")


def _is_everywhere(host: str) -> bool:
    try:
        return ip_address(host).is_unspecified
    except ValueError:
        return not host


def read_expiry(text: str) -> float | None:
    """Return the time that a text means: a span from now, such as 30d, or a date or time.

    A date ends when it begins, in the local time zone where none is named. ``never`` is None.

    Raises:
        UsageError: it means none, or one after the year 9999.
    """
    if text.strip().lower() == "never":
        return None
    span = read_span(text)
    if span is None:
        try:
            end = datetime.fromisoformat(text.strip()).timestamp()
        except (ValueError, OverflowError, OSError) as error:
            raise UsageError(
                f"{text[:100]!r} is not a time", hint="Examples: 30d, 12h, 2030-01-31, never."
            ) from error
    else:
        end = time.time() + span
    if end > _LAST:
        raise UsageError(
            f"{text[:100]!r} ends after the year 9999", hint="Name an earlier time, or never."
        )
    return end


def table(found: Sequence[AccessEntry]) -> Table:
    """Return tokens as a table."""
    rows = [
        (one.key, one.rights, time_text(one.created), "expired" if one.is_expired else _end(one))
        for one in found
    ]
    return Table.of(("NAME", "SCOPE", "CREATED", "EXPIRES"), rows)


def _end(one: AccessEntry) -> str:
    return "never" if one.expires is None else time_text(one.expires)


def _iso(seconds: float | None) -> str | None:
    if seconds is None:
        return None
    return datetime.fromtimestamp(min(seconds, _LAST), UTC).isoformat(timespec="seconds")
