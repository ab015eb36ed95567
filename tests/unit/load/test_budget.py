"""Bytes are counted by owner; what is too much is told, not refused."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelkeep.load.budget import MemoryBudget


@given(st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 100))), st.integers(0, 300))
def test_it_is_the_sum_of_what_each_holds(changes: list[tuple[str, int]], limit: int) -> None:
    budget, held, most = MemoryBudget(limit), dict.fromkeys("abc", 0), 0
    for owner, count in changes:
        budget.hold(owner, count)
        held[owner] = count
        most = max(most, sum(held.values()))
        assert budget.used == sum(held.values())
        assert [budget.held_by(one) for one in "abc"] == [*held.values()]
    assert budget.most == most
    assert budget.excess() == max(budget.used - limit, 0)
    assert budget.excess(7) == max(budget.used + 7 - limit, 0)


def test_nothing_is_less_than_nothing() -> None:
    budget = MemoryBudget(10)
    with pytest.raises(ValueError, match="-1 bytes"):
        budget.hold("a", -1)
    with pytest.raises(ValueError, match="less than nothing"):
        budget.limit = -1
    assert (budget.limit, budget.used) == (10, 0)
    assert repr(budget) == "MemoryBudget(0 B of 10 B)"
