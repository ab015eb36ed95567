"""The mirror installs what is not here yet, once, for those who may."""

from __future__ import annotations

import logging
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import huggingface_hub
import pytest
from huggingface_hub.errors import EntryNotFoundError, RepositoryNotFoundError

from modelkeep.app.server_tokens import ServerTokens
from sites.fixtures import Environment
from sites.hub import COMMIT, HubServer
from support.tiny import embedding_folder, lora
from support.web import WebServer


def _web(environment: Environment, hub: HubServer, **settings: Any) -> WebServer:
    return WebServer(environment.root, hf_endpoint=hub.endpoint, **settings)


def _fetched(web: WebServer, cache: Path, repo: str, name: str, token: str | None = None) -> bytes:
    token = token or web.headers["Authorization"].removeprefix("Bearer ")
    options: dict[str, Any] = {"cache_dir": cache, "endpoint": f"{web.url}/hf", "token": token}
    return Path(huggingface_hub.hf_hub_download(repo, name, **options)).read_bytes()


def test_what_is_absent_is_installed_once(
    environment: Environment, hub: HubServer, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "modelkeep")
    content = lora(tmp_path / "style.safetensors").read_bytes()
    hub.add("org/style", {"style.safetensors": content, "README.md": b"read me"})
    with _web(environment, hub, hf_read_through=True) as web, ThreadPoolExecutor(4) as pool:

        def fetch(number: int) -> bytes:
            if number == 0:  # the whole of it, not the file
                web.get("/hf/api/models/org/style")
            return _fetched(web, tmp_path / f"cache{number}", "org/style", "style.safetensors")

        assert set(pool.map(fetch, range(4))) == {content}
        assert len(web.manager.installer.list_all_jobs()) == 1
        logged = web.get("/api/v1/log").json()["items"]
        assert [each["action"] for each in logged] == ["read_through"]
        assert "download of a part begins: " in caplog.text
        assert "download of a part is completed" in caplog.text
        (config,) = web.manager.records.all_models()
        assert COMMIT in str(config.source)
        with pytest.raises(RepositoryNotFoundError):
            _fetched(web, tmp_path / "none", "org/missing", "style.safetensors")


def test_a_whole_repository_comes_for_a_snapshot(
    environment: Environment, hub: HubServer, tmp_path: Path
) -> None:
    folder = embedding_folder(tmp_path / "toy")
    files = {path: (folder / path).read_bytes() for path in ("learned_embeds.safetensors",)}
    hub.add("org/toy", {**files, "README.md": b"read me"})
    with _web(environment, hub, hf_read_through=True) as web:
        token = web.headers["Authorization"].removeprefix("Bearer ")
        options: dict[str, Any] = {"endpoint": f"{web.url}/hf", "token": token}
        got = Path(
            huggingface_hub.snapshot_download("org/toy", cache_dir=tmp_path / "cache", **options)
        )
        assert {path: (got / path).read_bytes() for path in files} == files


def test_it_is_only_for_those_who_manage_and_only_where_it_is_on(
    environment: Environment, hub: HubServer, tmp_path: Path
) -> None:
    hub.add("org/style", {"style.safetensors": lora(tmp_path / "style.safetensors").read_bytes()})
    with _web(environment, hub) as web, pytest.raises(RepositoryNotFoundError):
        _fetched(web, tmp_path / "off", "org/style", "style.safetensors")
    with _web(environment, hub, hf_read_through=True) as web:
        reader = ServerTokens(web.context.settings).add("reader", "read")
        with pytest.raises(RepositoryNotFoundError):
            _fetched(web, tmp_path / "read", "org/style", "style.safetensors", reader)
        assert web.manager.installer.list_all_jobs() == []
        for address in ("/hf/local/x/resolve/main/y", "/hf/a..b/c/resolve/main/y"):
            assert web.get(address).status_code == 404


def test_a_further_model_of_a_repository_comes_too(
    environment: Environment, hub: HubServer, tmp_path: Path
) -> None:
    one = lora(tmp_path / "one.safetensors").read_bytes()
    two = lora(tmp_path / "two.safetensors", fill=2).read_bytes()
    hub.add("org/both", {"one.safetensors": one, "two.safetensors": two, "README.md": b"read me"})
    with _web(environment, hub, hf_read_through=True) as web:
        assert _fetched(web, tmp_path / "a", "org/both", "one.safetensors") == one
        with pytest.raises(EntryNotFoundError):
            _fetched(web, tmp_path / "b", "org/both", "README.md")
        with pytest.raises(EntryNotFoundError):
            _fetched(web, tmp_path / "c", "org/both", "none.safetensors")
        assert _fetched(web, tmp_path / "d", "org/both", "two.safetensors") == two
        assert len(web.manager.records.all_models()) == 2
