"""What ``FolderLoader`` plans, from configs and headers alone."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from modelkeep.core.configs import ModelConfigFactory
from modelkeep.errors import (
    CorruptModelError,
    IncompleteModelError,
    InvalidModelException,
    LoadError,
    MissingPartError,
    RemoteCodeError,
    SourceError,
)
from modelkeep.load.loaders.folder import LOADER
from support.loading_folders import files_of
from support.tiny import safetensors_bytes

UNET = {"_class_name": "UNet2DConditionModel", "sample_size": 64}
INDEX = {
    "_class_name": "StableDiffusionPipeline",
    "unet": ["diffusers", "UNet2DConditionModel"],
    "scheduler": ["diffusers", "DDIMScheduler"],
    "tokenizer": ["transformers", "CLIPTokenizer"],
    "safety_checker": [None, None],
    "requires_safety_checker": False,
}


def write(path: Path, value: Any) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(value))


def weights(path: Path, *names: str, dtype: str = "F32") -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(safetensors_bytes(dict.fromkeys(names or ("w",), (dtype, (2, 2)))))


def pipeline(folder: Path, index: Mapping[str, Any] = INDEX) -> Path:
    write(folder / "model_index.json", index)
    write(folder / "unet/config.json", UNET)
    weights(folder / "unet/diffusion_pytorch_model.safetensors", "conv_in.weight", "conv_in.bias")
    write(folder / "scheduler/scheduler_config.json", {"prediction_type": "epsilon", "beta_end": 1})
    write(folder / "tokenizer/tokenizer_config.json", {"tokenizer_class": "CLIPTokenizer"})
    write(folder / "tokenizer/vocab.json", {})
    return folder


@pytest.mark.parametrize(
    ("kind", "form", "is_taken"),
    [
        ("main", "diffusers", True),
        ("vae", "diffusers", True),
        ("t5_encoder", "diffusers", True),
        ("main", "checkpoint", False),
        ("lora", "diffusers", False),
    ],
)
def test_it_takes_folders_but_no_adapters(kind: str, form: str, *, is_taken: bool) -> None:
    record = {"name": "x", "path": "x", "type": kind, "format": form, "base": "sd-1"}
    assert LOADER.takes(ModelConfigFactory.make_config(record)) is is_taken


def test_the_parts_are_those_that_the_index_lists(tmp_path: Path) -> None:
    assert LOADER.parts(files_of(pipeline(tmp_path))) == ("unet", "scheduler", "tokenizer")


def test_a_folder_with_one_config_is_one_thing(tmp_path: Path) -> None:
    write(tmp_path / "config.json", {"_class_name": "AutoencoderKL"})
    weights(tmp_path / "diffusion_pytorch_model.safetensors")
    files = files_of(tmp_path, "vae")
    assert LOADER.parts(files) == ()
    plan = LOADER.plan(files, "")
    assert (plan.library, plan.class_name, plan.part) == ("diffusers", "AutoencoderKL", "")


def test_folders_in_a_folder_without_an_index_are_parts(tmp_path: Path) -> None:
    write(tmp_path / "text_encoder_2/config.json", {"architectures": ["T5EncoderModel"]})
    weights(tmp_path / "text_encoder_2/model.safetensors")
    write(tmp_path / "tokenizer_2/tokenizer_config.json", {"tokenizer_class": "T5Tokenizer"})
    files = files_of(tmp_path, "t5_encoder")
    assert LOADER.parts(files) == ("text_encoder_2", "tokenizer_2")
    assert LOADER.plan(files, "text_encoder_2").class_name == "T5EncoderModel"
    assert LOADER.plan(files, "tokenizer_2").class_name == "T5Tokenizer"


def test_a_module_has_its_config_and_its_weights(tmp_path: Path) -> None:
    plan = LOADER.plan(files_of(pipeline(tmp_path)), "unet")
    assert plan.config == UNET
    assert list(plan.tensors) == ["conv_in.weight", "conv_in.bias"]
    assert [path.name for path in plan.files] == [
        "config.json",
        "diffusion_pytorch_model.safetensors",
    ]
    assert not plan.is_own_copy
    assert plan.bytes == 32


def test_schedulers_and_tokenizers_are_own_copies(tmp_path: Path) -> None:
    files = files_of(pipeline(tmp_path))
    scheduler, tokenizer = LOADER.plan(files, "scheduler"), LOADER.plan(files, "tokenizer")
    assert scheduler.is_own_copy
    assert scheduler.folder is None
    assert tokenizer.is_own_copy
    assert tokenizer.folder == tmp_path / "tokenizer"
    assert {path.name for path in tokenizer.files} == {"tokenizer_config.json", "vocab.json"}


def test_the_record_wins_over_the_config_of_a_scheduler(tmp_path: Path) -> None:
    known: dict[str, Any] = {"prediction_type": "v_prediction", "ztsnr_training": True}
    config = LOADER.plan(files_of(pipeline(tmp_path), **known), "scheduler").config
    assert config == {
        "prediction_type": "v_prediction",
        "beta_end": 1,
        "rescale_betas_zero_snr": True,
        "timestep_spacing": "trailing",
    }


def test_a_flow_has_no_prediction_type(tmp_path: Path) -> None:
    index = {**INDEX, "scheduler": ["diffusers", "FlowMatchEulerDiscreteScheduler"]}
    files = files_of(pipeline(tmp_path, index), prediction_type="epsilon", ztsnr_training=True)
    assert LOADER.plan(files, "scheduler").config == {"prediction_type": "epsilon", "beta_end": 1}


def test_the_record_has_attention_run_in_32_bits(tmp_path: Path) -> None:
    files = files_of(pipeline(tmp_path), upcast_attention=True)
    assert LOADER.plan(files, "unet").config["upcast_attention"] is True


@pytest.mark.parametrize(
    ("names", "variant", "taken"),
    [
        (["{}.safetensors", "{}.fp16.safetensors"], None, "{}.safetensors"),
        (["{}.safetensors", "{}.fp16.safetensors"], "fp16", "{}.fp16.safetensors"),
        (["{}.fp16.safetensors"], None, "{}.fp16.safetensors"),
        (["{}.safetensors"], "fp16", "{}.safetensors"),
        (["{}.safetensors", "{}.bin"], None, "{}.safetensors"),
        (["my own.safetensors"], None, "my own.safetensors"),
    ],
)
def test_weights_are_taken_in_the_form_that_was_installed(
    tmp_path: Path, names: list[str], variant: str | None, taken: str
) -> None:
    write(tmp_path / "config.json", {"_class_name": "AutoencoderKL"})
    stem = "diffusion_pytorch_model"
    for name in names:
        weights(tmp_path / name.format(stem))
    files = files_of(tmp_path, "vae", repo_variant=variant)
    assert [path.name for path in LOADER.plan(files, "").files[1:]] == [taken.format(stem)]


@pytest.mark.parametrize("has_index", [True, False])
def test_shards_are_one_set_of_weights(tmp_path: Path, *, has_index: bool) -> None:
    write(tmp_path / "config.json", {"architectures": ["T5EncoderModel"]})
    for number in (1, 2):
        weights(tmp_path / f"model-0000{number}-of-00002.safetensors", f"w{number}")
    if has_index:
        names = {f"w{number}": f"model-0000{number}-of-00002.safetensors" for number in (1, 2)}
        write(tmp_path / "model.safetensors.index.json", {"weight_map": names})
    plan = LOADER.plan(files_of(tmp_path, "t5_encoder"), "")
    assert set(plan.tensors) == {"w1", "w2"}
    assert len(plan.files) == 3 + has_index


def test_only_the_wanted_part_of_a_larger_model_is_taken(tmp_path: Path) -> None:
    write(tmp_path / "config.json", {"architectures": ["T5ForConditionalGeneration"]})
    weights(tmp_path / "model.safetensors", "encoder.w", "decoder.w", "lm_head.weight")
    plan = LOADER.plan(files_of(tmp_path, "t5_encoder"), "")
    assert plan.class_name == "T5EncoderModel"
    assert set(plan.tensors) == {"encoder.w"}


@pytest.mark.parametrize(
    ("part", "said"),
    [
        ("", "Name one of: unet, scheduler, tokenizer"),
        ("safety_checker", "It has: unet, scheduler, tokenizer"),
        ("vae", "It has: unet, scheduler, tokenizer"),
        ("../unet", "It has: unet, scheduler, tokenizer"),
    ],
)
def test_parts_that_are_not_there(tmp_path: Path, part: str, said: str) -> None:
    with pytest.raises(MissingPartError) as raised:
        LOADER.plan(files_of(pipeline(tmp_path)), part)
    assert said in raised.value.hint


def test_a_single_thing_has_no_parts(tmp_path: Path) -> None:
    write(tmp_path / "config.json", {"_class_name": "AutoencoderKL"})
    with pytest.raises(MissingPartError, match="no part vae"):
        LOADER.plan(files_of(tmp_path, "vae"), "vae")


@pytest.mark.parametrize(
    "index",
    [
        {"_class_name": ["my_pipeline", "MyPipeline"]},
        {"_class_name": "my.Pipeline"},
        {"unet": ["my.unet", "UNet2DConditionModel"]},
        {"unet": ["diffusers", "models.UNet2DConditionModel"]},
        {"unet": ["diffusers", ["my_unet", "MyUNet"]]},
        {"unet": ["my_unet", "MyUNet"]},
        {"unet": ["diffusers", "\ud800\x1b[2J"]},
        {"auto_map": {"AutoModel": "mine.Model"}},
        {"attn_implementation": "somebody/kernel"},
        {"text_config": {"_attn_implementation": {"": "somebody/kernel@v1"}}},
        {"custom_pipelines": {"mine": {}}},
    ],
)
def test_an_index_that_asks_for_code(tmp_path: Path, index: dict[str, Any]) -> None:
    pipeline(tmp_path, {**INDEX, **index})
    (tmp_path / "unet" / "my_unet.py").touch()
    with pytest.raises(RemoteCodeError, match="asks for code") as raised:
        LOADER.plan(files_of(tmp_path), "unet")
    assert raised.value.hint
    assert str(raised.value).isprintable()


@pytest.mark.parametrize(
    ("part", "file", "config"),
    [
        ("unet", "config.json", {**UNET, "auto_map": {"AutoModel": "mine.Model"}}),
        ("scheduler", "scheduler_config.json", {"auto_map": {"Scheduler": "mine.Scheduler"}}),
        ("tokenizer", "tokenizer_config.json", {"auto_map": {"AutoTokenizer": ["mine.T", None]}}),
        ("tokenizer", "config.json", {"auto_map": {"AutoConfig": "mine.Config"}}),
        ("tokenizer", "processor_config.json", {"auto_map": {"AutoProcessor": "mine.P"}}),
    ],
)
def test_a_part_that_asks_for_code(
    tmp_path: Path, part: str, file: str, config: dict[str, Any]
) -> None:
    write(pipeline(tmp_path) / part / file, config)
    with pytest.raises(RemoteCodeError, match="auto_map"):
        LOADER.plan(files_of(tmp_path), part)


@pytest.mark.parametrize(
    "config",
    [
        {"_class_name": ["mine", "Vae"]},
        {"_class_name": "mine.Vae"},
        {"architectures": ["mine.Vae"]},
        {"architectures": [{"class": "Vae"}]},
        {"_class_name": "Vae", "auto_map": {"AutoModel": "mine.Vae"}},
    ],
)
def test_a_single_part_that_asks_for_code(tmp_path: Path, config: dict[str, Any]) -> None:
    write(tmp_path / "config.json", config)
    weights(tmp_path / "model.safetensors")
    with pytest.raises(RemoteCodeError):
        LOADER.plan(files_of(tmp_path, "vae"), "")


def test_folders_that_are_not_whole(tmp_path: Path) -> None:
    files = files_of(pipeline(tmp_path))
    (tmp_path / "unet/diffusion_pytorch_model.safetensors").unlink()
    with pytest.raises(IncompleteModelError, match="no weights"):
        LOADER.plan(files, "unet")
    weights(tmp_path / "unet/diffusion_pytorch_model-00001-of-00002.safetensors")
    with pytest.raises(IncompleteModelError, match="not all shards"):
        LOADER.plan(files, "unet")
    weights(tmp_path / "unet/one.safetensors")
    weights(tmp_path / "unet/other.safetensors")
    with pytest.raises(IncompleteModelError, match="2 files with weights"):
        LOADER.plan(files, "unet")
    (tmp_path / "unet/config.json").unlink()
    with pytest.raises(IncompleteModelError, match=r"config\.json is missing"):
        LOADER.plan(files, "unet")


def test_a_part_that_is_missing_altogether(tmp_path: Path) -> None:
    write(tmp_path / "model_index.json", INDEX)
    for part in ("unet", "scheduler", "tokenizer"):
        with pytest.raises((IncompleteModelError, SourceError), match=part):
            LOADER.plan(files_of(tmp_path), part)


def test_damaged_files(tmp_path: Path) -> None:
    files = files_of(pipeline(tmp_path))
    path = tmp_path / "unet/diffusion_pytorch_model.safetensors"
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(CorruptModelError, match="diffusion_pytorch_model"):
        LOADER.plan(files, "unet")
    (tmp_path / "scheduler/scheduler_config.json").write_text("{")
    with pytest.raises(CorruptModelError, match="not valid JSON"):
        LOADER.plan(files, "scheduler")
    (tmp_path / "model_index.json").write_text("[]")
    with pytest.raises(CorruptModelError, match="no JSON object"):
        LOADER.parts(files)


def test_an_empty_folder_names_no_class(tmp_path: Path) -> None:
    with pytest.raises(InvalidModelException, match="no config that names a class"):
        LOADER.plan(files_of(tmp_path, "vae"), "")
    with pytest.raises((SourceError, InvalidModelException)):
        LOADER.plan(files_of(tmp_path / "gone", "vae"), "")


def test_quantised_weights_are_for_later(tmp_path: Path) -> None:
    files = files_of(pipeline(tmp_path))
    write(tmp_path / "unet/config.json", {**UNET, "quantization_config": {"load_in_4bit": True}})
    with pytest.raises(LoadError, match="quantised"):
        LOADER.plan(files, "unet")
