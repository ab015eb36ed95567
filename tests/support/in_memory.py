"""Bytes in memory, read through the protocol of the readers."""

from __future__ import annotations


class InMemory:
    """A ``ReadAt`` that refuses every read outside of its bytes, and counts them."""

    def __init__(self, content: bytes, name: str = "model.bin") -> None:
        self.content = content
        self.name = name
        self.size = len(content)
        self.reads: list[tuple[int, int]] = []

    def read_at(self, offset: int, count: int) -> bytes:
        assert 0 <= offset <= offset + count <= self.size
        self.reads.append((offset, count))
        return self.content[offset : offset + count]
