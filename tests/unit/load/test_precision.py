"""Which precision a part gets."""

from __future__ import annotations

import pytest

from modelkeep.core.taxonomy import BaseModelType
from modelkeep.errors import UsageError
from modelkeep.load.precision import Precision, precision_for

SD1, SDXL = BaseModelType.StableDiffusion1, BaseModelType.StableDiffusionXL
F16, BF16, F32 = Precision.FLOAT16, Precision.BFLOAT16, Precision.FLOAT32


@pytest.mark.parametrize(
    ("asked", "base", "part", "given"),
    [
        (("auto", "cpu", F16), SD1, "unet", F32),
        (("auto", "cpu", BF16), SDXL, "vae", F32),
        (("auto", "cuda", F16), SD1, "unet", F16),
        (("auto", "cuda:1", BF16), SD1, "unet", BF16),
        (("auto", "cuda", F32), SD1, "unet", F32),
        (("auto", "cuda", F16), SD1, "vae", F16),
        (("auto", "cuda", F16), SDXL, "vae", BF16),
        (("auto", "cuda", F16), SDXL, "unet", F16),
        (("float16", "cpu", F32), SD1, "unet", F16),
        (("float32", "cuda", F16), SDXL, "vae", F32),
    ],
)
def test_precision(
    asked: tuple[str, str, Precision], base: BaseModelType, part: str, given: Precision
) -> None:
    assert precision_for(*asked, base, part) is given


def test_another_word_is_refused_with_the_choices() -> None:
    with pytest.raises(UsageError, match="'half'") as caught:
        precision_for("half", "cpu", F32, SD1, "unet")
    assert caught.value.hint == "Choose one of: auto, float32, float16, bfloat16."
