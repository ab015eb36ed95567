"""Catalogues whose pages were overwritten, and installs that were cut off, as the doctor has them.

The law: the doctor never fails, changes nothing unless it is asked to, keeps a copy of what was
damaged, and afterwards the library works; a record that is there is as it was.
"""

from __future__ import annotations

import random
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from faults.crash import KILLED, Fault, in_child, planted
from modelkeep.app.doctor import examine
from modelkeep.app.manager import ModelManager
from modelkeep.care.doctor.finding import Finding
from modelkeep.core.configs import AnyModelConfig
from modelkeep.core.files import ModelFile
from modelkeep.core.metadata import BaseMetadata
from modelkeep.records.service import ModelRecordServiceBase
from modelkeep.settings import Settings
from support import tiny

#: The command line has rounds of its own, in ``test_rows_catalogues``.
ROUNDS = 20
MODELS = 150
PAGE = 4096


def settings_of(folder: Path) -> Settings:
    return Settings(root=folder)


def fill(settings: Settings) -> None:
    """Make a catalogue of models in a folder beside the root, all of them there."""
    files = settings.root.parent / "files"
    files.mkdir(parents=True)
    with ModelRecordServiceBase.open(settings) as store:
        for number in range(MODELS):
            path = files / f"{number}.safetensors"
            path.write_bytes(b"x" * number)
            there = path.stat()
            file = ModelFile(str(path), number, there.st_mtime_ns, there.st_ino)
            fields = {"name": f"model {number}", "path": str(path), "description": "d" * 400}
            kind = {"type": "lora", "base": "sd-1", "format": "lycoris"}
            key = f"{number:032x}"
            store.add_model(key, {**fields, **kind}, files=[file])
            metadata = BaseMetadata(name=key, author="a", tags={"all", f"t{number % 7}"})
            store.metadata_store.add_metadata(key, metadata)
            if number % 3 == 0:
                store.metadata_store.set_tags(key, ["mine"])


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("damage")
    fill(settings_of(folder / "root"))
    shutil.copy(settings_of(folder / "root").db_path, folder / "kept.db")
    return folder


def contents(store: ModelRecordServiceBase) -> dict[str, tuple[AnyModelConfig, Any, Any, float]]:
    tags = store.metadata_store.tags
    return {
        model.key: (
            model,
            store.files(model.key),
            tags(model.key).hand,
            store.created_at(model.key),
        )
        for model in store.all_models()
    }


def overwrite(path: Path, chance: random.Random, pages: int) -> None:
    count = path.stat().st_size // PAGE
    with path.open("r+b") as file:
        for page in chance.sample(range(count), min(pages, count)):
            file.seek(page * PAGE)
            file.write(chance.randbytes(PAGE))


def spoil(path: Path, name: str) -> None:
    """Overwrite the first page of a table or an index."""
    with closing(sqlite3.connect(path)) as connection:
        root = "SELECT rootpage FROM sqlite_master WHERE name = ?"
        (page,) = connection.execute(root, (name,)).fetchone()
    with path.open("r+b") as file:
        file.seek((page - 1) * PAGE)
        file.write(b"\xa5" * PAGE)


@pytest.mark.parametrize("number", range(ROUNDS))
def test_overwritten_pages(template: Path, number: int) -> None:
    settings = settings_of(template / "root")
    chance = random.Random(number)
    kept = template / "kept.db"
    with ModelRecordServiceBase.from_db_file(kept) as store:
        before = contents(store)
    for path in settings.db_path.parent.iterdir():
        path.unlink()
    shutil.copy(kept, settings.db_path)
    pages = [1, 2, 4, 8, 16, 64][number % 6]
    overwrite(settings.db_path, chance, pages)
    damaged = settings.db_path.read_bytes()

    found = list(examine(settings))
    assert settings.db_path.read_bytes() == damaged
    assert [path.name for path in settings.db_path.parent.iterdir()] == ["modelkeep.db"]
    list(examine(settings, fix=True))
    assert [finding for finding in examine(settings) if finding.is_left] == []
    if any(finding.kind == "database_damaged" for finding in found):
        [copy] = settings.db_path.parent.glob("*.corrupt-*")
        assert copy.read_bytes() == damaged
    with ModelRecordServiceBase.open(settings) as store:
        now = contents(store)
        assert now in ({}, before)
        assert {m.key for m in store.search(text="model")} == set(now)
        new = {"name": "new", "path": "p", "type": "lora", "base": "sd-1", "format": "lycoris"}
        store.add_model("new", new)


@pytest.mark.parametrize("name", ["ix_mk_file_size", "ix_mk_model_place", "mk_model"])
def test_what_sqlite_can_read_around_costs_nothing(
    template: Path, tmp_path: Path, name: str
) -> None:
    """An index holds nothing that is not in a table."""
    settings = settings_of(tmp_path / "root")
    settings.db_path.parent.mkdir(parents=True)
    shutil.copy(template / "kept.db", settings.db_path)
    spoil(settings.db_path, name)
    assert "database_damaged" in {finding.kind for finding in examine(settings, fix=True)}
    with ModelRecordServiceBase.open(settings) as store:
        assert len(store.all_models()) == (0 if name == "mk_model" else MODELS)


@pytest.mark.parametrize("is_readable", [True, False])
def test_cut_off_while_saving(template: Path, tmp_path: Path, is_readable: bool) -> None:
    """At every kill point: the damaged file or the saved one is there, and the copy before that."""
    settings = settings_of(tmp_path / "root")
    settings.db_path.parent.mkdir(parents=True)
    kept = template / "kept.db"

    def harm() -> bytes:
        for path in settings.db_path.parent.iterdir():
            path.unlink()
        shutil.copy(kept, settings.db_path)
        if is_readable:
            spoil(settings.db_path, "ix_mk_file_size")
        else:
            overwrite(settings.db_path, random.Random(5), 30)
        return settings.db_path.read_bytes()

    def mend(fault: Fault) -> None:
        with planted(fault):
            list(examine(settings, fix=True))

    harm()
    undisturbed = Fault()
    mend(undisturbed)
    with ModelRecordServiceBase.open(settings) as store:
        wanted = {model.key for model in store.all_models()}
    assert bool(wanted) is is_readable
    for point in undisturbed.kill_points:
        damaged = harm()
        assert in_child(partial(mend, Fault(at=point))) == KILLED
        copies = [p for p in settings.db_path.parent.glob("*.corrupt-*") if p.suffix != ".db-wal"]
        is_old = settings.db_path.exists() and settings.db_path.read_bytes() == damaged
        assert is_old or damaged in [copy.read_bytes() for copy in copies]
        list(examine(settings, fix=True))
        assert [f.kind for f in examine(settings) if f.is_left] == []
        with ModelRecordServiceBase.open(settings) as store:
            assert {model.key for model in store.all_models()} == wanted


def test_a_log_that_is_gone(tmp_path: Path) -> None:
    settings = settings_of(tmp_path / "root")
    settings.db_path.parent.mkdir(parents=True)
    with ModelRecordServiceBase.open(settings) as store:
        for number in range(30):
            fields = {"name": "n", "path": f"p{number}", "description": "d" * 2000}
            kind = {"type": "lora", "base": "sd-1", "format": "lycoris"}
            store.add_model(f"k{number}", {**fields, **kind})
        for path in settings.db_path.parent.iterdir():
            shutil.copy(path, tmp_path / path.name)
    shutil.rmtree(settings.root)
    settings.db_path.parent.mkdir(parents=True)
    shutil.copy(tmp_path / "modelkeep.db", settings.db_path)  # without its log
    list(examine(settings, fix=True))
    with ModelRecordServiceBase.open(settings) as store:
        assert {model.key for model in store.all_models()} <= {f"k{n}" for n in range(30)}


# -- installs that were cut off


def findings(settings: Settings) -> list[Finding]:
    return [finding for finding in examine(settings) if finding.is_left]


def install(manager: ModelManager, source: Path) -> None:
    manager.installer.install_path(source)


def holders(manager: ModelManager) -> list[tuple[Any, str]]:
    store: Any = manager.records
    state: Any = manager.installer.library.state
    return [(store.db, "conn"), (state, "_connection")]


def run(
    settings: Settings, source: Path, act: Callable[[ModelManager, Path], None], fault: Fault
) -> Fault:
    with ModelManager(settings) as manager:
        manager.installer  # noqa: B018 - what is planted begins after the start
        with planted(fault, *holders(manager)):
            act(manager, source)
    return fault


@pytest.mark.parametrize("is_state_lost", [False, True], ids=["journal", "journal lost"])
def test_a_killed_install_is_found_and_put_in_order(tmp_path: Path, is_state_lost: bool) -> None:
    source = tiny.embedding_folder(tmp_path / "green", 3)
    points = run(settings_of(tmp_path / "count"), source, install, Fault()).kill_points
    seen: set[str] = set()
    for point in points[:: 2 if is_state_lost else 1]:
        settings = settings_of(tmp_path / "root")
        shutil.rmtree(settings.root, ignore_errors=True)
        assert in_child(partial(run, settings, source, install, Fault(at=point))) == KILLED
        if is_state_lost:
            for path in settings.state_path.parent.glob("state.db*"):
                path.unlink()
        found = findings(settings)
        seen |= {finding.kind for finding in found}
        list(examine(settings, fix=True))
        left = [finding.kind for finding in findings(settings)]
        assert left == []
        assert not list(settings.staging_dir.glob("*"))
        with ModelManager(settings) as manager:
            models = manager.records.all_models()
        assert len(models) <= 1
    expected = {"interrupted"} | ({"staging_leftover"} if is_state_lost else set())
    assert expected <= seen


def test_sqlite_finds_nothing_wrong_with_what_was_saved(template: Path, tmp_path: Path) -> None:
    settings = settings_of(tmp_path / "root")
    settings.db_path.parent.mkdir(parents=True)
    shutil.copy(template / "kept.db", settings.db_path)
    overwrite(settings.db_path, random.Random(3), 2)
    list(examine(settings, fix=True))
    with closing(sqlite3.connect(settings.db_path)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
    names = {path.name for path in settings.db_path.parent.iterdir()}
    assert {n for n in names if ".corrupt-" not in n} <= {"modelkeep.db", "state.db", "owners"}
    assert [path.name for path in tmp_path.iterdir()] == ["root"]
