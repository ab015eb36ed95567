"""Editing a model, identifying it again, and its header, on pages."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from modelkeep.core.taxonomy import BaseModelType
from support.model_pages import add_lora, at, inputs, led_to, send, show
from support.web import WebServer


@pytest.fixture(scope="module")
def web(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WebServer]:
    with WebServer(tmp_path_factory.mktemp("edit") / "root", offline=True) as server:
        yield server


def _version(web: WebServer, key: str) -> str:
    return inputs(show(web, at(key, "/edit")))["version"]


def test_fields_are_changed_and_changed_back(web: WebServer, tmp_path: Path) -> None:
    key, records = add_lora(web, tmp_path, "first", 1), web.manager.records
    version = _version(web, key)
    changes = {
        "name": "Better",
        "triggers": "one, two\r\n\r\nthree",
        "tags": "mine, fine",
        "base": "sdxl",
        "description": "Two\r\nlines",
    }
    text = led_to(web, send(web, at(key, "/edit?list=q%3Da"), version=version, **changes))
    assert "Saved: name, base, description, triggers, tags." in text
    record = records.get_model(key)
    assert (record.name, record.base) == ("Better", BaseModelType.StableDiffusionXL)
    assert record.trigger_phrases == ("one, two", "three")
    assert record.description == "Two\nlines"
    assert web.manager.metadata.tags(key).hand == {"mine", "fine"}
    assert "?list=q%3Da" in text
    undo = inputs(text)
    led_to(web, send(web, at(key, "/edit"), **undo))
    record = records.get_model(key)
    assert (record.name, record.base) == ("first", BaseModelType.StableDiffusion1)
    assert record.trigger_phrases == ("paper cut",)
    assert web.manager.metadata.tags(key).hand == frozenset()


def test_what_was_not_changed_does_not_count_as_set_by_hand(web: WebServer, tmp_path: Path) -> None:
    key = add_lora(web, tmp_path, "second", 2)
    before = web.manager.records.get_json(key)
    given = inputs(show(web, at(key, "/edit")))
    assert "Nothing was changed" in led_to(web, send(web, at(key, "/edit"), **given))
    assert web.manager.records.get_json(key) == before


def test_what_somebody_else_changed_is_not_overwritten(web: WebServer, tmp_path: Path) -> None:
    key = add_lora(web, tmp_path, "third", 3)
    version = _version(web, key)
    web.manager.records.update_model(key, {"name": "theirs"})
    answer = send(web, at(key, "/edit"), version=version, name="mine", description="kept")
    assert answer.status_code == 412
    assert "Somebody changed this model" in answer.text
    assert "<q>theirs</q>" in answer.text
    assert ">\nkept</textarea>" in answer.text
    assert web.manager.records.get_model(key).name == "theirs"
    again = inputs(answer.text)
    assert again["name"] == "mine"
    led_to(web, send(web, at(key, "/edit"), **again))
    assert web.manager.records.get_model(key).name == "mine"


def test_tags_that_others_gave_meanwhile_stay(web: WebServer, tmp_path: Path) -> None:
    key = add_lora(web, tmp_path, "fourth", 4)
    web.manager.metadata.set_tags(key, ["a", "b"])
    given = inputs(show(web, at(key, "/edit")))
    web.manager.metadata.set_tags(key, ["a", "b", "theirs"])
    led_to(web, send(web, at(key, "/edit"), **{**given, "tags": "b, mine"}))
    assert web.manager.metadata.tags(key).hand == {"b", "mine", "theirs"}


@pytest.mark.parametrize(
    ("field", "value", "told"),
    [
        ("name", " ", "name cannot be empty"),
        ("name", "a\0b", "has a NUL"),
        ("name", "x" * 5000, "has more than 4,096 characters"),
        ("base", "nonsense", "unknown base"),
        ("format", "diffusers", "is a file"),
    ],
)
def test_what_does_not_fit_is_told_and_what_was_typed_stays(
    web: WebServer, tmp_path: Path, field: str, value: str, told: str
) -> None:
    key = add_lora(web, tmp_path, "fifth", 5)
    before = web.manager.records.get_json(key)
    given = {"version": _version(web, key), "description": "typed", field: value}
    answer = send(web, at(key, "/edit"), **given)
    assert 400 <= answer.status_code < 500
    assert told in answer.text
    assert "typed</textarea>" in answer.text
    assert web.manager.records.get_json(key) == before
    web.manager.installer.delete(key)


def test_the_rules_are_asked_again_and_what_was_set_by_hand_stays(
    web: WebServer, tmp_path: Path
) -> None:
    key = add_lora(web, tmp_path, "sixth", 6)
    assert "That is what is recorded" in show(web, at(key, "/reidentify"))
    led_to(web, send(web, at(key, "/edit"), version=_version(web, key), base="sdxl"))
    text = show(web, at(key, "/reidentify"))
    assert "By its files it is a <strong>LoRA for SD 1</strong>" in text
    assert "Set by hand" in text
    assert "sd-1 lora" in text
    led_to(web, send(web, at(key, "/reidentify")))
    assert web.manager.records.get_model(key).base is BaseModelType.StableDiffusionXL
    text = led_to(web, send(web, at(key, "/reidentify"), reset="1"))
    assert "Identified again: base" in text
    assert web.manager.records.get_model(key).base is BaseModelType.StableDiffusion1


def test_a_model_that_cannot_be_read_is_told_as_it_is(web: WebServer, tmp_path: Path) -> None:
    key = add_lora(web, tmp_path, "seventh", 7)
    web.manager.path_of(key).write_bytes(b"no model at all")
    text = show(web, at(key, "/reidentify"))
    assert "notice failed" in text
    text = led_to(web, send(web, at(key, "/reidentify")))
    assert "notice failed" in text


def test_the_header_is_searched_and_paged(web: WebServer, tmp_path: Path) -> None:
    from support.tiny import safetensors_bytes

    tensors = {f"lora_te_{i}.lora_down.weight": ("F16", (4, 768)) for i in range(250)}
    key = add_lora(web, tmp_path, "eighth", 8)
    place = web.manager.path_of(key)
    place.write_bytes(safetensors_bytes(tensors, {"ss_notes": "x" * 500, "short": "<b>"}))
    text = show(web, at(key, "/header"))
    assert "1 to 100 of 250" in text
    assert "F16 250" in text
    assert "500 characters" in text
    assert "&lt;b&gt;" in text
    assert 'rel="prev"' not in text
    text = show(web, at(key, "/header?after=200"))
    assert "201 to 250 of 250" in text
    assert 'rel="next"' not in text
    text = show(web, at(key, "/header?q=TE_24+down"))
    assert "1 to 11 of 11" in text
    assert "No tensor" in show(web, at(key, "/header?q=nothing&after=x"))
    answer = web.get(f"/api/v1/model/record/i/{key}/header", params={"q": "te_249", "limit": 5})
    told = answer.json()
    assert [one["name"] for one in told["tensors"]] == ["lora_te_249.lora_down.weight"]
    assert (told["count"], told["dtypes"], told["next"]) == (1, {"F16": 250}, None)
