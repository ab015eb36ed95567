"""Catalogues of an earlier version are upgraded wholly, or left as they were."""

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
    DatabaseError,
    DatabaseLockedError,
    ModelKeepError,
    NewerDatabaseError,
    NoSpaceError,
    WrongDatabaseError,
)
from modelkeep.records.dialects.sqlite import SqliteDatabase
from modelkeep.records.dialects.sqlite_files import stored_version
from modelkeep.records.service import ModelRecordServiceBase
from modelkeep.records.sql.service import ModelRecordServiceSQL
from support import invented


@pytest.fixture(autouse=True)
def step(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Let the tables have a next version."""
    folder = tmp_path_factory.mktemp("steps")
    invented.register(monkeypatch, folder)
    return folder


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


def test_all_is_there_after_an_upgrade(tmp_path: Path) -> None:
    path = invented.put(tmp_path / "m.db")
    expected = invented.expected(path)
    for _ in range(2):
        with ModelRecordServiceBase.from_db_file(path) as store:
            assert invented.contents(store) == expected
    with closing(SqliteDatabase(path)) as db:
        assert db.integrity_errors() == []
        assert db.damage == ""
        assert invented.ratings(db.conn) == 13
        assert db.conn.execute("PRAGMA user_version").fetchone()[0] == invented.NEW
    assert version_of(path) == invented.NEW


def test_what_a_step_makes_is_used(tmp_path: Path) -> None:
    path = invented.put(tmp_path / "m.db")
    with ModelRecordServiceSQL.from_db_file(path) as store:
        check = "INSERT INTO mk_search (mk_search, rank) VALUES ('integrity-check', 1)"
        store.db.conn.execute(check)
        store.del_model("k1")
        store.rename_model("k2", "Quite another")
        assert [model.key for model in store.search(text="quite")] == ["k2"]
        assert invented.ratings(store.db.conn) == 12
        store.db.conn.execute(check)


def test_steps_run_in_their_order_and_for_their_database(tmp_path: Path, step: Path) -> None:
    (step / "0004_last.sql").write_text("INSERT INTO mk_rated VALUES ('last', 4);")
    (step / "0003_other.postgresql.sql").write_text("SELECT no_such_function();")
    (step / "0003_one.sqlite.sql").write_text("INSERT INTO mk_rated VALUES ('third', 3);\n")
    path = invented.put(tmp_path / "m.db")
    with closing(SqliteDatabase(path)) as db:
        found = db.conn.execute("SELECT rowid, rating FROM mk_rated WHERE rating < 5").fetchall()
        assert [row[1] for row in found] == [3, 3, 4]  # "odd" has three letters
    assert version_of(path) == 4


def test_a_new_catalogue_needs_no_step(tmp_path: Path) -> None:
    SqliteDatabase(tmp_path / "m.db").close()
    assert version_of(tmp_path / "m.db") == invented.NEW
    assert [file.name for file in tmp_path.iterdir()] == ["m.db"]


def test_a_program_of_before_refuses_it(tmp_path: Path) -> None:
    path = invented.put(tmp_path / "m.db")
    SqliteDatabase(path).close()
    with invented.before(), pytest.raises(NewerDatabaseError, match=r"version is 2.*knows 1"):
        SqliteDatabase(path)


def test_a_record_that_cannot_be_read_stays_as_it_is(tmp_path: Path) -> None:
    path = invented.put(tmp_path / "m.db")
    change(path, "UPDATE mk_model SET config = '{' WHERE key = 'k1'")
    with ModelRecordServiceBase.from_db_file(path) as store:
        with pytest.raises(CorruptDatabaseError, match=r"m\.db"):
            store.get_model("k1")
        assert store.get_model("k2").name == "model 2"
    with closing(sqlite3.connect(path)) as connection:
        kept = connection.execute("SELECT config FROM mk_model WHERE key = 'k1'").fetchone()
        assert kept == ("{",)


# -- the backup


def test_a_backup_is_the_database_of_before(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = invented.put(tmp_path / "m [1].db")
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
    path = invented.put(tmp_path / "m.db")
    expected = invented.expected(path)
    with ModelRecordServiceBase.from_db_file(path) as store:
        store.del_model("k1")
    backups(tmp_path)[0].rename(path)
    assert version_of(path) == 1
    with ModelRecordServiceBase.from_db_file(path) as store:
        assert invented.contents(store) == expected


def test_what_a_killed_upgrade_left_is_cleared_away(tmp_path: Path) -> None:
    path = invented.put(tmp_path / "m.db")
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


_OPEN = invented.PROGRAM + textwrap.dedent(
    """
    import sys
    from modelkeep.records.service import ModelRecordServiceBase
    with ModelRecordServiceBase.from_db_file(sys.argv[1]) as store:
        store.list_models()
    """
)


@pytest.mark.slow
def test_one_of_many_processes_does_it_and_the_others_wait(tmp_path: Path) -> None:
    path = invented.put(tmp_path / "m.db")
    expected = invented.expected(path)
    openers = [subprocess.Popen([sys.executable, "-c", _OPEN, str(path)]) for _ in range(4)]
    assert [opener.wait(timeout=120) for opener in openers] == [0] * 4
    assert len(backups(tmp_path)) == 1
    with ModelRecordServiceBase.from_db_file(path) as store:
        assert invented.contents(store) == expected


# -- when it cannot be done


def _damage(path: Path) -> None:
    data = bytearray(path.read_bytes())
    for page in range(8 * 4096, len(data), 3 * 4096):
        data[page : page + 4096] = b"\xa5" * len(data[page : page + 4096])
    path.write_bytes(data)


def _orphan(path: Path) -> None:
    change(path, "UPDATE mk_file SET model_key = 'nobody' WHERE model_key = 'k1'")


def _gap(path: Path) -> None:
    change(path, "DROP TABLE mk_model_tag", "DROP TABLE mk_model")


def _future(path: Path) -> None:
    change(path, "UPDATE mk_schema SET version = 0")


@pytest.mark.parametrize(
    ("spoil", "kind", "says"),
    [
        (_damage, CorruptDatabaseError, "damaged"),
        (_orphan, CorruptDatabaseError, "mk_file"),
        (_gap, DatabaseError, "mk_model"),
        (_future, WrongDatabaseError, "mk_schema"),
    ],
)
def test_what_is_not_sound_is_refused_and_left_as_it_was(
    spoil: Callable[[Path], None], kind: type[ModelKeepError], says: str, tmp_path: Path
) -> None:
    path = invented.put(tmp_path / "m.db")
    spoil(path)
    before = path.read_bytes()
    with pytest.raises(kind, match=says) as caught:
        SqliteDatabase(path)
    assert "m.db" in str(caught.value)
    assert caught.value.hint
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize(
    ("script", "says"),
    [
        ("DROP TABLE mk_tag;", "mk_tag"),
        ("UPDATE mk_file SET model_key = 'nobody';", "mk_file"),
        (f"{invented.STEP}\nINSERT INTO nowhere VALUES (1);", "nowhere"),
    ],
)
def test_a_step_that_is_wrong_changes_nothing(
    tmp_path: Path, step: Path, script: str, says: str
) -> None:
    (step / "0002_rating.sql").write_text(script)
    path = invented.put(tmp_path / "m.db")
    before = path.read_bytes()
    with pytest.raises(DatabaseError, match=says):
        SqliteDatabase(path)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_no_room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = invented.put(tmp_path / "m.db")
    before = path.read_bytes()
    room = path.stat().st_size
    with monkeypatch.context() as patch:
        patch.setattr(paths, "free_space", lambda _path: room)
        with pytest.raises(NoSpaceError, match=r"m\.db.*version 1 to .*was not changed.*needed"):
            SqliteDatabase(path)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]
    SqliteDatabase(path).close()
    assert version_of(path) == invented.NEW


def test_a_file_that_is_held(tmp_path: Path) -> None:
    path = invented.put(tmp_path / "m.db")
    expected = invented.expected(path)
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
        assert invented.contents(store) == expected
    assert len(backups(tmp_path)) == 1


_AS_NOBODY = invented.PROGRAM + textwrap.dedent(
    """
    import os, sys
    from modelkeep.errors import NotWritableError
    from modelkeep.records.dialects.sqlite import SqliteDatabase
    from modelkeep.records.dialects import sqlite_upgrade  # while the libraries can be read
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


def test_a_file_that_may_not_be_written(monkeypatch: pytest.MonkeyPatch) -> None:
    with tempfile.TemporaryDirectory(prefix="modelkeep-test-") as made:
        folder = Path(made)
        folder.chmod(0o755)
        invented.register(monkeypatch, folder / "steps")
        path = invented.put(folder / "library" / "m.db")
        with closing(sqlite3.connect(path)) as connection:
            connection.execute("PRAGMA journal_mode = DELETE")
        before = path.read_bytes()
        path.chmod(0o444)
        done = subprocess.run(
            [sys.executable, "-c", _AS_NOBODY, str(path)],
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.stdout.startswith("refused:"), done.stderr
        assert "has to be upgraded: it belongs to root" in done.stdout
        assert path.read_bytes() == before
        assert list(path.parent.iterdir()) == [path]
        shutil.copy(path, folder / "n.db")
        SqliteDatabase(folder / "n.db").close()
