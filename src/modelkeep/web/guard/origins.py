"""Which pages may ask: our own, and those of the origins that the settings name."""

from __future__ import annotations

from collections.abc import Iterable

from starlette.types import ASGIApp, Receive, Scope, Send

from modelkeep.errors import SettingsError
from modelkeep.web.guard.asked import Asked, asked_of
from modelkeep.web.guard.hosts import ServerNames, split_host
from modelkeep.web.guard.refusals import Refusal, refuse

_PORTS = {"http": 80, "https": 443}


class Origins:
    """The origins whose pages may ask.

    Args:
        names: Those of the server; its own pages come from there.
        named: Exact origins of other pages, which may ask with a token alone.

    Raises:
        SettingsError: one of them is not an exact origin.
    """

    def __init__(self, names: ServerNames, named: Iterable[str]) -> None:
        self._names = names
        self._named = frozenset(_checked(origin) for origin in named)

    def is_named(self, origin: str) -> bool:
        """Tell whether the settings name an origin."""
        return origin in self._named

    def is_own(self, asked: Asked, origin: str) -> bool:
        """Tell whether a page of an origin is one of the server's own."""
        scheme, _, place = origin.partition("://")
        if scheme not in _PORTS or (asked.is_secure and scheme == "http"):
            return False
        usual = _PORTS[scheme]
        name, port = split_host(place)
        host, host_port = split_host(asked.headers.get("host", ""))
        if not name:
            return False
        if (name, port or usual) == (host, host_port or usual):
            return True
        # A proxy that does not pass on the host: the settings say how browsers call the server.
        return self._names.names_exactly(name, None if port == usual else port)


class OriginCheck:
    """Refuses what pages of other origins send.

    Args:
        app: What comes behind.
        origins: Those that may ask.
    """

    def __init__(self, app: ASGIApp, origins: Origins) -> None:
        self._app = app
        self._origins = origins

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let through what no browser sent, or a page that may ask."""
        if scope["type"] == "http" and (refusal := self._judge(asked_of(scope))) is not None:
            await refuse(scope, receive, send, refusal)
            return
        await self._app(scope, receive, send)

    def _judge(self, asked: Asked) -> Refusal | None:
        origin = asked.headers.get("origin")
        if origin is not None and self._origins.is_named(origin):
            asked.foreign = origin
            return None
        if origin is not None and not self._origins.is_own(asked, origin):
            return _FOREIGN
        # Pages of another port of this host count as the same site: their browser sends cookies.
        is_foreign = asked.headers.get("sec-fetch-site") in {"cross-site", "same-site"}
        return _FOREIGN if is_foreign and not _follows_a_link(asked) else None


def _follows_a_link(asked: Asked) -> bool:
    said = asked.headers
    is_whole_page = said.get("sec-fetch-dest", "document") == "document"
    return not asked.changes and said.get("sec-fetch-mode") == "navigate" and is_whole_page


def _checked(origin: str) -> str:
    scheme, _, place = origin.partition("://")
    name, port = split_host(place)
    shown = f"[{name}]" if ":" in name else name
    exact = f"{scheme}://{shown}" + (f":{port}" if port else "")
    if scheme in _PORTS and name and "*" not in name and "/" not in name and exact == origin:
        return origin
    raise SettingsError(
        f"{origin!r} in cors_origins is not an exact origin",
        hint="Name origins such as https://app.example or http://localhost:3000.",
    )


_FOREIGN = Refusal(
    403,
    "ForeignOrigin",
    "Pages of other origins may not ask this server",
    "Add a name of this server to allowed_hosts, or another page's origin to cors_origins.",
)
