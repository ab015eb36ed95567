"""The step to version 2: what records of before are found by is the same as for new ones."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

from modelkeep.core.configs import ModelConfigFactory
from modelkeep.core.metadata import BaseMetadata, CivitaiMetadata, HuggingFaceMetadata
from modelkeep.records.dialects.sqlite import SqliteDatabase
from modelkeep.records.listing import NewRecord, RecordFilter
from modelkeep.records.metadata import AnyMetadata
from modelkeep.records.service import ModelRecordServiceBase

_COLUMNS = ("site", "licence", "lineage", "size_class", "used", "loaded_at")
_FACTS = (
    "SELECT key, site, licence, lineage, size_class, used, loaded_at FROM mk_model ORDER BY key"
)
_TIME = "2026-01-01T00:00:00Z"
_SOURCES = (
    None, "", "org/name", "org/name@main:fp16:unet", "org/name::vae", "hf:org/name", "ms:org/name",
    "civitai:1@2+3:fp16", "toybox:bear", "https://huggingface.co/org/name", "https://HF.co/x",
    "http://www.civitai.com/models/1", "https://example.org/a/huggingface.co/x", "https://hf.co",
    "https://modelscope.ai/m", "/home/u/model.safetensors", "./a/b", "~/a", "C:/models/a", "name",
    "file:///caf%E9", "http://",
)  # fmt: skip


def hub(card: Any, *tags: str) -> HuggingFaceMetadata:
    return HuggingFaceMetadata(
        name="n", author="a", tags=set(tags), id="a/n", last_modified=_TIME, files=[],
        tag_dict={"cardData": card},
    )  # fmt: skip


def civitai(uses: Any) -> CivitaiMetadata:
    fields: dict[str, Any] = dict.fromkeys(("created", "updated", "published"), _TIME)
    return CivitaiMetadata(
        name="n", author="a", tags=set(), id=1, version_name="v", version_id=2, description="",
        version_description="", download_url="https://civitai.com/x", base_model_trained_on="SDXL",
        restrictions={"AllowCommercialUse": uses}, files=[], **fields,
    )  # fmt: skip


_SAID: tuple[AnyMetadata, ...] = (
    BaseMetadata(name="n", author="a", tags={"license:mit"}),
    hub({"license": "Apache-2.0"}, "license:mit"),
    hub({"license": ["mit", "openrail"]}),
    hub({"license": "other", "license_name": "flux-1-dev"}),
    hub({"license": "other"}),
    hub({"license": 3}, "license:openrail++", "license:mit"),
    hub({"license_name": "Own"}),
    hub(None, "license:other"),
    hub([]),
    civitai("None"),
    civitai("Sell"),
    civitai(["None"]),
    civitai(["Image", "Rent"]),
    civitai([]),
)


def record(key: str, fields: dict[str, Any]) -> NewRecord:
    return NewRecord(key, ModelConfigFactory.make_config({**fields, "path": key}))


def new_records() -> list[NewRecord]:
    kind = {"type": "lora", "base": "sdxl", "format": "lycoris", "name": "n"}
    sizes = (None, 0, 99_999_999, 100_000_000, 5_000_000_000, 20_000_000_000)
    given: list[dict[str, Any]] = [{"source": source} for source in _SOURCES]
    given += [{"size": size} for size in sizes]
    given += [{"lineage": lineage} for lineage in (None, "pony", "wan-2.2-high")]
    plain = [record(f"k{number:02}", kind | fields) for number, fields in enumerate(given)]
    told = [replace(record(f"m{n:02}", kind), metadata=said) for n, said in enumerate(_SAID)]
    return plain + told


def facts(path: Path) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute(_FACTS).fetchall()


def take_back(path: Path) -> None:
    """Make a catalogue one of version 1."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("DROP INDEX ix_mk_model_facets")
        for name in _COLUMNS:
            connection.execute(f"ALTER TABLE mk_model DROP COLUMN {name}")
        connection.execute(
            "CREATE INDEX ix_mk_model_facets ON mk_model (type, base, format, root, state)"
        )
        connection.execute("UPDATE mk_schema SET version = 1")
        connection.execute("PRAGMA user_version = 1")


def test_records_of_before_are_found_by_the_same(tmp_path: Path) -> None:
    path = tmp_path / "m.db"
    with ModelRecordServiceBase.from_db_file(path) as store:
        store.add_models(new_records())
    expected = facts(path)
    take_back(path)
    with closing(SqliteDatabase(path)) as database:
        assert database.backup is not None
    assert facts(path) == expected
    with ModelRecordServiceBase.from_db_file(path) as store:
        assert store.count(RecordFilter(lineages=("pony",), used=("never",))) == 1


def test_a_record_that_cannot_be_read_stays_out_of_it(tmp_path: Path) -> None:
    path = tmp_path / "m.db"
    with ModelRecordServiceBase.from_db_file(path) as store:
        store.add_models(new_records())
    take_back(path)
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE mk_model SET config = '{' WHERE key = 'k00'")
        connection.execute("UPDATE mk_model SET config = '{\"lineage\": [1]}' WHERE key = 'k01'")
        connection.execute("UPDATE mk_metadata SET metadata = '{' WHERE model_key = 'm01'")
    SqliteDatabase(path).close()
    found = {key: rest for key, *rest in facts(path)}
    assert [found[key][2] for key in ("k00", "k01")] == ["", ""]
    assert found["m01"][:2] == ["huggingface", ""]


def test_metadata_that_changes_is_followed(tmp_path: Path) -> None:
    path = tmp_path / "m.db"
    with ModelRecordServiceBase.from_db_file(path) as store:
        store.add_models(new_records())
        store.metadata_store.add_metadata("k02", civitai("Sell"))
        store.update_model("k02", {"source": "/home/u/x", "lineage": "pony", "size": 5})
        store.metadata_store.update_metadata("m01", hub({"license": "mit"}))
    found = {key: tuple(rest) for key, *rest in facts(path)}
    assert found["k02"] == ("civitai", "commercial", "pony", "tiny", "never", None)
    assert found["m01"][:2] == ("huggingface", "mit")
