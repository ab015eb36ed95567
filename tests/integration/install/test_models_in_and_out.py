"""Models come in, are found again, change and go out: what lies on the disk after each step."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from integration.world import World, open_world, snapshot
from modelkeep.app.manager import ModelManager
from modelkeep.core import limits
from modelkeep.core.metadata import BaseMetadata
from modelkeep.disk import paths
from modelkeep.errors import (
    CorruptModelError,
    DuplicateModelException,
    InvalidModelConfigException,
    NoSpaceError,
    SourceNotFoundError,
    StorageError,
    UnknownMetadataException,
    UnknownModelException,
    UsageError,
)
from modelkeep.library.destination import LinkMode
from modelkeep.library.trash import MANIFEST, TrashEntry
from modelkeep.settings import Settings
from support import tiny
from support.published import published


def make(world: World, name: str, fill: int = 1) -> Path:
    """Write a source: a folder where the name has no suffix."""
    path = world.downloads / name
    return tiny.embedding(path, fill) if path.suffix else tiny.embedding_folder(path, fill)


# -- in


def test_a_copy_leaves_its_source(world: World) -> None:
    source = make(world, "x.safetensors")
    before = snapshot(world.downloads)
    key = world.service.install_path(source)
    assert snapshot(world.downloads) == before
    config = world.records.get_model(key)
    assert config.path == "sd-1/embedding/x.safetensors"
    there = world.models / "sd-1/embedding/x.safetensors"
    assert there.read_bytes() == source.read_bytes()
    assert there.stat().st_ino != source.stat().st_ino
    assert len(key) == 32
    assert config.original_hash == config.current_hash
    [row] = world.records.files(key)
    assert row.path == config.path
    assert row.size == source.stat().st_size == config.size


def test_a_folder_is_copied_whole(world: World) -> None:
    source = make(world, "style")
    key = world.service.install_path(source)
    place = world.place(key)
    assert place == world.models / "sd-1/embedding/style"
    assert (place / "notes/README.md").read_bytes() == (source / "notes/README.md").read_bytes()
    assert len(world.records.files(key)) == 2


@pytest.mark.parametrize("name", ["x.safetensors", "style"])
def test_registering_touches_nothing(world: World, name: str) -> None:
    source = make(world, name)
    before = snapshot(world.settings.root / "models", world.downloads)
    key = world.service.register_path(source)
    assert world.records.get_model(key).path == str(source)
    world.service.unregister(key)
    assert snapshot(world.settings.root / "models", world.downloads) == before
    with pytest.raises(UnknownModelException):
        world.service.unregister(key)


@pytest.mark.parametrize("name", ["x.safetensors", "style"])
@pytest.mark.parametrize("link", [LinkMode.Copy, LinkMode.Move, LinkMode.Hardlink])
def test_every_way_of_linking(world: World, name: str, link: LinkMode) -> None:
    source = make(world, name)
    weights = source if source.is_file() else source / "learned_embeds.safetensors"
    number, data = weights.stat().st_ino, weights.read_bytes()
    key = world.service.install_path(source, link=link)
    place = world.place(key)
    there = place if place.is_file() else place / "learned_embeds.safetensors"
    assert there.read_bytes() == data
    assert source.exists() == (link is not LinkMode.Move)
    assert (there.stat().st_ino == number) == (link is not LinkMode.Copy)
    world.service.delete(key)
    assert source.exists() == (link is not LinkMode.Move)


def test_blocks_are_shared_or_it_is_said_that_they_cannot_be(world: World) -> None:
    source = make(world, "x.safetensors")
    before = snapshot(world.settings.root, world.downloads)
    (world.downloads / "probe").write_bytes(b"x")
    if paths.reflink_file(world.downloads / "probe", world.models / "probe"):
        key = world.service.install_path(source, link=LinkMode.Reflink)
        assert world.place(key).read_bytes() == source.read_bytes()
        return
    (world.downloads / "probe").unlink()
    with pytest.raises(StorageError, match="shared blocks") as caught:
        world.service.install_path(source, link=LinkMode.Reflink)
    assert "copy" in caught.value.hint
    assert snapshot(world.settings.root, world.downloads) == before


@pytest.fixture
def elsewhere(tmp_path: Path) -> Path:
    """Return a folder on another file system than ``tmp_path``."""
    other = Path("/dev/shm")
    if not other.is_dir() or other.stat().st_dev == tmp_path.stat().st_dev:
        pytest.skip("needs a second file system at /dev/shm")
    folder = other / f"modelkeep-test-{os.getpid()}-{tmp_path.name}"
    folder.mkdir()
    return folder


def test_moving_to_another_disk_copies_and_then_removes(world: World, elsewhere: Path) -> None:
    try:
        source = tiny.embedding_folder(elsewhere / "style", 5)
        data = (source / "learned_embeds.safetensors").read_bytes()
        key = world.service.install_path(source, link=LinkMode.Move)
        assert not source.exists()
        assert (world.place(key) / "learned_embeds.safetensors").read_bytes() == data
        other = tiny.embedding(elsewhere / "y.safetensors", 6)
        before = snapshot(world.settings.root, elsewhere)
        with pytest.raises(StorageError, match="hardlink"):
            world.service.install_path(other, link=LinkMode.Hardlink)
        assert snapshot(world.settings.root, elsewhere) == before
    finally:
        shutil.rmtree(elsewhere)


def test_a_model_on_another_disk_waits_in_a_trash_there(world: World, elsewhere: Path) -> None:
    try:
        source = tiny.embedding(elsewhere / "y.safetensors", 6)
        data = source.read_bytes()
        key = world.service.register_path(source)
        world.service.unconditionally_delete(key)
        assert not source.exists()
        [entry] = world.service.trash()
        assert entry.folder.is_relative_to(elsewhere)
        world.service.restore("y")
        assert source.read_bytes() == data
        assert world.service.trash() == []
    finally:
        shutil.rmtree(elsewhere)


def test_weights_without_bytes_are_taken_only_when_nothing_is_verified(
    tmp_path: Path,
) -> None:
    weights = published("files", "test-diffusers-main")
    strict = open_world(tmp_path / "strict")
    with pytest.raises(CorruptModelError, match="0 bytes"):
        strict.service.install_path(weights)
    strict.close()
    lax = open_world(tmp_path / "lax", verify="off")
    job = lax.service.import_model(weights)
    lax.service.wait_for_installs()
    assert job.complete, job.error
    assert job.config_out is not None
    assert (job.config_out.type, job.config_out.format) == ("main", "diffusers")
    place = lax.place(job.config_out.key)
    wanted = {p.relative_to(weights) for p in weights.rglob("*") if p.is_file()}
    assert {p.relative_to(place) for p in place.rglob("*") if p.is_file()} == wanted
    lax.close()


# -- the same again


@pytest.mark.parametrize("name", ["x.safetensors", "style"])
@pytest.mark.parametrize("how", ["copy", "hard link", "registered first"])
def test_the_same_bytes_are_installed_once(world: World, name: str, how: str) -> None:
    source = make(world, name)
    again = world.downloads / "again" / f"other-{name}"
    again.parent.mkdir()
    if source.is_dir():
        shutil.copytree(source, again, copy_function=os.link if how == "hard link" else shutil.copy)
    elif how == "hard link":
        os.link(source, again)
    else:
        shutil.copy(source, again)
    if how == "registered first":
        first = world.service.register_path(source)
    else:
        first = world.service.install_path(source, link=LinkMode.Hardlink)
    before = snapshot(world.models, world.downloads)
    job = world.service.import_model(again)
    world.service.wait_for_installs()
    assert job.complete
    assert job.same_as == first
    assert job.config_out is not None
    assert job.config_out.key == first
    assert world.service.install_path(again) == first
    assert snapshot(world.models, world.downloads) == before
    assert len(world.records.all_models()) == 1


def test_one_other_byte_makes_another_model(world: World) -> None:
    first = world.service.install_path(make(world, "x.safetensors", 1))
    other = world.downloads / "b" / "x.safetensors"
    other.parent.mkdir()
    data = bytearray((world.downloads / "x.safetensors").read_bytes())
    data[-1] ^= 1
    other.write_bytes(data)
    second = world.service.install_path(other)
    assert second != first
    assert world.place(second).name == "x-2.safetensors"
    assert world.place(second).read_bytes() == bytes(data)
    assert world.place(first).read_bytes() != bytes(data)


@pytest.mark.parametrize(
    ("first", "second", "named"),
    [
        ("Style.safetensors", "style.safetensors", "style-2.safetensors"),
        ("café.safetensors", "cafe\u0301.safetensors", "café-2.safetensors"),
        ("Folder", "folder", "folder-2"),
    ],
)
def test_names_that_some_disks_take_for_one_get_a_number(
    world: World, first: str, second: str, named: str
) -> None:
    world.service.install_path(make(world, f"a/{first}", 1))
    key = world.service.install_path(make(world, f"b/{second}", 2))
    assert world.place(key).name == named


def test_a_name_whose_file_is_lost_is_not_given_away(world: World) -> None:
    lost = world.service.install_path(make(world, "x.safetensors", 1))
    world.place(lost).unlink()
    key = world.service.install_path(make(world, "x.safetensors", 2))
    assert world.place(key).is_file()
    assert world.place(key) != world.place(lost)
    assert world.service.install_path(make(world, "x.safetensors", 1)) == lost


def test_a_hint_in_the_folders_name_counts_in_staging_too(tmp_path: Path) -> None:
    from modelkeep.core.identity import Identification
    from modelkeep.core.taxonomy import BaseModelType, ModelFormat, ModelType

    def by_folder(path: Path, strict: bool) -> Identification:
        del strict
        base = BaseModelType("sdxl" if path.parent.name == "taesdxl" else "sd-1")
        return Identification(str(path), ModelType.Vae, base, ModelFormat.Checkpoint, name="v")

    world = open_world(tmp_path, by_folder)
    key = world.service.install_path(make(world, "taesdxl/model.safetensors"))
    assert world.records.get_model(key).path == "sdxl/vae/v.safetensors"
    world.close()


# -- recorded already


def spellings(path: Path, tmp_path: Path) -> dict[str, Path]:
    """Return other ways to say ``path``."""
    (tmp_path / "link").symlink_to(path)
    (tmp_path / "way").symlink_to(path.parent)
    return {
        "itself": path,
        "climbing": path.parent / ".." / path.parent.name / path.name,
        "relative": Path(os.path.relpath(path)),
        "link": tmp_path / "link",
        "through a linked folder": tmp_path / "way" / path.name,
        "climbing out of a link": tmp_path / "way" / ".." / path.parent.name / path.name,
    }


@pytest.mark.parametrize("name", ["x.safetensors", "style"])
@pytest.mark.parametrize("how", ["register", "install"])
@pytest.mark.parametrize("again", ["register_path", "install_path"])
def test_a_recorded_path_is_refused_however_it_is_spelled(
    world: World, tmp_path: Path, name: str, how: str, again: str
) -> None:
    source = make(world, name)
    recorded = source
    if how == "register":
        key = world.service.register_path(source)
    else:
        key = world.service.install_path(source)
        recorded = world.place(key)
    every = spellings(recorded, tmp_path)
    before = snapshot(world.settings.root, world.downloads)
    for spelling, path in every.items():
        with pytest.raises(DuplicateModelException, match=key) as caught:
            getattr(world.service, again)(path)
        assert caught.value.hint, spelling
    assert snapshot(world.settings.root, world.downloads) == before


@pytest.mark.parametrize("name", ["x.safetensors", "style"])
def test_what_was_recorded_through_a_link_is_refused_at_its_place(
    world: World, tmp_path: Path, name: str
) -> None:
    source = make(world, name)
    link = tmp_path / "link"
    link.symlink_to(source)
    key = world.service.register_path(link)
    assert world.records.get_model(key).path == str(link)
    with pytest.raises(DuplicateModelException, match=key):
        world.service.register_path(source)
    world.service.unconditionally_delete(key)
    assert source.exists()
    assert not os.path.lexists(link)


def test_a_climbing_path_into_the_library_is_recorded_below_it(world: World) -> None:
    inside = tiny.embedding(world.models / "sd-1" / "embedding" / "x.safetensors")
    key = world.service.register_path(
        world.downloads / ".." / inside.relative_to(world.downloads.parent)
    )
    assert world.records.get_model(key).path == "sd-1/embedding/x.safetensors"


def test_what_lies_in_the_library_is_not_copied_into_it(world: World) -> None:
    inside = tiny.embedding(world.models / "sd-1" / "embedding" / "x.safetensors")
    before = snapshot(world.settings.root)
    with pytest.raises(DuplicateModelException, match="already") as caught:
        world.service.install_path(inside)
    assert "--inplace" in caught.value.hint
    assert snapshot(world.settings.root) == before
    world.service.register_path(inside)


# -- out


@pytest.mark.parametrize("name", ["x.safetensors", "style"])
def test_deleting_takes_what_is_in_the_library(world: World, name: str) -> None:
    source = make(world, name)
    key = world.service.install_path(source)
    place = world.place(key)
    world.service.delete(key)
    assert not place.exists()
    assert source.exists()
    assert not world.records.exists(key)
    with pytest.raises(UnknownModelException):
        world.service.delete(key)


@pytest.mark.parametrize("name", ["x.safetensors", "style"])
def test_deleting_leaves_what_is_elsewhere_unless_told_to(world: World, name: str) -> None:
    source = make(world, name)
    key = world.service.register_path(source)
    world.service.delete(key)
    assert source.exists()
    assert [entry.origins for entry in world.service.trash()] == [[]]
    assert world.service.register_path(source) == key
    world.service.unconditionally_delete(key)
    assert not source.exists()


def test_a_model_whose_files_are_gone_can_be_deleted(world: World) -> None:
    for delete in (world.service.delete, world.service.unconditionally_delete):
        key = world.service.install_path(make(world, "style"))
        shutil.rmtree(world.place(key))
        delete(key)
        assert not world.records.exists(key)


def test_a_record_without_files_takes_none_of_another_model(world: World) -> None:
    one = world.service.install_path(make(world, "x.safetensors", 1))
    two = world.service.install_path(make(world, "y.safetensors", 2))
    kept = {key: world.place(key).read_bytes() for key in (one, two)}
    wide = {"name": "wide", "path": "sd-1", "type": "main", "base": "sd-1", "format": "diffusers"}
    world.records.add_model("wide", wide)
    note = world.models / "sd-1" / "note.txt"
    note.write_text("its own")
    world.service.delete("wide")
    assert not note.exists()
    assert {key: world.place(key).read_bytes() for key in kept} == kept


def test_deleting_goes_through_no_link(world: World, tmp_path: Path) -> None:
    """Not behind a link that is the model, in the model, or above the model."""
    outside = tmp_path / "outside"
    single = tiny.embedding(outside / "single.safetensors", 1)
    folder = tiny.embedding_folder(outside / "folder", 2)
    shelf = tiny.embedding(outside / "shelf" / "embedding" / "z.safetensors", 3)
    home = world.models / "sd-1" / "embedding"
    home.mkdir(parents=True)
    (home / "single.safetensors").symlink_to(single)
    (home / "folder").symlink_to(folder)
    mixed = tiny.embedding_folder(home / "mixed", 4)
    (mixed / "more.txt").symlink_to(folder / "notes" / "README.md")
    (world.models / "sd-2").symlink_to(outside / "shelf")
    tops = [
        home / "single.safetensors",
        home / "folder",
        mixed,
        world.models / "sd-2" / "embedding" / "z.safetensors",
    ]
    keys = [world.service.register_path(top) for top in tops]
    shutil.rmtree(mixed / "notes")
    (mixed / "notes").symlink_to(folder / "notes")
    before, inside = snapshot(outside), snapshot(world.models)
    for key in keys:
        world.service.delete(key)
    assert snapshot(outside) == before
    assert shelf.exists()
    assert world.records.all_models() == []
    assert not any(os.path.lexists(top) for top in tops[:3])
    for key in keys:
        world.service.restore(key)
    assert snapshot(world.models) == inside
    assert snapshot(outside) == before
    assert len(world.records.files(keys[2])) == 3


# -- the trash


def test_what_is_in_the_trash_is_listed_and_comes_back_whole(world: World) -> None:
    source = make(world, "style")
    key = world.service.install_path(source, {"name": "My style", "trigger_phrases": ["sty"]})
    world.records.metadata_store.add_metadata(
        key, BaseMetadata(name="My style", author="me", tags={"soft", "warm"})
    )
    config, files = world.records.get_model(key), world.records.files(key)
    place, before = world.place(key), snapshot(world.models)
    world.service.delete(key)
    with pytest.raises(UnknownMetadataException):
        world.records.get_metadata(key)
    [entry] = world.service.trash()
    assert (entry.key, entry.name, entry.size) == (key, "My style", config.size)
    assert entry.expires_at - entry.removed_at == 7 * 24 * 3600
    assert set(entry.origins) == {place / "learned_embeds.safetensors", place / "notes/README.md"}
    with pytest.raises(SourceNotFoundError, match="nonsense"):
        world.service.restore("nonsense")
    assert world.service.restore(key[:9]) == config
    assert world.records.get_model(key) == config
    assert world.records.files(key) == files
    assert world.records.get_metadata(key).tags == {"soft", "warm"}
    assert world.service.trash() == []
    assert snapshot(world.models) == before


@pytest.mark.parametrize("name", ["x.safetensors", "style"])
def test_a_place_that_is_taken_is_left_to_who_has_it(world: World, name: str) -> None:
    source = make(world, name)
    key = world.service.install_path(source)
    place = world.place(key)
    world.service.delete(key)
    other = world.service.install_path(make(world, name, 2))
    assert world.place(other) == place
    taken = snapshot(place.parent)
    world.service.restore(key)
    assert world.place(key) != place
    assert taken.items() <= snapshot(place.parent).items()
    assert snapshot(world.place(key)).keys() or world.place(key).is_file()


def test_a_folder_is_not_restored_into_another_models(world: World) -> None:
    key = world.service.install_path(make(world, "style"))
    place = world.place(key)
    world.service.delete(key)
    other = tiny.lora(place / "other.safetensors", 9)
    theirs = {"name": "o", "path": "sd-1/embedding/style", "type": "main", "base": "sd-1"}
    world.records.add_model("other", {**theirs, "format": "diffusers"})
    world.service.restore(key)
    assert world.place(key).name == "style-2"
    assert list(place.iterdir()) == [other]


def test_a_dangling_link_at_the_place_is_left(world: World) -> None:
    key = world.service.install_path(make(world, "x.safetensors"))
    place = world.place(key)
    world.service.delete(key)
    place.symlink_to("nowhere")
    world.service.restore(key)
    assert place.is_symlink()
    assert world.place(key).is_file()


def test_what_is_recorded_again_is_not_restored(world: World) -> None:
    source = make(world, "x.safetensors")
    key = world.service.install_path(source, {"key": "mine"})
    world.service.delete(key)
    world.service.install_path(source, {"key": "mine"})
    before = snapshot(world.models)
    with pytest.raises(DuplicateModelException, match="mine"):
        world.service.restore("mine")
    assert snapshot(world.models) == before


def age(entry: TrashEntry, days: float) -> None:
    """Make a trash entry older than it is."""
    import json

    manifest = entry.folder / MANIFEST
    data = json.loads(manifest.read_bytes())
    data["removed_at"] -= days * 86_400
    manifest.write_text(json.dumps(data))


def test_the_trash_is_emptied_after_seven_days(world: World) -> None:
    for number, days in enumerate([7.01, 6.99]):
        world.service.delete(world.service.install_path(make(world, f"{number}.safetensors")))
        entry = next(e for e in world.service.trash() if e.name == str(number))
        age(entry, days)
    with ModelManager(world.settings) as manager:
        assert [entry.name for entry in manager.installer.trash()] == ["1"]
    assert len(list(world.settings.trash_dir.iterdir())) == 1


def test_a_damaged_entry_stops_nothing(world: World, caplog: pytest.LogCaptureFixture) -> None:
    for name in ("x.safetensors", "y.safetensors"):
        world.service.delete(world.service.install_path(make(world, name, len(name))))
        world.service.install_path(make(world, f"{name}.b.safetensors", ord(name[0])))
    damaged = world.service.trash()[0]
    (damaged.folder / MANIFEST).write_bytes(b"{")
    before = snapshot(damaged.folder)
    with ModelManager(world.settings) as manager:
        assert len(manager.installer.trash()) == 0 or all(
            entry.folder != damaged.folder for entry in manager.installer.trash()
        )
    assert damaged.folder.name in caplog.text
    assert snapshot(damaged.folder) == before


def test_an_entry_that_lost_a_file_is_not_half_restored(world: World) -> None:
    key = world.service.install_path(make(world, "style"))
    world.service.delete(key)
    [entry] = world.service.trash()
    entry.waiting[1].unlink()
    before = snapshot(world.settings.root)
    with pytest.raises(StorageError, match="missing") as caught:
        world.service.restore(key)
    assert str(entry.folder.name) in caught.value.hint
    assert snapshot(world.settings.root) == before


class Disk:
    """Stands in for the free space of a disk that fills up."""

    def __init__(self, world: World, capacity: int) -> None:
        self._world = world
        self._capacity = capacity

    def free(self, path: Path) -> int:
        del path
        held = sum(entry.size for entry in self._world.service.trash())
        return self._capacity - held


@pytest.mark.parametrize("is_enough", [True, False])
def test_the_trash_makes_room_the_oldest_first(
    world: World, monkeypatch: pytest.MonkeyPatch, is_enough: bool
) -> None:
    for fill in (1, 2, 3):
        key = world.service.install_path(make(world, f"{fill}.safetensors", fill))
        world.service.delete(key)
        entry = next(e for e in world.service.trash() if e.key == key)
        age(entry, 5 - fill)
    source = make(world, "new.safetensors", 9)
    size = source.stat().st_size
    room = limits.SPACE_RESERVE_BYTES + (2 * size if is_enough else 0)
    monkeypatch.setattr(paths, "free_space", Disk(world, room + size // 2).free)
    if is_enough:
        key = world.service.install_path(source)
        assert [entry.name for entry in world.service.trash()] == ["3"]
        assert world.place(key).is_file()
    else:
        before = snapshot(world.settings.root)
        with pytest.raises(NoSpaceError) as caught:
            world.service.install_path(source)
        assert caught.value.hint
        assert snapshot(world.settings.root) == before


# -- changes of a record


def test_identifying_again_keeps_what_people_wrote(world: World) -> None:
    written = {"name": "N", "description": "D", "source": "S", "trigger_phrases": ("t",)}
    key = world.service.install_path(make(world, "x.safetensors"), {**written, "base": "sdxl"})
    assert world.records.get_model(key).base == "sdxl"
    assert world.service.reidentify(key).base == "sdxl", "somebody said so"
    config = world.service.reidentify(key, reset=True)
    assert config.base == "sd-1"
    assert {name: getattr(config, name) for name in written} == written
    assert config.path == "sdxl/embedding/x.safetensors"
    assert world.records.get_model(key) == config
    os.truncate(world.place(key), 100)
    with pytest.raises(CorruptModelError):
        world.service.reidentify(key)
    assert world.records.get_model(key) == config


def test_editing_changes_the_record_alone(world: World) -> None:
    key = world.service.install_path(make(world, "x.safetensors"))
    before = snapshot(world.models)
    config = world.service.edit(key, {"name": "New", "base_model": "sd-2"})
    assert (config.name, config.base) == ("New", "sd-2")
    assert snapshot(world.models) == before
    for wrong in ({"wheels": 4}, {"name": 4}, {"base": "nonsense"}, {"type": "vae"}):
        with pytest.raises(InvalidModelConfigException):
            world.service.edit(key, wrong)
    assert world.records.get_model(key) == config
    with pytest.raises(UnknownModelException):
        world.service.edit("nobody", {"name": "x"})


# -- elsewhere


def test_a_copy_of_a_library_works_on_its_own(world: World, tmp_path: Path) -> None:
    kept = world.service.install_path(make(world, "kept.safetensors", 1))
    gone = world.service.install_path(make(world, "gone", 2))
    world.service.delete(gone)
    world.close()
    other = Settings(root=tmp_path / "other")
    shutil.copytree(world.settings.root, other.root, symlinks=True)
    before = snapshot(world.settings.root)
    with ModelManager(other) as manager:
        installer = manager.installer
        assert [model.key for model in manager.records.all_models()] == [kept]
        installer.restore(gone)
        assert (other.models_dir / "sd-1/embedding/gone/notes/README.md").is_file()
        installer.delete(kept)
        assert not (other.models_dir / "sd-1/embedding/kept.safetensors").exists()
        installer.restore("kept")
        assert (other.models_dir / "sd-1/embedding/kept.safetensors").is_file()
        for entry in installer.trash():
            installer.purge(entry)
    assert snapshot(world.settings.root) == before


def test_a_library_behind_a_link_works(tmp_path: Path, make_link: Callable[[Path], None]) -> None:
    make_link(tmp_path / "root" / "models")
    world = open_world(tmp_path)
    key = world.service.install_path(make(world, "style"))
    place = world.place(key)
    with pytest.raises(DuplicateModelException, match=key):
        world.service.register_path(place.resolve())
    world.service.delete(key)
    assert not place.exists()
    world.service.restore(key)
    assert place.is_dir()
    world.close()


@pytest.fixture
def make_link(tmp_path: Path) -> Callable[[Path], None]:
    """Return what makes a link to a folder of its own."""

    def make_it(link: Path) -> None:
        target = tmp_path / f"real-{link.name}"
        target.mkdir()
        link.parent.mkdir(parents=True, exist_ok=True)
        link.symlink_to(target)

    return make_it


def test_a_plan_says_where_the_model_will_be(tmp_path: Path) -> None:
    world = open_world(tmp_path)
    first = tiny.embedding(tmp_path / "a" / "style.safetensors", 1)
    other = tiny.embedding(tmp_path / "b" / "style.safetensors", 2)
    world.service.install_path(first)
    plan = world.service.plan(other)
    config, target = plan.require_known()
    assert target.name == "style-2.safetensors"
    assert "style-2.safetensors" in str(plan)
    assert world.service.find_same(plan) is None
    key = world.service.install_path(other)
    assert world.service.record_store.get_model(key).path == config.path


def test_a_record_of_the_programs_own_folder_takes_nothing(world: World) -> None:
    key = world.service.install_path(make(world, "x.safetensors", 1))
    world.service.delete(key)
    path = {"name": "odd", "type": "main", "base": "sd-1", "format": "diffusers", "path": ".trash"}
    world.records.add_model("odd", path)
    world.service.delete("odd")
    assert world.service.restore(key).key == key


@pytest.mark.parametrize("text", ["", " "])
def test_no_path_is_not_the_current_folder(world: World, text: str) -> None:
    with pytest.raises(SourceNotFoundError, match="No path given"):
        world.service.import_model(text)


def test_a_link_is_not_moved(world: World, tmp_path: Path) -> None:
    real = make(world, "real.safetensors", 1)
    link = tmp_path / "link.safetensors"
    link.symlink_to(real)
    with pytest.raises(UsageError, match="is a link"):
        world.service.install_path(link, link=LinkMode.Move)
    assert real.exists()
