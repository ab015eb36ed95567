"""Spans of time as people write them."""

from __future__ import annotations

import re

_SPAN = re.compile(r"(\d{1,9}(?:\.\d{1,9})?)\s*([smhdw])", re.IGNORECASE | re.ASCII)
_STEPS = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}


def read_span(text: str) -> float | None:
    """Return the seconds that a text means, such as ``30d``, ``12h`` or ``2w``; None if none."""
    found = _SPAN.fullmatch(text.strip())
    return float(found[1]) * _STEPS[found[2].lower()] if found else None
