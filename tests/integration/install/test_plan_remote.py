"""Plans of installs from the network: told from headers, nothing changed, nothing else fetched."""

from __future__ import annotations

import hashlib
import json
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from faults.pages import Page, status
from faults.server import FaultServer
from integration.world import World, open_world, snapshot
from modelkeep.core.metadata import HuggingFaceMetadata
from modelkeep.core.taxonomy import BaseModelType, ModelType
from modelkeep.errors import (
    ConnectionFailedError,
    CorruptModelError,
    DuplicateModelException,
    HttpStatusError,
    InvalidModelConfigException,
    UnknownModelError,
    UnsupportedSourceError,
    UsageError,
)
from modelkeep.http.urls import Token, origin_of
from modelkeep.identification.known_hashes import KNOWN_FILES, KnownFile
from modelkeep.install.plan import Plan
from modelkeep.install.planning import plan_remote
from modelkeep.sources.site import RemoteModel, Terms
from support import tiny
from support.remote import SOURCE, OneModel, paths, pipeline_folder, served, write


def plan(world: World, remote: RemoteModel, to: str | None = None, **config: Any) -> Plan:
    return plan_remote(world.service.library, OneModel(remote), remote.source, config, to=to)


def know_hashes(world: World, key: str) -> None:
    """Have the catalogue know the full hashes of a model, as after a check of the library."""
    library = world.service.library
    for file in world.records.files(key):
        content = library.path_of(file).read_bytes()
        world.records.set_file_hashes(
            key, file.path, sha256=hashlib.sha256(content).hexdigest(), hashed_at=time.time()
        )


def unknown(folder: Path) -> Path:
    return write(
        folder / "odd.safetensors", tiny.safetensors_bytes({"what.is.this": ("F32", (2, 2))})
    )


def test_a_plan_is_the_record_as_it_will_be(world: World, server: FaultServer) -> None:
    path = tiny.lora(world.downloads / "paper.safetensors", metadata={"ss_tag_frequency": "{}"})
    metadata = HuggingFaceMetadata.model_validate(
        {"id": "someone/something", "name": "something", "author": "someone", "tags": set(),
         "tag_dict": {}, "last_modified": "2024-01-01T00:00:00Z", "files": []}
    )  # fmt: skip
    remote = served(
        server,
        path,
        name="Paper cut",
        fields={"description": "Cut out of paper", "trigger_phrases": ("paper cut",),
                "lineage": "pony", "size": 3, "nonsense": 1},
        base_hint="SD 1.5",
        type_hint="LORA",
        metadata=metadata,
        terms=Terms(licence="openrail", commercial=False, gated=True),
        needs_token=True,
        notes=("Using full precision.",),
    )  # fmt: skip
    before = snapshot(world.settings.root)
    planned = plan(world, remote)
    assert snapshot(world.settings.root) == before
    config, _ = planned.require_known()
    assert (config.type, config.base, config.format) == ("lora", "sd-1", "lycoris")
    assert (config.name, config.description) == ("Paper cut", "Cut out of paper")
    assert (config.trigger_phrases, config.lineage) == (("paper cut",), "pony")
    assert config.source == str(SOURCE)
    assert config.size == planned.total_bytes == planned.needed_bytes == path.stat().st_size
    assert "SD 1.5, LORA" in config.evidence[-1].detail
    assert planned.metadata is metadata
    assert planned.target == world.models / "sd-1" / "lora" / "paper.safetensors"
    assert config.path == "sd-1/lora/paper.safetensors"
    assert len(server.requests) == 1
    told = str(planned)
    for words in ("LoRA for SD 1", "Paper cut", "openrail, commercial use not allowed",
                  "needed, not set", "Using full precision."):  # fmt: skip
        assert words in told
    value = json.loads(json.dumps(planned.to_json()))
    local = world.service.plan(str(path)).to_json()
    assert set(local) == set(value)
    assert (value["type"], value["bytes"], value["needs_token"]) == ("lora", config.size, True)
    assert (value["licence"], value["commercial_use"], value["error"]) == ("openrail", False, None)


def test_what_the_caller_says_wins(world: World, server: FaultServer) -> None:
    path = tiny.lora(world.downloads / "paper.safetensors")
    remote = served(server, path, fields={"description": "theirs"})
    config = plan(world, remote, name="mine", base="sdxl", description="ours").require_known()[0]
    assert (config.name, config.base, config.description) == ("mine", "sdxl", "ours")
    with pytest.raises(InvalidModelConfigException, match="unknown base"):
        plan(world, remote, base="sd-99")


def test_the_key_of_another_model_is_refused(world: World, server: FaultServer) -> None:
    key = world.service.install_path(tiny.embedding(world.downloads / "one.safetensors"))
    remote = served(server, tiny.lora(world.downloads / "paper.safetensors"))
    with pytest.raises(DuplicateModelException, match=key):
        plan(world, remote, key=key)


def test_a_folder_is_planned_by_its_configs(world: World, server: FaultServer) -> None:
    remote = served(server, pipeline_folder(world.downloads / "tiny-sd"))
    planned = plan(world, remote)
    assert planned.target == world.models / "sd-1" / "main" / "tiny-sd"
    assert planned.require_known()[0].repo_variant == "fp16"
    assert all(path.endswith(".json") for path in paths(server))


def test_a_taken_name_gets_a_suffix(world: World, server: FaultServer) -> None:
    path = tiny.lora(world.downloads / "paper.safetensors")
    world.service.install_path(path)
    other = tiny.lora(world.downloads / "other" / "paper.safetensors", fill=1)
    planned = plan(world, served(server, other))
    assert planned.target is not None
    assert planned.target.parent == world.models / "sd-1" / "lora"
    assert planned.target.name != "paper.safetensors"
    assert planned.same_as is None


def test_an_unknown_model_is_a_plan_that_says_why(world: World, server: FaultServer) -> None:
    remote = served(server, unknown(world.downloads))
    planned = plan(world, remote)
    assert isinstance(planned.error, UnknownModelError)
    assert (planned.identified, planned.config, planned.target) == (None, None, None)
    assert "is not recognised" in str(planned)
    value = planned.to_json()
    assert (value["type"], value["target"]) == ("unknown", None)
    assert value["error"]["kind"] == "UnknownModelError"
    with pytest.raises(UnknownModelError):
        planned.require_known()
    given = plan(world, remote, type="lora", base="sdxl")
    assert given.error is None
    assert given.target == world.models / "sdxl" / "lora" / "odd.safetensors"


def test_a_refusal_of_the_site_is_part_of_the_plan(world: World, server: FaultServer) -> None:
    path = tiny.lora(world.downloads / "paper.safetensors")
    remote = served(server, path, needs_token=True)
    server.serve("/paper.safetensors/paper.safetensors", status(401))
    planned = plan(world, remote)
    assert isinstance(planned.error, HttpStatusError)
    assert planned.refusal is planned.error
    assert planned.total_bytes == path.stat().st_size
    assert not planned.has_token
    token = Token("s3cret", origin_of(remote.files[0].url))
    assert "s3cret" not in str(plan(world, replace(remote, token=token)))


def test_what_cannot_be_looked_into_is_told_after_the_download(
    world: World, server: FaultServer
) -> None:
    path = tiny.lora(world.downloads / "paper.safetensors")
    remote = served(server, path, has_sizes=False)
    page = Page(path.read_bytes(), ranges=False, chunked=True)
    server.serve("/paper.safetensors/paper.safetensors", page)
    planned = plan(world, remote)
    assert isinstance(planned.error, UnsupportedSourceError)
    assert planned.refusal is None
    assert planned.total_bytes is None
    assert "unknown size" in str(planned)
    assert "known after the download" in str(planned)
    assert plan(world, remote, type="lora").error is None


def test_a_connection_that_always_breaks_gives_no_plan(world: World, server: FaultServer) -> None:
    path = tiny.lora(world.downloads / "paper.safetensors")
    remote = served(server, path)
    server.serve("/paper.safetensors/paper.safetensors", Page(path.read_bytes(), cut_at=10))
    with pytest.raises(ConnectionFailedError):
        plan(world, remote)


def test_empty_weights_are_planned_when_nothing_is_verified(
    tmp_path: Path, server: FaultServer
) -> None:
    folder = pipeline_folder(tmp_path / "tiny-sd")
    for weights in folder.rglob("*.safetensors"):
        weights.write_bytes(b"")
    remote = served(server, folder)
    for verify, error in (("strict", CorruptModelError), ("off", type(None))):
        opened = open_world(tmp_path / verify, verify=verify)
        try:
            assert isinstance(plan(opened, remote).error, error)
        finally:
            opened.close()


def test_an_unknown_root_is_refused_before_the_site_is_asked(
    world: World, server: FaultServer
) -> None:
    remote = served(server, tiny.lora(world.downloads / "paper.safetensors"))
    with pytest.raises(UsageError, match="nowhere"):
        plan(world, remote, to="nowhere")
    assert not server.requests


class TestTheSameModel:
    def test_a_file_is_found_by_its_full_hash(self, world: World, server: FaultServer) -> None:
        path = tiny.lora(world.downloads / "paper.safetensors")
        key = world.service.install_path(path)
        know_hashes(world, key)
        other = path.rename(path.with_name("by another name.safetensors"))
        planned = plan(world, served(server, other))
        assert planned.same_as == key
        assert planned.needed_bytes == 0
        assert key in str(planned)

    def test_one_that_was_changed_since_is_not(self, world: World, server: FaultServer) -> None:
        path = tiny.lora(world.downloads / "paper.safetensors")
        key = world.service.install_path(path)
        know_hashes(world, key)
        place = world.place(key)
        place.write_bytes(place.read_bytes()[:-1] + b"!")
        assert plan(world, served(server, path)).same_as is None

    def test_other_bytes_of_the_same_size_are_not(self, world: World, server: FaultServer) -> None:
        key = world.service.install_path(tiny.lora(world.downloads / "paper.safetensors"))
        know_hashes(world, key)
        other = tiny.lora(world.downloads / "other.safetensors", fill=1)
        assert plan(world, served(server, other)).same_as is None

    def test_a_folder_needs_every_file(self, world: World, server: FaultServer) -> None:
        path = pipeline_folder(world.downloads / "tiny-sd")
        key = world.service.install_path(path, {"source": str(SOURCE)})
        know_hashes(world, key)
        remote = served(server, path)
        assert plan(world, remote).same_as == key
        fewer = tuple(file for file in remote.files if not file.path.startswith("vae/"))
        assert plan(world, replace(remote, files=fewer)).same_as is None

    def test_small_files_without_a_hash_count_for_the_same_source_alone(
        self, world: World, server: FaultServer
    ) -> None:
        path = pipeline_folder(world.downloads / "tiny-sd")
        key = world.service.install_path(path)
        know_hashes(world, key)
        assert plan(world, served(server, path)).same_as is None


def test_the_hash_that_a_site_states_tells_which_published_file_it_is(
    world: World, server: FaultServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tiny.lora(world.downloads / "some.safetensors")
    sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
    known = KnownFile(
        "Harbour", "a list", BaseModelType.StableDiffusion1, "harbour", type=ModelType.Lora
    )
    monkeypatch.setitem(KNOWN_FILES, sha256, known)

    remote = served(server, path)

    made = plan(world, remote)
    job = world.service.import_model(remote.source, plan=made)
    world.service.wait_for_installs()

    assert made.identified is not None
    assert made.identified.lineage == "harbour"
    assert job.complete, job.error
    [record] = world.records.all_models()
    assert record.lineage == "harbour"
    assert [reason.kind for reason in record.evidence].count("hash") == 1


@pytest.mark.parametrize("ends", ["plan", "install"])
def test_what_the_site_says_against_the_tensors_is_shown(
    ends: str, world: World, server: FaultServer
) -> None:
    path = tiny.lora(world.downloads / "some.safetensors")
    remote = served(server, path, base_hint="Pony", type_hint="LORA", site_label="Civitai")
    because = "Civitai says Pony, LORA; the tensors say SD 1 and decide"
    made = plan(world, remote)
    if ends == "plan":
        assert made.config is not None
        assert made.config.base == "sd-1"
        assert f"because {because}" in str(made)
        assert {"kind": "metadata", "detail": because} in made.to_json()["evidence"]
        return
    world.service.import_model(remote.source, plan=made)
    world.service.wait_for_installs()
    [record] = world.records.all_models()
    assert [reason.detail for reason in record.evidence].count(because) == 1


def test_the_site_tells_the_base_that_the_tensors_leave_open(
    world: World, server: FaultServer
) -> None:
    path = tiny.embedding(world.downloads / "some.safetensors")
    module = "lora_te1_text_model_encoder_layers_0_self_attn_q_proj"
    names = {f"{module}.lora_down.weight": (4, 768), f"{module}.lora_up.weight": (768, 4)}
    path.write_bytes(tiny.safetensors_bytes({n: ("F16", shape) for n, shape in names.items()}))

    assert plan(world, served(server, path)).config is None
    config, _ = plan(world, served(server, path, base_hint="SDXL 1.0")).require_known()

    assert config.base == "sdxl"
    assert any("its site says SDXL 1.0" in reason.detail for reason in config.evidence)
