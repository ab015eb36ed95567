"""All models by name without SQLAlchemy: the same as the catalogue says, or nothing at all."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from modelkeep.core.configs import ModelConfigFactory
from modelkeep.records.dialects import mounts, sqlite_list
from modelkeep.records.dialects.sqlite_engine import dialect
from modelkeep.records.dialects.sqlite_list import all_by_name
from modelkeep.records.dialects.sqlite_text import SqliteDialect
from modelkeep.records.listing import NewRecord, RecordFilter
from modelkeep.records.service import ModelRecordServiceBase
from modelkeep.records.sql import paging
from modelkeep.records.sql.filters import Filter
from modelkeep.settings import Settings

LORA = {"type": "lora", "base": "sd-1", "format": "lycoris"}
MAIN = {"type": "main", "base": "sdxl", "format": "checkpoint"}
FIELDS: list[dict[str, Any]] = [
    {"name": "zebra", "path": "z", "size": 12, **LORA},
    {"name": "Aal", "path": "/elsewhere/a", "variant": "inpaint", **MAIN},
    {"name": "aal", "path": "b", "size": 0, **MAIN},
    {"name": "Ünlü", "path": "café", "base": "of-a-plug-in", "type": "vae",
     "format": "checkpoint"},
]  # fmt: skip


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Settings of a library with a few models in SQLite."""
    settings = Settings(root=tmp_path)
    with ModelRecordServiceBase.open(settings) as store:
        store.add_models(
            NewRecord(f"k{n}", ModelConfigFactory.make_config(some))
            for n, some in enumerate(FIELDS)
        )
    return settings


def change(settings: Settings, statement: str) -> None:
    with closing(sqlite3.connect(settings.db_path, isolation_level=None)) as connection:
        connection.execute(statement).fetchall()


def test_its_statement_is_that_of_all_records_by_name() -> None:
    shape = Filter(RecordFilter(), SqliteDialect()).shape
    walk = paging.walk_of(shape, "name")
    compiled = paging.page_of(shape, "name", "all", walk.hint).compile(dialect=dialect())
    assert walk.is_exact
    assert sqlite_list.ALL_BY_NAME.split() == str(compiled).split()


def test_it_lists_what_the_catalogue_lists(settings: Settings) -> None:
    with ModelRecordServiceBase.open(settings) as store:
        records = list(store.each(RecordFilter(), order="name"))
    expected = [
        (r.key, r.name, r.type, r.base, r.format, r.size, r.root, getattr(r, "variant", None))
        for r in records
    ]
    found = [
        (m.key, m.name, m.type, m.base, m.format, m.size, m.root, m.variant)
        for m in all_by_name(settings) or ()
    ]
    assert len(found) == len(FIELDS)
    assert found == expected


def test_it_sees_what_another_connection_has_not_yet_moved_into_the_file(
    settings: Settings,
) -> None:
    with ModelRecordServiceBase.open(settings) as store:
        store.del_model("k0")
        assert "k0" not in {model.key for model in all_by_name(settings) or ()}


@pytest.mark.parametrize(
    "statement",
    [
        "PRAGMA journal_mode = TRUNCATE",
        "UPDATE mk_schema SET version = 1000",
        "DELETE FROM mk_schema",
        "DROP TABLE mk_schema",
        "DROP INDEX ix_mk_model_by_name",
        "UPDATE mk_model SET config = '{' WHERE key = 'k1'",
        "UPDATE mk_model SET config = '[]' WHERE key = 'k1'",
        "UPDATE mk_model SET config = 7 WHERE key = 'k1'",
        "UPDATE mk_model SET type = 'no type' WHERE key = 'k1'",
    ],
)
def test_what_is_not_in_order_is_left_to_the_catalogue(statement: str, settings: Settings) -> None:
    change(settings, statement)
    assert all_by_name(settings) is None


def test_damage_is_left_to_the_catalogue(settings: Settings) -> None:
    with settings.db_path.open("r+b") as file:
        file.seek(3 * 4096)
        file.write(b"\xff" * 4096)
    assert all_by_name(settings) is None


def test_a_network_is_left_to_the_catalogue(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mounts, "file_system_of", lambda *_: "nfs")
    assert all_by_name(settings) is None


def test_a_catalogue_that_is_not_there_is_not_made(tmp_path: Path) -> None:
    settings = Settings(root=tmp_path / "new")
    assert all_by_name(settings) is None
    assert not (tmp_path / "new").exists()


def test_a_catalogue_in_yaml_is_not_read(tmp_path: Path) -> None:
    settings = Settings(root=tmp_path, model_config_db=tmp_path / "models.yaml")
    with ModelRecordServiceBase.open(settings):
        pass
    assert all_by_name(settings) is None
    assert all_by_name(settings.model_copy(update={"model_config_db": None})) is None
