"""Damage is said when a file is opened and nothing is written to it; who holds a file is named."""

from __future__ import annotations

import os
import random
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from modelkeep.errors import CorruptDatabaseError, DatabaseLockedError, ModelKeepError
from modelkeep.records.dialects.sqlite import SqliteDatabase
from modelkeep.records.dialects.sqlite_locks import holders
from modelkeep.records.service import ModelRecordServiceBase
from modelkeep.records.sql.service import ModelRecordServiceSQL
from support import invented

LORA = {"type": "lora", "base": "sd-1", "format": "lycoris"}


@pytest.fixture(scope="module")
def healthy(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    return invented.put(tmp_path_factory.mktemp("healthy") / "m.db", invented.now).read_bytes()


@pytest.mark.parametrize("start", range(0, 200, 10))
def test_overwritten_pages_are_noticed_or_harmless(
    healthy: bytes, tmp_path: Path, start: int
) -> None:
    refused: list[ModelKeepError] = []
    whole = tmp_path / "whole.db"
    whole.write_bytes(healthy)
    expected = invented.expected(whole, invented.now)
    for seed in range(start, start + 10):
        rng = random.Random(seed)
        content = bytearray(healthy)
        count = len(content) // 4096
        for page in rng.sample(range(count), min(rng.randint(1, 64), count)):
            content[page * 4096 : page * 4096 + 4096] = rng.randbytes(4096)
        path = tmp_path / f"m{seed}.db"
        path.write_bytes(content)
        try:
            db = SqliteDatabase(path)
        except ModelKeepError as error:
            refused.append(error)
            assert path.read_bytes() == content
            continue
        store = ModelRecordServiceSQL(db)
        if db.damage:
            with pytest.raises(CorruptDatabaseError, match="damaged") as caught:
                store.add_model("new", {"name": "n", "path": "new", **LORA})
            assert "doctor" in caught.value.hint
        elif not db.integrity_errors():
            assert invented.contents(store) == expected, "nothing of use was hit"
        db.close()
    assert all(error.hint for error in refused)
    assert all(".db" in str(error) for error in refused)


def test_a_damaged_file_can_be_read_but_not_written(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = invented.put(tmp_path / "m.db", invented.now)
    with closing(sqlite3.connect(path)) as connection:
        statement = "SELECT rootpage FROM sqlite_master WHERE name = 'ix_mk_file_size'"
        (page,) = connection.execute(statement).fetchone()
    content = bytearray(path.read_bytes())
    content[(page - 1) * 4096 : page * 4096] = b"\xa5" * 4096
    path.write_bytes(content)
    with ModelRecordServiceSQL.from_db_file(path) as store:
        assert len(store.all_models()) == 13
        with pytest.raises(CorruptDatabaseError, match=r"m\.db"):
            store.rename_model("k1", "other")
    assert path.read_bytes() == content
    assert "damaged" in caplog.messages[-1]


def test_damage_that_is_met_later_ends_all_writing(tmp_path: Path) -> None:
    path = tmp_path / "m.db"
    db = SqliteDatabase(path)
    store = ModelRecordServiceSQL(db)
    store.add_model("k", {"name": "n", "path": "p", **LORA})
    db.conn.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    statement = "SELECT rootpage FROM sqlite_master WHERE name = 'ix_mk_file_model_key'"
    (page,) = db.conn.execute(statement).fetchone()
    content = bytearray(path.read_bytes())
    content[(page - 1) * 4096 : page * 4096] = b"\xa5" * 4096
    path.write_bytes(content)
    db.conn.execute("PRAGMA shrink_memory")
    assert db.damage == ""
    with pytest.raises(CorruptDatabaseError):
        store.files("k")
    assert db.damage
    with pytest.raises(CorruptDatabaseError, match="damaged"):
        store.rename_model("k", "other")
    assert store.get_model("k").name == "n"
    db.close()


@pytest.mark.slow
def test_a_second_opening_leaves_the_locks_of_the_first(tmp_path: Path) -> None:
    """Closing a file drops all locks of a process on it, and then others may take its log away."""
    path = tmp_path / "m.db"
    other = (
        "import sys\n"
        "from modelkeep.records.service import ModelRecordServiceBase as B\n"
        "with B.from_db_file(sys.argv[1]) as store: print(len(store.all_models()))\n"
    )
    with ModelRecordServiceBase.from_db_file(path) as first:
        first.add_model("a", {"name": "a", "path": "a", **LORA})
        ModelRecordServiceBase.from_db_file(path).close()
        seen = []
        for key in "bc":
            done = subprocess.run(
                [sys.executable, "-c", other, str(path)], capture_output=True, check=True
            )
            seen.append(int(done.stdout))
            first.add_model(key, {"name": key, "path": key, **LORA})
        assert seen == [1, 2]
    with ModelRecordServiceBase.from_db_file(path) as again:
        assert {model.key for model in again.all_models()} == {"a", "b", "c"}


@pytest.mark.parametrize("mode", ["WAL", "DELETE"])
def test_who_holds_a_file_is_named(mode: str, tmp_path: Path) -> None:
    path = tmp_path / "m.db"
    db = SqliteDatabase(path, timeout=0.1)
    store = ModelRecordServiceSQL(db)
    db.conn.execute(f"PRAGMA journal_mode = {mode}").fetchall()
    hold = (
        "import sqlite3, sys\n"
        "c = sqlite3.connect(sys.argv[1], isolation_level=None)\n"
        "c.execute('BEGIN IMMEDIATE')\n"
        "print(flush=True)\n"
        "sys.stdin.read()\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", hold, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as other:
        assert other.stdout
        other.stdout.readline()
        with pytest.raises(DatabaseLockedError, match=f"process {other.pid} ") as caught:
            store.add_model("k", {"name": "n", "path": "p", **LORA})
        assert "m.db" in str(caught.value)
        assert caught.value.hint
        other.communicate()
    store.add_model("k", {"name": "n", "path": "p", **LORA})
    db.close()
    assert holders(path) == []


def test_this_process_may_be_the_one_that_holds_it(tmp_path: Path) -> None:
    path = tmp_path / "m.db"
    with closing(SqliteDatabase(path)) as db:
        db.conn.execute("BEGIN IMMEDIATE")
        assert holders(path) == [f"process {os.getpid()} (this one)"]
        db.conn.execute("ROLLBACK")
    assert holders(tmp_path / "missing.db") == []
