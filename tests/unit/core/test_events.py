from __future__ import annotations

import logging
import time
from typing import Any

import pytest

from modelkeep import EventBus, LocalEventBus
from modelkeep.core import events

Seen = list[tuple[str, dict[str, Any]]]


class Bus:
    """Any object with ``dispatch`` is a bus."""

    def __init__(self) -> None:
        self.seen: Seen = []

    def dispatch(self, topic: str, payload: dict[str, Any]) -> None:
        self.seen.append((topic, payload))


def test_payloads_are_those_of_the_seed_with_the_id_of_the_job() -> None:
    bus, before = Bus(), int(time.time())
    events.install_running(bus, 3, "a")
    events.install_completed(bus, 3, "a", "KEY", 7)
    events.install_error(bus, 3, "a", "Sofa", "Traceback")
    events.install_cancelled(bus, 3, "a")
    assert [topic for topic, _ in bus.seen] == ["model_event"] * 4
    for _, payload in bus.seen:
        assert before <= payload["data"].pop("timestamp") <= time.time()
    assert [payload for _, payload in bus.seen] == [
        {"event": "model_install_running", "data": {"id": 3, "source": "a"}},
        {
            "event": "model_install_completed",
            "data": {"id": 3, "source": "a", "total_bytes": 7, "key": "KEY"},
        },
        {
            "event": "model_install_error",
            "data": {"id": 3, "source": "a", "error_type": "Sofa", "error": "Traceback"},
        },
        {"event": "model_install_cancelled", "data": {"id": 3, "source": "a"}},
    ]


def test_both_are_buses_and_none_is_fine() -> None:
    assert isinstance(Bus(), EventBus)
    assert isinstance(LocalEventBus(), EventBus)
    assert not isinstance(object(), EventBus)
    events.install_running(None, 3, "a")


def test_a_handler_that_raises_disturbs_nobody(caplog: pytest.LogCaptureFixture) -> None:
    seen: list[str] = []

    def broken(topic: str, payload: dict[str, Any]) -> None:
        raise ZeroDivisionError(topic + str(payload))

    bus = LocalEventBus()
    bus.subscribe(lambda topic, _: seen.append(topic))
    bus.subscribe(broken)
    bus.subscribe(lambda _, payload: seen.append(payload["event"]))
    with caplog.at_level(logging.ERROR):
        events.install_running(bus, 3, "a")
    assert seen == ["model_event", "model_install_running"]
    assert "broken" in caplog.text
    assert "ZeroDivisionError" in caplog.text


def test_a_bus_that_raises_disturbs_nobody(caplog: pytest.LogCaptureFixture) -> None:
    class Broken:
        def dispatch(self, topic: str, payload: dict[str, Any]) -> None:
            raise RuntimeError(topic + str(payload))

    events.install_running(Broken(), 3, "a")
    assert "model_install_running" in caplog.text


def test_what_is_taken_off_hears_no_more() -> None:
    seen: list[str] = []
    bus = LocalEventBus()

    def once(topic: str, payload: dict[str, Any]) -> None:
        seen.append(topic + payload["event"])
        take_off()

    take_off = bus.subscribe(once)
    bus.subscribe(lambda topic, _: seen.append(topic))
    events.install_cancelled(bus, 3, "a")
    events.install_cancelled(bus, 3, "a")
    assert seen == ["model_eventmodel_install_cancelled", "model_event", "model_event"]
