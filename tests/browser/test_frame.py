"""What stands around every page, in Chromium."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from support.browser import Chromium, refuse_barriers
from support.web import WebServer


@pytest.fixture(scope="module")
def web(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WebServer]:
    with WebServer(tmp_path_factory.mktemp("frame"), offline=True) as server:
        yield server


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_part_can_be_used_by_everybody(
    web: WebServer, chromium: Chromium, scheme: str
) -> None:
    with chromium.page(web, "/patterns", color_scheme=scheme) as page:
        refuse_barriers(page)


def test_a_page_that_does_not_exist_is_in_the_same_frame(
    web: WebServer, chromium: Chromium
) -> None:
    with chromium.page(web, "/nothing") as page:
        assert page.get_by_role("heading", name="Not found").is_visible()
        page.get_by_role("link", name="To the library").click()
        page.wait_for_url("**/")


def test_a_text_is_copied_over_plain_http_too(web: WebServer, chromium: Chromium) -> None:
    with chromium.page(web, "/patterns", permissions=["clipboard-read"]) as page:
        page.evaluate("Object.defineProperty(window, 'isSecureContext', {value: false})")
        page.get_by_role("button", name="Copy", exact=True).click()
        page.wait_for_function("document.getElementById('live').textContent === 'Copied'")
        assert page.evaluate("navigator.clipboard.readText()") == "text that is copied"
