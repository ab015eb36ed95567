"""The pictures of models come along, are found again, and go when nobody needs them."""

from __future__ import annotations

from pathlib import Path

import pytest

from integration.world import World, snapshot
from modelkeep.app.doctor import examine
from modelkeep.disk import paths
from modelkeep.errors import NoSpaceError, RecordError
from modelkeep.library.destination import LinkMode
from modelkeep.scan.report import ScanStatus
from modelkeep.scan.scanner import ScanAction
from support import tiny

PNG = b"\x89PNG\r\n\x1a\n" + bytes(20)


@pytest.fixture
def ink(world: World) -> Path:
    """A LoRA with a preview and a note of its user."""
    path = tiny.lora(world.downloads / "ink.safetensors", 1)
    (world.downloads / "ink.preview.png").write_bytes(PNG)
    (world.downloads / "ink.json").write_text(
        '{"description": "Ink on paper", "activation text": "inky"}'
    )
    return path


def kept(world: World) -> list[str]:
    folder = world.models / ".previews"
    return sorted(path.name for path in folder.iterdir()) if folder.exists() else []


def picture(world: World, key: str) -> Path | None:
    return world.service.library.preview_of(world.records.get_model(key))


def test_in_place_the_picture_beside_is_named_and_nothing_is_written(
    world: World, ink: Path
) -> None:
    before = snapshot(world.downloads)
    [finding] = world.service.scanner.scan(world.downloads, action=ScanAction.REGISTER)
    key = finding.key or ""
    assert world.records.get_model(key).preview == "ink.preview.png"
    assert picture(world, key) == ink.with_name("ink.preview.png")
    assert snapshot(world.downloads) == before
    world.service.unconditionally_delete(key)
    assert ink.with_name("ink.preview.png").exists()
    assert kept(world) == []


@pytest.mark.parametrize("link", [None, LinkMode.Move])
def test_an_install_brings_words_and_a_copy_of_the_picture(
    world: World, ink: Path, link: LinkMode | None
) -> None:
    key = world.service.install_path(ink, link=link)
    config = world.records.get_model(key)
    assert (config.description, config.trigger_phrases) == ("Ink on paper", ("inky",))
    assert kept(world) == [f"{key}.png"]
    assert picture(world, key) == world.models / ".previews" / f"{key}.png"
    assert ink.with_name("ink.preview.png").read_bytes() == PNG


def test_what_the_caller_says_wins_over_what_lies_beside(world: World, ink: Path) -> None:
    key = world.service.register_path(ink, {"description": "mine", "name": "me"})
    config = world.records.get_model(key)
    assert (config.name, config.description) == ("me", "mine")
    assert config.trigger_phrases == ("inky",)


def test_a_scan_that_installs_brings_it_too(world: World, ink: Path) -> None:
    [key] = world.service.scan_directory(ink.parent, install=True)
    assert kept(world) == [f"{key}.png"]


def test_the_copy_waits_with_the_model_in_the_trash_and_goes_with_it(
    world: World, ink: Path
) -> None:
    key = world.service.install_path(ink)
    world.service.delete(key)
    tiny.embedding(world.models / "sd-1" / "lora" / "ink.safetensors", 5)  # takes its name
    restored = world.service.restore(key)
    assert not restored.path.endswith("/ink.safetensors")
    assert picture(world, key) == world.models / ".previews" / f"{key}.png"
    world.service.delete(key)
    for entry in world.service.trash():
        world.service.purge(entry)
    assert kept(world) == []


def test_forgetting_the_record_alone_takes_the_copy(world: World, ink: Path) -> None:
    world.service.unregister(world.service.install_path(ink))
    assert kept(world) == []


def test_an_install_that_fails_takes_the_copy_back(
    world: World, ink: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = snapshot(world.models)

    def refuse(*_given: object, **_named: object) -> None:
        assert len(kept(world)) == 1
        raise RecordError("no")

    monkeypatch.setattr(world.records, "add_models", refuse)
    with pytest.raises(RecordError):
        world.service.install_path(ink)
    assert snapshot(world.models) == before


def test_a_picture_that_cannot_be_copied_stops_nothing(
    world: World, ink: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copy = paths.copy_file

    def full(source: Path, target: Path, *rest: object) -> str:
        if source.suffix == ".png":
            target.write_bytes(b"half")
            raise NoSpaceError("full")
        return copy(source, target, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(paths, "copy_file", full)
    key = world.service.install_path(ink)
    assert world.records.get_model(key).preview is None
    assert kept(world) == []


def test_a_model_moved_by_hand_has_the_picture_that_lies_beside_it_now(
    world: World, ink: Path
) -> None:
    top = world.settings.autoimport_dir
    top.mkdir()
    for name in ("ink.safetensors", "ink.preview.png"):
        (world.downloads / name).rename(top / name)
    world.service.sync_to_config()
    [config] = world.records.all_models()
    [file] = world.records.files(config.key)
    world.records.set_file_hashes(
        config.key, file.path, blake3=paths.copy_file(top / "ink.safetensors", ink)
    )
    (top / "sub").mkdir()
    (top / "ink.safetensors").rename(top / "sub" / "wet.safetensors")
    (top / "ink.preview.png").rename(top / "sub" / "wet.png")
    statuses = [finding.status for finding in world.service.scanner.sync()]
    assert statuses == [ScanStatus.MOVED]
    assert picture(world, config.key) == top / "sub" / "wet.png"


def test_doctor_finds_copies_of_nobody(world: World, ink: Path) -> None:
    key = world.service.install_path(ink)
    trashed = world.service.install_path(tiny.lora(world.downloads / "b" / "x.safetensors", 4))
    stray = world.models / ".previews" / ("0" * 32 + ".png")
    stray.write_bytes(PNG)
    (world.models / ".previews" / f"{trashed}.png").write_bytes(PNG)
    world.service.delete(trashed)
    found = [f for f in examine(world.settings, fix=True) if f.kind == "preview_leftover"]
    assert [(f.subject, f.is_fixed) for f in found] == [(str(stray), True)]
    assert kept(world) == sorted([f"{key}.png", f"{trashed}.png"])
