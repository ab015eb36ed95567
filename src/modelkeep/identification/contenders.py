"""Which of several rules that hold is right, where one of them has more to say for itself."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from modelkeep.core.identity import Evidence
from modelkeep.core.taxonomy import BaseModelType, ModelType
from modelkeep.identification.gguf_words import bases_of_word
from modelkeep.identification.rules import Match, Rule, tables_of
from modelkeep.identification.view import ModelView

_ADAPTERS = frozenset({ModelType.Lora, ModelType.ControlLora})


def settle(
    view: ModelView, found: Sequence[Match], known: frozenset[BaseModelType]
) -> Sequence[Match]:
    """Return the matches that are left when what the header says and what is whole has counted.

    A header that names the base of one of them decides, then the architecture of a GGUF file. Else
    an adapter that changes every block of one architecture, and only some of another, is for the
    first. Modules that show no width are those of many architectures: only a header tells what they
    are for. So it is where a header names a base whose modules are not known.

    Args:
        view: The model.
        found: Matches of which none takes precedence.
        known: The bases whose modules are known.
    """
    named = {name.base for name in view.declared}
    declared = [match for match in found if match.rule.base in named]
    if len(declared) == 1:
        return declared
    if not declared and (meant := _meant_by_word(view, found)):
        return meant
    if not declared and (named - known or not _is_measured(view)):
        found = [match for match in found if next(tables_of(match.rule), None) is None]
    if len(found) <= 1:
        return found
    whole = [match for match in declared or found if _is_whole(view, match.rule)]
    if len(whole) != 1:
        return declared or found
    reason = Evidence("keys", "changes every block of this architecture, and not of others")
    return [msgspec.structs.replace(whole[0], evidence=(*whole[0].evidence, reason))]


def _meant_by_word(view: ModelView, found: Sequence[Match]) -> Sequence[Match]:
    """Return the main models that the architecture of a GGUF header may mean, of several."""
    if len(found) <= 1:
        return ()
    bases = bases_of_word(view)
    return [m for m in found if m.rule.base in bases and m.rule.type is ModelType.Main]


def fits_of(view: ModelView, rule: Rule) -> tuple[str, ...] | None:
    """Return the variants of its base that a model works with; None when it works with all."""
    if rule.fits:
        return rule.fits
    scope = view.under(rule.part)
    for fits in tables_of(rule):
        if fits.fitting(scope):
            return fits.variants(scope)
    return None


def _is_whole(view: ModelView, rule: Rule) -> bool:
    if rule.type not in _ADAPTERS:
        return False
    scope = view.under(rule.part)
    return any(fits.is_whole(scope) for fits in tables_of(rule))


def _is_measured(view: ModelView) -> bool:
    """Return whether the tensors show how wide a module of the denoiser is that they change."""
    modules = (m for m in view.tensors.adapter.modules if m.where == "denoiser")
    return any(m.width_in is not None or m.width_out is not None for m in modules)
