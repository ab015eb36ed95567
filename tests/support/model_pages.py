"""What tests of the pages of one model share."""

from __future__ import annotations

from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import quote

import requests

from modelkeep.core.metadata import CivitaiMetadata, LicenseRestrictions
from modelkeep.core.taxonomy import CommercialUsage
from support.tiny import lora
from support.web import WebServer

BROWSER = {"Accept": "text/html,*/*"}
#: What everything that strangers write may hold.
HOSTILE = "<script>alert(1)</script><img src=x onerror=alert(1)>\"'&"


def add_lora(web: WebServer, folder: Path, file: str, fill: int, /, **fields: Any) -> str:
    """Install a small LoRA of its own contents, set fields of its record; return its key."""
    header = {"modelspec.trigger_phrase": "paper cut", "ss_tag_frequency": '{"a": {"fox": 3}}'}
    key = web.manager.installer.install_path(lora(folder / f"{file}.safetensors", fill, header))
    if fields:
        web.manager.records.update_model(key, fields)
    return key


def at(key: str, below: str = "") -> str:
    """Return the address of a page."""
    return f"/models/{quote(key, safe='')}{below}"


def show(web: WebServer, path: str, status: int = 200) -> str:
    """Return a page."""
    answer = web.get(path, headers=BROWSER)
    assert answer.status_code == status, answer.text
    return answer.text


def send(web: WebServer, path: str, **fields: str) -> requests.Response:
    """Send a form; redirects are not followed."""
    return web.ask("POST", path, data=fields, headers=BROWSER, allow_redirects=False)


def led_to(web: WebServer, answer: requests.Response) -> str:
    """Return the page that a form leads to."""
    assert answer.status_code == 303, answer.text
    return web.get(answer.headers["Location"], headers=BROWSER).text


class _Fields(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: dict[str, str] = {}

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag == "input" and (name := given.get("name")):
            self.found[name] = given.get("value") or ""


def inputs(text: str) -> dict[str, str]:
    """Return the values of the ``<input>`` of a page by name; the last of one name counts."""
    reader = _Fields()
    reader.feed(text)
    return reader.found


def add_metadata(web: WebServer, key: str, **more: Any) -> None:
    """Have a model come from Civitai."""
    fields: dict[str, Any] = {
        "name": "Paper",
        "author": "someone",
        "tags": {"style"},
        "id": 1,
        "version_name": "v1",
        "version_id": 2,
        "created": "2024-01-01T00:00:00Z",
        "updated": "2024-01-01T00:00:00Z",
        "published": "2024-01-01T00:00:00Z",
        "description": "<p>Cuts <b>paper</b>.</p>",
        "version_description": "",
        "download_url": "https://civitai.example/2",
        "base_model_trained_on": "SD 1.5",
        "restrictions": LicenseRestrictions(AllowCommercialUse={CommercialUsage.Image}),
    }
    web.manager.metadata.add_metadata(key, CivitaiMetadata(**{**fields, **more}))
