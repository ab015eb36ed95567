"""Several processes on one file, and processes that die in the middle of something."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
import textwrap
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from modelkeep.core.files import ModelFile
from modelkeep.core.metadata import BaseMetadata
from modelkeep.records.dialects import sqlite, sqlite_engine
from modelkeep.records.dialects.sqlite import SqliteDatabase
from modelkeep.records.service import ModelRecordServiceBase
from modelkeep.records.sql.service import ModelRecordServiceSQL

LORA = {"type": "lora", "base": "sd-1", "format": "lycoris"}

_WRITER = textwrap.dedent(
    """
    import sys
    from modelkeep.core.metadata import BaseMetadata
    from modelkeep.records.service import ModelRecordServiceBase
    path, mark, count = sys.argv[1], sys.argv[2], int(sys.argv[3])
    with ModelRecordServiceBase.from_db_file(path) as store:
        for number in range(count):
            key = f"{mark}{number}"
            fields = {"name": key, "path": key, "type": "lora", "base": "sd-1",
                      "format": "lycoris"}
            store.add_model(key, fields)
            metadata = BaseMetadata(name=key, author=mark, tags={"all", f"t{number % 3}"})
            store.metadata_store.add_metadata(key, metadata)
            store.rename_model(key, f"renamed {key}")
            if number % 3 == 0:
                store.del_model(key)
    """
)


@pytest.mark.slow
def test_processes_that_write_at_once_lose_nothing(tmp_path: Path) -> None:
    path = tmp_path / "new" / "m.db"  # made by whoever comes first
    writers = [
        subprocess.Popen([sys.executable, "-c", _WRITER, str(path), mark, "30"]) for mark in "abc"
    ]
    assert [writer.wait(timeout=120) for writer in writers] == [0, 0, 0]
    with ModelRecordServiceBase.from_db_file(path) as store:
        expected = {f"{mark}{number}" for mark in "abc" for number in range(30) if number % 3}
        assert {model.key for model in store.all_models()} == expected
        assert all(model.name == f"renamed {model.key}" for model in store.all_models())
        assert store.list_tags() == {"all", "t1", "t2"}
    with closing(SqliteDatabase(path)) as db:
        assert db.integrity_errors() == []
        assert db.conn.execute("PRAGMA journal_mode").fetchone()[0] == "wal"


def change(store: ModelRecordServiceSQL, kind: str) -> None:
    metadata = BaseMetadata(name="n", author="a", tags={"new", "other"})
    fields = {"name": "new", "path": "new", **LORA}
    files = [ModelFile("new1", 1, 2, 3), ModelFile("new2", 1, 2, 3)]
    calls: dict[str, Callable[[], Any]] = {
        "add": lambda: store.add_model("new", fields, files=files),
        "update": lambda: store.update_model("old", {"name": "changed", "type": "lora"}),
        "metadata": lambda: store.metadata_store.update_metadata("old", metadata),
        "files": lambda: store.set_files("old", files),
        "delete": lambda: store.del_model("old"),
    }
    calls[kind]()


def contents(path: Path) -> list[list[tuple[Any, ...]]]:
    tables = ("mk_model", "mk_file", "mk_metadata", "mk_tag", "mk_model_tag")
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        return [
            connection.execute(f"SELECT * FROM {table} ORDER BY 1, 2").fetchall()  # noqa: S608 - ours
            for table in tables
        ]


@pytest.mark.parametrize("kind", ["add", "update", "metadata", "files", "delete"])
@pytest.mark.slow
def test_a_process_killed_before_any_statement_leaves_nothing(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "m.db"
    with ModelRecordServiceBase.from_db_file(path) as store:
        store.add_model("old", {"name": "old", "path": "p", **LORA}, [ModelFile("f", 1, 2, 3)])
        metadata = BaseMetadata(name="n", author="a", tags={"x", "y"})
        store.metadata_store.add_metadata("old", metadata)
    before = contents(path)
    deaths = 0
    while _dies_at(path, kind, deaths):
        assert contents(path) == before, f"killed before statement {deaths}"
        deaths += 1
    assert deaths >= 5
    assert contents(path) != before


def _dies_at(path: Path, kind: str, number: int) -> bool:
    """Make a change in a child that is killed before its statement ``number``; tell if it was."""
    child = os.fork()
    if child == 0:
        _change_and_die(path, kind, number)
    _, status = os.waitpid(child, 0)
    code = os.waitstatus_to_exitcode(status)
    assert code in {0, 77}, code
    return code == 77


def _change_and_die(path: Path, kind: str, number: int) -> None:
    left = number

    def count() -> None:
        nonlocal left
        if left == 0:
            os._exit(77)
        left -= 1

    class Counted(sqlite_engine.Handle):
        def _run(self, statement: str) -> None:
            count()  # BEGIN, COMMIT and their kin
            super()._run(statement)

    class CountedCursor(sqlite_engine.TextCursor):
        def execute(self, *arguments: Any) -> Any:
            count()
            return super().execute(*arguments)

        def executemany(self, *arguments: Any) -> Any:
            count()
            return super().executemany(*arguments)

    code = 1
    try:
        patch = pytest.MonkeyPatch()
        patch.setattr(sqlite, "Handle", Counted)
        patch.setattr(sqlite_engine, "TextCursor", CountedCursor)
        store = ModelRecordServiceSQL.from_db_file(path)
        change(store, kind)
        code = 0
    finally:
        os._exit(code)


def test_importing_the_base_is_light() -> None:
    code = (
        "import sys, modelkeep.records, modelkeep.records.service, modelkeep.records.metadata;"
        "print('sqlalchemy' in sys.modules, 'sqlite3' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "False"]
