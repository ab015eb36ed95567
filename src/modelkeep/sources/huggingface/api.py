"""``HubApi``: requests to the API of Hugging Face about one repository, and why it refuses some."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from modelkeep.errors import HttpStatusError
from modelkeep.http.client import ANSWER_BYTES, ApiResponse
from modelkeep.http.error_responses import error_message
from modelkeep.sources.site import SiteConnection, refusal

_REFUSED = 400
_UNAUTHORIZED, _FORBIDDEN, _NOT_FOUND = 401, 403, 404
_TOKENS = "https://huggingface.co/settings/tokens"
#: Why a repository is not given, and what to do.
_NO_REVISION = ("it has no such branch, tag or commit", "Look for its branches on {page}/tree/main")
_NO_FILE = ("it has no such file", "Look for its files on {page}/tree/main")
_DISABLED = ("the site disabled it", "Look for another source. {page} may give the reason.")
_INVALID = ("the token is not valid", f"Make a new token: {_TOKENS}")
_SCOPE = (
    "the token has no access to it",
    f"Create a read token, or give this one the right: {_TOKENS}",
)
_HIDDEN = (
    "it does not exist, or it is private",
    "Check the spelling. For a private repository pass a token with --token or HF_TOKEN.",
)
_MISSING = (
    "it does not exist, or the token's account has no access",
    "Check the spelling and open {page} in a browser.",
)


@dataclass
class HubApi:
    """The API of the site, for one repository or, where ``repo`` is empty, for none.

    Attributes:
        site: The site at its address; without its token once that has turned out to be invalid.
    """

    site: SiteConnection
    repo: str = ""
    revision: str | None = None
    notes: tuple[str, ...] = ()

    def get(self, url: str, params: Mapping[str, Any], limit: int = ANSWER_BYTES) -> Any:
        """Return the JSON that an address answers with.

        Raises:
            HttpStatusError: it is refused; says why and what to do.
        """
        reply = self._get(url, params, limit)
        text = reply.header("X-Error-Message").encode() + reply.body
        is_invalid = reply.status == _UNAUTHORIZED and b"invalid credentials" in text.lower()
        if self.site.token is not None and is_invalid:
            refused, self.site = self.site, replace(self.site, token=None, aliases=frozenset())
            again = self._get(url, params, limit)
            if again.status < _REFUSED:
                self.notes += (
                    "The token for Hugging Face is invalid; only public models are available.",
                )
                reply = again
            else:
                self.site = refused
        if reply.status >= _REFUSED and self.repo:
            raise self.refusal_of(reply)
        return reply.raise_for_status().json()

    def _get(self, url: str, params: Mapping[str, Any], limit: int) -> ApiResponse:
        return self.site.context.client.get(self.site.request(url), params, limit=limit)

    def refusal_of(self, reply: ApiResponse, file: str = "") -> HttpStatusError:
        """Return the error that says why a repository or file is not given, and what to do."""
        code, message = reply.header("X-Error-Code"), reply.header("X-Error-Message")
        text = f"{message} {reply.body.decode('utf-8', 'replace')}"
        has_token = self.site.token is not None
        is_no_file = file and not code and reply.status == _NOT_FOUND
        reason = "EntryNotFound" if is_no_file else code
        why, hint = _reason(reply.status, reason, text, has_token=has_token)
        if not why:
            if reply.error is not None:
                return reply.error
            why, hint = "the request was refused", "Try again later."
        at = f"@{self.revision}" if self.revision else ""
        # Its codes say all there is to say; without one its own words may say more.
        words = "" if code else error_message(reply.body, reply.header("Content-Type"))
        return refusal(
            reply,
            f"Hugging Face refuses {f'{file} of ' if file else ''}{self.repo}{at}"
            f" (status {reply.status}): {why}" + (f"; it says: {words}" if words else ""),
            hint.format(page=f"https://huggingface.co/{self.repo}"),
        )


def _reason(status: int, code: str, text: str, *, has_token: bool) -> tuple[str, str]:
    lowered = text.lower()
    is_refused = status in {_UNAUTHORIZED, _FORBIDDEN}
    if code == "GatedRepo" or (is_refused and "gated" in lowered):
        return _gated(lowered, has_token=has_token)
    cases = [
        (code == "RevisionNotFound", _NO_REVISION),
        (code == "EntryNotFound", _NO_FILE),
        (is_refused and "disabled" in lowered, _DISABLED),
        (status == _UNAUTHORIZED and "invalid credentials" in lowered, _INVALID),
        (status == _FORBIDDEN and has_token, _SCOPE),
        (status == _UNAUTHORIZED and not has_token, _HIDDEN),
        (status == _NOT_FOUND or code == "RepoNotFound", _MISSING),
    ]
    return next((reason for holds, reason in cases if holds), ("", ""))


def _gated(text: str, *, has_token: bool) -> tuple[str, str]:
    if not has_token:
        return (
            "it is gated: its terms must be accepted first, and no token was given",
            "Accept them on {page}, then pass a token with --token or HF_TOKEN.",
        )
    if "fine-grained" in text or "public gated" in text:
        return (
            "the token has no access to gated repositories",
            f"Allow it to read all public gated repositories you can access: {_TOKENS}",
        )
    return (
        "it is gated: the account of the token must accept its terms first",
        "Request access on {page}. Some authors approve requests manually.",
    )
