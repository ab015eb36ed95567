"""Limits of bandwidth as rclone writes them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelkeep.core.bwlimit import Timetable, read_bwlimit

KIB = 1 << 10
MIB = 1 << 20
MONDAY = datetime(2026, 11, 23, tzinfo=UTC)


def at(hours: float) -> datetime:
    """Return the moment so many hours after a Monday began."""
    return MONDAY + timedelta(hours=hours)


@pytest.mark.parametrize(
    ("text", "rate"),
    [
        (None, None), ("off", None), ("0", None), ("10M", 10 * MIB), ("512", 512 * KIB),
        ("512k", 512 * KIB), ("1.5M", 3 * MIB // 2), ("100b", 100), ("1G", 1 << 30),
        ("1M:10M", 10 * MIB), ("1M:off", None), ("10MiB", 10 * MIB), (" 2M ", 2 * MIB),
    ],
)  # fmt: skip
def test_one_limit_for_all_times(text: str | None, rate: int | None) -> None:
    table = read_bwlimit(text)
    assert table.is_unlimited is (rate is None)
    assert {table.rate_at(at(hours)) for hours in range(0, 168, 5)} == {rate}


def test_by_the_time_of_day() -> None:
    table = read_bwlimit("08:00,2M 23:00,off")
    for day in range(7):
        rates = [table.rate_at(at(24 * day + hour)) for hour in (0, 7.99, 8, 22.99, 23)]
        assert rates == [None, None, 2 * MIB, 2 * MIB, None]


def test_by_the_day_of_the_week() -> None:
    table = read_bwlimit("Mon-00:00,512 fri-23:59,10M Saturday-10:00,1M; sun-20:00,off")
    rates = [table.rate_at(at(hours)) for hours in (0, 100, 119.99, 129.9, 130, 163.9, 164, 167.9)]
    assert rates == [512 * KIB, 512 * KIB, 10 * MIB, 10 * MIB, MIB, MIB, None, None]


@pytest.mark.parametrize(
    "text",
    [
        "", "fast", "10X", "-1M", "1,2", "25:00,1M", "08:60,1M", "x:1M", "08:00,", "Foo-08:00,1M",
        "08:00,1M nonsense", "08:00,2M 10M", "1e3", "\u0661M", "inf", "nan",
    ],
)  # fmt: skip
def test_what_is_no_limit_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"is no|entry"):
        read_bwlimit(text)


@given(st.text(max_size=40))
def test_any_text_gives_a_limit_or_is_refused(text: str) -> None:
    try:
        table = read_bwlimit(text)
    except ValueError:
        return
    assert all(rate is None or rate > 0 for _, rate in table.changes)


@given(
    st.dictionaries(st.integers(0, 7 * 1440 - 1), st.none() | st.integers(1, 1 << 40), min_size=1),
    st.integers(0, 7 * 1440 - 1),
)
def test_the_last_change_before_a_moment_holds(changes: dict[int, int | None], minute: int) -> None:
    table = Timetable(tuple(sorted(changes.items())))
    before = [each for each in changes if each <= minute] or list(changes)
    assert table.rate_at(MONDAY + timedelta(minutes=minute)) == changes[max(before)]
