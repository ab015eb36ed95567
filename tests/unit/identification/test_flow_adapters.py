"""LoRAs of flow models: which sizes they fit, and what belongs to several bases."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from modelkeep.core.identity import Identification
from modelkeep.errors import AmbiguousModelError
from modelkeep.identification.engine import identify
from sample_models import Shapes, typed, write_safetensors
from support.flow_shapes import Modules, kohya, peft

_QUERIES = ("to_q", "to_k", "to_v")
_ATTENTION = (*_QUERIES, "to_out.0")


def _identify(shapes: Shapes, root: Path, name: str = "m", **metadata: str) -> Identification:
    return identify(write_safetensors(root / f"{name}.safetensors", typed(shapes), metadata))


def _attention(count: int, width: int, blocks: str = "transformer_blocks") -> Modules:
    return {f"{blocks}.{{{count}}}.attn.{name}": (width, width) for name in _ATTENTION}


@pytest.mark.parametrize(
    ("modules", "base", "fits"),
    [
        ({"double_blocks.{8}.img_attn.qkv": (6144, 18432)}, "flux2", ["dev"]),
        ({"double_blocks.{8}.txt_mlp.2": (12288, 4096)}, "flux2", ["klein-9b"]),
        ({"single_blocks.{20}.linear1": (3072, 27648)}, "flux2", ["klein-4b"]),
        ({"single_transformer_blocks.{20}.attn.to_out": (12288, 3072)}, "flux2", ["klein-4b"]),
        ({"sformer_blocks.{5}.ff.linear_in": (3072, 18432)}, "flux2", ["klein-4b"]),
        ({"joint_blocks.{38}.x_block.attn.qkv": (2432, 7296)}, "sd-3", ["3.5-large"]),
        ({"joint_blocks.{24}.x_block.attn.qkv": (1536, 4608)}, "sd-3", ["normal", "3.5-medium"]),
        ({"joint_blocks.{13}.x_block.attn2.qkv": (1536, 4608)}, "sd-3", ["3.5-medium"]),
        (_attention(38, 2432), "sd-3", ["3.5-large"]),
        ({"blocks.{20}.attn.qkv": (2240, 6720)}, "sana", None),
        ({"blocks.{28}.mlp.inverted_conv.conv": (1152, 5760)}, "sana", ["0.6b", "sprint-0.6b"]),
        ({"layers.{26}.attention.qkv": (2304, 3840)}, "lumina2", None),
        ({"layers.{36}.attention.qkv": (2304, 3840)}, "lumina2", ["newbie"]),
        ({"layers.{30}.attention.qkv": (3840, 11520)}, "z-image", None),
        (
            {"double_blocks.{20}.img_attn_qkv": (3584, 10752)},
            "hunyuan-image",
            ["normal", "distilled"],
        ),
    ],
)
def test_a_lora_fits_the_sizes_that_its_widths_show(
    modules: Modules, base: str, fits: list[str] | None, tmp_path: Path
) -> None:
    found = _identify(kohya(modules), tmp_path)

    assert (found.type, found.base) == ("lora", base)
    assert (list(map(str, found.fits)) if found.fits else None) == fits or fits is None


@pytest.mark.parametrize(
    ("modules", "bases"),
    [
        # FLUX.1 and klein 4B have the same attention in the blocks that both have.
        ({"double_blocks.{3}.img_attn.qkv": (3072, 9216)}, {"flux", "flux2"}),
        (_attention(19, 3072), {"flux", "chroma"}),
        (
            {f"single_transformer_blocks.{{6}}.attn.{name}": (3072, 3072) for name in _QUERIES},
            {"flux", "chroma", "longcat", "ovis-image", "bria-fibo", "auraflow", "flux3"},
        ),
    ],
)
def test_a_lora_of_what_several_have_names_them_all(
    modules: Modules, bases: set[str], tmp_path: Path
) -> None:
    path = write_safetensors(tmp_path / "m.safetensors", typed(peft(modules)))

    with pytest.raises(AmbiguousModelError) as caught:
        identify(path)

    assert bases <= set(map(str, caught.value.candidates))


@pytest.mark.parametrize(
    ("metadata", "base"),
    [
        ({}, "flux"),
        ({"modelspec.architecture": "chroma/lora"}, "chroma"),
        ({"ss_base_model_version": "chroma"}, "chroma"),
        ({"ss_base_model_version": "flux1"}, "flux"),
    ],
)
def test_in_the_original_names_a_declaration_tells_chroma(
    metadata: Mapping[str, str], base: str, tmp_path: Path
) -> None:
    modules = {
        "double_blocks.{19}.img_attn.qkv": (3072, 9216),
        "double_blocks.{19}.txt_mlp.2": (12288, 3072),
        "single_blocks.{38}.linear1": (3072, 21504),
    }

    assert _identify(peft(modules, "diffusion_model."), tmp_path, **metadata).base == base


@pytest.mark.parametrize(
    ("declared", "base"),
    [("z-image", "z-image"), ("ming-image", "ming-image"), ("llada-image", "llada-image")],
)
def test_a_declaration_tells_what_has_the_layers_of_z_image(
    declared: str, base: str, tmp_path: Path
) -> None:
    modules = {f"layers.{{30}}.attention.{name}": (3840, 3840) for name in _ATTENTION}

    found = _identify(kohya(modules), tmp_path, ss_base_model_version=declared)

    assert found.base == base


@pytest.mark.parametrize(("declared", "lineage"), [("pony-v7", "pony-v7"), ("auraflow", None)])
def test_pony_7_is_told_by_its_header(declared: str, lineage: str | None, tmp_path: Path) -> None:
    modules = {"single_layers.{32}.mlp.c_proj": (8192, 3072)}

    found = _identify(kohya(modules), tmp_path, ss_base_model_version=declared)

    assert (found.base, found.lineage) == ("auraflow", lineage)
