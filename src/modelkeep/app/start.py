"""What somebody can do first: with folders that are here, with nothing, with sample models."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from modelkeep.app.found_places import FoundPlace, found_places
from modelkeep.app.sample.library import SAMPLE, sample_models

if TYPE_CHECKING:
    from modelkeep.app.manager import ModelManager


@dataclass(frozen=True, slots=True)
class FirstSteps:
    """What can be done first.

    Attributes:
        places: Folders of other programs on this machine.
        samples: How many sample models the library has.
    """

    places: tuple[FoundPlace, ...]
    samples: int

    def to_json(self) -> dict[str, Any]:
        """Return it as plain values."""
        return {"places": [place.to_json() for place in self.places], "samples": self.samples}


def first_steps(manager: ModelManager) -> FirstSteps:
    """Return what can be done first; only names are looked at."""
    has_samples = SAMPLE in manager.records.roots.named
    return FirstSteps(tuple(found_places(manager)), sample_models(manager) if has_samples else 0)
