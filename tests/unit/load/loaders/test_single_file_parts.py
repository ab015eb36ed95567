"""Parts of models in one file, made of the bytes of that part alone."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from modelkeep.errors import InvalidModelException
from modelkeep.load.assets import ASSETS
from modelkeep.load.loader import PrecisionOf
from modelkeep.load.model_files import ModelFiles
from modelkeep.load.plan import TensorPlace
from modelkeep.load.precision import Precision
from support import ldm_files
from support.loading import files_of, load, loader_of, random_tensors, write_tensors
from support.small_models import SmallModels

torch = pytest.importorskip("torch")
pytestmark = [pytest.mark.torch, pytest.mark.slow]

Tensors = dict[str, Any]


class _Counting:
    """Reads as the loading stage does, and keeps what was asked for."""

    def __init__(self) -> None:
        self.places: list[TensorPlace] = []

    def read(self, places: Mapping[str, TensorPlace], precision_of: PrecisionOf) -> Tensors:
        from modelkeep.load.tensors import TensorReader

        self.places += places.values()
        return TensorReader().read(places, precision_of)


def _same(one: Any, other: Any) -> None:
    ours, theirs = one.state_dict(), other.state_dict()
    assert ours.keys() == theirs.keys()
    assert all(torch.equal(ours[name], theirs[name]) for name in ours)


@pytest.mark.parametrize("model", ldm_files.MODELS, ids=lambda model: model.base)
def test_only_the_bytes_of_the_part_are_read(tmp_path: Path, model: ldm_files.LdmModel) -> None:
    files = model.files(tmp_path)
    loader = loader_of(files)
    for part in ("unet", "vae", *(each for each in model.diffusers if "encoder" in each)):
        source = _Counting()
        plan = loader.plan(files, part)
        module: Any = loader.make(plan, source, Precision.FLOAT32)
        assert source.places == list(plan.tensors.values()), "each once, in file order"
        numbers = sum(tensor.numel() for tensor in module.state_dict().values())
        assert sum(place.count for place in source.places) == numbers
        assert not module.training
        assert not any(parameter.requires_grad for parameter in module.parameters())


def _pickled(files: ModelFiles, name: str, tensors: Tensors, **how: Any) -> ModelFiles:
    path = files.path.with_name(name)
    torch.save({"state_dict": tensors, "global_step": 470000, "epoch": 4}, path, **how)
    return replace(files, path=path)


def test_pickles_and_copies_of_training_give_the_same_parts(tmp_path: Path) -> None:
    model = ldm_files.SD1
    files = model.files(tmp_path)
    tensors = random_tensors(model.shapes)
    copies = {
        f"model_ema.{name.removeprefix('model.').replace('.', '')}": tensor + 1
        for name, tensor in tensors.items()
        if name.startswith("model.")
    }
    write_tensors(tmp_path / "ema.safetensors", copies | tensors)
    others = (
        replace(files, path=tmp_path / "ema.safetensors"),
        _pickled(files, "wrapped.ckpt", tensors),
        _pickled(files, "legacy.ckpt", tensors, _use_new_zipfile_serialization=False),
    )
    for part in ("unet", "vae", "text_encoder"):
        ours = load(files, part)
        for other in others:
            _same(ours, load(other, part))


def test_text_encoders_of_a_whole_flux_file(tmp_path: Path, small_models: SmallModels) -> None:
    import transformers

    clip = small_models.module("clip")
    config = {"vocab_size": 64, "d_model": 32, "d_ff": 48, "num_layers": 2, "num_heads": 2}
    t5 = transformers.T5EncoderModel(
        transformers.T5Config(**config, feed_forward_proj="gated-gelu", d_kv=64)
    ).eval()
    tensors: Tensors = {"double_blocks.0.img_attn.qkv.weight": torch.zeros(1)}
    for name, tensor in clip.state_dict().items():
        tensors[f"text_encoders.clip_l.transformer.text_model.{name}"] = tensor
    for name, tensor in t5.state_dict().items():
        if name != "encoder.embed_tokens.weight":
            tensors[f"text_encoders.t5xxl.transformer.{name}"] = tensor
    path = write_tensors(tmp_path / "m.safetensors", tensors)
    files = files_of(path, type="main", format="checkpoint", base="flux")
    _same(load(files, "text_encoder"), clip)
    found = load(files, "text_encoder_2", Precision.FLOAT16)
    assert found.shared.weight is found.encoder.embed_tokens.weight
    kept = {name for name, it in found.state_dict().items() if it.dtype is torch.float32}
    assert kept == {name for name in t5.state_dict() if ".wo." in name}, "they overflow"


def test_schedulers_are_as_the_model_was_trained(tmp_path: Path) -> None:
    files = ldm_files.SD1.files(tmp_path, prediction_type="v_prediction", ztsnr_training=True)
    first, second = load(files, "scheduler"), load(files, "scheduler")
    assert first is not second
    assert type(first).__name__ == "DDIMScheduler"
    assert first.config.prediction_type == "v_prediction"
    assert first.alphas_cumprod[-1] == 0
    assert first.config.beta_start == 0.001, "as its configuration says"


def test_tokenizers_are_made_of_assets(tmp_path: Path, small_models: SmallModels) -> None:
    files = replace(ldm_files.SDXL.files(tmp_path), assets=tmp_path / "assets")
    known = small_models.part("clip_tokenizer") / "tokenizer.json"
    folder = tmp_path / "assets" / "clip"
    folder.mkdir(parents=True)
    words = json.loads(known.read_text())["model"]["vocab"]
    (folder / "vocab.json").write_text(json.dumps(words))
    (folder / "merges.txt").write_text("#version: 0.2\n")
    assert ASSETS["clip"].is_in(folder)
    end, filler = words["<|endoftext|>"], words["!"]
    for part, pad in (("tokenizer", end), ("tokenizer_2", filler)):
        tokenizer = load(files, part)
        ids = tokenizer("a b", padding="max_length", truncation=True)["input_ids"]
        assert len(ids) == tokenizer.model_max_length == 77
        assert ids[3:5] == [end, pad]
        assert tokenizer is not load(files, part)


def test_vaes_without_what_training_leaves(tmp_path: Path) -> None:
    tensors = random_tensors(ldm_files.vae_shapes())
    more = {"loss.logvar": torch.zeros(1), "model_ema.decay": torch.zeros(1)}
    more["model_ema.encoder.conv_in.weight"] = torch.zeros(3)
    plain = _vae(tmp_path / "a.safetensors", tensors)
    _same(load(plain), load(_vae(tmp_path / "b.safetensors", tensors | more)))


def test_vaes_in_names_of_diffusers_old_ones_too(tmp_path: Path) -> None:
    module = load(_vae(tmp_path / "ldm.safetensors", random_tensors(ldm_files.vae_shapes())))
    tensors = {name: tensor.clone() for name, tensor in module.state_dict().items()}
    former = {"to_q": "query", "to_k": "key", "to_v": "value", "to_out.0": "proj_attn"}
    old = {}
    for name, tensor in tensors.items():
        found = [new for new in former if "attentions" in name and f".{new}." in name]
        old[name.replace(found[0], former[found[0]]) if found else name] = tensor
    assert old.keys() != tensors.keys()
    _same(load(_vae(tmp_path / "new.safetensors", tensors)), module)
    _same(load(_vae(tmp_path / "old.safetensors", old)), module)


def _vae(path: Path, tensors: Tensors) -> ModelFiles:
    return ldm_files.install(path, tensors, ldm_files.SD1, type="vae")


def test_schedulers_of_noise_levels_can_be_made(tmp_path: Path) -> None:
    for name, kind in (
        ("edm_mean", "EDMDPMSolverMultistepScheduler"),
        ("edm_vpred.sigma_max", "EDMEulerScheduler"),
    ):
        path = write_tensors(tmp_path / f"{kind}.safetensors", {name: torch.zeros(4)})
        files = files_of(path, type="main", format="checkpoint", base="sdxl")
        assert type(load(files, "scheduler")).__name__ == kind


def test_tiny_vaes(tmp_path: Path) -> None:
    import diffusers

    tiny = diffusers.AutoencoderTiny()
    own = dict(tiny.state_dict())
    original = {}
    for name, tensor in own.items():
        half, _, rest = name.partition(".layers.")
        number, _, end = rest.partition(".")
        original[f"taesd_{half}.{int(number) + (half == 'decoder')}.{end}"] = tensor
    for number, tensors in enumerate((own, original)):
        path = write_tensors(tmp_path / f"{number}.safetensors", tensors)
        files = files_of(path, type="vae", format="checkpoint", base="sd-1")
        _same(load(files), tiny)
    half = {name: it for name, it in original.items() if name.startswith("taesd_decoder")}
    alone = {name.removeprefix("taesd_decoder."): tensor for name, tensor in half.items()}
    for number, tensors in enumerate((half, alone), 2):
        path = write_tensors(tmp_path / f"{number}.safetensors", tensors)
        files = files_of(path, type="vae", format="checkpoint", base="sd-1")
        with pytest.raises(InvalidModelException, match=r"encoder|both halves"):
            load(files)
