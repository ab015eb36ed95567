"""``identify`` and ``install --dry-run`` of models on the network."""

from __future__ import annotations

from pathlib import Path

import pytest

import modelkeep
from faults.pages import Page
from modelkeep.settings import Settings
from sites.fixtures import Environment
from sites.hub import COMMIT, HubServer
from sites.server import FILE_HOST
from support import tiny
from support.program import Program
from support.remote import pipeline_folder, write

REPO = "someone/tiny-sd"


@pytest.fixture(autouse=True)
def _sites(environment: Environment) -> None:
    """Have the settings lead to sites of this machine."""
    del environment


def put(hub: HubServer, folder: Path) -> None:
    """Have the hub serve a folder as a repository."""
    files = {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }
    hub.add(REPO, files, card={"license": "openrail"})


def link(hub: HubServer, path: Path) -> str:
    page = Page(path.read_bytes(), etag='"v1"')
    return hub.serve(f"/files/{path.name}", page, host=FILE_HOST)  # the other one is the hub


def test_a_link_is_identified_without_a_download(
    program: Program, hub: HubServer, tmp_path: Path
) -> None:
    url = link(hub, tiny.lora(tmp_path / "paper.safetensors"))
    line = program.call("identify", "--json", url).only
    assert (line["type"], line["base"], line["source"]) == ("lora", "sd-1", url)
    told = program.call("identify", "--explain", url).out
    assert "LoRA for SD 1" in told
    # The rules of a remote model are shown as of a local one.
    assert "fits      sd-1 lora (LoRA for SD 1)" in told
    assert "Nearest rules that do not fit:" in told
    assert not program.root.exists(), "identify makes no library"


def test_python_identifies_a_repository(program: Program, hub: HubServer, tmp_path: Path) -> None:
    put(hub, pipeline_folder(tmp_path / "tiny-sd"))
    found = modelkeep.identify(REPO, settings=Settings.load(root=program.root))
    assert (found.type, found.base, found.repo_variant) == ("main", "sd-1", "fp16")
    assert not any(request.path.endswith(".safetensors") for request in hub.requests())


def test_a_dry_run_prints_the_plan(program: Program, hub: HubServer, tmp_path: Path) -> None:
    put(hub, pipeline_folder(tmp_path / "tiny-sd"))
    line = program.call("install", "--dry-run", "--json", REPO).only
    assert (line["status"], line["type"], line["name"]) == ("planned", "main", "tiny-sd")
    assert line["source"].startswith(f"{REPO}@{COMMIT}")
    assert line["licence"] == "openrail"
    assert line["target"] == str(program.root / "models/sd-1/main/tiny-sd")
    assert sum(file["size"] for file in line["files"]) == line["bytes"]
    told = program.call("install", "--dry-run", REPO).out
    assert "Checkpoint for SD 1" in told
    assert "openrail" in told
    assert program.call("list", "-q").out == ""


def test_a_dry_run_of_an_unknown_model_says_why(
    program: Program, hub: HubServer, tmp_path: Path
) -> None:
    content = tiny.safetensors_bytes({"what.is.this": ("F32", (2, 2))})
    url = link(hub, write(tmp_path / "odd.safetensors", content))
    line = program.call("install", "--dry-run", "--json", url, status=1).only
    assert (line["status"], line["type"]) == ("error", "unknown")
    assert "is not recognised" in line["error"]["message"]
    told = program.call("install", "--dry-run", url, status=1)
    assert "odd" in told.out
    assert "--type" in told.err
    assert program.call("install", "--dry-run", "--type", "lora", url).out


def test_what_is_for_disks_is_refused(program: Program, hub: HubServer, tmp_path: Path) -> None:
    url = link(hub, tiny.lora(tmp_path / "paper.safetensors"))
    told = program.call("install", "--dry-run", "--inplace", url, status=1)
    assert "--inplace" in told.err
    assert not hub.requests()
