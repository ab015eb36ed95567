"""A page costs what it holds, however many records there are before, after and beside it."""

from __future__ import annotations

import sqlite3
import threading
import tracemalloc
from collections.abc import Callable
from typing import get_args

import pytest

from modelkeep.core.configs import ModelConfigFactory
from modelkeep.core.files import ModelFile
from modelkeep.records.listing import NewRecord, RecordFilter, SearchOrder
from modelkeep.records.sql.service import ModelRecordServiceSQL

SMALL, LARGE = 1200, 6400
ORDERS: tuple[SearchOrder, ...] = get_args(SearchOrder)


def library(count: int) -> tuple[sqlite3.Connection, ModelRecordServiceSQL]:
    """Make a catalogue in which every eighth record of the large one has no like."""
    connection = sqlite3.connect(":memory:", isolation_level=None)
    store = ModelRecordServiceSQL.from_connection(connection, threading.Lock())
    records = []
    for number in range(count):
        kind = ["lora", "lycoris"] if number % 8 else ["vae", "diffusers"]
        fields = {
            "name": f"{'rare' if number < 100 else 'name'} {number * 7919 % count}",
            "path": f"p{number}",
            "type": kind[0],
            "format": kind[1],
            "base": ["sdxl", "sd-1", "flux"][number % 3],
            "size": number * 31 % 1009,
        }
        config = ModelConfigFactory.make_config(fields)
        file = ModelFile(f"f{number}", 1, 2, 3)
        records.append(NewRecord(f"k{number}", config, (file,)))
    store.add_models(records)
    return connection, store


@pytest.fixture(scope="module")
def libraries() -> list[tuple[sqlite3.Connection, ModelRecordServiceSQL]]:
    return [library(SMALL), library(LARGE)]


def steps(connection: sqlite3.Connection, work: Callable[[], object]) -> int:
    """Count the steps of SQLite's machine, in tens."""
    taken = 0

    def count() -> int:
        nonlocal taken
        taken += 1
        return 0

    connection.set_progress_handler(count, 10)
    work()
    connection.set_progress_handler(None, 10)
    return taken


@pytest.mark.parametrize(
    ("where", "order"),
    [
        *((RecordFilter(), order) for order in ORDERS),
        *((RecordFilter(types=("lora",)), order) for order in ("name", "type")),
        (RecordFilter(bases=("sd-1",)), "base"),
        (RecordFilter(types=("lora",), bases=("sd-1",)), "name"),
        (RecordFilter(formats=("lycoris",)), "name"),
        (RecordFilter(text="rare"), "relevance"),
        (RecordFilter(text="rare"), "name"),
    ],
    ids=repr,
)
@pytest.mark.slow
def test_a_page_takes_the_same_steps_in_any_library(
    libraries: list[tuple[sqlite3.Connection, ModelRecordServiceSQL]],
    where: RecordFilter,
    order: SearchOrder,
) -> None:
    taken = []
    for connection, store in libraries:
        after = store.page(where, order=order, limit=20).next
        for _ in range(3):
            after = store.page(where, order=order, limit=20, after=after).next
        assert after is not None

        def later(store: ModelRecordServiceSQL = store, after: str = after) -> object:
            return store.page(where, order=order, limit=20, after=after)

        taken.append(steps(connection, later))
    small, large = taken
    assert large <= small * 1.5 + 20, taken


@pytest.mark.parametrize("order", ["name", "size", "date", "type", "base"])
@pytest.mark.slow
def test_the_last_page_takes_no_more_than_the_first(
    libraries: list[tuple[sqlite3.Connection, ModelRecordServiceSQL]], order: SearchOrder
) -> None:
    connection, store = libraries[1]
    after: str | None = None
    while following := store.page(RecordFilter(), order=order, limit=600, after=after).next:
        after = following

    def last() -> object:
        return store.page(RecordFilter(), order=order, limit=600, after=after)

    first = steps(connection, lambda: store.page(RecordFilter(), order=order, limit=600))
    assert steps(connection, last) <= first * 2


@pytest.mark.slow
def test_memory_does_not_grow_with_the_library(
    libraries: list[tuple[sqlite3.Connection, ModelRecordServiceSQL]],
) -> None:
    def peak(work: Callable[[], object]) -> int:
        work()
        tracemalloc.start()
        work()
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return most

    def whole(store: ModelRecordServiceSQL) -> Callable[[], object]:
        return lambda: sum(1 for _ in store.each(RecordFilter()))

    def files(store: ModelRecordServiceSQL) -> Callable[[], object]:
        return lambda: sum(1 for _ in store.each_file())

    def page(store: ModelRecordServiceSQL) -> Callable[[], object]:
        return lambda: store.page(RecordFilter(types=("lora",)), order="size", limit=20)

    for kind in (whole, files, page):
        small, large = (peak(kind(store)) for _, store in libraries)
        assert large < small * 2, kind.__name__
