"""What others say of a model is not what was computed of it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from integration.world import World
from modelkeep import CivitaiModelSource, LocalModelSource, ModelManager
from modelkeep.core.configs import ModelConfigBase
from modelkeep.library.verify import Verdict, verify_model
from modelkeep.scan.scanner import ScanAction
from sites.civitai import CivitaiServer
from sites.civitai_models import File, Model, Version
from sites.models import sdxl_lora
from support import tiny
from support.waiting import PATIENCE

OTHER = "ab" * 32

Write = Callable[[Path, int, str], None]


def civitai_info(model: Path, size: int, sha256: str) -> None:
    file = {"name": "x.safetensors", "sizeKB": size / 1024, "hashes": {"SHA256": sha256.upper()}}
    answer = {
        "id": 22, "modelId": 11, "name": "v2", "trainedWords": ["said"],
        "model": {"name": "Said"}, "files": [file],
    }  # fmt: skip
    model.with_suffix(".civitai.info").write_text(json.dumps(answer))


def lora_manager(model: Path, size: int, sha256: str) -> None:
    said: dict[str, Any] = {
        "file_name": model.stem, "model_name": "Said", "file_path": model.name, "size": size,
        "sha256": sha256, "trainedWords": ["said"], "civitai": {"id": 22, "modelId": 11},
    }  # fmt: skip
    model.with_suffix(".metadata.json").write_text(json.dumps(said))


def stability_matrix(model: Path, size: int, sha256: str) -> None:
    del size  # it has no field for that
    said = {
        "ModelId": 11, "VersionId": 22, "ModelName": "Said", "TrainedWords": ["said"],
        "Hashes": {"SHA256": sha256},
    }  # fmt: skip
    model.with_suffix(".cm-info.json").write_text(json.dumps(said))


def rgthree(model: Path, size: int, sha256: str) -> None:
    said = {
        "name": "Said", "sha256": sha256, "size": size, "trainedWords": [{"word": "said"}],
        "links": ["https://civitai.com/models/11?modelVersionId=22"],
    }  # fmt: skip
    model.with_name(f"{model.name}.rgthree-info.json").write_text(json.dumps(said))


ALL = [civitai_info, lora_manager, stability_matrix, rgthree]


def registered(world: World, model: Path) -> ModelConfigBase:
    [finding] = world.service.scanner.scan(model, action=ScanAction.REGISTER)
    return world.records.get_model(finding.key or "")


def in_place(world: World, model: Path) -> ModelConfigBase:
    job = world.service.import_model(LocalModelSource(path=model, inplace=True))
    world.service.wait_for_installs(PATIENCE)
    assert job.config_out is not None, job.error
    return job.config_out


def copied(world: World, model: Path) -> ModelConfigBase:
    return world.records.get_model(world.service.install_path(model))


WAYS = [registered, in_place, copied]


def size_of(model: Path) -> int:
    return model.stat().st_size


def sha256_of(model: Path) -> str:
    return hashlib.sha256(model.read_bytes()).hexdigest()


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("write", ALL)
def test_a_sidecar_with_another_hash_is_about_another_file(
    world: World, write: Write, way: Callable[[World, Path], ModelConfigBase]
) -> None:
    model = tiny.lora(world.downloads / "ink.safetensors")
    write(model, size_of(model), OTHER)
    record = way(world, model)
    assert (record.name, record.trigger_phrases) == ("ink", ())
    assert "civitai" not in (record.source or "")
    assert OTHER not in record.model_dump_json()


@pytest.mark.parametrize("write", [civitai_info, lora_manager, rgthree])
def test_a_sidecar_with_another_size_is_about_another_file(world: World, write: Write) -> None:
    model = tiny.lora(world.downloads / "ink.safetensors")
    write(model, size_of(model) + 1024, "")
    record = registered(world, model)
    assert (record.name, record.trigger_phrases) == ("ink", ())


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("write", ALL)
def test_a_stated_hash_is_stored_as_stated(
    world: World, write: Write, way: Callable[[World, Path], ModelConfigBase]
) -> None:
    model = tiny.lora(world.downloads / "ink.safetensors")
    write(model, size_of(model), sha256_of(model))
    record = way(world, model)
    assert record.trigger_phrases == ("said",)
    assert record.name.startswith("Said")
    assert [file.sha256 for file in world.records.files(record.key)] == [None]
    stated = [reason for reason in record.evidence if reason.kind == "hash"]
    assert [sha256_of(model) in reason.detail for reason in stated] == [True]
    again = world.service.reidentify(record.key)
    assert stated == [reason for reason in again.evidence if reason.kind == "hash"]


def test_a_model_with_a_stated_hash_alone_was_never_verified(world: World) -> None:
    model = tiny.lora(world.downloads / "ink.safetensors")
    civitai_info(model, size_of(model), sha256_of(model))
    key = registered(world, model).key
    first = verify_model(world.service.library, key, with_sha256=True)
    assert first.verdict is Verdict.NEW
    assert verify_model(world.service.library, key).verdict is Verdict.OK


def test_no_download_is_skipped_because_of_a_stated_hash(
    manager: ModelManager, civitai: CivitaiServer, tmp_path: Path
) -> None:
    content = sdxl_lora()
    civitai.add(Model(11, [Version(21, [File(31, "paper.safetensors", content, primary=True)])]))
    model = tmp_path / "there.safetensors"
    model.write_bytes(content)
    civitai_info(model, len(content), hashlib.sha256(content).hexdigest())
    key = manager.installer.scan_directory(tmp_path)[0]
    source = CivitaiModelSource(version_id=21)
    assert manager.installer.plan(source).same_as is None
    read = civitai.body_bytes(content)
    job = manager.installer.import_model(source)
    manager.installer.wait_for_installs(PATIENCE)
    assert civitai.body_bytes(content) == read + len(content)
    assert job.same_as == key, "its bytes are the same, as computing has shown"


@pytest.mark.parametrize("is_right", [True, False])
def test_a_blob_that_is_not_what_its_name_says_is_of_no_repository(
    world: World, tmp_path: Path, *, is_right: bool
) -> None:
    repo = tmp_path / "hub" / "models--acme--ink"
    snapshot = repo / "snapshots" / ("1" * 40)
    snapshot.mkdir(parents=True)
    model = tiny.lora(tmp_path / "made.safetensors")
    blob = repo / "blobs" / (sha256_of(model) if is_right else OTHER)
    blob.parent.mkdir()
    model.rename(blob)
    (snapshot / "x.safetensors").symlink_to(Path("../../blobs") / blob.name)
    findings = world.service.scanner.scan(tmp_path / "hub", action=ScanAction.REGISTER)
    [record] = [world.records.get_model(each.key) for each in findings if each.key]
    assert (record.source == "acme/ink", record.name == "ink") == (is_right, is_right)
    assert [file.sha256 for file in world.records.files(record.key)] == [None]
