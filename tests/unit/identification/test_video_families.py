"""What a family of videos says beside type and base: what an adapter fits, and lineages."""

from __future__ import annotations

from pathlib import Path

import pytest

from modelkeep.identification.engine import identify
from sample_models import Shapes, typed, write_safetensors
from support.lora_shapes import having, lora, modules_of
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
