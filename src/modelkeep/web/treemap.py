"""``treemap``: areas as large as their values, for pictures drawn by the server.

All places are percentages of the picture, so that it fits every screen and its texts stay as they
are. The layout is that of squarified treemaps (Bruls, Huizing, van Wijk, 2000).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

T = TypeVar("T")

#: How much wider than high a picture is thought to be.
_ASPECT = 3.0
#: Percent that a few lines of text need.
_WIDE, _HIGH = 7.0, 15.0
_WIDE_ON_PHONES, _HIGH_ON_PHONES = 45.0, 22.0


@dataclass(frozen=True, slots=True)
class Cell(Generic[T]):
    """One area.

    Attributes:
        item: What it stands for.
        x, y, width, height: Percent of the picture.
    """

    item: T
    x: float
    y: float
    width: float
    height: float

    @property
    def has_room(self) -> bool:
        """A few lines of text fit in."""
        return self.width >= _WIDE and self.height >= _HIGH

    @property
    def has_room_on_phones(self) -> bool:
        """The same where the picture is as narrow as a phone."""
        return self.width >= _WIDE_ON_PHONES and self.height >= _HIGH_ON_PHONES


def treemap(items: Sequence[tuple[T, float]], whole: Cell[Any] | None = None) -> list[Cell[T]]:
    """Return an area for each item, the largest first; those too small to be drawn get none.

    Args:
        items: With their values.
        whole: The area that they share; the whole picture when None.
    """
    wanted = sorted((item for item in items if item[1] > 0), key=lambda item: -item[1])
    room = whole or Cell(None, 0, 0, 100, 100)
    scale = room.width * room.height / (sum(value for _, value in wanted) or 1)
    areas = [(item, value * scale) for item, value in wanted]
    return _fill(areas, (room.x, room.y, room.width, room.height))


def _fill(
    areas: Sequence[tuple[T, float]], room: tuple[float, float, float, float]
) -> list[Cell[T]]:
    cells: list[Cell[T]] = []
    left = list(areas)
    while left and room[2] > 0 and room[3] > 0:
        is_wide = room[2] * _ASPECT >= room[3]
        count = 1
        while count < len(left) and _worst(left[: count + 1], room, is_wide=is_wide) <= _worst(
            left[:count], room, is_wide=is_wide
        ):
            count += 1
        row, left = left[:count], left[count:]
        cells += _row(row, room, is_wide=is_wide)
        room = _rest(row, room, is_wide=is_wide)
    return cells


def _worst(
    row: Sequence[tuple[T, float]], room: tuple[float, float, float, float], *, is_wide: bool
) -> float:
    """Return how far from a square the worst area of a row would be; 1 is a square."""
    total = sum(area for _, area in row)
    depth = total / (room[3] if is_wide else room[2])
    if depth <= 0:
        return float("inf")
    ratios = []
    for _, area in row:
        length = area / depth
        ratio = depth * _ASPECT / length if is_wide else length * _ASPECT / depth
        ratios.append(max(ratio, 1 / ratio))
    return max(ratios)


def _row(
    row: Sequence[tuple[T, float]], room: tuple[float, float, float, float], *, is_wide: bool
) -> list[Cell[T]]:
    x, y, width, height = room
    depth = sum(area for _, area in row) / (height if is_wide else width)
    cells = []
    for item, area in row:
        length = area / depth
        if is_wide:
            cells.append(Cell(item, round(x, 3), round(y, 3), round(depth, 3), round(length, 3)))
            y += length
        else:
            cells.append(Cell(item, round(x, 3), round(y, 3), round(length, 3), round(depth, 3)))
            x += length
    return [cell for cell in cells if cell.width and cell.height]


def _rest(
    row: Sequence[tuple[T, float]], room: tuple[float, float, float, float], *, is_wide: bool
) -> tuple[float, float, float, float]:
    x, y, width, height = room
    depth = sum(area for _, area in row) / (height if is_wide else width)
    if is_wide:
        return (x + depth, y, max(width - depth, 0.0), height)
    return (x, y + depth, width, max(height - depth, 0.0))
