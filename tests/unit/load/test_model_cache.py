"""Two kinds of memory stay exact and within their limits, whatever is asked in whatever order."""

from __future__ import annotations

import gc
import math
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, invariant, rule

from modelkeep.errors import LoadMemoryError
from modelkeep.load.budget import MemoryBudget
from modelkeep.load.cache import Gone
from modelkeep.load.memory import HostMemory
from modelkeep.load.model_cache import ModelCache, PartKey, PartRequest
from support.fake_loading import FakeDevice, FakePart
from support.rounds import rounds

SIZES = {"a": 5, "b": 3, "c": 2, "d": 1}
#: Fits no budget, but for one: it runs on the GPU piece by piece.
HUGE = {"huge": 50}
PARTS = st.sampled_from(sorted(SIZES | HUGE))
DEVICES = st.sampled_from(["cpu", "cuda:0"])
LIMITS = {"cpu": 10, "cuda:0": 8}


class World:
    """A cache over two fake devices."""

    def __init__(self, *, host_size: int = 1000, gpu_size: int = 1000) -> None:
        self.host = FakeDevice(size=host_size)
        self.gpu = FakeDevice("cuda:0", is_host=False, size=gpu_size)
        self.gone: list[tuple[PartKey, int, Gone]] = []
        self.available = 1 << 40
        self.cache = ModelCache(
            MemoryBudget(LIMITS["cpu"]),
            self.host,
            lambda device: LIMITS[device.name],
            lambda *told: self.gone.append(told),
            memory=lambda: HostMemory(1 << 40, self.available),
        )

    def device(self, name: str) -> FakeDevice:
        return self.host if name == "cpu" else self.gpu

    def used(self, name: str) -> int:
        """Return the bytes of a device; errors that are still known may hold some."""
        if self.device(name).used != self.cache.budget(self.device(name)).used:
            gc.collect()
        return self.device(name).used

    def request(self, name: str, keep_alive: float = math.inf) -> PartRequest:
        size = (SIZES | HUGE)[name]

        def load(_is_unwanted: threading.Event) -> FakePart:
            self.host.take(size)
            return FakePart(name, size, self.host)

        return PartRequest(PartKey(name, name, "float32"), name, size, load, keep_alive)


class Machine(RuleBasedStateMachine):
    """Any order of uses, evictions, changes and allocations that fail."""

    uses = Bundle("uses")

    def __init__(self) -> None:
        super().__init__()
        self.world = World()
        self.held: dict[int, tuple[AbstractContextManager[object], str, str]] = {}

    @rule(target=uses, name=PARTS, device=DEVICES, keep_alive=st.sampled_from([0, math.inf]))
    def use(self, name: str, device: str, keep_alive: float) -> int:
        place = self.world.device(device)
        hold = self.world.cache.use(self.world.request(name, keep_alive), place)
        value = hold.__enter__()
        assert isinstance(value, FakePart)
        assert value.name == name
        assert value.bytes == (SIZES | HUGE)[name], "a part that is used is never given back"
        number = max(self.held, default=0) + 1
        self.held[number] = (hold, name, device)
        return number

    @rule(number=consumes(uses), is_changed=st.booleans())
    def leave(self, number: int, is_changed: bool) -> None:
        hold, name, device = self.held.pop(number)
        if is_changed:
            for entry in self.world.cache.entries():
                if entry.key.part == name and entry.key.device == device:
                    assert isinstance(entry.value, FakePart)
                    entry.value.was_changed = True
        hold.__exit__(None, None, None)

    @rule(name=PARTS, device=DEVICES)
    def load(self, name: str, device: str) -> None:
        self.world.cache.load(self.world.request(name), self.world.device(device))

    @rule(name=PARTS, device=DEVICES, after=st.integers(1, 2))
    def fail_once(self, name: str, device: str, after: int) -> None:
        place = self.world.device(device)
        place.failing = {place.allocations + after}
        self.world.cache.load(self.world.request(name), place)
        place.failing = set()

    @rule(name=PARTS, device=DEVICES)
    def fail(self, name: str, device: str) -> None:
        place = self.world.device(device)
        size, place.size = place.size, place.used
        self.world.cache.clear()
        place.size = place.used
        try:
            self.world.cache.load(self.world.request(name), place)
        except LoadMemoryError:
            pass
        finally:
            place.size = size

    @rule(name=PARTS, device=DEVICES)
    def evict(self, name: str, device: str) -> None:
        self.world.cache.evict(PartKey(name, name, "float32", device))

    @rule()
    def clear(self) -> None:
        self.world.cache.clear()
        used = {(name, device) for _, name, device in self.held.values()}
        left = {(e.key.part, e.key.device) for e in self.world.cache.entries()}
        assert all(name in {n for n, _ in used} for name, _ in left)

    @rule()
    def expire(self) -> None:
        assert self.world.cache.expire() is None

    @rule(available=st.sampled_from([0, 4, 1 << 40]))
    def press(self, available: int) -> None:
        self.world.available = available

    @invariant()
    def counts_are_true(self) -> None:
        for name, (_, budget) in self.world.cache.stats().items():
            assert budget.used == self.world.used(name)

    @invariant()
    def only_what_is_used_exceeds_a_limit(self) -> None:
        for name, (_, budget) in self.world.cache.stats().items():
            limit = budget.limit
            here = [entry for entry in self.world.cache.entries() if entry.key.device == name]
            locked = sum(entry.bytes for entry in here if entry.holders)
            waiting = sum(e.bytes for e in here if not e.holders and e.bytes > limit)
            assert sum(entry.bytes for entry in here) <= max(limit, locked) + waiting

    def teardown(self) -> None:
        for hold, _, _ in self.held.values():
            hold.__exit__(None, None, None)
        self.world.cache.clear()
        assert (self.world.used("cpu"), self.world.used("cuda:0")) == (0, 0)


TestMachine = Machine.TestCase
TestMachine.settings = settings(max_examples=rounds(25), stateful_step_count=30)


def test_threads_that_ask_for_what_others_evict_never_wait_for_each_other() -> None:
    world = World()
    names = sorted(SIZES)

    def work(seed: int) -> None:
        for step in range(rounds(60)):
            name = names[(seed * 7 + step * 3) % len(names)]
            device = world.device("cpu" if (seed + step) % 3 else "cuda:0")
            with world.cache.use(world.request(name), device) as part:
                assert isinstance(part, FakePart)
                assert (part.name, part.bytes) == (name, SIZES[name])
            if step % 5 == seed % 5:
                world.cache.evict(PartKey(name, name, "float32", device.name))

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(work, range(6)))
    world.cache.clear()
    assert {name: budget.used for name, (_, budget) in world.cache.stats().items()} == {
        "cpu": 0,
        "cuda:0": 0,
    }
