"""What others say of a model, set against its tensors, which always win.

What tensors and configs leave open is told by the fields of the header, then by sites, then by
known hashes, then by names. Sites and hashes are weighed here, for every way to a model.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import msgspec

from modelkeep.core.base_names import BaseNames
from modelkeep.core.hearsay import Hearsay, Statement
from modelkeep.core.identity import Evidence
from modelkeep.core.taxonomy import (
    BaseModelType,
    ModelFormat,
    ModelType,
    SchedulerPredictionType,
    type_label,
)
from modelkeep.identification.known_hashes import KNOWN_FILES, KnownFile
from modelkeep.identification.rules import Match, Rule

#: Parts that models of several bases share: a site lists them with any of these.
_SHARED = frozenset(
    {
        *(ModelType.Vae, ModelType.TextEncoder, ModelType.T5Encoder, ModelType.CLIPEmbed),
        *(ModelType.CLIPVision, ModelType.Upscaler),
    }
)
_LORAS = frozenset({ModelType.Lora, ModelType.ControlLora})


class Opinion(msgspec.Struct, frozen=True):
    """What somebody says that a model is, in our words.

    Attributes:
        evidence: That they say it.
        who: Says it.
        words: The base in theirs.
        types: One of these; any when empty.
        known: The published file that the model is, where a hash says so.
    """

    evidence: Evidence
    who: str
    words: str
    base: BaseModelType | None = None
    types: frozenset[str] = frozenset()
    lineage: str | None = None
    prediction: SchedulerPredictionType | None = None
    known: KnownFile | None = None

    def is_about(self, type_: ModelType, base: BaseModelType) -> bool:
        """Return whether nothing in it contradicts this type and base."""
        return self.base in {None, base} and (not self.types or type_ in self.types)

    def chosen_of(self, found: Iterable[Match]) -> Match | None:
        """Return the one of several matches that this names; None where it is none or several."""
        rules = ((match, match.rule) for match in found)
        named = [m for m, r in rules if r.base == self.base and self.is_about(r.type, r.base)]
        if len(named) != 1:
            return None
        why = Evidence(self.evidence.kind, f"{self.evidence.detail}, and the tensors fit that")
        others = (e for e in named[0].evidence if not e.detail.startswith(f"{self.who} says "))
        return msgspec.structs.replace(named[0], evidence=(*others, why))


def opinions_of(told: Hearsay, names: BaseNames) -> tuple[Opinion, ...]:
    """Return what others say, those that go before others first: sites, then a known hash."""
    claimed = [_claimed(claim, names) for claim in told.claims]
    known = KNOWN_FILES.get(told.sha256.lower())
    return (*claimed, _of_hash(known, told.sha256_by)) if known is not None else tuple(claimed)


def published(opinions: Iterable[Opinion], base_like: str) -> Match | None:
    """Return what a known hash says of a file that no rule fits, unless it looks like another.

    Args:
        opinions: What others say of the file.
        base_like: The base that it looks like; empty where nothing shows it.
    """
    for one in opinions:
        if one.known is not None and base_like in {"", one.known.base}:
            known, is_lora = one.known, one.known.type in _LORAS
            form = ModelFormat.Lycoris if is_lora else ModelFormat.Checkpoint
            rule = Rule(name=known.name, type=known.type, base=known.base, format=form, requires=())
            return Match(rule, None, (one.evidence,))
    return None


def said(
    opinions: Iterable[Opinion],
    kind: tuple[ModelType, BaseModelType],
    names: BaseNames,
    *,
    besides: Sequence[Evidence] = (),
) -> Iterator[Evidence]:
    """Yield what others say of a model, and where the tensors contradict it.

    Args:
        opinions: What they say.
        kind: What the tensors say.
        names: What the bases are called.
        besides: Reasons that are told already; nothing is told twice.
    """
    type_, base = kind
    for one in opinions:
        if any(reason.detail.startswith(one.evidence.detail) for reason in besides):
            continue
        others = [names.label(base)] if _is_other_base(one, type_, base) else []
        if one.types and type_ not in one.types:
            others.insert(0, type_label(type_))
        doubt = f"; the tensors say {' for '.join(others)} and decide" if others else ""
        yield Evidence(one.evidence.kind, one.evidence.detail + doubt)


def heard(opinions: Iterable[Opinion]) -> Iterator[str]:
    """Yield a sentence for each opinion, where the tensors do not tell what a model is."""
    for one in opinions:
        yield f"{one.evidence.detail[:1].upper()}{one.evidence.detail[1:]}."


def _is_other_base(opinion: Opinion, type_: ModelType, base: BaseModelType) -> bool:
    is_shared = base is BaseModelType.Any or (type_ in _SHARED and opinion.known is None)
    return not is_shared and opinion.base not in {None, base}


def _claimed(claim: Statement, names: BaseNames) -> Opinion:
    words = claim.words[0] or ""
    base = names.claimed_base(claim.site, words)
    return Opinion(
        Evidence("metadata", f"{claim.who} says {', '.join(filter(None, claim.words))}"),
        claim.who,
        words,
        base if base is not BaseModelType.Unknown else None,
        claim.types,
        claim.lineage or (names.lineage_of(words, base) if base is not None else None),
        claim.prediction,
    )


def _of_hash(known: KnownFile, by: str) -> Opinion:
    its = f"its sha256, as {by} states it," if by else "its sha256"
    what = f"{known.name} ({known.found_in})"
    return Opinion(
        Evidence("hash", f"known hash: {its} is that of {what}"),
        "a known hash",
        known.name,
        base=known.base,
        types=frozenset({known.type}),
        lineage=known.lineage,
        prediction=known.prediction_type,
        known=known,
    )
