"""The stories that are cut off at every operation."""

from __future__ import annotations

import json
from collections.abc import Callable

from faults.crash_world import Act, Story, World
from modelkeep.app.manager import ModelManager
from modelkeep.library.destination import LinkMode
from modelkeep.library.roots import RootService
from modelkeep.library.verify import verify_model
from support import tiny

_TAGS = ["red", "soft"]

# -- files of the user


def folder(world: World) -> None:
    tiny.embedding_folder(world.elsewhere / "source", 7)


def picture(world: World) -> None:
    model = tiny.embedding(world.elsewhere / "source.safetensors", 7)
    model.with_suffix(".preview.png").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(99))


def tagged(world: World) -> None:
    told_of(world, "source", "no date, so this is not an answer of a site")
    tiny.embedding(world.elsewhere / "source.safetensors", 7)


def described(world: World) -> None:
    told_of(world, "source", "2024-05-01T00:00:00Z")
    tiny.embedding(world.elsewhere / "source.safetensors", 7)


def told_of(world: World, name: str, date: str) -> None:
    """Put beside a model what Civitai tells of it."""
    told = {
        "id": 5,
        "modelId": 7,
        "name": name,
        "createdAt": date,
        "downloadUrl": "https://civitai.com/api/download/models/5",
        "model": {"name": name, "type": "TextualInversion", "tags": _TAGS},
        "trainedWords": ["sks"],
    }
    if "T" not in date:
        del told["createdAt"]
    world.elsewhere.mkdir(exist_ok=True, parents=True)
    (world.elsewhere / f"{name}.civitai.info").write_text(json.dumps(told))


def shelf(world: World) -> None:
    """Put some models in one folder, one with a sidecar, and what is not a model."""
    tiny.embedding(world.shelf / "first.safetensors", 2)
    tiny.lora(world.shelf / "second.safetensors", 3)
    tiny.embedding_folder(world.shelf / "third", 4)
    (world.shelf / "notes.txt").write_text("not a model\n")
    told_of(world, "shelf/first", "none")


def two(world: World) -> None:
    """Put two models in one folder, one with a sidecar."""
    shelf(world)
    (world.shelf / "second.safetensors").unlink()


def rearranged(world: World) -> None:
    """Rename one model, lose another, bring a new one."""
    (world.shelf / "first.safetensors").rename(world.shelf / "renamed.safetensors")
    (world.shelf / "second.safetensors").unlink()
    tiny.embedding(world.shelf / "new.safetensors", 5)


def carried_off(world: World) -> None:
    """Move the whole folder."""
    world.shelf.rename(world.elsewhere / "rack")


def pair(world: World) -> None:
    """Put another model of the same size beside the one of the story."""
    tiny.embedding(world.elsewhere / "source.safetensors", 7)
    tiny.embedding(world.elsewhere / "other.safetensors", 8)


def damaged(world: World) -> None:
    """Write other bytes into the installed model."""
    place = world.settings().models_dir / "sd-1/embedding/source.safetensors"
    place.write_bytes((world.elsewhere / "other.safetensors").read_bytes())


# -- what is done


def install(link: LinkMode) -> Act:
    return lambda manager, world: manager.installer.install_path(world.source, link=link)


def install_plainly(manager: ModelManager, world: World) -> object:
    return manager.installer.install_path(world.source)


def install_into_root(manager: ModelManager, world: World) -> object:
    return manager.installer.install_path(world.source, to="rack")


def register(manager: ModelManager, world: World) -> object:
    return manager.installer.register_path(world.source)


def with_source(work: Callable[[ModelManager, str], object]) -> Act:
    """Do something to the model of the source, if it is there."""

    def act(manager: ModelManager, world: World) -> None:
        del world
        for key in [m.key for m in manager.records.all_models() if m.name == "source"]:
            work(manager, key)

    return act


delete = with_source(lambda manager, key: manager.installer.delete(key))
delete_everywhere = with_source(lambda manager, key: manager.installer.unconditionally_delete(key))


def delete_then_restore(manager: ModelManager, world: World) -> None:
    install_plainly(manager, world)
    delete(manager, world)


def restore(manager: ModelManager, world: World) -> object:
    del world
    return manager.installer.restore("source")


def empty_trash(manager: ModelManager, world: World) -> None:
    del world
    for entry in manager.installer.trash():
        manager.installer.purge(entry)


def change(manager: ModelManager, key: str) -> None:
    manager.installer.edit(key, {"description": "other words", "base": "sdxl"})
    manager.records.metadata_store.set_tags(key, ["blue", "soft"])


def scan(*, install: bool) -> Act:
    return lambda manager, world: manager.installer.scan_directory(world.shelf, install=install)


def sync(manager: ModelManager, world: World) -> None:
    del world
    manager.installer.sync_to_config()


def add_root(manager: ModelManager, world: World) -> object:
    return RootService(manager.installer.library).add("shelf", world.shelf)


def registered_root(manager: ModelManager, world: World) -> None:
    """Register the folder, the models in it, and their full hashes."""
    add_root(manager, world)
    sync(manager, world)
    for model in manager.records.all_models():
        verify_model(manager.installer.library, model.key)


def add_rack(manager: ModelManager, world: World) -> object:
    """Register an empty folder, which is on the disk of nobody in particular."""
    rack = world.folder / "rack"
    rack.mkdir()
    return RootService(manager.installer.library).add("rack", rack)


def move_root(manager: ModelManager, world: World) -> object:
    return RootService(manager.installer.library).move("shelf", world.elsewhere / "rack")


def remove_root(*, keep: bool) -> Act:
    return lambda manager, _world: RootService(manager.installer.library).remove(
        "shelf", keep=keep, forget=not keep
    )


STORIES = [
    Story("copy a file and its tags", install(LinkMode.Copy), lay=tagged),
    Story("move a file", install(LinkMode.Move), takes_source=True),
    Story("register a file and what a site tells of it", register, lay=described),
    Story("put right bytes back", install_plainly, install_plainly, pair, damaged),
    Story("edit", with_source(change), install_plainly),
    Story("delete a file", delete, install_plainly),
    Story("restore a file and its tags", restore, delete_then_restore, tagged),
    Story("empty the trash of a picture", empty_trash, delete_then_restore, picture, forgets=True),
    Story("scan and register", scan(install=False), lay=shelf),
    Story("scan and install", scan(install=True), lay=two),
    Story("sync", sync, registered_root, shelf, rearranged),
    Story("add a root", add_root, scan(install=False), shelf),
    Story("move a root", move_root, registered_root, shelf, carried_off),
    Story("remove a root, keep its records", remove_root(keep=True), registered_root, shelf),
    Story(
        "remove a root and its records",
        remove_root(keep=False),
        registered_root,
        shelf,
        forgets=True,
    ),
]

#: What these do to the catalogue, others do too: they are told with one store.
ABOUT_FILES = [
    Story("copy a folder", install(LinkMode.Copy), lay=folder),
    Story("copy a file and its picture", install(LinkMode.Copy), lay=picture),
    Story("hard-link a file", install(LinkMode.Hardlink)),
    Story("hard-link a folder", install(LinkMode.Hardlink), lay=folder),
    Story("move a folder", install(LinkMode.Move), lay=folder, takes_source=True),
    Story("register a folder", register, lay=folder),
    Story("copy a file into a root", install_into_root, add_rack),
    Story("delete a folder", delete, install_plainly, folder),
    Story("delete a record in place", delete, register),
    Story("delete a file in place", delete_everywhere, register, takes_source=True),
    Story("restore a folder", restore, delete_then_restore, folder),
]
