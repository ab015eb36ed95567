"""Identifying a recorded model again: what the file says is updated, what people set stays."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from modelkeep import ModelManager, Settings
from modelkeep.core.configs import ModelConfigBase
from modelkeep.core.taxonomy import BaseModelType, SchedulerPredictionType
from modelkeep.identification.known_hashes import KNOWN_FILES, KnownFile
from modelkeep.sources.sidecars.civitai import metadata_of
from sample_models import SD2, SDXL, ldm_unet, typed, write_safetensors
from support import tiny
from support.published import published

_NOOBAI = "ea349eeae87ca8d25ba902c93810f7ca83e5c82f920edf12f273af004ae02819"


@pytest.fixture
def manager(tmp_path: Path) -> ModelManager:
    return ModelManager(Settings(root=tmp_path / "root"))


def _install(manager: ModelManager, root: Path, **fields: Any) -> str:
    tensors = typed(ldm_unet(SDXL), prefix="model.diffusion_model.")
    path = write_safetensors(root / "some-model.safetensors", tensors)
    return manager.installer.register_path(path, fields)


@pytest.mark.parametrize(
    "changes",
    [
        {"prediction_type": "v_prediction"},
        {"variant": "inpaint"},
        {"base": "kolors"},
        {"lineage": "pony"},
        {"upcast_attention": True},
        {"quantization": "fp8_e4m3"},
    ],
)
@pytest.mark.parametrize("how", ["edit", "records", "install"])
def test_what_people_set_stays(
    changes: Mapping[str, Any], how: str, manager: ModelManager, tmp_path: Path
) -> None:
    key = _install(manager, tmp_path, **(changes if how == "install" else {}))
    if how == "edit":
        manager.installer.edit(key, changes)
    elif how == "records":
        manager.records.update_model(key, changes)

    for _ in range(2):
        config = manager.installer.reidentify(key)
        assert {name: getattr(config, name) for name in changes} == changes

    config = manager.installer.reidentify(key, reset=True)
    assert all(getattr(config, name) != value for name, value in changes.items())


def test_what_people_cleared_stays_cleared(manager: ModelManager, tmp_path: Path) -> None:
    tensors = typed(ldm_unet(SDXL)) | typed({"v_pred": ()})
    path = write_safetensors(tmp_path / "some-model.safetensors", tensors)
    key = manager.installer.register_path(path)
    assert _predicts(manager, key) == "v_prediction"

    manager.installer.edit(key, {"prediction_type": None})
    manager.installer.reidentify(key)

    assert _predicts(manager, key) is None


def test_what_a_hint_beside_the_file_told_is_not_lost_with_it(
    manager: ModelManager, tmp_path: Path
) -> None:
    config = tmp_path / "some-model.yaml"
    config.write_text("model:\n  params:\n    parameterization: v\n")
    key = _install(manager, tmp_path)
    config.unlink()

    manager.installer.reidentify(key)

    assert _predicts(manager, key) == "v_prediction"


def test_a_record_has_no_prediction_without_evidence(manager: ModelManager, tmp_path: Path) -> None:
    assert _predicts(manager, _install(manager, tmp_path)) is None


def test_a_published_file_is_known_by_its_stored_hash(
    manager: ModelManager, tmp_path: Path
) -> None:
    key = _with_hash(manager, tmp_path, _NOOBAI)

    for _ in range(2):
        config = manager.installer.reidentify(key)
        reasons = [reason.detail for reason in config.evidence if reason.kind == "hash"]
        assert (config.lineage, _predicts(manager, key)) == ("noobai", "v_prediction")
        assert [("NoobAI-XL V-Pred 1.0" in reason) for reason in reasons] == [True]


def test_what_people_set_wins_over_a_known_hash(manager: ModelManager, tmp_path: Path) -> None:
    key = _with_hash(manager, tmp_path, _NOOBAI)
    manager.installer.edit(key, {"lineage": "pony", "prediction_type": "epsilon"})
    config = manager.installer.reidentify(key)
    assert (config.lineage, _predicts(manager, key)) == ("pony", "epsilon")


def test_a_hash_of_earlier_bytes_tells_nothing(manager: ModelManager, tmp_path: Path) -> None:
    key = _with_hash(manager, tmp_path, _NOOBAI, mtime_ns=1)
    assert manager.installer.reidentify(key).lineage is None


def test_a_known_hash_never_outweighs_the_tensors(manager: ModelManager, tmp_path: Path) -> None:
    path = tiny.lora(tmp_path / "some-lora.safetensors")
    key = manager.installer.register_path(path)
    [row] = manager.records.files(key)
    before = manager.records.get_model(key)
    manager.records.set_files(key, [replace(row, sha256=_NOOBAI)])
    after = manager.installer.reidentify(key)
    assert (after.type, after.base, after.lineage) == (before.type, before.base, before.lineage)
    [told] = set(after.evidence) - set(before.evidence)
    assert told.detail.endswith("; the tensors say LoRA for SD 1 and decide")


def test_what_its_site_said_is_still_told(manager: ModelManager, tmp_path: Path) -> None:
    key = _install(manager, tmp_path)
    answer = published("api", "RepoCivitaiVersionMetadata1.json").read_bytes()
    version = {**json.loads(answer), "baseModel": "Illustrious"}
    metadata = metadata_of(version)
    assert metadata is not None
    manager.records.metadata_store.add_metadata(key, metadata)

    for _ in range(2):
        config = manager.installer.reidentify(key)
        assert config.lineage == "illustrious"
        details = [reason.detail for reason in config.evidence]
        assert details.count("Civitai says Illustrious") == 1


def test_a_known_hash_settles_which_config_a_model_of_sd_2_needs(
    manager: ModelManager, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = KnownFile(
        "Harbour 768",
        "a list",
        BaseModelType.StableDiffusion2,
        prediction_type=SchedulerPredictionType.VPrediction,
    )
    monkeypatch.setitem(KNOWN_FILES, _NOOBAI, known)
    path = write_safetensors(
        tmp_path / "harbour.safetensors", typed(ldm_unet(SD2), prefix="model.diffusion_model.")
    )
    key = manager.installer.register_path(path)
    [row] = manager.records.files(key)
    manager.records.set_files(key, [replace(row, sha256=_NOOBAI)])

    config = manager.installer.reidentify(key).to_json()

    assert (config["prediction_type"], config["upcast_attention"]) == ("v_prediction", True)


def _with_hash(manager: ModelManager, root: Path, sha256: str, **changes: Any) -> str:
    key = _install(manager, root)
    [row] = manager.records.files(key)
    manager.records.set_files(key, [replace(row, sha256=sha256, **changes)])
    return key


def _predicts(manager: ModelManager, key: str) -> str | None:
    record: ModelConfigBase = manager.records.get_model(key)
    found: str | None = getattr(record, "prediction_type", "no such field")
    return found
