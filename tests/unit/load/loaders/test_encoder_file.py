"""CLIP, SigLIP and T5 in one file: the classes of transformers, as their own names make them."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from modelkeep.errors import InvalidModelException, LoadError
from modelkeep.load.model_files import ModelFiles
from modelkeep.load.precision import Precision
from sample_models import open_clip_text, typed, write_safetensors
from support.loading import files_of, load, plan_of, random_tensors, write_tensors

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")
pytestmark = pytest.mark.torch

Tensors = dict[str, Any]


def _clip_text(width: int, *, has_projection: bool) -> Any:
    config = transformers.CLIPTextConfig(
        hidden_size=width, intermediate_size=64, num_hidden_layers=2, vocab_size=99,
        num_attention_heads=width // 64, hidden_act="quick_gelu" if width == 768 else "gelu",
        bos_token_id=0, eos_token_id=2, pad_token_id=1, projection_dim=width,
    )  # fmt: skip
    kind = "CLIPTextModelWithProjection" if has_projection else "CLIPTextModel"
    return getattr(transformers, kind)(config)


def _clip_vision(*, has_projection: bool) -> Any:
    config = transformers.CLIPVisionConfig(
        hidden_size=768, intermediate_size=64, num_hidden_layers=2, num_attention_heads=12,
        image_size=28, patch_size=14, projection_dim=32, hidden_act="quick_gelu",
    )  # fmt: skip
    kind = "CLIPVisionModelWithProjection" if has_projection else "CLIPVisionModel"
    return getattr(transformers, kind)(config)


def _siglip() -> Any:
    config = transformers.SiglipVisionConfig(
        hidden_size=768, intermediate_size=64, num_hidden_layers=2, num_attention_heads=12,
        image_size=32, patch_size=16,
    )  # fmt: skip
    return transformers.SiglipVisionModel(config)


def _t5(kind: str, feed_forward: str) -> Any:
    config = getattr(transformers, kind.replace("EncoderModel", "Config"))(
        d_model=32, d_kv=8, num_heads=3, d_ff=48, num_layers=2, vocab_size=99,
        feed_forward_proj=feed_forward, is_encoder_decoder=False, tie_word_embeddings=False,
    )  # fmt: skip
    return getattr(transformers, kind)(config)


#: What makes a module, the type of its record, and the settings that are compared.
CASES: dict[str, tuple[Any, str]] = {
    "clip-l": (lambda: _clip_text(768, has_projection=False), "clip_embed"),
    "clip-g": (lambda: _clip_text(1280, has_projection=True), "clip_embed"),
    "text encoder": (lambda: _clip_text(1024, has_projection=False), "text_encoder"),
    "vision": (lambda: _clip_vision(has_projection=True), "clip_vision"),
    "vision alone": (lambda: _clip_vision(has_projection=False), "clip_vision"),
    "siglip": (_siglip, "clip_vision"),
    "t5": (lambda: _t5("T5EncoderModel", "gated-gelu"), "t5_encoder"),
    "t5 of old": (lambda: _t5("T5EncoderModel", "relu"), "t5_encoder"),
    "umt5": (lambda: _t5("UMT5EncoderModel", "gated-gelu"), "text_encoder"),
}
#: Settings that say how a module was saved, or that this module does not use.
_NOT_COMPARED = re.compile(
    r"dtype|_name_or_path|architectures|.*token.*|transformers_.*|use_cache|projection_dim|"
    r"num_decoder_layers|initializer.*|classifier_dropout"
)


def _saved(module: Any, folder: Path) -> Path:
    """Return the file that transformers writes."""
    module.save_pretrained(folder)
    path: Path = folder / "model.safetensors"
    return path


def _files(path: Path, kind: str, base: str = "any") -> ModelFiles:
    return files_of(path, type=kind, format="checkpoint", base=base)


def _is_equal(mine: Any, theirs: Any) -> bool:
    ours, given = mine.state_dict(), theirs.state_dict()
    return ours.keys() == given.keys() and all(torch.equal(ours[n], given[n]) for n in given)


@pytest.mark.parametrize("case", CASES)
@pytest.mark.slow
def test_a_file_becomes_the_class_that_wrote_it(case: str, tmp_path: Path) -> None:
    torch.manual_seed(1)
    make, kind = CASES[case]
    made = make().eval()

    encoder = load(_files(_saved(made, tmp_path), kind))

    assert type(encoder) is type(made)
    assert _is_equal(encoder, made)
    ours, theirs = encoder.config.to_dict(), made.config.to_dict()
    names = {name for name in theirs if not _NOT_COMPARED.fullmatch(name)}
    assert {name: ours.get(name) for name in names} == {name: theirs[name] for name in names}
    assert not any(tensor.is_meta for tensor in (*encoder.parameters(), *encoder.buffers()))


def test_t5_keeps_its_sensitive_layer_in_32_bits(tmp_path: Path) -> None:
    path = _saved(_t5("T5EncoderModel", "gated-gelu"), tmp_path)
    encoder = load(_files(path, "t5_encoder"), precision=Precision.FLOAT16)

    types = {name.split(".")[-2]: tensor.dtype for name, tensor in encoder.named_parameters()}
    assert (types["wo"], types["wi_0"]) == (torch.float32, torch.float16)


@pytest.mark.parametrize("name", ["shared.weight", "encoder.embed_tokens.weight"])
def test_t5_may_name_its_vocabulary_in_two_ways(name: str, tmp_path: Path) -> None:
    made = _t5("T5EncoderModel", "gated-gelu")
    tensors: Tensors = dict(made.state_dict())
    words = tensors.pop("shared.weight")
    del tensors["encoder.embed_tokens.weight"]
    path = write_tensors(tmp_path / "t5xxl_fp16.safetensors", tensors | {name: words})

    assert _is_equal(load(_files(path, "t5_encoder")), made)


@pytest.mark.parametrize(
    ("width", "kind"), [(1280, "CLIPTextModelWithProjection"), (1024, "CLIPTextModel")]
)
def test_names_of_open_clip_become_those_of_transformers(
    width: int, kind: str, tmp_path: Path
) -> None:
    block = "transformer.resblocks.0.mlp"
    smaller = {
        "token_embedding.weight": (99, width), f"{block}.c_fc.weight": (64, width),
        f"{block}.c_fc.bias": (64,), f"{block}.c_proj.weight": (width, 64),
    }  # fmt: skip
    beside = {"visual.conv1.weight": (2, 2), "attn_mask": (77, 77)}
    tensors = random_tensors({**open_clip_text(width, 1), **smaller, **beside})

    encoder = load(_files(write_tensors(tmp_path / "m.safetensors", tensors), "clip_embed"))

    assert type(encoder).__name__ == kind
    ours = {n.removeprefix("text_model."): t for n, t in encoder.state_dict().items()}
    key = ours["encoder.layers.0.self_attn.k_proj.weight"]
    packed = tensors["transformer.resblocks.0.attn.in_proj_weight"]
    assert torch.equal(key, packed[width : 2 * width])
    if width == 1280:
        assert torch.equal(ours["text_projection.weight"], tensors["text_projection"].T)


@pytest.mark.parametrize(("base", "layers"), [("any", 24), ("sd-2", 23)])
def test_sd_2_goes_without_the_last_layer(base: str, layers: int, tmp_path: Path) -> None:
    path = write_safetensors(tmp_path / "m.safetensors", typed(open_clip_text(1024, 24)))

    assert plan_of(_files(path, "clip_embed", base)).config["num_hidden_layers"] == layers


@pytest.mark.parametrize(
    ("base", "kind"), [("any", "CLIPTextModel"), ("sd-3", "CLIPTextModelWithProjection")]
)
def test_the_projection_of_clip_l_is_for_sd_3_alone(base: str, kind: str, tmp_path: Path) -> None:
    path = _saved(_clip_text(768, has_projection=True), tmp_path)

    assert type(load(_files(path, "clip_embed", base))).__name__ == kind


def test_what_lies_beside_an_encoder_is_left(tmp_path: Path) -> None:
    clip, t5 = _clip_text(768, has_projection=False), _t5("T5EncoderModel", "relu")
    text = {f"text_model.{name}": tensor for name, tensor in clip.state_dict().items()}
    words: Tensors = {n: t for n, t in t5.state_dict().items() if "embed_tokens" not in n}
    path = write_tensors(tmp_path / "both.safetensors", text | words)

    assert _is_equal(load(_files(path, "t5_encoder")), t5)
    assert _is_equal(load(_files(path, "clip_embed")), clip)


@pytest.mark.parametrize("prefix", ["text_encoders.t5xxl.transformer.", "odd."])
def test_prefixes_are_taken_off(prefix: str, tmp_path: Path) -> None:
    made = _t5("T5EncoderModel", "relu")
    tensors = {f"{prefix}{n}": t for n, t in made.state_dict().items() if "embed_tokens" not in n}
    path = write_tensors(tmp_path / "m.safetensors", tensors)
    files = files_of(path, type="t5_encoder", format="checkpoint", tensor_prefix=prefix)

    assert _is_equal(load(files), made)


#: Encoders in full, with what their published configs say.
_IN_FULL: dict[str, tuple[str, Any, dict[str, Any], str]] = {
    "t5-xxl": (
        "T5EncoderModel", "T5Config",
        {"d_model": 4096, "d_kv": 64, "num_heads": 64, "d_ff": 10240, "num_layers": 24,
         "vocab_size": 32128, "feed_forward_proj": "gated-gelu"},
        "t5_encoder",
    ),
    "clip-h vision": (
        "CLIPVisionModelWithProjection", "CLIPVisionConfig",
        {"hidden_size": 1280, "intermediate_size": 5120, "num_hidden_layers": 32,
         "num_attention_heads": 16, "patch_size": 14, "image_size": 224, "projection_dim": 1024,
         "hidden_act": "gelu"},
        "clip_vision",
    ),
    "siglip so400m": (
        "SiglipVisionModel", "SiglipVisionConfig",
        {"hidden_size": 1152, "intermediate_size": 4304, "num_hidden_layers": 27,
         "num_attention_heads": 16, "patch_size": 14, "image_size": 384},
        "clip_vision",
    ),
    "clip-g": (
        "CLIPTextModelWithProjection", "CLIPTextConfig",
        {"hidden_size": 1280, "intermediate_size": 5120, "num_hidden_layers": 32,
         "num_attention_heads": 20, "projection_dim": 1280, "hidden_act": "gelu",
         "vocab_size": 49408, "max_position_embeddings": 77},
        "clip_embed",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", _IN_FULL)
def test_settings_of_published_encoders_show(case: str, tmp_path: Path) -> None:
    kind, config, settings, of_type = _IN_FULL[case]
    with torch.device("meta"):
        module = getattr(transformers, kind)(getattr(transformers, config)(**settings))
    shapes = {name: tuple(tensor.shape) for name, tensor in module.named_parameters()}
    path = write_safetensors(tmp_path / "m.safetensors", typed(shapes))

    plan = plan_of(_files(path, of_type))

    assert plan.class_name == kind
    assert {name: plan.config[name] for name in settings} == settings


# -- refusals


@pytest.mark.parametrize(
    ("kind", "name", "tensor", "words"),
    [
        ("t5_encoder", "encoder.block.1.layer.0.SelfAttention.o.weight", None, ("lacks",)),
        ("t5_encoder", "encoder.final_layer_norm.weight", (5,), ("5 instead of 32",)),
        ("t5_encoder", "unknown.weight", (5,), ("unknown.weight",)),
        ("clip_embed", None, None, ("holds no encoder",)),
        ("clip_vision", None, None, ("holds no encoder",)),
    ],
)
def test_what_does_not_fit_is_refused(
    kind: str, name: str | None, tensor: Any, words: tuple[str, ...], tmp_path: Path
) -> None:
    made = _t5("T5EncoderModel", "relu").state_dict()
    tensors: Tensors = {n: t for n, t in made.items() if "embed_tokens" not in n and n != name}
    if name and tensor:
        tensors[name] = torch.rand(tensor)
    files = _files(write_tensors(tmp_path / "m.safetensors", tensors), kind)

    with pytest.raises(InvalidModelException) as caught:
        load(files)
    assert all(word in str(caught.value) for word in (*words, "m.safetensors"))
    assert caught.value.hint


@pytest.mark.parametrize(("kind", "width"), [("clip_embed", 512), ("clip_vision", 640)])
def test_an_encoder_of_unknown_width_is_refused(kind: str, width: int, tmp_path: Path) -> None:
    tensors = {
        "text_model.embeddings.token_embedding.weight": torch.rand(9, width),
        "vision_model.embeddings.patch_embedding.weight": torch.rand(width, 3, 14, 14),
    }
    path = write_tensors(tmp_path / "m.safetensors", tensors)

    with pytest.raises(InvalidModelException, match="no encoder that can be loaded"):
        plan_of(_files(path, kind))


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        ("clip_embed", "text_model.embeddings.token_embedding.weight"),
        ("clip_vision", "vision_model.embeddings.patch_embedding.weight"),
        ("t5_encoder", "encoder.block.0.layer.0.SelfAttention.k.weight"),
    ],
)
def test_a_tensor_without_dimensions_is_refused(kind: str, name: str, tmp_path: Path) -> None:
    path = write_tensors(tmp_path / "m.safetensors", {name: torch.rand(())})

    with pytest.raises(InvalidModelException, match=r"m\.safetensors"):
        load(_files(path, kind))


def test_weights_of_8_bits_are_for_later(tmp_path: Path) -> None:
    made = _t5("T5EncoderModel", "relu").state_dict()
    small = {n: t.to(torch.float8_e4m3fn) for n, t in made.items() if "embed_tokens" not in n}
    path = write_tensors(tmp_path / "m.safetensors", small)

    with pytest.raises(LoadError, match="quantised"):
        plan_of(_files(path, "t5_encoder"))
