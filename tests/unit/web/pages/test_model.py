"""The page of one model: what it shows, and of models whose files are not as recorded."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import unescape
from pathlib import Path

import pytest

from modelkeep.core.taxonomy import ModelFormat, ModelType
from support.model_pages import BROWSER, HOSTILE, add_lora, add_metadata, at, led_to, send, show
from support.tiny import embedding_folder
from support.web import WebServer


@pytest.fixture(scope="module")
def web(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WebServer]:
    with WebServer(tmp_path_factory.mktemp("model") / "root", offline=True) as server:
        yield server


def test_a_model_is_shown_with_all_that_is_known_of_it(web: WebServer, tmp_path: Path) -> None:
    key = add_lora(web, tmp_path, "paper", 1, description=None)
    add_metadata(web, key)
    text = show(web, at(key))
    for part in (
        "<h1>paper</h1>",
        ">LoRA</a>",
        'data-copy="paper cut"',
        'data-copy="&lt;lora:paper:1&gt;"',
        f'data-copy="{web.manager.path_of(key)}"',
        "https://civitai.com/models/1?modelVersionId=2",
        "You may sell pictures that it makes",
        "You may not share changed or merged versions",
        "Name the author",
        "<p>Cuts <b>paper</b>.</p>",
        "fox",
        "Why it is a LoRA",
        f"modelkeep show {key}",
        at(key, "/edit"),
        at(key, "/remove"),
        "2024-01-01",
    ):
        assert part in text, part
    assert "notice failed" not in text


def test_a_description_is_shown_where_somebody_wrote_one(web: WebServer, tmp_path: Path) -> None:
    key = add_lora(web, tmp_path, "described", 9)
    record = web.manager.records.get_model(key)
    assert record.description == "sd-1 lora model described"
    assert "Description</h2>" not in show(web, at(key))
    web.manager.records.update_model(key, {"name": "renamed"})
    assert "Description</h2>" not in show(web, at(key))
    web.manager.records.update_model(key, {"description": "sd-1 lora model for paper"})
    assert "sd-1 lora model for paper" in show(web, at(key))


def test_what_strangers_wrote_is_text(web: WebServer, tmp_path: Path) -> None:
    key = add_lora(
        web,
        tmp_path,
        "hostile",
        2,
        name=HOSTILE,
        description=HOSTILE,
        trigger_phrases=[HOSTILE],
        source=f"javascript:alert(1)//{HOSTILE}",
        lineage=HOSTILE,
    )
    add_metadata(web, key, author=HOSTILE, tags={HOSTILE}, version_name=HOSTILE, description="x")
    for below in ("", "/edit", "/remove", "/reidentify", "/enrich", "/partners", "/header"):
        text = show(web, at(key, below))
        assert "<script>alert" not in text
        assert "<img src=x" not in text
        assert 'href="javascript:' not in text


def test_a_token_in_a_link_is_not_shown(web: WebServer, tmp_path: Path) -> None:
    key = add_lora(web, tmp_path, "linked", 3, source="https://a.example/m?token=secret")
    text = show(web, at(key))
    assert 'href="https://a.example/m"' in text
    assert "secret" not in text


def test_missing_files_and_changed_ones_are_told_with_what_to_do(
    web: WebServer, tmp_path: Path
) -> None:
    key = add_lora(web, tmp_path, "gone", 4)
    place = web.manager.path_of(key)
    content = place.read_bytes()
    place.unlink()
    text = show(web, at(key))
    assert "Files are missing." in text
    assert "Scan a folder" in text
    place.write_bytes(content[:-1] + b"\7")
    text = show(web, at(key))
    assert "not those that were recorded" in text
    assert "Accept as it is" in text
    answer = send(web, at(key, "/verify"), accept="1")
    number = int(answer.headers["Location"].partition("task=")[2])
    web.manager.jobs.wait()
    assert "taken for right as it is now" in show(web, at(key, f"?task={number}"))
    assert "not those that were recorded" not in show(web, at(key))


def test_the_models_beside_it_in_the_list_are_one_step_away(web: WebServer, tmp_path: Path) -> None:
    keys = [add_lora(web, tmp_path, f"row {i:02}", 10 + i) for i in range(4)]
    listed = "?list=q%3Drow%26view%3Dtable"
    text = show(web, at(keys[1], listed))
    assert "2 of 4" in text
    assert 'href="/?q=row&amp;view=table"' in text
    assert f'rel="prev" href="{at(keys[0], listed)}"' in text
    assert f'rel="next" href="{at(keys[2], listed)}"' in text
    first = show(web, at(keys[0], listed))
    assert 'rel="prev"' not in first
    assert f"{at(keys[0], '/edit')}{listed}" in first


def test_behind_the_end_of_a_page_the_list_grows(web: WebServer, tmp_path: Path) -> None:
    keys = [add_lora(web, tmp_path, f"far {i}", 20 + i) for i in range(3)]
    text = show(web, at(keys[1], "?list=q%3Dfar%26limit%3D2"))
    assert f'rel="next" href="{at(keys[2], "?list=q%3Dfar%26limit%3D52")}"' in text
    assert "2 of 3" in text


@pytest.mark.parametrize("listed", ["sort%3Dnothing", "q%3Dnobody", "after%3Dxyz"])
def test_a_list_that_is_wrong_hides_no_model(web: WebServer, tmp_path: Path, listed: str) -> None:
    key = add_lora(web, tmp_path, "alone", 30)
    text = show(web, at(key, f"?list={listed}"))
    assert "<h1>alone</h1>" in text
    assert 'rel="next"' not in text
    web.manager.installer.delete(key)


def test_a_key_may_hold_slashes_and_end_like_a_page(web: WebServer, tmp_path: Path) -> None:
    file = add_lora(web, tmp_path, "a", 31)
    config = web.manager.records.get_model(file)
    for key in ("org/a", "org/a/edit", "org/b/edit"):
        path = tmp_path / f"{key}.safetensors"
        web.manager.records.add_model(
            key, config.model_copy(update={"name": key, "path": str(path)})
        )
    assert "<h1>org/a</h1>" in show(web, at("org/a"))
    assert ">Edit</h1>" in show(web, at("org/a", "/edit"))
    assert "<h1>org/b/edit</h1>" in show(web, at("org/b/edit"))
    assert "Not found" in show(web, at("org/c/edit"), 404)


def test_a_form_leads_back_to_a_key_of_any_letters(web: WebServer, tmp_path: Path) -> None:
    config = web.manager.records.get_model(add_lora(web, tmp_path, "a", 31))
    for number, key in enumerate(("what?", "1#2", "50%3F", "two words", "\u00fc&+'")):
        path = tmp_path / f"{number}.safetensors"
        changes = {"name": f"model {number}", "path": str(path)}
        web.manager.records.add_model(key, config.model_copy(update=changes))
        here = re.search(r'name="here" value="([^"]*)"', show(web, at(key)))
        assert here is not None
        place = {"here": unescape(here[1])}
        answer = web.ask("POST", "/storage/restore", data=place, headers=BROWSER)
        assert f"<h1>model {number}</h1>" in answer.text, key


def test_many_files_are_behind_a_click(web: WebServer, tmp_path: Path) -> None:
    folder = embedding_folder(tmp_path / "folder")
    key = web.manager.installer.register_path(folder)
    rows = web.manager.records.files(key)
    text = show(web, at(key))
    assert len(rows) == text.count('</td>\n    <td class="size">')
    assert "learned_embeds.safetensors" in text


def test_who_may_only_read_sees_nothing_that_changes_a_model(
    web: WebServer, tmp_path: Path
) -> None:
    from modelkeep.app import access

    key = add_lora(web, tmp_path, "read", 32)
    token = access.add(web.manager.settings, "reader", "read", None).key
    headers = {"Authorization": f"Bearer {token}", "Accept": "text/html"}
    text = web.get(at(key), headers=headers).text
    assert "<h1>read</h1>" in text
    for hidden in (at(key, "/edit"), at(key, "/remove"), at(key, "/verify"), "model.js"):
        assert hidden not in text


def test_asking_the_sites_is_offered_with_what_they_would_get(
    web: WebServer, tmp_path: Path
) -> None:
    key = add_lora(web, tmp_path, "asked", 33)
    assert "would get the sha256" in show(web, at(key, "/enrich"))
    text = led_to(web, send(web, at(key, "/enrich")))
    assert 'id="task"' in text


def test_the_kind_of_another_type_has_no_prompt(web: WebServer, tmp_path: Path) -> None:
    fields = {"type": ModelType.Unknown, "format": ModelFormat.Unknown}
    key = add_lora(web, tmp_path, "unknown", 34, **fields)
    text = show(web, at(key))
    assert ">Unknown</a>" in text
    assert "&lt;lora:" not in text
