"""Every page of the server, and a library whose names and texts are hostile."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

from modelkeep.app import edit
from modelkeep.web.routes import PAGES
from support.tiny import embedding, lora
from support.web import WebServer

#: Names of models: markup, text that runs from right to left, signs, one that never ends.
HOSTILE = (
    "<b id=hostile>bold</b><img src=x onerror=alert(1)>",
    "\"quotes' & {{ 7 * 7 }} </script>",
    "\u202etxt.exe \u0645\u0631\u062d\u0628\u0627 \u05e9\u05dc\u05d5\u05dd",
    "\U0001f469\u200d\U0001f3a8 \U0001f1ef\U0001f1f5 e\u0301\u0301\u0301\u0301\u0301",
    "endless" * 43,
)
_TEXT = (
    "<b id=hostile>x</b> [a](javascript:alert(1)) <script>alert(1)</script> ![y](x) " + "w" * 300
)
#: What a key of a model stands for in the path of a page.
_KEY = "{key:path}"


def hostile_library(web: WebServer, folder: Path) -> list[str]:
    """Give the library of a server models with hostile names; return their keys."""
    folder.mkdir(parents=True)
    keys = []
    for number, name in enumerate(HOSTILE):
        make = lora if number % 2 else embedding
        key = web.manager.installer.install_path(
            make(folder / f"model-{number}.safetensors", fill=number)
        )
        words = [f"name={name}", f"description={_TEXT}", f"tags={json.dumps([name[:60]])}"]
        edit.edit(web.manager, key, edit.read_changes(words))
        keys.append(key)
    return keys


def addresses(web: WebServer) -> list[str]:
    """Return a path of every page, without the prefix; those of a model are of each one."""
    keys = [one.key for one in web.manager.records.all_models()]
    return sorted(set(_addresses(keys)))


def _addresses(keys: list[str]) -> Iterator[str]:
    for group in PAGES.load():
        for route in group.router.noted:
            if "GET" not in route.methods:
                continue
            for key in keys if _KEY in route.path else [""]:
                path = route.path.replace(_KEY, quote(key))
                if "{" not in path:
                    yield path
