"""What an address names is what is installed, and what it cannot name is said."""

from __future__ import annotations

from pathlib import Path

import pytest

from sites.civitai import CivitaiServer
from sites.civitai_models import File, Model, Version
from sites.fixtures import Environment
from sites.hub import HubServer
from sites.models import sdxl_lora

SMALL, LARGE, BAD = (sdxl_lora(fill=number) for number in range(3))
FILES = (
    File(31, "paper-small.safetensors", SMALL, size="pruned", fp="fp16", primary=True),
    File(32, "paper-large.safetensors", LARGE, size="full", fp="fp32"),
    File(33, "bad-paper.safetensors", BAD, type="Negative"),
    File(34, "paper.yaml", b"model:", type="Config", format="Other"),
    File(35, "pictures.zip", b"PK", type="Training Data", format="Other"),
)


@pytest.fixture
def paper(civitai: CivitaiServer) -> Model:
    old = Version(20, [File(30, "old.safetensors", sdxl_lora(fill=3), primary=True)], "v0")
    return civitai.add(Model(11, [Version(21, FILES, "v1", base="SDXL 1.0"), old]))


@pytest.mark.parametrize(
    ("source", "content"),
    [
        ("civitai:11", SMALL),
        ("https://civitai.com/models/11?modelVersionId=21&fileId=32", LARGE),
        ("https://civitai.com/api/download/models/21?type=Model&fileId=32", LARGE),
        ("https://civitai.com/api/download/models/21?type=Model&fp=fp32", LARGE),
        ("urn:air:sdxl:lora:civitai:11@21+33", BAD),
        ("civitai:11@21+32", LARGE),
        ("https://civitai.com/models/11/paper?version=20", sdxl_lora(fill=3)),
    ],
)
def test_the_very_file_is_installed(
    environment: Environment, paper: Model, source: str, content: bytes
) -> None:
    del paper
    environment.program.call("install", source, "--yes")
    [model] = environment.program.call("list", "--json").json
    assert (environment.root / "models" / model["path"]).read_bytes() == content


def test_the_plan_lists_files_that_fit_alike(environment: Environment, paper: Model) -> None:
    del paper
    planned = environment.program.call("install", "civitai:11", "--dry-run", "--json").only
    assert [(one["source"], one["name"]) for one in planned["choices"]] == [
        ("civitai:11@21+31", "paper-small.safetensors"),
        ("civitai:11@21+32", "paper-large.safetensors"),
    ]
    text = environment.program.call("install", "civitai:11", "--dry-run").out
    assert "choice  civitai:11@21+32  paper-large.safetensors (Model SafeTensor full fp32" in text
    for name in ("bad-paper.safetensors", "civitai:11@21+33", "paper.yaml", "pictures.zip"):
        assert name in text


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("civitai:11", "--subfolder", "unet"), "--subfolder does not apply to civitai:11"),
        (("civitai:11@99",), "version 99"),
        (("civitai:11@21+99",), "has no file 99"),
        (("civitai:11@21:nf4",), "has no nf4 file"),
        (("civitai:11@21+35",), "is not a model: Training Data"),
        (("https://huggingface.co/me/cut/discussions/3",), "a discussion or pull request"),
        (("https://modelscope.cn/models/me/cut/feedback",), "not the page of a model"),
    ],
)
def test_what_is_not_there_is_said(
    environment: Environment, paper: Model, words: tuple[str, ...], says: str
) -> None:
    del paper
    result = environment.program.call("install", *words, "--yes", status=1)
    assert says in result.err


def test_a_folder_of_a_file_of_this_disk_is_said(environment: Environment, tmp_path: Path) -> None:
    model = tmp_path / "ink.safetensors"
    model.write_bytes(SMALL)
    result = environment.program.call("install", str(model), "--subfolder", "unet", status=1)
    assert "--subfolder does not apply" in result.err


def test_early_access_is_said_with_what_is_free(
    environment: Environment, civitai: CivitaiServer
) -> None:
    new = Version(22, [File(40, "new.safetensors", LARGE)], "v2", early_access="2099-01-02")
    old = Version(21, [File(31, "paper.safetensors", SMALL)], "v1")
    civitai.add(Model(11, [new, old]))
    text = environment.program.call("install", "civitai:11", "--dry-run", status=None)
    assert "in early access until 2099-01-02" in text.out + text.err
    assert "Its version v1 is free: civitai:11@21" in text.out + text.err
    refused = environment.program.call("install", "civitai:11", "--json", status=1)
    assert "Its version v1 is free: civitai:11@21" in refused.err


def test_a_variant_that_a_repository_has_not_is_said(
    environment: Environment, hub: HubServer
) -> None:
    hub.add("me/cut", {"cut.safetensors": SMALL, "more.zip": b"PK"})
    plain = environment.program.call("install", "me/cut", "--dry-run", "--json").only
    assert plain["remarks"] == ["Further files of this repository: more.zip"]
    wish = environment.program.call("install", "me/cut:fp16", "--dry-run", "--json").only
    assert "No fp16 variant of cut.safetensors: using full precision." in wish["remarks"]


def test_models_beside_each_other_are_named(environment: Environment, hub: HubServer) -> None:
    hub.add("me/cuts", {"one.safetensors": SMALL, "two.safetensors": LARGE})
    result = environment.program.call("install", "me/cuts", "--yes", status=1)
    assert "me/cuts/one.safetensors, me/cuts/two.safetensors" in result.err
    hub.add("me/zipped", {"cut.zip": b"PK"})
    result = environment.program.call("install", "me/zipped", "--yes", status=1)
    assert "only archives: cut.zip" in result.err


def test_a_file_without_a_suffix_can_be_named(environment: Environment, hub: HubServer) -> None:
    hub.add("me/cut", {"weights/cut": SMALL, "README.md": b"# Cut"})
    environment.program.call("install", f"{hub.endpoint}/me/cut/resolve/main/weights/cut", "--yes")
    [model] = environment.program.call("list", "--json").json
    assert model["path"].endswith("/cut.safetensors")
