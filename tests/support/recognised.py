"""What is recognised, as the rules say: a list in the README, and ``docs/recognised.md``.

Run it to write both anew::

    python tests/support/recognised.py
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterable, Iterator
from pathlib import Path

from modelkeep.core.taxonomy import BaseModelType, ModelType, type_label
from modelkeep.identification.conditions import (
    AllOf,
    AnyOf,
    Begins,
    ComponentClass,
    Condition,
    ConfigValue,
    Declares,
    Dim,
    EmbeddingFor,
    Fits,
    Has,
    HasFile,
    Holds,
    Module,
    NameHint,
    PipelineClass,
    Stated,
)
from modelkeep.identification.known_families import base_label, load_rules
from modelkeep.identification.rules import Rule

PROJECT = Path(__file__).parents[2]
README = PROJECT / "README.md"
PAGE = PROJECT / "docs" / "recognised.md"
_NAMES = re.compile(r"(by their tensors and configs:\n\n).*?(\n\nThe files are)", re.DOTALL)
_NO_BASES = {BaseModelType.Any, BaseModelType.Unknown}
#: So many signs of a rule are shown.
_SIGNS = 3
#: Signs that need no name.
_KINDS: dict[type, str] = {
    Fits: "its modules",
    Declares: "its header",
    Stated: "the config in its header",
    NameHint: "its name",
}
_HEAD = """\
# What is recognised

Written from the rules by `python tests/support/recognised.py`; `modelkeep identify --explain FILE`
says which of these signs a file has. A rule also refuses files with signs of similar models, which
are not listed here. Tensors are named without the prefixes that programs write before them, and `#`
is any number. Quantised files (GGUF, bitsandbytes, fp8, Nunchaku) have the tensors of the model
that they were made from, and are recognised by the same rules.

The LoRA of an architecture changes modules that it has, each of the right width, in the spelling of
any trainer. One that fits several architectures is not named unless its header says which is meant,
or it changes every block of one of them and only some of the others.
"""


def bases() -> list[BaseModelType]:
    """Return the bases that have rules, in the order of their names."""
    known = {rule.base for rule in load_rules()}
    return sorted(known, key=lambda base: (base in _NO_BASES, base_label(base).casefold()))


def written(text: str) -> str:
    """Return the README with its list as it has to be."""
    names = ", ".join(base_label(base) for base in bases() if base not in _NO_BASES)
    filled = textwrap.fill(f"{names}.", 100, break_on_hyphens=False, break_long_words=False)
    return _NAMES.sub(lambda found: found[1] + filled + found[2], text)


def page() -> str:
    """Return the page as it has to be."""
    return "\n".join([_HEAD, *(line for base in bases() for line in _section(base))])


def _section(base: BaseModelType) -> Iterator[str]:
    label = base_label(base) if base not in _NO_BASES else "For any base"
    yield f"## {label}\n"
    if base not in _NO_BASES:
        yield f"Base `{base}`.\n"
    yield "| what | format | by |"
    yield "|---|---|---|"
    order = list(ModelType)
    rules = [rule for rule in load_rules() if rule.base == base]
    for rule in sorted(
        rules, key=lambda rule: (order.index(rule.type), rule.is_for_folders, rule.name)
    ):
        yield f"| {_what(rule)} | {rule.format} | {_cell(_signs(rule))} |"
    yield ""


def _what(rule: Rule) -> str:
    variants = dict.fromkeys(variant.name for variant in rule.variants)
    shown = [name for name in variants if name != "normal"]
    label = type_label(rule.type)
    return f"{label} ({', '.join(shown)})" if shown else label


def _cell(signs: Iterable[str]) -> str:
    kept = list(dict.fromkeys(signs))[:_SIGNS]
    return "; ".join(kept).replace("|", "\\|")


def _signs(rule: Rule) -> Iterator[str]:
    for condition in rule.requires:
        yield from _words(condition)


def _words(condition: Condition) -> Iterator[str]:
    """Yield what a condition asks for, where it asks for something."""
    if isinstance(condition, AllOf | AnyOf):
        for inner in condition.conditions:
            yield from _words(inner)
    elif isinstance(condition, Dim):
        yield f"`{condition.name}`[{condition.axis}] = {_any(condition.values)}"
    elif isinstance(condition, ConfigValue):
        yield f"`{condition.key}` = {_any(condition.values)}"
    elif isinstance(condition, EmbeddingFor):
        yield ", ".join(f"{place} {width} wide" for place, width in condition.widths.items())
    elif isinstance(condition, Module):
        yield f"module `{condition.glob}`"
    else:
        yield from (f"`{name}`" for name in _named(condition))
        yield from (words for kind, words in _KINDS.items() if isinstance(condition, kind))


def _named(condition: Condition) -> tuple[str, ...]:
    """Return the names of tensors, classes or files of which one has to be there."""
    if isinstance(condition, Has | Holds):
        return condition.names
    if isinstance(condition, Begins):
        return (f"{condition.start}*",)
    if isinstance(condition, PipelineClass | ComponentClass | HasFile):
        return condition.globs
    return ()


def _any(values: Iterable[object]) -> str:
    return " or ".join(str(value) for value in values)


if __name__ == "__main__":
    README.write_text(written(README.read_text(encoding="utf-8")), encoding="utf-8")
    PAGE.write_text(page(), encoding="utf-8")
