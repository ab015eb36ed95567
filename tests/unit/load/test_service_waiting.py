"""The load service: many who ask at once, loads in the background, giving up, closing."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass

import pytest

from modelkeep.errors import (
    LoadCancelledError,
    LoadTimeoutError,
    ServiceInactiveException,
)
from modelkeep.load.info import ModelInfo
from modelkeep.load.prefetch import Prefetch
from support.fake_loading import STEP
from support.load_world import World
from support.waiting import until


class TestWaiting:
    def test_one_load_however_many_ask(self, world: World) -> None:
        key = world.main()
        met = threading.Barrier(8)
        world.runtime.gate = Gate(lambda: world.service.stats()[0].misses == 1)
        found: list[ModelInfo] = []

        def ask() -> None:
            met.wait()
            found.append(world.service.get_model(key, "vae"))

        threads = [threading.Thread(target=ask) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(found) == 8
        assert world.runtime.loads == ["vae"]

    def test_a_background_load_can_be_waited_for_and_cancelled(self, world: World) -> None:
        key = world.main()
        info = world.service.prefetch(key, "vae").wait()
        assert world.service.get_model(key, "vae").is_cached
        world.service.clear()
        held, go = threading.Event(), threading.Event()

        def gate(_name: str) -> None:
            held.set()
            go.wait()

        world.runtime.gate = gate
        running = world.service.prefetch(key, "vae")
        assert held.wait(60)
        running.cancel()
        with pytest.raises(LoadCancelledError):
            running.wait()
        go.set()
        until(lambda: world.runtime.host.used == 0)
        assert running.is_done
        assert info.bytes > STEP

    def test_a_caller_may_give_up_after_a_time(self, world: World) -> None:
        key = world.main()
        go = threading.Event()
        world.runtime.gate = lambda _name: go.wait()
        with pytest.raises(LoadTimeoutError, match="vae of main was not loaded within"):
            world.service.get_model(key, "vae", timeout=0.01)
        go.set()

    def test_what_fails_in_a_listener_reaches_its_caller_alone(self, world: World) -> None:
        key = world.main()
        ahead: list[Prefetch] = []

        def fail(_done: int, _total: int) -> None:
            raise ZeroDivisionError

        def gate(_name: str) -> None:
            if not ahead:
                ahead.append(world.service.prefetch(key, "vae"))
                until(lambda: world.names("model_load_progress").count("model_load_started") == 2)

        world.runtime.gate = gate
        with pytest.raises(ZeroDivisionError):
            world.service.get_model(key, "vae", on_progress=fail)
        assert ahead[0].wait().key == key
        assert world.runtime.loads == ["vae"]

    def test_nothing_is_loaded_once_the_service_is_closed(self, world: World) -> None:
        key = world.main()
        held, go = threading.Event(), threading.Event()

        def gate(_name: str) -> None:
            held.set()
            go.wait()

        info = world.service.get_model(key, "unet")
        world.runtime.gate = gate
        running = world.service.prefetch(key, "vae")
        assert held.wait(60)
        world.service.close()
        with pytest.raises(LoadCancelledError):
            running.wait()
        go.set()
        with pytest.raises(ServiceInactiveException, match="is closed"):
            info.__enter__()
        with pytest.raises(ServiceInactiveException, match="is closed"):
            world.service.peek(key, "vae")


@dataclass
class Gate:
    """Holds the first step of a load until a fact is true."""

    is_true: Callable[[], bool]

    def __call__(self, _name: str) -> None:
        until(self.is_true)
