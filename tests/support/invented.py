"""A next version of the tables that nobody has, and catalogues of the version before it."""

from __future__ import annotations

import os
import shutil
import sqlite3
import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from modelkeep.core.files import ModelFile
from modelkeep.core.metadata import BaseMetadata
from modelkeep.records.dialects.sqlite import SqliteDatabase
from modelkeep.records.service import ModelRecordServiceBase
from modelkeep.records.sql import migrations
from modelkeep.records.sql.service import ModelRecordServiceSQL

#: The versions before and after the step.
OLD, NEW = 1, 2
STEP = """\
-- What a person thinks of a model.
ALTER TABLE mk_model ADD COLUMN rating INTEGER;
UPDATE mk_model SET rating = length(name);
CREATE TABLE mk_rated (model_key TEXT PRIMARY KEY, rating INTEGER);
INSERT INTO mk_rated SELECT key, rating FROM mk_model;
CREATE TRIGGER mk_rated_gone AFTER DELETE ON mk_model BEGIN
  DELETE FROM mk_rated WHERE model_key = old.key;
  DELETE FROM mk_rated WHERE model_key IS NULL;
END;
CREATE INDEX ix_mk_rated ON mk_rated (rating);
"""
ENVIRONMENT = "MODELKEEP_TEST_STEPS"
#: Begins a program whose tables are of the next version.
PROGRAM = f"""\
import os
from pathlib import Path
from modelkeep.records.sql import migrations
migrations.FOLDER = Path(os.environ[{ENVIRONMENT!r}])
"""
_MODELS = 12


def register(patch: pytest.MonkeyPatch, folder: Path, script: str = STEP) -> None:
    """Let the tables have a next version, in this process and in those with ``PROGRAM``."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{NEW:04}_rating.sql").write_text(script)
    patch.setattr(migrations, "FOLDER", folder)
    patch.setenv(ENVIRONMENT, str(folder))


@contextmanager
def before() -> Iterator[None]:
    """Let the tables be of the version before."""
    with pytest.MonkeyPatch.context() as patch, tempfile.TemporaryDirectory() as folder:
        patch.setattr(migrations, "FOLDER", Path(folder))
        yield


@contextmanager
def now() -> Iterator[None]:
    """Let the tables be of the version that they are."""
    yield


def put(path: Path, version: Callable[[], AbstractContextManager[None]] = before) -> Path:
    """Put a catalogue of the version before, or of another, into a file with no log beside it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(_catalogue(version))
    return path


def put_into(connection: sqlite3.Connection) -> None:
    """Put our tables of the version before beside those of another program."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "m.db"
        with closing(sqlite3.connect(path)) as theirs:
            theirs.execute("CREATE TABLE models (id INTEGER PRIMARY KEY, name TEXT)")
            theirs.execute("INSERT INTO models VALUES (1, 'theirs')")
            theirs.commit()
            with before():
                _fill(ModelRecordServiceSQL.from_connection(theirs, _NO_LOCK))
            theirs.backup(connection)


def contents(store: ModelRecordServiceBase) -> list[Any]:
    """Return all that is in a catalogue."""
    return [
        (
            model,
            store.files(model.key),
            store.metadata_store.tags(model.key),
            store.created_at(model.key),
        )
        for model in store.all_models()
    ] + list(store.list_all_metadata())


def expected(path: Path, version: Callable[[], AbstractContextManager[None]] = before) -> list[Any]:
    """Return the contents of a catalogue made by ``put``, read in its own version."""
    with tempfile.TemporaryDirectory() as folder:
        copy = shutil.copy(path, Path(folder) / "copy.db")
        with version(), ModelRecordServiceBase.from_db_file(copy) as store:
            return contents(store)


def ratings(connection: sqlite3.Connection) -> int:
    """Return how many models the step has rated, by the table that it made."""
    return int(connection.execute("SELECT count(*) FROM mk_rated").fetchone()[0])


class _NoLock:
    def __enter__(self) -> None: ...

    def __exit__(self, *_: object) -> None: ...


_NO_LOCK = _NoLock()


@cache
def _catalogue(version: Callable[[], AbstractContextManager[None]]) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "m.db"
        with version(), closing(SqliteDatabase(path)) as db:
            _fill(ModelRecordServiceSQL(db))
        return path.read_bytes()


def _fill(store: ModelRecordServiceBase) -> None:
    for number in range(_MODELS):
        kind = {"type": "lora", "base": "sd-1", "format": "lycoris"}
        fields = {"name": f"model {number}", "path": f"p{number}", "description": "d" * 300}
        key = f"k{number}"
        store.add_model(key, {**fields, **kind}, [ModelFile(f"f{number}", number, 1, 2)])
        if number % 2:
            said = BaseMetadata(name=key, author="a", tags={"all", f"t{number}"})
            store.metadata_store.add_metadata(key, said)
        store.metadata_store.set_tags(key, ["mine"])
    store.add_model(
        "odd",
        {"name": "odd", "path": "/x/odd", "type": "unknown"},
        [ModelFile(os.fsdecode(b"caf\xe9"), 1, 2, 3)],
    )
