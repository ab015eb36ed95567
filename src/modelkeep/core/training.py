"""``TrainingFacts``: what the header of a model tells about how it was made."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

#: Tags, and models of a merge, that are kept of one model; and characters of one of them.
MOST_TAGS = 50
MOST_MERGED = 50
MOST_CHARACTERS = 100
#: Tags that people are shown.
_SHOWN_TAGS = 12


@dataclass(frozen=True, slots=True)
class TrainingFacts:
    """How a model was trained or merged, as far as its header tells.

    Attributes:
        algorithm: How an adapter keeps its changes, by its tensors: LoRA, LoCon, LoHa, DoRA ...
        rank: The highest rank of its modules.
        lowest_rank: The lowest one, where they differ.
        alpha: As the trainer states it.
        module: The network module of the trainer, such as ``networks.lora``.
        resolution: Pixels of the pictures, such as ``1024x1024``.
        epochs: That were over when it was saved.
        steps: As for epochs.
        images: In the training set, without repeats.
        base: The model that it was trained on, as the trainer wrote it.
        architecture: What the trainer calls the architecture.
        base_sha256: Hash of the file of that model.
        tags: How often tags occur in the captions, the most frequent first.
        merged_from: Names of the models that it was merged from.
        merge_method: How they were merged.
    """

    algorithm: str | None = None
    rank: int | None = None
    lowest_rank: int | None = None
    alpha: float | None = None
    module: str | None = None
    resolution: str | None = None
    epochs: int | None = None
    steps: int | None = None
    images: int | None = None
    base: str | None = None
    architecture: str | None = None
    base_sha256: str | None = None
    tags: dict[str, int] = field(default_factory=dict)
    merged_from: tuple[str, ...] = ()
    merge_method: str | None = None

    def texts(self) -> Iterator[str]:
        """Give what a search for words finds it by; a rank both as two words and as one."""
        if self.rank is not None:
            yield f"rank {self.rank} rank{self.rank}"
        for text in (self.algorithm, self.resolution, self.base, self.architecture):
            yield text or ""
        yield from self.merged_from
        yield from self.tags

    def lines(self) -> Iterator[tuple[str, str]]:
        """Give what people are shown: names and values, some of them empty."""
        yield "trained as", ", ".join(filter(None, (*self._network(), self.module)))
        counts = ((self.epochs, "epoch"), (self.steps, "step"), (self.images, "image"))
        numbers = (f"{n:,} {word}{'s' * (n != 1)}" for n, word in counts if n is not None)
        yield "trained with", ", ".join(filter(None, (self.resolution, *numbers)))
        yield "trained on", ", ".join(filter(None, (self.base, self.architecture)))
        shown = [f"{tag} ({count:,})" for tag, count in self.tags.items()]
        more = len(shown) - _SHOWN_TAGS
        yield "captions", ", ".join(shown[:_SHOWN_TAGS]) + (f" and {more} more" if more > 0 else "")
        merged = ", ".join(self.merged_from)
        yield "merged from", f"{merged} ({self.merge_method})" if self.merge_method else merged

    def _network(self) -> Iterator[str]:
        yield self.algorithm or ""
        if self.rank is not None:
            lowest = f"{self.lowest_rank} to " if self.lowest_rank is not None else ""
            yield f"rank {lowest}{self.rank}"
        if self.alpha is not None:
            yield f"alpha {self.alpha:g}"
