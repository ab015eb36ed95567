"""The specification's routes as its own web client of that time calls them, on a real server."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from faults.pages import Page
from sites.civitai import CivitaiServer
from sites.civitai_models import File, Model, Version
from sites.fixtures import Environment
from sites.hub import HubServer
from sites.models import sd1_checkpoint, sdxl_lora
from sites.server import FILE_HOST
from support.served import Served, serve
from support.tiny import lora
from support.waiting import until

RECORDS = "/api/v1/model/record"
DOWNLOADS = "/api/v1/download_queue"
_ENDED = {"completed", "error", "cancelled"}


class Client:
    """Calls routes as the generated client of that time did: paths as listed, JSON both ways."""

    def __init__(self, served: Served) -> None:
        self._url = served.url
        self._session = requests.Session()
        self._session.headers["Authorization"] = f"Bearer {served.token}"

    def __call__(
        self, method: str, path: str, body: Any = None, *, status: int = 200, **query: Any
    ) -> Any:
        answer = self._session.request(
            method,
            self._url + path,
            json=body,
            params=query,
            timeout=60,
            allow_redirects=False,
        )
        assert answer.status_code == status, (method, path, answer.text)
        return answer.json() if answer.content else None

    def installed(self, source: Any, config: Any = None) -> dict[str, Any]:
        """Install a source and return its job at the end."""
        job = self("POST", f"{RECORDS}/import", {"source": source, "config": config}, status=201)
        return self.ended(f"{RECORDS}/import/{job['id']}")

    def ended(self, path: str) -> dict[str, Any]:
        """Ask for a job until it has ended."""
        until(lambda: self("GET", path)["status"] in _ENDED)
        found: dict[str, Any] = self("GET", path)
        return found


@pytest.fixture
def client(
    environment: Environment, hub: HubServer, civitai: CivitaiServer, tmp_path: Path
) -> Iterator[Client]:
    hub.add("artist/ink", {"ink.safetensors": sdxl_lora()}, tags=["ink", "style"])
    file = File(31, "turbo.safetensors", sdxl_lora(1), primary=True)
    version = Version(242807, [file], name="v1", words=["turbo"], base="SDXL 1.0")
    civitai.add(Model(215485, [version], name="Turbo LoRA", creator="somebody", tags=["style"]))
    shared = tmp_path / "shared"
    shared.mkdir()
    variables = {**environment.variables, "MODELKEEP_READABLE_DIRS": f'["{shared}"]'}
    served = serve(environment.program, **variables)
    served.wait_ready()
    yield Client(served)
    served.end()


def models_are_installed_listed_changed_and_removed(client: Client, tmp_path: Path) -> None:
    assert client("GET", f"{RECORDS}/") == {"models": []}
    path = str(lora(tmp_path / "shared" / "a.safetensors"))
    job = client.installed({"type": "local", "path": path, "inplace": False}, {"name": "Mine"})
    assert job["status"] == "completed"
    assert {
        "id", "status", "config_in", "config_out", "inplace", "source", "local_path", "bytes",
        "total_bytes", "source_metadata", "download_parts",
    } <= job.keys()  # fmt: skip
    assert "access_token" not in str(job)
    key = job["config_out"]["key"]
    config = client("GET", f"{RECORDS}/i/{key}")
    assert config == job["config_out"]
    assert (config["name"], config["type"], config["base"]) == ("Mine", "lora", "sd-1")
    assert client("GET", f"{RECORDS}/")["models"] == [config]
    listed = client("GET", f"{RECORDS}/", base_models=["sdxl", "sd-1"], model_type="lora")
    assert listed["models"] == [config]
    assert client("GET", f"{RECORDS}/", model_name="Nobody's")["models"] == []
    client("GET", f"{RECORDS}/", status=422, model_type="sofa")

    changed = client("PATCH", f"{RECORDS}/i/{key}", {**config, "name": "Yours"})
    assert changed == {**config, "name": "Yours"}
    client("PATCH", f"{RECORDS}/i/{key}", {"type": "sofa"}, status=409)
    client("PATCH", f"{RECORDS}/i/nothing", config, status=404)

    client("POST", f"{RECORDS}/i/", {**config, "name": "Copy"}, status=409)
    client("DELETE", f"{RECORDS}/i/{key}", status=204)
    client("DELETE", f"{RECORDS}/i/{key}", status=404)
    client("GET", f"{RECORDS}/i/{key}", status=404)


def models_of_sites_bring_metadata_and_tags(client: Client) -> None:
    hub = client.installed({"type": "hf", "repo_id": "artist/ink"})
    civitai = client.installed({"type": "civitai", "version_id": 242807})
    assert (hub["status"], civitai["status"]) == ("completed", "completed")
    assert hub["source_metadata"]["id"] == "artist/ink"
    [part] = hub["download_parts"]
    assert {
        "id",
        "source",
        "dest",
        "download_path",
        "status",
        "bytes",
        "total_bytes",
    } <= part.keys()

    page = client("GET", f"{RECORDS}/meta", page=0, per_page=10, order_by="name")
    assert {"page", "pages", "per_page", "total", "items"} <= page.keys()
    assert (page["total"], page["pages"]) == (2, 1)
    assert {item["key"] for item in page["items"]} == {
        hub["config_out"]["key"],
        civitai["config_out"]["key"],
    }
    client("GET", f"{RECORDS}/meta", status=422, per_page=0)
    meta = client("GET", f"{RECORDS}/meta/i/{civitai['config_out']['key']}")
    assert (meta["type"], meta["version_id"]) == ("civitai", 242807)
    client("GET", f"{RECORDS}/meta/i/nothing", status=404)
    tags = client("GET", f"{RECORDS}/tags")
    assert {"ink", "style"} <= set(tags)
    found = client("GET", f"{RECORDS}/tags/search", tags=["ink", "style"])["models"]
    assert [model["key"] for model in found] == [hub["config_out"]["key"]]
    assert client("GET", f"{RECORDS}/tags/search") == {"models": []}


def install_jobs_are_listed_cancelled_and_pruned(client: Client, tmp_path: Path) -> None:
    broken = tmp_path / "shared" / "broken.safetensors"
    broken.write_bytes(b"no model")
    failed = client.installed({"type": "local", "path": str(broken)})
    assert (failed["status"], failed["config_out"]) == ("error", None)
    assert failed["error_type"]
    assert client("GET", f"{RECORDS}/import")[-1] == failed
    client("GET", f"{RECORDS}/import/99", status=404)
    assert client("DELETE", f"{RECORDS}/import/{failed['id']}", status=201) is None
    client("DELETE", f"{RECORDS}/import/99", status=415)
    client("POST", f"{RECORDS}/import", {"source": {"type": "sofa"}}, status=422)
    client("POST", f"{RECORDS}/import", {}, status=422)
    client("PATCH", f"{RECORDS}/import", status=204)
    assert client("GET", f"{RECORDS}/import") == []


def records_are_added_and_synced(client: Client, environment: Environment) -> None:
    models = environment.root / "models"
    place = models / "sd-1" / "main" / "m.safetensors"
    place.parent.mkdir(parents=True)
    place.write_bytes(sd1_checkpoint())
    client("PATCH", f"{RECORDS}/sync", status=204)
    [config] = client("GET", f"{RECORDS}/", model_type="main")["models"]
    client("DELETE", f"{RECORDS}/i/{config['key']}", status=204)
    other = lora(models / "other.safetensors")
    body = {"name": "Other", "path": str(other), "type": "lora", "base": "sd-1"}
    added = client("POST", f"{RECORDS}/i/", {**body, "format": "lycoris"}, status=201)
    assert len(added["key"]) == 32
    client("POST", f"{RECORDS}/i/", {**body, "format": "onnx"}, status=415)
    client("POST", f"{RECORDS}/i/", [], status=422)


def downloads_come(client: Client, hub: HubServer, environment: Environment) -> None:
    link = hub.serve("/files/notes.bin", Page(b"n" * 5000, etag='"n"'), host=FILE_HOST)
    body = {"source": link, "dest": str(environment.root / "models" / "notes.bin")}
    job = client("POST", f"{DOWNLOADS}/i/", {**body, "priority": 5, "access_token": "hush"})
    assert {
        "id", "priority", "source", "dest", "status", "download_path", "job_started", "job_ended",
        "bytes", "total_bytes", "error_type", "error",
    } <= job.keys()  # fmt: skip
    done = client.ended(f"{DOWNLOADS}/i/{job['id']}")
    assert (done["status"], done["bytes"], done["priority"]) == ("completed", 5000, 5)
    assert done in client("GET", f"{DOWNLOADS}/")
    assert "hush" not in str(done)
    client("DELETE", f"{DOWNLOADS}/i/{job['id']}", status=204)
    client("DELETE", f"{DOWNLOADS}/i/99", status=404)
    client("GET", f"{DOWNLOADS}/i/99", status=404)
    client("POST", f"{DOWNLOADS}/i/", {"source": "no link", "dest": "x"}, status=422)
    client("DELETE", f"{DOWNLOADS}/i", status=204)
    client("PATCH", f"{DOWNLOADS}/", status=204)
    assert client("GET", f"{DOWNLOADS}/") == []


def test_the_client_of_that_time_is_served(
    client: Client, hub: HubServer, environment: Environment, tmp_path: Path
) -> None:
    """On one server, one after the other."""
    models_are_installed_listed_changed_and_removed(client, tmp_path)
    models_of_sites_bring_metadata_and_tags(client)
    install_jobs_are_listed_cancelled_and_pruned(client, tmp_path)
    records_are_added_and_synced(client, environment)
    downloads_come(client, hub, environment)
