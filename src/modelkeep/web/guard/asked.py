"""``Asked``: what the checks have to know of a request, gathered once; ``Caller``: who asks."""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass, field
from typing import Literal, cast

from starlette.types import ASGIApp, Receive, Scope, Send

from modelkeep.app.server_tokens import Rights, ServerToken
from modelkeep.web.guard.proxies import TrustedProxies

#: Where the scope of a request has what is known of it.
ASKED = "modelkeep.asked"
_CALLER = "modelkeep.caller"
_NUMBER_DIGITS, _NUMBERS = 16, 256
_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
#: Methods that change nothing.
READING = frozenset({"GET", "HEAD", "OPTIONS"})
#: What other programs ask; the rest is for browsers.
_FOR_PROGRAMS = frozenset({"api", "hf", "metrics", "openapi.json", "healthz"})


@dataclass(slots=True)
class Asked:
    """A request, as the proxies that are trusted describe it.

    Attributes:
        id: Names it in the log and in the answer.
        method: Of HTTP.
        path: Without the prefix under which the server is reached.
        prefix: This prefix, without a final slash; empty for none.
        headers: By name in small letters; those of one name joined.
        client: Address of who asks.
        is_secure: It came over TLS.
        here: Address and port of the socket that it came in on.
        foreign: The origin of another site that the settings allow; empty for our own pages.
        section: The first name in its path, such as ``api``.
    """

    id: str
    method: str
    path: str
    prefix: str
    headers: dict[str, str]
    client: str
    is_secure: bool
    here: tuple[str, int | None]
    foreign: str = ""
    section: str = field(init=False)

    def __post_init__(self) -> None:
        self.section = self.path.split("/", 2)[1] if self.path.startswith("/") else ""

    @property
    def changes(self) -> bool:
        """It may change something. The mirror of the Hub has questions that are sent by POST."""
        return self.method not in READING and self.section != "hf"

    @property
    def is_for_program(self) -> bool:
        """Its answer is not a page."""
        return self.section in _FOR_PROGRAMS


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks: whoever holds a token.

    Attributes:
        name: Of the token.
        rights: ``read`` or ``manage``.
        way: ``bearer``: the token came along; ``cookie``: a browser that logged in with it.
        digest: Of the token's value.
        session: The cookie; empty where there is none.
    """

    name: str
    rights: Rights
    way: Literal["bearer", "cookie"]
    digest: bytes = field(repr=False)
    session: str = field(default="", repr=False)

    @classmethod
    def of(cls, token: ServerToken, *, session: str = "") -> Caller:
        """Return the holder of a token."""
        way: Literal["bearer", "cookie"] = "cookie" if session else "bearer"
        return cls(token.name, token.rights, way, token.digest, session)

    @property
    def may_manage(self) -> bool:
        """It may change everything."""
        return self.rights == "manage"


def asked_of(scope: Scope) -> Asked:
    """Return what is known of a request."""
    return cast("Asked", scope[ASKED])


def caller_of(scope: Scope) -> Caller | None:
    """Return who asks; None for an address that is open to everybody.

    A route that changes something on GET asks for ``may_manage`` and the way ``bearer``: pages of
    other servers on this machine can have a browser send a GET with its cookie.
    """
    return cast("Caller | None", scope.get(_CALLER))


def set_caller(scope: Scope, caller: Caller) -> None:
    """Note who asks."""
    scope[_CALLER] = caller


class Arrival:
    """Gathers what the checks have to know, and brings the path into one form.

    Args:
        app: What comes behind.
        proxies: Those that are believed.
        base_path: Prefix under which the server is reached; a proxy may take it off or not.
    """

    def __init__(self, app: ASGIApp, proxies: TrustedProxies, base_path: str) -> None:
        self._app = app
        self._proxies = proxies
        self._base_path = clean_prefix(base_path)
        self._numbers: list[str] = []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let requests of HTTP through; nothing here speaks WebSocket."""
        if scope["type"] == "http":
            self._note(scope)
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})
            return
        await self._app(scope, receive, send)

    def _note(self, scope: Scope) -> None:
        headers = _headers(scope)
        peer = (scope.get("client") or ("", 0))[0]
        believed = self._proxies.trusts(peer)
        client, scheme, prefix, number = peer, scope["scheme"], self._base_path, ""
        is_cut = False
        if believed:
            client = self._proxies.client(peer, headers.get("x-forwarded-for", ""))
            said = headers.get("x-forwarded-proto", "").rpartition(",")[2].strip().lower()
            scheme = said if said in {"http", "https"} else scheme
            told = clean_prefix(headers.get("x-forwarded-prefix", "").rpartition(",")[2].strip())
            prefix, is_cut = (told, True) if told else (prefix, False)
            number = headers.get("x-request-id", "")
        path = scope["path"]
        if not is_cut and (path == prefix or path.startswith(f"{prefix}/")):
            path = path[len(prefix) :] or "/"
        scope["scheme"], scope["root_path"], scope["path"] = scheme, prefix, prefix + path
        scope["client"] = (client, 0) if client != peer else scope.get("client")
        here = scope.get("server") or ("", None)
        scope[ASKED] = Asked(
            id=number if _ID.fullmatch(number) else self._new_number(),
            method=scope["method"],
            path=path,
            prefix=prefix,
            headers=headers,
            client=client,
            is_secure=scheme == "https",
            here=(here[0], here[1]),
        )

    def _new_number(self) -> str:
        """Return one nobody had before; made in advance, as other threads run at each making."""
        if not self._numbers:
            digits = secrets.token_hex(_NUMBER_DIGITS // 2 * _NUMBERS)
            self._numbers = [
                digits[at : at + _NUMBER_DIGITS] for at in range(0, len(digits), _NUMBER_DIGITS)
            ]
        return self._numbers.pop()


def clean_prefix(text: str) -> str:
    """Return a prefix of paths with a slash before it and none behind; empty for none."""
    inner = text.strip("/")
    return f"/{inner}" if re.fullmatch(r"[A-Za-z0-9._~/-]+", inner) else ""


def _headers(scope: Scope) -> dict[str, str]:
    """Return the headers; two of one name are joined, so that no check takes one of them."""
    found: dict[str, str] = {}
    for raw_name, raw_value in scope["headers"]:
        name, value = raw_name.decode("latin-1"), raw_value.decode("latin-1")
        if name in found:
            found[name] += ("; " if name == "cookie" else ", ") + value
        else:
            found[name] = value
    return found
