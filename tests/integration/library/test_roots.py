"""Named roots: what lies in them, when they go away, and that nothing is written in them."""

from __future__ import annotations

import logging
import os
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from integration.world import World, open_world
from modelkeep import (
    DuplicateModelException,
    LinkMode,
    NotWritableError,
    OfflineRootError,
    Settings,
    SettingsError,
    UsageError,
)
from modelkeep.core.hearsay import Hearsay
from modelkeep.core.roots import MODELS_ROOT, NO_ROOT, RootState
from modelkeep.disk.notes import Removal
from modelkeep.library.roots import RootService
from modelkeep.records.listing import RecordFilter
from modelkeep.sources.local import LocalModelSource
from support import tiny
from support.mounts import mounted

Open = Callable[..., World]


@pytest.fixture
def reopen(tmp_path: Path) -> Iterator[Open]:
    """Open the library of the test, as often as it likes; the one before is closed."""
    opened: list[World] = []

    def do(**settings: Any) -> World:
        if opened:
            opened.pop().close()
        opened.append(open_world(tmp_path, **settings))
        return opened[0]

    yield do
    for world in opened:
        world.close()


@pytest.fixture
def disk(tmp_path: Path) -> Path:
    """A folder of another program, with three models and things that are none."""
    top = tmp_path / "disk"
    tiny.lora(top / "loras" / "paper.safetensors", 2)
    tiny.embedding(top / "embeddings" / "blue.safetensors", 1)
    tiny.embedding_folder(top / "embeddings" / "green", 3)
    (top / "loras" / "paper.txt").write_text("notes\n")
    return top


@pytest.fixture
def comfy(reopen: Open, disk: Path) -> World:
    """A library with that folder as a root, and its models recorded."""
    world = reopen()
    service(world).add("comfy", disk)
    record_all(world, disk)
    return world


def service(world: World) -> RootService:
    return RootService(world.service.library)


def record_all(world: World, disk: Path) -> None:
    for name in ("loras/paper.safetensors", "embeddings/blue.safetensors", "embeddings/green"):
        world.service.register_path(disk / name)


def key(world: World, name: str) -> str:
    [config] = world.records.search_by_attr(model_name=name)
    return config.key


def places(world: World) -> dict[str, tuple[str, str]]:
    return {c.name: (c.root, c.path) for c in world.records.all_models()}


def rows(world: World) -> list[tuple[Any, ...]]:
    """Return the records as the catalogue has them, past everything that computes paths."""
    with sqlite3.connect(world.settings.db_path) as connection:
        found = connection.execute("SELECT key, root, path FROM mk_model ORDER BY key").fetchall()
        found += connection.execute("SELECT root, path FROM mk_file ORDER BY root, path").fetchall()
    connection.close()
    return found


def exactly(top: Path) -> dict[str, object]:
    """Return everything about a folder that a write in it would change."""
    found: dict[str, object] = {}
    for here, names, files in os.walk(top):
        for name in (".", *names, *files):
            path = Path(here) / name
            there = path.lstat()
            data = path.read_bytes() if path.is_file() else None
            found[os.fspath(path)] = (there.st_mtime_ns, there.st_ino, there.st_mode, data)
    return found


def look_around(world: World, disk: Path) -> None:
    """Do everything that only looks at models of a root, or changes records alone."""
    library = world.service.library
    assert library.root_state("comfy") is RootState.ONLINE
    source = LocalModelSource(path=disk / "loras" / "paper.safetensors")
    library.identify(disk / "embeddings" / "green", bool(source), Hearsay())
    with pytest.raises(DuplicateModelException):
        world.service.plan(source)
    copy = tiny.lora(world.downloads / "same.safetensors", 2)
    assert world.service.install_path(copy) == key(world, "paper")
    world.service.reidentify(key(world, "paper"))
    world.service.edit(key(world, "blue"), {"description": "bright"})
    assert [row.models for row in service(world).rows()] == [0, 3]
    assert world.service.remove(key(world, "green")).is_record_only
    world.service.delete(key(world, "blue"))
    world.service.unregister(key(world, "paper"))


class TestWhatLiesInARoot:
    def test_a_record_has_the_root_and_the_path_below_it(self, comfy: World, disk: Path) -> None:
        assert places(comfy)["paper"] == ("comfy", str(disk / "loras/paper.safetensors"))
        assert all(str(disk) not in str(row) for row in rows(comfy))
        assert comfy.place(key(comfy, "green")) == disk / "embeddings/green"

    def test_it_is_found_by_either_path(self, comfy: World, disk: Path) -> None:
        for path in (disk / "loras/paper.safetensors", "comfy:/loras/paper.safetensors"):
            assert [c.name for c in comfy.records.search_by_path(path)] == ["paper"]

    def test_what_was_recorded_in_place_becomes_part_of_it(self, reopen: Open, disk: Path) -> None:
        world = reopen()
        record_all(world, disk)
        other = world.service.register_path(tiny.embedding(world.downloads / "red.safetensors", 9))
        world.service.install_path(tiny.embedding(world.downloads / "mine.safetensors", 8))
        assert service(world).add("comfy", disk) == 3
        roots = {name: root for name, (root, _) in places(world).items()}
        assert {roots.pop(name) for name in ("paper", "blue", "green")} == {"comfy"}
        assert roots == {"red": NO_ROOT, "mine": MODELS_ROOT}
        assert {f.root for f in world.records.files(key(world, "green"))} == {"comfy"}
        assert world.place(other) == world.downloads / "red.safetensors"
        assert service(world).add("other", world.downloads) == 1

    def test_the_same_when_settings_were_changed_by_hand(self, reopen: Open, disk: Path) -> None:
        world = reopen()
        record_all(world, disk)
        (world.settings.root / "modelkeep.yaml").write_text(f"roots: {{comfy: {{path: {disk}}}}}\n")
        assert {root for root, _ in places(reopen()).values()} == {"comfy"}

    def test_a_run_that_was_cut_off_is_ended_at_the_next_start(
        self, reopen: Open, disk: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        world = reopen()
        record_all(world, disk)
        before, calls = world.records.update_model, []

        def fail(*arguments: Any, **options: Any) -> Any:
            calls.append(arguments)
            if len(calls) == 2:
                raise KeyboardInterrupt
            return before(*arguments, **options)

        monkeypatch.setattr(world.records, "update_model", fail)
        with pytest.raises(KeyboardInterrupt):
            service(world).add("comfy", disk)
        again = reopen()
        assert {root for root, _ in places(again).values()} == {"comfy"}
        assert all(row[0] == "comfy" for row in rows(again) if len(row) == 2)

    def test_removing_forgets_the_record_only(self, comfy: World, disk: Path) -> None:
        before = exactly(disk)
        assert comfy.service.remove(key(comfy, "paper")).is_record_only
        assert exactly(disk) == before
        assert "paper" not in places(comfy)

    def test_asked_for_files_go_to_the_trash_and_come_back(self, comfy: World, disk: Path) -> None:
        names = {path: facts for path, facts in exactly(disk).items() if "green" in path}
        [green] = [key(comfy, "green")]
        comfy.service.remove(green, everywhere=True)
        assert not (disk / "embeddings/green").exists()
        assert comfy.service.restore("green").root == "comfy"
        back = {path: facts for path, facts in exactly(disk).items() if "green" in path}
        assert [f[-1] for f in back.values() if isinstance(f, tuple)] == [
            f[-1] for f in names.values() if isinstance(f, tuple)
        ]
        assert not any(".modelkeep-trash" in path for path in exactly(disk))

    def test_a_record_of_a_whole_root_owns_nothing_in_it(self, comfy: World, disk: Path) -> None:
        before = exactly(disk)
        config = {"name": "all", "path": str(disk), "type": "unknown"}
        comfy.records.add_model("all", config)
        entry = comfy.service.remove("all", everywhere=True)
        assert entry.origins == []
        assert exactly(disk) == before


class TestNothingIsWritten:
    def test_looking_leaves_a_root_as_it_was(self, comfy: World, disk: Path) -> None:
        before = exactly(disk)
        look_around(comfy, disk)
        assert exactly(disk) == before

    def test_on_a_disk_that_is_mounted_read_only(self, reopen: Open, disk: Path) -> None:
        with mounted(["--bind", str(disk)], disk, ["-o", "remount,ro,bind"]):
            assert os.statvfs(disk).f_flag & os.ST_RDONLY
            world = reopen()
            service(world).add("comfy", disk)
            record_all(world, disk)
            with pytest.raises(NotWritableError):
                world.service.remove(key(world, "green"), everywhere=True)
            with pytest.raises(NotWritableError):
                world.service.remove(key(world, "blue"), everywhere=True)
            assert world.service.library.state.journal.entries() == []
            before = exactly(disk)
            look_around(world, disk)
            assert exactly(disk) == before

    @pytest.fixture
    def readonly(self, reopen: Open, disk: Path) -> World:
        world = reopen()
        service(world).add("comfy", disk, readonly=True)
        record_all(world, disk)
        return world

    def test_a_read_only_root_is_never_changed(self, readonly: World, disk: Path) -> None:
        before = exactly(disk)
        for name in ("paper", "blue", "green"):
            with pytest.raises(NotWritableError, match="the root comfy") as caught:
                readonly.service.unconditionally_delete(key(readonly, name))
            assert "roots.comfy.readonly" in caught.value.hint
            assert "modelkeep.yaml" in caught.value.hint
        more = tiny.embedding(disk / "red.safetensors", 7)
        before = exactly(disk)
        with pytest.raises(NotWritableError, match="the root comfy"):
            readonly.service.install_path(more, link=LinkMode.Move)
        look_around(readonly, disk)
        assert exactly(disk) == before

    def test_nor_by_what_was_removed_before_it_was_read_only(
        self, comfy: World, disk: Path, reopen: Open
    ) -> None:
        comfy.service.remove(key(comfy, "paper"), everywhere=True)
        file = comfy.settings.settings_path
        file.write_text(file.read_text() + "    readonly: true\n")
        before = exactly(disk)
        world = reopen()
        with pytest.raises(NotWritableError, match="the root comfy"):
            world.service.restore("paper")
        assert exactly(disk) == before

    def test_a_trash_on_its_own_disk_lies_at_the_top_and_leaves_no_trace(
        self, reopen: Open, disk: Path
    ) -> None:
        with mounted(["-t", "tmpfs", "tmpfs"], disk):
            tiny.embedding(disk / "deep/er/blue.safetensors", 1)
            world = reopen()
            service(world).add("comfy", disk)
            world.service.register_path(disk / "deep/er/blue.safetensors")
            entry = world.service.remove(key(world, "blue"), everywhere=True)
            assert entry is not None
            assert entry.folder.parent == disk / ".modelkeep-trash"
            assert world.service.restore("blue").root == "comfy"
            assert sorted(p.name for p in disk.iterdir()) == ["deep"]
            world.service.remove(key(world, "blue"), everywhere=True)
            [left] = world.service.trash()
            file = world.settings.settings_path
            file.write_text(file.read_text() + "    readonly: true\n")
            world = reopen()
            with pytest.raises(NotWritableError, match="the root comfy"):
                world.service.purge(left)
            assert left.folder.exists()
            file.write_text(file.read_text().replace("    readonly: true\n", ""))
            world = reopen()
            world.service.purge(left)
            assert not (disk / ".modelkeep-trash").exists()
            world.close()
            reopen()


class TestOffline:
    def assert_offline(self, world: World, names: int = 3) -> None:
        library = world.service.library
        assert library.root_state("comfy") is RootState.OFFLINE
        before = rows(world)
        with pytest.raises(OfflineRootError, match="comfy") as caught:
            world.service.remove(key(world, "blue"), everywhere=True)
        assert caught.value.hint
        with pytest.raises(OfflineRootError, match="paper"):
            world.service.reidentify(key(world, "paper"))
        [home, row, *_] = service(world).rows()
        assert (home.state, row.state, row.models) == (RootState.ONLINE, RootState.OFFLINE, names)
        assert row.why
        assert rows(world) == before
        assert all(config.state == "present" for config in world.records.all_models())

    def test_a_folder_that_is_gone_comes_back(self, comfy: World, disk: Path, reopen: Open) -> None:
        disk.rename(disk.with_name("away"))
        self.assert_offline(comfy)
        world = reopen()
        self.assert_offline(world)
        disk.with_name("away").rename(disk)
        look_around(world, disk)

    def test_an_empty_place_of_a_disk_counts_as_not_mounted(
        self, comfy: World, disk: Path, reopen: Open
    ) -> None:
        disk.rename(disk.with_name("away"))
        disk.mkdir()
        self.assert_offline(comfy)
        (disk / "lost+found").mkdir()
        self.assert_offline(reopen())

    def test_so_does_another_disk(self, comfy: World, disk: Path) -> None:
        disk.rename(disk.with_name("away"))
        tiny.lora(disk / "holiday" / "other.safetensors", 5)
        self.assert_offline(comfy)

    def test_a_disk_mounted_on_the_folder(self, reopen: Open, disk: Path) -> None:
        for name in ("loras", "embeddings"):
            shutil.rmtree(disk / name)
        with mounted(["-t", "tmpfs", "tmpfs"], disk):
            tiny.lora(disk / "loras" / "paper.safetensors", 2)
            tiny.embedding(disk / "embeddings" / "blue.safetensors", 1)
            world = reopen()
            service(world).add("comfy", disk)
            for name in ("loras/paper.safetensors", "embeddings/blue.safetensors"):
                world.service.register_path(disk / name)
        self.assert_offline(world, names=2)
        with mounted(["-t", "tmpfs", "tmpfs"], disk):
            self.assert_offline(world, names=2)

    def test_the_same_files_on_another_disk_are_the_root(self, comfy: World, disk: Path) -> None:
        shutil.copytree(disk, disk.with_name("copy"))
        disk.rename(disk.with_name("away"))
        disk.with_name("copy").rename(disk)
        assert comfy.service.library.root_state("comfy") is RootState.ONLINE

    def test_models_that_somebody_deleted_are_not_offline(self, comfy: World, disk: Path) -> None:
        for name in ("loras", "embeddings"):
            shutil.rmtree(disk / name)
        assert comfy.service.library.root_state("comfy") is RootState.ONLINE

    def test_models_dir_is_a_root_too(self, comfy: World) -> None:
        library = comfy.service.library
        mine = comfy.service.install_path(tiny.embedding(comfy.downloads / "mine.safetensors", 8))
        assert library.root_state(MODELS_ROOT) is RootState.ONLINE
        comfy.models.rename(comfy.models.with_name("away"))
        assert library.root_state(MODELS_ROOT) is RootState.OFFLINE
        with pytest.raises(OfflineRootError, match="models"):
            comfy.service.delete(mine)
        assert comfy.records.exists(mine)
        assert not comfy.models.exists()

    def test_a_new_library_is_online(self, reopen: Open) -> None:
        world = reopen()
        world.models.rmdir()
        assert world.service.library.root_state(MODELS_ROOT) is RootState.ONLINE
        assert world.service.library.root_state(NO_ROOT) is RootState.ONLINE

    def test_a_model_is_not_restored_to_the_place_of_a_disk(self, comfy: World, disk: Path) -> None:
        comfy.service.remove(key(comfy, "paper"), everywhere=True)
        disk.rename(disk.with_name("away"))
        with pytest.raises(OfflineRootError, match="comfy"):
            comfy.service.restore("paper")
        assert not disk.exists()
        disk.with_name("away").rename(disk)
        assert comfy.service.restore("paper").root == "comfy"

    def test_a_removal_that_was_cut_off_waits_for_its_disk(
        self, comfy: World, disk: Path, reopen: Open, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def fail(key: str) -> None:
            raise KeyboardInterrupt(key)

        def stuck(note: Removal) -> None:
            raise KeyboardInterrupt(str(note))

        paper = key(comfy, "paper")
        monkeypatch.setattr(comfy.records, "del_model", fail)
        monkeypatch.setattr(Removal, "roll_back", stuck)
        with pytest.raises(KeyboardInterrupt):
            comfy.service.remove(paper, everywhere=True)
        monkeypatch.undo()
        assert not (disk / "loras/paper.safetensors").exists()
        disk.rename(disk.with_name("away"))
        world = reopen()
        assert len(world.service.library.state.journal.entries()) == 1
        disk.with_name("away").rename(disk)
        world = reopen()
        assert world.service.library.state.journal.entries() == []
        assert (disk / "loras/paper.safetensors").exists()


class TestMoving:
    def test_no_record_is_rewritten(self, comfy: World, disk: Path) -> None:
        before, new = rows(comfy), disk.with_name("mounted elsewhere")
        disk.rename(new)
        files = exactly(new)
        assert service(comfy).move("comfy", new) == 4
        assert rows(comfy) == before
        assert comfy.place(key(comfy, "paper")) == new / "loras/paper.safetensors"
        look_around(comfy, new)
        assert exactly(new) == files

    def test_a_place_without_the_files_is_refused_with_numbers(
        self, comfy: World, disk: Path
    ) -> None:
        new = disk.with_name("new")
        shutil.copytree(disk, new)
        (new / "loras/paper.safetensors").write_bytes(b"short")
        settings = comfy.settings.settings_path.read_bytes()
        with pytest.raises(UsageError, match="1 of 4") as caught:
            service(comfy).move("comfy", new)
        assert "--yes" in caught.value.hint
        assert comfy.settings.settings_path.read_bytes() == settings
        assert comfy.place(key(comfy, "paper")) == disk / "loras/paper.safetensors"
        assert service(comfy).move("comfy", new, sure=True) == 3

    def test_what_is_in_its_trash_moves_with_it(self, comfy: World, disk: Path) -> None:
        comfy.service.remove(key(comfy, "paper"), everywhere=True)
        new = disk.with_name("new")
        disk.rename(new)
        service(comfy).move("comfy", new)
        assert comfy.service.restore("paper").path == str(new / "loras/paper.safetensors")

    def test_a_trash_on_the_disk_is_found_in_the_new_place(
        self, reopen: Open, disk: Path, tmp_path: Path
    ) -> None:
        other = tmp_path / "other"
        other.mkdir()
        with mounted(["-t", "tmpfs", "tmpfs"], tmp_path / "disk"):
            tiny.embedding(disk / "in/blue.safetensors", 1)
            tiny.embedding(disk / "in/red.safetensors", 2)
            world = reopen()
            service(world).add("comfy", disk / "in")
            for name in ("blue", "red"):
                world.service.register_path(disk / "in" / f"{name}.safetensors")
            world.service.remove(key(world, "blue"), everywhere=True)
            with mounted(["--bind", str(disk)], other):
                service(world).move("comfy", other / "in")
                assert [e.name for e in world.service.trash()] == ["blue"] * 2
                assert world.service.restore("blue").path == str(other / "in/blue.safetensors")
                world.close()
        reopen()


class TestUnknownRoots:
    @pytest.fixture
    def gone(self, comfy: World, reopen: Open) -> World:
        comfy.settings.settings_path.write_text("")
        return reopen()

    def test_everything_stays_usable(self, gone: World, disk: Path) -> None:
        before = exactly(disk)
        library = gone.service.library
        assert places(gone)["paper"] == ("comfy", "comfy:/loras/paper.safetensors")
        assert library.find(gone.records.get_model(key(gone, "paper"))) is None
        assert library.root_state("comfy") is RootState.OFFLINE
        with pytest.raises(OfflineRootError) as caught:
            gone.place(key(gone, "paper"))
        assert f"root add comfy {disk}" in caught.value.hint
        with pytest.raises(OfflineRootError, match="blue"):
            gone.service.remove(key(gone, "blue"), everywhere=True)
        gone.service.edit(key(gone, "blue"), {"description": "bright"})
        copy = tiny.lora(gone.downloads / "same.safetensors", 2)
        assert gone.service.install_path(copy) != key(gone, "paper")
        assert gone.service.remove(key(gone, "green")).is_record_only
        assert [row.name for row in service(gone).rows()] == [MODELS_ROOT, "comfy"]
        assert exactly(disk) == before

    def test_registering_it_again_brings_it_back(self, gone: World, disk: Path) -> None:
        gone.service.edit(key(gone, "blue"), {"description": "bright"})
        service(gone).add("comfy", disk)
        assert places(gone)["blue"] == ("comfy", str(disk / "embeddings/blue.safetensors"))
        assert gone.service.library.root_state("comfy") is RootState.ONLINE

    def test_a_root_that_was_renamed_by_hand(self, gone: World, disk: Path) -> None:
        service(gone).add("comfyui", disk)
        assert service(gone).remove("comfy", keep=True) == 3
        assert {root for root, _ in places(gone).values()} == {"comfyui"}

    def test_its_records_can_be_forgotten(self, gone: World) -> None:
        assert service(gone).remove("comfy", forget=True) == 3
        assert places(gone) == {}
        assert [row.name for row in service(gone).rows()] == [MODELS_ROOT]


class TestRemovingARoot:
    def test_it_asks_what_becomes_of_the_records(self, comfy: World, disk: Path) -> None:
        files = exactly(disk)
        with pytest.raises(UsageError, match="3 record") as caught:
            service(comfy).remove("comfy")
        assert "--keep" in caught.value.hint
        assert service(comfy).remove("comfy", keep=True) == 3
        assert places(comfy)["paper"] == (NO_ROOT, str(disk / "loras/paper.safetensors"))
        assert comfy.settings.roots == {}
        look_like_before = {f.root for f in comfy.records.files(key(comfy, "green"))}
        assert look_like_before == {NO_ROOT}
        assert exactly(disk) == files

    def test_forgetting(self, comfy: World, disk: Path) -> None:
        files = exactly(disk)
        comfy.service.install_path(tiny.embedding(comfy.downloads / "mine.safetensors", 8))
        service(comfy).remove("comfy", forget=True)
        assert list(places(comfy)) == ["mine"]
        assert exactly(disk) == files

    def test_unknown_names_and_models_are_refused(self, comfy: World) -> None:
        for name in ("nobody", MODELS_ROOT, NO_ROOT):
            with pytest.raises(UsageError, match="No such root"):
                service(comfy).remove(name, forget=True)

    def test_keeping_that_was_cut_off_leaves_the_root_as_it_was(
        self, comfy: World, reopen: Open, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        before = comfy.records.update_model
        calls: list[Any] = []

        def fail(*arguments: Any, **options: Any) -> Any:
            calls.append(arguments)
            if len(calls) == 2:
                raise KeyboardInterrupt
            return before(*arguments, **options)

        monkeypatch.setattr(comfy.records, "update_model", fail)
        with pytest.raises(KeyboardInterrupt):
            service(comfy).remove("comfy", keep=True)
        assert {root for root, _ in places(reopen()).values()} == {"comfy"}


class TestOverlaps:
    def test_the_innermost_root_wins(self, comfy: World, disk: Path) -> None:
        assert service(comfy).add("loras", disk / "loras") == 1
        assert places(comfy)["paper"] == ("loras", str(disk / "loras/paper.safetensors"))
        assert places(comfy)["blue"][0] == "comfy"
        assert service(comfy).remove("loras", keep=True) == 1
        assert places(comfy)["paper"] == ("comfy", str(disk / "loras/paper.safetensors"))

    def test_a_root_around_another_leaves_it_its_own(self, comfy: World, disk: Path) -> None:
        comfy.service.register_path(tiny.embedding(comfy.downloads / "red.safetensors", 9))
        assert service(comfy).add("inner", comfy.downloads) == 1
        assert {root for root, _ in places(comfy).values()} == {"comfy", "inner"}
        with pytest.raises(UsageError, match="models_dir"):
            service(comfy).add("all", disk.parent)

    @pytest.mark.parametrize("where", ["root", "root/models", "root/models/sd-1"])
    def test_not_with_models_dir(self, comfy: World, tmp_path: Path, where: str) -> None:
        (tmp_path / where).mkdir(parents=True, exist_ok=True)
        (tmp_path / "link").symlink_to(tmp_path / where)
        for folder in (tmp_path / where, tmp_path / "link"):
            with pytest.raises(UsageError, match="models_dir"):
                service(comfy).add("mine", folder)
            with pytest.raises(SettingsError, match="models_dir"):
                Settings.load(root=tmp_path / "root", roots={"mine": {"path": str(folder)}})

    def test_not_one_folder_twice(self, comfy: World, disk: Path, tmp_path: Path) -> None:
        (tmp_path / "link").symlink_to(disk)
        for folder in (disk, tmp_path / "link", f"{disk}/loras/.."):
            with pytest.raises(UsageError, match="the same folder"):
                service(comfy).add("again", folder)
        with pytest.raises(UsageError, match="already registered"):
            service(comfy).add("comfy", disk / "loras")


class TestLinks:
    @pytest.fixture
    def link(self, tmp_path: Path, disk: Path) -> Path:
        (tmp_path / "link").symlink_to(disk)
        return tmp_path / "link"

    def test_a_root_given_through_a_link_keeps_it(
        self, reopen: Open, disk: Path, link: Path
    ) -> None:
        world = reopen()
        world.service.register_path(disk / "embeddings/blue.safetensors")
        assert service(world).add("comfy", link) == 1
        world.service.register_path(link / "loras/paper.safetensors")
        world.service.register_path(disk / "embeddings/green")
        assert {root for root, _ in places(world).values()} == {"comfy"}
        assert {path.startswith(str(link)) for _, path in places(world).values()} == {True}
        for path in (disk / "loras/paper.safetensors", link / "loras/paper.safetensors"):
            with pytest.raises(DuplicateModelException):
                world.service.register_path(path)
        before = exactly(disk)
        look_around(world, link)
        assert exactly(disk) == before

    def test_a_path_through_another_link_is_in_the_root(
        self, reopen: Open, disk: Path, link: Path
    ) -> None:
        world = reopen()
        service(world).add("comfy", disk, readonly=True)
        other = world.service.register_path(link / "loras/paper.safetensors")
        assert places(world)["paper"] == ("comfy", str(disk / "loras/paper.safetensors"))
        with pytest.raises(NotWritableError, match="the root comfy"):
            world.service.unconditionally_delete(other)


class TestSettings:
    def test_comments_stay(self, reopen: Open, disk: Path) -> None:
        world = reopen()
        file = world.settings.settings_path
        file.write_text("# mine\nport: 1  # why\nroots:\n  # old\n  a1: {path: /nowhere}\n")
        world = reopen()
        service(world).add("comfy", disk, layout="comfyui", readonly=True)
        text = file.read_text()
        assert text.startswith("# mine\nport: 1  # why\nroots:\n  # old\n  a1: {path: /nowhere}\n")
        stored = reopen().settings.roots
        assert (stored["comfy"].layout, stored["comfy"].readonly) == ("comfyui", True)
        assert stored["a1"].path == Path("/nowhere")
        service(reopen()).remove("comfy")
        assert "# old" in file.read_text()
        assert "comfy" not in file.read_text()

    def test_from_the_environment(
        self, reopen: Open, disk: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("MODELKEEP_ROOTS", f'{{"comfy": {{"path": "{disk}"}}}}')
        world = reopen()
        record_all(world, disk)
        assert {root for root, _ in places(world).values()} == {"comfy"}
        with pytest.raises(UsageError, match="not registered in"):
            service(world).remove("comfy", keep=True)
        with pytest.raises(UsageError, match="not registered in"):
            service(world).move("comfy", disk)

    @pytest.mark.parametrize(
        ("roots", "complaint"),
        [
            ({"models": {"path": "/a"}}, "not a valid root name"),
            ({"": {"path": "/a"}}, "not a valid root name"),
            ({"a b": {"path": "/a"}}, "not a valid root name"),
            ({"one": {"path": "/a"}, "ONE": {"path": "/b"}}, "two roots"),
            ({"one": {"path": "/a"}, "two": {"path": "/a/"}}, "same folder"),
            ({"one": {"path": "a"}}, "absolute path or start with ~"),
            ({"one": {"path": "/a", "layout": "Comfy UI"}}, "layout"),
        ],
    )
    def test_what_cannot_be_used(
        self, tmp_path: Path, roots: dict[str, Any], complaint: str
    ) -> None:
        with pytest.raises(SettingsError, match=complaint):
            Settings.load(root=tmp_path, roots=roots)

    def test_home(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("HOME", "/home/of")
        settings = Settings.load(root=tmp_path, roots={"comfy": {"path": "~/comfy"}})
        assert settings.named_roots().named["comfy"].path == Path("/home/of/comfy")

    def test_a_record_that_is_there_twice_is_told(
        self, comfy: World, disk: Path, caplog: pytest.LogCaptureFixture
    ) -> None:
        comfy.records.roots = type(comfy.records.roots)()
        config = {"name": "twin", "path": str(disk / "loras/paper.safetensors"), "type": "unknown"}
        comfy.records.add_model("twin", config)
        with caplog.at_level(logging.WARNING):
            service(comfy).add("inner", disk / "loras")
        assert len(list(comfy.records.each(RecordFilter(roots=("inner",))))) == 1
        assert "could not be assigned" in caplog.text
