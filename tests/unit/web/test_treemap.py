"""Areas of a picture: as large as their values, all within it, none over another."""

from __future__ import annotations

from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelkeep.web.treemap import Cell, treemap


@pytest.mark.parametrize(
    "values", [[1.0], [3.0, 3.0], [500.0, 20.0, 20.0, 1.0, 0.1], [float(n) for n in range(1, 60)]]
)
def test_areas_are_as_large_as_their_values(values: list[float]) -> None:
    cells = treemap(list(enumerate(values)))
    assert len(cells) == len(values)
    for cell in cells:
        share = values[cell.item] / sum(values) * 10_000
        assert cell.width * cell.height == pytest.approx(share, rel=0.05, abs=0.5)
        assert cell.x >= 0
        assert cell.y >= 0
        assert cell.x + cell.width <= 100.01
        assert cell.y + cell.height <= 100.01
    assert not any(_overlap(one, other) for one, other in combinations(cells, 2))


def test_nothing_and_empty_things_have_no_area() -> None:
    assert treemap([]) == []
    assert [cell.item for cell in treemap([("a", 0), ("b", 2)])] == ["b"]


_SIZES = st.lists(st.integers(0, 10) | st.integers(10**6, 10**15), max_size=40)


@given(_SIZES, _SIZES)
def test_what_is_tiny_beside_the_rest_may_have_no_area(some: list[int], others: list[int]) -> None:
    areas = treemap([(some, sum(some)), (others, sum(others))])
    cells = areas + [cell for area in areas for cell in treemap([(n, n) for n in area.item], area)]
    for cell in cells:
        assert 0 < cell.width <= 100
        assert 0 < cell.height <= 100
    assert len(areas) == (sum(some) > 0) + (sum(others) > 0) or min(
        sum(some), sum(others)
    ) * 1e4 < (max(sum(some), sum(others)))


def test_an_area_can_be_divided_again() -> None:
    [first, _] = treemap([("a", 3), ("b", 1)])
    for cell in treemap([(1, 5), (2, 5), (3, 1)], first):
        assert first.x - 0.01 <= cell.x
        assert cell.x + cell.width <= first.x + first.width + 0.01
        assert cell.y + cell.height <= first.y + first.height + 0.01


def _overlap(one: Cell[int], other: Cell[int]) -> bool:
    is_beside = one.x + one.width <= other.x + 0.01 or other.x + other.width <= one.x + 0.01
    is_below = one.y + one.height <= other.y + 0.01 or other.y + other.height <= one.y + 0.01
    return not (is_beside or is_below)
