"""``identify`` and ``install --dry-run`` of models on the network."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

import modelkeep
from faults.pages import Page
from faults.server import HOSTS, FaultServer
from modelkeep.settings import Settings
from support import tiny
from support.program import Program
from support.remote import pipeline_folder, write

REPO = "someone/tiny-sd"
COMMIT = "0123456789abcdef0123456789abcdef01234567"


@pytest.fixture
def server() -> Iterator[FaultServer]:
    with FaultServer() as running:
        yield running


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch, program: Program, server: FaultServer) -> None:
    for name in ("HF_TOKEN", "HUGGING_FACE_HUB_TOKEN", "CIVITAI_API_TOKEN", "HF_HUB_OFFLINE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HF_HOME", str(program.home / "hf"))
    for site in ("HF", "CIVITAI"):
        monkeypatch.setenv(f"MODELKEEP_{site}_ENDPOINT", server.url("").rstrip("/"))


def hub(server: FaultServer, folder: Path) -> None:
    """Serve a folder as a repository of Hugging Face."""
    siblings = []
    for path in sorted(p for p in folder.rglob("*") if p.is_file()):
        name, content = path.relative_to(folder).as_posix(), path.read_bytes()
        server.serve(f"/{REPO}/resolve/{COMMIT}/{name}", Page(content, etag='"v1"'))
        sha256 = hashlib.sha256(content).hexdigest()
        lfs = {} if name.endswith(".json") else {"lfs": {"sha256": sha256, "size": len(content)}}
        siblings.append({"rfilename": name, "size": len(content), **lfs})
    answer = {
        "id": REPO, "sha": COMMIT, "siblings": siblings, "tags": [], "gated": False,
        "lastModified": "2024-01-01T00:00:00.000Z", "cardData": {"license": "openrail"},
    }  # fmt: skip
    page = Page(json.dumps(answer).encode(), content_type="application/json")
    server.serve(f"/api/models/{REPO}", page)


def link(server: FaultServer, path: Path) -> str:
    page = Page(path.read_bytes(), etag='"v1"')
    return server.serve(f"/files/{path.name}", page, host=HOSTS[1])  # the other one is the hub


def test_a_link_is_identified_without_a_download(
    program: Program, server: FaultServer, tmp_path: Path
) -> None:
    url = link(server, tiny.lora(tmp_path / "paper.safetensors"))
    line = program.call("identify", "--json", url).only
    assert (line["type"], line["base"], line["source"]) == ("lora", "sd-1", url)
    assert "LoRA for SD 1" in program.call("identify", "--explain", url).out
    assert not program.root.exists(), "identify makes no library"


def test_python_identifies_a_repository(
    program: Program, server: FaultServer, tmp_path: Path
) -> None:
    hub(server, pipeline_folder(tmp_path / "tiny-sd"))
    found = modelkeep.identify(REPO, settings=Settings.load(root=program.root))
    assert (found.type, found.base, found.repo_variant) == ("main", "sd-1", "fp16")
    assert not any(request.path.endswith(".safetensors") for request in server.requests)


def test_a_dry_run_prints_the_plan(program: Program, server: FaultServer, tmp_path: Path) -> None:
    hub(server, pipeline_folder(tmp_path / "tiny-sd"))
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
    program: Program, server: FaultServer, tmp_path: Path
) -> None:
    content = tiny.safetensors_bytes({"what.is.this": ("F32", (2, 2))})
    url = link(server, write(tmp_path / "odd.safetensors", content))
    line = program.call("install", "--dry-run", "--json", url, status=1).only
    assert (line["status"], line["type"]) == ("error", "unknown")
    assert "nearest rules" in line["error"]
    told = program.call("install", "--dry-run", url, status=1)
    assert "odd" in told.out
    assert "--type" in told.err
    assert program.call("install", "--dry-run", "--type", "lora", url).out


def test_what_is_for_disks_is_refused(
    program: Program, server: FaultServer, tmp_path: Path
) -> None:
    url = link(server, tiny.lora(tmp_path / "paper.safetensors"))
    told = program.call("install", "--dry-run", "--inplace", url, status=1)
    assert "--inplace" in told.err
    assert not server.requests
