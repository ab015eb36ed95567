"""Entries are loaded once, counted exactly, never go while they are in use, and never block."""

from __future__ import annotations

import random
import threading
from collections import Counter
from dataclasses import dataclass, field

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, invariant, rule

from modelkeep.errors import LoadCancelledError, LoadTimeoutError
from modelkeep.load.budget import MemoryBudget
from modelkeep.load.cache import Cache, CacheEntry
from support.rounds import rounds
from support.waiting import until

SIZES = {"a": 5, "b": 3, "c": 2, "d": 1, "huge": 50}


@dataclass
class Memory:
    """What is really there: bytes that loaders took and that were not dropped."""

    there: Counter[str] = field(default_factory=Counter)
    most: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def bytes(self) -> int:
        return sum(SIZES[name] * count for name, count in self.there.items())

    def take(self, name: str) -> None:
        with self.lock:
            self.there[name] += 1
            self.most = max(self.most, self.bytes)

    def drop(self, entry: CacheEntry[str, str]) -> None:
        with self.lock:
            self.there[entry.key] -= 1
            assert self.there[entry.key] >= 0


@dataclass
class Named:
    """Loads the name of a thing, which takes a known number of bytes."""

    name: str
    memory: Memory
    is_allowed: threading.Event | None = None
    error: Exception | None = None

    @property
    def bytes(self) -> int:
        return SIZES[self.name]

    def load(self, is_unwanted: threading.Event) -> tuple[str, int]:
        while self.is_allowed is not None and not self.is_allowed.wait(0.01):
            if is_unwanted.is_set():
                raise LoadCancelledError("nobody waits")
        if self.error is not None:
            raise self.error
        self.memory.take(self.name)
        return self.name.upper(), self.bytes


def made(limit: int) -> tuple[Cache[str, str], MemoryBudget, Memory]:
    budget, memory = MemoryBudget(limit), Memory()
    return Cache(budget, memory.drop), budget, memory


class AnyUse(RuleBasedStateMachine):
    """One thread does anything in any order."""

    locked = Bundle("locked")

    def __init__(self) -> None:
        super().__init__()
        self.cache, self.budget, self.memory = made(8)
        self.held: list[CacheEntry[str, str]] = []

    @rule(target=locked, name=st.sampled_from(sorted(SIZES)))
    def lock(self, name: str) -> CacheEntry[str, str]:
        entry = self.cache.lock(name, Named(name, self.memory))
        assert entry.value == name.upper()
        self.held.append(entry)
        return entry

    @rule(entry=consumes(locked))
    def unlock(self, entry: CacheEntry[str, str]) -> None:
        self.held.remove(entry)
        self.cache.unlock(entry)

    @rule(name=st.sampled_from(sorted(SIZES)))
    def touch(self, name: str) -> None:
        there = {entry.key: entry for entry in self.cache.entries()}
        assert self.cache.note_use(name) is there.get(name)

    @rule(name=st.sampled_from(sorted(SIZES)))
    def evict(self, name: str) -> None:
        was_there = name in {entry.key for entry in self.cache.entries()}
        assert self.cache.evict(name) is was_there

    @rule()
    def clear(self) -> None:
        self.cache.clear()
        assert all(entry.holders for entry in self.cache.entries())

    @rule(limit=st.integers(0, 20))
    def change_limit(self, limit: int) -> None:
        self.budget.limit = limit
        self.cache.trim()

    @rule(name=st.sampled_from(sorted(SIZES)))
    def fail(self, name: str) -> None:
        if name not in {entry.key for entry in self.cache.entries()}:
            with pytest.raises(OSError, match="disk"):
                self.cache.lock(name, Named(name, self.memory, error=OSError("disk")))

    @invariant()
    def bytes_are_counted(self) -> None:
        held = {id(entry): entry for entry in [*self.cache.entries(), *self.held]}
        assert self.budget.used == sum(entry.bytes for entry in held.values())
        assert self.budget.used == self.memory.bytes

    @invariant()
    def what_is_locked_stays_and_the_rest_fits(self) -> None:
        locked = {id(entry): entry.bytes for entry in self.held}
        assert self.budget.used <= self.budget.limit + sum(locked.values())
        for entry in self.held:
            assert entry.holders == self.held.count(entry)

    def teardown(self) -> None:
        for entry in self.held:
            self.cache.unlock(entry)
        self.cache.clear()
        assert self.budget.used == self.memory.bytes == 0


TestAnyUse = AnyUse.TestCase


def test_eight_threads_at_once() -> None:
    cache, budget, memory = made(8)
    wrong: list[object] = []

    def use(seed: int) -> None:
        dice = random.Random(seed)
        for _ in range(rounds(300)):
            name = dice.choice(sorted(SIZES))
            with cache.held(name, Named(name, memory)) as entry:
                if entry.value != name.upper() or not memory.there[name]:
                    wrong.append(entry)
            if dice.random() < 0.05:
                cache.evict(dice.choice(sorted(SIZES)))

    threads = [threading.Thread(target=use, args=(seed,)) for seed in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
    assert budget.used == memory.bytes <= 8
    cache.clear()
    assert budget.used == memory.bytes == 0


class TestOneLoad:
    def test_serves_all_who_ask(self) -> None:
        cache, budget, memory = made(8)
        is_allowed = threading.Event()
        got: list[CacheEntry[str, str]] = []

        def ask() -> None:
            got.append(cache.lock("a", Named("a", memory, is_allowed)))

        threads = [threading.Thread(target=ask) for _ in range(6)]
        for thread in threads:
            thread.start()
        until(lambda: cache.stats.misses == 1)
        is_allowed.set()
        for thread in threads:
            thread.join()
        assert {id(entry) for entry in got} == {id(got[0])}
        assert got[0].holders == 6
        assert (cache.stats.misses, memory.there["a"]) == (1, 1)
        for entry in got:
            cache.unlock(entry)
        assert budget.used == 5

    def test_who_gives_up_takes_nothing_from_the_others(self) -> None:
        cache, _, memory = made(8)
        is_allowed, gave_up = threading.Event(), threading.Event()
        errors: list[Exception] = []

        def ask() -> None:
            try:
                cache.lock("a", Named("a", memory, is_allowed), is_unwanted=gave_up.is_set)
            except LoadCancelledError as error:
                errors.append(error)

        impatient = threading.Thread(target=ask)
        impatient.start()
        until(lambda: cache.stats.misses == 1)
        got: list[CacheEntry[str, str]] = []
        loader = Named("a", memory, is_allowed)
        patient = threading.Thread(target=lambda: got.append(cache.lock("a", loader)))
        patient.start()
        gave_up.set()
        impatient.join()
        assert len(errors) == 1
        is_allowed.set()
        patient.join()
        assert (got[0].value, got[0].holders, cache.stats.misses) == ("A", 1, 1)

    def test_stops_when_nobody_waits_any_more(self) -> None:
        cache, budget, memory = made(8)
        with pytest.raises(LoadTimeoutError):
            cache.lock("a", Named("a", memory, threading.Event()), timeout=0.05)
        until(lambda: budget.used == 0)
        assert memory.bytes == 0
        with cache.held("a", Named("a", memory)) as entry:
            assert entry.value == "A"

    def test_an_error_reaches_all_and_leaves_nothing(self) -> None:
        cache, budget, memory = made(8)
        is_allowed = threading.Event()
        errors: list[str] = []

        def ask() -> None:
            try:
                cache.lock("a", Named("a", memory, is_allowed, OSError("disk")))
            except OSError as error:
                errors.append(str(error))

        threads = [threading.Thread(target=ask) for _ in range(4)]
        for thread in threads:
            thread.start()
        until(lambda: cache.stats.misses == 1)
        is_allowed.set()
        for thread in threads:
            thread.join()
        assert set(errors) == {"disk"}
        assert len(errors) == 4
        assert budget.used == 0

    def test_one_that_ends_after_all_leaves_nothing_uncounted(self) -> None:
        cache, budget, memory = made(20)

        class Deaf(Named):
            def load(self, is_unwanted: threading.Event) -> tuple[str, int]:
                del is_unwanted
                assert self.is_allowed is not None
                self.is_allowed.wait()
                self.memory.take(self.name)
                return self.name.upper(), self.bytes

        late, soon = threading.Event(), threading.Event()
        with pytest.raises(LoadTimeoutError):
            cache.lock("a", Deaf("a", memory, late), timeout=0.05)
        got: list[CacheEntry[str, str]] = []
        again = threading.Thread(
            target=lambda: got.append(cache.lock("a", Deaf("a", memory, soon)))
        )
        again.start()
        until(lambda: cache.stats.misses == 2)
        late.set()
        until(lambda: len(cache.entries()) == 1)
        soon.set()
        again.join()
        until(lambda: memory.bytes == budget.used == 5)
        cache.unlock(got[0])
        cache.clear()
        assert budget.used == memory.bytes == 0
