"""Those who read wait neither for those who write nor for each other; changes can be noticed."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event

from modelkeep.core.configs import ModelConfigFactory
from modelkeep.records.dialects.sqlite import SqliteDatabase
from modelkeep.records.listing import NewRecord, RecordFilter
from modelkeep.records.service import ModelRecordServiceBase
from modelkeep.records.sql.service import ModelRecordServiceSQL

LORA = {"type": "lora", "base": "sd-1", "format": "lycoris"}


def new(count: int) -> list[NewRecord]:
    fields = [{"name": f"model {n}", "path": f"p{n}", **LORA} for n in range(count)]
    return [
        NewRecord(f"k{n}", ModelConfigFactory.make_config(some)) for n, some in enumerate(fields)
    ]


@pytest.fixture
def db(tmp_path: Path) -> Iterator[SqliteDatabase]:
    with closing(SqliteDatabase(tmp_path / "m.db")) as opened:
        yield opened


def test_two_reads_run_at_the_same_time(db: SqliteDatabase) -> None:
    """Each stops in the middle of its statement until the other one is there too."""
    store = ModelRecordServiceSQL(db)
    store.add_models(new(20))
    both = threading.Barrier(2)

    def wait_once(handle: Any, _: object) -> None:
        left = [1]

        def step() -> int:
            if left:
                left.pop()
                both.wait(60)
            return 0

        handle.holder.conn.set_progress_handler(step, 1)

    assert db.readers
    event.listen(db.readers, "connect", wait_once)
    with ThreadPoolExecutor(2) as threads:
        pages = [threads.submit(store.page, RecordFilter(types=("lora",))) for _ in range(2)]
        assert [len(page.result(60).items) for page in pages] == [20, 20]
    assert not both.broken


@pytest.mark.slow
def test_a_page_does_not_wait_for_what_is_written(db: SqliteDatabase) -> None:
    store = ModelRecordServiceSQL(db)
    store.add_model("first", {"name": "first", "path": "first", **LORA})
    is_written, is_read = threading.Event(), threading.Event()

    def trace(statement: str) -> None:
        if statement.startswith("COMMIT"):
            is_written.set()
            assert is_read.wait(60)

    db.conn.set_trace_callback(trace)
    with ThreadPoolExecutor(1) as threads:
        adding = threads.submit(store.add_models, new(2_000))
        assert is_written.wait(60)
        try:
            # All 2,000 are written, and not yet committed.
            assert [model.key for model in store.page(RecordFilter()).items] == ["first"]
            assert store.count(RecordFilter()) == 1
            assert store.list_models().total == 1
            assert not adding.done()
        finally:
            is_read.set()
        assert len(adding.result(60)) == 2_000
    assert store.count(RecordFilter()) == 2_001


def test_a_reading_transaction_sees_one_state(db: SqliteDatabase) -> None:
    from sqlalchemy import func, select

    from modelkeep.records.sql import schema

    store = ModelRecordServiceSQL(db)
    count = select(func.count()).select_from(schema.model)
    with db.reading() as transaction:
        assert transaction.rows(count)[0][0] == 0
        store.add_models(new(3))
        assert transaction.rows(count)[0][0] == 0
    assert len(store.all_models()) == 3


def test_a_closed_database_is_not_opened_again(tmp_path: Path) -> None:
    from modelkeep.errors import DatabaseError

    store = ModelRecordServiceSQL.from_db_file(tmp_path / "m.db")
    store.all_models()
    store.close()
    for call in (store.all_models, lambda: store.del_model("k")):
        with pytest.raises(DatabaseError, match=r"m\.db"):
            call()
    assert [path.name for path in tmp_path.iterdir()] == ["m.db"]


_ADD = """
import sys
from modelkeep.records.service import ModelRecordServiceBase
with ModelRecordServiceBase.from_db_file(sys.argv[1]) as store:
    before = store.change_counter()
    for number, _ in enumerate(sys.stdin):
        moved = store.change_counter() != before
        before = store.change_counter()
        fields = {"name": "n", "path": f"p{number}", "type": "lora", "base": "sd-1",
                  "format": "lycoris"}
        store.add_model(f"theirs{number}", fields)
        assert store.change_counter() != before
        before = store.change_counter()
        print(moved, flush=True)
"""


@pytest.mark.parametrize("name", ["m.db", "m.yaml"])
@pytest.mark.slow
def test_a_change_of_another_process_is_noticed(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    with (
        ModelRecordServiceBase.from_db_file(path) as store,
        subprocess.Popen(
            [sys.executable, "-c", _ADD, str(path)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        ) as other,
    ):
        asks, answers = other.stdin, other.stdout
        assert asks
        assert answers

        def answer() -> bool:
            print(file=asks, flush=True)
            return answers.readline() == "True\n"

        answer()
        for number in range(3):
            before = store.change_counter()
            assert store.change_counter() == before
            store.add_model(f"mine{number}", {"name": "n", "path": f"mine{number}", **LORA})
            assert store.change_counter() != before
            before = store.change_counter()
            assert answer(), "the other one has noticed"
            assert store.change_counter() != before
        asks.close()
        assert len(store.all_models()) == 7


def test_threads_that_ask_at_once_see_every_change_that_came_before(tmp_path: Path) -> None:
    with (
        ModelRecordServiceBase.from_db_file(tmp_path / "m.db") as store,
        ThreadPoolExecutor(8) as pool,
    ):
        stop = threading.Event()

        def ask() -> None:
            while not stop.is_set():
                store.change_counter()

        asking = [pool.submit(ask) for _ in range(7)]
        try:
            for number in range(200):
                before = store.change_counter()
                store.add_model(f"m{number}", {"name": "n", "path": f"p{number}", **LORA})
                assert store.change_counter() != before
        finally:
            stop.set()
        for each in asking:
            each.result()
