"""LoRAs of other architectures, and every algorithm of LyCORIS and PEFT."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import product
from pathlib import Path

import pytest

from modelkeep.core.identity import Identification
from modelkeep.errors import AmbiguousModelError, UnknownModelError
from modelkeep.identification.engine import identify
from sample_models import SD1, SD2, SDXL, Shapes, UNet, clip_text, diffusers_unet, ldm_unet, typed
from sample_models import write_safetensors as write

_METADATA = {"sd-1": "sd_v1", "sd-2": "sd_v2", "sdxl": "sdxl_base_v1-0", "flux": "flux1"}


def _identify(shapes: Shapes, tmp_path: Path, **metadata: str) -> Identification:
    return identify(write(tmp_path / "m.safetensors", typed(shapes), metadata))


def _lora(name: str, taken: int, given: int | None = None) -> Shapes:
    return {f"{name}.lora_A.weight": (4, taken), f"{name}.lora_B.weight": (given or taken, 4)}


def _is_known(shapes: Shapes, tmp_path: Path, **metadata: str) -> bool:
    try:
        return bool(_identify(shapes, tmp_path, **metadata))
    except (AmbiguousModelError, UnknownModelError):
        return False


def _base(shapes: Shapes, tmp_path: Path, **metadata: str) -> str | None:
    try:
        return str(_identify(shapes, tmp_path, **metadata).base)
    except (AmbiguousModelError, UnknownModelError):
        return None


def _candidates(shapes: Shapes, tmp_path: Path) -> set[str]:
    """The bases that a file may be of; none where it is unknown."""
    try:
        return {str(_identify(shapes, tmp_path).base)}
    except AmbiguousModelError as error:
        return {str(base) for base in error.candidates}
    except UnknownModelError:
        return set()


@pytest.mark.parametrize(
    ("name", "width"),
    [
        ("transformer.transformer_blocks.63.attn2.to_k", 2048),  # LTX-Video
        ("diffusion_model.transformer_blocks.63.attn2.to_k", 4096),
        ("transformer.transformer_blocks.3.attn2.to_k", 768),  # Stable Audio
        ("transformer.transformer_blocks.3.attn2.to_v", 1024),  # Cosmos
        ("transformer.blocks.3.attn2.to_k", 1024),  # Hunyuan-DiT
        ("transformer.layers.3.attn2.to_k", 2048),  # Lumina-Next
        ("transformer.transformer_blocks.3.attn2.to_k", 1280),
    ],
)
def test_cross_attention_outside_of_a_unet_tells_no_unet(
    name: str, width: int, tmp_path: Path
) -> None:
    assert not _is_known(_lora(name, width), tmp_path)


@pytest.mark.parametrize(
    "temporal",
    [
        "down_blocks.0.attentions.0.temporal_transformer_blocks.0.attn1.to_k",  # SVD
        "down_blocks.0.temp_attentions.0.transformer_blocks.0.attn1.to_k",  # ModelScope
        "down_blocks.0.motion_modules.0.temporal_transformer.transformer_blocks.0.attn1.to_k",
        "input_blocks.1.1.time_stack.0.attn1.to_k",
        "encoder_hid_proj",  # Kolors
    ],
)
@pytest.mark.parametrize("width", [768, 1024])
def test_modules_of_time_are_no_unet_of_images(temporal: str, width: int, tmp_path: Path) -> None:
    spatial = "unet.down_blocks.0.attentions.0.transformer_blocks.0.attn2.to_k"

    assert _is_known(_lora(spatial, width, 320), tmp_path)
    for shapes in (
        _lora(spatial, width, 320) | _lora(f"unet.{temporal}", 320),
        _lora(f"unet.{temporal}", width, 320),
    ):
        assert not _is_known(shapes, tmp_path) or _identify(shapes, tmp_path).base == "svd"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("modelspec.architecture", "stable-video-diffusion-img2vid-xt/lora"),
        ("modelspec.architecture", "ltx-video/lora"),
        ("ss_base_model_version", "wan2.1"),
    ],
)
def test_a_header_that_names_another_architecture_counts_against_a_unet(
    field: str, value: str, tmp_path: Path
) -> None:
    shapes = _lora("unet.down_blocks.1.attentions.0.transformer_blocks.0.attn2.to_k", 2048, 640)

    assert _is_known(shapes, tmp_path)
    assert not _is_known(shapes, tmp_path, **{field: value})


def test_a_name_that_only_begins_like_a_base_names_none(tmp_path: Path) -> None:
    shapes = _lora("unet.down_blocks.1.attentions.0.transformer_blocks.0.attn2.to_k", 2048, 640)

    assert _identify(shapes, tmp_path, ss_base_model_version="animagine-xl-3.1").base == "sdxl"


def test_transformer_blocks_of_the_width_of_flux_need_more_to_be_flux(tmp_path: Path) -> None:
    def blocks(count: int) -> Shapes:
        names = (f"transformer.transformer_blocks.{number}.attn.to_q" for number in range(count))
        return {key: shape for name in names for key, shape in _lora(name, 3072).items()}

    single = _lora("transformer.single_transformer_blocks.0.attn.to_q", 3072)
    assert not _is_known(blocks(61), tmp_path)
    assert _identify(blocks(60), tmp_path).base == "qwen-image"
    assert _base(blocks(19), tmp_path) is None  # Chroma has as many
    assert not _is_known(blocks(3) | single, tmp_path)  # HunyuanVideo has them too
    assert _identify(blocks(3), tmp_path, ss_base_model_version="flux1").base == "flux"


# -- algorithms


def _modules(unet: UNet) -> Mapping[str, tuple[int, ...]]:
    return {
        name.removesuffix(".weight"): shape
        for name, shape in ldm_unet(unet).items()
        if ".transformer_blocks." in name and name.endswith(".weight") and len(shape) == 2
    }


def _module(path: str, out: int, taken: int) -> dict[str, Shapes]:
    """The tensors of one module, by algorithm."""
    flat = path.replace(".", "_")
    kohya, lycoris, peft = f"lora_unet_{flat}", f"lycoris_{flat}", f"base_model.model.{path}"
    turned = (taken // 32, 32 * 31 // 2)  # what stands above the diagonal of blocks of 32
    return {
        "diag-oft": {f"{kohya}.oft_blocks": (out // 16, 16, 16), f"{kohya}.alpha": ()},
        "boft": {f"{kohya}.oft_blocks": (4, out // 8, 8, 8), f"{kohya}.rescale": (out, 1)},
        "kohya oft": {f"oft_unet_{flat}.oft_blocks": (4, out // 4, out // 4)},
        "onetrainer oft": {f"{kohya}.oft_R.weight": turned},
        "peft oft": {f"{peft}.oft_R": turned},
        "peft boft": {f"{peft}.boft_R": (1, taken // 4, 4, 4), f"{peft}.boft_s": (out, 1)},
        "ia3": {f"{kohya}.weight": (out,), f"{kohya}.on_input": ()},
        "lycoris ia3": {f"{lycoris}.weight": (out, 1), f"{lycoris}.on_input": ()},
        "peft ia3": {f"{peft}.ia3_l": (out, 1)},
    }


def _algorithm(kind: str, unet: UNet) -> Shapes:
    shapes: Shapes = {}
    for path, (out, taken) in _modules(unet).items():
        shapes |= _module(path, out, taken)[kind]
    return shapes


#: What these turn is the input, so that they show the width of the text.
_SHOWING = {"onetrainer oft", "peft oft", "peft boft"}


@pytest.mark.parametrize("kind", _module("x", 32, 32))
@pytest.mark.parametrize(("unet", "base"), [(SD1, "sd-1"), (SD2, "sd-2"), (SDXL, "sdxl")])
def test_every_algorithm_is_a_lora_of_its_base(
    kind: str, unet: UNet, base: str, tmp_path: Path
) -> None:
    shapes = _algorithm(kind, unet)

    found = _identify(shapes, tmp_path, ss_base_model_version=_METADATA[base])
    assert (found.type, found.base, found.format) == ("lora", base, "lycoris")
    if base == "sdxl" or kind in _SHOWING:
        assert _identify(shapes, tmp_path).base == base
    else:  # SD 1 and SD 2 differ in the width of the text alone, which these do not show
        assert _candidates(shapes, tmp_path) == {"sd-1", "sd-2"}


#: What trainers let people choose, as parts of the names of modules.
_PARTS = ("attn1", "attn2", ".ff.", "proj_in", "proj_out", "attn1.to_q", "to_out")
_BLOCKS = (
    "",
    ".0.",
    "down",
    "up",
    "mid",
    "down_blocks.0",
    "up_blocks.3",
    "input",
    "output",
    "middle",
)
_SPELLINGS = ("lora_unet_{flat}", "unet.{path}", "base_model.model.{path}")


def _widths(names: Shapes) -> dict[str, tuple[int, ...]]:
    return {
        name.removesuffix(".weight"): shape
        for name, shape in names.items()
        if name.endswith(".weight") and any(part in name for part in ("transformer_blocks", "proj"))
        and len(shape) > 1
    }  # fmt: skip


@pytest.mark.parametrize("spelling", _SPELLINGS)
@pytest.mark.parametrize("names", [ldm_unet, diffusers_unet])
@pytest.mark.parametrize(("unet", "base"), [(SD1, "sd-1"), (SD2, "sd-2"), (SDXL, "sdxl")])
@pytest.mark.slow
def test_a_lora_of_some_parts_of_a_unet_is_never_of_another_base(
    spelling: str, names: Callable[[UNet], Shapes], unet: UNet, base: str, tmp_path: Path
) -> None:
    widths, alike = _widths(names(unet)), {"sd-1", "sd-2"}
    for part, block in product((*_PARTS, "attn1 or ff"), _BLOCKS):
        wanted = part.replace("ff", ".ff.").split(" or ") if " or " in part else [part]
        chosen = {p: s for p, s in widths.items() if block in p and any(w in p for w in wanted)}
        lora: Shapes = {}
        for path, (out, taken, *kernel) in chosen.items():
            name = spelling.format(path=path, flat=path.replace(".", "_"))
            lora[f"{name}.lora_down.weight"] = (4, taken, *kernel)
            lora[f"{name}.lora_up.weight"] = (out, 4, *kernel)
        found = _candidates(lora, tmp_path)
        assert not found or base in found, (part, block, found)
        if not block and base in alike and part in {"attn1", ".ff.", "attn1 or ff"}:
            assert found == alike, part
        if not block and part == "attn2":
            assert found == {base}


def test_an_oft_of_flux_has_blocks_for_each_part_of_a_module(tmp_path: Path) -> None:
    shapes: Shapes = {
        **{
            f"oft_unet_double_blocks_0_img_attn_qkv.oft_blocks.{n}": (4, 768, 768) for n in range(3)
        },
        "oft_unet_double_blocks_0_img_attn_qkv.alpha": (),
        "oft_unet_single_blocks_0_modulation_lin.oft_blocks.0": (4, 2304, 2304),
    }

    assert not _is_known(shapes, tmp_path)  # HunyuanVideo has such modules too
    assert _identify(shapes, tmp_path, ss_base_model_version="flux1").base == "flux"


@pytest.mark.parametrize(
    "shapes",
    [
        {"lora_unet_double_blocks_0_img_attn_qkv.oft_blocks": (144, 64, 64)},
        {"lora_unet_double_blocks_0_img_attn_proj.oft_blocks": (4, 48, 64, 64)},
        {
            "lycoris_transformer_blocks_0_attn_to_k.weight": (3072,),
            "lycoris_transformer_blocks_0_attn_to_k.on_input": (),
        },
        {"lycoris_single_transformer_blocks_0_attn_to_k.oft_blocks": (48, 64, 64)},
    ],
)
def test_what_shows_no_width_is_of_flux_where_the_header_says_so(
    shapes: Shapes, tmp_path: Path
) -> None:
    assert _identify(shapes, tmp_path, ss_base_model_version="flux1").base == "flux"
    assert _base(shapes, tmp_path, ss_base_model_version="flux2") != "flux"


# -- text encoders alone


def _text(prefix: str, width: int) -> Shapes:
    shapes: Shapes = {}
    for name, shape in clip_text(width=width, layers=2).items():
        if ".layers." in name and name.endswith("weight") and len(shape) == 2:
            module = f"{prefix}text_model.{name.removesuffix('.weight')}"
            module = module.replace(".", "_") if prefix.startswith("lora_") else module
            shapes[f"{module}.lora_down.weight"] = (4, shape[1])
            shapes[f"{module}.lora_up.weight"] = (shape[0], 4)
    return shapes


@pytest.mark.parametrize(
    ("prefixes", "version", "base"),
    [
        (("lora_te1_",), "sdxl_base_v1-0", "sdxl"),
        (("lora_te2_",), "sdxl_base_v1-0", "sdxl"),
        (("lora_te2_",), "", "sdxl"),
        (("lora_te1_", "lora_te2_"), "", "sdxl"),
        (("lora_te_",), "sd_v1", "sd-1"),
        (("lora_te_",), "", "sd-1"),
        (("text_encoder.",), "sdxl_base_v1-0", "sdxl"),
        (("text_encoder.",), "", "sd-1"),
        (("lora_te1_",), "flux1", "flux"),
        (("text_encoder.",), "flux1", "flux"),
        (("lora_te1_",), "sd_v1", "sd-1"),
        (("lora_te1_", "lora_te2_", "lora_te3_"), "", None),
        (("lora_te_", "lora_te3_"), "", None),
        (("lora_te1_",), "", None),
        (("lora_te1_",), "stable-diffusion-3-medium", "sd-3"),
        (("lora_te2_",), "stable-diffusion-3-medium", "sd-3"),
        (("lora_te1_",), "wan2.1", None),
    ],
)
def test_a_lora_of_text_encoders_alone_is_of_the_base_that_its_header_names(
    prefixes: tuple[str, ...], version: str, base: str | None, tmp_path: Path
) -> None:
    widths = {"lora_te2_": 1280}
    shapes: Shapes = {}
    for prefix in prefixes:
        shapes |= _text(prefix, widths.get(prefix, 768))
    metadata = {"ss_base_model_version": version} if version else {}

    if base is None:
        assert not _is_known(shapes, tmp_path, **metadata)
    else:
        found = _identify(shapes, tmp_path, **metadata)
        assert (found.type, found.base) == ("lora", base)


# -- embeddings


@pytest.mark.parametrize(
    ("shapes", "version", "base"),
    [
        ({"clip_l": (4, 768), "clip_g": (4, 1280)}, "", "sdxl"),
        ({"clip_l": (4, 768), "clip_g": (4, 1280)}, "stable-diffusion-3-medium", "sd-3"),
        ({"clip_g": (4, 1280)}, "", "sdxl"),
        ({"clip_l": (4, 768), "clip_l_out": (4, 768), "clip_g": (4, 1280)}, "", "sdxl"),
        ({"text_encoders_0": (4, 768), "text_encoders_1": (4, 1280)}, "", "sdxl"),
        ({"clip_l": (4, 768), "clip_g": (4, 1280), "t5": (4, 4096)}, "", "sd-3"),
        ({"clip_l": (4, 768), "clip_g": (4, 1280), "t5xxl": (4, 4096)}, "", "sd-3"),
        ({"clip_l": (4, 768), "t5": (4, 4096)}, "", "flux"),
        ({"clip_g": (4, 768), "t5": (4, 4096)}, "", "flux"),
        ({"clip_l": (4, 768), "t5": (4, 4096), "t5_out": (4, 4096)}, "", "flux"),
        ({"t5": (4, 4096)}, "", "flux"),
        ({"t5": (4, 4096)}, "chroma", None),
        ({"clip_l": (4, 768)}, "", None),
        ({"clip_l": (4, 768)}, "flux-1-dev/textual-inversion", "flux"),
        ({"clip_l": (4, 768)}, "stable-diffusion-xl-v1-base/textual-inversion", "sdxl"),
        ({"clip_l": (4, 768), "llama": (4, 4096)}, "", None),
        ({"clip_l": (4, 768), "clip_l_out": (4, 1280)}, "", None),
        ({"<cat>": (768,), "<dog>": (768,)}, "", "sd-1"),
        ({"<cat>": (768,), "<dog>": (1024,)}, "", None),
        *(
            ({token: (2, 768)}, "", "sd-1")
            for token in ("*", "mystyle", "my-style", "my.style", "my style", "стиль", "1", "😀")
        ),
        ({"mystyle": (768,), "mystyle_1": (768,), "mystyle_2": (768,)}, "", "sd-1"),
        ({"mystyle": (2, 1024)}, "", "sd-2"),
        ({"mystyle": (2, 640)}, "", None),
        ({"mean": (1, 768), "std": (1, 768)}, "", None),
        ({"text_projection.weight": (77, 768)}, "", None),
        ({"positional_embedding": (1000, 768)}, "", None),
        ({"norm1.weight": (768,), "norm1.bias": (768,)}, "", None),
    ],
)
def test_an_embedding_is_of_the_base_with_exactly_its_encoders(
    shapes: Shapes, version: str, base: str | None, tmp_path: Path
) -> None:
    metadata = {"modelspec.architecture": version} if version else {}

    if base is None:
        assert not _is_known(shapes, tmp_path, **metadata)
    else:
        found = _identify(shapes, tmp_path, **metadata)
        assert (found.type, found.base) == ("embedding", base)
