"""Errors as people read them in a browser."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from modelkeep.app import access
from support.web import WebServer

_HTML = {"Accept": "text/html"}


@pytest.fixture(scope="module")
def web(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WebServer]:
    with WebServer(tmp_path_factory.mktemp("errors"), offline=True) as server:
        yield server


def test_an_address_without_a_page_leads_back(web: WebServer) -> None:
    before = {"Referer": f"{web.url}/settings/log?after=5"}
    answer = web.get("/nothing", headers=_HTML | before)
    assert answer.status_code == 404
    assert "There is no page at this address" in answer.text
    assert 'href="/settings/log?after=5"' in answer.text
    foreign = web.get("/nothing", headers=_HTML | {"Referer": "http://evil.example/settings"})
    assert "Back" not in foreign.text


def test_a_model_that_was_removed_elsewhere_is_told_in_the_words_of_pages(web: WebServer) -> None:
    seen = web.get("/models/gone/edit", headers=_HTML)
    sent = web.ask("POST", "/models/gone/edit", data={"name": "x"}, headers=_HTML)
    for answer, told in ((seen, "no such model"), (sent, "nothing was changed")):
        assert answer.status_code == 404
        assert told in answer.text
        assert "modelkeep list" not in answer.text
        assert 'href="/storage?show=trash"' in answer.text


@pytest.mark.parametrize(
    ("path", "status", "told"),
    [
        ("/settings/access/add", 403, "may not change anything"),
        ("/nothing", 403, "may not change anything"),
    ],
)
def test_who_may_only_look_is_told_so(web: WebServer, path: str, status: int, told: str) -> None:
    name = f"guest{path.count('/')}"
    value = access.add(web.context.settings, name, "read", None).key
    own = {"Origin": web.url, "Authorization": f"Bearer {value}"}
    answer = web.ask("POST", path, data={}, headers=_HTML | own)
    assert (answer.status_code, told in answer.text) == (status, True)
    page = web.get("/settings/access", headers=_HTML | own)
    assert page.status_code == 403
    assert "for those who may change everything" in page.text


def test_a_form_of_another_server_and_one_without_a_login_change_nothing(web: WebServer) -> None:
    foreign = web.ask(
        "POST", "/settings/sites/store", data={}, headers=_HTML | {"Origin": "http://x"}
    )
    assert foreign.status_code == 403
    assert "sent by a page of another server" in foreign.text
    own = {"Origin": web.url, "Referer": f"{web.url}/settings", "Authorization": ""}
    answer = web.ask("POST", "/settings/sites/store", data={}, headers=_HTML | own)
    assert answer.status_code == 401
    assert "You are logged out, so nothing was changed" in answer.text
    assert re.search(r'href="/login\?next=(/|%2F)settings"', answer.text)


def test_a_server_that_only_reads_says_so(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    with WebServer(tmp_path_factory.mktemp("reading"), read_only=True, offline=True) as web:
        answer = web.ask(
            "POST", "/settings/sites/store", data={}, headers=_HTML | {"Origin": web.url}
        )
        assert answer.status_code == 403
        assert "This server is read-only" in answer.text
        assert (
            "<form"
            not in web.get("/settings", headers=_HTML)
            .text.partition("<main")[2]
            .partition("</main")[0]
        )
