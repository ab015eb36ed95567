"""Why a source is what it is said to be, in lines that a person can read."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain
from typing import TYPE_CHECKING

from modelkeep.core.names import counted
from modelkeep.identification.known_families import kind_label

if TYPE_CHECKING:
    from modelkeep.core.identity import Identification
    from modelkeep.identification.rules import Assessment

#: Rules shown that do not fit, and reasons shown of each.
_RIVALS, _REASONS = 5, 3


def explanation(
    found: Identification | None, rules: Sequence[Assessment], *, is_whole: bool = False
) -> Iterator[str]:
    """Yield the evidence, the rules that fit, and the nearest that do not with what they lack.

    Args:
        found: What the source is; None where that is not known.
        rules: How near each rule came, the nearest first.
        is_whole: Show all rules and all their reasons.
    """
    for reason in found.evidence if found is not None else ():
        yield f"  because   {reason.detail} ({reason.kind})"
    fitting = [rule for rule in rules if rule.holds]
    others = [rule for rule in rules if not rule.holds]
    for rule in fitting:
        yield f"  fits      {_name(rule)}{'' if _is_it(rule, found) else _beside(found)}"
    shown = others if is_whole else nearest(others)
    if shown:
        yield "  Nearest rules that do not fit:" if not is_whole else "  Rules that do not fit:"
    for rule in shown:
        yield f"    {_name(rule)}"
        most = None if is_whole else _REASONS
        yield from _cut("it", [held.detail for held in rule.held], most)
        yield from _cut("but", rule.missing, most)
    if left := len(others) - len(shown):
        also = "further rules" if left > 1 else "further rule"
        yield f"  {left:,} {also} looked at; --verbose shows all."


def nearest(others: Sequence[Assessment]) -> Sequence[Assessment]:
    """Return the nearest rules of those that do not fit; the others are no rivals."""
    return [rule for rule in others if rule.held][:_RIVALS] or others[:_RIVALS]


def _name(rule: Assessment) -> str:
    return f"{rule.rule.name} ({kind_label(rule.rule.type, rule.rule.base)})"


def _is_it(rule: Assessment, found: Identification | None) -> bool:
    return found is not None and (rule.rule.type, rule.rule.base) == (found.type, found.base)


def _beside(found: Identification | None) -> str:
    return ", but another rule says more" if found is not None else ""


def _cut(word: str, reasons: Sequence[str], most: int | None) -> Iterator[str]:
    """Yield reasons one a line, at most so many; the first is led by the word."""
    shown = list(reasons[:most])
    left = len(reasons) - len(shown)
    more = [f"and {counted(left, 'more reason')}"] if left else []
    for lead, reason in zip(chain([word], iter(str, "-")), [*shown, *more], strict=False):
        yield f"      {lead:<4} {reason}"
