"""``Upscaler``: a module around what spandrel made of a file."""

from __future__ import annotations

from typing import Any

import torch


class Upscaler(torch.nn.Module):
    """Makes pictures larger, or clearer.

    Called with a picture of the shape (1, channels, height, width) and numbers from 0 to 1, it
    returns another one.

    Args:
        descriptor: The model as spandrel describes it.

    Attributes:
        descriptor: The same; knows what sizes of pictures the model takes.
        model: The module itself.
    """

    def __init__(self, descriptor: Any) -> None:
        super().__init__()
        self.descriptor = descriptor
        self.model: torch.nn.Module = descriptor.model

    @property
    def architecture(self) -> str:
        """What spandrel calls it: ``ESRGAN``, ``SwinIR`` ..."""
        return str(self.descriptor.architecture.id)

    @property
    def scale(self) -> int:
        """How many times larger pictures become."""
        return int(self.descriptor.scale)

    def forward(self, *pictures: torch.Tensor) -> torch.Tensor:
        """Return the picture that it makes; sizes that it cannot take are padded and cut."""
        made: torch.Tensor = self.descriptor(*pictures)
        return made
