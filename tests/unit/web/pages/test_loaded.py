"""The page of loaded models, with a loader that needs no torch."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from html import unescape
from pathlib import Path

import pytest

from modelkeep.app import loading_check
from modelkeep.errors import InvalidModelException
from modelkeep.load.service import ModelLoadService
from support.fake_loading import FakeLoader, FakeRuntime
from support.tiny import embedding
from support.waiting import until
from support.web import WebServer

_HTML = {"Accept": "text/html"}


@pytest.fixture
def runtime() -> FakeRuntime:
    return FakeRuntime()


@pytest.fixture
def web(tmp_path: Path, runtime: FakeRuntime) -> Iterator[WebServer]:
    with WebServer(tmp_path / "root", offline=True) as running:
        manager = running.manager
        manager.__dict__["loader"] = ModelLoadService(
            manager.settings,
            manager.records,
            event_bus=manager.events,
            library=manager.installer.library,
            runtime=runtime,
            loaders=[FakeLoader()],
        )
        yield running


@pytest.fixture
def complete(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have all libraries be there."""
    monkeypatch.setattr(loading_check, "_NEEDED", {})


def _page(web: WebServer, path: str) -> str:
    return unescape(web.get(path, headers=_HTML).text)


def _send(web: WebServer, path: str, **fields: str) -> str:
    return unescape(web.ask("POST", path, data=fields, headers=_HTML).text)


@pytest.mark.usefixtures("complete")
def test_a_model_is_found_loaded_and_let_go(web: WebServer, tmp_path: Path) -> None:
    path = embedding(tmp_path / "main.safetensors")
    fields = {"name": "Big <one>", "type": "main", "base": "sd-1", "format": "checkpoint"}
    key = web.manager.installer.install_path(path, fields)
    assert "Nothing is loaded" in _page(web, "/loaded")
    assert "No model is called that" in _page(web, "/loaded?q=nothing")
    found = _page(web, "/loaded?q=big")
    assert "<option>unet</option>" in found
    loaded = _send(web, "/loaded/load", key=key, part="unet")
    assert "was loaded:" in loaded
    assert f'href="/models/{key}"' in loaded
    assert "idle for" in loaded
    assert "was in memory already" in _send(web, "/loaded/load", key=key, part="unet")
    with web.manager.loader.get_model(key, "unet"):
        assert "in use" in _page(web, "/loaded")
        assert "Nothing left memory" in _send(web, "/loaded/evict")
    assert "1 part left memory" in _send(web, "/loaded/evict", key=key, part="unet")
    assert "Nothing is loaded" in _page(web, "/loaded")


@pytest.mark.usefixtures("complete")
def test_a_load_that_takes_long_is_followed_and_can_be_cancelled(
    web: WebServer, runtime: FakeRuntime, tmp_path: Path
) -> None:
    key = web.manager.installer.install_path(embedding(tmp_path / "slow.safetensors"))
    go_on = threading.Event()
    runtime.gate = lambda _name: go_on.wait(60)
    shown = _send(web, f"/models/{key}/load")
    assert "Being loaded" in shown
    assert "Nothing is loaded" in shown
    go_on.set()
    until(lambda: "idle for" in _page(web, "/loaded"))
    assert "Being loaded" not in _page(web, "/loaded")
    _send(web, "/loaded/evict")
    go_on.clear()
    [number] = re.findall(r'name="number" value="(\d+)"', _send(web, f"/models/{key}/load"))
    assert "Being loaded" not in _send(web, "/loaded/dismiss", number=number)
    until(lambda: "modelkeep-prefetch" not in {one.name for one in threading.enumerate()})
    go_on.set()


@pytest.mark.usefixtures("complete")
def test_a_load_that_fails_after_a_while_is_told_until_it_is_dismissed(
    web: WebServer, runtime: FakeRuntime, tmp_path: Path
) -> None:
    key = web.manager.installer.install_path(embedding(tmp_path / "slow.safetensors"))
    go_on = threading.Event()

    def fail(_name: str) -> None:
        go_on.wait(60)
        raise InvalidModelException("Its tensors are torn", hint="Install it again.")

    runtime.gate = fail
    assert "Being loaded" in _send(web, f"/models/{key}/load")
    go_on.set()
    until(lambda: "Its tensors are torn" in _page(web, "/loaded"))
    [number] = re.findall(r'name="number" value="(\d+)"', _page(web, "/loaded"))
    assert "torn" not in _send(web, "/loaded/dismiss", number=number)


@pytest.mark.usefixtures("complete")
def test_what_cannot_be_loaded_is_told(web: WebServer) -> None:
    told = _send(web, "/loaded/load", key="gone")
    assert 'class="notice failed"' in told
    assert "gone" in told


def test_a_server_without_the_extra_says_how_to_get_it(
    web: WebServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loading_check, "_NEEDED", {"no-such-library": (1, 0)})
    shown = _page(web, "/loaded")
    assert "It lacks no-such-library" in shown
    assert "pip install 'modelkeep[load]'" in shown
    assert "Load a model" not in shown
