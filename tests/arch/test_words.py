"""What names may be given twice, and what may be written how often."""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from pathlib import PurePath

from arch.tree import PROJECT, modules

#: Names of classes that mean several things: fewer over time, never more.
CLASSES = {
    "Layout",
}

#: File names that say nothing of what is in them where several have them, and how many do.
FILES: dict[str, int] = {}

#: What is written down of operations on the disk and of jobs: values with types, no free form.
TYPED = (
    "disk/journal.py",
    "disk/notes.py",
    "download/details.py",
    "install/details.py",
    "jobs/job_table.py",
    "jobs/journal_table.py",
    "jobs/rows.py",
)

#: How many remarks to the linter there may be: fewer over time, never more.
NOQA = {"src": 140, "tests": 28, "bench": 9, "demo": 5}


def test_no_class_name_means_two_things() -> None:
    places = defaultdict(list)
    for module in modules():
        for node in module.nodes():
            if isinstance(node, ast.ClassDef):
                places[node.name].append(module.place)
    assert {name for name, where in places.items() if len(where) > 1} <= CLASSES


def test_file_names_say_what_is_in_them() -> None:
    names = [PurePath(module.place).name for module in modules()]
    often = {name: names.count(name) for name in ("base.py", "registry.py", "words.py")}
    assert {name for name, count in often.items() if count > FILES.get(name, 1)} == set()


def test_records_know_sqlite_in_its_dialect_alone() -> None:
    imports = re.compile(r"(?m)^\s*(import|from) sqlite3\b")
    ours = [module for module in modules() if module.place.startswith("records/")]
    found = {module.place for module in ours if imports.search(module.text)}
    outside = {place for place in found if not place.startswith("records/dialects/")}
    assert not outside


def test_notes_and_details_are_typed() -> None:
    free = re.compile(r"\b(dict|Mapping|MutableMapping)\[str, (Any|object)\]")
    of = {module.place: module for module in modules()}
    found = {place: free.findall(of[place].text) for place in TYPED}
    assert not {place: what for place, what in found.items() if what}


def test_remarks_to_the_linter_get_fewer() -> None:
    mark = re.compile(r"#\snoqa\b")
    for folder, most in NOQA.items():
        texts = [path.read_text(encoding="utf-8") for path in (PROJECT / folder).rglob("*.py")]
        assert sum(len(mark.findall(text)) for text in texts) <= most, folder
