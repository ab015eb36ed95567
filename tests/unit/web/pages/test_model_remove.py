"""Removing a model and bringing it back, and what works with it, on pages."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from modelkeep.core.taxonomy import BaseModelType, ModelFormat, ModelType
from support.model_pages import BROWSER, add_lora, at, led_to, send, show
from support.tiny import lora
from support.web import WebServer


@pytest.fixture(scope="module")
def web(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WebServer]:
    with WebServer(tmp_path_factory.mktemp("remove") / "root", offline=True) as server:
        yield server


def test_a_removed_model_comes_back(web: WebServer, tmp_path: Path) -> None:
    key = add_lora(web, tmp_path, "first", 1)
    place = web.manager.path_of(key)
    page = show(web, at(key, "/remove"))
    assert str(place) in page
    assert [f'value="{way}"' in page for way in ("trash", "record", "now")] == [True] * 3
    assert 'value="everywhere"' not in page
    text = led_to(web, send(web, at(key, "/remove?list=q%3Dfir"), how="trash"))
    assert "first: in the trash for 7 days" in text
    assert f'action="{at(key, "/restore")}' in text
    assert not place.exists()
    text = led_to(web, send(web, at(key, "/restore")))
    assert "first is back" in text
    assert "<h1>first</h1>" in text
    assert place.exists()


def test_the_record_alone_goes(web: WebServer, tmp_path: Path) -> None:
    key = add_lora(web, tmp_path, "second", 2)
    place = web.manager.path_of(key)
    led_to(web, send(web, at(key, "/remove"), how="record"))
    assert not web.manager.records.exists(key)
    assert place.exists()
    led_to(web, send(web, at(key, "/restore")))
    assert web.manager.records.exists(key)


def test_files_go_at_once(web: WebServer, tmp_path: Path) -> None:
    key = add_lora(web, tmp_path, "third", 3)
    place = web.manager.path_of(key)
    text = led_to(web, send(web, at(key, "/remove"), how="now"))
    assert "/restore" not in text
    assert not place.exists()
    assert web.manager.installer.trash() == []


def test_files_outside_of_the_library_stay_unless_they_are_asked_for(
    web: WebServer, tmp_path: Path
) -> None:
    path = lora(tmp_path / "mine" / "fourth.safetensors", 4)
    key = web.manager.installer.register_path(path)
    page = show(web, at(key, "/remove"))
    assert "where it is. The record can be restored" in page
    assert "registered where they are" in page
    led_to(web, send(web, at(key, "/remove"), how="trash"))
    assert path.exists()
    led_to(web, send(web, at(key, "/restore")))
    led_to(web, send(web, at(key, "/remove"), how="everywhere"))
    assert not path.exists()


def test_a_way_that_does_not_exist_removes_nothing(web: WebServer, tmp_path: Path) -> None:
    key = add_lora(web, tmp_path, "fifth", 5)
    answer = send(web, at(key, "/remove"), how="somehow")
    assert answer.status_code == 400
    assert web.manager.records.exists(key)


def test_what_works_with_a_model_is_grouped_and_counted(web: WebServer, tmp_path: Path) -> None:
    base = BaseModelType.StableDiffusion2
    keys = [add_lora(web, tmp_path, f"part {i}", 10 + i, base=base) for i in range(8)]
    fields = {"type": ModelType.Main, "format": ModelFormat.Checkpoint, "base": base}
    record = web.manager.records.get_model(keys[0])
    main = {"name": "main", "path": "/nowhere/main.safetensors", **fields}
    web.manager.records.add_model("main", {**main, "original_hash": record.original_hash})
    text = show(web, at("main", "/partners"))
    assert 'LoRA <span class="muted">8</span>' in text
    assert 'href="/?for=main&amp;type=lora"' in text
    assert text.count('class="name"') == 6
    assert "list=for%3Dmain%26type%3Dlora" in text
    assert ">main</span>" in show(web, at(keys[0], "/partners"))
    assert "Nothing in the library works" in show(web, at(_alone(web, tmp_path), "/partners"))


def _alone(web: WebServer, tmp_path: Path) -> str:
    return add_lora(web, tmp_path, "alone", 30, base=BaseModelType.Flux)


def test_a_picture_is_taken_away(web: WebServer, tmp_path: Path) -> None:
    from sites.pictures import png

    key = add_lora(web, tmp_path, "shown", 31)
    headers = {"Content-Type": "image/png"}
    web.ask("PUT", f"/api/v1/model/record/i/{key}/preview", data=png(), headers=headers)
    assert 'alt="Preview of shown"' in show(web, at(key))
    text = led_to(web, send(web, at(key, "/preview")))
    assert "It shows no picture now" in text
    assert 'alt="Preview of shown"' not in text
    assert "has no preview" in led_to(web, send(web, at(key, "/preview")))


def _picture(web: WebServer, key: str, content: bytes, path: str = "/picture") -> str:
    form = {"picture": ("a.png", content, "image/png")}
    answer = web.ask("POST", at(key, path), files=form, headers=BROWSER, allow_redirects=False)
    return led_to(web, answer)


def test_a_picture_is_sent_with_a_form(web: WebServer, tmp_path: Path) -> None:
    from sites.pictures import png

    key = add_lora(web, tmp_path, "formed", 32)
    assert "No picture was chosen" in _picture(web, key, b"")
    assert "The new preview" in _picture(web, key, b"text")
    text = _picture(web, key, png())
    assert "It shows the picture now" in text
    assert 'alt="Preview of formed"' in text


@pytest.mark.parametrize(
    ("kind", "content", "status"),
    [
        ("multipart/form-data", b"x", 400),
        ("multipart/form-data; boundary=a", b"x", 400),
        ("multipart/form-data; boundary=a", bytes(17 * 2**20), 413),
        ("text/plain", b"x", 415),
    ],
)
def test_other_forms_with_files_are_refused(
    web: WebServer, tmp_path: Path, kind: str, content: bytes, status: int
) -> None:
    key = add_lora(web, tmp_path, "refused", 33)
    headers = {**BROWSER, "Content-Type": kind}
    answer = web.ask("POST", at(key, "/picture"), data=content, headers=headers)
    assert answer.status_code == status
    assert web.ask("POST", at(key, "/edit"), data=content, headers=headers).status_code in {
        413,
        415,
    }
