"""The pages of the settings: folders, sites, access, changes, about."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
import requests

from modelkeep.app import access
from modelkeep.app.jobs import jobs
from support.web import WebServer

_PAGES = ("", "/sites", "/access", "/log", "/about")
_HTML = {"Accept": "text/html"}


@pytest.fixture
def web(tmp_path: Path) -> Iterator[WebServer]:
    (tmp_path / "comfy" / "models" / "loras").mkdir(parents=True)
    (tmp_path / "comfy" / "custom_nodes").mkdir()
    settings = {
        "offline": True,
        "readable_dirs": [tmp_path],
        "civitai_endpoint": "http://me:secret@x",
    }
    with WebServer(tmp_path / "root", **settings) as server:
        yield server


def test_every_page_is_there_and_shows_no_secret(web: WebServer) -> None:
    for path in _PAGES:
        shown = _read(web, f"/settings{path}")
        assert "<h1>" in shown
        assert "secret@" not in shown
    assert str(web.context.settings.models_dir) in _read(web, "/settings")
    about = _read(web, "/settings/about")
    assert str(web.context.settings.root) in about
    offline = re.search(r"<code>offline</code></td>\s*<td>True</td>\s*<td>command line", about)
    assert offline is not None


def test_a_folder_is_added_and_its_models_are_looked_for(web: WebServer, tmp_path: Path) -> None:
    told = _send(web, "/settings/folders/add", name="comfy", path=str(tmp_path / "comfy"))
    assert "comfy is one of the folders now" in told
    assert "comfyui" in _read(web, "/settings")
    assert any(view.row.kind == "scan" for view in jobs(web.manager))
    told = _send(web, "/settings/folders/scan", name="comfy")
    assert "looked for in comfy" in told
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    told = _send(web, "/settings/folders/move", name="comfy", path=str(elsewhere))
    assert f"comfy is in {elsewhere} now" in told
    told = _send(web, "/settings/folders/remove", name="comfy", records="keep")
    assert "comfy is none of the folders any more" in told
    assert (tmp_path / "comfy" / "models").is_dir()
    assert 'id="folder-comfy"' not in _read(web, "/settings")


def test_a_form_without_its_fields_is_answered(web: WebServer) -> None:
    for action in ("folders/add", "folders/scan", "folders/move", "folders/remove"):
        assert 'role="alert"' in _send(web, f"/settings/{action}"), action


def test_only_what_pages_can_open_is_looked_through(web: WebServer) -> None:
    told = _send(web, "/settings/folders/scan", name="/etc")
    assert 'role="alert"' in told
    assert list(jobs(web.manager)) == []


def test_a_folder_that_is_refused_leaves_the_form_as_it_was(web: WebServer) -> None:
    told = _send(web, "/settings/folders/add", name="other", path="/etc", layout="a1111")
    assert "/etc is no folder that pages can open" in told
    assert "modelkeep root add other /etc" in told
    assert 'value="/etc"' in told
    assert 'value="a1111" selected' in told
    assert "other" not in web.context.settings.roots


def test_a_token_for_a_site_is_stored_and_not_shown(
    web: WebServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    value = "hf_" + "x1y2" * 8
    told = _send(web, "/settings/sites/store", site="huggingface", token=value)
    assert "The token for huggingface is stored" in told
    assert value not in told
    assert "x1y2" in told  # its end
    assert "https://huggingface.co/settings/tokens" in told
    told = _send(web, "/settings/sites/remove", site="huggingface")
    assert "is deleted" in told
    told = _send(web, "/settings/sites/remove", site="huggingface")
    assert "There was no stored token" in told
    told = _send(web, "/settings/sites/store", site="nowhere", token=value)
    assert 'class="notice failed"' in told
    assert value not in told


def test_a_token_of_the_server_is_shown_once(web: WebServer) -> None:
    told = _send(web, "/settings/access/add", name="phone", scope="read", expires="30d")
    found = re.search(r'data-copy="([\w-]{30,})"', told)
    assert found is not None
    value = found[1]
    answer = requests.get(
        f"{web.url}/api/v1/roots", headers={"Authorization": f"Bearer {value}"}, timeout=30
    )
    assert answer.status_code == 200
    assert value not in _read(web, "/settings/access")
    told = _send(web, "/settings/access/add", name="phone", scope="read")
    assert 'class="notice failed"' in told
    told = _send(web, "/settings/access/add", name="x", scope="all")
    assert "is no scope" in told
    told = _send(web, "/settings/access/remove", name="phone")
    assert "The token phone is removed" in told
    assert access.entries(web.context.settings) == []


def test_a_link_logs_another_browser_in_once(web: WebServer) -> None:
    told = _send(web, "/settings/access/link", name="")
    found = re.search(r'data-copy="(http://[^"]+)"', told)
    assert found is not None
    link = urlsplit(found[1])
    assert f"{link.scheme}://{link.netloc}" == web.url
    form = {"token": parse_qs(link.fragment)["code"][0], "next": "/"}
    statuses = [
        requests.post(f"{web.url}/login", data=form, allow_redirects=False, timeout=30).status_code
        for _ in range(2)
    ]
    assert statuses == [303, 403]


def test_who_may_only_look_sees_no_forms_and_no_access(web: WebServer) -> None:
    value = access.add(web.context.settings, "guest", "read", None).key
    reading = {**_HTML, "Authorization": f"Bearer {value}"}
    for path in ("", "/sites", "/log", "/about"):
        shown = web.get(f"/settings{path}", headers=reading).text
        assert "<h1>" in shown
        assert "/settings/access" not in shown
        assert "/settings/" not in "".join(re.findall(r'action="[^"]*"', shown))
    assert web.get("/settings/access", headers=reading).status_code == 403


def test_changes_are_listed_in_pages(web: WebServer) -> None:
    for number in range(60):
        web.ask("DELETE", f"/api/v1/roots/none-{number}")
    first = _read(web, "/settings/log")
    assert "none-59" in first
    assert "none-9<" not in first
    older = re.search(r'href="(/settings/log\?after=\d+)"', first)
    assert older is not None
    assert "none-9<" in _read(web, older[1])


def _read(web: WebServer, path: str) -> str:
    answer = web.get(path, headers=_HTML)
    assert answer.status_code == 200, answer.text
    return answer.text


def _send(web: WebServer, path: str, /, **fields: str) -> str:
    """Send a form; return the page that it leads to."""
    answer = web.ask(
        "POST", path, data=fields, headers={**_HTML, "Origin": web.url}, allow_redirects=False
    )
    assert answer.status_code == 303, answer.text
    return _read(web, answer.headers["Location"])
