"""``Hearsay``: what others say of a model, where its own files leave something open."""

from __future__ import annotations

from dataclasses import dataclass

from modelkeep.core.taxonomy import SchedulerPredictionType


@dataclass(frozen=True, slots=True)
class Statement:
    """What a site or another program says that a model is.

    Attributes:
        who: Says so, as people know them.
        words: What they say, such as ``SDXL 1.0`` and ``Checkpoint``: the base and the type.
        site: Name of the site whose words they are; empty where they are of none.
        types: Our types that they may mean; none where that is not known.
        lineage, prediction: What they say of these, in our words.
    """

    who: str
    words: tuple[str | None, str | None] = (None, None)
    site: str = ""
    types: frozenset[str] = frozenset()
    lineage: str | None = None
    prediction: SchedulerPredictionType | None = None


@dataclass(frozen=True, slots=True)
class Hearsay:
    """What others say of a model.

    Attributes:
        claims: What it is, the surest first.
        sha256: Of its one file, 64 hex characters; empty where nobody knows it.
        sha256_by: Who states that hash; empty where it was computed from the bytes.
    """

    claims: tuple[Statement, ...] = ()
    sha256: str = ""
    sha256_by: str = ""

    def __bool__(self) -> bool:
        return bool(self.claims or self.sha256)


NO_HEARSAY = Hearsay()
