"""``LearnedEmbedding``: a textual inversion that is loaded."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Self

from modelkeep.load.tensor_bundle import Change, TensorBundle

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True)
class LearnedEmbedding(TensorBundle):
    """Vectors that stand for tokens in prompts.

    Attributes:
        vectors: For each token, vectors by the text encoder that they are for (``text_encoder``,
            ``text_encoder_2`` ...), each of the shape (vectors, width of the encoder). Some
            trainers learn what the encoder gives, too: that is under ``text_encoder.output``.
    """

    vectors: Mapping[str, Mapping[str, torch.Tensor]]

    @property
    def tokens(self) -> tuple[str, ...]:
        """What to write in prompts."""
        return tuple(self.vectors)

    def of(self, encoder: str) -> dict[str, torch.Tensor]:
        """Return the vectors for one text encoder by token."""
        return {token: mine[encoder] for token, mine in self.vectors.items() if encoder in mine}

    @cached_property
    def tensors(self) -> Mapping[str, torch.Tensor]:
        """All vectors by token and text encoder, with ``/`` in between."""
        return {
            f"{token}/{encoder}": vectors
            for token, mine in self.vectors.items()
            for encoder, vectors in mine.items()
        }

    def changed(self, change: Change) -> Self:
        """Return the same embedding with what ``change`` makes of each tensor."""
        return type(self)(
            {
                token: {encoder: change(vectors) for encoder, vectors in mine.items()}
                for token, mine in self.vectors.items()
            }
        )
