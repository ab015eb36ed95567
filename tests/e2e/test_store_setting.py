"""A changed setting of where the catalogue is: what is in it comes along, or it is refused."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from modelkeep import ModelManager
from modelkeep.core.metadata import BaseMetadata
from support.program import Program


def everything(program: Program) -> list[dict[str, Any]]:
    """Return all that is known of all models."""
    keys = program.call("list", "-q").lines
    return sorted((program.call("show", "--json", k).only for k in keys), key=lambda m: m["key"])


def choose(program: Program, value: object, setting: str = "model_config_db") -> None:
    program.call("config", "set", setting, value)


@pytest.fixture
def described(filled: Program) -> Program:
    """A library with words, tags, metadata, hashes and a missing model."""
    filled.call("edit", "paper", "name=Cut", "description=mine", "tags=snip, cut")
    filled.call("verify", "Cut")
    (filled.root / "models/sd-1/embedding/blue.safetensors").unlink()
    filled.call("sync", status=3)
    with ModelManager(root=filled.root) as manager:
        [model] = manager.records.search_by_attr(model_name="green")
        manager.metadata.add_metadata(
            model.key, BaseMetadata(name="Green", author="someone", tags={"style"})
        )
        manager.records.note_loaded({model.key: 1234.5})
    return filled


@pytest.mark.parametrize(
    "chosen", ["configs/models.yaml", "other.yaml", "databases/second.db", "third.db"]
)
def test_all_of_it_comes_along_there_and_back(described: Program, chosen: str) -> None:
    before = everything(described)
    by_date = described.call("list", "-q", "--sort", "date").lines
    choose(described, chosen)
    assert len(described.call("list", "-q").lines) == 3
    assert everything(described) == before
    assert described.call("list", "--json", "--used", "loaded").only["name"] == "green"
    assert described.call("list", "-q", "--sort", "date").lines == by_date
    assert described.call("list", "--json", "--state", "missing").only["name"] == "blue"
    described.call("edit", "Cut", "description=edited since")
    choose(described, "auto")
    after = everything(described)
    assert {m["name"]: m["description"] for m in after}["Cut"] == "edited since"
    kept = [p.name for p in described.root.rglob("*.bak") if ".converted-" in p.name]
    assert len(kept) == 2, "nothing was deleted"


def test_people_are_told(filled: Program) -> None:
    choose(filled, "configs/models.yaml")
    told = filled.run("list")
    assert len(told.lines) == 4
    assert "converted: 3 models of" in told.err
    assert "modelkeep.db.converted-" in told.err
    assert filled.run("list").err == ""


def test_doctor_looks_at_the_catalogue_that_will_be_converted(filled: Program) -> None:
    choose(filled, "configs/models.yaml")
    line = filled.call("doctor", "--json").only
    assert (line["kind"], line["severity"]) == ("database_moves", "note")
    filled.call("list")
    assert [line["kind"] for line in filled.call("doctor", "--json").json] == ["backups"]


def test_the_environment_and_other_settings_are_settings_too(
    filled: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MODELKEEP_MODEL_CONFIG_DB", str(filled.root / "elsewhere.yaml"))
    assert len(filled.call("list", "-q").lines) == 3
    monkeypatch.delenv("MODELKEEP_MODEL_CONFIG_DB")
    choose(filled, "databases/new.db", "db_path")
    assert len(filled.call("list", "-q").lines) == 3


def test_a_catalogue_far_away_is_found_again(filled: Program, tmp_path: Path) -> None:
    choose(filled, tmp_path / "far/models.yaml")
    assert len(filled.call("list", "-q").lines) == 3
    choose(filled, tmp_path / "farther/models.yaml")
    assert len(filled.call("list", "-q").lines) == 3


def test_a_catalogue_in_use_is_not_converted(filled: Program) -> None:
    database = filled.root / "databases/modelkeep.db"
    with closing(sqlite3.connect(database)) as other:
        other.execute("SELECT count(*) FROM mk_model").fetchone()
        choose(filled, "configs/models.yaml")
        told = filled.call("list", status=1)
        assert "Another process uses" in told.err
        choose(filled, "auto")
        assert len(filled.call("list", "-q").lines) == 3
    choose(filled, "configs/models.yaml")
    assert len(filled.call("list", "-q").lines) == 3


def test_of_several_none_is_taken(filled: Program) -> None:
    database = filled.root / "databases/modelkeep.db"
    shutil.copy(database, filled.root / "databases/copy.db")
    for left in (filled.root / "databases").glob("state.db*"):
        left.unlink()  # it knows which one was used last
    choose(filled, "configs/models.yaml")
    told = filled.call("list", status=1)
    assert "copy.db (3 models)" in told.err
    assert "config set model_config_db" in told.err
    choose(filled, "databases/copy.db")
    assert len(filled.call("list", "-q").lines) == 3


def test_files_of_other_programs_are_left_alone(program: Program) -> None:
    files = {
        program.root / "configs/models.yaml": "__metadata__:\n  version: 3.0.0\nsd-1/main/x: {}\n",
        program.root / "databases/invokeai.db": "",
        program.root / "notes.yaml": "- [broken",
    }
    for path, text in files.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    with closing(sqlite3.connect(program.root / "databases/invokeai.db")) as other:
        other.execute("CREATE TABLE models (id TEXT)")
        other.commit()
    assert "library is empty" in program.call("list").err
    for path, text in files.items():
        assert path.exists()
        assert text in path.read_text(errors="replace")


def test_a_copy_of_a_library_leaves_the_first_one_alone(filled: Program, tmp_path: Path) -> None:
    copied = tmp_path / "copy"
    shutil.copytree(filled.root, copied)
    for name in ("databases/modelkeep.db", "databases/modelkeep.db-wal"):
        (copied / name).unlink(missing_ok=True)
    before = sorted(path.name for path in (filled.root / "databases").iterdir())
    assert filled.call("--root", copied, "list", "-q").lines == []
    assert sorted(path.name for path in (filled.root / "databases").iterdir()) == before
    assert len(filled.call("list", "-q").lines) == 3


def test_removed_models_do_not_come_back_from_a_copy_of_the_catalogue(filled: Program) -> None:
    filled.call("db", "backup", filled.root / "databases" / "copy.db")
    filled.call("remove", *filled.call("list", "-q").lines, "--yes")
    assert filled.call("list", "-q").lines == []
    assert (filled.root / "databases" / "copy.db").is_file()
