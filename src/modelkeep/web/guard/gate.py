"""``Gate``: how people get in, for the checks and for the login page."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import cast

from starlette.types import Scope

from modelkeep.app.login_codes import LoginCodes
from modelkeep.app.server_tokens import ServerToken, ServerTokens
from modelkeep.web.guard.asked import Asked, Caller
from modelkeep.web.guard.refusals import Refusal
from modelkeep.web.guard.sessions import Sessions
from modelkeep.web.guard.tries import FailedTries
from modelkeep.web.pauses import Moment

_GATE = "modelkeep.gate"


@dataclass(frozen=True, slots=True, eq=False)
class Gate:
    """What decides who gets in.

    Attributes:
        tokens: Those that are accepted.
        codes: Those of login links.
        sessions: Cookies.
        tries: Wrong tokens and codes.
    """

    tokens: ServerTokens
    codes: LoginCodes
    sessions: Sessions
    tries: FailedTries
    _now: Moment[str, ServerToken | None] = field(default_factory=Moment)

    @classmethod
    def of(cls, tokens: ServerTokens) -> Gate:
        """Return the gate of a server with these tokens."""
        return cls(tokens, LoginCodes(tokens), Sessions(tokens), FailedTries())

    def by_token(self, asked: Asked, value: str) -> Caller | Refusal:
        """Return who holds a token, or why the request is refused."""
        token = self._now.get(value, lambda: self.tokens.find(value))
        seconds = self.tries.wait(asked.client, token.digest if token else None)
        if seconds:
            return must_wait(seconds)
        if token is None:
            self.tries.failed(asked.client)
            return WRONG_TOKEN
        self.tries.succeeded(asked.client, token.digest)
        return Caller.of(token)

    def token_or_code(self, value: str) -> ServerToken | None:
        """Return the token that a value or a code stands for; a code is used up.

        Raises:
            StorageError: it cannot be noted that the code was used.
        """
        return self.tokens.find(value) or self.codes.redeem(value)


def gate_of(scope: Scope) -> Gate:
    """Return the gate that a request came through."""
    return cast("Gate", scope[_GATE])


def set_gate(scope: Scope, gate: Gate) -> None:
    """Note the gate that a request came through."""
    scope[_GATE] = gate


def must_wait(seconds: int) -> Refusal:
    """Return the refusal for an address that tried too many wrong tokens."""
    return Refusal(
        429,
        "TooManyTries",
        "Too many wrong tokens came from this address",
        f"Try again in {seconds} seconds.",
        {"Retry-After": str(seconds)},
    )


_HOW = "Send it as 'Authorization: Bearer TOKEN'. modelkeep access add NAME makes one."
WRONG_TOKEN = Refusal(
    401,
    "Unauthorized",
    "This token is not accepted: it is wrong, was removed or has expired",
    _HOW,
    {"WWW-Authenticate": "Bearer"},
)
NO_TOKEN = Refusal(
    401,
    "Unauthorized",
    "This server answers only with a token",
    _HOW,
    {"WWW-Authenticate": "Bearer"},
)
