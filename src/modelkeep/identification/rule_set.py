"""``RuleSet``: the rules and facts of several families, checked against each other."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from types import MappingProxyType

import msgspec

from modelkeep.core.base_names import BaseNames
from modelkeep.core.taxonomy import BaseModelType, ModelType, folded
from modelkeep.errors import SettingsError
from modelkeep.identification.conditions import Condition, Declares, NotKin, tensor_names
from modelkeep.identification.family import Family, Lineage, Predictions
from modelkeep.identification.rules import Rule, tables_of

_ADAPTERS = frozenset({ModelType.Lora, ModelType.ControlLora})


class RuleSet(msgspec.Struct, frozen=True, eq=False):
    """The rules of families, and which of them come before which.

    Attributes:
        rules: All their rules, in the order of the families, which decides nothing.
        beats: For each name, the names that lose against it, also through others.
        names: What their bases are called.
        with_tables: The bases whose modules are known.
        of_files: The rules for single files.
        of_folders: The rules for folders.
    """

    families: tuple[Family, ...]
    rules: tuple[Rule, ...]
    beats: Mapping[str, frozenset[str]]
    names: BaseNames
    with_tables: frozenset[BaseModelType]
    of_files: tuple[Rule, ...]
    of_folders: tuple[Rule, ...]

    @classmethod
    def of(cls, families: Iterable[Family]) -> RuleSet:
        """Make a set of the rules of ``families``.

        Raises:
            SettingsError: they contradict each other; see ``find_contradiction``.
        """
        kept = tuple(families)
        if (wrong := find_contradiction(kept)) is not None:
            family, reason = wrong
            raise SettingsError(
                f"the family {family.name} conflicts with others: {reason}",
                hint="Correct or remove the family that the message names.",
            )
        rules = tuple(_apart(rule, family, kept) for family in kept for rule in family.rules)
        by_name = {rule.name: rule for rule in rules}
        beats = {name: _losers(rule, by_name) for name, rule in by_name.items()}
        known = frozenset(r.base for r in rules if next(tables_of(r), None) is not None)
        of_files = tuple(rule for rule in rules if not rule.is_for_folders)
        of_folders = tuple(rule for rule in rules if rule.is_for_folders)
        names = _names(kept)
        return cls(kept, rules, MappingProxyType(beats), names, known, of_files, of_folders)

    def __iter__(self) -> Iterator[Rule]:
        """Go through the rules."""
        return iter(self.rules)

    def __len__(self) -> int:
        """Return how many rules there are."""
        return len(self.rules)

    def predictions(self, base: BaseModelType) -> Predictions | None:
        """Return the signs of what main models of a base predict; None for flow models."""
        found = (family.predictions for family in self.families if family.base == base)
        return next((each for each in found if each is not None), None)

    def kin_of(self, base: BaseModelType) -> tuple[Family, ...]:
        """Return the families of other bases whose tensors have the names of this one's."""
        own = [family for family in self.families if family.base == base]
        return tuple(
            family
            for family in self.families
            if family.base != base and any(_are_kin(one, family) for one in own)
        )

    def lineages(self, base: BaseModelType) -> tuple[Lineage, ...]:
        """Return what models of a base may be tuned from."""
        return tuple(
            lineage
            for family in self.families
            if family.base == base
            for lineage in family.lineages
        )


def find_contradiction(families: Sequence[Family]) -> tuple[Family, str] | None:
    """Return a family that does not go with those before it, and why; None when all agree.

    No two state one base's label or have a rule of one name. ``before`` names a rule, and no rule
    comes before itself, also through others.
    """
    labelled: dict[BaseModelType, str] = {}
    owners: dict[str, Family] = {}
    by_name: dict[str, Rule] = {}
    for family in families:
        if family.label and family.base in labelled:
            of_whom = labelled[family.base]
            return family, f"the base {family.base} has the label of the family {of_whom}"
        if family.label:
            labelled[family.base] = family.name
        for rule in family.rules:
            if rule.name in by_name:
                of_whom = owners[rule.name].name
                return family, f"there is a rule named {rule.name!r} in the family {of_whom}"
            by_name[rule.name], owners[rule.name] = rule, family
    for name, rule in by_name.items():
        for loser in rule.before:
            if loser not in by_name:
                return owners[
                    name
                ], f"the rule {name!r} comes before {loser!r}, which is not a rule"
    circular = [name for name, rule in by_name.items() if name in _losers(rule, by_name)]
    if circular:
        return owners[circular[-1]], f"the rule {circular[-1]!r} comes before itself"
    return None


def _losers(rule: Rule, by_name: Mapping[str, Rule]) -> frozenset[str]:
    found: set[str] = set()
    open_names = list(rule.before)
    while open_names:
        name = open_names.pop()
        if name not in found:
            found.add(name)
            open_names += by_name[name].before
    return frozenset(found)


def _apart(rule: Rule, family: Family, families: Sequence[Family]) -> Rule:
    """Fill the marks of the family's kin into ``NotKin`` of a rule."""
    if not any(isinstance(condition, NotKin) for condition in rule.requires):
        return rule
    marks: list[Condition] = []
    for one in families:
        if one.base == family.base or not _are_kin(family, one):
            continue
        if rule.type in _ADAPTERS:
            marks += (*one.marks.modules, Declares(one.base.value))
        else:
            marks += one.marks.folders if rule.is_for_folders else one.marks.tensors
    filled = NotKin(tuple(marks))
    requires = (filled if isinstance(each, NotKin) else each for each in rule.requires)
    return msgspec.structs.replace(rule, requires=tuple(requires))


def _are_kin(family: Family, other: Family) -> bool:
    """Return whether two families say so, or ask for tensors of one name."""
    if family.kin and family.kin == other.kin:
        return True
    return not _asked(family).isdisjoint(_asked(other))


@functools.cache
def _asked(family: Family) -> frozenset[str]:
    """Return the tensors that the rules of a family for main models ask for."""
    return frozenset(
        name
        for rule in family.rules
        if rule.type is ModelType.Main and not rule.is_for_folders
        for condition in rule.requires
        for name in tensor_names(condition)
    )


def _names(families: Sequence[Family]) -> BaseNames:
    """Join the names that families state; of two with one name the first keeps it."""
    labels = {one.base: one.label for one in families if one.label}
    words = {folded(base.value): base for base in BaseModelType}
    words |= {"other": BaseModelType.Unknown, "upscaler": BaseModelType.Any}
    sites: dict[tuple[str, BaseModelType], tuple[str, ...]] = {}
    declared: dict[str, BaseModelType] = {}
    lineages: dict[BaseModelType, tuple[tuple[str, str], ...]] = {}
    for one in families:
        for word in (one.base.value, one.label or one.base.value):
            words.setdefault(folded(word), one.base)
    for one in families:
        for word in one.words:
            words.setdefault(folded(word), one.base)
        for site, names in one.sites.items():
            sites[site, one.base] = (*sites.get((site, one.base), ()), *names)
            for word in names:
                words.setdefault(folded(word), one.base)
        for beginning in one.declared:
            declared.setdefault(beginning, one.base)
        tuned = ((lineage.name, lineage.words) for lineage in one.lineages)
        lineages[one.base] = (*lineages.get(one.base, ()), *tuned)
    longest_first = sorted(declared.items(), key=lambda item: (-len(item[0]), item[0]))
    return BaseNames(labels, words, sites, tuple(longest_first), lineages)
