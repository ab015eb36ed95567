"""Adapters whose modules are those of several bases: the answer says so."""

from __future__ import annotations

from pathlib import Path

import pytest

from modelkeep.core.identity import Identification
from modelkeep.identification.engine import identify
from sample_models import SDXL, Shapes, diffusers_unet, typed
from sample_models import write_safetensors as write

#: What the LoRAs of FLUX.1 and of Chroma change, by what each module takes and gives.
_FLUX = {
    **{f"double_blocks.{n}.img_attn.qkv": (3072, 9216) for n in range(19)},
    **{f"single_blocks.{n}.linear1": (3072, 21504) for n in range(38)},
}
#: What Chroma has not.
_MODULATION = {f"double_blocks.{n}.img_mod.lin": (3072, 18432) for n in range(19)}


def _identify(shapes: Shapes, tmp_path: Path, **metadata: str) -> Identification:
    return identify(write(tmp_path / "m.safetensors", typed(shapes), metadata))


def _lora(modules: dict[str, tuple[int, int]], prefix: str) -> Shapes:
    return {
        f"{prefix}{name}.lora_{end}.weight": shape
        for name, (taken, given) in modules.items()
        for end, shape in (("A", (4, taken)), ("B", (given, 4)))
    }


def _twins(found: Identification) -> list[str]:
    return [one.detail for one in found.evidence if "same modules" in one.detail]


def _sdxl() -> Shapes:
    attentions = {
        name.removesuffix(".weight"): (shape[1], shape[0])
        for name, shape in diffusers_unet(SDXL).items()
        if name.endswith(("attn1.to_q.weight", "attn2.to_k.weight"))
    }
    return _lora(attentions, "unet.")


def test_a_lora_that_another_base_could_have_says_so(tmp_path: Path) -> None:
    chroma = _identify(_lora(_FLUX, "diffusion_model."), tmp_path)
    assert (chroma.base, _twins(chroma)) == (
        "flux",
        ["Chroma has the same modules; only a header could tell"],
    )
    kolors = _identify(_sdxl(), tmp_path)
    assert (kolors.base, _twins(kolors)) == (
        "sdxl",
        ["Kolors has the same modules; only a header could tell"],
    )


@pytest.mark.parametrize(
    ("shapes", "metadata", "base"),
    [
        (_lora(_FLUX, "diffusion_model."), "flux1", "flux"),
        (_lora(_FLUX, "diffusion_model."), "chroma", "chroma"),
        (_lora(_FLUX | _MODULATION, "diffusion_model."), "", "flux"),
        (_sdxl(), "sdxl_base_v1-0", "sdxl"),
        (_sdxl(), "kolors", "kolors"),
    ],
)
def test_what_a_header_or_a_module_tells_is_of_one_base(
    shapes: Shapes, metadata: str, base: str, tmp_path: Path
) -> None:
    header = {"ss_base_model_version": metadata} if metadata else {}
    found = _identify(shapes, tmp_path, **header)
    assert (found.base, _twins(found)) == (base, [])
