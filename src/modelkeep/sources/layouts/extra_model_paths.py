"""``extra_model_paths.yaml``: the folders that ComfyUI searches besides its own.

Its grammar is what ComfyUI does with it: any number of sections, each a map of categories to
folders, one a line. Only ``base_path`` may hold ``~`` and variables.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from modelkeep.core import limits
from modelkeep.sources.layouts.folders import can_be_path, foreign_path
from modelkeep.sources.layouts.text_files import broken_file
from modelkeep.sources.layouts.yaml_nodes import (
    Node,
    is_map,
    is_null,
    line_of,
    map_of,
    read_yaml_map,
    texts_of,
)

_BASE = "base_path"
_DEFAULT = "is_default"
#: What YAML takes for no, and null.
_NO = frozenset({"false", "no", "off", "n", "0", "", "~", "null"})
#: Categories of code, and folders that are no categories.
_NO_CATEGORIES = frozenset({"custom_nodes", "configs", "output", "input", "temp", "user"})


@dataclass(frozen=True, slots=True)
class ExtraFolder:
    """One folder that such a file names.

    Attributes:
        section: Name of the section, such as ``a111``; for people.
        category: ComfyUI's word for what lies in it.
        path: The folder; absolute. It may not be there.
        is_default: It comes before ComfyUI's own folders.
    """

    section: str
    category: str
    path: Path
    is_default: bool = False


def read_extra_model_paths(file: Path) -> tuple[ExtraFolder, ...]:
    """Return the folders of models that a file names, in its order.

    Lists, which ComfyUI itself cannot read, are read too. Code (``custom_nodes``) and what holds
    no weights is left out.

    Args:
        file: The file; absolute.

    Raises:
        SourceError: it cannot be read, or is arranged otherwise; names the line.
    """
    found: list[ExtraFolder] = []
    for section, node in read_yaml_map(file).items():
        if is_null(node):
            continue
        if not is_map(node):
            reason = f"the section {section} must be a map of folders"
            raise broken_file(file, line_of(node), reason)
        for folder in _section(file, section, map_of(file, node)):
            found.append(folder)
            if len(found) > limits.LAYOUT_FOLDERS:
                raise broken_file(
                    file, None, f"it lists more than {limits.LAYOUT_FOLDERS:,} folders"
                )
    return tuple(found)


def bare_sections(file: Path) -> tuple[str, ...]:
    """Return the sections that have a ``base_path`` and nothing below it.

    Raises:
        SourceError: as ``read_extra_model_paths``.
    """
    named = {folder.section for folder in read_extra_model_paths(file)}
    return tuple(
        section
        for section, node in read_yaml_map(file).items()
        if is_map(node)
        and section not in named
        and map_of(file, node).keys() - {_DEFAULT} == {_BASE}
    )


def _section(file: Path, section: str, entries: dict[str, Node]) -> Iterator[ExtraFolder]:
    base = _base(file, entries.get(_BASE))
    is_default = _is_yes(entries.get(_DEFAULT))
    for category, node in entries.items():
        if category in {_BASE, _DEFAULT} or category in _NO_CATEGORIES:
            continue
        for text, line in texts_of(file, node):
            for name in text.split("\n"):
                if name.strip():
                    _refuse_no_path(file, name, line)
                    yield ExtraFolder(section, category, foreign_path(name, base), is_default)


def _base(file: Path, node: Node | None) -> Path:
    if node is None or not (found := texts_of(file, node)):
        return file.parent
    text, line = found[0]
    if len(found) > 1:
        raise broken_file(file, line, f"{_BASE} must be one folder")
    if not text:
        return file.parent
    _refuse_no_path(file, text, line)
    expanded = os.path.expandvars(os.path.expanduser(text))  # noqa: PTH111 - before the variables
    return foreign_path(expanded.strip(), file.parent)


def _is_yes(node: Node | None) -> bool:
    return node is not None and (node.id != "scalar" or node.value.lower() not in _NO)


def _refuse_no_path(file: Path, text: str, line: int) -> None:
    if not can_be_path(text):
        raise broken_file(file, line, "this cannot be a path")
