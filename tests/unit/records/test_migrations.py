"""Catalogues of earlier versions are upgraded wholly, or left as they were."""

from __future__ import annotations

import logging
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import textwrap
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from modelkeep.disk import paths
from modelkeep.errors import (
    CorruptDatabaseError,
    DatabaseLockedError,
    ModelKeepError,
    NoSpaceError,
    WrongDatabaseError,
)
from modelkeep.records.dialects.sqlite import SqliteDatabase
from modelkeep.records.dialects.sqlite_files import stored_version
from modelkeep.records.service import ModelRecordServiceBase
from modelkeep.records.sql import schema
from modelkeep.records.sql.service import ModelRecordServiceSQL
from support import old_catalogues as old


def version_of(path: Path) -> int:
    return stored_version(path, path.name)


def backups(folder: Path) -> list[Path]:
    return sorted(folder.glob("*.bak"))


def dump(path: Path) -> str:
    with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)) as connection:
        return "\n".join(connection.iterdump())


def change(path: Path, *statements: str) -> None:
    """Do something to a file without a thought for foreign keys, and leave no log."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        for statement in statements:
            connection.execute(statement)
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()


# -- what was in it


@pytest.mark.parametrize("name", old.NAMES)
def test_all_is_there_after_an_upgrade(name: str, tmp_path: Path) -> None:
    path = old.put(name, tmp_path / "m.db")
    with ModelRecordServiceBase.from_db_file(path) as store:
        assert old.contents(store) == old.expected(name)
    with ModelRecordServiceBase.from_db_file(path) as store:
        assert old.contents(store) == old.expected(name)
    with closing(SqliteDatabase(path)) as db:
        assert db.integrity_errors() == []
        assert db.damage == ""


@pytest.mark.parametrize("name", old.NAMES)
def test_upgraded_tables_are_those_of_a_new_catalogue(name: str, tmp_path: Path) -> None:
    old.put(name, tmp_path / "old.db")
    with (
        closing(SqliteDatabase(tmp_path / "old.db")) as upgraded,
        closing(SqliteDatabase(tmp_path / "new.db")) as fresh,
    ):
        for db in (upgraded, fresh):
            db.conn.row_factory = None
        assert old.tables(upgraded.conn) == old.tables(fresh.conn)
        numbers = [db.conn.execute("PRAGMA user_version").fetchone() for db in (upgraded, fresh)]
        assert name == "v1-lent" or numbers[0] == numbers[1]


def test_paths_are_split_into_roots(tmp_path: Path) -> None:
    path = old.put("v1-odd-paths", tmp_path / "m.db")
    with ModelRecordServiceBase.from_db_file(path) as store:
        in_no_root = {model.key for model in store.all_models() if model.root == ""}
        assert in_no_root == {"absolute", "absolute-dots", "not-utf8-absolute"}
        assert {model.root for model in store.all_models()} == {"", "models"}
        assert {model.state for model in store.all_models()} == {"present"}


def test_text_search_knows_old_records(tmp_path: Path) -> None:
    path = old.put("v1-crowd", tmp_path / "m.db")
    with ModelRecordServiceSQL.from_db_file(path) as store:
        check = "INSERT INTO mk_search (mk_search, rank) VALUES ('integrity-check', 1)"
        store.db.conn.execute(check)
        tagged = {record["config"]["key"] for record in old.expected("v1-crowd")
                  if "ink" in record["tags"]}  # fmt: skip
        assert tagged
        assert tagged <= {model.key for model in store.search(text="ink")}
        store.rename_model("twin-a", "Quite another")
        assert [model.key for model in store.search(text="quite")] == ["twin-a"]
        store.del_model("twin-a")
        store.db.conn.execute(check)


def test_many_records(tmp_path: Path) -> None:
    path = old.put("v1-few", tmp_path / "m.db")
    change(
        path,
        """
        WITH RECURSIVE n (i) AS (VALUES (0) UNION ALL SELECT i + 1 FROM n WHERE i < 2499)
        INSERT INTO mk_model SELECT 'x' || i, 'word' || i, 'word' || i, type, base, format,
        'x' || i, original_hash, current_hash, size, 'spoken' || i, source, words, created_at,
        updated_at, json_set(config, '$.key', 'x' || i, '$.path', 'x' || i, '$.name', 'word' || i,
        '$.trigger_phrases', json_array('phrase' || i)) FROM mk_model, n WHERE key = 'k0'
        """,
    )
    with ModelRecordServiceBase.from_db_file(path) as store:
        assert len(store.all_models()) == 2503
        for word in ("word", "spoken", "phrase"):
            for number in (0, 999, 1000, 2499):
                found = {model.key for model in store.search(text=f"{word}{number}")}
                assert f"x{number}" in found


def test_a_record_that_cannot_be_read_stays_as_it_is(tmp_path: Path) -> None:
    path = old.put("v1-few", tmp_path / "m.db")
    change(path, "UPDATE mk_model SET config = '{' WHERE key = 'k1'")
    with ModelRecordServiceBase.from_db_file(path) as store:
        with pytest.raises(CorruptDatabaseError, match=r"m\.db"):
            store.get_model("k1")
        assert store.get_model("k2").name == "model 2"
    with closing(sqlite3.connect(path)) as connection:
        kept = connection.execute("SELECT config FROM mk_model WHERE key = 'k1'").fetchone()
        assert kept == ("{",)


# -- the backup


@pytest.mark.parametrize("name", ["v1-every-class", "v1-lent"])
def test_a_backup_is_the_database_of_before(
    name: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = old.put(name, tmp_path / "m [1].db")
    path.chmod(0o600)
    before = dump(path)
    with caplog.at_level(logging.WARNING), closing(SqliteDatabase(path)) as db:
        assert [db.backup] == backups(tmp_path)
        assert db.backup
    assert db.backup.name.startswith("m [1].db.v1-2")
    assert db.backup.stat().st_mode & 0o777 == 0o600
    assert dump(db.backup) == before
    assert version_of(db.backup) == 1
    assert str(db.backup) in caplog.messages[0]
    with closing(SqliteDatabase(path)) as again:
        assert again.backup is None
    assert sorted(tmp_path.iterdir()) == sorted([path, db.backup])


def test_a_backup_can_be_put_back(tmp_path: Path) -> None:
    path = old.put("v1-crowd", tmp_path / "m.db")
    with ModelRecordServiceBase.from_db_file(path) as store:
        store.del_model("twin-a")
    backups(tmp_path)[0].rename(path)
    assert version_of(path) == 1
    with ModelRecordServiceBase.from_db_file(path) as store:
        assert old.contents(store) == old.expected("v1-crowd")


def test_what_a_killed_upgrade_left_is_cleared_away(tmp_path: Path) -> None:
    path = old.put("v1-few", tmp_path / "m.db")
    for left in (".m.db.123.upgrade", ".m.db.123.upgrade-journal"):
        (tmp_path / left).write_bytes(b"half")
    (tmp_path / ".other.db.123.upgrade").write_bytes(b"another's")
    SqliteDatabase(path).close()
    assert {file.name for file in tmp_path.iterdir()} == {
        "m.db",
        ".other.db.123.upgrade",
        *(backup.name for backup in backups(tmp_path)),
    }


# -- when it is done


_IMPORTS = textwrap.dedent(
    """
    import sys
    from modelkeep.records.service import ModelRecordServiceBase
    with ModelRecordServiceBase.from_db_file(sys.argv[1]) as store:
        store.list_models()
    print("alembic" in sys.modules)
    """
)


def test_alembic_is_imported_for_an_upgrade_only(tmp_path: Path) -> None:
    path = old.put("v1-few", tmp_path / "m.db")
    answers = [
        subprocess.run(
            [sys.executable, "-c", _IMPORTS, str(path)], capture_output=True, text=True, check=True
        ).stdout.strip()
        for _ in range(2)
    ]
    assert answers == ["True", "False"]


def test_one_of_many_processes_does_it_and_the_others_wait(tmp_path: Path) -> None:
    path = old.put("v1-crowd", tmp_path / "m.db")
    openers = [
        subprocess.Popen([sys.executable, "-c", _IMPORTS, str(path)], stdout=subprocess.PIPE)
        for _ in range(4)
    ]
    for opener in openers:
        opener.communicate(timeout=120)
    assert [opener.returncode for opener in openers] == [0] * 4
    assert len(backups(tmp_path)) == 1
    with ModelRecordServiceBase.from_db_file(path) as store:
        assert old.contents(store) == old.expected("v1-crowd")


# -- when it cannot be done


def _damage(path: Path) -> None:
    data = bytearray(path.read_bytes())
    for page in range(8 * 4096, len(data), 3 * 4096):
        data[page : page + 4096] = b"\xa5" * len(data[page : page + 4096])
    path.write_bytes(data)


def _orphan(path: Path) -> None:
    change(path, "DELETE FROM mk_model WHERE key = 'twin-a'", "DELETE FROM mk_tag WHERE id = 1")


def _gap(path: Path) -> None:
    change(path, "DROP TABLE mk_tag")


def _future(path: Path) -> None:
    change(path, "UPDATE mk_schema SET version = 0")


@pytest.mark.parametrize(
    ("spoil", "kind", "says"),
    [
        (_damage, CorruptDatabaseError, "damaged"),
        (_orphan, CorruptDatabaseError, "mk_model_tag"),
        (_gap, WrongDatabaseError, "mk_tag"),
        (_future, WrongDatabaseError, "mk_schema"),
    ],
)
def test_what_is_not_sound_is_refused_and_left_as_it_was(
    spoil: Callable[[Path], None], kind: type[ModelKeepError], says: str, tmp_path: Path
) -> None:
    path = old.put("v1-crowd", tmp_path / "m.db")
    spoil(path)
    before = path.read_bytes()
    with pytest.raises(kind, match=says) as caught:
        SqliteDatabase(path)
    assert "m.db" in str(caught.value)
    assert caught.value.hint
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_no_room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = old.put("v1-crowd", tmp_path / "m.db")
    before = path.read_bytes()
    room = path.stat().st_size
    monkeypatch.setattr(paths, "free_space", lambda _path: room)
    with pytest.raises(NoSpaceError, match=r"m\.db.*version 1 to .*as it was.*needed"):
        SqliteDatabase(path)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]
    monkeypatch.undo()
    SqliteDatabase(path).close()
    assert version_of(path) == schema.VERSION


def test_a_file_that_is_held(tmp_path: Path) -> None:
    path = old.put("v1-few", tmp_path / "m.db")
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
        with pytest.raises(DatabaseLockedError, match=r"m\.db.*upgraded") as caught:
            SqliteDatabase(path, timeout=0.1)
        assert f"process {other.pid}" in str(caught.value)
        assert "Stop" in caught.value.hint
        assert version_of(path) == 1
        other.communicate()
    with ModelRecordServiceBase.from_db_file(path) as store:
        assert old.contents(store) == old.expected("v1-few")
    assert len(backups(tmp_path)) == 1


_AS_NOBODY = textwrap.dedent(
    """
    import os, sys
    from modelkeep.errors import NotWritableError
    from modelkeep.records.dialects.sqlite import SqliteDatabase
    from modelkeep.records.migrations import to_2, upgrade  # while the libraries can be read
    if os.geteuid() == 0:
        os.setgid(65534)
        os.setuid(65534)
    try:
        SqliteDatabase(sys.argv[1])
    except NotWritableError as error:
        assert error.hint
        print("refused:", error)
    """
)


def test_a_file_that_may_not_be_written() -> None:
    with tempfile.TemporaryDirectory(prefix="modelkeep-test-") as made:
        folder = Path(made)
        path = old.put("v1-few", folder / "m.db")
        with closing(sqlite3.connect(path)) as connection:
            connection.execute("PRAGMA journal_mode = DELETE")
        before = path.read_bytes()
        path.chmod(0o444)
        folder.chmod(0o755)
        done = subprocess.run(
            [sys.executable, "-c", _AS_NOBODY, str(path)],
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.stdout.startswith("refused:"), done.stderr
        assert "version 1" in done.stdout
        assert path.read_bytes() == before
        assert list(folder.iterdir()) == [path]
        shutil.copy(path, folder / "n.db")
        SqliteDatabase(folder / "n.db").close()
