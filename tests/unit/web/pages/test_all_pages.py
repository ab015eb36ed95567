"""What holds for every page, as programs see it: prefixes, rights, forms and hostile names."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from html.parser import HTMLParser

import pytest
import requests

from modelkeep.app import access
from support.all_pages import HOSTILE, addresses, hostile_library
from support.web import WebServer

_HTML = {"Accept": "text/html"}
_PREFIX = "/keep"
#: Elements whose attributes name addresses.
_ADDRESSES = ("href", "src", "action", "hx-get", "hx-post", "poster", "srcset")


class _Page(HTMLParser):
    """The tags of a page, in their order.

    Attributes:
        tags: Names and attributes.
        in_main: Those of its main part.
        changes: Addresses that a button in the main part sends a form to.
    """

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str]]] = []
        self.in_main: list[tuple[str, dict[str, str]]] = []
        self.changes: list[str] = []
        self._is_in_main = False
        self._sent_to = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note a tag."""
        found = (tag, {name: value or "" for name, value in attrs})
        self._is_in_main = self._is_in_main or tag == "main"
        self.tags.append(found)
        if not self._is_in_main:
            return
        self.in_main.append(found)
        if tag == "form":
            is_change = found[1].get("method", "").lower() == "post"
            self._sent_to = found[1].get("action", "") if is_change else ""
        elif tag == "button" and self._sent_to and found[1].get("type", "submit") == "submit":
            self.changes.append(self._sent_to)

    def handle_endtag(self, tag: str) -> None:
        """Note the end of the main part, and of a form."""
        if tag == "main":
            self._is_in_main = False
        elif tag == "form":
            self._sent_to = ""


@pytest.fixture(scope="module")
def web(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WebServer]:
    folder = tmp_path_factory.mktemp("pages")
    with WebServer(folder / "root", offline=True, base_path=_PREFIX) as server:
        hostile_library(server, folder / "files")
        yield server


@pytest.fixture(scope="module")
def pages(web: WebServer) -> Mapping[str, _Page]:
    """Every page, for somebody who may do everything."""
    return {path: _read(web, path) for path in addresses(web)}


def test_every_address_has_the_prefix(pages: Mapping[str, _Page]) -> None:
    wrong = {
        (path, tag, value)
        for path, page in pages.items()
        for tag, attributes in page.tags
        for name, value in attributes.items()
        if name in _ADDRESSES and value.startswith("/") and not value.startswith(f"{_PREFIX}/")
    }
    assert wrong == set()


def test_every_page_works_without_scripts(pages: Mapping[str, _Page]) -> None:
    """It has a heading, and each of its forms says where it goes and can be sent."""
    for path, page in pages.items():
        names = [tag for tag, _ in page.in_main]
        assert {"h1", "h2"} & set(names), path
        assert "button" in names or "a" in names, path
        for tag, attributes in page.tags:
            assert "style" not in attributes, path
            assert not [name for name in attributes if name.startswith("on")], path
            if tag == "form" and attributes.get("method", "").lower() == "post":
                assert attributes.get("action"), path
            if tag == "script":
                assert attributes.get("src") or attributes.get("type") == "application/json", path


def test_who_may_only_look_sees_nothing_that_changes_something(
    web: WebServer, pages: Mapping[str, _Page]
) -> None:
    value = access.add(web.context.settings, "guest", "read", None).key
    for path in pages:
        answer = web.get(_PREFIX + path, headers=_HTML | {"Authorization": f"Bearer {value}"})
        if answer.status_code == 403:
            continue
        assert answer.status_code == 200, path
        assert _Page(answer.text).changes == [], path


def test_a_removed_token_leads_to_the_login(web: WebServer, pages: Mapping[str, _Page]) -> None:
    value = access.add(web.context.settings, "gone", "manage", None).key
    browser = requests.Session()
    own = {"Origin": web.url, "Sec-Fetch-Site": "same-origin", **_HTML}
    form = {"token": value, "next": "/"}
    browser.post(f"{web.url}{_PREFIX}/login", data=form, headers=own, allow_redirects=False)
    access.remove(web.context.settings, "gone")
    for path in pages:
        answer = browser.get(web.url + _PREFIX + path, headers=own, allow_redirects=False)
        assert answer.status_code == 303, path
        assert answer.headers["Location"].startswith(f"{_PREFIX}/login?next="), path


def test_names_are_text_wherever_they_are_shown(pages: Mapping[str, _Page]) -> None:
    for path, page in pages.items():
        for tag, attributes in page.tags:
            assert attributes.get("src") != "x", path
            assert (tag, attributes.get("id")) != ("b", "hostile"), path
            address = attributes.get("href", "")
            assert not re.match(r"\s*(javascript|data):", address, re.IGNORECASE), path
    assert len(HOSTILE[0]) < len(HOSTILE[-1])


def _read(web: WebServer, path: str) -> _Page:
    answer = web.get(_PREFIX + path, headers=_HTML)
    assert answer.status_code == 200, f"{path}: {answer.text}"
    return _Page(answer.text)
