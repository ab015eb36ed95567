"""Models of full size: names and shapes are exactly those of the classes.

No weights are read. Modules are made, and all tensors are compared, before the first byte is asked
for, which is where these tests stop.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from modelkeep.app.sample.files import typed, write_safetensors
from modelkeep.load.facts.autoencoders import VAES
from modelkeep.load.facts.family_facts import FACTS, FamilyFacts
from modelkeep.load.facts.unets import CONTROLNETS
from modelkeep.load.loader import PrecisionOf
from modelkeep.load.plan import TensorPlace
from modelkeep.load.precision import Precision
from sample_models import (
    REFINER,
    SD1,
    SD2,
    SDXL,
    Shapes,
    checkpoint,
    diffusers_controlnet,
    diffusers_unet,
    diffusers_vae,
    flux_transformer,
    ldm_controlnet,
    ldm_vae,
)
from support.loading import files_of, loader_of
from support.published import DATA, needed, published

pytest.importorskip("torch")
pytestmark = [pytest.mark.torch, pytest.mark.slow]

UNET, VAE = "model.diffusion_model.", "first_stage_model."
CLIP = "cond_stage_model.transformer.text_model."


class _FitsError(Exception):
    """The weights are asked for: all that was to be checked before is in order."""


class _NoWeights:
    def read(self, places: Mapping[str, TensorPlace], precision_of: PrecisionOf) -> dict[str, Any]:
        assert places
        assert precision_of(next(iter(places)))
        raise _FitsError


def _check(folder: Path, shapes: Shapes, base: str, kind: str = "main", **record: Any) -> set[str]:
    """Make all modules of a model up to their weights; return the names of the parts."""
    path = write_safetensors(folder / "m.safetensors", typed(shapes))
    files = files_of(path, type=kind, format="checkpoint", base=base, **record)
    loader = loader_of(files)
    parts = [part for part in loader.parts(files) if not part.startswith(("token", "sched"))]
    for part in parts or [""]:
        plan = loader.plan(files, part)
        with pytest.raises(_FitsError):
            loader.make(plan, _NoWeights(), Precision.FLOAT16)
    return set(parts)


@pytest.mark.parametrize(
    ("base", "unet", "texts"),
    [
        ("sd-1", SD1, ["text_encoder"]),
        ("sd-2", SD2, ["text_encoder"]),
        ("sdxl", SDXL, ["text_encoder", "text_encoder_2"]),
        ("sdxl-refiner", REFINER, ["text_encoder_2"]),
    ],
)
def test_whole_checkpoints(tmp_path: Path, base: str, unet: Any, texts: list[str]) -> None:
    assert _check(tmp_path, checkpoint(unet), base) == {"unet", "vae", *texts}


def test_the_names_of_diffusers_in_one_file(tmp_path: Path) -> None:
    assert _check(tmp_path, diffusers_unet(SDXL), "sdxl") == {"unet"}
    assert _check(tmp_path, diffusers_vae(), "sdxl", "vae") == set()


@pytest.mark.parametrize("inputs", [64, 128, 384])
def test_flux(tmp_path: Path, inputs: int) -> None:
    shapes = flux_transformer(inputs=inputs, guidance=inputs > 64)
    assert _check(tmp_path, shapes, "flux", variant="dev") == {"transformer"}


def test_vaes(tmp_path: Path) -> None:
    for base, channels in (("sd-1", 4), ("sdxl", 4), ("flux", 16), ("sd-3", 16)):
        assert _check(tmp_path, ldm_vae(channels), base, "vae") == set()


def test_controlnets(tmp_path: Path) -> None:
    for base, unet in (("sd-1", SD1), ("sd-2", SD2), ("sdxl", SDXL)):
        _check(tmp_path, ldm_controlnet(unet), base, "controlnet")
        _check(tmp_path, diffusers_controlnet(unet), base, "controlnet")


def test_small_controlnets_of_sdxl(tmp_path: Path) -> None:
    whole = diffusers_controlnet(SDXL)
    attention = (".attentions.", "mid_block.resnets.1.")
    without = {name: it for name, it in whole.items() if not any(map(name.__contains__, attention))}
    _check(tmp_path, without, "sdxl", "controlnet")
    middle = {
        name: it
        for name, it in whole.items()
        if ".transformer_blocks." not in name
        or (not name.startswith("down_blocks.1.") and ".transformer_blocks.0." in name)
    }
    _check(tmp_path, middle, "sdxl", "controlnet")


@pytest.mark.parametrize("kinds", [6, 8])
def test_controlnets_of_several_kinds(tmp_path: Path, kinds: int) -> None:
    import diffusers
    import torch

    with torch.device("meta"):
        model = diffusers.ControlNetUnionModel(**CONTROLNETS["sdxl"], num_control_type=kinds)
    shapes = {name: tuple(tensor.shape) for name, tensor in model.state_dict().items()}
    assert _check(tmp_path, shapes, "sdxl", "controlnet") == set()


def _published(name: str, prefix: str) -> Shapes:
    shapes = json.loads(published("headers", f"{name}.json").read_text())
    return {prefix + tensor: tuple(shape) for tensor, shape in shapes.items()}


@needed
def test_published_checkpoints(tmp_path: Path) -> None:
    clip, vae = _published("CLIP-v1-SD", CLIP), _published("VAE-v1-SD", VAE)
    three = {"unet", "vae", "text_encoder"}
    for name, variant in (("Inpainting", "inpaint"), ("Pix2Pix", "pix2pix")):
        shapes = _published(f"UNET-v1-{name}", UNET) | vae | clip
        assert _check(tmp_path, shapes, "sd-1", variant=variant) == three
    diffusion = _published("CLIP-v2-WD", "cond_stage_model.model.")
    depth = _published("Depth-v2-SD", "depth_model.model.")
    for name, variant in (("Inpainting", "inpaint"), ("Depth", "depth")):
        shapes = _published(f"UNET-v2-{name}", UNET) | vae | diffusion | depth
        assert _check(tmp_path, shapes, "sd-2", variant=variant) == three
    copies = _published("UNET-v1-EMA", "model_ema.diffusion_model")
    whole = _published("UNET-v1-SD", UNET) | copies | vae | clip
    assert _check(tmp_path, whole, "sd-1") == three
    for prefix in ("", "control_model."):
        _check(tmp_path, _published("ControlNet-v1-SD", prefix), "sd-1", "controlnet")


#: Published folders, and the bases whose facts they state.
_FOLDERS = {
    "runwayml/stable-diffusion-v1-5": "sd-1",
    "stabilityai/stable-diffusion-xl-base-1.0": "sdxl",
    "black-forest-labs/FLUX.1-dev": "flux",
}


def _facts() -> Iterator[tuple[str, FamilyFacts]]:
    known = {facts.name: facts for facts in FACTS.load()}
    for folder, base in _FOLDERS.items():
        yield folder, known[base]


@needed
def test_facts_are_what_published_folders_state() -> None:
    for folder, facts in _facts():
        for part in facts.parts:
            stated = json.loads((DATA / "folders" / folder / part.name / "config.json").read_text())
            for key in part.config.keys() & stated.keys():
                assert part.config[key] == stated[key], (folder, part.name, key)
        place = DATA / "folders" / folder / "scheduler" / "scheduler_config.json"
        stated, scheduler = json.loads(place.read_text()), facts.scheduler()
        assert scheduler.class_name == stated["_class_name"]
        for key in scheduler.config.keys() & stated.keys():
            assert scheduler.config[key] == stated[key], (folder, key)
    canny = DATA / "folders/lllyasviel/control_v11p_sd15_canny/config.json"
    controlnet = json.loads(canny.read_text())
    assert {**controlnet, **CONTROLNETS["sd-1"]} == controlnet
    medium = DATA / "folders/stabilityai/stable-diffusion-3-medium-diffusers/vae/config.json"
    vae = json.loads(medium.read_text())
    assert {**vae, **VAES["sd-3"]} == vae


def test_every_base_has_facts_under_its_own_name() -> None:
    assert {facts.name for facts in FACTS.load()} == {
        "sd-1",
        "sd-2",
        "sdxl",
        "sdxl-refiner",
        "flux",
    }
