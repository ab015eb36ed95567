"""``Sessions``: the cookies of browsers that logged in, and the tokens in their forms."""

from __future__ import annotations

import hmac
import secrets
import time
from collections.abc import Iterator

from starlette.types import Scope

from modelkeep.app.server_tokens import ServerToken, ServerTokens
from modelkeep.web.guard.asked import Asked, Caller, caller_of

#: Seconds that a browser stays logged in.
LIFETIME = 30 * 86_400
#: Clocks of two processes may differ by so much.
_SLACK = 60
#: Digits of a time.
_DIGITS = 15


class Sessions:
    """Makes and reads cookies; none are kept, so a restart loses none.

    A cookie names its token and is signed by the token's hash: it ends with the token.

    Args:
        tokens: Those that are accepted.
    """

    def __init__(self, tokens: ServerTokens) -> None:
        self._tokens = tokens

    def start(self, asked: Asked, token: ServerToken) -> str:
        """Return the ``Set-Cookie`` of a browser that logs in."""
        inner = f"{int(time.time())}.{secrets.token_urlsafe(12)}.{token.name}"
        return _set_cookie(asked, f"{_sign(token.digest, 'cookie', inner)}.{inner}", LIFETIME)

    @staticmethod
    def end(asked: Asked) -> str:
        """Return the ``Set-Cookie`` of a browser that logs out."""
        return _set_cookie(asked, "", 0)

    def caller(self, asked: Asked) -> Caller | None:
        """Return who asks, by the cookie that came along; None without a valid one."""
        for value in _cookies(asked):
            token = self._token(value)
            if token is not None:
                return Caller.of(token, session=value)
        return None

    def _token(self, value: str) -> ServerToken | None:
        signature, _, inner = value.partition(".")
        began, _, rest = inner.partition(".")
        token = self._tokens.by_name(rest.partition(".")[2])
        if token is None or not (began.isascii() and began.isdigit() and len(began) <= _DIGITS):
            return None
        is_ours = hmac.compare_digest(
            signature.encode("latin-1"), _sign(token.digest, "cookie", inner).encode()
        )
        age = time.time() - int(began)
        return token if is_ours and -_SLACK <= age < LIFETIME else None


def csrf_token(scope: Scope) -> str:
    """Return what the forms of a page have to carry; empty for those without a cookie."""
    caller = caller_of(scope)
    if caller is None or not caller.session:
        return ""
    return _sign(caller.digest, "form", caller.session)


def is_own_form(scope: Scope, given: str) -> bool:
    """Tell whether a form comes from a page of ours: a cookie alone does not show that.

    Args:
        scope: Of the request.
        given: What the form carries.
    """
    caller = caller_of(scope)
    if caller is None or not caller.session:
        return caller is not None
    return hmac.compare_digest(csrf_token(scope).encode(), given.encode("utf-8", "replace"))


def _sign(key: bytes, use: str, text: str) -> str:
    return hmac.new(
        key, f"modelkeep {use}\0{text}".encode("utf-8", "replace"), "sha256"
    ).hexdigest()


def _cookie_name(asked: Asked) -> str:
    """Return a name with the port: browsers send the cookies of one host to all its ports."""
    port = asked.here[1]
    return f"modelkeep_{port}" if port else "modelkeep"


def _set_cookie(asked: Asked, value: str, seconds: int) -> str:
    parts = [
        f"{_cookie_name(asked)}={value}",
        f"Max-Age={seconds}",
        f"Path={asked.prefix or '/'}",
        "HttpOnly",
        "SameSite=Strict",
    ]
    return "; ".join([*parts, "Secure"] if asked.is_secure else parts)


def _cookies(asked: Asked) -> Iterator[str]:
    """Give the values of our cookie: others of this host may have set one of its name too."""
    start = f"{_cookie_name(asked)}="
    for part in asked.headers.get("cookie", "").split(";")[:100]:
        found = part.strip()
        if found.startswith(start):
            yield found[len(start) :]
