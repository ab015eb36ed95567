"""``EventRing``: the last events, framed once, for those who were away for a moment."""

from __future__ import annotations

import json
import secrets
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import msgspec
from fastapi.sse import format_sse_event

_EVENTS = 4_096
_BYTES = 8 * 1024 * 1024
_BOOT_BYTES = 4


@dataclass(frozen=True, slots=True)
class Framed:
    """One event as it is sent.

    Attributes:
        number: Which event of this boot it is.
        data: What is sent.
        replaces: Of progress: names whose progress it is. A client that is slow gets only the
            latest of each.
    """

    number: int
    data: bytes
    replaces: object | None = None


class EventRing:
    """Numbers events and keeps the last of them.

    Attributes:
        boot: Tells the numbers of this ring from those of others.
        last: Number of the last event.
    """

    def __init__(self) -> None:
        self.boot = secrets.token_hex(_BOOT_BYTES)
        self.last = 0
        self._kept: deque[Framed] = deque()
        self._bytes = 0

    @property
    def last_id(self) -> str:
        """``id`` of the last event."""
        return self._id(self.last)

    def add(self, topic: str, payload: Mapping[str, Any], replaces: object | None = None) -> Framed:
        """Frame an event, with the next number, and keep it."""
        self.last += 1
        data = format_sse_event(data_str=_text(payload), event=topic, id=self._id(self.last))
        framed = Framed(self.last, data, replaces)
        self._kept.append(framed)
        self._bytes += len(data)
        while len(self._kept) > _EVENTS or self._bytes > _BYTES:
            self._bytes -= len(self._kept.popleft().data)
        return framed

    def after(self, seen: str | None) -> list[bytes]:
        """Return what is sent to a client first: what it missed.

        Args:
            seen: ``id`` of the last event that it has; None for a new client, which missed none.

        Returns:
            The events since then, or one that says that they are not known any more.
        """
        if not seen:
            return []
        boot, _, number = seen.rpartition("-")
        if boot != self.boot:
            return [self._resync("the server was started again")]
        is_number = number.isascii() and number.isdecimal() and len(number) < len(str(2**63))
        if not is_number or int(number) > self.last:
            return [self._resync("this server has not sent such an event")]
        oldest = self._kept[0].number if self._kept else self.last + 1
        if int(number) + 1 < oldest:
            return [self._resync("too many events were missed")]
        return [framed.data for framed in self._kept if framed.number > int(number)]

    def _resync(self, reason: str) -> bytes:
        payload = {"event": "resync", "data": {"reason": reason}}
        return format_sse_event(data_str=_text(payload), event="resync", id=self._id(self.last))

    def _id(self, number: int) -> str:
        return f"{self.boot}-{number}"


def _text(payload: Mapping[str, Any]) -> str:
    try:
        return msgspec.json.encode(payload, enc_hook=str).decode()
    except UnicodeEncodeError:  # a name that is not valid Unicode
        return json.dumps(payload, default=str)
