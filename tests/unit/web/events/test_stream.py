"""What one client has yet to get: progress is replaced, nothing else is lost."""

from __future__ import annotations

import asyncio

from modelkeep.web.events.ring import Framed
from modelkeep.web.events.stream import Stream


def _offer(stream: Stream, *framed: Framed) -> None:
    stream.offer(framed, b"".join(one.data for one in framed))


def test_a_slow_client_gets_the_latest_progress_of_each_job_and_all_else() -> None:
    async def run() -> bytes | None:
        stream = Stream("token", asyncio.get_running_loop(), 0, [b"first "])
        _offer(stream, Framed(1, b"a1 ", "a"), Framed(2, b"b1 ", "b"))
        _offer(stream, Framed(3, b"done "))
        _offer(stream, Framed(4, b"a2 ", "a"), Framed(5, b"end "))
        return await stream.next()

    assert asyncio.run(run()) == b"first b1 done a2 end "


def test_what_came_before_the_client_is_not_sent_twice() -> None:
    async def run() -> bytes | None:
        stream = Stream("token", asyncio.get_running_loop(), 2, [])
        _offer(stream, Framed(2, b"old "), Framed(3, b"new "))
        return await stream.next()

    assert asyncio.run(run()) == b"new "


def test_a_client_that_takes_nothing_is_cut_off() -> None:
    async def run() -> tuple[bool, bytes | None, list[str]]:
        cut: list[str] = []
        stream = Stream("token", asyncio.get_running_loop(), 0, [])
        stream.abort = lambda: cut.append("cut")
        number = 0
        while not stream.is_dropped:
            number += 1
            _offer(stream, Framed(number, bytes(1000)))
        _offer(stream, Framed(number + 1, b"more"))
        return stream.is_dropped, await stream.next(), cut

    assert asyncio.run(run()) == (True, None, ["cut"])
