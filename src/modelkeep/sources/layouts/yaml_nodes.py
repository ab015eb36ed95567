"""YAML of other programs as nodes: nothing in it is built or run, and each node has its line.

Aliases stay what they are, one node under several names, so that reading costs what the file is
long and not what it would unfold to.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Protocol

from modelkeep.core import limits
from modelkeep.sources.layouts.text_files import broken_file, read_text

_MERGE = "<<"
_NULLS = frozenset({"", "~", "null", "Null", "NULL"})


class Node(Protocol):
    """A node as ruamel.yaml makes them.

    Attributes:
        id: ``scalar``, ``sequence`` or ``mapping``.
        value: A scalar's text, a sequence's nodes, or a map's pairs of nodes.
        style: How a scalar is quoted; None when it is not.
        start_mark: Where it starts.
    """

    id: str
    value: Any
    style: str | None
    start_mark: Any


def read_yaml_map(path: Path) -> dict[str, Node]:
    """Return the top of a YAML file: its keys, each with its node. An empty file has none.

    Raises:
        SourceError: it cannot be read or is not a map; names the line.
    """
    from ruamel.yaml import YAML  # noqa: PLC0415 - most folders have no such file
    from ruamel.yaml.error import YAMLError  # noqa: PLC0415

    text = read_text(path)
    yaml = YAML(typ="safe", pure=True)
    yaml.max_depth = limits.YAML_DEPTH
    yaml.composer.warn_double_anchors = False
    try:
        top = yaml.compose(text)
    except YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = mark.line + 1 if mark else text.count("\n", 0, getattr(error, "position", 0)) + 1
        # Not the error itself: it quotes the line, which may hold a password.
        reason = getattr(error, "problem", None) or getattr(error, "reason", None)
        raise broken_file(path, line, f"it is not YAML: {reason or 'unreadable'}") from error
    except RecursionError as error:
        raise broken_file(path, None, "it is nested too deeply") from error
    return {} if top is None or is_null(top) else map_of(path, top)


def is_map(node: Node) -> bool:
    """Return whether a node is a map."""
    return node.id == "mapping"


def is_null(node: Node) -> bool:
    """Return whether a node is empty."""
    return node.id == "scalar" and node.style is None and node.value in _NULLS


def line_of(node: Node) -> int:
    """Return the line on which a node starts, counted from 1."""
    return int(node.start_mark.line) + 1


def map_of(path: Path, node: Node) -> dict[str, Node]:
    """Return the entries of a map; a key that stands twice has its last value.

    Maps that it merges (``<<``) are there too. One that is merged many times is looked at once:
    the first time decides.

    Raises:
        SourceError: the node is not a map, or has a key that is no word; names the line.
    """
    found: dict[str, Node] = {}
    seen: set[int] = set()
    waiting = [node]
    while waiting:
        one = waiting.pop()
        if id(one) in seen:
            continue
        seen.add(id(one))
        if one.id == "sequence" and one is not node:
            waiting += reversed(one.value)
            continue
        if not is_map(one):
            raise broken_file(path, line_of(one), "expected a map here (key: value)")
        own, merged = _entries(path, one)
        waiting += reversed(merged)
        found = own | found
    return found


def _entries(path: Path, node: Node) -> tuple[dict[str, Node], list[Node]]:
    own: dict[str, Node] = {}
    merged: list[Node] = []
    for key, value in node.value:
        if key.id != "scalar":
            raise broken_file(path, line_of(key), "expected a string as the key of a map")
        if key.value == _MERGE and key.style is None:
            merged.append(value)
        else:
            own[key.value] = value
    return own, merged


def texts_of(path: Path, node: Node) -> list[tuple[str, int]]:
    """Return the text of a node, or the texts of a list, each with its line; null has none.

    Raises:
        SourceError: it is a map, or a list of other things than texts; names the line.
    """
    if is_null(node):
        return []
    if node.id == "scalar":
        return [(str(node.value), line_of(node))]
    if node.id != "sequence":
        raise broken_file(path, line_of(node), "expected a string or a list of strings here")
    found: list[tuple[str, int]] = []
    for item in node.value:
        if item.id != "scalar":
            raise broken_file(path, line_of(item), "expected a string here")
        if not is_null(item):
            found.append((str(item.value), line_of(item)))
    return found
