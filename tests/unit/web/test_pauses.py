"""What requests of one moment share, and how long threads compute at a time."""

from __future__ import annotations

import asyncio
import sys
from itertools import count

import pytest

from modelkeep.web.pauses import Moment, short_turns


def test_requests_of_one_moment_share_what_was_found() -> None:
    moment, numbers = Moment[str, int](), count()

    async def ask(name: str) -> int:
        return moment.get(name, numbers.__next__)

    async def ask_all(*names: str) -> list[int]:
        return list(await asyncio.gather(*map(ask, names)))

    async def ask_twice() -> list[list[int]]:
        return [await ask_all("a", "a", "b"), await ask_all("a", "a")]

    assert asyncio.run(ask_twice()) == [[0, 0, 1], [2, 2]]


def test_what_failed_is_tried_again() -> None:
    moment = Moment[str, int]()

    async def ask() -> int:
        with pytest.raises(ZeroDivisionError):
            moment.get("a", lambda: 1 // 0)
        return moment.get("a", lambda: 1)

    assert asyncio.run(ask()) == 1


def test_turns_are_short_for_a_while() -> None:
    before = sys.getswitchinterval()
    with short_turns():
        assert sys.getswitchinterval() < before
    assert sys.getswitchinterval() == before
