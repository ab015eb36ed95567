"""While a model is copied or hashed, changes of other models go on."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from integration.world import World
from modelkeep.core.hashing import Progress, hash_file
from modelkeep.disk import paths
from modelkeep.jobs.owner import locked
from modelkeep.library import duplicates
from modelkeep.sources.local import LocalModelSource
from support import tiny

#: Far more than anything here takes; it ends a test that would hang.
_LONG = 60


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(4) as pool:
        yield pool


class Held:
    """Holds whoever copies or reads a file of some name, until it is let go."""

    def __init__(self, name: str) -> None:
        self._name = name
        self.is_reached = threading.Event()
        self.may_go = threading.Event()

    def pass_by(self, path: Path) -> None:
        if path.name == self._name:
            self.is_reached.set()
            assert self.may_go.wait(_LONG)


@pytest.fixture
def held_copy(monkeypatch: pytest.MonkeyPatch) -> Iterator[Held]:
    held, copy_file = Held("large.safetensors"), paths.copy_file

    def held_copy(source: Path, target: Path, progress: Progress) -> str:
        def pieces(count: int) -> None:
            held.pass_by(source)
            progress(count)

        return copy_file(source, target, pieces)

    monkeypatch.setattr(paths, "reflink_file", lambda *_: False)
    monkeypatch.setattr(paths, "copy_file", held_copy)
    yield held
    held.may_go.set()


@contextmanager
def copying(world: World, held: Held) -> Iterator[Any]:
    """Have a job in the middle of a copy meanwhile."""
    source = tiny.lora(world.downloads / "large.safetensors", 7)
    job = world.service.import_model(LocalModelSource(path=source))
    assert held.is_reached.wait(_LONG)
    yield job
    assert not job.in_terminal_state
    held.may_go.set()
    world.service.wait_for_installs()
    assert job.complete


def within(future: Future[Any]) -> Any:
    return future.result(_LONG)


def test_a_model_is_removed_restored_and_purged_while_another_is_copied(
    world: World, held_copy: Held, pool: ThreadPoolExecutor
) -> None:
    key = world.service.install_path(tiny.embedding(world.downloads / "blue.safetensors", 1))
    with copying(world, held_copy):
        assert within(pool.submit(world.service.remove, key))
        assert within(pool.submit(world.service.restore, key)).key == key
        entry = within(pool.submit(world.service.remove, key))
        within(pool.submit(world.service.purge, entry))
        assert world.service.trash() == []


def test_other_models_are_installed_and_registered_while_one_is_copied(
    world: World, held_copy: Held, pool: ThreadPoolExecutor
) -> None:
    blue = tiny.embedding(world.downloads / "blue.safetensors", 1)
    red = tiny.embedding(world.downloads / "shelf" / "red.safetensors", 2)
    with copying(world, held_copy):
        within(pool.submit(world.service.install_path, blue))
        assert len(within(pool.submit(world.service.scan_directory, red.parent))) == 1


def test_the_same_bytes_are_installed_once(
    world: World, held_copy: Held, pool: ThreadPoolExecutor
) -> None:
    twin = world.downloads / "twin" / "twin.safetensors"
    tiny.lora(twin, 7)
    with copying(world, held_copy) as job:
        second = pool.submit(world.service.install_path, twin)
    assert within(second) == job.config_out.key
    assert len(world.records.all_models()) == 1


def test_a_model_that_is_removed_while_it_is_compared_is_installed_anew(
    world: World, pool: ThreadPoolExecutor, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = tiny.embedding(world.downloads / "blue.safetensors", 1)
    key = world.service.install_path(source)
    place, held = world.place(key), Held("blue.safetensors")
    world.records.set_files(key, [_unhashed(file) for file in world.records.files(key)])

    def hash_held(path: Path, *values: Any) -> Any:
        if path == place:
            held.pass_by(path)
        return hash_file(path, *values)

    monkeypatch.setattr(duplicates, "hash_file", hash_held)
    twin = world.downloads / "twin" / "blue.safetensors"
    tiny.embedding(twin, 1)
    installed = pool.submit(world.service.install_path, twin)
    assert held.is_reached.wait(_LONG)
    assert within(pool.submit(world.service.remove, key))
    held.may_go.set()
    again = within(installed)
    assert again != key
    assert world.place(again).read_bytes() == source.read_bytes()
    assert [entry.key for entry in world.service.trash()] == [key]


def test_a_sync_waits_for_the_record_of_a_published_model(
    world: World, pool: ThreadPoolExecutor, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = tiny.embedding(world.downloads / "blue.safetensors", 1)
    held, add_models = Held("records"), world.records.add_models

    def late(records: Any) -> Any:
        monkeypatch.setattr(world.records, "add_models", add_models)
        held.pass_by(Path("records"))
        return add_models(records)

    monkeypatch.setattr(world.records, "add_models", late)
    installed = pool.submit(world.service.install_path, source)
    assert held.is_reached.wait(_LONG)
    assert [path.name for path in world.models.rglob("*.safetensors")] == ["blue.safetensors"]
    is_asked = threading.Event()

    def asked(path: Path, meanwhile: Callable[[], None] | None = None) -> Any:
        is_asked.set()
        return locked(path, meanwhile)

    monkeypatch.setattr("modelkeep.library.locks.locked", asked)
    synced = pool.submit(world.service.sync_to_config)
    assert is_asked.wait(_LONG)
    held.may_go.set()
    key = within(installed)
    within(synced)
    assert [model.key for model in world.records.all_models()] == [key]
    assert world.place(key).exists()


@pytest.mark.parametrize("others", ["remove", "purge"])
def test_of_several_who_change_one_model_each_finds_it_whole(
    world: World, pool: ThreadPoolExecutor, others: str
) -> None:
    key = world.service.install_path(tiny.embedding_folder(world.downloads / "green", 3))
    act: Callable[[], object] = partial(world.service.remove, key)
    if others == "purge":
        entry = world.service.remove(key)
        assert entry is not None
        act = partial(world.service.purge, entry)
    done = [pool.submit(act) for _ in range(4)]
    failed = [future for future in done if future.exception(_LONG)]
    assert len(failed) == (3 if others == "remove" else 0)
    trash = world.service.trash()
    assert [len(entry.names) for entry in trash] == ([2] if others == "remove" else [])
    assert all(path.exists() for entry in trash for path in entry.waiting)


def _unhashed(file: Any) -> Any:
    from dataclasses import replace

    return replace(file, blake3=None, sha256=None, hashed_at=None)
