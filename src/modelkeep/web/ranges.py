"""``Range`` of a request: which bytes of a file are asked for."""

from __future__ import annotations

import re

_ONE = re.compile(r"bytes\s*=\s*(\d{0,19})\s*-\s*(\d{0,19})", re.IGNORECASE | re.ASCII)


class UnsatisfiableRangeError(ValueError):
    """No byte of the file is in the range."""


def range_of(header: str, size: int) -> tuple[int, int] | None:
    """Return the bytes that a header asks for, as the first one and the one behind the last.

    Args:
        header: The value of ``Range``.
        size: Bytes of the file.

    Returns:
        None where all are sent instead: of several ranges, other units, and what is no range.

    Raises:
        UnsatisfiableRangeError: the file has none of these bytes.
    """
    found = _ONE.fullmatch(header.strip())
    if found is None or found[1] == found[2] == "":
        return None
    if not found[1]:
        start, end = max(0, size - int(found[2])), size
    else:
        start = int(found[1])
        end = min(size, int(found[2]) + 1) if found[2] else size
        if found[2] and int(found[2]) < start:
            return None
    if start >= end:
        raise UnsatisfiableRangeError(header)
    return start, end


def holds(tags: str, tag: str) -> bool:
    """Tell whether ``If-None-Match`` names a tag, or anything at all."""
    if tags.strip() == "*":
        return True
    return tag in (each.strip().removeprefix("W/") for each in tags.split(","))
