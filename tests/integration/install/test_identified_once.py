"""How often the headers of a model are read on the way to its record."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from faults.server import FaultServer
from integration.world import World, open_world
from modelkeep.core.identity import Identification
from modelkeep.identification.engine import identify
from modelkeep.install.planning import plan_remote
from modelkeep.library.destination import LinkMode
from support import tiny
from support.remote import OneModel, pipeline_folder, served


@dataclass
class Counting:
    """Identifies what is on the disk, and notes what it was asked."""

    paths: list[Path] = field(default_factory=list)

    def __call__(self, path: Path, strict: bool) -> Identification:
        self.paths.append(path)
        return identify(path, strict=strict)


@pytest.fixture
def counting() -> Counting:
    return Counting()


@pytest.fixture
def world(tmp_path: Path, counting: Counting) -> Iterator[World]:
    opened = open_world(tmp_path, counting)
    yield opened
    opened.close()


@pytest.mark.parametrize("link", [LinkMode.Copy, LinkMode.Move, LinkMode.Hardlink])
def test_a_file_is_identified_once(world: World, counting: Counting, link: LinkMode) -> None:
    path = tiny.lora(world.downloads / "paper.safetensors")
    world.service.install_path(path, link=link)
    assert counting.paths == [path]


def test_a_file_with_sidecars_is_identified_once(world: World, counting: Counting) -> None:
    path = tiny.lora(world.downloads / "paper.safetensors")
    path.with_suffix(".json").write_text('{"activation text": "paper cut", "description": "x"}')
    key = world.service.install_path(path)
    assert world.records.get_model(key).trigger_phrases == ("paper cut",)
    assert counting.paths == [path]


def test_a_folder_is_identified_once(world: World, counting: Counting) -> None:
    path = pipeline_folder(world.downloads / "tiny-sd")
    job = world.service.import_model(path)
    world.service.wait_for_installs()
    assert job.complete, job.error
    assert counting.paths == [path]


def test_a_model_of_a_site_is_identified_by_ranges_and_when_it_is_here(
    world: World, counting: Counting
) -> None:
    with FaultServer() as server:
        path = tiny.lora(world.downloads / "paper.safetensors")
        remote = served(server, path)
        plan = plan_remote(world.service.library, OneModel(remote), remote.source, {})
        assert counting.paths == []
        asked = len(server.requests)
        assert asked == 1, "its header comes with one range"
        job = world.service.import_model(remote.source, plan=plan)
        world.service.wait_for_installs()
        assert job.complete, job.error
        assert len(counting.paths) == 1, "after it has come"
        assert len(server.requests) == asked + 1, "the file, at once"
