"""Whoever does what ``CONTRIBUTING.md`` says gets what it says."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from recipes.recipe import Block, follow, recipes

KINDS = {
    "Add a family: one file",
    "Add a folder layout: one file",
    "Add a sidecar kind: one file",
    "Add a site: one file",
    "Add a command: one function",
    "Add a doctor check: one file",
    "Add a job kind: one file",
    "Add a loader: one file",
    "Add a group of routes: one file",
    "Add a page: one file and its template",
    "Change the tables: one migration",
    "Add an error: one class",
}


def test_every_recipe_is_tried() -> None:
    assert set(recipes()) == KINDS
    for heading, blocks in recipes().items():
        assert any(block.target == "check" for block in blocks), heading


@pytest.mark.parametrize("heading", sorted(KINDS))
def test_it_works(heading: str, tmp_path: Path) -> None:
    follow(recipes()[heading], tmp_path)


@pytest.mark.parametrize("heading", sorted(KINDS))
def test_its_files_are_documented_code(heading: str) -> None:
    for block in recipes()[heading]:
        if block.language == "python" and block.target not in {"before", "check"}:
            assert ast.get_docstring(ast.parse(block.text)), block.target


def test_what_is_not_true_fails(tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match="two toys"):
        follow((Block("python", "check", "assert 1 == 2, 'two toys'"),), tmp_path)
