"""Installs from Civitai: what is said of a model comes with it, and refusals are explained."""

from __future__ import annotations

import pytest

from modelkeep import CivitaiMetadata, CivitaiModelSource, ModelInstallJob, ModelManager
from modelkeep.library.previews import preview_place
from sites.civitai import CivitaiServer
from sites.civitai_models import File, Model, Version, image
from sites.fixtures import Environment
from sites.models import sdxl_lora
from sites.server import FILE_HOST
from support.waiting import PATIENCE

LORA = sdxl_lora()
SECRET = "planted-civitai-secret"


def add(civitai: CivitaiServer, **fields: object) -> Model:
    version = {"words": ["paper cut"], "base": "SDXL 1.0", "images": [image(civitai.picture(7))]}
    more = {name: fields.pop(name) for name in list(fields) if name in Version.__annotations__}
    file = File(31, "paper.safetensors", LORA, primary=True)
    return civitai.add(Model(11, [Version(21, [file], **{**version, **more})], **fields))  # type: ignore[arg-type]


def installed(manager: ModelManager, source: object) -> ModelInstallJob:
    job = manager.installer.import_model(source)  # type: ignore[arg-type]
    manager.installer.wait_for_installs(PATIENCE)
    assert job.is_settled
    return job


@pytest.mark.parametrize(
    "source",
    [
        CivitaiModelSource(version_id=21),
        "https://civitai.com/models/11/paper-cut",
        "https://civitai.red/models/11?modelVersionId=21",
        "https://civitai.com/api/download/models/21",
        "urn:air:sdxl:lora:civitai:11@21",
    ],
)
def test_whatever_is_pasted_is_installed_with_what_is_said(
    manager: ModelManager, civitai: CivitaiServer, source: object
) -> None:
    add(civitai)
    job = installed(manager, source)
    assert job.complete, job.error
    record = job.config_out
    assert record is not None
    assert (record.type, record.base, record.source) == ("lora", "sdxl", "civitai:11@21")
    assert record.trigger_phrases == ("paper cut",)
    assert record.description == "Made of paper."
    metadata = manager.records.get_metadata(record.key)
    assert isinstance(metadata, CivitaiMetadata)
    assert metadata.author == "somebody"
    assert manager.metadata.search_by_author("somebody") == {record.key}
    assert manager.metadata.search_by_name("Paper Cut") == {record.key}
    assert manager.metadata.search_by_tag({"paper", "style"}) == {record.key}
    top = manager.installer.library.path_of(record)
    picture = preview_place(record, top)
    assert picture is not None
    assert picture.read_bytes()[:3] == b"\xff\xd8\xff"
    assert civitai.body_bytes(LORA) == len(LORA)


def test_a_picture_that_does_not_come_fails_nothing(
    manager: ModelManager, civitai: CivitaiServer
) -> None:
    broken = civitai.picture(8, b"<svg onload=alert(1)>")
    add(civitai, images=[image(broken)])
    job = installed(manager, CivitaiModelSource(version_id=21))
    assert job.complete, job.error
    assert job.config_out is not None
    assert job.config_out.preview is None


def test_a_login_page_is_told_for_what_it_is(manager: ModelManager, civitai: CivitaiServer) -> None:
    add(civitai, needs_login=True)
    civitai.shows_login = True
    job = installed(manager, CivitaiModelSource(version_id=21))
    assert job.errored
    assert "login page" in str(job.exception)
    assert "token" in job.hint
    assert manager.records.all_models() == []


def test_a_refusal_says_that_a_token_is_needed(
    manager: ModelManager, civitai: CivitaiServer, environment: Environment
) -> None:
    add(civitai, needs_login=True)
    job = installed(manager, CivitaiModelSource(version_id=21))
    assert job.errored
    assert job.error_type == "HTTPError"
    assert "logged in" in str(job.exception)
    assert "token" in job.hint
    civitai.tokens.add(SECRET)
    manager.tokens.set("civitai", SECRET)
    again = manager.installer.control.retry(job.id)
    manager.installer.wait_for_installs(PATIENCE)
    assert again.complete, again.error
    assert civitai.saw(SECRET, FILE_HOST) == []
    told = environment.program.call("jobs", "--json").out
    assert SECRET not in told


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"early_access": "2026-12-01T00:00:00Z"}, "Early Access"),
        ({"usage": "InternalGeneration"}, "disabled downloads"),
    ],
)
def test_what_nobody_gets(
    manager: ModelManager, civitai: CivitaiServer, fields: dict[str, object], words: str
) -> None:
    add(civitai, **fields)
    job = installed(manager, CivitaiModelSource(version_id=21))
    assert job.errored
    assert words in str(job.exception)
    assert job.hint


def test_the_plan_shows_licence_and_words(environment: Environment, civitai: CivitaiServer) -> None:
    add(civitai, commercial="{Image}", credit=False)
    told = environment.program.call("install", "--dry-run", "civitai:11@21").out
    assert "LoRA for SDXL" in told
    assert "name the creator" in told
    assert "commercial use allowed" in told
    assert "paper cut" in told
    environment.program.call("install", "civitai:11@21", "-q")
    told = environment.program.call("show", "Paper Cut v1.0").out
    assert "name the creator" in told
    assert "paper cut" in told


def test_a_search_gives_numbers_that_install_takes(
    environment: Environment, manager: ModelManager, civitai: CivitaiServer
) -> None:
    add(civitai)
    told = environment.program.call("search", "paper", "--site", "civitai").out
    assert "Paper Cut" in told
    environment.program.call("install", "1", "-q")
    [record] = manager.records.all_models()
    assert record.source == "civitai:11@21"
