"""Headers of any names and shapes are planned, or refused by errors of ours."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modelkeep.core.taxonomy import BaseModelType
from modelkeep.errors import InvalidModelException, ModelKeepError
from modelkeep.identification.adapters import SUFFIXES
from modelkeep.load.lora_modules import modules_of
from modelkeep.load.plan import TensorPlace
from sample_models import typed, write_safetensors
from support.loading import files_of, plan_of
from support.rounds import rounds

_SHAPES = st.one_of(
    st.sampled_from([(768,), (2, 768), (2, 1280), (3, 4096), (8, 192, 3, 3), (768, 3, 14, 14)]),
    st.lists(st.integers(0, 9), max_size=5).map(tuple),
)
_T5_LAYER = "encoder.block.0.layer.0.SelfAttention"
_MOTION = "down_blocks.0.motion_modules.0.temporal_transformer"
#: Names that loaders look at, by the type of record.
_NAMES: dict[str, tuple[str, ...]] = {
    "embedding": (
        "emb_params", "clip_l", "clip_g", "t5_out", "<cat>", "cat", "x.weight",
        "string_to_param.*", "string_to_param.dog", "string_to_token.*",
    ),
    "ip_adapter": (
        "image_proj.proj.weight", "image_proj.latents", "image_proj.proj.0.weight",
        "ip_adapter.1.to_k_ip.weight", "ip_adapter.1.to_v_ip.weight", "ip_adapter.1.to_k_ip",
        "ip_adapter_proj_model.proj.weight", "x",
    ),
    "t2i_adapter": (
        "conv_in.weight", "adapter.conv_in.weight", "body.0.in_conv.weight", "body.0.block1.weight",
        "body.2.in_conv.weight", "body.0.resnets.0.block1.weight", "body.0.out_conv.weight",
        "body.", "body.x", "body.0.body.0.block1.weight",
    ),
    "motion_module": (
        f"{_MOTION}.norm.weight", "conv_in.weight", "mid_block.motion_modules.0.norm.weight",
        f"{_MOTION}.transformer_blocks.0.attention_blocks.0.pos_encoder.pe",
        f"{_MOTION}.transformer_blocks.0.attention_blocks.1.pos_encoder.pe",
    ),
    "t5_encoder": (
        f"{_T5_LAYER}.k.weight", f"{_T5_LAYER}.relative_attention_bias.weight", "shared.weight",
        "encoder.embed_tokens.weight", "encoder.block.0.layer.1.DenseReluDense.wi.weight",
    ),
    "clip_embed": (
        "text_model.embeddings.token_embedding.weight", "token_embedding.weight",
        "text_projection", "text_model.embeddings.position_embedding.weight",
        "transformer.resblocks.0.mlp.c_fc.weight", "positional_embedding",
    ),
    "clip_vision": (
        "vision_model.embeddings.patch_embedding.weight", "embeddings.patch_embedding.weight",
        "vision_model.embeddings.class_embedding", "visual_projection.weight",
        "vision_model.embeddings.position_embedding.weight",
        "vision_model.encoder.layers.0.mlp.fc1.weight",
    ),
    "upscaler": ("params.x", "params_ema.x", "x", "body.99999999.weight", "body.0.weight"),
}  # fmt: skip
_FORMS = {"embedding": "embedding_file"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("headers")


@given(st.data())
@settings(max_examples=rounds(60))
@pytest.mark.parametrize("kind", _NAMES)
def test_a_header_is_planned_or_refused(kind: str, folder: Path, data: st.DataObject) -> None:
    base = data.draw(st.sampled_from(["sd-1", "sd-3", "flux", "any"]))
    shapes = data.draw(st.dictionaries(st.sampled_from(_NAMES[kind]), _SHAPES))
    path = write_safetensors(folder / f"{kind}.safetensors", typed(shapes))

    with suppress(ModelKeepError):
        plan = plan_of(files_of(path, type=kind, format=_FORMS.get(kind, "checkpoint"), base=base))
        assert all(place.shape in shapes.values() for place in plan.tensors.values())


@given(st.dictionaries(st.sampled_from(sorted(SUFFIXES)), _SHAPES))
@settings(max_examples=rounds(200))
def test_every_tensor_of_a_lora_has_its_place(shapes: dict[str, tuple[int, ...]]) -> None:
    places = {
        f"lora_unet_x.{name}": TensorPlace(Path("x"), 0, "F16", shape)
        for name, shape in shapes.items()
    }
    with suppress(InvalidModelException):
        modules, others = modules_of(places, BaseModelType.StableDiffusion1, "it")
        named = [name for module in modules for name in module.names.values()]
        assert sorted([*named, *others]) == sorted(places)
