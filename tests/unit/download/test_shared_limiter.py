"""One bandwidth for all connections."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from modelkeep.core.bwlimit import read_bwlimit
from modelkeep.download.shared_limits import SharedLimiter

MIB = 1 << 20
MONDAY = datetime(2026, 11, 23, tzinfo=UTC)


class World:
    """Time that passes only when somebody waits."""

    def __init__(self, limit: str, hours: float = 0.0) -> None:
        self.seconds = 1000.0
        self.begin = MONDAY + timedelta(hours=hours)
        self.limiter = SharedLimiter(read_bwlimit(limit), self.clock, self.now, self.pass_)

    def clock(self) -> float:
        return self.seconds

    def now(self) -> datetime:
        return self.begin + timedelta(seconds=self.seconds - 1000.0)

    def pass_(self, seconds: float) -> None:
        self.seconds += seconds


def wanted() -> bool:
    return False


def test_without_a_limit_nobody_waits() -> None:
    world = World("off")
    assert sum(world.limiter.take(MIB, wanted) for _ in range(100)) == 0


@given(st.lists(st.integers(1, 4 * MIB), min_size=1, max_size=50), st.integers(1, 50))
def test_no_more_comes_through_than_is_allowed(counts: list[int], rate: int) -> None:
    world = World(f"{rate}M")
    for count in counts:
        world.limiter.take(count, wanted)
    passed = world.seconds - 1000.0
    before_last = sum(counts[:-1])
    assert before_last <= rate * MIB * (passed + 0.1) + 1
    assert before_last >= rate * MIB * (passed - 0.2) - 1


def test_time_in_which_nothing_was_wanted_is_lost() -> None:
    world = World("1M")
    world.pass_(3600)
    begun = world.seconds
    for _ in range(4):
        world.limiter.take(MIB, wanted)
    assert 2.8 <= world.seconds - begun <= 3.1


def test_one_that_is_cancelled_waits_no_longer() -> None:
    world = World("1M")
    world.limiter.take(100 * MIB, wanted)
    begun = world.seconds
    world.limiter.take(MIB, lambda: world.seconds - begun > 0.3)
    assert world.seconds - begun <= 0.5


def test_the_end_of_a_limit_ends_the_wait() -> None:
    world = World("00:00,1M 01:00,off", hours=0.999)
    world.limiter.take(1000 * MIB, wanted)
    world.limiter.take(1000 * MIB, wanted)
    assert world.seconds - 1000.0 <= 4
    assert world.limiter.take(1000 * MIB, wanted) == 0
