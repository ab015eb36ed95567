"""The answers for the headers and configs of real, published models."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from modelkeep.core.identity import Identification
from modelkeep.errors import CorruptModelError
from modelkeep.identification.engine import identify
from modelkeep.identification.prefixes import DENOISER, TEXT, VAE
from sample_models import (
    REFINER,
    SD1,
    SD2,
    SDXL,
    Shapes,
    clip_text,
    ldm_controlnet,
    ldm_unet,
    ldm_vae,
    open_clip_text,
    sd1_lora_text,
    sd1_lora_unet,
    typed,
    write_safetensors,
)
from support.published import DATA, needed, published

RANK = 8

pytestmark = needed


def _expected() -> dict[str, Any]:
    path = DATA / "expected.json"
    found: dict[str, Any] = json.loads(path.read_text()) if DATA.parent.is_dir() else {}
    return found


FILES: list[dict[str, Any]] = _expected().get("files", [])
FOLDERS: list[dict[str, Any]] = _expected().get("folders", [])
READY: list[dict[str, Any]] = _expected().get("ready", [])


def _published(name: str, prefix: str = "") -> Shapes:
    found = json.loads(published("headers", f"{name}.json").read_text())
    return {
        prefix + tensor: tuple(RANK if dimension == -1 else dimension for dimension in shape)
        for tensor, shape in found.items()
    }


def _answer(found: Identification) -> dict[str, str | None]:
    return {
        "type": found.type.value,
        "base": found.base.value,
        "format": found.format.value,
        "variant": found.variant.value if found.variant else None,
    }


@pytest.mark.parametrize("entry", FILES, ids=lambda entry: entry["name"].replace(" ", "_"))
def test_published_files(entry: dict[str, Any], tmp_path: Path) -> None:
    shapes: Shapes = {}
    for part in entry["parts"]:
        shapes |= _published(part["list"], part["prefix"])
    path = write_safetensors(tmp_path / "some-model.safetensors", typed(shapes))

    assert _answer(identify(path)) == entry["expected"]


@pytest.mark.parametrize("prefix", DENOISER)
@pytest.mark.parametrize(
    ("name", "base", "variant"),
    [
        ("UNET-v1-SD", "sd-1", "normal"),
        ("UNET-v1-Inpainting", "sd-1", "inpaint"),
        ("UNET-v2-SD", "sd-2", "normal"),
        ("UNET-v2-Depth", "sd-2", "depth"),
        ("UNET-XL-SD", "sdxl", "normal"),
        ("UNET-XL-Refiner", "sdxl-refiner", "normal"),
    ],
)
def test_denoisers_under_every_prefix(
    name: str, base: str, variant: str, prefix: str, tmp_path: Path
) -> None:
    path = write_safetensors(tmp_path / "m.safetensors", typed(_published(name, prefix)))

    found = identify(path)

    assert (found.type, found.base, found.variant) == ("main", base, variant)


@pytest.mark.parametrize("prefix", ["", "first_stage_model.", "vae."])
def test_a_vae_under_every_prefix(prefix: str, tmp_path: Path) -> None:
    assert prefix in VAE
    path = write_safetensors(tmp_path / "m.safetensors", typed(_published("VAE-v1-SD", prefix)))

    assert identify(path).type == "vae"


@pytest.mark.parametrize("prefix", TEXT)
def test_text_encoders_under_every_prefix(prefix: str, tmp_path: Path) -> None:
    for number, shapes in enumerate(
        (
            _published("CLIP-v1-SD", f"{prefix}text_model."),
            _published("CLIP-v2-SD", prefix),
            _published("CLIP-XL-SD", prefix),
        )
    ):
        path = write_safetensors(tmp_path / f"{number}.safetensors", typed(shapes))
        assert identify(path).type == "clip_embed"


@pytest.mark.parametrize("entry", FOLDERS, ids=lambda entry: entry["folder"])
def test_published_folders(entry: dict[str, Any], tmp_path: Path) -> None:
    root = tmp_path / Path(entry["folder"]).name
    shutil.copytree(published("folders", entry["folder"]), root)
    root.chmod(0o755)
    for config in [*root.rglob("config.json")]:
        config.parent.chmod(0o755)
        weights = config.parent / "diffusion_pytorch_model.safetensors"
        write_safetensors(weights, {"weight": ("F16", (4, 4))})

    assert _answer(identify(root)) == entry["expected"]


@pytest.mark.parametrize("entry", READY, ids=lambda entry: entry["path"])
def test_ready_models(entry: dict[str, Any]) -> None:
    path = published(entry["path"])
    if "empty" in entry.get("note", ""):
        with pytest.raises(CorruptModelError, match="0 bytes") as caught:
            identify(path)
        assert "--verify off" in caught.value.hint

    assert _answer(identify(path, strict=False)) == entry["expected"]


@pytest.mark.parametrize(
    ("name", "made"),
    [
        ("UNET-v1-SD", ldm_unet(SD1)),
        ("UNET-v1-Inpainting", ldm_unet(SD1.with_inputs(9))),
        ("UNET-v2-SD", ldm_unet(SD2)),
        ("UNET-XL-SD", ldm_unet(SDXL)),
        ("UNET-XL-Refiner", ldm_unet(REFINER)),
        ("VAE-v1-SD", ldm_vae()),
        ("CLIP-v1-SD", clip_text()),
        ("CLIP-v2-SD", open_clip_text(1024, 24)),
        ("CLIP-XL-SD", open_clip_text(1280, 32)),
        ("ControlNet-v1-SD", ldm_controlnet(SD1)),
        ("LoRA-v1-UNET", sd1_lora_unet(RANK, alpha=False)),
        ("LoRA-v1-CLIP", sd1_lora_text(RANK, alpha=False)),
        ("LoRA-v1A-UNET", sd1_lora_unet(RANK)),
        ("LoRA-v1A-CLIP", sd1_lora_text(RANK)),
    ],
)
def test_sample_models_have_the_names_and_shapes_of_published_ones(name: str, made: Shapes) -> None:
    assert made == _published(name)
