"""Templates stay compiled, where that is possible."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from jinja2 import DictLoader, Environment

from modelkeep.web.compiled_templates import CompiledTemplates


@pytest.fixture(autouse=True)
def _writes_bytecode(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "dont_write_bytecode", False)


def _shown(folder: Path, source: str) -> str:
    loader = DictLoader({"page.html": source})
    made = Environment(loader=loader, bytecode_cache=CompiledTemplates(folder), autoescape=True)
    return made.get_template("page.html").render(name="Ann")


def test_they_are_kept_and_follow_their_source(tmp_path: Path) -> None:
    folder = tmp_path / "kept"
    assert _shown(folder, "Hello {{ name }}") == "Hello Ann"
    (kept,) = folder.iterdir()
    before = kept.stat()
    assert _shown(folder, "Hello {{ name }}") == "Hello Ann"
    assert kept.stat() == before
    assert _shown(folder, "Bye {{ name }}") == "Bye Ann"


def test_a_damaged_one_is_compiled_again(tmp_path: Path) -> None:
    _shown(tmp_path, "Hello {{ name }}")
    (kept,) = tmp_path.iterdir()
    kept.write_bytes(kept.read_bytes()[:-9])
    assert _shown(tmp_path, "Hello {{ name }}") == "Hello Ann"


def test_pages_are_shown_where_nothing_can_be_written(tmp_path: Path) -> None:
    taken = tmp_path / "kept"
    taken.write_text("a file")
    assert _shown(taken / "below", "Hello {{ name }}") == "Hello Ann"


def test_nothing_is_kept_where_python_keeps_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    assert _shown(tmp_path, "Hello {{ name }}") == "Hello Ann"
    assert list(tmp_path.iterdir()) == []
