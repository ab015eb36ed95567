"""How much an upscaler enlarges pictures, where its tensors show it."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from modelkeep.core.identity import Evidence
from modelkeep.identification.conditions import Condition, Dim

if TYPE_CHECKING:
    from modelkeep.identification.view import PartView

_COLOURS = 3


class Enlarges:
    """What the tensors say about the scale; it always holds.

    Args:
        cases: Conditions, each with how often a side of a picture becomes as long when it holds.
    """

    positive: ClassVar[bool] = True

    def __init__(self, *cases: tuple[int, Condition]) -> None:
        self.cases = cases

    def check(self, view: PartView) -> Evidence:
        """Return the scale of the first that holds."""
        for times, condition in self.cases:
            found = condition.check(view)
            if found is not None:
                return Evidence("shapes", f"enlarges pictures x{times}: {found.detail}")
        return Evidence("keys", "does not show how much it enlarges pictures")

    def missing(self, view: PartView) -> str:
        """Never asked: it always holds."""
        del view
        return ""


def shuffled(name: str, channels: int = _COLOURS) -> Enlarges:
    """Return the scale by the outputs of a layer that are sorted into larger pictures.

    Args:
        name: The layer's weight.
        channels: What is left after sorting.
    """
    meaning = "the number of outputs"
    return Enlarges(
        *((scale, Dim(name, 0, (channels * scale**2,), meaning)) for scale in (1, 2, 3, 4, 8))
    )
