"""``make_module`` and ``make_helper``: what is made, what is refused, and what stays as it was."""

from __future__ import annotations

import copy
import dataclasses
import json
import shutil
import socket
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file

from modelkeep.errors import (
    CorruptModelError,
    InvalidModelException,
    LoadError,
    RemoteCodeError,
)
from modelkeep.load import bridge
from modelkeep.load.build import make_helper, make_module
from modelkeep.load.loader import PrecisionOf
from modelkeep.load.loaders.folder import LOADER
from modelkeep.load.plan import LoadPlan, TensorPlace
from modelkeep.load.precision import Precision
from modelkeep.load.tensors import TensorReader
from support.loading_folders import files_of, load
from support.process_state import process_state
from support.small_models import SmallModels

pytestmark = [pytest.mark.torch, pytest.mark.slow]

VAE_WEIGHTS = "diffusion_pytorch_model.safetensors"


class _Unread:
    """A source that must not be asked."""

    def read(self, places: Mapping[str, TensorPlace], precision_of: PrecisionOf) -> dict[str, Any]:
        raise AssertionError(f"{len(places)} tensors are read with {precision_of}")


def copy_of(folder: Path, where: Path) -> Path:
    return Path(shutil.copytree(folder, where / folder.name))


def change(path: Path, changes: Mapping[str, torch.Tensor | None]) -> None:
    """Write a file of tensors anew with some of them changed, added, or left out."""
    changed = {**load_file(path), **changes}
    save_file({name: each for name, each in changed.items() if each is not None}, path)


def plan_of(folder: Path, part: str = "") -> LoadPlan:
    return LOADER.plan(files_of(folder), part)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        (
            {"encoder.conv_in.weight": None},
            "lacks tensors of AutoencoderKL: encoder.conv_in.weight",
        ),
        ({"extra.weight": torch.zeros(1)}, "has tensors that AutoencoderKL has not: extra.weight"),
        (
            {"encoder.conv_in.weight": torch.zeros(8, 3, 3, 2)},
            "in the shape 8 x 3 x 3 x 2 instead of 8 x 3 x 3 x 3: encoder.conv_in.weight",
        ),
        (
            {"encoder.conv_in.bias": torch.zeros(8, dtype=torch.int64)},
            r"as torch.int64 instead of torch.float32: encoder.conv_in.bias",
        ),
        (
            {"encoder.conv_in.bias": torch.zeros(8, dtype=torch.float8_e4m3fn)},
            "as torch.float8_e4m3fn instead of torch.float32",
        ),
        ({f"extra.{n}": torch.zeros(1) for n in range(9)}, "extra.0, extra.1, extra.2 and 6 more"),
    ],
)
def test_weights_that_are_not_those_of_the_class(
    small_models: SmallModels, tmp_path: Path, changes: dict[str, torch.Tensor | None], said: str
) -> None:
    folder = copy_of(small_models.part("vae"), tmp_path)
    change(folder / VAE_WEIGHTS, changes)
    with pytest.raises(InvalidModelException) as raised:
        make_module(plan_of(folder), _Unread(), Precision.FLOAT32)
    assert said in str(raised.value)
    assert str(folder / VAE_WEIGHTS) in str(raised.value)
    assert raised.value.hint


def test_a_file_that_was_truncated_since(small_models: SmallModels, tmp_path: Path) -> None:
    folder = copy_of(small_models.part("vae"), tmp_path)
    plan = plan_of(folder)
    with (folder / VAE_WEIGHTS).open("r+b") as file:
        file.truncate(20_000)
    with pytest.raises(CorruptModelError, match=VAE_WEIGHTS):
        make_module(plan, TensorReader(), Precision.FLOAT32)


@pytest.mark.parametrize(
    ("library", "name", "error"),
    [
        ("diffusers", "NoSuchModel", LoadError),
        ("transformers", "NoSuchModel", LoadError),
        ("stable_diffusion", "NoSuchModel", LoadError),
        ("my_library", "MyModel", RemoteCodeError),
        ("os", "PathLike", RemoteCodeError),
        ("diffusers", "StableDiffusionPipeline", InvalidModelException),
        ("diffusers", "DDIMScheduler", InvalidModelException),
        ("transformers", "CLIPConfig", InvalidModelException),
        ("diffusers", "pipelines", LoadError),
    ],
)
def test_classes_that_are_none_of_modules(
    small_models: SmallModels, library: str, name: str, error: type[Exception]
) -> None:
    plan = dataclasses.replace(plan_of(small_models.part("vae")), library=library, class_name=name)
    with pytest.raises(error, match=name):
        make_module(plan, _Unread(), Precision.FLOAT32)


@pytest.mark.parametrize("part", ["vae", "clip"])
def test_configs_that_a_class_cannot_use(
    small_models: SmallModels, tmp_path: Path, part: str
) -> None:
    folder = copy_of(small_models.part(part), tmp_path)
    config = json.loads((folder / "config.json").read_text())
    wrong = {"block_out_channels": ["many"], "num_attention_heads": "several"}
    (folder / "config.json").write_text(json.dumps({**config, **wrong}))
    with pytest.raises(InvalidModelException, match="can be made from this") as raised:
        make_module(plan_of(folder), _Unread(), Precision.FLOAT32)
    assert str(folder) in str(raised.value)


@pytest.mark.parametrize(
    ("part", "changes"),
    [
        ("clip", {"num_labels": 10**9}),
        ("clip_whole", {"text_config": {"num_hidden_layers": 10**9}}),
        ("clip", {"max_position_embeddings": 10**9}),
        ("wan_transformer", {"rope_max_seq_len": 10**9}),
        ("vae", {"layers_per_block": 10**9}),
    ],
)
def test_configs_that_ask_for_more_than_there_is(
    small_models: SmallModels, tmp_path: Path, part: str, changes: dict[str, Any]
) -> None:
    folder = copy_of(small_models.part(part), tmp_path)
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**config, **changes}))
    with pytest.raises(InvalidModelException, match="ValueError") as raised:
        make_module(plan_of(folder), _Unread(), Precision.FLOAT32)
    assert str(folder) in str(raised.value)


def test_a_scheduler_of_more_steps_than_any_has(small_models: SmallModels, tmp_path: Path) -> None:
    folder = copy_of(small_models.pipeline("sd1"), tmp_path)
    path = folder / "scheduler/scheduler_config.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "num_train_timesteps": 10**11}))
    with pytest.raises(InvalidModelException, match="num_train_timesteps is 1e"):
        load(folder, "scheduler")


def test_attention_is_computed_by_torch(small_models: SmallModels, tmp_path: Path) -> None:
    folder = copy_of(small_models.part("clip"), tmp_path)
    config = json.loads((folder / "config.json").read_text())
    for named, taken in [("flash_attention_2", "sdpa"), ("eager", "eager")]:
        (folder / "config.json").write_text(json.dumps({**config, "attn_implementation": named}))
        assert load(folder).config._attn_implementation == taken


def test_modules_that_are_called_tokenizers(small_models: SmallModels, tmp_path: Path) -> None:
    import diffusers

    with torch.random.fork_rng(devices=[]):
        made = diffusers.AceStepAudioTokenizer(
            hidden_size=16,
            intermediate_size=16,
            audio_acoustic_hidden_dim=8,
            fsq_dim=16,
            num_attention_pooler_hidden_layers=1,
            num_attention_heads=2,
            num_key_value_heads=1,
            head_dim=8,
        )
    made.save_pretrained(tmp_path / "audio")
    before = process_state()
    loaded = load(tmp_path / "audio", precision="float16")
    assert process_state() == before
    assert loaded.audio_acoustic_proj.weight.dtype == torch.float16
    assert torch.equal(
        loaded.audio_acoustic_proj.weight, made.audio_acoustic_proj.weight.to(torch.float16)
    )
    index = copy_of(small_models.pipeline("sd2"), tmp_path) / "model_index.json"
    listed = {**json.loads(index.read_text()), "tokenizer": ["diffusers", "AceStepAudioTokenizer"]}
    index.write_text(json.dumps(listed))
    with pytest.raises(InvalidModelException, match="is a class of modules"):
        load(index.parent, "tokenizer")


def test_classes_that_draw_without_asking_keep_their_weights(tmp_path: Path) -> None:
    from diffusers.pipelines.latent_diffusion import LDMBertModel

    numbers = {"encoder_layers": 1, "encoder_ffn_dim": 8, "encoder_attention_heads": 1}
    config = LDMBertModel.config_class(vocab_size=9, d_model=8, head_dim=8, **numbers)
    with torch.random.fork_rng(devices=[]):
        made = LDMBertModel(config)
    made.save_pretrained(tmp_path / "bert")
    listed = {"_class_name": "LDMTextToImagePipeline", "bert": ["latent_diffusion", "LDMBertModel"]}
    (tmp_path / "model_index.json").write_text(json.dumps(listed))
    loaded = load(tmp_path, "bert").state_dict()
    assert all(torch.equal(each, loaded[name]) for name, each in made.state_dict().items())


def test_schedulers_take_what_the_record_knows(small_models: SmallModels) -> None:
    folder = small_models.pipeline("sd1")
    known: dict[str, Any] = {"prediction_type": "v_prediction", "ztsnr_training": True}
    scheduler = load(folder, "scheduler", **known)
    assert type(scheduler).__name__ == "DDIMScheduler"
    assert scheduler.config.prediction_type == "v_prediction"
    assert scheduler.config.timestep_spacing == "trailing"
    assert scheduler.config.rescale_betas_zero_snr
    assert scheduler.alphas_cumprod[-1] < 1e-6


def test_the_record_reaches_the_module(small_models: SmallModels) -> None:
    unet = load(small_models.pipeline("sd1"), "unet", upcast_attention=True)
    assert unet.config.upcast_attention
    upcast = [each.upcast_attention for each in unet.modules() if hasattr(each, "to_q")]
    assert upcast
    assert all(upcast)


@pytest.mark.parametrize(
    ("part", "name"),
    [("tokenizer", "CLIPTokenizer"), ("tokenizer_2", "T5Tokenizer")],
)
def test_tokenizers_are_made_from_their_folder(
    small_models: SmallModels, part: str, name: str
) -> None:
    tokenizer = load(small_models.pipeline("flux"), part)
    assert type(tokenizer).__name__ == name
    tokens = tokenizer("ab", padding="max_length", max_length=8).input_ids
    assert len(tokens) == 8
    assert "ab" in tokenizer.decode(tokens, skip_special_tokens=True).replace(" ", "")


def test_processors_are_made_from_their_folder(small_models: SmallModels) -> None:
    processor = load(small_models.pipeline("sd1"), "feature_extractor")
    assert processor.size["shortest_edge"] == 30


def test_guidance_is_made_from_its_config(small_models: SmallModels, tmp_path: Path) -> None:
    folder = copy_of(small_models.pipeline("sd2"), tmp_path)
    index = json.loads((folder / "model_index.json").read_text())
    stated = {**index, "guider": ["diffusers", "ClassifierFreeGuidance"]}
    (folder / "model_index.json").write_text(json.dumps(stated))
    (folder / "guider").mkdir()
    (folder / "guider/guider_config.json").write_text('{"guidance_scale": 3.5}')
    assert load(folder, "guider").guidance_scale == 3.5


def test_helpers_are_made_without_the_network(
    small_models: SmallModels, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError("the network is asked")

    folder = small_models.pipeline("flux")
    checked = small_models.pipeline("sd1")
    monkeypatch.setattr(socket, "socket", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    for part in ("tokenizer", "tokenizer_2", "scheduler"):
        load(folder, part)
    load(checked, "feature_extractor")


@pytest.mark.parametrize("part", ["tokenizer", "tokenizer_2"])
def test_copies_of_tokenizers_do_the_same(small_models: SmallModels, part: str) -> None:
    tokenizer = load(small_models.pipeline("flux"), part)
    copied = bridge.own_copy(tokenizer)
    tokens = tokenizer("ab c").input_ids
    assert copied("ab c").input_ids == tokens
    assert copied.decode(tokens) == tokenizer.decode(tokens)
    copied.add_tokens(["abc"])
    assert len(copied) == len(tokenizer) + 1
    assert tokenizer("ab c").input_ids == tokens


def test_copies_of_schedulers_have_steps_of_their_own(small_models: SmallModels) -> None:
    scheduler = load(small_models.pipeline("sd2"), "scheduler")
    before = scheduler.timesteps.clone()
    copied = bridge.own_copy(scheduler)
    copied.set_timesteps(3)
    assert torch.equal(scheduler.timesteps, before)
    assert copied.config == scheduler.config


def test_helpers_with_damaged_files(small_models: SmallModels, tmp_path: Path) -> None:
    folder = copy_of(small_models.pipeline("sd2"), tmp_path)
    plan = plan_of(folder, "tokenizer")
    (folder / "tokenizer/tokenizer.json").write_text("{")
    with pytest.raises(InvalidModelException, match="tokenizer"):
        make_helper(plan)


def test_nothing_outside_changes(small_models: SmallModels) -> None:
    folder = small_models.pipeline("flux")
    parts = LOADER.parts(files_of(folder))
    for part in parts:
        load(folder, part, "bfloat16")  # what a class changes when it is first imported
    before = process_state()
    for part in parts:
        load(folder, part, "bfloat16")
    assert process_state() == before


def test_tied_weights_are_one(small_models: SmallModels) -> None:
    model = load(small_models.part("qwen2"))
    assert model.lm_head.weight is model.model.embed_tokens.weight
    assert load(small_models.part("llama")).lm_head.weight is not None


def test_what_a_class_computes_from_weights_can_be_copied(small_models: SmallModels) -> None:
    vae = load(small_models.part("audio_vae"))
    sound = torch.zeros(1, 1, 64)
    with torch.no_grad():
        assert torch.equal(
            copy.deepcopy(vae).encode(sound).latent_dist.mean, vae.encode(sound).latent_dist.mean
        )


def test_the_parts_of_a_larger_model(small_models: SmallModels) -> None:
    folder = small_models.part("clip_whole")
    text, vision = load(folder, kind="clip_embed"), load(folder, kind="clip_vision")
    assert type(text).__name__ == "CLIPTextModel"
    assert type(vision).__name__ == "CLIPVisionModelWithProjection"
    encoder = load(small_models.part("t5_whole"), kind="t5_encoder")
    assert type(encoder).__name__ == "T5EncoderModel"


def test_old_names_are_still_known(small_models: SmallModels, tmp_path: Path) -> None:
    folder = copy_of(small_models.part("vae"), tmp_path)
    old = {"to_q": "query", "to_k": "key", "to_v": "value", "to_out.0": "proj_attn"}
    tensors = load_file(folder / VAE_WEIGHTS)
    for new, name in old.items():
        tensors = {key.replace(f".{new}.", f".{name}."): each for key, each in tensors.items()}
    assert any(".query." in name for name in tensors)
    save_file(tensors, folder / VAE_WEIGHTS)
    expected = load(small_models.part("vae")).state_dict()
    assert all(
        torch.equal(each, expected[name]) for name, each in load(folder).state_dict().items()
    )


def test_language_models_write_as_their_folder_says(
    small_models: SmallModels, tmp_path: Path
) -> None:
    folder = copy_of(small_models.part("llama"), tmp_path)
    path = folder / "generation_config.json"
    stated = json.loads(path.read_text())
    path.write_text(json.dumps({**stated, "max_new_tokens": 3, "eos_token_id": 7}))
    assert path in plan_of(folder).files
    model = load(folder)
    assert model.generation_config.eos_token_id == 7
    written = model.generate(torch.tensor([[1, 2]]), do_sample=False)
    assert written.shape[1] <= 5


def test_memory_that_is_not_there_is_no_fault_of_the_model(
    small_models: SmallModels, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise MemoryError

    plan = plan_of(small_models.part("vae"))
    monkeypatch.setattr(bridge, "skeleton", refuse)
    with pytest.raises(MemoryError):
        make_module(plan, _Unread(), Precision.FLOAT32)
