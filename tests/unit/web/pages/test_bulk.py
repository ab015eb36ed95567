"""Actions on many models by forms: what is selected, the plan, the result, and undoing it."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from modelkeep.app import trash
from modelkeep.app.choices import choices
from modelkeep.core.limits import TRASH_DAYS
from support.shelf import many, put
from support.tiny import lora
from support.web import WebServer

PAGE = {"Accept": "text/html"}
_MANY = 1200


@pytest.fixture
def web(tmp_path: Path) -> Iterator[WebServer]:
    with WebServer(tmp_path / "root", offline=True) as server:
        yield server


def send(web: WebServer, path: str, *fields: tuple[str, str]) -> requests.Response:
    """Send a form; return the page that it leads to."""
    return web.ask("POST", path, data=list(fields), headers=PAGE)


def plan(web: WebServer, action: str, *fields: tuple[str, str]) -> requests.Response:
    """Select models; return the plan."""
    return send(web, "/bulk", ("action", action), ("here", "/?type=lora"), *fields)


def confirm(web: WebServer, seen: requests.Response, *fields: tuple[str, str]) -> requests.Response:
    [count] = re.findall('name="count" value="([0-9]+)"', seen.text)
    path = seen.url.removeprefix(web.url)
    return send(web, path.partition("?")[0], ("count", count), ("here", path), *fields)


def undo(web: WebServer, told: requests.Response) -> requests.Response:
    [path] = re.findall('action="(/bulk/[0-9]+/undo)"', told.text)
    return send(web, path, ("here", "/?type=lora"))


def tags(web: WebServer, key: str) -> set[str]:
    return set(web.manager.metadata.tags(key).hand)


def test_tags_are_added_taken_away_and_as_before(web: WebServer) -> None:
    put(web.manager, [{"name": "a", "tags": ["cat"]}, {"name": "b"}, {"name": "c"}])
    seen = plan(web, "tag", ("key", "a"), ("key", "b"))
    assert "Tag 2 models" in seen.text
    told = confirm(web, seen, ("action", "tag"), ("tags", "cat, red"))
    assert told.url == f"{web.url}/?type=lora&notice=" + told.url.rpartition("=")[2]
    assert "2 models tagged" in told.text
    assert (tags(web, "a"), tags(web, "b"), tags(web, "c")) == (
        {"cat", "red"},
        {"cat", "red"},
        set(),
    )
    assert "2 models as before" in undo(web, told).text
    assert (tags(web, "a"), tags(web, "b")) == ({"cat"}, set())
    gone = confirm(web, plan(web, "tag", ("all", "1")), ("action", "untag"), ("tags", "cat"))
    assert "1 model without these tags now" in gone.text
    assert tags(web, "a") == set()


def test_a_type_is_changed_and_as_before(web: WebServer, tmp_path: Path) -> None:
    key = web.manager.installer.install_path(lora(tmp_path / "a.safetensors"))
    before = web.manager.records.get_model(key)
    seen = plan(web, "retype", ("key", key))
    told = confirm(web, seen, ("action", "retype"), ("type", "vae"), ("base", "flux"))
    assert "1 model changed" in told.text
    assert web.manager.records.get_model(key).type == "vae"
    undo(web, told)
    assert web.manager.records.get_model(key) == before


def test_what_failed_is_listed_with_its_reason(web: WebServer) -> None:
    put(web.manager, [{"name": "<b>"}, {"name": "b"}])
    seen = plan(web, "retype", ("key", "<b>"), ("key", "b"))
    shown = confirm(web, seen, ("action", "retype"), ("type", "sofa"))
    assert "/bulk/" in shown.url
    assert "2</b> failed" in shown.text
    assert "&lt;b&gt;</a>:" in shown.text


def test_files_go_to_the_trash_and_come_back(web: WebServer, tmp_path: Path) -> None:
    installer = web.manager.installer
    inside = [installer.install_path(lora(tmp_path / f"in{n}.safetensors", n)) for n in (1, 2)]
    outside = lora(tmp_path / "out.safetensors", 3)
    there = installer.register_path(outside)
    size = sum(web.manager.records.get_model(key).size or 0 for key in inside)
    seen = plan(web, "remove", ("all", "1"), ("filter", "type=lora"))
    shown = html.unescape(re.sub("<[^>]*>", "", seen.text))
    assert "Remove 3 models" in shown
    assert f"{size / 1000:.1f} KB of 2 models go to the trash" in shown, shown
    assert f"can be restored for {TRASH_DAYS} days" in shown, "as long as the trash keeps them"
    assert "Of 1 model only the record goes" in shown
    told = confirm(web, seen, ("action", "remove"))
    assert "3 models in the trash" in told.text
    assert outside.is_file()
    assert {entry.key for entry in trash.entries(web.manager)} == {*inside, there}
    assert "3 models as before" in undo(web, told).text
    assert {model.key for model in web.manager.records.all_models()} == {*inside, there}
    assert trash.entries(web.manager) == []


def test_more_models_than_a_page_has(web: WebServer) -> None:
    put(web.manager, many(_MANY))
    seen = plan(web, "tag", ("all", "1"), ("filter", "type=lora"))
    assert f"Tag {_MANY:,} models" in seen.text
    confirm(web, seen, ("action", "tag"), ("tags", "red"))
    web.manager.jobs.wait(60)
    [counted] = [c for c in choices(web.manager).choices if c.name == "tag"]
    assert [(one.value, one.count) for one in counted.values] == [("red", _MANY)]
    number = max(row.id for row in web.manager.jobs.rows())
    page = web.get(f"/bulk/{number}?back=/%3Ftype%3Dlora", headers=PAGE).text
    assert f"{_MANY:,}</b> done" in page
    assert 'href="/?type=lora"' in page
    undo(web, web.get(f"/bulk/{number}", headers=PAGE))
    web.manager.jobs.wait(60)
    assert tags(web, "model-0007") == set()


def test_what_makes_no_sense_is_told(web: WebServer) -> None:
    put(web.manager, [{"name": "a"}, {"name": "b"}])
    assert "No model is selected" in plan(web, "tag").text
    assert plan(web, "sofa", ("key", "a")).status_code == 400
    seen = plan(web, "tag", ("all", "1"))
    assert "tag needs tags" in confirm(web, seen, ("action", "tag"), ("tags", " , ")).text
    put(web.manager, [{"name": "c"}])
    again = confirm(web, seen, ("action", "tag"), ("tags", "red"))
    assert "3 models by now" in again.text
    assert tags(web, "a") == set()
    forgotten = web.get("/bulk/plan/nothing?action=tag", headers=PAGE)
    assert (forgotten.status_code, "select again" in forgotten.text) == (404, True)


def test_sites_are_named_before_they_are_asked(web: WebServer) -> None:
    put(web.manager, [{"name": "a"}])
    seen = plan(web, "enrich", ("key", "a"))
    assert "No site would be asked" in seen.text
    assert seen.status_code == 200
