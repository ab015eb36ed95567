"""InvokeAI's database is read as it is now and as it was, live or at rest, and never touched."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from modelkeep.core.foreign import foreign_database, log_is_out_of_reach
from modelkeep.errors import SourceError, SourceNotFoundError, UnreadableSourceError
from modelkeep.sources.layouts.invokeai import LAYOUT
from modelkeep.sources.layouts.layout import KnownModel
from unit.sources import layout_trees as trees

HASH = "ab" * 32
LATER = "2999-01-01 00:00:00.000"

MODELS = """
CREATE TABLE models (
    id TEXT NOT NULL PRIMARY KEY,
    hash TEXT GENERATED ALWAYS AS (json_extract(config, '$.hash')) VIRTUAL NOT NULL,
    path TEXT GENERATED ALWAYS AS (json_extract(config, '$.path')) VIRTUAL NOT NULL,
    config TEXT NOT NULL,
    created_at DATETIME NOT NULL DEFAULT(STRFTIME('%Y-%m-%d %H:%M:%f', 'NOW')),
    updated_at DATETIME NOT NULL DEFAULT(STRFTIME('%Y-%m-%d %H:%M:%f', 'NOW')),
    UNIQUE(path)
)
"""
MODEL_CONFIG = """
CREATE TABLE model_config (
    id TEXT NOT NULL PRIMARY KEY,
    name TEXT GENERATED ALWAYS as (json_extract(config, '$.name')) VIRTUAL NOT NULL,
    original_hash TEXT, config TEXT NOT NULL,
    created_at DATETIME NOT NULL DEFAULT(STRFTIME('%Y-%m-%d %H:%M:%f', 'NOW'))
);
CREATE TABLE model_metadata (id TEXT NOT NULL PRIMARY KEY, metadata TEXT NOT NULL);
"""

Config = dict[str, object]


def checkpoint(**other: object) -> Config:
    """Return the config of ``models/key-1/sd15.safetensors``, which is empty."""
    return {
        "key": "key-1", "hash": f"blake3:{HASH}", "path": "key-1/sd15.safetensors",
        "file_size": 0, "name": "SD 1.5", "description": "The first.", "base": "sd-1",
        "type": "main", "format": "checkpoint", "source": "https://example.com/sd15.safetensors",
        "source_type": "url", "trigger_phrases": ["ink", "ink", "wash", ""], **other,
    }  # fmt: skip


def fill(root: Path, *configs: Config | str | bytes, created: str = LATER) -> Path:
    """Put rows in ``databases/invokeai.db``, in WAL mode as InvokeAI does, and close it."""
    database = root / "databases" / "invokeai.db"
    with closing(sqlite3.connect(database)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute(MODELS)
        for number, config in enumerate(configs, 1):
            value = json.dumps(config) if isinstance(config, dict) else config
            connection.execute(
                "INSERT INTO models (id, config, created_at) VALUES (?, ?, ?)",
                (f"key-{number}", value, created),
            )
        connection.commit()
    return database


@pytest.fixture(name="root")
def _root(tmp_path: Path) -> Path:
    return trees.invokeai(tmp_path / "invokeai")


def known(root: Path) -> dict[str, KnownModel]:
    return {str(one.info.key): one for one in LAYOUT.known(root)}


def test_what_a_config_says(root: Path) -> None:
    fill(root, checkpoint())

    [found] = LAYOUT.known(root)

    assert found.path == root / "models/key-1/sd15.safetensors"
    info = found.info
    assert (info.name, info.key, info.description) == ("SD 1.5", "key-1", "The first.")
    assert info.trigger_phrases == ("ink", "wash")
    assert info.source == "https://example.com/sd15.safetensors"
    assert (info.base_hint, info.type_hint) == ("sd-1", "main")
    assert info.preview == root / "models/model_images/key-1.webp"
    assert info.blake3 == HASH
    assert info.written_by == ("InvokeAI",)


def test_its_folder_of_models_has_the_same_catalogue(root: Path) -> None:
    fill(root, checkpoint())

    assert list(LAYOUT.known(root / "models")) == list(LAYOUT.known(root))
    [place] = LAYOUT.places(root / "models")
    assert place.path == root / "models"
    assert {"model_images", ".download_cache", "tmpinstall_abc"} <= place.skip


@pytest.mark.parametrize(
    "changed",
    [
        {"hash": f"random:{HASH}"},
        {"hash": "blake3:short"},
        {"hash": f"blake3:{HASH.upper()}"},
        {"hash": 3},
        {"path": "key-1"},  # a folder: its hash is made otherwise
        {"path": "key-1/gone.safetensors"},
    ],
)
def test_a_hash_that_does_not_hold(changed: Config, root: Path) -> None:
    fill(root, checkpoint(**changed))

    [found] = LAYOUT.known(root)
    assert (found.info.blake3, found.info.sha256) == (None, None)


def test_a_record_of_a_file_with_another_size_is_about_another_file(root: Path) -> None:
    fill(root, checkpoint(file_size=1))
    assert list(LAYOUT.known(root)) == []


def test_another_algorithm(root: Path) -> None:
    fill(root, checkpoint(hash=f"sha256:{HASH}"))

    [found] = LAYOUT.known(root)
    assert (found.info.sha256, found.info.blake3) == (HASH, None)


def test_paths_elsewhere(root: Path, tmp_path: Path) -> None:
    fill(
        root,
        checkpoint(path="/data/x.safetensors"),
        checkpoint(path="sdxl\\lora\\y.safetensors"),
        checkpoint(path="../outside"),
    )
    (root / "invokeai.yaml").write_text(f"schema_version: 4.0.2\nmodels_dir: {tmp_path}/big/m\n")

    assert [str(one.path) for one in LAYOUT.known(root)] == [
        *("/data/x.safetensors", f"{tmp_path}/big/m/sdxl/lora/y.safetensors"),
        f"{tmp_path}/big/outside",
    ]
    assert [place.path for place in LAYOUT.places(root)] == [tmp_path / "big/m"]


def test_settings_of_both_times(root: Path, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    database = fill(root, checkpoint())
    database.rename(tmp_path / "elsewhere" / "invokeai.db")
    for text in (
        f"models_dir: weights\ndb_dir: {tmp_path}/elsewhere\nremote_api_tokens:\n  - token: x\n",
        f"InvokeAI:\n  Web: {{}}\n  Paths: {{models_dir: weights, db_dir: {tmp_path}/elsewhere}}\n",
    ):
        (root / "invokeai.yaml").write_text(text)
        [found] = LAYOUT.known(root)
        assert found.path == root / "weights/key-1/sd15.safetensors"

    (root / "invokeai.yaml").write_text("models_dir: x\nremote_api_tokens: [hunter2\n")
    with pytest.raises(SourceError, match=r"invokeai\.yaml, line 3") as caught:
        LAYOUT.places(root)
    assert "hunter2" not in str(caught.value)


def test_broken_rows_are_left_out_and_told(root: Path) -> None:
    # Their virtual columns cannot be computed: asking for one would fail the whole query.
    fill(root, checkpoint())
    database = root / "databases/invokeai.db"
    with closing(sqlite3.connect(database)) as connection:
        connection.execute("PRAGMA ignore_check_constraints = ON")
        connection.execute("ALTER TABLE models RENAME TO other")
        connection.execute("CREATE TABLE models (id, config)")
        rows = ["no json", "[1]", "{}", '{"path": 3}', '{"path": "a\\u0000"}', b"\xff\xfe", None]
        rows += ['{"path": "\\ud800"}', "[" * 100_000, "x" * 2_000_000, '{"path": " "}']
        for number, row in enumerate(rows):
            connection.execute("INSERT INTO models VALUES (?, ?)", (f"bad-{number:02}", row))
        connection.execute("INSERT INTO models VALUES ('good', ?)", (json.dumps(checkpoint()),))
        connection.commit()
    told: list[str] = []

    found = list(LAYOUT.known(root, told.append))

    assert [one.info.key for one in found] == ["good"]
    [remark] = told
    assert f"{len(rows)} of its rows" in remark
    assert "bad-00" in remark


def test_values_of_other_kinds(root: Path) -> None:
    fill(root, checkpoint(name=3, description=[], trigger_phrases="no list", source={"a": 1}))

    [found] = LAYOUT.known(root)
    assert found.info.name is None
    assert found.info.trigger_phrases == ()
    assert found.info.source is None


def test_the_catalogue_of_the_seed(tmp_path: Path) -> None:
    root = trees.invokeai_3(tmp_path)
    with closing(sqlite3.connect(root / "databases/invokeai.db")) as connection:
        connection.executescript(MODEL_CONFIG)
        config = {"path": "sd-1/lora/ink.safetensors", "name": "ink", "base": "sd-1"}
        rows = [("a" * 32, "imohash", json.dumps(config)), ("b", "", '{"name": ""}')]
        connection.executemany(
            "INSERT INTO model_config (id, original_hash, config) VALUES (?, ?, ?)", rows
        )
        site = {"author": "someone", "tags": ["anime"], "trained_words": ["inky"]}
        info = [("a" * 32, json.dumps(site)), ("b", "no json"), ("c", "[" * 3_000)]
        connection.executemany("INSERT INTO model_metadata (id, metadata) VALUES (?, ?)", info)
        connection.commit()
    told: list[str] = []

    [found] = LAYOUT.known(root, told.append)

    assert found.path == root / "models/sd-1/lora/ink.safetensors"
    assert (found.info.name, found.info.key, found.info.author) == ("ink", "a" * 32, "someone")
    assert (found.info.tags, found.info.trigger_phrases) == (("anime",), ("inky",))
    assert found.info.blake3 is None
    assert len(told) == 1
    types = {place.path.name: place.type for place in LAYOUT.places(root)}
    assert types["models"] is None
    assert types["lora"] == "lora"


def test_a_database_without_models_is_told(root: Path) -> None:
    with closing(sqlite3.connect(root / "databases/invokeai.db")) as connection:
        connection.execute("CREATE TABLE images (x)")
    told: list[str] = []

    assert list(LAYOUT.known(root, told.append)) == []
    assert "no table of models" in told[0]


def test_no_database(root: Path) -> None:
    assert list(LAYOUT.known(root)) == []


@pytest.mark.parametrize("data", [b"", b"SQLite format 3\0", b"no database at all" * 100])
def test_a_database_that_is_damaged(data: bytes, root: Path) -> None:
    (root / "databases/invokeai.db").write_bytes(data)
    before = trees.seen(root)
    told: list[str] = []

    if data:
        with pytest.raises(UnreadableSourceError, match=r"invokeai\.db") as caught:
            LAYOUT.known(root)
        assert caught.value.hint
    else:
        assert list(LAYOUT.known(root, told.append)) == []
    assert trees.seen(root) == before


_WRITER = """
import json, sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
connection.execute("PRAGMA wal_autocheckpoint = 0")
for line in sys.stdin:
    connection.execute(line)
    print("done", flush=True)
    if line.startswith("PRAGMA user_version = 9"):
        import os
        os._exit(0)
"""


@contextmanager
def another_process(database: Path) -> Iterator[subprocess.Popen[str]]:
    """Hold a database open in another process, which runs a statement a line."""
    with subprocess.Popen(
        [sys.executable, "-c", _WRITER, str(database)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def run(process: subprocess.Popen[str], statement: str) -> None:
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(statement + "\n")
    process.stdin.flush()
    assert process.stdout.readline() == "done\n"


RENAME = "UPDATE models SET config = json_set(config, '$.name', 'in the log')"


def test_a_live_log_is_seen_and_left_as_it_is(root: Path) -> None:
    database = fill(root, checkpoint())
    with another_process(database) as invoke:
        run(invoke, RENAME)
        assert database.with_name("invokeai.db-wal").stat().st_size > 0
        before = trees.seen(root)

        assert known(root)["key-1"].info.name == "in the log"

        assert trees.seen(root) == before
        run(invoke, "BEGIN IMMEDIATE")
        run(invoke, "UPDATE models SET config = json_set(config, '$.name', 'not yet')")
        before = trees.seen(root)
        assert known(root)["key-1"].info.name == "in the log"
        assert trees.seen(root) == before
        run(invoke, "COMMIT")
        assert known(root)["key-1"].info.name == "not yet"


def test_a_log_that_was_just_opened(root: Path) -> None:
    database = fill(root, checkpoint())
    with another_process(database) as invoke:
        run(invoke, "SELECT * FROM models")
        before = trees.seen(root)
        assert database.with_name("invokeai.db-shm").exists()

        assert known(root)["key-1"].info.name == "SD 1.5"

        assert trees.seen(root) == before


def test_the_log_of_a_program_that_was_killed(root: Path) -> None:
    database = fill(root, checkpoint())
    with another_process(database) as invoke:
        run(invoke, RENAME)
        run(invoke, "PRAGMA user_version = 9")
        invoke.wait()
    before = trees.seen(root)
    assert database.with_name("invokeai.db-wal").stat().st_size > 0

    assert known(root)["key-1"].info.name == "in the log"

    assert trees.seen(root) == before


def test_a_log_without_its_index_is_told(root: Path) -> None:
    database = fill(root, checkpoint())
    with another_process(database) as invoke:
        run(invoke, RENAME)
        run(invoke, "PRAGMA user_version = 9")
        invoke.wait()
    database.with_name("invokeai.db-shm").unlink()
    assert log_is_out_of_reach(database)
    before = trees.seen(root)
    told: list[str] = []

    [found] = LAYOUT.known(root, told.append)

    assert found.info.name == "SD 1.5"
    assert "recent changes by InvokeAI are not visible" in told[0]
    assert trees.seen(root) == before


def test_at_rest_nothing_is_left_beside_it(root: Path) -> None:
    database = fill(root, checkpoint())
    before = trees.seen(root)

    assert known(root)

    assert trees.seen(root) == before
    assert [path.name for path in database.parent.iterdir()] == ["invokeai.db"]


def test_a_folder_that_may_not_be_written(root: Path) -> None:
    database = fill(root, checkpoint())
    database.chmod(0o444)
    database.parent.chmod(0o555)
    try:
        assert known(root)["key-1"].info.name == "SD 1.5"
    finally:
        database.parent.chmod(0o755)


def test_a_writer_with_a_rollback_journal(root: Path) -> None:
    """What it has not committed is not seen."""
    database = fill(root, checkpoint())
    with closing(sqlite3.connect(database)) as connection:
        connection.execute("PRAGMA journal_mode = DELETE")
    with another_process(database) as invoke:
        run(invoke, "PRAGMA cache_size = 2")
        run(invoke, "BEGIN IMMEDIATE")
        run(invoke, RENAME)
        assert database.with_name("invokeai.db-journal").exists()
        before = trees.seen(root)

        assert known(root)["key-1"].info.name == "SD 1.5"

        assert trees.seen(root) == before


def test_a_change_that_reading_cannot_see_is_an_error(root: Path) -> None:
    database = fill(root, checkpoint())

    def read_while_it_is_written() -> None:
        with foreign_database(database) as connection:
            connection.execute("SELECT id FROM models").fetchall()
            with closing(sqlite3.connect(database)) as other:
                other.execute(RENAME)
                other.commit()

    with pytest.raises(UnreadableSourceError, match="changed while it was read") as caught:
        read_while_it_is_written()
    assert caught.value.hint


def test_nothing_can_be_written_through_it(root: Path) -> None:
    database = fill(root, checkpoint())

    def write() -> None:
        with foreign_database(database) as connection:
            connection.execute("DELETE FROM models")

    with pytest.raises(UnreadableSourceError, match="readonly"):
        write()
    assert known(root)


def test_a_database_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(SourceNotFoundError), foreign_database(tmp_path / "x.db"):
        pass
    assert list(tmp_path.iterdir()) == []


def test_a_path_with_signs_of_an_address(tmp_path: Path) -> None:
    root = trees.invokeai(tmp_path / "what?mode=rw&#%41 é")
    fill(root, checkpoint())

    assert known(root)["key-1"].info.name == "SD 1.5"
