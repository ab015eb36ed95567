"""``docs/pages.md``: every page of the menu, and every key."""

from __future__ import annotations

import re
from pathlib import Path

from modelkeep.web.frame import SECTIONS
from modelkeep.web.rendering import STATIC

_DOCUMENT = Path(__file__).parents[3] / "docs" / "pages.md"
_TEMPLATES = STATIC.with_name("templates")
#: Keys of scripts and templates, as people see them.
_SIGNS = {
    "ArrowLeft": "←",
    "ArrowRight": "→",
    "ArrowUp": "↑",
    "ArrowDown": "↓",
    "Escape": "Esc",
    "Delete": "Del",
}


def test_every_page_of_the_menu_is_described() -> None:
    text = _DOCUMENT.read_text(encoding="utf-8")
    for section in SECTIONS:
        assert f"| {section.label} | `{section.path}` |" in text


def test_every_key_is_described() -> None:
    text = _DOCUMENT.read_text(encoding="utf-8")
    missing = {key for key in _keys() if f"`{_SIGNS.get(key, key)}`" not in text}
    assert missing == set()


def _keys() -> set[str]:
    names = [
        name
        for path in _TEMPLATES.rglob("*.html")
        for name in re.findall(r'data-key="([^"{]+)"', path.read_text(encoding="utf-8"))
    ]
    for path in STATIC.glob("*.js"):
        script = path.read_text(encoding="utf-8")
        for block in re.findall(r"\bkeys\(\{(.*?)\}\);", script, re.DOTALL):
            names += re.findall(r'^\s+"?([^\s":]+(?: [^\s":]+)*)"?: \["', block, re.MULTILINE)
    return {part for name in names for key in name.split() for part in _parts(key)}


def _parts(key: str) -> list[str]:
    return key.split("+") if len(key) > 1 else [key]
