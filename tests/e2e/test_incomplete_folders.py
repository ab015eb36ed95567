"""Folders that lack parts which their index lists: said, and not installed without being asked."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from modelkeep import IncompleteModelError, ModelManager, Settings
from sample_models import SDXL, typed, write_json, write_safetensors
from support.program import Program
from unit.identification.cases import unet_config

_PARTS = {
    "scheduler": ("diffusers", "EulerDiscreteScheduler"),
    "text_encoder": ("transformers", "CLIPTextModel"),
    "text_encoder_2": ("transformers", "CLIPTextModelWithProjection"),
    "tokenizer": ("transformers", "CLIPTokenizer"),
    "unet": ("diffusers", "UNet2DConditionModel"),
    "vae": ("diffusers", "AutoencoderKL"),
    # Pipelines go without these.
    "image_encoder": (None, None),
    "safety_checker": ("stable_diffusion", "StableDiffusionSafetyChecker"),
    "feature_extractor": ("transformers", "CLIPImageProcessor"),
}


@pytest.fixture
def whole(tmp_path: Path) -> Path:
    """An SDXL folder with all that its index lists."""
    top = tmp_path / "harbour"
    index = {"_class_name": "StableDiffusionXLPipeline", "_name_or_path": "x/harbour"}
    write_json(top / "model_index.json", index | {n: list(kind) for n, kind in _PARTS.items()})
    write_json(top / "unet/config.json", unet_config(SDXL))
    write_json(top / "scheduler/scheduler_config.json", {})
    write_json(top / "tokenizer/tokenizer_config.json", {})
    for number, part in enumerate(("unet", "vae", "text_encoder", "text_encoder_2")):
        name = "model" if part.startswith("text") else "diffusion_pytorch_model"
        write_safetensors(top / part / f"{name}.safetensors", typed({"w": (2, 2 + number)}))
    return top


def _remove(folder: Path, *parts: str) -> Path:
    for part in parts:
        shutil.rmtree(folder / part)
    return folder


def test_a_whole_folder_lacks_nothing(program: Program, whole: Path) -> None:
    assert program.call("identify", "--json", whole).only["missing"] == []
    assert "missing" not in program.call("identify", whole).out
    assert program.call("install", "--json", "--yes", whole).only["status"] == "completed"


@pytest.mark.parametrize(
    ("gone", "without_weights"),
    [(("vae",), ()), (("vae", "text_encoder_2"), ()), ((), ("unet",)), (("scheduler",), ("vae",))],
)
def test_what_is_missing_is_said_and_refused(
    gone: tuple[str, ...], without_weights: tuple[str, ...], program: Program, whole: Path
) -> None:
    _remove(whole, *gone)
    for part in without_weights:
        [weights] = (whole / part).glob("*.safetensors")
        weights.rename(whole / part / "config.json.bak")
    missing = [part for part in _PARTS if part in {*gone, *without_weights}]

    line = program.call("identify", "--json", whole).only
    assert (line["missing"], line["base"], line["error"]) == (missing, "sdxl", None)
    assert ", ".join(missing) in program.call("identify", whole).out

    refused = program.call("install", "--json", "--yes", whole, status=1).only["error"]
    assert refused["kind"] == "IncompleteModelError"
    assert all(part in refused["message"] for part in missing)
    assert "--verify off" in refused["hint"]
    assert program.call("list", "--json").json == []


@pytest.mark.parametrize("asked", [("--verify", "off"), ("--type", "main")])
@pytest.mark.parametrize("inplace", [True, False])
def test_who_asks_for_it_gets_it(
    asked: tuple[str, ...], inplace: bool, program: Program, whole: Path
) -> None:
    _remove(whole, "vae")
    how = ("--inplace",) if inplace else ()

    program.call("install", "--yes", *how, whole, status=1)
    program.call("install", "--yes", *how, *asked, whole)

    assert program.call("list", "--json").only["base"] == "sdxl"


def test_scans_name_it_and_register_the_rest(program: Program, whole: Path) -> None:
    other = whole.with_name("quay")
    shutil.copytree(whole, other)
    _remove(whole, "vae")

    for how in ((), ("--register",), ("--register",)):
        told = program.call("scan", "--json", *how, whole.parent, status=None)
        status = {Path(line["path"]).name: line for line in told.json}
        assert status["harbour"]["status"] == "error"
        assert status["harbour"]["error"]["kind"] == "IncompleteModelError"
        assert "lacks vae" in status["harbour"]["error"]["message"]
    assert [line["name"] for line in program.call("list", "--json").json] == ["quay"]


def test_python_has_a_class_for_it(whole: Path, tmp_path: Path) -> None:
    with ModelManager(Settings(root=tmp_path / "root")) as manager:
        with pytest.raises(IncompleteModelError, match="lacks text_encoder and vae"):
            manager.installer.install_path(_remove(whole, "vae", "text_encoder"))
        key = manager.installer.install_path(whole, {"type": "main"})
        assert manager.records.get_model(key).base == "sdxl"


def test_an_onnx_form_has_its_vae_in_two_parts(program: Program, whole: Path) -> None:
    _remove(whole, "vae")
    for part in ("vae_encoder", "vae_decoder"):
        (whole / part).mkdir()
        (whole / part / "model.onnx").write_bytes(b"x" * 100)

    assert program.call("identify", "--json", whole).only["missing"] == []


def test_an_index_that_lists_nonsense_lacks_nothing(program: Program, whole: Path) -> None:
    index = json.loads((whole / "model_index.json").read_text())
    odd = {"a": 3, "b": ["x"], "c": [1, 2], "d": ["x", None], "_e": ["x", "Y"], "f": {}}
    write_json(whole / "model_index.json", index | odd)

    assert program.call("identify", "--json", whole).only["missing"] == []
