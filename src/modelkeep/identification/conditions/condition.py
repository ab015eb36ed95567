"""``Condition``: one check of a rule."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Protocol

from modelkeep.core.identity import Evidence

if TYPE_CHECKING:
    from modelkeep.identification.view import PartView


class Condition(Protocol):
    """One check of a model."""

    @property
    def positive(self) -> bool:
        """Whether it is a positive sign of the model, not only the absence of another."""
        ...

    def check(self, view: PartView) -> Evidence | None:
        """Return why it holds, or None when it does not."""
        ...

    def missing(self, view: PartView) -> str:
        """Return why it does not hold, as a few words."""
        ...


def either(values: Iterable[object]) -> str:
    """Return ``values`` as one phrase, each once."""
    return " or ".join(dict.fromkeys(str(value) for value in values))
