"""The page Add over HTTP: what is put into the box, its plan, folders with ticks, sample models."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from support.tiny import embedding, lora
from support.waiting import until
from support.web import WebServer

_PAGE = {"Accept": "text/html"}


@pytest.fixture
def web(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[WebServer]:
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    shared = tmp_path / "shared"
    shared.mkdir()
    with WebServer(tmp_path / "root", readable_dirs=[shared], offline=True) as running:
        yield running


def _look(web: WebServer, text: str, **more: str) -> str:
    answer = web.get("/install", headers=_PAGE, params={"q": text, **more})
    assert answer.status_code == 200
    return answer.text


def _send(web: WebServer, path: str, fields: list[tuple[str, str]]) -> requests.Response:
    return web.ask("POST", path, data=fields, headers=_PAGE, allow_redirects=False)


def _sources(page: str) -> list[str]:
    found = re.findall(r'name="source" value="([^"]*)"', page)
    return [text.replace("&#34;", '"') for text in found]


def test_a_file_is_planned_and_installed_as_the_form_says(web: WebServer, tmp_path: Path) -> None:
    lora(tmp_path / "shared/style.safetensors")
    page = _look(web, str(tmp_path / "shared/style.safetensors"), name="Mine", how="inplace")
    assert "style.safetensors" in page
    [source] = _sources(page)
    fields = [("source", source), ("name", "Mine"), ("how", "inplace")]
    begun = _send(web, "/install", fields)
    assert begun.status_code == 303
    assert begun.headers["Location"].startswith("/jobs?notice=")
    web.manager.installer.wait_for_installs()
    [record] = web.manager.records.all_models()
    assert record.name == "Mine"
    assert record.path == str(tmp_path / "shared/style.safetensors")


def test_several_lines_are_planned_at_once(web: WebServer, tmp_path: Path) -> None:
    lora(tmp_path / "shared/a.safetensors")
    embedding(tmp_path / "shared/b.safetensors")
    lines = [tmp_path / "shared/a.safetensors", tmp_path / "shared/b.safetensors", tmp_path]
    page = _look(web, "\n".join(map(str, lines)))
    assert len(_sources(page)) == 2
    assert "modelkeep root add" in page, "how the folder that is closed is opened"
    assert "readable_dirs" in page
    _send(web, "/install", [("source", each) for each in _sources(page)])
    web.manager.installer.wait_for_installs()
    assert len(web.manager.records.all_models()) == 2


def test_a_path_of_another_system_gets_no_command_for_a_folder(web: WebServer) -> None:
    for path in (r"C:\models\style.safetensors", "./models/style.safetensors"):
        page = _look(web, path)
        assert "style.safetensors" in page
        assert "modelkeep root add" not in page, "it would add the folder of the terminal"


def test_a_server_that_is_offline_says_so_and_asks_for_no_token(web: WebServer) -> None:
    page = _look(web, "stabilityai/sdxl-vae")
    assert "the setting offline is on" in page
    assert 'name="token"' not in page


def test_what_is_here_already_is_linked(web: WebServer, tmp_path: Path) -> None:
    model = lora(tmp_path / "shared/a.safetensors")
    key = web.manager.installer.register_path(model)
    page = _look(web, str(model))
    assert f'href="/models/{key}"' in page
    assert "modelkeep show" not in page


def test_what_is_ticked_of_a_folder_is_registered(web: WebServer, tmp_path: Path) -> None:
    folder = tmp_path / "shared"
    lora(folder / "a.safetensors")
    embedding(folder / "b.safetensors")
    assert "Scan folder" in _look(web, str(folder))
    begun = _send(web, "/install/scan", [("what", str(folder))])
    place = begun.headers["Location"]

    def found() -> str:
        page = web.get(place, headers=_PAGE).text
        return page if 'name="n"' in page else ""

    until(lambda: found() != "")
    numbers = re.findall(r'name="n" value="(\d+)" id="n\d+" checked', found())
    assert len(numbers) == 2
    for odd in ([], [("n", "")], [("n", "-1")], [("n", "9" * 5000)], [("n", "\u00b2")]):
        nothing = _send(web, place, [("way", "register"), *odd])
        assert nothing.headers["Location"].startswith(place)
    taken = _send(web, place, [("way", "register"), ("n", numbers[0])])
    assert taken.headers["Location"].startswith("/jobs")
    until(lambda: len(web.manager.records.all_models()) == 1)


def test_folders_of_other_programs_that_are_here_are_offered(
    web: WebServer, tmp_path: Path
) -> None:
    comfy = tmp_path / "home/ComfyUI"
    for name in ("checkpoints", "loras", "vae"):
        (comfy / "models" / name).mkdir(parents=True)
    lora(comfy / "models/loras/mine.safetensors")
    page = web.get("/", headers=_PAGE).text
    assert "ComfyUI" in page
    place = _send(web, "/install/scan", [("what", str(comfy.resolve()))]).headers["Location"]
    until(lambda: 'name="n"' in web.get(place, headers=_PAGE).text)
    _send(web, place, [("way", "follow"), ("root", "comfy")])
    until(lambda: [each.root for each in web.manager.records.all_models()] == ["comfy"])


def test_sample_models_come_and_go_without_a_trace(web: WebServer) -> None:
    web.get("/", headers=_PAGE)
    root = web.manager.settings.root
    before = {path for path in root.rglob("*") if path.is_file()}
    assert _send(web, "/install/sample", []).headers["Location"].startswith("/?notice=")
    records = web.manager.records.all_models()
    assert len(records) == 40
    assert all(record.preview for record in records)
    web.get(f"/api/v1/model/record/i/{records[0].key}/preview")
    _send(web, "/install/sample/remove", [])
    assert web.manager.records.all_models() == []
    left = {path for path in root.rglob("*") if path.is_file()} - before
    kept = {path.relative_to(root).as_posix() for path in left if path.suffix != ".lock"}
    assert all(path.startswith(("databases/", "modelkeep.yaml")) for path in kept), kept
    assert "sample" not in web.manager.settings.settings_path.read_text()


def test_what_asks_for_nothing_is_answered(web: WebServer) -> None:
    nothing = _send(web, "/install", [])
    assert nothing.headers["Location"].startswith("/install?notice=")
    assert "Paste a link" in web.get("/install", headers=_PAGE).text
    assert web.get(f"/install/picture/{'a' * 32}", headers=_PAGE).status_code == 404
    assert web.get("/install/scan/999", headers=_PAGE).status_code == 404
