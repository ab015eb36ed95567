"""What a family of videos says beside type and base: what an adapter fits, and lineages."""

from __future__ import annotations

from pathlib import Path

import pytest

from modelkeep.errors import UnknownModelError
from modelkeep.identification.engine import identify
from sample_models import Shapes, typed, write_safetensors
from support.lora_shapes import having, lora, modules_of
from unit.identification.cases import t5
from unit.identification.of_family.hunyuan_video import hunyuan
from unit.identification.of_family.ltx_video import ltx2
from unit.identification.of_family.more_videos import cogvideox, minimax
from unit.identification.of_family.vaes import wan_vae
from unit.identification.of_family.wan import renamed, wan


@pytest.mark.parametrize("size", ["14b", "5b", "1.3b"])
def test_a_wan_lora_fits_one_size(size: str, tmp_path: Path) -> None:
    for shapes in (wan(size), renamed(wan(size))):
        some = having(modules_of(shapes), "ffn")
        path = write_safetensors(tmp_path / "m.safetensors", typed(lora(some, "kohya")))

        assert identify(path).fits == (size,)


@pytest.mark.parametrize(
    ("name", "lineage"),
    [
        ("wan2.2_t2v_high_noise_14B_fp8_scaled", "wan-2.2-high"),
        ("Wan2_2-T2V-A14B-LOW_fp8", "wan-2.2-low"),
        ("Wan2.2-Fun-A14B", "wan-2.2"),
        ("WAN2.2-HighNoise_Portraits", "wan-2.2-high"),
        ("wan2.2_low_vram", "wan-2.2"),
        ("Phantom-Wan-14B", "phantom"),
        ("skyreels-v2-14b-540p", "skyreels-v2"),
        ("my-model", None),
    ],
)
def test_the_lineage_of_a_wan_model_is_read_from_its_name(
    name: str, lineage: str | None, tmp_path: Path
) -> None:
    path = write_safetensors(tmp_path / f"{name}.safetensors", typed(wan()))

    assert identify(path).lineage == lineage


def test_a_wan_model_that_takes_a_picture_without_clip_is_of_the_second_generation(
    tmp_path: Path,
) -> None:
    shapes: Shapes = wan(inputs=36)
    path = write_safetensors(tmp_path / "m.safetensors", typed(shapes))

    assert identify(path).lineage == "wan-2.2"

    named = write_safetensors(tmp_path / "wan2.2_i2v_high_noise_14B.safetensors", typed(shapes))

    assert identify(named).lineage == "wan-2.2-high"


def test_a_model_of_shapes_is_no_model_of_videos(tmp_path: Path) -> None:
    shapes: Shapes = {"latent_in.weight": (1024, 64), "cond_in.weight": (1024, 1536)}
    for number in range(16):
        block = f"double_blocks.{number}.img_attn"
        shapes |= {f"{block}.qkv.weight": (3072, 1024), f"{block}.norm.key_norm.scale": (64,)}
    path = write_safetensors(tmp_path / "m.safetensors", typed(shapes, prefix="model."))

    with pytest.raises(UnknownModelError):
        identify(path)


def test_a_checkpoint_with_its_text_encoder_and_its_vae_is_the_model(tmp_path: Path) -> None:
    shapes = wan(prefix="model.diffusion_model.")
    shapes |= {f"text_encoders.umt5xxl.transformer.{name}": s for name, s in t5().items()}
    shapes |= {f"first_stage_model.{name}": shape for name, shape in wan_vae().items()}
    found = identify(write_safetensors(tmp_path / "m.safetensors", typed(shapes)))

    assert (found.type, found.base, found.variant) == ("main", "wan", "t2v-14b")


@pytest.mark.parametrize(
    ("shapes", "variant"),
    [
        (wan(inputs=36, clip=True), "i2v-14b"),
        (hunyuan(), "t2v"),
        (ltx2("2.3"), "2.3"),
        (minimax(), "normal"),
        (cogvideox(3072, 42), "5b"),
    ],
    ids=["wan", "hunyuan", "ltx", "minimax", "cogvideox"],
)
def test_packed_weights_do_not_hide_what_a_model_is(
    shapes: Shapes, variant: str, tmp_path: Path
) -> None:
    flat = {name: shape for name, shape in shapes.items() if len(shape) == 2}
    halved: Shapes = {name: (rows, width // 2) for name, (rows, width) in flat.items()}
    column: Shapes = {name: (rows * width // 2, 1) for name, (rows, width) in flat.items()}
    absmax: Shapes = {f"{name}.absmax": (8,) for name in flat}
    for packed in (halved, column | absmax):
        info = {**typed(shapes), **typed(packed, "U8")}
        found = identify(write_safetensors(tmp_path / "m.safetensors", info))

        assert (found.type, found.variant) == ("main", variant)


@pytest.mark.parametrize(
    ("module", "base"),
    [
        ("lora_unet__blocks_0_cross_attn_k", "wan"),
        ("transformer_2.blocks.0.attn2.to_k", "wan"),
        ("pipe.dit.blocks.0.cross_attn.k", "wan"),
        ("diffusion_model.blocks.0.cross_attn.k_img", "wan"),
        ("base_model.model.blocks.39.ffn.0", "wan"),
    ],
)
def test_spellings_of_one_module(module: str, base: str, tmp_path: Path) -> None:
    given = 13824 if module.endswith("ffn.0") else 5120
    shapes: Shapes = {
        f"{module}.lora_down.weight": (4, 5120),
        f"{module}.lora_up.weight": (given, 4),
    }
    found = identify(write_safetensors(tmp_path / "m.safetensors", typed(shapes)))

    assert (found.type, found.base) == ("lora", base)


def test_a_lora_of_ltx_2_may_change_what_prepares_its_text(tmp_path: Path) -> None:
    shapes = lora(having(modules_of(ltx2()), "attn"))
    shapes |= lora({"text_embedding_projection.aggregate_embed": (3840, 188160)}, "bare")
    found = identify(write_safetensors(tmp_path / "m.safetensors", typed(shapes)))

    assert (found.base, found.fits) == ("ltx-video", ("2.0", "2.3", "2.5"))


@pytest.mark.parametrize("algorithm", ["loha", "lokr", "dora", "ia3", "full"])
def test_a_wan_adapter_of_another_kind_is_known(algorithm: str, tmp_path: Path) -> None:
    shapes: Shapes = {}
    for number in range(40):
        name = f"lycoris_blocks_{number}_ffn_0"
        kinds: dict[str, Shapes] = {
            "loha": {
                f"{name}.hada_w1_a": (13824, 4),
                f"{name}.hada_w1_b": (4, 5120),
                f"{name}.hada_w2_a": (13824, 4),
                f"{name}.hada_w2_b": (4, 5120),
            },
            "lokr": {f"{name}.lokr_w1": (16, 16), f"{name}.lokr_w2": (864, 320)},
            "dora": {
                f"{name}.lora_down.weight": (4, 5120),
                f"{name}.lora_up.weight": (13824, 4),
                f"{name}.dora_scale": (13824, 1),
            },
            "ia3": {f"{name}.weight": (13824, 1), f"{name}.on_input": ()},
            "full": {f"{name}.diff": (13824, 5120)},
        }
        shapes |= kinds[algorithm]
    found = identify(write_safetensors(tmp_path / "m.safetensors", typed(shapes)))

    assert (found.type, found.base, found.fits) == ("lora", "wan", ("14b",))
