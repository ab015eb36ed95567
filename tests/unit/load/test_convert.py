"""Conversions of names: nothing is copied that can be a view, and nothing is lost in silence."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modelkeep.errors import InvalidModelException
from modelkeep.load.plan import LoadPlan
from sample_models import (
    SDXL,
    Shapes,
    UNet,
    diffusers_controlnet,
    diffusers_unet,
    diffusers_vae,
    flux_transformer,
    ldm_controlnet,
    ldm_unet,
    ldm_vae,
)
from support import ldm_files
from support.loading import plan_of, random_tensors
from support.rounds import rounds

torch = pytest.importorskip("torch")
convert = pytest.importorskip("modelkeep.load.convert").convert
pytestmark = pytest.mark.torch

Tensors = dict[str, Any]


def _tensors(plan: LoadPlan) -> Tensors:
    start = len(plan.strip)
    return random_tensors({name[start:]: place.shape for name, place in plan.tensors.items()})


def _copied(before: Tensors, after: Tensors) -> set[str]:
    """Return the names whose numbers lie in memory of their own."""
    places = {tensor.untyped_storage().data_ptr() for tensor in before.values()}
    return {n for n, t in after.items() if t.untyped_storage().data_ptr() not in places}


@pytest.mark.parametrize("model", ldm_files.MODELS, ids=lambda model: model.base)
def test_nothing_is_copied_but_the_projection_that_is_turned(
    tmp_path: Path, model: ldm_files.LdmModel
) -> None:
    files = model.files(tmp_path)
    for part in ("unet", "vae", *(each for each in model.diffusers if "encoder" in each)):
        plan = plan_of(files, part)
        tensors = _tensors(plan)
        found = convert(plan, dict(tensors))
        turned = {"text_projection.weight"} if part == "text_encoder_2" else set()
        assert _copied(tensors, found) == turned, part
        assert all(tensor.is_contiguous() for tensor in found.values())


def _plan(conversion: str, **config: Any) -> LoadPlan:
    return LoadPlan("test", "part", "diffusers", "Some", config, conversion=conversion)


def test_flux_is_split_into_views() -> None:
    one = torch.zeros(1)
    tensors = {name: one.expand(shape) for name, shape in flux_transformer().items()}
    found = convert(_plan("flux"), dict(tensors))
    assert _copied(tensors, found) == {"norm_out.linear.weight", "norm_out.linear.bias"}
    assert found["single_transformer_blocks.37.proj_mlp.weight"].shape == (4 * 3072, 3072)
    other = {name.replace("_norm.scale", "_norm.weight"): it for name, it in tensors.items()}
    assert convert(_plan("flux"), other).keys() == found.keys()


def test_the_projection_of_open_clip_is_turned() -> None:
    tensors = random_tensors({"text_projection": (128, 64), "token_embedding.weight": (5, 128)})
    found = convert(_plan("open_clip", hidden_size=128), dict(tensors))
    assert torch.equal(found["text_projection.weight"], tensors["text_projection"].T)


def test_the_attention_of_open_clip_is_split_by_its_own_width() -> None:
    name = "transformer.resblocks.0.attn.in_proj_weight"
    tensors = random_tensors({"text_projection": (128, 64), name: (384, 128)})
    found = convert(_plan("open_clip", hidden_size=128), dict(tensors))
    block = "text_model.encoder.layers.0.self_attn"
    parts = [found[f"{block}.{one}_proj.weight"] for one in "qkv"]
    assert torch.equal(torch.cat(parts), tensors[name])
    assert [part.shape for part in parts] == [(128, 128)] * 3


def test_clip_gets_the_beginning_that_some_files_leave_out() -> None:
    short = random_tensors({"embeddings.position_embedding.weight": (7, 8)})
    whole = {f"text_model.{name}": tensor for name, tensor in short.items()}
    assert convert(_plan("clip"), short).keys() == convert(_plan("clip"), whole).keys()


def test_a_controlnet_of_sdxl_keeps_its_sizes() -> None:
    tensors = {n: torch.empty(s, device="meta") for n, s in ldm_controlnet(SDXL).items()}
    found = convert(_plan("ldm_controlnet", layers_per_block=2), tensors)
    assert found["add_embedding.linear_1.weight"].shape == (1280, 2816)
    assert not [name for name in found if "label_emb" in name]


def test_a_tiny_vae_is_numbered_anew() -> None:
    names = ["taesd_encoder.0.weight", "taesd_decoder.1.weight", "taesd_decoder.3.conv.0.weight"]
    found = convert(_plan("taesd"), random_tensors(dict.fromkeys(names, (2,))))
    assert list(found) == [
        "encoder.layers.0.weight",
        "decoder.layers.0.weight",
        "decoder.layers.2.conv.0.weight",
    ]


@st.composite
def _unets(draw: st.DrawFn) -> UNet:
    levels = draw(st.integers(2, 4))
    depths = draw(st.lists(st.integers(0, 3), min_size=levels, max_size=levels).filter(any))
    factors = draw(st.lists(st.integers(1, 4), min_size=levels, max_size=levels))
    return UNet(
        32,
        tuple(factors),
        tuple(depths),
        draw(st.sampled_from([64, 768])),
        inputs=draw(st.integers(3, 12)),
        extra=draw(st.sampled_from([0, 80])),
        linear=draw(st.booleans()),
        resnets=draw(st.integers(1, 3)),
    )


def _shapes(conversion: str, shapes: Shapes, **config: Any) -> Shapes:
    tensors = {name: torch.empty(shape, device="meta") for name, shape in shapes.items()}
    found = convert(_plan(conversion, **config), tensors)
    return {name: tuple(tensor.shape) for name, tensor in found.items()}


@settings(max_examples=rounds(20))
@given(unet=_unets())
def test_unets_of_any_form_get_the_names_of_diffusers(unet: UNet) -> None:
    config: dict[str, Any] = {"layers_per_block": unet.resnets}
    if unet.extra:
        config["addition_embed_type"] = "text_time"
    assert _shapes("ldm_unet", ldm_unet(unet), **config) == diffusers_unet(unet)
    controlnet = _shapes("ldm_controlnet", ldm_controlnet(unet), **config)
    assert controlnet == diffusers_controlnet(unet)


@pytest.mark.parametrize("channels", [4, 16])
def test_vaes_get_the_names_of_diffusers(channels: int) -> None:
    blocks = {"down_block_types": [""] * 4, "up_block_types": [""] * 4}
    assert _shapes("ldm_vae", ldm_vae(channels), **blocks) == diffusers_vae(channels)


@pytest.mark.parametrize("device", ["meta", "cpu"])
def test_a_tensor_that_has_no_place_is_named(device: str) -> None:
    config = {"down_block_types": [""] * 4, "up_block_types": [""] * 4}
    plan = _plan("ldm_vae", **config)
    tensors = {name: torch.zeros(1, device=device) for name in ldm_vae()}
    tensors["encoder.mid.attn_1.q.weight"] = torch.zeros(2, 2, 1, 1, device=device)
    assert len(convert(plan, dict(tensors))) == len(tensors)
    more = {f"decoder.odd.{number}": torch.zeros(1, device=device) for number in range(7)}
    with pytest.raises(InvalidModelException) as caught:
        convert(plan, tensors | more)
    assert "has tensors that Some has not: decoder.odd.0, decoder.odd.1" in str(caught.value)
    assert "and 2 more" in str(caught.value)


@pytest.mark.parametrize("conversion", ["ldm_unet", "ldm_vae", "ldm_controlnet", "flux"])
def test_other_names_are_one_clear_error(conversion: str) -> None:
    with pytest.raises(InvalidModelException, match="part") as caught:
        convert(_plan(conversion), {"input_blocks.1.0.in_layers.0.weight": torch.zeros(1)})
    assert caught.value.hint


def test_shapes_that_cannot_be_split_are_one_clear_error_and_no_memory_is_another() -> None:
    shapes = flux_transformer() | {"single_blocks.0.linear1.weight": (7, 3072)}
    outlines = {name: torch.empty(shape, device="meta") for name, shape in shapes.items()}
    with pytest.raises(InvalidModelException, match="form of Some"):
        convert(_plan("flux"), outlines)
    one = torch.zeros(1)
    with pytest.raises(RuntimeError):
        convert(_plan("flux"), {name: one.expand(shape) for name, shape in shapes.items()})
