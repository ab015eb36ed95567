"""One of several values that differ: the surest, and the others are told as contradicted."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TypeVar

from modelkeep.core.identity import Evidence

T = TypeVar("T")
_DECIDING = {
    "keys": "the tensors say otherwise and decide",
    "shapes": "the tensors say otherwise and decide",
    "config": "its config says otherwise and decides",
    "metadata": "its metadata says otherwise and decides",
    "hash": "its known hash says otherwise and decides",
    "name": "its name says otherwise and decides",
}


def chosen(found: Iterable[tuple[T, Evidence]]) -> tuple[T | None, Sequence[Evidence]]:
    """Return the first of several values, with why it is that and which others are contradicted.

    Args:
        found: Values with what says so, the surest first.
    """
    first: T | None = None
    reasons: list[Evidence] = []
    for value, reason in found:
        if not reasons:
            first, reasons = value, [reason]
        elif value != first:
            doubt = _DECIDING[reasons[0].kind]
            reasons.append(Evidence(reason.kind, f"{reason.detail}; {doubt}"))
    return first, reasons
