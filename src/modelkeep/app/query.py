"""``ModelQuery``: which models are asked for, in what order, and how many."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from types import MappingProxyType
from typing import Any, get_args
from urllib.parse import parse_qsl, urlencode

from modelkeep.core import limits
from modelkeep.core.taxonomy import (
    BaseModelType,
    ModelFormat,
    ModelType,
    RecordState,
    type_from_words,
)
from modelkeep.errors import UsageError
from modelkeep.records.facts import LOADED, NEVER, SIZE_CLASSES
from modelkeep.records.listing import RecordFilter, SearchOrder

_HASH = re.compile("[0-9a-f]{8,64}")
ORDERS: tuple[str, ...] = get_args(SearchOrder)


def read_type(text: str) -> ModelType:
    """Return the type that ``text`` means, also in the words of the sites.

    Raises:
        UsageError: it means none.
    """
    found = type_from_words(text)
    if found is None:
        raise UsageError(f"Unknown type {text!r}", hint=f"Types are: {', '.join(ModelType)}")
    return found


def read_base(text: str) -> BaseModelType:
    """Return the base that ``text`` means, also in the words of the sites.

    A well-formed word that is not listed is taken as it is: a family may have brought it.

    Raises:
        UsageError: it is no word for a base.
    """
    from modelkeep.identification.known_families import base_from_words

    try:
        return base_from_words(text) or BaseModelType(text.lower())
    except ValueError:
        bases = ", ".join(BaseModelType)
        raise UsageError(f"Unknown base {text!r}", hint=f"Bases are: {bases}") from None


def _one_of(what: str, values: Iterable[str]) -> Callable[[str], str]:
    known = tuple(str(value) for value in values)

    def read(text: str) -> str:
        if text not in known:
            raise UsageError(f"Unknown {what} {text!r}", hint=f"It is one of {', '.join(known)}")
        return text

    return read


@dataclass(frozen=True, slots=True)
class _Field:
    """One condition: its parameter in an address, its option, and where it is in the filter."""

    parameter: str
    option: str
    attribute: str
    read: Callable[[str], str] = str


_CHOICES = (
    _Field("type", "--type", "types", lambda text: read_type(text).value),
    _Field("base", "--base", "bases", lambda text: read_base(text).value),
    _Field("format", "--format", "formats", _one_of("format", ModelFormat)),
    _Field("tag", "--tag", "tags"),
    _Field("in", "--in", "roots"),
    _Field("state", "--state", "states", _one_of("state", RecordState)),
    _Field("site", "--site", "sites"),
    _Field("licence", "--licence", "licences"),
    _Field("lineage", "--lineage", "lineages"),
    _Field("size", "--size", "sizes", _one_of("size", SIZE_CLASSES)),
    _Field("used", "--used", "used", _one_of("value of used", (NEVER, LOADED))),
)
_read_order = _one_of("order", ORDERS)


@dataclass(frozen=True, slots=True)
class ModelQuery:
    """Which models are asked for.

    The same as the options of ``list`` and as a query string: ``from_parameters`` and
    ``query_string`` are each other's reverse, and so are ``list`` and ``options``.

    Attributes:
        where: What they have to be like.
        sort: What they are sorted by; relevance where there is a text, else the name, when None.
        limit: At most so many; all when None.
        after: ``next`` of the page before.
        partner: Only models that work with this one: a key, a name or a path.
    """

    where: RecordFilter = field(default_factory=RecordFilter)
    sort: SearchOrder | None = None
    limit: int | None = None
    after: str | None = None
    partner: str = ""

    def __post_init__(self) -> None:
        if self.partner and self.sort is not None:
            raise UsageError(
                "--for has an order of its own, the same lineage first", hint="Leave out --sort."
            )
        if self.limit is not None and self.limit < 1:
            raise UsageError(f"The limit cannot be {self.limit}", hint="It must be at least 1.")
        if self.after is not None and self.limit is None:
            raise UsageError(
                "--after continues a page, so it needs --limit", hint="Give the same --limit."
            )

    @classmethod
    def of(
        cls,
        *,
        text: str | None = None,
        sort: str | None = None,
        limit: int | None = None,
        after: str | None = None,
        partner: str | None = None,
        **choices: Sequence[str] | None,
    ) -> ModelQuery:
        """Read a query from words.

        Args:
            text: Words to search for.
            sort: One of ``ORDERS``.
            limit: At most so many.
            after: ``next`` of the page before.
            partner: Only models that work with this one.
            choices: ``type``, ``base``, ``format``, ``tag``, ``in``, ``state``, ``site``,
                ``licence``, ``lineage``, ``size``, ``used``: any of these values; of tags all of
                them. ``hash``: one sha256, BLAKE3 or sample hash, or how one begins.

        Raises:
            UsageError: a value is not one of those that exist.
        """
        read = {
            f.attribute: tuple(
                dict.fromkeys(f.read(str(v)) for v in choices.get(f.parameter) or ())
            )
            for f in _CHOICES
        }
        order: Any = None if not sort else _read_order(sort)
        where = RecordFilter(text=text or "", hash=_read_hash(choices.get("hash")), **read)
        return cls(where, order, limit, after or None, partner or "")

    @classmethod
    def from_parameters(cls, parameters: Iterable[tuple[str, str]] | str) -> ModelQuery:
        """Read a query from the parameters of an address, or from a query string.

        Raises:
            UsageError: a parameter does not exist, or a value is none of those that exist.
        """
        if isinstance(parameters, str):
            parameters = parse_qsl(parameters, keep_blank_values=True)
        choices: dict[str, list[str]] = {f.parameter: [] for f in _CHOICES}
        single: dict[str, str] = {}
        for name, value in parameters:
            if name in choices:
                choices[name].append(value)
            elif name in _SINGLE:
                single[name] = value
            else:
                known = ", ".join((*_SINGLE, *choices))
                raise UsageError(f"Unknown parameter {name!r}", hint=f"Known are: {known}")
        return cls.of(
            text=single.get("q"),
            sort=single.get("sort"),
            limit=_read_number(single.get("limit")),
            after=single.get("after"),
            partner=single.get("for"),
            **choices,
            hash=[single.get("hash", "")],
        )

    @property
    def order(self) -> SearchOrder:
        """What the models are sorted by."""
        return self.sort or ("relevance" if self.where.text else "name")

    @property
    def is_everything(self) -> bool:
        """Tell whether every model matches."""
        return self.where == RecordFilter() and not self.partner

    def parameters(self) -> list[tuple[str, str]]:
        """Return the query as parameters of an address."""
        single = {
            "q": self.where.text,
            "hash": self.where.hash,
            "sort": self.sort,
            "limit": self.limit,
            "after": self.after,
            "for": self.partner,
        }
        given = [(f.parameter, v) for f in _CHOICES for v in getattr(self.where, f.attribute)]
        return [*given, *((name, str(value)) for name, value in single.items() if value)]

    def query_string(self) -> str:
        """Return the query as the query string of an address."""
        return urlencode(self.parameters())

    def options(self) -> list[str]:
        """Return the query as options of ``modelkeep list``."""
        names = {f.parameter: f.option for f in _CHOICES} | _SINGLE
        return [f"{names[name]}={value}" for name, value in self.parameters()]


#: Parameters of a search over HTTP, and whether each may be given several times.
PARAMETERS: Mapping[str, bool] = MappingProxyType(
    {
        "q": False,
        **{field.parameter: True for field in _CHOICES},
        **dict.fromkeys(("hash", "for", "sort", "limit", "after", "facets"), False),
    }
)
#: Models of one page: the usual number, and the largest.
USUAL, MOST = 50, limits.PAGE_MODELS
_TRUTHS = {"true": True, "1": True, "false": False, "0": False, "": False}
#: Queries that are not read again.
_KEPT = 100
#: Parameters that a query string may have.
_MOST_PARAMETERS = 200


@dataclass(frozen=True, slots=True)
class SearchRequest:
    """A page of models as a request over HTTP asks for it.

    Attributes:
        facets: Count the values that occur, too.
    """

    query: ModelQuery
    facets: bool = False

    @classmethod
    def read(cls, text: str) -> SearchRequest:
        """Read a query string.

        Raises:
            UsageError: a parameter does not exist, is given too often or is too long, or its value
                is none of those that exist.
        """
        try:
            given = parse_qsl(text, keep_blank_values=True, max_num_fields=_MOST_PARAMETERS)
        except ValueError as error:
            raise UsageError(
                f"A query has at most {_MOST_PARAMETERS} parameters", hint="Ask for less."
            ) from error
        _refuse_excess(given)
        asked = dict(given)
        counted = asked.get("facets", "").lower()
        if counted not in _TRUTHS:
            raise UsageError(f"facets is true or false, not {counted!r:.80}")
        rest = [pair for pair in given if pair[0] not in {"facets", "after"}]
        if not asked.get("limit"):
            rest.append(("limit", str(USUAL)))
        query = replace(_read_parameters(tuple(rest)), after=asked.get("after") or None)
        if query.limit is not None and query.limit > MOST:
            raise UsageError(f"limit is at most {MOST:,}", hint="Ask for the next page with after.")
        if query.partner and _TRUTHS[counted]:
            raise UsageError("facets are of a filter, and not of for", hint="Ask for one of them.")
        return cls(query, _TRUTHS[counted])

    def filter_string(self) -> str:
        """Return the filter alone, as a query string."""
        return ModelQuery(self.query.where).query_string()


@lru_cache(_KEPT)
def _read_parameters(parameters: tuple[tuple[str, str], ...]) -> ModelQuery:
    """Read a query; the pages of one list differ in ``after`` alone."""
    return ModelQuery.from_parameters(parameters)


def _refuse_excess(given: Iterable[tuple[str, str]]) -> None:
    seen: set[str] = set()
    for name, value in given:
        most = limits.CURSOR_CHARACTERS if name == "after" else limits.TEXT_CHARACTERS
        if len(value) > most:
            raise UsageError(f"{name[:80]} has more than {most:,} characters", hint="Shorten it.")
        if name in seen and not PARAMETERS.get(name, True):
            raise UsageError(f"{name} is given twice", hint="Give it once.")
        seen.add(name)


_SINGLE = {
    "q": "--search",
    "hash": "--hash",
    "sort": "--sort",
    "limit": "--limit",
    "after": "--after",
    "for": "--for",
}


def _read_hash(given: Sequence[str] | None) -> str:
    found = "".join(given or ()).strip().lower()
    if found and not _HASH.fullmatch(found):
        raise UsageError(
            f"{found!r:.80} is no hash and does not begin one",
            hint="Give at least 8 of its digits, which are 0 to 9 and a to f.",
        )
    return found


def _read_number(text: str | None) -> int | None:
    if not text:
        return None
    if not text.isdecimal():
        raise UsageError(f"limit is a number, not {text!r}", hint="For example: limit=50")
    return int(text)
