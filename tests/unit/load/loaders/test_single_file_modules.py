"""Modules out of one file are those that diffusers' ``from_single_file`` makes."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from modelkeep.load.model_files import ModelFiles
from modelkeep.load.precision import Precision
from sample_models import Shapes
from support import ldm_files
from support.diffusers_child import Job, ask, describe
from support.ldm_files import MODELS, LdmModel
from support.loading import load, loader_of, random_tensors
from support.small_models import SmallModels

torch = pytest.importorskip("torch")
pytestmark = [pytest.mark.torch, pytest.mark.slow]

#: Settings of a text encoder that say how it was saved.
_NOT_COMPARED = {"architectures", "dtype", "transformers_version"}
#: Types of the numbers in the file, and in memory.
_TYPES = {
    "sd-1": ("float32", "float32"),
    "sd-2": ("float16", "float16"),
    "sdxl": ("float32", "float16"),
}


class Case:
    """A file, what diffusers makes of it, and what it is installed as."""

    def __init__(self, files: ModelFiles, precision: Precision, job: Job) -> None:
        self.files = files
        self.precision = precision
        self.job = job
        self.answer: dict[str, dict[str, Any]] = {}


def _pipelines(folder: Path, small_models: SmallModels) -> Iterator[tuple[str, Case]]:
    tokenizer = small_models.part("clip_tokenizer")
    for model in MODELS:
        stored, wanted = _TYPES[model.base]
        config = model.folder(folder / f"{model.base}-config", tokenizer)
        files = model.files(folder / model.base, stored)
        out = folder / model.base / "out"
        job = Job(model.pipeline, str(files.path), str(config), str(out), wanted)
        yield model.base, Case(files, Precision(wanted), job)


def _lone(folder: Path) -> Iterator[tuple[str, Case]]:
    shapes = {
        "AutoencoderKL": ("vae", ldm_files.vae_shapes()),
        "AutoencoderKL of a whole file": ("vae", _prefixed("first_stage_model.")),
    }
    for model in MODELS:
        if model.base != "sdxl":  # diffusers does not know their original names
            controlnet = ldm_files.controlnet_shapes(model)
            shapes[f"ControlNetModel {model.base}"] = ("controlnet", controlnet)
    for name, (kind, tensors) in shapes.items():
        model = next((one for one in MODELS if one.base in name), MODELS[0])
        yield name, _case(folder / name, name.split()[0], kind, model, tensors)


def _prefixed(prefix: str) -> Shapes:
    return {prefix + name: shape for name, shape in ldm_files.vae_shapes().items()}


def _case(folder: Path, class_name: str, kind: str, model: LdmModel, shapes: Any) -> Case:
    files = ldm_files.install(folder / "m.safetensors", random_tensors(shapes), model, type=kind)
    settings = model.diffusers["vae"] if kind == "vae" else model.controlnet_config()
    config = {key: value for key, value in settings.items() if key != "class"}
    (folder / "config.json").write_text(json.dumps({"_class_name": class_name, **config}))
    job = Job(class_name, str(files.path), str(folder), str(folder / "out"))
    return Case(files, Precision.FLOAT32, job)


@pytest.fixture(scope="module")
def cases(tmp_path_factory: pytest.TempPathFactory, small_models: SmallModels) -> dict[str, Case]:
    folder = tmp_path_factory.mktemp("single")
    found = dict([*_pipelines(folder, small_models), *_lone(folder)])
    answers = ask(*(case.job for case in found.values()))
    for case, answer in zip(found.values(), answers, strict=True):
        case.answer = answer
    return found


def test_every_module_is_the_same(cases: dict[str, Case]) -> None:
    for name, case in cases.items():
        parts = loader_of(case.files).parts(case.files) or ("",)
        held = {part for part in parts if not part.startswith(("tokenizer", "scheduler"))}
        assert held == case.answer.keys(), name
        for part, theirs in case.answer.items():
            ours = describe(load(case.files, part, case.precision))
            assert ours["class"] == theirs["class"]
            _compare(ours, theirs, f"{name}: {part}")


def _compare(ours: dict[str, Any], theirs: dict[str, Any], what: str) -> None:
    for kind in ("tensors", "buffers"):
        assert ours[kind].keys() == theirs[kind].keys(), what
        for name, tensor in theirs[kind].items():
            assert ours[kind][name].dtype == tensor.dtype, f"{what}: {name}"
            assert torch.equal(ours[kind][name], tensor), f"{what}: {name}"
    mine, stated = json.loads(ours["config"]), json.loads(theirs["config"])
    for key in stated.keys() - _NOT_COMPARED:
        if not key.startswith("_"):
            assert mine[key] == stated[key], f"{what}: {key}"
