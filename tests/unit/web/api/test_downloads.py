"""The download queue over HTTP, with the parts of installs and the downloads of other processes."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from faults.pages import Page
from faults.server import HOSTS, FaultServer
from modelkeep import ModelManager, Settings
from sites.fixtures import Environment
from sites.hub import HubServer
from sites.models import sdxl_lora
from support.waiting import until
from support.web import WebServer

_QUEUE = "/api/v1/download_queue"
_LATER = """
import sys
from modelkeep import ModelManager, Settings
with ModelManager(Settings(root=sys.argv[1])) as manager:
    link = "https://example.org/other"
    job = manager.downloads.create_download_job(link, sys.argv[1], start=False)
    print(job.id, flush=True)
    sys.stdin.read()
"""


def _web(root: Path, **settings: Any) -> WebServer:
    return WebServer(root, allow_private_hosts=list(HOSTS), **settings)


def test_a_file_is_fetched(tmp_path: Path, server: FaultServer) -> None:
    link = server.serve("/file.bin", Page(b"bytes"))
    with _web(tmp_path / "root") as web:
        place = web.manager.settings.models_dir / "file.bin"
        body = {"source": link, "dest": str(place), "access_token": "hush"}
        begun = web.post(f"{_QUEUE}/i/", body)
        assert begun.status_code == 200
        number = begun.json()["id"]
        web.manager.jobs.wait(60)
        done = web.get(f"{_QUEUE}/i/{number}").json()
        assert (done["status"], done["bytes"], done["error"]) == ("completed", 5, None)
        assert done["download_path"] == str(place)
        assert done["job_started"] <= done["job_ended"]
        assert web.get(_QUEUE).json() == [done]
        assert "hush" not in json.dumps([begun.json(), done])
        assert web.ask("DELETE", f"{_QUEUE}/i/{number}").status_code == 204
        assert web.ask("PATCH", f"{_QUEUE}/").status_code == 204
        assert web.get(f"{_QUEUE}/").json() == []


def test_unknown_downloads_and_bad_bodies(tmp_path: Path) -> None:
    with _web(tmp_path / "root") as web:
        assert web.get(f"{_QUEUE}/i/5").status_code == 404
        assert web.ask("DELETE", f"{_QUEUE}/i/5").status_code == 404
        assert web.post(f"{_QUEUE}/i/5/pause").status_code == 404
        for body in ({"source": "/etc/passwd", "dest": "x"}, {"source": "https://a.b/c"}):
            assert web.post(f"{_QUEUE}/i/", body).status_code == 422


def test_downloads_come_to_folders_of_models_alone(tmp_path: Path, server: FaultServer) -> None:
    link = server.serve("/file.bin", Page(b"bytes"))
    with _web(tmp_path / "root") as web:
        for dest in (
            tmp_path / "file.bin",
            "../secrets/server-token",
            "sd-1/../../x",
            ".staging/x",
        ):
            refused = web.post(f"{_QUEUE}/i/", {"source": link, "dest": str(dest)})
            assert refused.status_code == 400, dest
        done = web.post(f"{_QUEUE}/i/", {"source": link, "dest": "folder/"})
        web.manager.jobs.wait(60)
        assert (web.manager.settings.models_dir / "folder/file.bin").read_bytes() == b"bytes"
    assert done.status_code == 200
    assert not (tmp_path / "file.bin").exists()


def test_downloads_reach_the_public_network_alone(tmp_path: Path, server: FaultServer) -> None:
    link = server.serve("/file.bin", Page(b"bytes"))
    with WebServer(tmp_path / "root") as web:
        begun = web.post(f"{_QUEUE}/i/", {"source": link, "dest": "file.bin"}).json()
        web.manager.jobs.wait(60)
        done = web.get(f"{_QUEUE}/i/{begun['id']}").json()
        assert (done["status"], done["error_type"]) == ("error", "AddressRefusedError")
    assert server.requests == []


def test_downloads_of_earlier_runs_and_of_other_processes(tmp_path: Path) -> None:
    root = tmp_path / "root"
    with ModelManager(Settings(root=root)) as earlier:
        earlier.downloads.create_download_job("https://example.org/one", root, start=False)
    command = [sys.executable, "-c", _LATER, str(root)]
    with (
        _web(root, offline=True) as web,
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other,
    ):
        assert other.stdout is not None
        assert other.stdin is not None
        theirs = int(other.stdout.readline())
        jobs = {job["id"]: job for job in web.get(_QUEUE).json()}
        assert {job["status"] for job in jobs.values()} == {"idle"}
        assert jobs[theirs]["source"] == "https://example.org/other"
        assert web.post(f"{_QUEUE}/i/{theirs}/pause").status_code == 200
        until(lambda: web.get(f"{_QUEUE}/i/{theirs}").json()["status"] == "paused")
        assert web.ask("DELETE", f"{_QUEUE}/i").status_code == 204
        until(lambda: {job["status"] for job in web.get(_QUEUE).json()} == {"cancelled"})
        other.stdin.close()


def test_parts_of_an_install_are_downloads(environment: Environment, hub: HubServer) -> None:
    files = {"style.safetensors": sdxl_lora()}
    hub.add("artist/style", files)
    with WebServer(environment.root, **_sites(environment)) as web:
        begun = web.post("/api/v1/model/record/import", {"source": "artist/style"}).json()
        web.manager.jobs.wait(60)
        job = web.get(f"/api/v1/model/record/import/{begun['id']}").json()
        assert job["status"] == "completed", job
        [part] = web.get(_QUEUE).json()
        assert job["download_parts"] == [part]
        assert part["id"] != job["id"]
        assert web.get(f"{_QUEUE}/i/{part['id']}").json() == part
        assert (part["status"], part["bytes"]) == ("completed", len(files["style.safetensors"]))


def _sites(environment: Environment) -> dict[str, Any]:
    settings = environment.settings()
    return {
        "hf_endpoint": settings.hf_endpoint,
        "civitai_endpoint": settings.civitai_endpoint,
        "allow_private_hosts": settings.allow_private_hosts,
    }
