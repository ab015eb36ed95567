"""``RuleSet``: the rules of all families, as a value made by discovery."""

from __future__ import annotations

import functools
import importlib.util
import pkgutil
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from importlib.metadata import entry_points
from pathlib import Path
from types import MappingProxyType, ModuleType

from modelkeep.core.reading import printable
from modelkeep.errors import SettingsError
from modelkeep.identification import families
from modelkeep.identification.lineage import LINEAGES, Lineage
from modelkeep.identification.rules import Rule

ENTRY_POINTS = "modelkeep.families"
_HINT = "Correct or remove the family that the message names."


@dataclass(frozen=True, slots=True)
class RuleSet:
    """Rules with unique names, and which of them come before which.

    Attributes:
        rules: All rules, in the order of discovery, which decides nothing.
        beats: For each name, the names that lose against it, also through others.
        lineages: What models of the families are tuned from.
    """

    rules: tuple[Rule, ...]
    beats: Mapping[str, frozenset[str]] = field(repr=False)
    lineages: tuple[Lineage, ...] = field(default=(), repr=False)

    @classmethod
    def of(cls, rules: Iterable[Rule], lineages: Iterable[Lineage] = ()) -> RuleSet:
        """Make a set of ``rules``.

        Raises:
            SettingsError: two rules share a name, or a ``before`` names no rule or itself,
                also through others.
        """
        kept = tuple(rules)
        by_name: dict[str, Rule] = {}
        for rule in kept:
            if rule.name in by_name:
                raise SettingsError(f"two rules are named {rule.name!r}", hint=_HINT)
            by_name[rule.name] = rule
        for rule in kept:
            for loser in rule.before:
                if loser not in by_name:
                    raise SettingsError(
                        f"the rule {rule.name!r} comes before {loser!r}, which is no rule",
                        hint=_HINT,
                    )
        beats = {rule.name: _losers(rule, by_name) for rule in kept}
        return cls(kept, MappingProxyType(beats), tuple(lineages))

    def __iter__(self) -> Iterator[Rule]:
        """Go through the rules."""
        return iter(self.rules)

    def __len__(self) -> int:
        """Return how many rules there are."""
        return len(self.rules)


def load_rules(extra_folders: Iterable[Path] = ()) -> RuleSet:
    """Return the rules of this program's families, of installed ones and of ``extra_folders``.

    A family is a module with a tuple ``RULES`` and, where needed, a tuple ``LINEAGES``. Installed
    packages name theirs as entry points of the group ``modelkeep.families``.

    Args:
        extra_folders: Folders whose ``*.py`` files are families too.

    Raises:
        SettingsError: a family cannot be imported, has no rules, or its rules contradict others.
    """
    folders = tuple(extra_folders)
    return _load(folders) if folders else _load_default()


@functools.cache
def _load_default() -> RuleSet:
    return _load(())


def _load(folders: tuple[Path, ...]) -> RuleSet:
    rules: list[Rule] = []
    lineages: list[Lineage] = list(LINEAGES)
    for name, family in _families(folders):
        found = getattr(family, "RULES", None)
        if not isinstance(found, tuple) or not all(isinstance(rule, Rule) for rule in found):
            raise SettingsError(f"the family {name} has no tuple RULES of rules", hint=_HINT)
        rules += found
        lineages += getattr(family, "LINEAGES", ())
    return RuleSet.of(rules, lineages)


def _families(folders: tuple[Path, ...]) -> Iterator[tuple[str, object]]:
    for info in sorted(pkgutil.iter_modules(families.__path__), key=lambda info: info.name):
        if not info.name.startswith("_"):
            yield info.name, importlib.import_module(f"{families.__name__}.{info.name}")
    for point in entry_points(group=ENTRY_POINTS):
        try:
            yield point.name, point.load()
        except (ImportError, AttributeError) as error:
            raise SettingsError(
                f"the installed family {point.name} ({point.value}) cannot be imported: {error}",
                hint="Update or remove the package that brought it.",
            ) from error
    for folder in folders:
        for path in sorted(folder.glob("*.py")):
            if not path.name.startswith("_"):
                yield printable(path), _import_file(path)


def _import_file(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"modelkeep_family_{path.stem}", path)
    if spec is None or spec.loader is None:
        raise SettingsError(f"{printable(path)} is no Python file", hint=_HINT)
    module = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except (ImportError, SyntaxError, NameError, TypeError, ValueError, OSError) as error:
        raise SettingsError(
            f"the family {printable(path)} cannot be imported: {error}", hint=_HINT
        ) from error
    return module


def _losers(rule: Rule, by_name: Mapping[str, Rule]) -> frozenset[str]:
    found: set[str] = set()
    open_names = list(rule.before)
    while open_names:
        name = open_names.pop()
        if name == rule.name:
            raise SettingsError(
                f"the rule {rule.name!r} comes before itself (through {', '.join(rule.before)})",
                hint=_HINT,
            )
        if name not in found:
            found.add(name)
            open_names += by_name[name].before
    return frozenset(found)
