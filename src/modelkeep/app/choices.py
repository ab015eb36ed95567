"""What a list can be narrowed to: for each facet the values of the whole library, with counts.

So neither values nor counts move while people filter, and they are counted once for all lists.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from modelkeep.app import library
from modelkeep.records.listing import FacetName, RecordFilter

if TYPE_CHECKING:
    from collections.abc import Mapping

    from modelkeep.app.manager import ModelManager

#: Facets in their order, and the parameter of an address that chooses their values.
PARAMETERS: tuple[tuple[FacetName, str], ...] = (
    ("type", "type"),
    ("base", "base"),
    ("tag", "tag"),
    ("lineage", "lineage"),
    ("format", "format"),
    ("size", "size"),
    ("site", "site"),
    ("licence", "licence"),
    ("used", "used"),
    ("root", "in"),
    ("state", "state"),
)
#: Values of a facet that are listed; a library may have thousands of tags.
_LISTED = 60


class FacetValue(msgspec.Struct, frozen=True, array_like=True):
    """One value of a facet.

    Attributes:
        count: Models that have it.
    """

    value: str
    label: str
    count: int


class FacetChoice(msgspec.Struct, frozen=True, array_like=True):
    """One facet.

    Attributes:
        name: Of the facet.
        parameter: Of an address, which chooses its values.
        values: The most frequent of the library first.
        more: Values that are not listed.
    """

    name: str
    parameter: str
    values: tuple[FacetValue, ...]
    more: int


class Choices(msgspec.Struct, frozen=True, array_like=True):
    """What a list can be narrowed to.

    Attributes:
        total: Models of the library.
    """

    total: int
    choices: tuple[FacetChoice, ...]

    def to_json(self) -> bytes:
        """Return them as JSON, which ``read`` reads."""
        return msgspec.json.encode(self)

    @classmethod
    def read(cls, text: bytes) -> Choices:
        """Return what ``to_json`` gave."""
        return msgspec.json.decode(text, type=cls)


def choices(manager: ModelManager) -> Choices:
    """Count what the models of the library can be narrowed to."""
    found = library.facets(manager, RecordFilter()).facets
    each = (_choice(name, parameter, found.counts[name]) for name, parameter in PARAMETERS)
    return Choices(found.total, tuple(each))


def _choice(name: FacetName, parameter: str, counts: Mapping[str, int]) -> FacetChoice:
    listed = sorted(counts, key=lambda value: (-counts[value], value))
    values = (FacetValue(v, library.facet_label(name, v), counts[v]) for v in listed[:_LISTED])
    return FacetChoice(name, parameter, tuple(values), max(0, len(listed) - _LISTED))
