"""No module imports one that imports it, imports inside functions counted."""

from __future__ import annotations

import ast

from arch.tree import Module, circles, imported, imports

#: The circles that are left. One that is gone has to go from here too.
LEFT: list[set[str]] = [
    {
        "modelkeep.records.base",
        "modelkeep.records.file",
        "modelkeep.records.sql",
        "modelkeep.records.yaml_catalogue",
        "modelkeep.records.yaml_disk",
        "modelkeep.records.yaml_document",
        "modelkeep.records.yaml_metadata",
        "modelkeep.records.yaml_search",
    },
]


def test_there_are_no_import_circles() -> None:
    assert circles(imports()) == LEFT


def test_the_check_sees_circles() -> None:
    graph = {
        "a": frozenset("b"),
        "b": frozenset("c"),
        "c": frozenset("bd"),
        "d": frozenset("de"),
        "e": frozenset(""),
    }
    assert circles(graph) == [{"b", "c"}, {"d"}]


def test_the_check_sees_imports_in_functions_and_none_for_the_type_checker() -> None:
    code = "if TYPE_CHECKING:\n    import a\ndef f():\n    from b import c\n    import d"
    module = Module("m.py", "m", code, ast.parse(code))
    assert set(imported(module, {"a", "b", "b.c", "d"})) == {"b.c", "d"}
