"""A client that ``openapi-python-client`` makes of our description lists, gets and installs."""

from __future__ import annotations

import importlib
import json
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from support.tiny import lora
from support.waiting import until
from support.web import WebServer


@pytest.fixture
def web(tmp_path: Path) -> Any:
    with WebServer(tmp_path / "root", readable_dirs=[tmp_path]) as server:
        yield server


def _generated(web: WebServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Make a client, put it where it can be imported, and return its name."""
    described, made = tmp_path / "openapi.json", tmp_path / "made"
    described.write_text(json.dumps(web.get("/openapi.json").json()))
    made.mkdir()
    config = tmp_path / "config.yml"
    config.write_text("post_hooks: []\npackage_name_override: made_client\n")
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "openapi_python_client",
            "generate",
            "--path",
            str(described),
            "--meta",
            "none",
            "--output-path",
            str(made / "made_client"),
            "--config",
            str(config),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    monkeypatch.syspath_prepend(str(made))
    return "made_client"


def test_a_generated_client_works(
    web: WebServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = _generated(web, tmp_path, monkeypatch)

    def operation(path: str) -> ModuleType:
        return importlib.import_module(f"{name}.api.{path}")

    made = importlib.import_module(name)
    models = importlib.import_module(f"{name}.models")
    token = web.headers["Authorization"].removeprefix("Bearer ")
    source = str(lora(tmp_path / "a.safetensors"))
    with made.AuthenticatedClient(base_url=web.url, token=token) as client:
        begin = operation("imports.import_model_record").sync
        job = begin(client=client, body=models.ImportRequest(source=source))
        ask = operation("imports.get_model_install_job").sync
        until(lambda: ask(job.id, client=client).status in {"completed", "error"})
        assert ask(job.id, client=client).status == "completed"

        [record] = operation("records.list_model_records").sync(client=client).models
        get = operation("records.get_model_record")
        assert get.sync(record.key, client=client).name == "a"
        missing = get.sync_detailed("nothing", client=client)
        assert (missing.status_code, missing.parsed.error.code) == (404, "UnknownModelException")


def test_operations_have_names_of_their_own(web: WebServer) -> None:
    """Generated clients name their functions so."""
    described = web.get("/openapi.json").json()
    assert described == web.get("/openapi.json").json()
    names = [
        operation["operationId"]
        for path in described["paths"].values()
        for operation in path.values()
    ]
    assert len(set(names)) == len(names)
    assert all(name.isidentifier() for name in names)
