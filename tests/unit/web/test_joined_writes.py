"""The head of an answer goes with its body, and alone where no body follows."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from modelkeep.web.joined_writes import HeldHead

HEAD = b"HTTP/1.1 200 OK\r\n\r\n"


class Transport:
    """Notes what it is told to do."""

    def __init__(self) -> None:
        self.done: list[Any] = []

    def write(self, data: bytes) -> None:
        self.done.append(data)

    def writelines(self, pieces: list[bytes]) -> None:
        self.done.append(pieces)

    def close(self) -> None:
        self.done.append("closed")

    def is_closing(self) -> bool:
        return "closed" in self.done

    def get_write_buffer_size(self) -> int:
        return 1


async def _write(*pieces: bytes, ends: bool) -> list[Any]:
    transport = Transport()
    held = HeldHead(transport, asyncio.get_running_loop())
    for piece in pieces:
        held.write(piece)
    if ends:
        held.close()
    else:
        await asyncio.sleep(0)
    assert held.get_write_buffer_size() == 1
    return transport.done


@pytest.mark.parametrize(
    ("pieces", "ends", "done"),
    [
        ((HEAD, b"body"), False, [[HEAD, b"body"]]),
        ((HEAD, b"body", b"more", HEAD, b""), False, [[HEAD, b"body"], b"more", [HEAD, b""]]),
        ((HEAD,), False, [HEAD]),
        ((HEAD,), True, [HEAD, "closed"]),
        ((HEAD, b"body"), True, [[HEAD, b"body"], "closed"]),
        ((HEAD, HEAD), False, [[HEAD, HEAD]]),
    ],
)
def test_what_is_sent_together(pieces: tuple[bytes, ...], ends: bool, done: list[Any]) -> None:
    assert asyncio.run(_write(*pieces, ends=ends)) == done


def test_what_is_held_counts_as_not_sent() -> None:
    async def size() -> int:
        held = HeldHead(Transport(), asyncio.get_running_loop())
        held.write(HEAD)
        return held.get_write_buffer_size()

    assert asyncio.run(size()) == len(HEAD) + 1
