"""Why Civitai refuses something, in words that say what to do."""

from __future__ import annotations

import json
from typing import Any

from modelkeep.errors import HttpStatusError
from modelkeep.http.client import ApiResponse
from modelkeep.http.error_responses import error_message
from modelkeep.sources.sidecars.clean_text import one_line

_UNAUTHORIZED, _FORBIDDEN, _NOT_FOUND, _GONE, _BUSY, _UNAVAILABLE = 401, 403, 404, 410, 429, 503
_TOKEN = "Keep one with: modelkeep token set civitai. Or give it with --token or CIVITAI_API_TOKEN."  # noqa: S105 - a hint


def refusal_error(reply: ApiResponse, what: str, *, has_token: bool) -> HttpStatusError:
    """Return the error that says why something is not given, and what to do.

    Args:
        reply: A refusal.
        what: Which model or version was asked for.
        has_token: A token went along.
    """
    why, hint = _reason(reply, has_token=has_token)
    refusal = reply.error
    error = HttpStatusError(
        f"Civitai does not give {what} (status {reply.status}): {why}",
        status=reply.status,
        reason=refusal.reason if refusal is not None else "",
        hint=hint,
        headers=reply.headers,
        body=reply.body,
    )
    error.__cause__ = refusal.__cause__ if refusal is not None else None
    return error


def _reason(reply: ApiResponse, *, has_token: bool) -> tuple[str, str]:
    told = _told(reply.body)
    said = error_message(reply.body, reply.header("Content-Type"))
    lowered, says = said.lower(), f"; it says: {said}" if said else ""
    if "disabled downloads" in lowered:
        return "its creator does not allow downloads", "It can only be used on the site."
    if reply.status == _UNAUTHORIZED and has_token:
        return (
            f"the token is not valid{says}",
            f"Make a new one on civitai.com/user/account. {_TOKEN}",
        )
    if reply.status == _UNAUTHORIZED:
        return f"it needs a token{says}", _TOKEN
    if reply.status == _FORBIDDEN and told.get("error") == "Early Access":
        until = one_line(told.get("deadline")) or ""
        end = f" until {until[:10]}" if until else ""
        return f"it is in early access{end}", "Buy it on the site, or wait."
    cases = {
        _FORBIDDEN: ("this account may not have it", "Look at its page on the site."),
        _NOT_FOUND: ("it is not there: gone, not published, or mistyped", "Check its address."),
        _GONE: ("the site has archived it", "Look for another source of the same file."),
        _BUSY: ("it was asked too often", "Wait some minutes, then try again."),
        _UNAVAILABLE: ("it is overloaded", "Wait some minutes, then try again."),
    }
    why, hint = cases.get(reply.status, ("the answer was a refusal", "Try again later."))
    return why + says, hint


def _told(body: bytes) -> dict[str, Any]:
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}
