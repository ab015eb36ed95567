"""The names that the server answers to: a page that has its own name lead here gets nothing."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

from starlette.types import ASGIApp, Receive, Scope, Send

from modelkeep.web.guard.asked import Asked, asked_of
from modelkeep.web.guard.proxies import address_of
from modelkeep.web.guard.refusals import Refusal, refuse

_LOCAL = frozenset({"localhost", "127.0.0.1", "::1"})
_USUAL_PORTS = {False: 80, True: 443}


class ServerNames:
    """The names that the settings allow, and those that every server has.

    Args:
        named: Names; one with a port is allowed with this port only.
    """

    def __init__(self, named: Iterable[str]) -> None:
        self._named = frozenset(split_host(text) for text in named)
        self._is_allowed = lru_cache(maxsize=256)(self._judge)

    def allows(self, asked: Asked) -> bool:
        """Tell whether a request names this server."""
        return self._is_allowed(asked.headers.get("host", ""), asked.here, asked.is_secure)

    def _judge(self, host: str, at: tuple[str, int | None], is_secure: bool) -> bool:
        name, port = split_host(host)
        if not name:
            return False
        if self.names(name, port):
            return True
        here, own_port = at
        if (port or _USUAL_PORTS[is_secure]) != own_port:
            return False
        if name in _LOCAL:
            return True
        address = address_of(name)
        return address is not None and address == address_of(here)

    def names(self, name: str, port: int | None) -> bool:
        """Tell whether the settings name a host, with this port or with any."""
        return (name, None) in self._named or (name, port) in self._named

    def names_exactly(self, name: str, port: int | None) -> bool:
        """Tell whether the settings name a host with just this port; None is the usual one."""
        return (name, port) in self._named


def split_host(text: str) -> tuple[str, int | None]:
    """Return name and port of a ``Host``; an empty name where it is none.

    Names are in small letters and have no final dot; addresses of IPv6 have no brackets.
    """
    text = text.strip().lower()
    if text.startswith("["):
        name, closed, rest = text[1:].partition("]")
        if not closed or address_of(name) is None:
            return "", None
    elif text.count(":") > 1 and address_of(text) is not None:
        return text, None
    else:
        name, colon, port = text.partition(":")
        name, rest = name.removesuffix("."), colon + port
    if not rest:
        return name, None
    digits = rest.removeprefix(":")
    if not (digits.isascii() and digits.isdigit() and len(digits) <= len("65535")):
        return "", None
    return name, int(digits)


class HostCheck:
    """Refuses requests that name another host.

    Args:
        app: What comes behind.
        hosts: Those that are allowed.
    """

    def __init__(self, app: ASGIApp, hosts: ServerNames) -> None:
        self._app = app
        self._hosts = hosts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request through whose ``Host`` is allowed."""
        if scope["type"] == "http" and not self._hosts.allows(asked_of(scope)):
            await refuse(scope, receive, send, _REFUSAL)
            return
        await self._app(scope, receive, send)


_REFUSAL = Refusal(
    421,
    "MisdirectedRequest",
    "This server does not answer to the host name of the request",
    "Add the name to the setting allowed_hosts, or use localhost.",
)
