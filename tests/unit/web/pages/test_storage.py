"""The pages of the storage: where bytes are, what could go, and what comes back."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import unescape
from pathlib import Path

import pytest

from modelkeep.app.server_tokens import ServerTokens
from support.tiny import embedding, lora
from support.web import WebServer

_HTML = {"Accept": "text/html"}
_LISTS = ("", "duplicates", "missing", "leftovers", "trash", "largest", "unused")


@pytest.fixture
def web(tmp_path: Path) -> Iterator[WebServer]:
    with WebServer(tmp_path / "root", offline=True, readable_dirs=[tmp_path]) as running:
        yield running


def _page(web: WebServer, show: str = "") -> str:
    answer = web.get(f"/storage?show={show}", headers=_HTML)
    assert answer.status_code == 200, answer.text
    return unescape(answer.text)


def _send(web: WebServer, action: str, **fields: str | list[str]) -> str:
    answer = web.ask("POST", f"/storage/{action}", data=fields, headers=_HTML)
    assert answer.status_code == 200, answer.text
    return unescape(answer.text)


def _add(web: WebServer, path: Path, **fields: str) -> str:
    return str(web.manager.installer.install_path(path, fields))


def test_an_empty_library_is_told_so_everywhere(web: WebServer) -> None:
    for show in _LISTS:
        assert 'class="empty"' in _page(web, show), show


def test_the_picture_has_an_area_for_each_type_and_base(web: WebServer, tmp_path: Path) -> None:
    _add(web, lora(tmp_path / "a.safetensors"))
    _add(web, embedding(tmp_path / "b.safetensors"))
    shown = _page(web)
    areas = re.findall(
        r'<svg x="([\d.]+)%" y="([\d.]+)%" width="([\d.]+)%" height="([\d.]+)%"', shown
    )
    assert len(areas) == 2
    assert sum(float(w) * float(h) for _, _, w, h in areas) == pytest.approx(10_000, rel=0.01)
    assert "/?type=lora&base=sd-1" in shown
    assert "2 models" in shown


def test_a_model_goes_to_the_trash_comes_back_and_is_deleted(
    web: WebServer, tmp_path: Path
) -> None:
    key = _add(web, lora(tmp_path / "a.safetensors"), name="Mine <b>")
    gone = _send(web, "remove", key=key, here="/storage?show=largest")
    assert "Mine <b> moved to the trash" in gone
    assert 'action="/storage/restore"' in gone
    assert web.manager.records.all_models() == []
    listed = _page(web, "trash")
    assert "Mine <b>" in listed
    assert "cannot be undone" in listed
    assert "brought back" in _send(web, "restore", key=key)
    assert web.manager.records.exists(key)
    _send(web, "remove", key=key)
    assert "1 model is in the trash" in _page(web, "trash")
    assert "deleted for good" in _send(web, "purge", key=key)
    assert "The trash is empty" in _page(web, "trash")
    assert "No model in the trash" in _send(web, "restore", key=key)


def test_of_two_copies_the_chosen_one_stays(web: WebServer, tmp_path: Path) -> None:
    one = _add(web, lora(tmp_path / "one.safetensors"))
    place = web.manager.settings.models_dir / "twice.safetensors"
    place.write_bytes((tmp_path / "one.safetensors").read_bytes())
    two = str(web.manager.installer.register_path(place, {"name": "two"}))
    assert "were never read" in _page(web, "duplicates")
    read = web.ask("POST", "/storage/read", data={"a": "b"}, headers=_HTML)
    web.manager.jobs.wait(60)
    assert re.search(r"/jobs/\d+$", read.url)
    shown = _page(web, "duplicates")
    assert "1 group of models" in shown
    assert shown.count('name="keep"') == 2
    gone = _send(web, "remove", key=[one, two], keep=two, here="/storage?show=duplicates")
    assert "moved to the trash" in gone
    assert [model.key for model in web.manager.records.all_models()] == [two]


def test_missing_models_are_listed_and_their_records_removed(
    web: WebServer, tmp_path: Path
) -> None:
    key = _add(web, lora(tmp_path / "a.safetensors"), name="lost")
    web.manager.path_of(key).unlink()
    shown = _page(web, "missing")
    assert "1 model is recorded" in shown.replace("<strong>1</strong>", "1")
    [again] = re.findall(r'href="(/install[^"]+)"> *<svg[^>]*>.*?</svg> *Install again', shown)
    assert str(tmp_path / "a.safetensors") in web.get(unescape(again), headers=_HTML).text
    found = web.ask("POST", "/storage/find", data={"a": "b"}, headers=_HTML)
    assert re.search(r"/jobs/\d+$", found.url)
    web.manager.jobs.wait(60)
    assert "lost moved to the trash" in _send(web, "remove", key=key)
    assert "Nothing is missing" in _page(web, "missing")


def test_leftovers_are_cleaned_and_orphans_recorded(web: WebServer, tmp_path: Path) -> None:
    settings = web.manager.settings
    _add(web, embedding(tmp_path / "first.safetensors"))
    (settings.staging_dir / "old").mkdir(parents=True)
    orphan = lora(settings.models_dir / "orphan.safetensors")
    shown = _page(web, "leftovers")
    assert "left over from an interrupted install" in shown
    assert "orphan.safetensors" in shown
    assert "1 folder cleaned away" in _send(web, "clean", here="/storage?show=leftovers")
    assert not (settings.staging_dir / "old").exists()
    begun = web.ask("POST", "/storage/record", data={"place": str(orphan)}, headers=_HTML)
    assert re.search(r"/jobs/\d+$", begun.url)
    web.manager.jobs.wait(60)
    assert "No leftovers" in _page(web, "leftovers")
    outside = _send(web, "record", place="/nowhere/at/all", here="/storage?show=leftovers")
    assert "/nowhere/at/all" in outside


def test_those_who_may_only_read_see_no_buttons(web: WebServer, tmp_path: Path) -> None:
    key = _add(web, lora(tmp_path / "a.safetensors"))
    _send(web, "remove", key=key)
    _add(web, embedding(tmp_path / "b.safetensors"))
    token = ServerTokens(web.context.settings).add("reader", "read")
    for show in _LISTS:
        headers = _HTML | {"Authorization": f"Bearer {token}"}
        answer = web.get(f"/storage?show={show}", headers=headers)
        assert answer.status_code == 200
        assert 'action="/storage/' not in answer.text, show


def test_lists_by_size_go_on(web: WebServer, tmp_path: Path) -> None:
    for number in range(3):
        _add(web, lora(tmp_path / f"{number}.safetensors", fill=number))
    few = web.get("/storage?show=unused&limit=2", headers=_HTML).text
    assert few.count('type="checkbox"') == 2
    assert "limit=102" in few
    assert "3 models were never loaded" in few


def test_the_trash_is_emptied_of_what_was_seen_alone(web: WebServer, tmp_path: Path) -> None:
    keys = [_add(web, lora(tmp_path / f"{n}.safetensors", fill=n)) for n in range(2)]
    _send(web, "remove", key=keys[0])
    assert 'name="all" value="1"' in _page(web, "trash")
    assert "Nothing was chosen" in _send(web, "purge")
    _send(web, "remove", key=keys[1])
    assert "The trash has 2 models by now" in _send(web, "purge", all="1")
    assert "2 models are in the trash" in _page(web, "trash")
    assert "2 models deleted for good" in _send(web, "purge", all="2")
    assert "The trash is empty" in _page(web, "trash")


def test_a_moment_that_no_calendar_has_is_not_shown(web: WebServer, tmp_path: Path) -> None:
    _send(web, "remove", key=_add(web, lora(tmp_path / "a.safetensors")))
    [note] = web.manager.settings.models_dir.rglob("manifest.json")
    note.write_text(re.sub(r'"removed_at": [\d.]+', '"removed_at": 1e18', note.read_text()))
    assert "1 model is in the trash" in _page(web, "trash")
