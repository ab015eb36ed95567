"""LoRA and LyCORIS: every way of writing a module's name leads to one."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import pytest

from modelkeep.core.identity import Identification
from modelkeep.errors import AmbiguousModelError, UnknownModelError
from modelkeep.identification.adapters import place_of, split_role
from modelkeep.identification.engine import identify
from sample_models import SD1, SD2, SDXL, Shapes, typed, write_safetensors
from unit.identification.cases import kohya

_PATH = "down_blocks.1.attentions.0.transformer_blocks.0.attn2.to_k"
_FLAT = _PATH.replace(".", "_")


def _identify(shapes: Shapes, tmp_path: Path, **metadata: str) -> Identification:
    return identify(write_safetensors(tmp_path / "m.safetensors", typed(shapes), metadata))


def split(name: str) -> tuple[str, str, str] | None:
    found = split_role(name)
    return (*place_of(found[0]), found[1]) if found else None


@pytest.mark.parametrize(
    ("name", "role"),
    [
        (f"lora_unet_{_FLAT}.lora_down.weight", "down"),
        (f"lora_unet_{_FLAT}.lora_up.weight", "up"),
        (f"lora_unet_{_FLAT}.alpha", "alpha"),
        (f"lora_unet_{_FLAT}.dora_scale", "dora"),
        (f"lora_unet_{_FLAT}.hada_w1_a", "h1a"),
        (f"lora_unet_{_FLAT}.lokr_w2", "k2"),
        (f"lora_unet_{_FLAT}.oft_blocks", "oft"),
        (f"lora_unet_{_FLAT}.oft_blocks.2", "oft2"),
        (f"lora_unet_{_FLAT}.weight", "ia3"),
        (f"unet.{_PATH}.ia3_l", "ia3"),
        (f"lora_unet_{_FLAT}.diff", "diff"),
        (f"lycoris_{_FLAT}.lokr_w1", "k1"),
        (f"unet.{_PATH}.lora_A.weight", "down"),
        (f"unet.{_PATH}.lora_B.default.weight", "up"),
        (f"base_model.model.{_PATH}.lora_A.weight", "down"),
        (f"base_model.model.unet.{_PATH}.lora_A.weight", "down"),
        (f"unet.{_PATH}.lora.down.weight", "down"),
        (f"unet.{_PATH}.lora_linear_layer.up.weight", "up"),
        (f"unet.{_PATH}_lora.down.weight", "down"),
        (f"unet.{_PATH.replace('.to_k', '.processor.to_k')}_lora.down.weight", "down"),
        (f"diffusion_model.{_PATH}.lora_A.weight", "down"),
        (f"lora_transformer_{_FLAT}.lora_down.weight", "down"),
    ],
)
def test_every_spelling_is_one_module(name: str, role: str) -> None:
    assert split(name) == ("denoiser", _FLAT, role)


@pytest.mark.parametrize(
    "name",
    [
        "model.diffusion_model.out.2.weight",
        "alpha",
        "lora_down.weight",
        "",
        "....",
        "a.lora_C.x.weight",
    ],
)
def test_other_names_are_no_modules(name: str) -> None:
    assert split(name) is None


def _rows(context: int) -> Iterable[tuple[str, Shapes]]:
    name = f"lora_unet_{_FLAT}"
    yield "lora", {f"{name}.lora_down.weight": (4, context), f"{name}.lora_up.weight": (640, 4)}
    yield "dora", {f"{name}.lora_down.weight": (4, context), f"{name}.dora_scale": (1, context)}
    yield (
        "loha",
        {
            f"{name}.hada_w1_a": (640, 4),
            f"{name}.hada_w1_b": (4, context),
            f"{name}.hada_w2_a": (640, 4),
            f"{name}.hada_w2_b": (4, context),
        },
    )
    yield "lokr", {f"{name}.lokr_w1": (8, 8), f"{name}.lokr_w2": (80, context // 8)}
    yield (
        "lokr, split",
        {
            f"{name}.lokr_w1": (8, 8),
            f"{name}.lokr_w2_a": (80, 4),
            f"{name}.lokr_w2_b": (4, context // 8),
        },
    )
    yield "full", {f"{name}.diff": (640, context)}
    yield "glora", {f"{name}.a1.weight": (4, context), f"{name}.b2.weight": (640, 4)}


@pytest.mark.parametrize(
    ("context", "base"), [(768, "sd-1"), (1024, "sd-2"), (1280, "sdxl-refiner"), (2048, "sdxl")]
)
def test_every_kind_tells_its_base_by_the_text_context(
    context: int, base: str, tmp_path: Path
) -> None:
    for kind, shapes in _rows(context):
        found = _identify(shapes, tmp_path)
        assert (kind, found.type, found.base, found.format) == (kind, "lora", base, "lycoris")


def test_a_slider_of_few_modules_is_known_by_their_places(tmp_path: Path) -> None:
    deep = "lora_unet_mid_block_attentions_0_transformer_blocks_7_attn1_to_q"
    shapes: Shapes = {
        f"{deep}.lora_down.weight": (4, 1280),
        f"{deep}.lora_up.weight": (1280, 4),
        f"{deep}.alpha": (),
    }
    assert _identify(shapes, tmp_path).base == "sdxl"


def test_a_slider_without_cross_attention_is_known_by_its_projections(tmp_path: Path) -> None:
    block = "lora_unet_up_blocks_3_attentions_1"
    name = f"{block}_transformer_blocks_0_attn1_to_q"
    shapes: Shapes = {f"{name}.lora_down.weight": (4, 320), f"{name}.lora_up.weight": (320, 4)}

    with pytest.raises(AmbiguousModelError) as caught:
        _identify(shapes, tmp_path)
    assert caught.value.candidates == ("sd-1", "sd-2")
    assert _identify(shapes, tmp_path, ss_base_model_version="sd_v1").base == "sd-1"
    for kernel, base in (((1, 1), "sd-1"), ((), "sd-2")):
        projection: Shapes = {
            f"{block}_proj_in.lora_down.weight": (4, 320, *kernel),
            f"{block}_proj_in.lora_up.weight": (320, 4, *kernel),
        }
        assert _identify(shapes | projection, tmp_path).base == base


def test_where_modules_do_not_tell_the_header_does(tmp_path: Path) -> None:
    name = "lora_unet_mid_block_resnets_0_conv1"
    shapes: Shapes = {
        f"{name}.lora_down.weight": (4, 1280, 3, 3),
        f"{name}.lora_up.weight": (1280, 4, 1, 1),
    }

    with pytest.raises(UnknownModelError):
        _identify(shapes, tmp_path)
    found = _identify(shapes, tmp_path, ss_base_model_version="sdxl_base_v1-0")

    assert found.base == "sdxl"
    assert any(reason.kind == "metadata" for reason in found.evidence)


def test_modules_decide_over_a_header_that_says_otherwise(tmp_path: Path) -> None:
    found = _identify(kohya(SD1), tmp_path, ss_base_model_version="sdxl_base_v1-0")

    assert found.base == "sd-1"
    assert any("say otherwise" in reason.detail for reason in found.evidence)


@pytest.mark.parametrize(("unet", "base"), [(SD1, "sd-1"), (SD2, "sd-2"), (SDXL, "sdxl")])
def test_bare_modules_of_peft_need_no_prefix(unet: object, base: str, tmp_path: Path) -> None:
    assert unet in {SD1, SD2, SDXL}
    width = {"sd-1": 768, "sd-2": 1024, "sdxl": 2048}[base]
    shapes: Shapes = {
        f"base_model.model.{_PATH}.lora_A.weight": (4, width),
        f"base_model.model.{_PATH}.lora_B.weight": (640, 4),
    }

    assert _identify(shapes, tmp_path).base == base


def test_one_text_encoder_of_two_tells_nothing(tmp_path: Path) -> None:
    name = "lora_te1_text_model_encoder_layers_3_self_attn_q_proj"
    shapes: Shapes = {
        f"{name}.lora_down.weight": (4, 768),
        f"{name}.lora_up.weight": (768, 4),
    }

    with pytest.raises(UnknownModelError):
        _identify(shapes, tmp_path)


@pytest.mark.parametrize(
    "names",
    [
        ("double_blocks.0.img_attn.qkv", 3072, 9216),
        ("single_blocks.30.linear1", 3072, 21504),
        ("single_blocks.2.modulation.lin", 3072, 9216),
        ("single_transformer_blocks.0.proj_mlp", 3072, 12288),
    ],
)
@pytest.mark.parametrize(
    "form",
    [
        "diffusion_model.{}.lora_A.weight",
        "transformer.{}.lora_A.weight",
        "base_model.model.{}.lora_A.weight",
        "{}.lora_down.weight",
        "lora_unet_{}.lora_down.weight",
        "lora_transformer_{}.lora_down.weight",
    ],
)
def test_flux_modules_in_every_spelling(
    names: tuple[str, int, int], form: str, tmp_path: Path
) -> None:
    path, taken, given = names
    module = path.replace(".", "_") if form.startswith("lora_") else path
    down = form.format(module)
    up = down.replace("lora_A", "lora_B").replace("lora_down", "lora_up")

    shapes: Shapes = {down: (4, taken), up: (given, 4)}
    # HunyuanVideo has modules of these names too.
    found = _identify(shapes, tmp_path, ss_base_model_version="flux1")

    assert (found.type, found.base) == ("lora", "flux")
