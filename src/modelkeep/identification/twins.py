"""``twins_of``: other bases whose modules are exactly those that an adapter changes."""

from __future__ import annotations

from collections.abc import Sequence

from modelkeep.core.identity import Evidence
from modelkeep.core.taxonomy import BaseModelType, ModelType
from modelkeep.identification.contenders import settle
from modelkeep.identification.family import Family
from modelkeep.identification.rule_set import RuleSet
from modelkeep.identification.rules import Match
from modelkeep.identification.view import DeclaredBase, ModelView

_ADAPTERS = frozenset({ModelType.Lora, ModelType.ControlLora})


def twins_of(view: ModelView, match: Match, rules: RuleSet) -> tuple[BaseModelType, ...]:
    """Return the bases that an adapter would be for, did its header name them.

    Where a header names a base, and for what is no adapter, there are none. Only kin are asked:
    other architectures have other modules.

    Args:
        view: The model.
        match: What it was found to be.
        rules: Of all families.
    """
    if match.rule.type not in _ADAPTERS or view.declared:
        return ()
    kin = rules.kin_of(match.rule.base)
    fitting = (family.base for family in kin if _is_twin(view, match, family, rules))
    return tuple(dict.fromkeys(fitting))


def twin_evidence(view: ModelView, match: Match, rules: RuleSet) -> Sequence[Evidence]:
    """Return what is to be said of an adapter that would work with other bases as well."""
    twins = twins_of(view, match, rules)
    if not twins:
        return ()
    labels = " and ".join(rules.names.label(base) for base in twins)
    have = "has" if len(twins) == 1 else "have"
    return (Evidence("keys", f"{labels} {have} the same modules; only a header could tell"),)


def _is_twin(view: ModelView, match: Match, family: Family, rules: RuleSet) -> bool:
    """Tell whether an adapter is as much one of another family, if its header said so."""
    as_named = view.declaring(DeclaredBase("", family.base.value, family.base))
    for rule in family.rules:
        if (rule.type, rule.is_for_folders) != (match.rule.type, match.rule.is_for_folders):
            continue
        other = rule.match(as_named)
        if other is not None and len(settle(view, (match, other), rules.with_tables)) > 1:
            return True
    return False
