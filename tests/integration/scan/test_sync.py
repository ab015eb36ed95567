"""Bringing the catalogue in step with the disk, and what is registered by itself."""

from __future__ import annotations

import logging
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from integration.world import World, open_world
from modelkeep.core.taxonomy import RecordState
from modelkeep.errors import DuplicateModelException
from modelkeep.scan.report import ScanFinding, ScanStatus
from support import tiny


def synced(world: World, answer: bool = False) -> dict[ScanStatus, list[ScanFinding]]:
    found: dict[ScanStatus, list[ScanFinding]] = {}
    for finding in world.service.scanner.sync(confirm=lambda _question: answer):
        found.setdefault(finding.status, []).append(finding)
    return found


def state(world: World, key: str) -> RecordState:
    return world.records.get_model(key).state


def hashed(world: World, key: str) -> str:
    """Give a record that was made in place its full hash, as reading it whole does."""
    from modelkeep.library.verify import verify_model

    verify_model(world.service.library, key)
    return key


@pytest.fixture
def rooted(tmp_path: Path) -> World:
    """A library with one more root, ``disk``."""
    (tmp_path / "disk").mkdir()
    return open_world(tmp_path, roots={"disk": {"path": str(tmp_path / "disk")}})


# -- new files


def test_new_files_of_all_roots_are_registered_where_they_are(
    rooted: World, tmp_path: Path
) -> None:
    places = [
        tiny.lora(rooted.models / "by hand.safetensors", 1),
        tiny.lora(rooted.settings.autoimport_dir / "sub" / "dropped.safetensors", 2),
        tiny.lora(tmp_path / "disk" / "theirs.safetensors", 3),
    ]
    tiny.lora(rooted.models / ".trash" / "x" / "gone.safetensors", 4)
    tiny.lora(rooted.downloads / "outside.safetensors", 5)
    rooted.service.sync_to_config()
    models = rooted.records.all_models()
    assert sorted(rooted.place(config.key) for config in models) == sorted(places)
    by_name = {config.name: config for config in models}
    assert by_name["by hand"].path == "by hand.safetensors"
    assert by_name["theirs"].root == "disk"
    assert synced(rooted) == {}
    rooted.close()


def test_what_was_installed_is_not_registered_again(world: World) -> None:
    world.service.install_path(tiny.lora(world.downloads / "paper.safetensors"))
    world.service.install_path(tiny.embedding_folder(world.downloads / "green"))
    assert synced(world) == {}
    assert len(world.records.all_models()) == 2


def test_the_start_registers_what_was_dropped(tmp_path: Path) -> None:
    world = open_world(tmp_path)
    world.close()
    path = tiny.lora(world.settings.autoimport_dir / "dropped.safetensors")
    world = open_world(tmp_path)
    [config] = world.records.all_models()
    assert world.place(config.key) == path
    world.service.unregister(config.key)
    world.close()
    world = open_world(tmp_path)  # nothing changed in there: who forgot it meant it
    assert world.records.all_models() == []
    world.close()
    tiny.lora(world.settings.autoimport_dir / "another.safetensors", 2)
    world = open_world(tmp_path)
    assert [model.name for model in world.records.all_models()] == ["another"]
    world.close()


def test_a_broken_file_does_not_keep_the_service_from_starting(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "root" / "autoimport").mkdir(parents=True)
    (tmp_path / "root" / "autoimport" / "bad.safetensors").write_bytes(b"")
    with caplog.at_level(logging.WARNING):
        open_world(tmp_path).close()
        assert "bad.safetensors" in caplog.text
        caplog.clear()
        open_world(tmp_path).close()
    assert caplog.text == ""  # told once


# -- missing


def test_a_missing_model_is_marked_and_never_forgotten(world: World) -> None:
    key = world.service.install_path(tiny.lora(world.downloads / "paper.safetensors", 1))
    tiny.embedding(world.models / "other.safetensors", 2)
    before = world.place(key).read_bytes()
    world.place(key).unlink()
    found = synced(world)
    [missing] = found[ScanStatus.MISSING]
    assert missing.key == key
    assert str(world.place(key)) in missing.error
    assert state(world, key) is RecordState.MISSING
    assert ScanStatus.MISSING not in synced(world)  # told once
    world.place(key).write_bytes(before)
    assert [f.key for f in synced(world)[ScanStatus.PRESENT]] == [key]
    assert state(world, key) is RecordState.PRESENT
    assert world.records.files(key)[0].is_unchanged(world.place(key).stat())


def test_a_folder_that_lost_a_file_is_missing(world: World) -> None:
    key = world.service.install_path(tiny.embedding_folder(world.downloads / "green"))
    (world.place(key) / "notes" / "README.md").unlink()
    assert [f.key for f in synced(world)[ScanStatus.MISSING]] == [key]


def test_the_seeds_sync_unregisters_nothing(world: World) -> None:
    key = world.service.register_path(tiny.lora(world.downloads / "paper.safetensors"))
    world.place(key).unlink()
    world.service.sync_to_config()
    assert world.records.exists(key)
    assert state(world, key) is RecordState.MISSING


def test_an_unmounted_root_says_nothing_of_its_models(rooted: World, tmp_path: Path) -> None:
    tiny.lora(tmp_path / "disk" / "theirs.safetensors")
    assert len(synced(rooted)[ScanStatus.REGISTERED]) == 1
    (tmp_path / "disk").rename(tmp_path / "unplugged")
    [config] = rooted.records.all_models()
    [offline] = synced(rooted)[ScanStatus.OFFLINE]
    assert "disk" in offline.error
    assert offline.hint
    assert state(rooted, config.key) is RecordState.PRESENT
    (tmp_path / "disk").mkdir()  # what a disk is mounted on
    assert ScanStatus.MISSING not in synced(rooted)
    (tmp_path / "disk").rmdir()
    (tmp_path / "unplugged").rename(tmp_path / "disk")
    assert synced(rooted) == {}
    rooted.close()


def test_a_file_gone_with_its_disk_outside_of_all_roots_is_not_marked(
    world: World, tmp_path: Path
) -> None:
    mount = tmp_path / "mnt"
    key = world.service.register_path(tiny.lora(mount / "loras" / "far.safetensors"))
    shutil.rmtree(mount / "loras")
    synced(world)
    assert state(world, key) is RecordState.PRESENT
    (mount / "lost+found").mkdir()
    synced(world)
    assert state(world, key) is RecordState.MISSING


@pytest.fixture
def crowd(world: World) -> list[Path]:
    paths = [tiny.embedding(world.models / f"{n:02}.safetensors", n) for n in range(40)]
    synced(world)
    return paths


def test_much_of_a_root_is_not_marked_without_asking(world: World, crowd: list[Path]) -> None:
    for path in crowd[:20]:
        path.unlink()
    tiny.lora(world.models / "new.safetensors")
    found = synced(world)
    [held] = found[ScanStatus.HELD]
    assert "20 of 41" in held.error
    assert "--yes" in held.hint
    assert ScanStatus.MISSING not in found
    assert {config.state for config in world.records.all_models()} == {RecordState.PRESENT}
    assert len(found[ScanStatus.REGISTERED]) == 1  # the rest is done
    assert len(synced(world, answer=True)[ScanStatus.MISSING]) == 20


def test_less_than_that_is_marked(world: World, crowd: list[Path]) -> None:
    for path in crowd[:19]:
        path.unlink()
    assert len(synced(world)[ScanStatus.MISSING]) == 19


def test_twenty_of_very_many_are_marked(world: World, crowd: list[Path]) -> None:
    for number in range(70):
        tiny.embedding(world.models / "more" / f"{number:03}.safetensors", 100 + number)
    synced(world)
    for path in crowd[:21]:
        path.unlink()
    assert len(synced(world)[ScanStatus.MISSING]) == 21


# -- changed


def test_other_bytes_are_noticed_and_a_touch_is_not_taken_for_them(world: World) -> None:
    key = world.service.install_path(tiny.lora(world.downloads / "paper.safetensors", 1))
    place = world.place(key)
    os.utime(place, (1, 1))
    assert synced(world) == {}
    assert state(world, key) is RecordState.PRESENT
    assert world.records.files(key)[0].is_unchanged(place.stat())
    tiny.lora(place, 2)
    [changed] = synced(world)[ScanStatus.CHANGED]
    assert (changed.key, state(world, key)) == (key, RecordState.CHANGED)
    assert changed.error
    assert "verify" in changed.hint
    assert synced(world) == {}  # told once, and it stays changed
    assert state(world, key) is RecordState.CHANGED
    tiny.lora(place, 1)
    assert [f.key for f in synced(world)[ScanStatus.PRESENT]] == [key]


# -- moved


def moves(world: World) -> list[Callable[[], str]]:
    """Return three ways to a model of which full hashes are known."""
    paper = tiny.lora(world.downloads / "paper.safetensors", 1)
    green = tiny.embedding_folder(world.downloads / "green", 2)
    return [
        lambda: world.service.install_path(paper),
        lambda: world.service.install_path(green),
        lambda: hashed(world, world.service.register_path(tiny.lora(world.models / "x.ckpt", 3))),
    ]


@pytest.mark.parametrize("way", range(3))
def test_a_moved_model_keeps_its_record(world: World, way: int) -> None:
    key = moves(world)[way]()
    world.service.edit(key, {"name": "Mine", "description": "kept"})
    old = world.place(key)
    new = world.models / "sorted" / "by me" / f"renamed{old.suffix}"
    new.parent.mkdir(parents=True)
    shutil.copytree(old, new) if old.is_dir() else shutil.copy(old, new)
    shutil.rmtree(old) if old.is_dir() else old.unlink()
    hashes = {(f.sha256, f.blake3) for f in world.records.files(key)}
    found = synced(world)
    [moved] = found[ScanStatus.MOVED]
    assert (moved.key, moved.path, moved.same_as) == (key, new, old)
    assert world.place(key) == new
    config = world.records.get_model(key)
    assert (config.name, config.description) == ("Mine", "kept")
    assert config.state is RecordState.PRESENT
    assert {(f.sha256, f.blake3) for f in world.records.files(key)} == hashes
    assert len(world.records.all_models()) == 1
    assert synced(world) == {}


def test_other_bytes_of_the_same_size_are_another_model(world: World) -> None:
    key = world.service.install_path(tiny.lora(world.downloads / "paper.safetensors", 1))
    world.place(key).unlink()
    tiny.lora(world.models / "paper.safetensors", 2)
    found = synced(world)
    assert [f.key for f in found[ScanStatus.MISSING]] == [key]
    assert len(found[ScanStatus.REGISTERED]) == 1


def test_a_file_with_its_number_and_time_is_the_same_under_another_name(world: World) -> None:
    old = tiny.lora(world.models / "one.safetensors", 1)
    synced(world)
    [config] = world.records.all_models()
    new = old.rename(world.models / "two.safetensors")
    assert [f.key for f in synced(world)[ScanStatus.MOVED]] == [config.key]
    assert world.place(config.key) == new


def test_without_a_full_hash_a_copy_elsewhere_is_only_possible(world: World) -> None:
    old = tiny.lora(world.models / "one.safetensors", 1)
    synced(world)
    [config] = world.records.all_models()
    new = Path(shutil.copy2(old, world.models / "two.safetensors"))
    old.unlink()
    found = synced(world)
    [possible] = found[ScanStatus.POSSIBLE]
    assert (possible.key, possible.path) == (config.key, new)
    assert ScanStatus.REGISTERED not in found
    assert state(world, config.key) is RecordState.MISSING
    assert [f.key for f in synced(world, answer=True)[ScanStatus.MOVED]] == [config.key]
    assert world.place(config.key) == new
    assert state(world, config.key) is RecordState.PRESENT


def test_a_copy_is_a_model_of_its_own(world: World) -> None:
    key = world.service.install_path(tiny.lora(world.downloads / "paper.safetensors"))
    shutil.copy(world.place(key), world.models / "copy.safetensors")
    found = synced(world)
    assert list(found) == [ScanStatus.REGISTERED]
    assert world.place(key).name == "paper.safetensors"


def test_a_swap_of_names_is_two_moves(world: World) -> None:
    one = world.service.install_path(tiny.lora(world.downloads / "one.safetensors", 1))
    two = world.service.install_path(tiny.lora(world.downloads / "two.safetensors", 2))
    new = world.models / "elsewhere"
    new.mkdir()
    world.place(one).rename(new / "two.safetensors")
    world.place(two).rename(new / "one.safetensors")
    assert len(synced(world)[ScanStatus.MOVED]) == 2
    assert world.place(one) == new / "two.safetensors"
    assert world.place(two) == new / "one.safetensors"


def test_a_record_without_files_is_known_by_its_path(world: World) -> None:
    path = tiny.lora(world.models / "theirs.safetensors")
    fields = {"name": "x", "path": "theirs.safetensors", "type": "lora", "base": "sd-1"}
    world.records.add_model("k" * 32, {**fields, "format": "lycoris"})
    assert synced(world) == {}
    with pytest.raises(DuplicateModelException):
        world.service.register_path(path)


def test_a_lost_model_that_was_in_the_trash_is_found_again(world: World) -> None:
    key = hashed(world, world.service.install_path(tiny.lora(world.downloads / "a.safetensors", 1)))
    [before] = world.records.files(key)
    lost = world.place(key)
    found = world.models / "elsewhere" / "b.safetensors"
    found.parent.mkdir()
    lost.rename(found)
    world.service.remove(key)
    world.service.restore(key)
    assert world.records.files(key) == [before]
    synced(world)
    assert world.place(key) == found
    assert state(world, key) is RecordState.PRESENT
