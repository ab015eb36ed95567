"""Only files of the library's own folder on a lasting disk are mapped, unless the user says so."""

from __future__ import annotations

from pathlib import Path

import pytest

from modelkeep.load.map_policy import MAP_FROM_BYTES, MapPolicy, MapWeights


@pytest.fixture
def models(tmp_path: Path) -> Path:
    folder = tmp_path / "models"
    (folder / "sub").mkdir(parents=True)
    (folder / "sub/m.safetensors").touch()
    (tmp_path / "outside.safetensors").touch()
    (folder / "link.safetensors").symlink_to(tmp_path / "outside.safetensors")
    return folder


def policy(setting: str, models: Path, *, is_local: bool = True) -> MapPolicy:
    return MapPolicy(MapWeights(setting), models, lambda _: is_local)


def test_auto_maps_large_parts_of_its_own_files(models: Path) -> None:
    own = models / "sub/m.safetensors"
    assert policy("auto", models).may_map(own, MAP_FROM_BYTES)
    assert not policy("auto", models).may_map(own, MAP_FROM_BYTES - 1)
    assert not policy("auto", models, is_local=False).may_map(own, MAP_FROM_BYTES)
    for other in (models.parent / "outside.safetensors", models / "link.safetensors"):
        assert not policy("auto", models).may_map(other, MAP_FROM_BYTES)


def test_a_link_to_the_folder_leads_into_it(models: Path) -> None:
    linked = models.parent / "linked"
    linked.symlink_to(models)
    assert policy("auto", linked).may_map(models / "sub/m.safetensors", MAP_FROM_BYTES)
    assert policy("auto", models).may_map(linked / "sub/m.safetensors", MAP_FROM_BYTES)


def test_the_setting_overrides(models: Path) -> None:
    outside = models.parent / "outside.safetensors"
    assert policy("always", models, is_local=False).may_map(outside, 1)
    assert not policy("never", models).may_map(models / "sub/m.safetensors", MAP_FROM_BYTES)
