"""What a model's file is called on the disk: as a person would call it, with a suffix."""

from __future__ import annotations

from pathlib import Path

import pytest

from faults.pages import Page
from faults.server import FaultServer
from modelkeep import ModelManager
from sites.fixtures import Environment
from sites.hub import HubServer
from sites.models import sdxl_lora
from support import tiny
from tree_models import torch_embedding

LORA = sdxl_lora()


def installed(environment: Environment, source: str, *options: str) -> tuple[str, str]:
    """Install a source by the command line; return the name of its file and of its record."""
    environment.program.call("install", source, "--yes", *options)
    [model] = environment.program.call("list", "--json").json
    return Path(model["path"]).name, model["name"]


@pytest.mark.parametrize(
    ("file", "options", "expected"),
    [
        ("pytorch_lora_weights.safetensors", (), ("paper-cut.safetensors", "paper-cut")),
        ("model.fp16.safetensors", (), ("paper-cut.safetensors", "paper-cut")),
        ("learned_embeds-steps-500.safetensors", (), ("paper-cut.safetensors", "paper-cut")),
        (
            "pytorch_lora_weights.safetensors",
            ("--name", "Sharp Paper"),
            ("Sharp Paper.safetensors", "Sharp Paper"),
        ),
        ("ink.safetensors", ("--name", "Sharp Paper"), ("ink.safetensors", "Sharp Paper")),
        ("last/lora.safetensors", (), ("paper-cut-last.safetensors", "paper-cut-last")),
    ],
)
def test_a_name_that_says_nothing_gives_way_to_that_of_the_repository(
    environment: Environment,
    hub: HubServer,
    file: str,
    options: tuple[str, ...],
    expected: tuple[str, str],
) -> None:
    hub.add("somebody/paper-cut", {file: LORA})
    for source in ("somebody/paper-cut", f"somebody/paper-cut/{file}"):
        assert installed(environment, source, *options) == expected
        [model] = environment.program.call("list", "--json").json
        environment.program.call("remove", model["key"], "--now", "--yes")


TOKEN = torch_embedding("token")
NAMED = Page(LORA, disposition='attachment; filename="ink"')
RELEASE = "/somebody/cut/releases/download/v1.0/pytorch_lora_weights.safetensors"


@pytest.mark.parametrize(
    ("path", "page", "expected"),
    [
        ("/get/63006", Page(LORA), "63006.safetensors"),
        ("/get/63007", NAMED, "ink.safetensors"),
        ("/get/ink.v2", Page(LORA), "ink.v2.safetensors"),
        ("/get/token", Page(TOKEN), "token.pt"),
        ("/me/paper-cut/resolve/main/model.safetensors", Page(LORA), "paper-cut.safetensors"),
        (RELEASE, Page(LORA), "cut.safetensors"),
    ],
)
def test_a_link(
    environment: Environment, server: FaultServer, path: str, page: Page, expected: str
) -> None:
    assert installed(environment, server.serve(path, page))[0] == expected


def test_a_file_of_this_disk_without_a_suffix(environment: Environment, tmp_path: Path) -> None:
    model = tmp_path / "ink"
    model.write_bytes(LORA)
    assert installed(environment, str(model)) == ("ink.safetensors", "ink")


def test_bytes_that_no_rule_knows_have_their_suffix_too(
    environment: Environment, tmp_path: Path
) -> None:
    model = tmp_path / "small"
    model.write_bytes(b"GGUF\x03\0\0\0" + bytes(64))
    assert installed(environment, str(model), "--type", "main")[0] == "small.gguf"


@pytest.mark.parametrize(("options", "stem"), [(["--name", "Mine"], "Mine"), ([], "paper-cut")])
def test_a_file_of_the_cache_is_named_as_its_repository(
    environment: Environment, tmp_path: Path, options: list[str], stem: str
) -> None:
    repo = tmp_path / "hub/models--somebody--paper-cut/snapshots" / ("1" * 40)
    model = tiny.lora(repo / "pytorch_lora_weights.safetensors")
    assert installed(environment, str(model), *options) == (f"{stem}.safetensors", stem)


def test_two_generic_files_are_two_models(manager: ModelManager, tmp_path: Path) -> None:
    paths = []
    for fill, name in enumerate(("One", "Two")):
        model = tiny.lora(tmp_path / name / "model.safetensors", fill)
        key = manager.installer.install_path(model, {"name": name})
        paths.append(manager.path_of(manager.records.get_model(key)).name)
    assert paths == ["One.safetensors", "Two.safetensors"]
