"""``EventHub``: the bus of the server, which keeps events for those who listen over HTTP."""

from __future__ import annotations

from typing import Any

from modelkeep.core.events import LocalEventBus


class EventHub(LocalEventBus):
    """Takes the events of all services, in any thread, and hands them to its handlers."""

    def dispatch(self, topic: str, payload: dict[str, Any]) -> None:
        """Take one event."""
        super().dispatch(topic, payload)

    def end(self) -> None:
        """End all streams."""
