"""``stretches``: which bytes of a file are brought into memory together."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from modelkeep.load.plan import TensorPlace


@dataclass(frozen=True, slots=True)
class Stretch:
    """Bytes of one file that are brought into memory together.

    Attributes:
        start: Its first byte.
        end: Behind its last byte.
        names: The tensors in it.
    """

    start: int
    end: int
    names: tuple[str, ...]


def stretches(places: Mapping[str, TensorPlace], gap: int) -> list[Stretch]:
    """Join the tensors of one file that stand near each other, in the order of the file.

    Args:
        places: The tensors; some may overlap.
        gap: So many unwanted bytes may stand between two tensors of a stretch.
    """
    found: list[Stretch] = []
    names: list[str] = []
    start = end = 0
    for name, place in sorted(places.items(), key=lambda item: item[1].offset):
        if names and place.offset > end + gap:
            found.append(Stretch(start, end, tuple(names)))
            names = []
        if not names:
            start = end = place.offset
        names.append(name)
        end = max(end, place.end)
    if names:
        found.append(Stretch(start, end, tuple(names)))
    return found
