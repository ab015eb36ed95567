"""Opening a browser: the login link is for this user alone."""

from __future__ import annotations

import stat
import webbrowser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

from modelkeep.web.browser import open_page
from support.waiting import until

LINK = "http://127.0.0.1:9494/login#code=planted&x"


class Browser:
    """Notes what it is asked to open."""

    def __init__(self) -> None:
        self.opened: list[str] = []

    def open(self, address: str) -> bool:
        self.opened.append(address)
        return True


def test_the_browser_is_given_a_page_that_only_this_user_can_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    browser = Browser()
    monkeypatch.setattr(webbrowser, "get", lambda: browser)
    assert open_page(LINK, tmp_path)
    until(lambda: browser.opened)
    assert "planted" not in browser.opened[0]
    page = Path(unquote(urlsplit(browser.opened[0]).path))
    assert stat.S_IMODE(page.stat().st_mode) == 0o600
    assert stat.S_IMODE(page.parent.stat().st_mode) == 0o700
    assert 'url=http://127.0.0.1:9494/login#code=planted&amp;x"' in page.read_text()


def test_where_there_is_no_browser_that_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def none() -> None:
        raise webbrowser.Error

    monkeypatch.setattr(webbrowser, "get", none)
    assert not open_page(LINK, tmp_path)
