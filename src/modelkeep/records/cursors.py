"""Cursors: where a page ended, as text that a URL can carry."""

from __future__ import annotations

import base64
import binascii
import json
from dataclasses import dataclass
from typing import Any, NoReturn

from modelkeep.errors import UsageError

#: What the first value of a cursor is, for each order.
_KINDS: dict[str, tuple[type, ...]] = {
    "name": (type(None),),
    "size": (int, type(None)),
    "date": (float, int),
    "type": (str,),
    "base": (str,),
    "relevance": (float, int),
}
#: Values of a cursor that has keys before it.
_LONG = 6


@dataclass(frozen=True, slots=True)
class Cursor:
    """The last record of a page, by what the list is sorted by; it need not exist any more.

    Attributes:
        order: The list's order.
        value: What this order sorts by first; None for ``name``.
        sort_name: The name in lower case.
        name: The name.
        key: The key.
        before: Keys of the records before it, the nearest first; for relevance alone.
    """

    order: str
    value: Any
    sort_name: str
    name: str
    key: str
    before: tuple[str, ...] = ()

    def to_text(self) -> str:
        """Return it as letters, digits, ``-`` and ``_``."""
        values = [self.order, self.value, self.sort_name, self.name, self.key]
        values += [list(self.before)] if self.before else []
        packed = json.dumps(values, separators=(",", ":")).encode()
        return base64.urlsafe_b64encode(packed).decode().rstrip("=")


def read_cursor(text: str, order: str) -> Cursor:
    """Return the cursor that ``to_text`` wrote for a list in this order.

    Raises:
        UsageError: the text is none, or one of another order.
    """
    try:
        packed = base64.b64decode(text.encode("ascii") + b"=" * (-len(text) % 4), b"-_", True)  # noqa: FBT003 - strict
        values = json.loads(packed, parse_constant=_refuse)
    except (ValueError, RecursionError, binascii.Error):
        values = None
    before = values.pop() if isinstance(values, list) and len(values) == _LONG else []
    if not isinstance(values, list) or len(values) != _LONG - 1 or not isinstance(before, list):
        raise _no_cursor(text)
    asked, value, sort_name, name, key = values
    cursor = Cursor(asked, value, sort_name, name, key, tuple(before))
    rest = (cursor.sort_name, cursor.name, cursor.key, *before)
    is_ours = isinstance(cursor.value, _KINDS[order]) and not isinstance(cursor.value, bool)
    if cursor.order != order or not is_ours or not all(isinstance(part, str) for part in rest):
        raise _no_cursor(text)
    return cursor


def _refuse(constant: str) -> NoReturn:
    raise ValueError(constant)


def _no_cursor(text: str) -> UsageError:
    return UsageError(
        f"Invalid cursor: no page of this list ends at {text!r:.80}",
        hint=(
            "Pass the next value of the previous page with the same order, or start at the first "
            "page."
        ),
    )
