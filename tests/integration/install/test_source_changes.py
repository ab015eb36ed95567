"""A source that changes between its plan and its record is not installed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from integration.world import World, snapshot
from modelkeep.errors import CorruptModelError, SourceChangedError, UnknownModelError
from modelkeep.install.installer import Installer
from modelkeep.library.destination import LinkMode
from modelkeep.sources.local import LocalModelSource
from support import tiny


def grow(path: Path) -> None:
    with path.open("ab") as file:
        file.write(b"more")


def replace_by_another(path: Path) -> None:
    tiny.embedding(path.with_suffix(".new")).replace(path)


@pytest.mark.parametrize("change", [grow, replace_by_another])
@pytest.mark.parametrize("link", [LinkMode.Copy, LinkMode.Move, LinkMode.Hardlink])
@pytest.mark.parametrize("when", ["before", "meanwhile"])
def test_nothing_is_installed_of_it(
    world: World, change: Callable[[Path], None], link: LinkMode, when: str
) -> None:
    path = tiny.lora(world.downloads / "paper.safetensors")
    installer = Installer(world.service.library, world.service.network)
    plan = installer.plan(LocalModelSource(path=path), {}, link=link)
    before = snapshot(world.models)
    changes = iter([lambda: change(path)])

    def progress(count: int) -> None:
        if when == "meanwhile" and count:  # the bytes of the file have come over
            next(changes, lambda: None)()

    if when == "before":
        change(path)
    with pytest.raises(SourceChangedError, match=r"paper\.safetensors changed"):
        installer.carry_out(plan, progress)
    assert snapshot(world.models) == before
    assert path.exists()
    assert world.records.all_models() == []


def add_a_file(folder: Path) -> None:
    (folder / "more.json").write_text("{}")


def change_an_earlier_file(folder: Path) -> None:
    grow(folder / "learned_embeds.safetensors")


@pytest.mark.parametrize("change", [add_a_file, change_an_earlier_file])
@pytest.mark.parametrize("link", [LinkMode.Copy, LinkMode.Move, LinkMode.Hardlink])
def test_nothing_is_installed_of_a_folder_that_is_still_filled(
    world: World, change: Callable[[Path], None], link: LinkMode
) -> None:
    folder = tiny.embedding_folder(world.downloads / "green")
    installer = Installer(world.service.library, world.service.network)
    plan = installer.plan(LocalModelSource(path=folder), {}, link=link)
    before = snapshot(world.models)
    came = 0

    def progress(count: int) -> None:
        nonlocal came
        came += count
        if count and came == plan.total_bytes:  # the last file has come over
            change(folder)

    with pytest.raises(SourceChangedError, match="changed while it was being installed"):
        installer.carry_out(plan, progress)
    assert snapshot(world.models) == before
    assert world.records.all_models() == []


@pytest.mark.parametrize("change", [grow, replace_by_another])
def test_nothing_is_registered_of_it(world: World, change: Callable[[Path], None]) -> None:
    path = tiny.lora(world.downloads / "paper.safetensors")
    installer = Installer(world.service.library, world.service.network)
    plan = installer.plan(LocalModelSource(path=path, inplace=True), {})
    change(path)
    with pytest.raises(SourceChangedError, match=r"paper\.safetensors changed"):
        installer.carry_out(plan)
    assert world.records.all_models() == []


@pytest.mark.parametrize("mark", [".aria2", ".part", ".crdownload", ".PARTIAL", ".!qB"])
@pytest.mark.parametrize("way", ["install_path", "register_path"])
def test_a_file_that_is_still_downloaded_is_refused(world: World, mark: str, way: str) -> None:
    path = tiny.lora(world.downloads / "paper.safetensors")
    beside = path.with_name(f"{path.name}{mark}")
    beside.write_bytes(b"half")
    before = snapshot(world.models, world.downloads)
    with pytest.raises(CorruptModelError, match="is an unfinished download") as refused:
        getattr(world.service, way)(path)
    assert beside.name in str(refused.value)
    assert str(beside) in refused.value.hint
    assert snapshot(world.models, world.downloads) == before
    assert world.records.all_models() == []
    beside.unlink()
    assert getattr(world.service, way)(path)


@pytest.mark.parametrize("way", ["install_path", "register_path"])
def test_an_empty_folder_is_no_model(world: World, way: str) -> None:
    (world.downloads / "empty").mkdir(parents=True)
    for config in ({}, {"type": "lora", "base": "sdxl"}):
        with pytest.raises(UnknownModelError, match="is an empty folder"):
            getattr(world.service, way)(world.downloads / "empty", config)
    assert world.records.all_models() == []


@pytest.mark.parametrize("name", ["paper.safetensors.part", "Unconfirmed 12.crdownload"])
def test_the_partial_file_itself_is_refused(world: World, name: str) -> None:
    path = tiny.lora(world.downloads / name)
    with pytest.raises(CorruptModelError, match="is an unfinished download"):
        world.service.install_path(path, {"type": "lora"})
    assert world.records.all_models() == []


@pytest.mark.parametrize(
    "name",
    [
        "more.safetensors.part",
        "learned_embeds.safetensors.aria2",
        ".cache/huggingface/download/vae/x4Yz.incomplete",
    ],
)
def test_a_folder_with_a_file_on_its_way_is_refused(world: World, name: str) -> None:
    folder = tiny.embedding_folder(world.downloads / "green")
    (folder / name).parent.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(b"half")
    with pytest.raises(CorruptModelError, match="is an unfinished download") as refused:
        world.service.install_path(folder)
    assert str(folder / name) in refused.value.hint
    assert world.records.all_models() == []
    (folder / name).unlink()
    assert world.service.install_path(folder)
