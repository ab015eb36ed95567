"""One model in Chromium: looked at, edited, given a picture, removed and brought back."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import FilePayload, Page, expect

from sites.pictures import png
from support.browser import Chromium, refuse_barriers
from support.model_pages import HOSTILE, add_lora, add_metadata, at
from support.web import WebServer

_CLIPBOARD = "navigator.clipboard.readText()"


@pytest.fixture(scope="module")
def web(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WebServer]:
    with WebServer(tmp_path_factory.mktemp("model") / "root", offline=True) as server:
        yield server


def _copied(page: Page, name: str) -> str:
    page.locator("#live").evaluate("live => live.textContent = ''")
    page.get_by_role("button", name=name).first.click()
    expect(page.locator("#live")).to_have_text("Copied")
    return str(page.evaluate(_CLIPBOARD))


def test_a_model_is_edited_in_its_place_and_changed_back(
    web: WebServer, chromium: Chromium, tmp_path: Path
) -> None:
    keys = [add_lora(web, tmp_path, f"step {i}", i) for i in range(3)]
    listed = "?list=q%3Dstep"
    with chromium.page(
        web, at(keys[0], listed), permissions=["clipboard-read", "clipboard-write"]
    ) as page:
        assert _copied(page, "Copy paper cut") == "paper cut"
        assert _copied(page, "Copy for the prompt") == "<lora:step 0:1>"
        assert _copied(page, "Copy the path") == str(web.manager.path_of(keys[0]))
        page.keyboard.press("ArrowRight")
        page.wait_for_url(f"**{at(keys[1], listed)}")
        expect(page.get_by_text("2 of 3")).to_be_visible()
        page.keyboard.press("e")
        expect(page.get_by_label("Name", exact=True)).to_be_focused()
        page.get_by_label("Name", exact=True).fill("step: changed")
        page.get_by_label("Trigger words").fill("one\ntwo, too")
        refuse_barriers(page)
        page.get_by_role("button", name="Save").click()
        expect(page.get_by_role("heading", name="step: changed")).to_be_visible()
        assert _copied(page, "Copy all") == "one, two, too"
        page.get_by_role("button", name="Undo").click()
        expect(page.get_by_role("heading", name="step 1")).to_be_visible()
        page.keyboard.press("Escape")
        page.wait_for_url("**/?q=step")


def test_a_picture_is_chosen_without_script(web: WebServer, chromium: Chromium) -> None:
    key = add_lora(web, web.manager.settings.root.parent, "scriptless", 12)
    picture = FilePayload(name="a.png", mimeType="image/png", buffer=png(64, 96))
    with chromium.page(web, at(key), java_script_enabled=False) as page:
        page.locator(".choose input").set_input_files([picture])
        page.get_by_role("button", name="Show it").click()
        expect(page.get_by_text("It shows the picture now")).to_be_visible()
        expect(page.get_by_alt_text("Preview of scriptless")).to_be_visible()


def test_a_picture_is_chosen_dropped_and_taken_away(
    web: WebServer, chromium: Chromium, tmp_path: Path
) -> None:
    key = add_lora(web, tmp_path, "pictured", 11)
    picture = FilePayload(name="a.png", mimeType="image/png", buffer=png(64, 96))
    text = FilePayload(name="a.txt", mimeType="text/plain", buffer=b"text")
    with chromium.page(web, at(key)) as page:
        page.locator(".choose input").set_input_files([text])
        expect(page.locator(".told")).to_contain_text("The new preview")
        page.locator(".choose input").set_input_files([picture])
        shown = page.get_by_alt_text("Preview of pictured")
        expect(shown).to_be_visible()
        page.get_by_role("button", name="Remove", exact=True).click()
        expect(shown).to_have_count(0)
        page.evaluate(
            """bytes => {
                const data = new DataTransfer();
                data.items.add(new File([new Uint8Array(bytes)], "b.png", { type: "image/png" }));
                document.body.dispatchEvent(
                    new DragEvent("drop", { dataTransfer: data, bubbles: true, cancelable: true }));
            }""",
            list(png(64, 96)),
        )
        expect(shown).to_be_visible()


def test_the_header_is_searched_as_one_types(
    web: WebServer, chromium: Chromium, tmp_path: Path
) -> None:
    key = add_lora(web, tmp_path, "weights", 12)
    with chromium.page(web, at(key)) as page:
        page.get_by_role("link", name="Look into the weights").click()
        expect(page.get_by_text("1 to 6 of 6")).to_be_visible()
        page.keyboard.press("/")
        page.keyboard.type("unet alpha")
        expect(page.get_by_text("1 to 1 of 1")).to_be_visible()
        page.wait_for_url("**q=unet+alpha**")
        refuse_barriers(page)


@pytest.mark.parametrize("script", [True, False], ids=["script", "no script"])
def test_a_removed_model_comes_back(
    web: WebServer, chromium: Chromium, tmp_path: Path, *, script: bool
) -> None:
    key = add_lora(web, tmp_path, "fleeting", 13 + script)
    options = {"java_script_enabled": script, "viewport": {"width": 360, "height": 740}}
    with chromium.page(web, at(key), **options) as page:
        page.get_by_role("link", name="Remove").click()
        expect(page.get_by_text(str(web.manager.path_of(key))).first).to_be_visible()
        page.get_by_role("button", name="Remove").click()
        page.get_by_role("button", name="Undo").click()
        expect(page.get_by_role("heading", name="fleeting")).to_be_visible()
        page.get_by_role("link", name="Edit").click()
        page.get_by_label("Name", exact=True).fill("lasting")
        page.get_by_role("button", name="Save").click()
        expect(page.get_by_role("heading", name="lasting")).to_be_visible()
    web.manager.installer.delete(key)


@pytest.mark.parametrize(("scheme", "width"), [("light", 1280), ("dark", 360)])
def test_everybody_can_use_it_whatever_strangers_wrote(
    web: WebServer, chromium: Chromium, tmp_path: Path, scheme: str, width: int
) -> None:
    key = add_lora(
        web, tmp_path, "hostile", width % 200, name=HOSTILE, trigger_phrases=[HOSTILE, "x" * 400]
    )
    add_metadata(web, key, author=HOSTILE, description=HOSTILE)
    options = {"color_scheme": scheme, "viewport": {"width": width, "height": 900}}
    with chromium.page(web, at(key), **options) as page:
        expect(page.get_by_text("Nothing in the library works")).to_be_visible()
        for below in ("", "/remove", "/reidentify"):
            page.goto(at(key, below))
            refuse_barriers(page)
            assert page.evaluate("document.documentElement.scrollWidth") <= width
            expect(page.get_by_role("heading", level=1)).to_be_visible()
    web.manager.installer.delete(key)
