"""A record that cannot be read hides itself, and none of the others."""

from __future__ import annotations

import json
import logging
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from modelkeep.errors import UnreadableRecordError
from modelkeep.records.dialects.sqlite_health import Health, examine
from modelkeep.records.dialects.sqlite_repair import mend_record
from modelkeep.records.listing import RecordFilter
from modelkeep.records.service import ModelRecordServiceBase

LORA = {"type": "lora", "base": "sd-1", "format": "lycoris"}
#: Texts that are stored in place of a record.
TEXTS = [
    '{"name": "b", "type": "lora", "base": "sd-1", "format": "lycoris", "rating": 5}',
    '{"name": "b", "type": "lora", "base": "sd-1", "format": "lycoris", "size": "much"}',
    "{",
    "[1]",
]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "m.db"
    with ModelRecordServiceBase.from_db_file(path) as store:
        for name in "abc":
            store.add_model(
                f"key-{name}", {"name": name, "path": name, "description": name, **LORA}
            )
    return path


def change(path: Path, column: str, value: str | bytes) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute(f"UPDATE mk_model SET {column} = ? WHERE key = 'key-b'", (value,))  # noqa: S608


@pytest.fixture(params=[*(("config", text) for text in TEXTS), ("type", "sofa")])
def harmed(path: Path, request: pytest.FixtureRequest) -> Iterator[ModelRecordServiceBase]:
    change(path, *request.param)
    with ModelRecordServiceBase.from_db_file(path) as store:
        yield store


def test_lists_leave_it_out_and_say_so_once(
    harmed: ModelRecordServiceBase, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        lists: list[Sequence[Any]] = [
            harmed.all_models(),
            harmed.search(order="size"),
            harmed.page(RecordFilter()).items,
            list(harmed.each(RecordFilter())),
            harmed.list_models().items,
        ]
    for found in lists:
        assert [config.name for config in found] == ["a", "c"]
    assert caplog.text.count("key-b") == 1
    assert "doctor --fix" in caplog.text


@pytest.mark.parametrize(
    "text",
    [
        *('{"a": 1},{"b": 2}', '{"a": [1', '{"a": 1}\n{"b": 2}', "x", "{}x", '{"a"}', ""),
        '{"name": "b",\n"rating": 5}',
        '{ "name": "b" }',
        "{}",
    ],
)
def test_pages_of_json_have_whole_records_alone(path: Path, text: str) -> None:
    change(path, "config", text)
    with ModelRecordServiceBase.from_db_file(path) as store:
        page = store.page_json(RecordFilter(), limit=2)
        rest = store.page_json(RecordFilter(), limit=2, after=page.next)
    found = {one["key"]: one for one in map(json.loads, [*page.items, *rest.items])}
    try:
        stored = json.loads(text)
    except ValueError:
        assert list(found) == ["key-a", "key-c"]
    else:
        outside = {"key": "key-b", "path": "b", "root": "models", "state": "present"}
        assert found["key-b"] == outside | stored
        assert list(found) == ["key-a", "key-b", "key-c"]


def test_a_path_that_is_no_text_ends_no_page_early(path: Path) -> None:
    change(path, "path", b"\xed\xa0\x80")
    with ModelRecordServiceBase.from_db_file(path) as store:
        keys, after = [], None
        for _ in "abc":
            page = store.page_json(RecordFilter(), limit=1, after=after)
            keys += [json.loads(item)["key"] for item in page.items]
            after = page.next
    assert after is None
    assert keys == ["key-a", "key-c"]


def test_it_is_told_by_its_key_and_can_be_removed(harmed: ModelRecordServiceBase) -> None:
    assert harmed.exists("key-b")
    with pytest.raises(UnreadableRecordError, match="key-b") as caught:
        harmed.get_model("key-b")
    assert "doctor --fix" in caught.value.hint
    harmed.del_model("key-b")
    assert not harmed.exists("key-b")


@pytest.mark.parametrize("text", TEXTS)
def test_mending_keeps_what_can_be_read_and_the_text(path: Path, text: str) -> None:
    change(path, "config", text)
    [(key, reason)] = examine(path).unreadable
    assert key == "key-b"
    assert "cannot be read" in reason
    kept = mend_record(path, key)
    assert kept.read_text() == text
    assert examine(path) == Health()
    with ModelRecordServiceBase.from_db_file(path) as store:
        mended = store.get_model("key-b")
        assert (mended.name, mended.path, mended.type, mended.base) == ("b", "b", "lora", "sd-1")


def test_where_nothing_can_be_mended_the_record_goes_and_its_text_stays(path: Path) -> None:
    before = _text_of(path)
    change(path, "type", "sofa")
    kept = mend_record(path, "key-b")
    assert json.loads(kept.read_text()) == json.loads(before)
    with ModelRecordServiceBase.from_db_file(path) as store:
        assert not store.exists("key-b")
    assert examine(path).orphans == ()


def _text_of(path: Path) -> str:
    with closing(sqlite3.connect(path)) as connection:
        statement = "SELECT config FROM mk_model WHERE key = 'key-b'"
        return str(connection.execute(statement).fetchone()[0])
