"""Files that are no catalogue, newer, damaged, held or not writable."""

from __future__ import annotations

import hashlib
import os
import random
import shutil
import sqlite3
import subprocess
import sys
import textwrap
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from modelkeep.core.files import ModelFile
from modelkeep.core.metadata import BaseMetadata
from modelkeep.errors import (
    CorruptDatabaseError,
    DatabaseLockedError,
    ModelKeepError,
    NewerDatabaseError,
    NoSpaceError,
    WrongDatabaseError,
)
from modelkeep.records.dialects.sqlite import SqliteDatabase
from modelkeep.records.service import ModelRecordServiceBase
from modelkeep.records.sql import migrations
from modelkeep.records.sql.service import ModelRecordServiceSQL

LORA = {"type": "lora", "base": "sd-1", "format": "lycoris"}


def fill(store: ModelRecordServiceBase, count: int) -> None:
    for number in range(count):
        key = f"key{number}"
        fields = {"name": f"model {number}", "path": f"p{number}", "description": "d" * 300}
        store.add_model(key, {**fields, **LORA}, files=[ModelFile(f"f{number}", number, 1, 2)])
        metadata = BaseMetadata(name=key, author="a", tags={"all", f"t{number % 7}"})
        store.metadata_store.add_metadata(key, metadata)


def folder_state(folder: Path) -> dict[str, str]:
    return {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.iterdir()
        if path.is_file()
    }


# -- opening


@pytest.mark.parametrize("make", ["missing", "empty"])
def test_a_missing_or_empty_file_becomes_a_catalogue(tmp_path: Path, make: str) -> None:
    path = tmp_path / "a" / "b" / "models.db"
    if make == "empty":
        path.parent.mkdir(parents=True)
        path.touch()
    with ModelRecordServiceBase.from_db_file(path) as store:
        assert isinstance(store, ModelRecordServiceSQL)
        store.add_model("k", {"name": "n", "path": "p", **LORA})
    with ModelRecordServiceBase.from_db_file(str(path)) as store:
        assert store.get_model("k").name == "n"
    assert [entry.name for entry in path.parent.iterdir()] == ["models.db"]


def test_an_own_file_is_set_up_to_lose_nothing(tmp_path: Path) -> None:
    db = SqliteDatabase(tmp_path / "m.db")
    settings = {
        name: db.conn.execute(f"PRAGMA {name}").fetchone()[0]
        for name in (
            "journal_mode",
            "synchronous",
            "foreign_keys",
            "busy_timeout",
            "application_id",
            "user_version",
        )
    }
    assert settings == {
        "journal_mode": "wal",
        "synchronous": 2,
        "foreign_keys": 1,
        "busy_timeout": 30_000,
        "application_id": 0x6D6B6462,
        "user_version": migrations.newest(),
    }
    assert db.integrity_errors() == []
    db.close()
    db.close()


def test_a_database_can_be_named_by_settings(tmp_path: Path) -> None:
    settings: Any = SimpleNamespace(db_path=tmp_path / "x" / "m.db", use_memory_db=False)
    db = SqliteDatabase(settings)
    assert db.path == tmp_path / "x" / "m.db"
    db.close()
    assert db.path.exists()
    for nowhere in (None, ":memory:", SimpleNamespace(use_memory_db=True, db_path=tmp_path / "y")):
        with closing(SqliteDatabase(nowhere)) as memory:
            assert memory.path is None
            assert ModelRecordServiceSQL(memory).all_models() == []
    assert not (tmp_path / "y").exists()


@pytest.mark.parametrize("chosen", ["auto", "path", None])
def test_open_follows_the_settings(tmp_path: Path, chosen: str | None) -> None:
    files = {name: tmp_path / f"{name}.db" for name in ("db_path", "conf_path", "chosen")}
    config: Any = SimpleNamespace(
        model_config_db=files["chosen"] if chosen == "path" else chosen,
        db_path=files["db_path"],
        conf_path=files["conf_path"],
    )
    ModelRecordServiceBase.open(config).close()
    expected = {"auto": "db_path", "path": "chosen", None: "conf_path"}[chosen]
    assert [name for name, path in files.items() if path.exists()] == [expected]


def test_open_takes_a_lent_connection_for_auto_only(tmp_path: Path) -> None:
    connection = sqlite3.connect(":memory:")
    lock = threading.RLock()
    paths = {"db_path": tmp_path / "d.db", "conf_path": tmp_path / "c.db"}
    auto: Any = SimpleNamespace(model_config_db="auto", **paths)
    lent = ModelRecordServiceBase.open(auto, connection, lock)
    lent.add_model("k", {"name": "n", "path": "p", **LORA})
    lent.close()
    assert connection.execute("SELECT key FROM mk_model").fetchall() == [("k",)]
    assert not paths["db_path"].exists()
    fixed: Any = SimpleNamespace(model_config_db=tmp_path / "f.db", **paths)
    with ModelRecordServiceBase.open(fixed, connection, lock) as store:
        assert store.all_models() == []
    with ModelRecordServiceBase.open(auto, connection) as store:
        assert store.all_models() == []
    connection.close()


@pytest.mark.parametrize("name", ["models.txt", "models", "models.db.bak"])
def test_other_suffixes_are_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(AssertionError, match=name) as caught:
        ModelRecordServiceBase.from_db_file(tmp_path / name)
    assert isinstance(caught.value, WrongDatabaseError)
    assert caught.value.hint
    assert list(tmp_path.iterdir()) == []


# -- files of others


def _text(path: Path) -> None:
    path.write_text("models:\n  a: 1\n" * 100)


def _short(path: Path) -> None:
    path.write_bytes(b"x")


def _theirs(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE model_config (id)")
        connection.execute("INSERT INTO model_config VALUES (1)")
        connection.commit()


def _theirs_with_wal(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("CREATE TABLE model_config (id)")
        connection.commit()


def _theirs_crashed(path: Path) -> None:
    """Leave a write-ahead log that holds more than the file does."""
    _theirs_with_wal(path)
    code = (
        "import os, sqlite3, sys\n"
        "c = sqlite3.connect(sys.argv[1])\n"
        "c.execute('CREATE TABLE later (a)')\n"
        "c.commit()\n"
        "os._exit(0)\n"
    )
    subprocess.run([sys.executable, "-c", code, str(path)], check=True)
    assert path.with_name(path.name + "-wal").stat().st_size > 0


def _theirs_crashed_without_index(path: Path) -> None:
    _theirs_crashed(path)
    path.with_name(path.name + "-shm").unlink()


def _incomplete(path: Path) -> None:
    ModelRecordServiceBase.from_db_file(path).close()
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("DROP TABLE mk_model_tag")


def _without_version(path: Path) -> None:
    ModelRecordServiceBase.from_db_file(path).close()
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("DELETE FROM mk_schema")


WRONG = [
    _text,
    _short,
    _theirs,
    _theirs_with_wal,
    _theirs_crashed,
    _theirs_crashed_without_index,
    _incomplete,
    _without_version,
]


@pytest.mark.parametrize("make", WRONG, ids=lambda make: make.__name__)
def test_a_wrong_file_is_refused_and_left_as_it_was(tmp_path: Path, make: Any) -> None:
    path = tmp_path / "m.db"
    make(path)
    before = folder_state(tmp_path)
    with pytest.raises(AssertionError, match=r"m\.db") as caught:
        ModelRecordServiceBase.from_db_file(path)
    assert isinstance(caught.value, WrongDatabaseError)
    assert caught.value.hint
    after = folder_state(tmp_path)
    # The index is rebuilt by whoever reads; it holds nothing of its own.
    assert {n: h for n, h in after.items() if n != "m.db-shm"} == {
        n: h for n, h in before.items() if n != "m.db-shm"
    }
    assert after.keys() == before.keys()


@pytest.mark.parametrize("kind", ["folder", "fifo", "dangling parent"])
def test_what_is_no_file_is_refused_at_once(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "m.db"
    if kind == "folder":
        path.mkdir()
    elif kind == "fifo":
        os.mkfifo(path)
    else:
        (tmp_path / "file").touch()
        path = tmp_path / "file" / "m.db"
    with pytest.raises(ModelKeepError, match="file|m.db") as caught:  # noqa: RUF043 - either
        ModelRecordServiceBase.from_db_file(path)
    assert caught.value.hint


def test_a_newer_file_is_refused_and_left_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "m.db"
    ModelRecordServiceBase.from_db_file(path).close()
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("UPDATE mk_schema SET version = 99")
    before = folder_state(tmp_path)
    for _ in range(2):  # by the table alone, then by the header too
        with pytest.raises(NewerDatabaseError, match=r"m\.db.*99") as caught:
            ModelRecordServiceBase.from_db_file(path)
        assert "pip install" in caught.value.hint
        assert folder_state(tmp_path) == before
        with closing(sqlite3.connect(path, isolation_level=None)) as connection:
            connection.execute("PRAGMA user_version = 99")
        before = folder_state(tmp_path)


def test_our_tables_in_another_program_s_file_can_be_opened(tmp_path: Path) -> None:
    path = tmp_path / "theirs.db"
    _theirs(path)
    with closing(sqlite3.connect(path)) as connection:
        lent = ModelRecordServiceSQL.from_connection(connection, threading.Lock())
        lent.add_model("k", {"name": "n", "path": "p", **LORA})
    with ModelRecordServiceBase.from_db_file(path) as store:
        assert store.get_model("k").name == "n"
        store.rename_model("k", "m")
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("delete",)
        assert connection.execute("PRAGMA application_id").fetchone() == (0,)
        assert connection.execute("SELECT * FROM model_config").fetchall() == [(1,)]


# -- damage


@pytest.fixture(scope="module")
def healthy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("healthy") / "m.db"
    with ModelRecordServiceBase.from_db_file(path) as store:
        fill(store, 120)
    return path


def use(path: Path) -> Iterator[ModelKeepError]:
    """Call everything; give the errors of ours that come out. Others fail the test."""
    try:
        store = ModelRecordServiceBase.from_db_file(path)
    except ModelKeepError as error:
        yield error
        return
    metadata = BaseMetadata(name="n", author="a", tags={"all", "new"})
    calls: list[Any] = [
        store.all_models,
        store.list_models,
        store.list_tags,
        store.list_all_metadata,
        store.find_files,
        lambda: store.search(text="model", tags=["t3"], order="size"),
        lambda: store.files("key7"),
        lambda: store.created_at("key7"),
        lambda: store.search_by_path("p30"),
        lambda: store.keys_with_prefix("key1"),
        lambda: store.update_model("key9", {"path": "elsewhere"}),
        lambda: store.add_model("new", {"name": "n", "path": "new", **LORA}),
        lambda: store.metadata_store.update_metadata("key3", metadata),
        lambda: store.set_file_hashes("key4", "f4", sha256="s"),
        lambda: store.del_model("key50"),
        store.close,
    ]
    for call in calls:
        try:
            call()
        except ModelKeepError as error:
            yield error


@pytest.mark.parametrize("seed", range(50))
@pytest.mark.slow
def test_overwritten_pages_give_errors_of_ours_only(
    healthy: Path, tmp_path: Path, seed: int
) -> None:
    rng = random.Random(seed)
    path = tmp_path / "m.db"
    content = bytearray(healthy.read_bytes())
    page = 4096
    for _ in range(rng.randint(1, 8)):
        start = rng.randrange(len(content) // page) * page + rng.choice([0, 0, rng.randrange(page)])
        length = rng.choice([page, 64, 4])
        piece = rng.choice([rng.randbytes(length), bytes(length)])
        content[start : start + length] = piece[: len(content) - start]
    path.write_bytes(content)
    for error in use(path):
        assert "m.db" in str(error) or "key" in str(error) or "path" in str(error), error
        assert error.hint


@pytest.mark.parametrize("kept", [1, 50, 99, 100, 4096, 5000, 40_960])
def test_a_truncated_file_is_damaged_or_wrong(healthy: Path, tmp_path: Path, kept: int) -> None:
    path = tmp_path / "m.db"
    path.write_bytes(healthy.read_bytes()[:kept])
    errors = list(use(path))
    assert errors
    assert isinstance(errors[0], CorruptDatabaseError | WrongDatabaseError)


def test_damage_is_named(healthy: Path, tmp_path: Path) -> None:
    path = tmp_path / "m.db"
    shutil.copy(healthy, path)
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("UPDATE mk_model SET config = '{' WHERE key = 'key5'")
        connection.execute("UPDATE mk_model SET config = '[1]' WHERE key = 'key6'")
        connection.execute("UPDATE mk_model SET config = CAST(x'fffe' AS TEXT) WHERE key = 'key7'")
        connection.execute("UPDATE mk_metadata SET metadata = 'x' WHERE model_key = 'key8'")
    with ModelRecordServiceBase.from_db_file(path) as store:
        for key in ("key5", "key6", "key7"):
            with pytest.raises(CorruptDatabaseError, match=r"m\.db") as caught:
                store.get_model(key)
            assert "doctor" in caught.value.hint
        with pytest.raises(CorruptDatabaseError, match=r"m\.db"):
            store.get_metadata("key8")
        assert store.get_model("key9").name == "model 9"


def test_an_integrity_check_finds_a_damaged_index(healthy: Path, tmp_path: Path) -> None:
    path = tmp_path / "m.db"
    shutil.copy(healthy, path)
    with closing(SqliteDatabase(path)) as db:
        assert db.integrity_errors() == []
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA foreign_keys = OFF")
        connection.execute("UPDATE mk_file SET model_key = 'nobody' WHERE model_key = 'key5'")
    with closing(SqliteDatabase(path)) as db:
        assert any("mk_file" in line for line in db.integrity_errors())


# -- held, full, read-only


def test_a_file_that_is_held_too_long(tmp_path: Path) -> None:
    path = tmp_path / "m.db"
    db = SqliteDatabase(path, timeout=0.1)
    store = ModelRecordServiceSQL(db)
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(DatabaseLockedError, match=r"m\.db") as caught:
            store.add_model("k", {"name": "n", "path": "p", **LORA})
        assert caught.value.hint
        assert store.all_models() == []
        other.execute("ROLLBACK")
    store.add_model("k", {"name": "n", "path": "p", **LORA})
    db.close()


def test_a_file_that_is_held_while_it_is_made(tmp_path: Path) -> None:
    path = tmp_path / "m.db"
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(DatabaseLockedError, match=r"m\.db"):
            SqliteDatabase(path, timeout=0.1)
    SqliteDatabase(path).close()


def test_a_full_disk_loses_nothing(tmp_path: Path) -> None:
    db = SqliteDatabase(tmp_path / "m.db")
    store = ModelRecordServiceSQL(db)
    fill(store, 5)
    pages = db.conn.execute("PRAGMA page_count").fetchone()[0]
    db.conn.execute(f"PRAGMA max_page_count = {pages}")
    big = {"name": "big", "path": "big", "description": "x" * 50_000, **LORA}
    with pytest.raises(NoSpaceError, match=r"m\.db") as caught:
        store.add_model("big", big)
    assert caught.value.hint
    assert len(store.all_models()) == 5
    db.conn.execute("PRAGMA max_page_count = 1000000")
    store.add_model("big", big)
    assert db.integrity_errors() == []
    db.close()


#: Runs as an ordinary user: root may write everything.
_AS_NOBODY = textwrap.dedent(
    """
    import os, sys
    from modelkeep.errors import NotWritableError
    from modelkeep.records.sql.service import ModelRecordServiceSQL
    if os.geteuid() == 0:
        os.setgid(65534)
        os.setuid(65534)
    try:
        with ModelRecordServiceSQL.from_db_file(sys.argv[1]) as store:
            store.add_model("k", {"name": "n", "path": "p", "type": "lora", "base": "sd-1",
                                  "format": "lycoris"})
    except NotWritableError as error:
        assert error.hint
        print("refused:", error)
    """
)


@pytest.mark.parametrize("what", ["file", "folder", "new file", "new folder", "unreadable"])
@pytest.mark.slow
def test_what_may_not_be_written_says_so(what: str) -> None:
    import tempfile

    with tempfile.TemporaryDirectory(prefix="modelkeep-test-") as made:
        folder = Path(made)
        folder.chmod(0o755)
        path = folder / "m.db"
        if what in {"file", "folder", "unreadable"}:
            ModelRecordServiceBase.from_db_file(path).close()
            path.chmod({"file": 0o444, "folder": 0o666, "unreadable": 0o000}[what])
        if what == "new folder":
            path = folder / "sub" / "m.db"
        folder.chmod(0o777 if what == "file" else 0o555)
        done = subprocess.run(
            [sys.executable, "-c", _AS_NOBODY, str(path)],
            capture_output=True,
            text=True,
            check=False,
        )
        folder.chmod(0o755)
        assert done.stdout.startswith("refused:"), done.stderr
        assert str(path.parent) in done.stdout
