"""``RecordSearch``: the part of a catalogue that filters, counts and pages."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Sequence

from modelkeep.core.configs import AnyModelConfig
from modelkeep.core.taxonomy import BaseModelType, ModelFormat, ModelType
from modelkeep.records.listing import FacetName, Facets, RecordFilter, RecordPage, SearchOrder

#: Records of one page when all of a filtered set are read.
_BATCH = 500


class RecordSearch(ABC):
    """Filtered, sorted, paged lists of records, and counts of them."""

    def page(
        self,
        where: RecordFilter,
        *,
        order: SearchOrder = "name",
        limit: int = 50,
        after: str | None = None,
    ) -> RecordPage:
        """Return the first records of a filtered and sorted set, or the next ones.

        Its time and memory do not grow with the records before or after the page.

        Args:
            where: What the records have to be like.
            order: ``size`` is largest first, ``date`` newest first, ``relevance`` best match
                first, the others are alphabetical; equal ones are sorted by name, then by key.
            limit: Return at most so many; at least 1.
            after: ``next`` of the page before; the first page when None.

        Raises:
            UsageError: ``order`` or ``limit`` does not exist, or ``after`` is no page's ``next``.
        """
        raise NotImplementedError

    def facets(
        self,
        where: RecordFilter,
        names: Iterable[FacetName] = ("type", "base", "format", "tag", "root", "state"),
    ) -> Facets:
        """Count the values that occur in a filtered set."""
        raise NotImplementedError

    def count(self, where: RecordFilter) -> int:
        """Return how many records are like that."""
        raise NotImplementedError

    def each(self, where: RecordFilter, *, order: SearchOrder = "name") -> Iterator[AnyModelConfig]:
        """Give all records that are like that, without holding them all.

        Records that change on the way may come twice or not at all.
        """
        after: str | None = None
        while True:
            page = self.page(where, order=order, limit=_BATCH, after=after)
            yield from page.items
            if (after := page.next) is None:
                return

    @abstractmethod
    def search(
        self,
        *,
        text: str | None = None,
        types: Sequence[ModelType | str] = (),
        bases: Sequence[BaseModelType | str] = (),
        formats: Sequence[ModelFormat | str] = (),
        tags: Iterable[str] = (),
        order: SearchOrder = "name",
        limit: int | None = None,
    ) -> list[AnyModelConfig]:
        """Return the records that fit everything that is given; see ``RecordFilter``.

        Raises:
            UsageError: ``order`` is none of those.
        """
        raise NotImplementedError
