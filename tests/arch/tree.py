"""The source of modelkeep, parsed once for all rules."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import modelkeep

SOURCE = Path(modelkeep.__file__).parent
PROJECT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Module:
    """One file of ``src``.

    Attributes:
        place: Its path below ``src/modelkeep``.
        name: Its dotted name.
        text: What it says.
        tree: The same, parsed.
    """

    place: str
    name: str
    text: str
    tree: ast.Module

    def nodes(self) -> Iterator[ast.AST]:
        """Yield every node."""
        return ast.walk(self.tree)


@cache
def modules() -> tuple[Module, ...]:
    """Return every module, by path."""
    return tuple(_read(path) for path in sorted(SOURCE.rglob("*.py")))


def _read(path: Path) -> Module:
    place = path.relative_to(SOURCE)
    parts = ["modelkeep", *place.with_suffix("").parts]
    name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
    text = path.read_text(encoding="utf-8")
    return Module(place.as_posix(), name, text, ast.parse(text))


@cache
def imports() -> dict[str, frozenset[str]]:
    """Return which modules of ours each one imports: at its top, or in a function.

    What is imported for the type checker alone does not count.
    """
    known = {module.name for module in modules()}
    return {module.name: frozenset(imported(module, known)) for module in modules()}


def imported(module: Module, known: set[str]) -> Iterator[str]:
    """Yield those of the known modules that a module imports when it is run."""
    for node in _at_run_time(module.tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name in known)
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"{module.place}: a relative import"
            for alias in node.names:
                below = f"{node.module}.{alias.name}"
                yield from {below if below in known else str(node.module)} & known


def _at_run_time(node: ast.AST) -> Iterator[ast.AST]:
    """Yield a node and all below it, but what is under ``if TYPE_CHECKING``."""
    yield node
    skipped: list[ast.stmt] = []
    if isinstance(node, ast.If) and ast.unparse(node.test).endswith("TYPE_CHECKING"):
        skipped = node.body
    for child in ast.iter_child_nodes(node):
        if child not in skipped:
            yield from _at_run_time(child)


def circles(graph: dict[str, frozenset[str]]) -> list[frozenset[str]]:
    """Return the groups of modules that import each other, on whatever way round."""
    reach = {name: _reached(name, graph) for name in graph}
    groups = {
        frozenset(other for other in there if name in reach[other])
        for name, there in reach.items()
        if name in there
    }
    return sorted(groups, key=sorted)


def _reached(name: str, graph: dict[str, frozenset[str]]) -> set[str]:
    seen: set[str] = set()
    left = list(graph[name])
    while left:
        there = left.pop()
        if there not in seen:
            seen.add(there)
            left.extend(graph[there])
    return seen
