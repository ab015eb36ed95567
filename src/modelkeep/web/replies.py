"""Answers: values as JSON, encoded once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec
from fastapi import Response

_JSON = "application/json"


def json_reply(
    value: Any, status: int = 200, *, headers: Mapping[str, str] | None = None
) -> Response:
    """Return plain values as an answer.

    Args:
        value: What ``to_json`` of an answer of ``modelkeep.app`` gives.
        status: Of HTTP.
        headers: More headers.
    """
    body = msgspec.json.encode(value)
    return Response(body, status, headers=dict(headers or {}), media_type=_JSON)


def no_content() -> Response:
    """Return the answer without a body."""
    return Response(status_code=204)
