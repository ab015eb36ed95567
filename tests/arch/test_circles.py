"""No module imports one that imports it, imports inside functions counted."""

from __future__ import annotations

import ast

from arch.tree import Module, circles, imported, imports

#: A store is opened by the class that all stores derive from.
OPENING = {
    "modelkeep.records.service",
    "modelkeep.records.sql.service",
    "modelkeep.records.yaml.service",
}


def test_there_are_no_import_circles_but_where_a_store_is_opened() -> None:
    assert [set(circle) for circle in circles(imports())] == [OPENING]


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
