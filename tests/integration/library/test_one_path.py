"""Two records never answer to one path, however it is written."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from integration.world import World
from modelkeep.errors import DuplicateModelException
from support import tiny

FIELDS: dict[str, Any] = {"type": "lora", "base": "sd-1", "format": "lycoris"}


def spellings(world: World, path: Path, tmp_path: Path) -> list[str]:
    (tmp_path / "way").symlink_to(world.models)
    below = path.relative_to(world.models)
    return [
        str(below),
        str(path),
        str(world.models / "x" / ".." / below),
        os.path.realpath(path),
    ]


@pytest.mark.parametrize("first", range(4))
def test_a_path_in_the_models_folder_is_one_place(world: World, tmp_path: Path, first: int) -> None:
    path = tiny.lora(world.models / "mine/paper.safetensors")
    words = spellings(world, path, tmp_path)
    stored = world.records.add_model("one", {"name": "one", "path": words[first], **FIELDS})
    assert stored.path == world.records.get_model("one").path == "mine/paper.safetensors"
    other = world.records.add_model("two", {"name": "two", "path": "other", **FIELDS})
    for word in words:
        assert [m.key for m in world.records.search_by_path(word)] == ["one"], word
        with pytest.raises(DuplicateModelException):
            world.records.add_model("three", {"name": "three", "path": word, **FIELDS})
        with pytest.raises(DuplicateModelException):
            world.records.update_model(other.key, {"path": word})
    assert world.place("one") == path
    assert world.service.scanner.register_all(world.models) == []


def test_a_models_folder_behind_a_link_is_that_folder(world: World, tmp_path: Path) -> None:
    path = tiny.lora(world.models / "mine/paper.safetensors")
    (tmp_path / "way").symlink_to(world.models)
    key = world.service.register_path(tmp_path / "way/mine/paper.safetensors")
    with pytest.raises(DuplicateModelException):
        world.service.register_path(path)
    assert len(world.records.all_models()) == 1
    assert world.place(key).samefile(path)
