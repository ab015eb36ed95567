"""The text index stays in step with its tables, whoever changes them."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest

from modelkeep.core.configs import ModelConfigFactory
from modelkeep.core.files import ModelFile
from modelkeep.core.metadata import BaseMetadata
from modelkeep.records.dialects import sqlite_text as text_index
from modelkeep.records.listing import NewRecord, RecordFilter
from modelkeep.records.sql.service import ModelRecordServiceSQL

KIND = {"type": "lora", "base": "sd-1", "format": "lycoris"}


@pytest.fixture(params=[False, True], ids=["keys off", "keys on"])
def theirs(request: pytest.FixtureRequest) -> Iterator[sqlite3.Connection]:
    """Return a lent connection without and with foreign keys."""
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as connection:
        connection.execute(f"PRAGMA foreign_keys = {'ON' if request.param else 'OFF'}")
        yield connection


@pytest.fixture
def store(theirs: sqlite3.Connection) -> ModelRecordServiceSQL:
    made = ModelRecordServiceSQL.from_connection(theirs, threading.Lock())
    for key in ("one", "two", "three"):
        config = ModelConfigFactory.make_config({"name": f"model {key}", "path": key, **KIND})
        made.add_models([NewRecord(key, config, (ModelFile(f"{key}.bin", 1, 2, 3),))])
        said = BaseMetadata(name=key, author=f"author {key}", tags={"all", f"tag {key}"})
        made.metadata_store.add_metadata(key, said)
        made.metadata_store.set_tags(key, ["all", f"mine {key}"])
    return made


def found(store: ModelRecordServiceSQL, text: str) -> list[str]:
    return [config.key for config in store.page(RecordFilter(text=text)).items]


def check(connection: sqlite3.Connection) -> None:
    """Raise if the index does not hold what the tables hold."""
    table = text_index.TABLE
    connection.execute(f"INSERT INTO {table} ({table}, rank) VALUES ('integrity-check', 1)")  # noqa: S608


def test_the_owner_deletes_records(
    theirs: sqlite3.Connection, store: ModelRecordServiceSQL
) -> None:
    theirs.execute("DELETE FROM mk_model WHERE key = 'two'")
    check(theirs)
    assert found(store, "model") == ["one", "three"]
    assert found(store, "tag two") == found(store, "author two") == []
    assert store.metadata_store.search_by_tag(["all"]) == {"one", "three"}
    assert store.list_tags() == {"all", "tag one", "mine one", "tag three", "mine three"}
    assert len(store.find_files()) == 2
    config = ModelConfigFactory.make_config({"name": "again", "path": "two", **KIND})
    store.add_models([NewRecord("two", config, (ModelFile("two.bin", 1, 2, 3),))])
    check(theirs)
    assert found(store, "tag two") == []
    assert store.metadata_store.tags("two").all == frozenset()


@pytest.mark.parametrize(
    ("statement", "text"),
    [
        ("DELETE FROM mk_model_tag WHERE model_key = 'two' AND origin = 'hand'", "mine"),
        ("DELETE FROM mk_metadata WHERE model_key = 'two'", "author two"),
        ("UPDATE mk_metadata SET author_words = 'x' WHERE model_key = 'two'", "author two"),
        ("UPDATE mk_model SET name_words = '' WHERE key = 'two'", "model"),
    ],
)
def test_the_owner_changes_what_is_indexed(
    theirs: sqlite3.Connection, store: ModelRecordServiceSQL, statement: str, text: str
) -> None:
    assert "two" in found(store, text)
    theirs.execute(statement)
    check(theirs)
    assert "two" not in found(store, text)
    assert "two" in found(store, "tag two")


def test_our_own_changes_keep_the_index_whole(
    theirs: sqlite3.Connection, store: ModelRecordServiceSQL
) -> None:
    store.update_model("one", {"name": "renamed", "trigger_phrases": ["a phrase"]})
    said = store.get_metadata("two")
    store.metadata_store.update_metadata("two", said.model_copy(update={"tags": {"new"}}))
    store.metadata_store.set_tags("three", [])
    store.del_model("two")
    check(theirs)
    before = [found(store, text) for text in ("renamed", "phrase", "all", "mine")]
    assert before == [["one"], ["one"], ["three", "one"], ["one"]]
    theirs.execute(text_index.REBUILD)
    assert [found(store, text) for text in ("renamed", "phrase", "all", "mine")] == before


def test_a_rollback_of_the_owner_takes_the_words_along(
    theirs: sqlite3.Connection, store: ModelRecordServiceSQL
) -> None:
    theirs.execute("BEGIN")
    store.update_model("one", {"name": "renamed"})
    store.metadata_store.set_tags("two", ["passing"])
    assert found(store, "renamed") == ["one"]
    theirs.execute("ROLLBACK")
    check(theirs)
    assert found(store, "renamed") == found(store, "passing") == []
    assert found(store, "model one") == ["one"]


def test_vacuum_leaves_words_with_their_records(
    theirs: sqlite3.Connection, store: ModelRecordServiceSQL
) -> None:
    store.del_model("one")
    theirs.execute("VACUUM")
    check(theirs)
    assert (found(store, "model two"), found(store, "three")) == (["two"], ["three"])


def test_a_failed_change_of_tags_leaves_all_as_it_was(
    theirs: sqlite3.Connection, store: ModelRecordServiceSQL
) -> None:
    tags: list[Any] = ["fine", "not\ud800"]
    store.metadata_store.set_tags("one", tags)  # kept as bytes, as odd file names are
    check(theirs)
    assert found(store, "fine") == ["one"]
