"""What goes first: traces of requests, and any order of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Protocol

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelkeep.load.eviction import EvictionOrder

GIB = 1 << 30
#: What is asked for: a name and its size.
Trace = list[tuple[str, int]]


class Order(Protocol):
    def add(self, key: str, count: int, seconds: float) -> None: ...
    def use(self, key: str) -> None: ...
    def drop(self, key: str) -> None: ...
    def victims(self, need: int, is_locked: Callable[[str], bool]) -> list[str]: ...


class Plain:
    """What others do: least recently used first, or smallest first."""

    def __init__(self, *, by_size: bool) -> None:
        self.by_size = by_size
        self.sizes: dict[str, int] = {}

    def add(self, key: str, count: int, seconds: float) -> None:
        del seconds
        self.sizes[key] = count

    def use(self, key: str) -> None:
        self.sizes[key] = self.sizes.pop(key)

    def drop(self, key: str) -> None:
        del self.sizes[key]

    def victims(self, need: int, is_locked: Callable[[str], bool]) -> list[str]:
        order = sorted(self.sizes, key=self.sizes.__getitem__) if self.by_size else [*self.sizes]
        chosen: list[str] = []
        for key in order:
            if need > sum(self.sizes[one] for one in chosen) and not is_locked(key):
                chosen.append(key)
        return chosen


def bytes_read(order: Order, trace: Trace, limit: int) -> int:
    """Return how many bytes a trace reads from the disk."""
    held: dict[str, int] = {}
    read = 0
    for name, size in trace:
        if name in held:
            order.use(name)
            continue
        excess = sum(held.values()) + size - limit
        for victim in order.victims(excess, lambda _: False) if excess > 0 else ():
            del held[victim]
            order.drop(victim)
        held[name] = size
        read += size
        order.add(name, size, size / GIB)
    return read


def model(name: str, scale: int = 1) -> Trace:
    """Return the parts of a model: a large one and several small ones."""
    sizes = {"unet": 5, "te": 2, "te2": 1}
    return [(f"{name}.{part}", size * scale * GIB // 4) for part, size in sizes.items()]


def small(names: Iterable[int]) -> Trace:
    return [(f"lora{number}", GIB // 8) for number in names]


def two_in_turn() -> Trace:
    return (model("a") + model("b")) * 10


def one_scan() -> Trace:
    work = (model("a") + model("b")) * 3
    return work + [part for n in range(30) for part in model(f"other{n}")] + work


def sweep() -> Trace:
    return [part for n in range(60) for part in (*model("a"), *small([n]))] + model("a") * 2


TRACES = {"two in turn": two_in_turn(), "one scan": one_scan(), "a sweep": sweep()}


@pytest.mark.parametrize("gib", [2.0, 2.5, 3.0, 3.5])
@pytest.mark.parametrize("name", TRACES)
def test_no_trace_reads_more_than_with_the_plain_ways(name: str, gib: float) -> None:
    limit = int(gib * GIB)
    ours = bytes_read(EvictionOrder(lambda: limit), TRACES[name], limit)
    plain = [bytes_read(Plain(by_size=by_size), TRACES[name], limit) for by_size in (False, True)]
    assert ours <= min(plain)


def test_where_all_models_in_use_fit_a_scan_costs_little_more_than_with_lru() -> None:
    limit = 4 * GIB
    ours = bytes_read(EvictionOrder(lambda: limit), one_scan(), limit)
    assert ours <= 1.03 * bytes_read(Plain(by_size=False), one_scan(), limit)


@pytest.mark.parametrize("gib", [2.5, 3.5])
def test_in_sum_a_fifth_less_is_read_again(gib: float) -> None:
    limit = int(gib * GIB)

    def read_again(order: Callable[[], Order]) -> int:
        read = sum(bytes_read(order(), trace, limit) for trace in TRACES.values())
        return read - sum(sum(dict(trace).values()) for trace in TRACES.values())

    plain = min(read_again(lambda: Plain(by_size=False)), read_again(lambda: Plain(by_size=True)))
    assert read_again(lambda: EvictionOrder(lambda: limit)) <= 0.8 * plain


def test_one_pass_over_many_models_leaves_what_is_used() -> None:
    order: EvictionOrder[str] = EvictionOrder(lambda: 10)
    for name in ("a", "b"):
        order.add(name, 4, 4)
        order.use(name)
    for number in range(15):
        order.add(f"once{number}", 2, 2)
        assert order.victims(2, lambda _: False) == [f"once{number}"]
        order.drop(f"once{number}")


def test_what_takes_long_to_load_stays() -> None:
    order: EvictionOrder[str] = EvictionOrder(lambda: 10)
    order.add("slow disk", 4, 40)
    order.add("fast disk", 4, 1)
    assert order.victims(1, lambda _: False) == ["fast disk"]


SIZES = st.dictionaries(st.text("abcdef", min_size=1, max_size=2), st.integers(1, 20), min_size=1)


@given(sizes=SIZES, data=st.data())
def test_victims_are_enough_and_no_more(sizes: dict[str, int], data: st.DataObject) -> None:
    limit = data.draw(st.integers(1, 40))
    order: EvictionOrder[str] = EvictionOrder(lambda: limit)
    for name, size in sizes.items():
        order.add(name, size, data.draw(st.floats(0, 100)))
    for name in data.draw(st.lists(st.sampled_from(sorted(sizes)))):
        order.use(name)
    locked = data.draw(st.sets(st.sampled_from(sorted(sizes))))
    need = data.draw(st.integers(1, 60))
    victims = order.victims(need, locked.__contains__)
    assert not locked & {*victims}
    assert len({*victims}) == len(victims)
    freed = sum(sizes[name] for name in victims)
    free = sum(size for name, size in sizes.items() if name not in locked)
    assert freed >= min(need, free)
    if freed > need:
        assert all(freed - sizes[name] < need for name in victims[:-1])
