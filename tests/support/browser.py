"""Chromium, as people use it: what it finds wrong with a page fails the test."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Response, expect
from playwright.sync_api import sync_playwright as playwright

from support.web import WebServer

_NAMES = ("chromium", "chromium-browser", "google-chrome")
#: Milliseconds that a page may take for anything.
_PATIENCE = 20_000
_SERIOUS = {"serious", "critical"}
#: What the browser says of its own accord where nothing is wrong.
_HARMLESS = ("Failed to load resource",)


class Chromium:
    """A running Chromium.

    Args:
        browser: It.
    """

    def __init__(self, browser: Browser) -> None:
        self._browser = browser

    @contextmanager
    def context(self, web: WebServer, token: str = "", **options: Any) -> Iterator[BrowserContext]:
        """Give a browser that is logged in and has nothing else; watch what it complains of.

        Args:
            web: The server.
            token: What it logs in with; one that may do everything where none is given.
            options: Of ``Browser.new_context``, such as ``java_script_enabled``.
        """
        context = self._browser.new_context(base_url=web.url, **options)
        context.set_default_timeout(_PATIENCE)
        complaints: list[str] = []
        context.on("console", lambda said: complaints.extend(_complaint(said)))
        context.on("weberror", lambda error: complaints.append(str(error.error)))
        context.on("response", lambda answer: complaints.extend(_failure(answer)))
        token = token or web.headers["Authorization"].partition(" ")[2]
        answer = context.request.post(
            "/login",
            form={"token": token, "next": "/"},
            headers={"Origin": web.url},
            max_redirects=0,
        )
        assert answer.status == 303, answer.text()
        try:
            yield context
        finally:
            context.close()
        assert complaints == []

    @contextmanager
    def page(self, web: WebServer, path: str = "/", **options: Any) -> Iterator[Page]:
        """Give a page that is open; the options are those of ``context``."""
        with self.context(web, **options) as context:
            page = context.new_page()
            page.goto(path)
            yield page


@contextmanager
def chromium() -> Iterator[Chromium]:
    """Start Chromium; where there is none the test is skipped, and fails on CI."""
    found = next(filter(None, map(shutil.which, _NAMES)), None)
    if found is None:
        if os.environ.get("CI"):
            pytest.fail("Chromium is not installed")
        pytest.skip("Chromium is not installed (Debian: apt install chromium)")
    expect.set_options(timeout=_PATIENCE)
    with TemporaryDirectory() as home, playwright() as driver:
        browser = driver.chromium.launch(
            executable_path=found,
            args=["--no-sandbox"],
            env={**os.environ, "XDG_CONFIG_HOME": home},
        )
        try:
            yield Chromium(browser)
        finally:
            browser.close()


def refuse_barriers(page: Page) -> None:
    """Fail where somebody could not use a page: what axe finds to be serious."""
    found = Axe().run(page).response["violations"]
    serious = [
        (one["id"], one["help"], [node["html"] for node in one["nodes"]])
        for one in found
        if one["impact"] in _SERIOUS
    ]
    assert serious == [], f"{urlsplit(page.url).path}: {serious}"


def _complaint(said: ConsoleMessage) -> Iterator[str]:
    if said.type in {"error", "warning"} and not said.text.startswith(_HARMLESS):
        yield said.text


def _failure(answer: Response) -> Iterator[str]:
    if answer.status >= 500:
        yield f"{answer.status} {answer.url}"
