"""A client of the event stream."""

from __future__ import annotations

import json
from collections.abc import Iterator
from types import TracebackType
from typing import Any, NamedTuple, Self

from support.web import WebServer


class Told(NamedTuple):
    """One event as it came."""

    topic: str
    id: str
    name: str
    data: dict[str, Any]


class Listener:
    """Listens until it is closed, as a context manager.

    Args:
        web: The server.
        seen: ``id`` of the last event that it has.
    """

    def __init__(self, web: WebServer, seen: str | None = None) -> None:
        headers = {"Last-Event-ID": seen} if seen else {}
        self.answer = web.get("/api/v1/events", stream=True, headers=headers)
        self._lines: Iterator[str] = self.answer.iter_lines(chunk_size=None, decode_unicode=True)
        if self.answer.status_code == 200:
            assert next(self._lines).startswith("retry:")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.answer.close()

    def __iter__(self) -> Iterator[Told]:
        """Give the events until the stream ends."""
        fields: dict[str, str] = {}
        for line in self._lines:
            name, _, value = line.partition(": ")
            if line and name:
                fields[name] = value
            elif "data" in fields:
                envelope = json.loads(fields["data"])
                yield Told(fields["event"], fields["id"], envelope["event"], envelope["data"])
                fields = {}

    def until(self, name: str, **facts: Any) -> list[Told]:
        """Return the events up to the first of this name with these facts."""
        told: list[Told] = []
        for one in self:
            told.append(one)
            if one.name == name and facts.items() <= one.data.items():
                return told
        raise AssertionError(f"no {name} came: {told}")
