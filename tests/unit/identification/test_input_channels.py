"""U-Nets whose input channels are those of several kinds of models, and packed weights."""

from __future__ import annotations

from pathlib import Path

import pytest

from modelkeep.errors import UnknownModelError
from modelkeep.identification.engine import identify
from sample_models import (
    SD1,
    SDXL,
    Shapes,
    checkpoint,
    diffusers_unet,
    ldm_unet,
    typed,
    write_safetensors,
)
from unit.identification.cases import UNETS, folder, pipeline, plain, unet_config

_EIGHT = SD1.with_inputs(8)
_ZERO123: Shapes = {
    "cc_projection.weight": (768, 772),
    "cc_projection.bias": (768,),
    "cond_stage_model.model.visual.conv1.weight": (1024, 3, 14, 14),
}
_VISION: Shapes = {"cond_stage_model.transformer.vision_model.embeddings.class_embedding": (1024,)}


def _variant(shapes: Shapes, root: Path, name: str = "some-model") -> str | None:
    """The variant of a main model; None where nothing is known."""
    try:
        found = identify(write_safetensors(root / f"{name}.safetensors", typed(shapes)))
    except UnknownModelError:
        return None
    assert found.type == "main"
    return str(found.variant)


def _under(prefix: str, shapes: Shapes) -> Shapes:
    return {f"{prefix}{name}": shape for name, shape in shapes.items()}


@pytest.mark.parametrize(
    ("shapes", "name", "variant"),
    [
        (checkpoint(_EIGHT), "instruct-pix2pix-00-22000", "pix2pix"),
        (checkpoint(_EIGHT), "some-model", "pix2pix"),
        (diffusers_unet(_EIGHT), "instruct-pix2pix-unet", "pix2pix"),
        (diffusers_unet(_EIGHT), "iclight_sd15_fc", None),
        (_under("diffusion_model.", ldm_unet(_EIGHT)), "iclight_sd15_fc_unet_ldm", None),
        (diffusers_unet(SD1.with_inputs(12)), "iclight_sd15_fbc", None),
        (_under("model.diffusion_model.", ldm_unet(_EIGHT)) | _ZERO123, "zero123-xl", "zero123"),
        (_under("model.diffusion_model.", ldm_unet(_EIGHT)) | _VISION, "views", None),
        (ldm_unet(SDXL.with_inputs(8)), "some-model", None),
        (ldm_unet(SDXL.with_inputs(8)) | {"edm_vpred.sigma_max": ()}, "cosxl_edit", "pix2pix"),
        (checkpoint(SDXL.with_inputs(8)), "some-model", "pix2pix"),
        (checkpoint(SD1.with_inputs(9)), "some-model", "inpaint"),
        (ldm_unet(SD1.with_inputs(9)), "some-model", "inpaint"),
        (ldm_unet(SD1.with_inputs(9)) | {"learnable_vector": (1, 1, 768)}, "by-example", None),
        (ldm_unet(SD1) | {"position_net.null_positive_feature": (768,)}, "gligen", None),
        (ldm_unet(SD1) | {"camera_embed.0.weight": (1280, 16)}, "mvdream", None),
    ],
)
def test_eight_channels_are_a_picture_and_text_only_where_something_reads_text(
    shapes: Shapes, name: str, variant: str | None, tmp_path: Path
) -> None:
    assert _variant(shapes, tmp_path, name) == variant


def test_folders_with_eight_channels(tmp_path: Path) -> None:
    upscaler = pipeline(_EIGHT, "StableDiffusionLatentUpscalePipeline")(tmp_path / "1")
    edit = pipeline(_EIGHT, "StableDiffusionInstructPix2PixPipeline")(tmp_path / "2")
    config = {"config.json": unet_config(_EIGHT)}
    unet = folder(config, {"diffusion_pytorch_model.safetensors": plain}, "iclight")

    assert identify(edit).variant == "pix2pix"
    assert (identify(upscaler).type, identify(upscaler).variant) == ("upscaler", None)
    with pytest.raises(UnknownModelError):
        identify(unet(tmp_path / "3"))


def _packed(
    shapes: Shapes, dtype: str, *, state: str, row: bool
) -> dict[str, tuple[str, tuple[int, ...]]]:
    """Linear layers as bitsandbytes packs them: two numbers a byte."""
    bytes_each = {"U8": 1, "BF16": 2, "F32": 4}[dtype]
    tensors: dict[str, tuple[str, tuple[int, ...]]] = {}
    for name, shape in shapes.items():
        if not name.endswith(".weight") or len(shape) != 2:
            tensors[name] = ("F16", shape)
            continue
        stored = shape[0] * shape[1] // 2 // bytes_each
        tensors[name] = (dtype, (1, stored) if row else (stored, 1))
        tensors[f"{name}.absmax"] = ("F32", (shape[0] * shape[1] // 64,))
        tensors[f"{name}.quant_map"] = ("F32", (16,))
        tensors[f"{name}.quant_state.bitsandbytes__{state}"] = ("U8", (82,))
    return tensors


@pytest.mark.parametrize("base", ["sd-1", "sdxl"])
@pytest.mark.parametrize(
    ("dtype", "state", "row"),
    [
        ("U8", "nf4", False),
        ("U8", "nf4", True),
        ("BF16", "nf4", False),
        ("F32", "nf4", False),
        ("U8", "fp4", False),
    ],
)
def test_four_bits_hide_no_unet(
    base: str, dtype: str, state: str, row: bool, tmp_path: Path
) -> None:
    for number, names in enumerate((ldm_unet, diffusers_unet)):
        tensors = _packed(names(UNETS[base]), dtype, state=state, row=row)

        found = identify(write_safetensors(tmp_path / f"{number}.safetensors", tensors))

        assert (found.type, found.base) == ("main", base)
        assert found.format == ("bnb_quantized_nf4b" if state == "nf4" else "checkpoint")
        assert found.quantization == f"bnb_{state}"


@pytest.mark.parametrize(
    ("stated", "quantization"),
    [
        ({"load_in_8bit": True, "quant_method": "bitsandbytes"}, "bnb_int8"),
        ({"load_in_4bit": True, "bnb_4bit_quant_type": "nf4"}, "bnb_nf4"),
        ({"quant_method": "torchao"}, "torchao"),
        ({}, None),
        ("nonsense", None),
    ],
)
def test_a_folder_says_how_it_is_quantised(
    stated: object, quantization: str | None, tmp_path: Path
) -> None:
    config = {"architectures": ["T5EncoderModel"], "quantization_config": stated}
    made = folder({"text_encoder_2/config.json": config}, {"text_encoder_2/m.safetensors": plain})

    found = identify(made(tmp_path))

    assert (found.type, found.quantization) == ("t5_encoder", quantization)


@pytest.mark.parametrize(
    "name", [["StableDiffusionXLPipeline"], ["pipeline_custom", "StableDiffusionXLPipeline"]]
)
def test_a_class_named_with_its_module_is_that_class(name: list[str], tmp_path: Path) -> None:
    made = folder(
        {"model_index.json": {"_class_name": name}, "unet/config.json": unet_config(SDXL)},
        {"unet/diffusion_pytorch_model.safetensors": plain},
    )

    assert identify(made(tmp_path)).base == "sdxl"
