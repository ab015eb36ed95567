"""Threads that wait for work, and end when nobody has any."""

from __future__ import annotations

import threading

from modelkeep.jobs.workers import Workers
from support.waiting import PATIENCE, until

NAME = "workers of this test"


def threads() -> list[threading.Thread]:
    return [each for each in threading.enumerate() if each.name == NAME]


def until_none_is_left() -> None:
    until(lambda: not threads())


def test_who_is_at_work_when_all_are_dismissed_ends_after_it() -> None:
    workers, begun, may_end = Workers(NAME), threading.Event(), threading.Event()

    def work() -> None:
        begun.set()
        may_end.wait(PATIENCE)

    workers.run(work)
    assert begun.wait(PATIENCE)
    workers.dismiss()
    assert len(threads()) == 1
    may_end.set()
    until_none_is_left()


def test_one_thread_does_what_comes_later_too() -> None:
    workers, done = Workers(NAME), threading.Semaphore(0)
    seen: set[int | None] = set()

    def work() -> None:
        seen.add(threading.get_ident())
        done.release()

    for _ in range(3):
        workers.dismiss()
        workers.run(work)
        assert done.acquire(timeout=PATIENCE)
    workers.dismiss()
    until_none_is_left()
    assert seen
