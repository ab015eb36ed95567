"""The part of the README that follows from the rules: what is recognised, and what is not.

Run it to write the part anew::

    python tests/support/recognised.py
"""

from __future__ import annotations

import re
import textwrap
from pathlib import Path

from modelkeep.core.taxonomy import BaseModelType, ModelType, type_label
from modelkeep.identification.known_families import base_label, load_rules

README = Path(__file__).parents[2] / "README.md"
_TABLE = re.compile(r"(\| base \| types \|\n\|---\|---\|\n)(?:\|.*\n|\{table\}\n)*")
_OTHERS = re.compile(r"(Not yet recognised, [^:]*:\n).*?(\n\nNor are)", re.DOTALL)
#: What is everyone's, and what nobody knows.
_NO_BASES = {BaseModelType.Any, BaseModelType.Unknown}


def rows() -> list[str]:
    """Return a row for each base that has rules."""
    types: dict[BaseModelType, set[ModelType]] = {}
    for rule in load_rules():
        types.setdefault(rule.base, set()).add(rule.type)
    ordered = sorted(types, key=lambda base: (base in _NO_BASES, base_label(base).casefold()))
    labels = {b: ", ".join(type_label(t) for t in ModelType if t in types[b]) for b in ordered}
    return [f"| {base_label(base)} | {labels[base]} |" for base in ordered]


def others() -> list[str]:
    """Return the names of the bases that have none."""
    known = {rule.base for rule in load_rules()} | _NO_BASES
    return sorted((base_label(b) for b in BaseModelType if b not in known), key=str.casefold)


def written(text: str) -> str:
    """Return the README with both parts as they have to be."""
    table = "".join(f"{row}\n" for row in rows())
    text = _TABLE.sub(lambda found: found[1] + table, text)
    names = textwrap.fill((", ".join(others()) or "none") + ".", 100, break_on_hyphens=False)
    return _OTHERS.sub(lambda found: found[1] + names + found[2], text)


if __name__ == "__main__":
    README.write_text(written(README.read_text(encoding="utf-8")), encoding="utf-8")
