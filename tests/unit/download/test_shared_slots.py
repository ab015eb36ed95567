"""Connections to one host, shared by all jobs."""

from __future__ import annotations

import threading

from hypothesis import given
from hypothesis import strategies as st

from modelkeep.download.shared_limits import SharedSlots


def wanted() -> bool:
    return False


def unwanted() -> bool:
    return True


@given(
    st.integers(1, 8),
    st.integers(1, 6),
    st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from("+?-")), max_size=60),
)
def test_no_host_is_asked_for_more_than_its_share(
    per_host: int, jobs: int, steps: list[tuple[str, str]]
) -> None:
    slots = SharedSlots(per_host, jobs)
    used = dict.fromkeys("abc", 0)
    for host, step in steps:
        if step == "-":
            if used[host]:
                slots.release(host)
                used[host] -= 1
        elif step == "?":
            used[host] += slots.try_acquire(host)
        elif used[host] < per_host:
            assert slots.acquire(host, wanted)
            used[host] += 1
        else:
            assert not slots.acquire(host, unwanted)
        assert used[host] <= per_host


def test_one_job_leaves_room_for_the_first_connections_of_others() -> None:
    slots = SharedSlots(16, jobs=5)
    assert slots.acquire("host", wanted)
    further = 0
    while slots.try_acquire("host"):
        further += 1
    assert further == 11
    assert all(slots.acquire("host", wanted) for _ in range(4))
    assert slots.try_acquire("other")


def test_a_first_connection_waits_for_one_that_is_given_back() -> None:
    slots = SharedSlots(1)
    assert slots.acquire("host", wanted)
    got: list[bool] = []
    thread = threading.Thread(target=lambda: got.append(slots.acquire("host", wanted)))
    thread.start()
    thread.join(0.05)
    assert got == []
    slots.release("host")
    thread.join(10)
    assert got == [True]
    assert not slots.try_acquire("host")
