"""Queries of records and their results: filters, pages, facets."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from modelkeep.core.configs import AnyModelConfig, ModelConfigBase
    from modelkeep.core.files import ModelFile
    from modelkeep.records.metadata import AnyMetadata

#: ``relevance`` puts the best matches of a text first; without a text it is ``name``.
SearchOrder = Literal["relevance", "name", "size", "date", "type", "base"]
FacetName = Literal[
    "type", "base", "format", "tag", "root", "state", "site", "licence", "lineage", "size", "used"
]


@dataclass(frozen=True, slots=True)
class RecordFilter:
    """Conditions on records; all given ones must hold.

    Attributes:
        text: Words that must all occur in name, description, tags, trigger phrases, author or
            what the header says of training, in any order; each may be the beginning of a longer
            word; case, accents and the difference between space, ``_``, ``-`` and ``.`` do not
            matter. A text without words, such as ``%``, is found as it stands in names.
        types, bases, formats: The record has one of these values; any when empty.
        tags: The record has all of these, from a site or set by hand.
        roots: It lies in one of these roots (``models`` for ``models_dir``, empty text for none).
        states: Its state is one of these (``present``, ``missing``, ``changed``).
        sites: It is of one of these sites (``link`` and ``local`` count as such, empty text for
            none).
        licences: Its licence is one of these, as the site names it (empty text for none).
        lineages: It was tuned from one of these (empty text where that is not known).
        sizes: Its size is of one of these classes; see ``records.facts``.
        used: ``loaded`` or ``never``.
        hash: One of its files has this sha256 or blake3, or one that begins so, or its sample
            hash is this one.
    """

    text: str = ""
    types: tuple[str, ...] = ()
    bases: tuple[str, ...] = ()
    formats: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    roots: tuple[str, ...] = ()
    states: tuple[str, ...] = ()
    sites: tuple[str, ...] = ()
    licences: tuple[str, ...] = ()
    lineages: tuple[str, ...] = ()
    sizes: tuple[str, ...] = ()
    used: tuple[str, ...] = ()
    hash: str = ""


@dataclass(frozen=True, slots=True)
class RecordPage:
    """One page of records and the cursor of the next page.

    Attributes:
        next: What to give as ``after`` for the next page; None on the last one.
    """

    items: list[AnyModelConfig]
    next: str | None


@dataclass(frozen=True, slots=True)
class JsonPage:
    """One page of records as they are stored, for those who send them on.

    Attributes:
        items: Each record as UTF-8 JSON, with the fields of its config.
        next: What to give as ``after`` for the next page; None on the last one.
    """

    items: list[bytes]
    next: str | None


@dataclass(frozen=True, slots=True)
class Facets:
    """How many records of a filtered set have each value.

    Attributes:
        counts: For each facet the values that occur, with their counts. The counts of a facet
            disregard the filter's own choice in that facet, so they say what choosing another
            value would give.
    """

    total: int
    counts: Mapping[str, Mapping[str, int]]


@dataclass(frozen=True, slots=True)
class KindTotal:
    """Totals for one type and base.

    Attributes:
        size: Their bytes, as far as they are known.
    """

    type: str
    base: str
    models: int
    size: int


@dataclass(frozen=True, slots=True)
class RecordNote:
    """What lists show beside a record.

    Attributes:
        created_at: When it was added, seconds since the epoch.
        is_mature: Its site or a tag says that its pictures are not for everybody.
    """

    created_at: float
    is_mature: bool


@dataclass(frozen=True, slots=True)
class NewRecord:
    """A record to add.

    Attributes:
        key: Any string.
        tags: Those that are given by hand; blanks around them are taken off.
        created_at: When it was first recorded, seconds since the epoch; now when None.
    """

    key: str
    config: ModelConfigBase
    files: tuple[ModelFile, ...] = field(default=())
    metadata: AnyMetadata | None = None
    tags: tuple[str, ...] = ()
    created_at: float | None = None
