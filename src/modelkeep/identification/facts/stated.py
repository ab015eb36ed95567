"""Values that strangers wrote into a header, each read within bounds."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Mapping
from typing import Any

#: Characters of a JSON text that is read; tables of tags reach a few millions.
_JSON_CHARACTERS = 8 << 20
_NUMBER_CHARACTERS = 32
_MOST = 10**12
_SHA256 = re.compile("(?:0x)?([0-9a-f]{64})")
#: What trainers write where there is nothing.
_NOTHING = frozenset({"", "none", "null", "n/a"})


def stated_json(text: str) -> Any:
    """Return what a JSON text holds; None where it is none, or too long or too deep."""
    if len(text) > _JSON_CHARACTERS or not text.lstrip().startswith(("{", "[")):
        return None
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None  # free text of a trainer, not the model's structure: nothing to report


def stated_number(value: Any) -> float | None:
    """Return a number of a header; None where it is none, or none that anybody would mean."""
    if isinstance(value, str) and len(value) > _NUMBER_CHARACTERS:
        return None
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return None
    return number if math.isfinite(number) and 0 <= number <= _MOST else None


def stated_count(value: Any) -> int | None:
    """Return a whole number of a header; None as for ``stated_number``."""
    number = stated_number(value)
    return int(number) if number is not None else None


def stated_text(value: Any, most: int) -> str | None:
    """Return a text of a header on one line, cut; None where it says nothing."""
    if not isinstance(value, str):
        return None
    text = " ".join("".join(c if c.isprintable() else " " for c in value[: 4 * most]).split())
    return text[:most].rstrip() if text.casefold() not in _NOTHING else None


def stated_sha256(value: Any) -> str | None:
    """Return a full sha256 of a header in lower case; None where it is none."""
    found = _SHA256.fullmatch(value.strip().casefold()) if isinstance(value, str) else None
    return found[1] if found else None


def entries(value: Any) -> Iterator[tuple[str, Any]]:
    """Give the entries of what should be a JSON object."""
    yield from value.items() if isinstance(value, Mapping) else ()
