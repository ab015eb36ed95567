"""Models that are here, asked about on Civitai: in lists, and with pictures that may be shown."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from modelkeep.app.manager import ModelManager
from modelkeep.core.metadata import CivitaiMetadata
from modelkeep.enrich.report import Enriched, Question
from sites.civitai import CivitaiServer
from sites.civitai_models import File, Model, Version, image
from sites.fixtures import Environment
from sites.server import json_page
from support import tiny

LEVELS = {"pg": 1, "pg13": 2, "r": 4, "x": 8, "xxx": 16}


def yes(question: Question) -> bool:
    assert question.site == "civitai"
    return True


def enrich(manager: ModelManager) -> list[Enriched]:
    return list(manager.enricher.run(manager.enricher.plan(), yes))


def installed(manager: ModelManager, folder: Path, fill: int = 1) -> tuple[str, bytes]:
    path = tiny.lora(folder / f"style{fill}.safetensors", fill)
    return manager.installer.install_path(path), path.read_bytes()


def offered(civitai: CivitaiServer, content: bytes, *images: Any, **fields: Any) -> Model:
    file = File(31, "whatever.safetensors", content, primary=True)
    return civitai.add(Model(3, [Version(30, [file], words=["cut"], images=images)], **fields))


def test_everything_that_is_said_arrives(
    environment: Environment, civitai: CivitaiServer, tmp_path: Path
) -> None:
    manager = environment.manager()
    key, content = installed(manager, tmp_path)
    offered(civitai, content, image(civitai.picture(1)))
    [told] = enrich(manager)
    config = manager.records.get_model(key)
    assert told.source == "civitai:3@30"
    assert config.trigger_phrases == ("cut",)
    assert "Made of paper" in (config.description or "")
    metadata = manager.records.get_metadata(key)
    assert isinstance(metadata, CivitaiMetadata)
    assert metadata.author == "somebody"
    assert metadata.tags == {"style", "paper"}
    assert manager.installer.library.preview_of(config) is not None


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("shown", LEVELS)
def test_the_setting_decides_which_pictures_are_fetched(
    level: str, shown: str, environment: Environment, civitai: CivitaiServer, tmp_path: Path
) -> None:
    manager = environment.manager(max_content_level=level)
    key, content = installed(manager, tmp_path)
    offered(civitai, content, image(civitai.picture(1), LEVELS[shown]))
    enrich(manager)
    has_one = manager.installer.library.preview_of(manager.records.get_model(key)) is not None
    assert has_one is (LEVELS[shown] <= LEVELS[level])
    assert len(civitai.requests("/image/")) == has_one


@pytest.mark.parametrize("mark", [{"minor": True}, {"poi": True}])
@pytest.mark.parametrize("is_of_model", [True, False])
def test_no_picture_of_minors_or_real_persons_is_ever_fetched(
    mark: dict[str, Any],
    is_of_model: bool,
    environment: Environment,
    civitai: CivitaiServer,
    tmp_path: Path,
) -> None:
    manager = environment.manager(max_content_level="xxx")
    key, content = installed(manager, tmp_path)
    picture = image(civitai.picture(1), **({} if is_of_model else mark))
    offered(civitai, content, picture, **(mark if is_of_model else {}))
    assert [one.status for one in enrich(manager)] == ["found"]
    assert manager.records.get_model(key).preview is None
    assert civitai.requests("/image/") == []


def test_where_it_is_not_known_whom_they_show_none_is_fetched(
    environment: Environment, civitai: CivitaiServer, tmp_path: Path
) -> None:
    manager = environment.manager()
    key, content = installed(manager, tmp_path)
    offered(civitai, content, image(civitai.picture(1)))
    civitai.serve("/api/v1/models", json_page({"items": [], "metadata": {}}))
    assert [one.status for one in enrich(manager)] == ["found"]
    assert manager.records.get_model(key).preview is None
    assert civitai.requests("/image/") == []


def test_a_hundred_and_twenty_models_are_four_requests(
    environment: Environment, civitai: CivitaiServer, tmp_path: Path
) -> None:
    manager = environment.manager()
    for number in range(1, 121):
        path = tiny.embedding(tmp_path / "many" / f"{number}.safetensors", number)
        manager.installer.register_path(path)
        file = File(number, "x.safetensors", path.read_bytes(), primary=True)
        civitai.add(Model(number, [Version(1000 + number, [file])], name=f"Model {number}"))
    told = enrich(manager)
    assert {one.status for one in told} == {"found"}
    assert len(told) == 120
    assert len(civitai.requests()) == 4
