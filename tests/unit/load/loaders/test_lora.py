"""LoRA and LyCORIS files: every spelling gives one, and nothing in a file is lost."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from modelkeep.core.taxonomy import BaseModelType
from modelkeep.errors import IncompleteModelError, InvalidModelException
from modelkeep.load.lora_modules import modules_of
from modelkeep.load.lora_weights import LoraModule, LoraWeights
from modelkeep.load.model_files import ModelFiles
from modelkeep.load.plan import TensorPlace
from modelkeep.load.precision import Precision
from support.loading import files_of, load, plan_of, random_tensors, write_tensors
from support.published import needed, published

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.torch

_PATH = "down_blocks.1.attentions.0.transformer_blocks.0.attn2.to_k"
_FLAT = _PATH.replace(".", "_")
_PAIR = {"down": (4, 8), "up": (6, 4)}
Shapes = dict[str, tuple[int, ...]]


def _file(tmp_path: Path, shapes: Shapes, base: str = "sd-1", **metadata: str) -> ModelFiles:
    path = write_tensors(tmp_path / "m.safetensors", random_tensors(shapes), **metadata)
    return files_of(path, type="lora", format="lycoris", base=base)


def _load(tmp_path: Path, shapes: Shapes, base: str = "sd-1", **metadata: str) -> LoraWeights:
    found = load(_file(tmp_path, shapes, base, **metadata))
    assert isinstance(found, LoraWeights)
    return found


def _only(weights: LoraWeights) -> LoraModule:
    [module] = weights.modules
    return module


@pytest.mark.parametrize(
    ("down", "up"),
    [
        (f"lora_unet_{_FLAT}.lora_down.weight", f"lora_unet_{_FLAT}.lora_up.weight"),
        (f"unet.{_PATH}.lora_A.weight", f"unet.{_PATH}.lora_B.weight"),
        (f"unet.{_PATH}.lora.down.weight", f"unet.{_PATH}.lora.up.weight"),
        (f"base_model.model.{_PATH}.lora_A.weight", f"base_model.model.{_PATH}.lora_B.weight"),
        (f"unet.{_PATH}.lora_A.default.weight", f"unet.{_PATH}.lora_B.default.weight"),
        (
            f"unet.{_PATH.replace('.to_k', '.processor.to_k')}_lora.down.weight",
            f"unet.{_PATH.replace('.to_k', '.processor.to_k')}_lora.up.weight",
        ),
        (
            "lora_unet_input_blocks_4_1_transformer_blocks_0_attn2_to_k.lora_down.weight",
            "lora_unet_input_blocks_4_1_transformer_blocks_0_attn2_to_k.lora_up.weight",
        ),
    ],
)
def test_every_spelling_gives_the_same_adapter(down: str, up: str, tmp_path: Path) -> None:
    files = _file(tmp_path, {down: (4, 8), up: (6, 4)})
    weights = load(files)

    module = _only(weights)
    assert (module.name, module.kind, module.rank) == (f"unet.{_FLAT}", "lora", 4)
    assert (module.alpha, module.scale, weights.others) == (None, 1.0, {})
    assert {name: tuple(t.shape) for name, t in module.tensors.items()} == _PAIR
    assert sorted(weights.tensors) == [f"unet.{_FLAT}.down", f"unet.{_FLAT}.up"]
    assert weights.bytes == plan_of(files).bytes == (4 * 8 + 6 * 4) * 4
    assert weights.components == ("unet",)
    assert weights.of("unet") == {_FLAT: module}


@pytest.mark.parametrize(
    ("name", "base", "component", "path"),
    [
        ("lora_te_text_model_layers_0_fc1", "sd-1", "text_encoder", "layers_0_fc1"),
        ("lora_te1_text_model_x", "sdxl", "text_encoder", "x"),
        ("lora_te2_text_model_x", "sdxl", "text_encoder_2", "x"),
        ("text_encoder_2.text_model.x", "sdxl", "text_encoder_2", "x"),
        ("lora_te3_encoder_block_0", "flux", "text_encoder_2", "encoder_block_0"),
        ("lora_te3_encoder_block_0", "sd-3", "text_encoder_3", "encoder_block_0"),
        ("text_encoders.t5xxl.transformer.x", "flux", "text_encoder_2", "x"),
        ("base_model.model.text_model.x", "sd-1", "text_encoder", "x"),
        ("lora_unet_double_blocks_0_img_attn_qkv", "flux", "transformer", None),
        ("diffusion_model.double_blocks.0.img_attn.qkv", "flux", "transformer", None),
        ("double_blocks.0.img_attn.qkv", "flux", "transformer", None),
        ("transformer.single_transformer_blocks.3.attn.to_q", "flux", "transformer",
         "single_transformer_blocks_3_attn_to_q"),
        ("lora_transformer_x_y", "flux", "transformer", "x_y"),
        ("lora_unet_x_y", "sd-cascade", "prior", "x_y"),
        ("lora_unet_input_blocks_1_1_x", "any", "unet", "down_blocks_0_attentions_0_x"),
        ("lora_unet_single_blocks_1_x", "any", "transformer", "single_blocks_1_x"),
    ],
)  # fmt: skip
def test_a_module_belongs_to_a_part_of_the_pipeline(
    name: str, base: str, component: str, path: str | None, tmp_path: Path
) -> None:
    shapes: Shapes = {f"{name}.lora_down.weight": (4, 8), f"{name}.lora_up.weight": (6, 4)}
    module = _only(_load(tmp_path, shapes, base))

    assert (module.component, module.path) == (component, path or "double_blocks_0_img_attn_qkv")


@pytest.mark.parametrize(
    ("sgm", "path"),
    [
        ("input_blocks_0_0", "conv_in"),
        ("input_blocks_1_0_in_layers_2", "down_blocks_0_resnets_0_conv1"),
        ("input_blocks_3_0_op", "down_blocks_0_downsamplers_0_conv"),
        ("input_blocks_8_1_proj_in", "down_blocks_2_attentions_1_proj_in"),
        ("middle_block_0_emb_layers_1", "mid_block_resnets_0_time_emb_proj"),
        ("middle_block_1_proj_out", "mid_block_attentions_0_proj_out"),
        ("middle_block_2_out_layers_3", "mid_block_resnets_1_conv2"),
        ("output_blocks_0_0_skip_connection", "up_blocks_0_resnets_0_conv_shortcut"),
        ("output_blocks_2_2_conv", "up_blocks_0_upsamplers_0_conv"),
        ("output_blocks_2_1_conv", "up_blocks_0_upsamplers_0_conv"),
        ("output_blocks_4_1_transformer_blocks_1_ff_net_2",
         "up_blocks_1_attentions_1_transformer_blocks_1_ff_net_2"),
        ("time_embed_2", "time_embedding_linear_2"),
        ("label_emb_0_0", "add_embedding_linear_1"),
        ("out_2", "conv_out"),
    ],
)  # fmt: skip
def test_blocks_of_the_original_unet_get_the_names_of_diffusers(
    sgm: str, path: str, tmp_path: Path
) -> None:
    name = f"lora_unet_{sgm}"
    shapes: Shapes = {f"{name}.lora_down.weight": (4, 8), f"{name}.lora_up.weight": (6, 4)}

    assert _only(_load(tmp_path, shapes, "sdxl")).path == path


_KINDS: dict[str, tuple[Shapes, str, int | None]] = {
    "locon": (
        {"lora_down.weight": (4, 8, 3, 3), "lora_up.weight": (6, 4, 1, 1), "alpha": ()},
        "lora", 4,
    ),
    "tucker": (
        {"lora_down.weight": (4, 8, 1, 1), "lora_mid.weight": (4, 4, 3, 3),
         "lora_up.weight": (6, 4, 1, 1)},
        "lora", 4,
    ),
    "with biases": (
        {"lora_A.weight": (4, 8), "lora_B.weight": (6, 4), "lora_B.bias": (6,), "diff_b": (6,)},
        "lora", 4,
    ),
    "dora": (
        {"lora_A.weight": (4, 8), "lora_B.weight": (6, 4), "lora_magnitude_vector": (6,)},
        "lora", 4,
    ),
    "loha": (
        {"hada_w1_a": (6, 4), "hada_w1_b": (4, 8), "hada_w2_a": (6, 4), "hada_w2_b": (4, 8)},
        "loha", 4,
    ),
    "loha with tucker": (
        {"hada_t1": (4, 4, 3, 3), "hada_w1_a": (4, 6), "hada_w1_b": (4, 8),
         "hada_t2": (4, 4, 3, 3), "hada_w2_a": (4, 6), "hada_w2_b": (4, 8)},
        "loha", 4,
    ),
    "lokr": ({"lokr_w1": (2, 2), "lokr_w2_a": (3, 4), "lokr_w2_b": (4, 4)}, "lokr", 4),
    "lokr, full": ({"lokr_w1": (2, 2), "lokr_w2": (3, 4), "alpha": ()}, "lokr", None),
    "lokr with tucker": (
        {"lokr_w1_a": (2, 4), "lokr_w1_b": (4, 2), "lokr_t2": (4, 4, 3, 3), "lokr_w2_a": (4, 3),
         "lokr_w2_b": (4, 4)},
        "lokr", 4,
    ),
    "glora": (
        {"a1.weight": (4, 8), "a2.weight": (8, 4), "b1.weight": (4, 8), "b2.weight": (6, 4)},
        "glora", 4,
    ),
    "oft": ({"oft_blocks": (2, 3, 3), "rescale": (6, 1), "alpha": ()}, "oft", None),
    "oft of parts": ({"oft_blocks.0": (2, 3, 3), "oft_blocks.1": (2, 3, 3)}, "oft", None),
    "peft oft": ({"oft_R.weight": (2, 6)}, "oft", None),
    "boft": ({"oft_blocks": (2, 2, 3, 3), "rescale": (6, 1)}, "boft", None),
    "peft boft": ({"boft_R": (1, 2, 4, 4), "boft_s": (6, 1)}, "boft", None),
    "ia3": ({"weight": (6,), "on_input": ()}, "ia3", None),
    "full": ({"diff": (6, 8), "diff_b": (6,)}, "full", None),
    "biases alone": ({"diff_b": (6,)}, "full", None),
    "norms": ({"w_norm": (6,), "b_norm": (6,)}, "full", None),
}  # fmt: skip


@pytest.mark.parametrize("case", _KINDS)
def test_every_kind_keeps_every_tensor(case: str, tmp_path: Path) -> None:
    shapes, kind, rank = _KINDS[case]
    named = {f"lora_unet_{_FLAT}.{name}": shape for name, shape in shapes.items()}
    module = _only(_load(tmp_path, named))

    assert (module.kind, module.rank, module.is_dora) == (kind, rank, case == "dora")
    written = random_tensors(named)
    kept = {**module.tensors}
    if "alpha" in shapes:
        kept["alpha"] = torch.tensor(module.alpha)
    assert len(kept) == len(written)
    left = [tensor for tensor in written.values() if not _is_in(tensor, list(kept.values()))]
    assert not left


def _is_in(tensor: Any, others: list[Any]) -> bool:
    return any(tensor.shape == other.shape and torch.equal(tensor, other) for other in others)


def test_alpha_and_rank_give_the_scale(tmp_path: Path) -> None:
    name = f"lora_unet_{_FLAT}"
    tensors = random_tensors({f"{name}.lora_down.weight": (4, 8), f"{name}.lora_up.weight": (6, 4)})
    tensors[f"{name}.alpha"] = torch.tensor(1.3)
    path = write_tensors(tmp_path / "m.safetensors", tensors)
    files = files_of(path, type="lora", format="lycoris", base="sd-1")

    module = _only(load(files, precision=Precision.BFLOAT16))

    assert module.alpha == pytest.approx(1.3, abs=1e-6)  # not rounded to the precision
    assert module.scale == pytest.approx(1.3 / 4, abs=1e-6)
    assert {tensor.dtype for tensor in module.tensors.values()} == {torch.bfloat16}


def test_diffusers_writes_alphas_in_the_header(tmp_path: Path) -> None:
    shapes: Shapes = {
        f"{place}.lora_{half}.weight": shape
        for place in ("unet.a.to_q", "unet.a.to_k", "text_encoder.b")
        for half, shape in {"A": (4, 8), "B": (6, 4)}.items()
    }
    config = {
        "unet.r": 4, "unet.lora_alpha": 8, "unet.alpha_pattern": {"a.to_k": 2},
        "text_encoder.lora_alpha": 2, "text_encoder.use_rslora": True,
    }  # fmt: skip
    weights = _load(tmp_path, shapes, lora_adapter_metadata=json.dumps(config))

    told = {module.name: (module.alpha, module.scale) for module in weights.modules}
    assert told == {
        "unet.a_to_q": (8, 2), "unet.a_to_k": (2, 0.5), "text_encoder.b": (2, 1.0)
    }  # fmt: skip


@pytest.mark.parametrize("stem", ["pytorch_lora_weights", "adapter_model", "anything"])
def test_a_folder_has_its_weights_in_one_file(stem: str, tmp_path: Path) -> None:
    shapes: Shapes = {
        f"base_model.model.{_PATH}.lora_A.weight": (4, 8),
        f"base_model.model.{_PATH}.lora_B.weight": (6, 4),
    }
    folder = tmp_path / "folder"
    write_tensors(folder / f"{stem}.safetensors", random_tensors(shapes))
    (folder / "optimizer.bin").touch()  # left over from the training
    (folder / "adapter_config.json").write_text('{"peft_type": "LORA", "lora_alpha": 2}')
    files = files_of(folder, type="lora", format="diffusers", base="sd-1")

    assert _only(load(files)).scale == 0.5
    assert {path.name for path in plan_of(files).files} == {
        f"{stem}.safetensors", "adapter_config.json"
    }  # fmt: skip


def test_what_belongs_to_no_module_is_kept_under_its_name(tmp_path: Path) -> None:
    shapes: Shapes = {
        f"lora_unet_{_FLAT}.lora_down.weight": (4, 8),
        f"lora_unet_{_FLAT}.lora_up.weight": (6, 4),
        "bundle_emb.cat.clip_l": (2, 8),
        "lora_unet_other.alpha": (),
    }
    weights = _load(tmp_path, shapes)

    assert set(weights.others) == {"bundle_emb.cat.clip_l", "lora_unet_other.alpha"}
    assert "others.bundle_emb.cat.clip_l" in weights.tensors
    assert len(weights.tensors) == len(shapes)


def test_a_control_lora_of_stability_has_short_names(tmp_path: Path) -> None:
    shapes: Shapes = {
        "lora_controlnet": (0,),
        "input_hint_block.0.weight": (16, 3, 3, 3),
        "input_blocks.4.1.transformer_blocks.0.attn2.to_k.down": (4, 8),
        "input_blocks.4.1.transformer_blocks.0.attn2.to_k.up": (6, 4),
    }
    path = write_tensors(tmp_path / "m.safetensors", random_tensors(shapes))
    weights = load(files_of(path, type="control_lora", format="lycoris", base="sdxl"))

    assert _only(weights).name == f"unet.{_FLAT}"
    assert set(weights.others) == {"lora_controlnet", "input_hint_block.0.weight"}


def test_another_device_or_precision_is_another_object(tmp_path: Path) -> None:
    name = f"lora_unet_{_FLAT}"
    weights = _load(
        tmp_path, {f"{name}.lora_down.weight": (4, 8), f"{name}.lora_up.weight": (6, 4)}
    )

    half = weights.to(torch.float16)

    assert {tensor.dtype for tensor in half.tensors.values()} == {torch.float16}
    assert {tensor.dtype for tensor in weights.tensors.values()} == {torch.float32}
    assert (half.bytes, _only(half).name) == (weights.bytes // 2, _only(weights).name)


_DOWN, _UP = f"lora_unet_{_FLAT}.lora_down.weight", f"lora_unet_{_FLAT}.lora_up.weight"


@pytest.mark.parametrize(
    ("shapes", "words"),
    [
        ({_DOWN: (4, 8)}, ("has no up", _DOWN)),
        ({_DOWN: (4, 8), _UP: (6, 5)}, ("do not fit", "[4, 8]", "[6, 5]")),
        ({_DOWN: (4, 8), _UP: ()}, ("do not fit",)),
        ({_DOWN: (4, 8), _UP: (6, 4), f"lora_unet_{_FLAT}.alpha": (2,)}, ("not one number",)),
        ({_DOWN: (4, 8), _UP: (6, 4), f"lora_unet_{_FLAT}.hada_w1_a": (4, 6)}, ("mixes",)),
        ({_DOWN: (4, 8), _UP: (6, 4), f"unet.{_PATH}.lora_A.weight": (4, 8)}, ("twice", _DOWN)),
        ({f"lora_unet_{_FLAT}.hada_w1_a": (6, 4)}, ("has no w1_b",)),
        ({f"lora_unet_{_FLAT}.lokr_w1_a": (6, 4)}, ("has no w1 and no w1_b",)),
        ({f"x.lokr_{n}": (4, 4) for n in ("w1", "w2", "t2")}, ("t2 [4, 4], no w2_a",)),
        ({f"x.lokr_{n}": (4, 4) for n in ("w1", "w2", "w1_a")}, ("w1_a [4, 4], no w1_b",)),
        ({f"lora_unet_{_FLAT}.rescale": (6, 4)}, ("has no blocks",)),
        ({f"x.{n}.weight": (2, 3) for n in ("a1", "a2", "b1", "b2")}, ("do not fit",)),
        ({"some.weight": (4, 8)}, ("holds no LoRA", "some.weight")),
    ],
)
def test_what_is_wrong_is_said_before_anything_is_read(
    shapes: Shapes, words: tuple[str, ...], tmp_path: Path
) -> None:
    files = _file(tmp_path, shapes)
    with pytest.raises(InvalidModelException) as caught:
        plan_of(files)

    assert all(word in str(caught.value) for word in (*words, "m.safetensors"))
    assert caught.value.hint


@pytest.mark.parametrize(
    "written", ["[]", "{", '{"unet.lora_alpha": "x"}', '{"x.alpha_pattern": {"a|b": 1}}']
)
def test_strengths_that_cannot_be_used_are_refused(written: str, tmp_path: Path) -> None:
    files = _file(tmp_path, {_DOWN: (4, 8), _UP: (6, 4)}, lora_adapter_metadata=written)

    with pytest.raises(InvalidModelException, match=r"m\.safetensors"):
        plan_of(files)


def test_a_folder_without_weights_is_incomplete(tmp_path: Path) -> None:
    (tmp_path / "adapter_config.json").write_text("{}")
    files = files_of(tmp_path, type="lora", format="diffusers", base="sd-1")
    with pytest.raises(IncompleteModelError, match="pytorch_lora_weights"):
        plan_of(files)

    write_tensors(tmp_path / "a.safetensors", random_tensors({_DOWN: (4, 8), _UP: (6, 4)}))
    write_tensors(tmp_path / "b.safetensors", random_tensors({_DOWN: (4, 8), _UP: (6, 4)}))
    with pytest.raises(IncompleteModelError, match="2 files"):
        plan_of(files)


@needed
@pytest.mark.parametrize(
    ("name", "base", "component"),
    [
        ("LoRA-v1-CLIP", "sd-1", "text_encoder"),
        ("LoRA-v1A-UNET", "sd-1", "unet"),
        ("flux_lokr_bfl_format", "flux", "transformer"),
        ("flux_lora_aitoolkit_format", "flux", "transformer"),
        ("flux_lora_diffusers_format", "flux", "transformer"),
        ("flux_lora_kohya_format", "flux", "transformer"),
        ("flux_lora_xlabs_format", "flux", "transformer"),
    ],
)
def test_published_files_belong_to_modules_as_a_whole(name: str, base: str, component: str) -> None:
    header = json.loads(published("headers", f"{name}.json").read_text())
    places = _places({tensor: [abs(d) for d in shape] for tensor, shape in header.items()})
    modules, others = modules_of(places, BaseModelType(base), "it")

    assert not others
    assert {module.component for module in modules} == {component}
    assert sorted(n for module in modules for n in module.names.values()) == sorted(header)


@needed
def test_a_published_control_lora_has_norms_beside_its_modules() -> None:
    header = json.loads(published("headers", "flux_control_lora_format.json").read_text())
    modules, others = modules_of(_places(header), BaseModelType.Flux, "it")

    assert {name.rpartition(".")[2] for name in others} == {"scale"}
    assert all("up_bias" in module.names for module in modules)
    assert sum(len(module.names) for module in modules) + len(others) == len(header)


@needed
def test_names_of_xlabs_kohya_and_comfyui_are_one() -> None:
    paths = {}
    for name in ("xlabs", "kohya", "aitoolkit"):
        header = json.loads(published("headers", f"flux_lora_{name}_format.json").read_text())
        modules, _ = modules_of(_places(header), BaseModelType.Flux, "it")
        paths[name] = {module.path for module in modules}

    assert paths["xlabs"] < paths["kohya"]
    assert paths["aitoolkit"] <= paths["kohya"]


def _places(shapes: dict[str, list[int]]) -> dict[str, TensorPlace]:
    return {name: TensorPlace(Path("x"), 0, "F16", tuple(shape)) for name, shape in shapes.items()}
