"""Which precision a part of a model is loaded in."""

from __future__ import annotations

from enum import StrEnum

from modelkeep.core.taxonomy import BaseModelType
from modelkeep.errors import UsageError


class Precision(StrEnum):
    """The type of the numbers in a loaded part."""

    FLOAT32 = "float32"
    FLOAT16 = "float16"
    BFLOAT16 = "bfloat16"


AUTO = "auto"
#: Parts whose numbers overflow in float16, by base and part.
_OVERFLOW = frozenset(
    {
        (BaseModelType.StableDiffusionXL, "vae"),
        (BaseModelType.StableDiffusionXLRefiner, "vae"),
    }
)


def name_of(precision: object) -> str:
    """Return the name of a precision that may be given as a ``torch.dtype``."""
    return str(precision).removeprefix("torch.")


def precision_for(
    wanted: str, device: str, stored: Precision, base: BaseModelType, part: str
) -> Precision:
    """Return the precision to load a part in.

    ``auto`` is float32 on a CPU, where half precision is a hundred times slower, and the file's
    own elsewhere; what overflows in float16 is taken in bfloat16.

    Args:
        wanted: ``auto``, or the name of a precision.
        device: Where it will run: ``cpu``, ``cuda:1`` ...
        stored: Precision of the weights in the file.
        base: Architecture of the model.
        part: Name of the part, such as ``vae``.

    Raises:
        UsageError: there is no precision of this name.
    """
    if wanted != AUTO:
        try:
            return Precision(wanted)
        except ValueError:
            raise UsageError(
                f"There is no precision {wanted!r}",
                hint=f"Choose one of: {', '.join([AUTO, *Precision])}.",
            ) from None
    if device.partition(":")[0] == "cpu":
        return Precision.FLOAT32
    if stored is Precision.FLOAT16 and (base, part) in _OVERFLOW:
        return Precision.BFLOAT16
    return stored
