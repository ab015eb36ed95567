"""Models that share names with a known family and are none of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from modelkeep.errors import ModelKeepError, UnknownModelError
from modelkeep.identification.engine import identify
from sample_models import (
    SD1,
    SDXL,
    Shapes,
    checkpoint,
    flux_transformer,
    ldm_controlnet,
    ldm_unet,
    typed,
    write_safetensors,
)
from unit.identification.cases import folder, ip_adapter, pipeline, plain


def _lora(name: str, taken: int, given: int) -> Shapes:
    return {f"{name}.lora_A.weight": (4, taken), f"{name}.lora_B.weight": (given, 4)}


_FLUX2: Shapes = {
    "double_stream_modulation_img.lin.weight": (36864, 6144),
    "double_blocks.0.img_attn.norm.key_norm.scale": (128,),
    "img_in.weight": (6144, 128),
    "txt_in.weight": (6144, 15360),
    "single_blocks.47.linear1.weight": (55296, 6144),
}
_KOLORS = ldm_unet(SDXL) | {
    "encoder_hid_proj.weight": (2048, 4096),
    "label_emb.0.0.weight": (1280, 5632),
}
_HUNYUAN: Shapes = {
    "img_in.proj.weight": (3072, 16, 1, 2, 2),
    "double_blocks.0.img_attn_qkv.weight": (9216, 3072),
    "txt_in.individual_token_refiner.blocks.0.norm1.weight": (3072,),
    "vector_in.in_layer.weight": (3072, 768),
}
_QWEN: Shapes = {
    "img_in.weight": (3072, 64),
    "txt_norm.weight": (3584,),
    "transformer_blocks.0.attn.add_q_proj.weight": (3072, 3072),
    "transformer_blocks.0.img_mod.1.weight": (18432, 3072),
}


#: Modules whose names SDXL has too: of the refiner, of the upscaler of SD 2, of DreamLite.
_OTHER_UNETS = (
    {"unet.up_blocks.1.attentions.0.transformer_blocks.3.ff.net.0.proj": (1536, 12288)},
    {"unet.up_blocks.0.attentions.0.transformer_blocks.0.ff.net.2": (4096, 1024)},
    {"unet.mid_block.attentions.0.transformer_blocks.0.attn2.to_k": (2048, 64)},
)


@pytest.mark.parametrize("modules", _OTHER_UNETS)
def test_a_lora_of_a_u_net_of_other_widths_is_not_one_of_sdxl(
    modules: dict[str, tuple[int, int]], tmp_path: Path
) -> None:
    shapes = {
        key: shape
        for name, widths in modules.items()
        for key, shape in _lora(name, *widths).items()
    }

    with pytest.raises(UnknownModelError):
        identify(write_safetensors(tmp_path / "m.safetensors", typed(shapes)))


def test_a_lone_difference_of_a_module_is_no_embedding(tmp_path: Path) -> None:
    shapes: Shapes = {"diffusion_model.input_blocks.1.0.emb_layers.1.diff": (256, 1024)}

    with pytest.raises(UnknownModelError):
        identify(write_safetensors(tmp_path / "m.safetensors", typed(shapes)))


def test_weights_of_quanto_are_known_by_the_names_that_they_had(tmp_path: Path) -> None:
    shapes = dict(flux_transformer())
    for name in [name for name in shapes if name.endswith(".weight") and len(shapes[name]) == 2]:
        shapes[f"{name}._data"] = shapes.pop(name)
        shapes[f"{name}._scale"] = (1,)

    found = identify(write_safetensors(tmp_path / "m.safetensors", typed(shapes, "I8")))

    assert (found.type, found.base, found.quantization) == ("main", "flux", "quanto")


@pytest.mark.parametrize(
    "shapes",
    [
        _FLUX2,
        _KOLORS,
        _HUNYUAN,
        _QWEN,
        {name.replace("img_in.", "img_in_"): shape for name, shape in flux_transformer().items()},
        {"image_proj.proj.weight": (3072, 1024), "image_proj.norm.weight": (768,)},
        ip_adapter(640),
        ldm_unet(SD1.with_inputs(7)),
        {"decoder.conv_in.weight": (512, 32, 3, 3), "decoder.up.0.block.0.norm1.weight": (128,)},
        {"emb_params": (5, 640)},
        {f"<{number}>": (1, 768) for number in range(20)},
        {},
        {"weight": (3, 3)},
    ],
)
@pytest.mark.parametrize("prefix", ["", "model.diffusion_model."])
def test_files_of_other_families_are_unknown(shapes: Shapes, prefix: str, tmp_path: Path) -> None:
    path = write_safetensors(tmp_path / "m.safetensors", typed(shapes, prefix=prefix))

    with pytest.raises(UnknownModelError) as caught:
        identify(path)

    assert str(path) in str(caught.value)
    assert len(caught.value.nearest) == 3
    assert "--type" in caught.value.hint


@pytest.mark.parametrize(
    "shapes",
    [
        _lora("diffusion_model.double_blocks.0.img_attn.qkv", 5120, 15360),
        _lora("diffusion_model.double_blocks.5.img_mlp.0", 3072, 18432),
        _lora("diffusion_model.single_blocks.20.linear1", 3072, 27648),
        _lora("diffusion_model.single_blocks.40.linear1", 3072, 21504),
        _lora("transformer.transformer_blocks.65.attn.add_q_proj", 3072, 3072),
        _lora("transformer.transformer_blocks.24.attn.add_q_proj", 1536, 1536),
        _lora("diffusion_model.blocks.45.cross_attn.k", 5120, 5120),
    ],
)
def test_loras_of_other_families_are_unknown(shapes: Shapes, tmp_path: Path) -> None:
    path = write_safetensors(tmp_path / "m.safetensors", typed(shapes))

    with pytest.raises(UnknownModelError):
        identify(path)


def test_a_lora_declared_as_chroma_is_not_called_flux(tmp_path: Path) -> None:
    shapes = _lora("diffusion_model.double_blocks.0.img_attn.qkv", 3072, 9216)
    path = write_safetensors(
        tmp_path / "m.safetensors", typed(shapes), {"modelspec.architecture": "chroma/lora"}
    )

    assert identify(path).base == "chroma"


def test_a_controlnet_is_no_main_model_even_with_one_around_it(tmp_path: Path) -> None:
    shapes = checkpoint(SD1) | {
        f"control_model.{name}": shape for name, shape in ldm_controlnet(SD1).items()
    }
    path = write_safetensors(tmp_path / "control_sd15_canny.safetensors", typed(shapes))

    assert identify(path).type == "controlnet"


@pytest.mark.parametrize(
    "kind",
    ["AnimateDiffPipeline", "Flux2Pipeline"],
)
def test_folders_of_other_pipelines_are_unknown(kind: str, tmp_path: Path) -> None:
    with pytest.raises(UnknownModelError, match=rf"is {kind}|of the class {kind}"):
        identify(pipeline(SDXL, kind)(tmp_path))


def test_a_folder_of_anything_is_unknown(tmp_path: Path) -> None:
    made = folder({"settings/other.json": {}}, {"a/b.safetensors": plain})(tmp_path)

    with pytest.raises(ModelKeepError):
        identify(made)
