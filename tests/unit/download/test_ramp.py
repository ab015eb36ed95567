"""How many connections a file gets, over made-up lines and servers."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from modelkeep.download.ramp import SMALL, Ramp, Sample

STEP = 0.005
LARGE = 1 << 30


def _run(
    ramp: Ramp, rate: Callable[[float, int], float], seconds: float = 2.0, delay: float = 0.0
) -> list[int]:
    """Feed samples of a server that brings ``rate(time, connections)`` bytes each second."""
    received, seen = 0.0, []
    opened: list[float] = [0.0]
    for number in range(int(seconds / STEP)):
        now = number * STEP
        delivering = sum(now - since > delay for since in opened)
        received += rate(now, delivering) * STEP
        wanted = ramp.see(Sample(now, int(received), len(opened), delivering))
        opened += [now] * (wanted - len(opened))
        seen.append(wanted)
    return seen


def test_capped_connections_soon_are_as_many_as_may_be() -> None:
    seen = _run(Ramp(8, LARGE), lambda _, count: 20e6 * count)
    assert seen[-1] == 8
    assert seen.index(8) * STEP < 0.1


def test_each_step_waits_for_the_newest_to_deliver() -> None:
    seen = _run(Ramp(64, LARGE), lambda _, count: 1e6 * count, delay=0.2)
    assert seen.index(8) * STEP > 0.2
    assert seen.index(64) * STEP > 0.4
    assert seen[-1] == 64


def test_a_line_that_is_full_gets_no_more() -> None:
    ramp = Ramp(8, LARGE)
    seen = _run(ramp, lambda _, count: 30e6 if count else 0.0)
    assert max(seen) == 8
    assert seen[-1] == 1
    assert ramp.is_settled


def test_a_local_server_keeps_one() -> None:
    assert set(_run(Ramp(8, LARGE), lambda _, count: 1e9 * min(count, 1))) == {1}


def test_a_burst_at_the_start_is_no_fast_line() -> None:
    seen = _run(Ramp(8, LARGE), lambda now, count: (1e9 if now < 0.03 else 10e6) * count)
    assert seen[-1] == 8


@pytest.mark.parametrize("total", [None, 0, SMALL - 1])
def test_small_files_and_those_of_unknown_length_get_one(total: int | None) -> None:
    assert set(_run(Ramp(8, total), lambda _, count: 1e6 * count)) == {1}


@pytest.mark.parametrize(("live", "most"), [(0, 1), (1, 1), (3, 3), (20, 8)])
def test_a_refusal_stays(live: int, most: int) -> None:
    ramp = Ramp(8, LARGE)
    _run(ramp, lambda _, count: 20e6 * count)
    ramp.refuse(live)
    assert set(_run(ramp, lambda _, count: 20e6 * count)) == {most}


def test_what_was_there_before_is_not_counted_as_speed() -> None:
    ramp = Ramp(8, LARGE, received=500_000_000)
    wanted = [
        ramp.see(Sample(number * STEP, 500_000_000 + number * 100_000, 1, 1))
        for number in range(10)
    ]
    assert max(wanted) > 1


def test_it_never_wants_more_than_it_may() -> None:
    assert max(_run(Ramp(3, LARGE), lambda _, count: 20e6 * count)) == 3
    assert max(_run(Ramp(1, LARGE), lambda _, count: 20e6 * count)) == 1
