"""Plans for parts of main models in one file: which parts there are, and what each is made of."""

from __future__ import annotations

import struct
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelkeep.app.sample.files import typed, write_safetensors
from modelkeep.errors import (
    InvalidModelException,
    LoadError,
    MissingAssetError,
    MissingPartError,
)
from modelkeep.load.assets import ASSETS
from modelkeep.load.loader import LOADERS
from modelkeep.load.model_files import ModelFiles
from modelkeep.load.plan import LoadPlan
from modelkeep.load.weights import weights_of
from sample_models import (
    REFINER,
    SD1,
    SD2,
    SDXL,
    Shapes,
    checkpoint,
    clip_text,
    diffusers_unet,
    flux_transformer,
    ldm_unet,
    ldm_vae,
    open_clip_text,
)
from support.loading import files_of, loader_of, plan_of

UNET = "model.diffusion_model."
T5: Shapes = {
    "shared.weight": (32128, 64),
    "encoder.block.0.layer.0.SelfAttention.q.weight": (64, 64),
}


def _files(
    folder: Path, shapes: Shapes, base: str, dtype: str = "F16", **record: Any
) -> ModelFiles:
    path = write_safetensors(folder / "m.safetensors", typed(shapes, dtype))
    return files_of(path, **{"type": "main", "format": "checkpoint", "base": base, **record})


def _under(prefix: str, shapes: Shapes) -> Shapes:
    return {prefix + name: shape for name, shape in shapes.items()}


@pytest.mark.parametrize(
    ("base", "unet", "parts"),
    [
        ("sd-1", SD1, "unet vae text_encoder tokenizer scheduler"),
        ("sd-2", SD2, "unet vae text_encoder tokenizer scheduler"),
        ("sdxl", SDXL, "unet vae text_encoder text_encoder_2 tokenizer tokenizer_2 scheduler"),
        ("sdxl-refiner", REFINER, "unet vae text_encoder_2 tokenizer_2 scheduler"),
    ],
)
def test_the_parts_are_those_whose_weights_are_there(
    tmp_path: Path, base: str, unet: Any, parts: str
) -> None:
    whole = _files(tmp_path, checkpoint(unet), base)
    assert loader_of(whole).parts(whole) == tuple(parts.split())
    pruned = _files(tmp_path, _under(UNET, ldm_unet(unet)), base)
    left = [part for part in parts.split() if not part.startswith(("vae", "text"))]
    assert loader_of(pruned).parts(pruned) == tuple(left)
    with pytest.raises(MissingPartError, match="'vae'") as caught:
        plan_of(pruned, "vae")
    assert caught.value.hint == f"It has: {', '.join(left)}."


def test_a_plan_has_the_tensors_of_its_part_alone_in_the_order_of_the_file(tmp_path: Path) -> None:
    copies = {f"model_ema.diffusion_model{n}": s for n, s in ldm_unet(SD1).items()}
    shapes = copies | checkpoint(SD1) | {"model_ema.decay": (), "betas": (1000,)}
    files = _files(tmp_path, shapes, "sd-1")
    for part, prefix, count in (
        ("unet", UNET, 686),
        ("vae", "first_stage_model.", 248),
        ("text_encoder", "cond_stage_model.transformer.", 196),
    ):
        plan = plan_of(files, part)
        assert len(plan.tensors) == count
        assert plan.strip == prefix
        assert all(name.startswith(prefix) for name in plan.tensors)
        offsets = [place.offset for place in plan.tensors.values()]
        assert offsets == sorted(offsets)
        assert plan.files == (files.path,)


def test_a_file_without_prefix_keeps_other_parts_out_of_its_denoiser(tmp_path: Path) -> None:
    shapes = flux_transformer() | _under("vae.", ldm_vae(16)) | {"model_ema.decay": ()}
    files = _files(tmp_path, shapes, "flux", variant="dev")
    plan = plan_of(files, "transformer")
    assert plan.tensors.keys() == flux_transformer().keys()
    assert len(plan_of(files, "vae").tensors) == 244


def test_the_prefix_of_the_record_is_looked_for_first(tmp_path: Path) -> None:
    shapes = ldm_unet(SD1) | _under("unet.", ldm_unet(SD1))
    assert plan_of(_files(tmp_path, shapes, "sd-1"), "unet").strip == ""
    files = _files(tmp_path, shapes, "sd-1", tensor_prefix="unet.")
    assert plan_of(files, "unet").strip == "unet."
    odd = _files(tmp_path, _under("my.own.", ldm_unet(SD1)), "sd-1", tensor_prefix="my.own.")
    assert len(plan_of(odd, "unet").tensors) == 686


@pytest.mark.parametrize("inputs", [4, 5, 8, 9])
def test_the_input_channels_are_those_of_the_tensor(tmp_path: Path, inputs: int) -> None:
    for shapes in (ldm_unet(SD2.with_inputs(inputs)), diffusers_unet(SD2.with_inputs(inputs))):
        plan = plan_of(_files(tmp_path, shapes, "sd-2"), "unet")
        assert plan.config["in_channels"] == inputs
        assert plan.config["out_channels"] == 4
        assert plan.config["attention_head_dim"] == [5, 10, 20, 20]


def test_flux_tells_what_it_is_by_its_tensors(tmp_path: Path) -> None:
    fill = flux_transformer(inputs=384)
    few = {name: it for name, it in fill.items() if not name.startswith("double_blocks.18.")}
    config = plan_of(_files(tmp_path, few, "flux", variant="fill"), "transformer").config
    found = [
        config[key] for key in ("in_channels", "out_channels", "num_layers", "guidance_embeds")
    ]
    assert found == [384, 64, 18, True]
    schnell = _files(tmp_path, flux_transformer(guidance=False), "flux", variant="schnell")
    assert plan_of(schnell, "transformer").config["guidance_embeds"] is False
    assert plan_of(schnell, "scheduler").config["shift"] == 1.0
    assert plan_of(_files(tmp_path, fill, "flux", variant="dev"), "scheduler").config["shift"] == 3


def test_text_encoders_of_a_whole_flux_file(tmp_path: Path) -> None:
    shapes = (
        flux_transformer()
        | _under("text_encoders.clip_l.transformer.text_model.", clip_text())
        | {"text_encoders.clip_l.transformer.text_projection.weight": (768, 768)}
        | {"text_encoders.clip_l.logit_scale": ()}
        | _under("text_encoders.t5xxl.transformer.", T5)
    )
    files = _files(tmp_path, shapes, "flux")
    clip, t5 = plan_of(files, "text_encoder"), plan_of(files, "text_encoder_2")
    assert (clip.class_name, len(clip.tensors)) == ("CLIPTextModel", 196)
    assert t5.class_name == "T5EncoderModel"
    assert (t5.config["d_model"], t5.config["num_layers"]) == (64, 1)


def test_sd_2_leaves_out_the_last_layer_and_the_projection(tmp_path: Path) -> None:
    plan = plan_of(_files(tmp_path, checkpoint(SD2), "sd-2"), "text_encoder")
    assert plan.config["num_hidden_layers"] == 23
    assert not [name for name in plan.tensors if "resblocks.23" in name or "projection" in name]


def test_the_width_of_an_encoder_tells_its_heads(tmp_path: Path) -> None:
    longer = clip_text() | {"embeddings.position_embedding.weight": (248, 768)}
    shapes = ldm_unet(SD1) | _under("cond_stage_model.transformer.text_model.", longer)
    config = plan_of(_files(tmp_path, shapes, "sd-1"), "text_encoder").config
    assert (config["num_attention_heads"], config["max_position_embeddings"]) == (12, 248)
    small = open_clip_text(128, 2)
    shapes = ldm_unet(SD2) | _under("cond_stage_model.model.", small)
    config = plan_of(_files(tmp_path, shapes, "sd-2"), "text_encoder").config
    assert (config["num_attention_heads"], config["num_hidden_layers"]) == (2, 2)


def _scheduler(folder: Path, base: str, **record: Any) -> LoadPlan:
    return plan_of(_files(folder, {"a": (1,)}, base, **record), "scheduler")


@pytest.mark.parametrize(
    ("base", "record", "class_name", "prediction"),
    [
        ("sd-1", {}, "PNDMScheduler", "epsilon"),
        ("sd-1", {"prediction_type": "v_prediction"}, "PNDMScheduler", "v_prediction"),
        ("sd-1", {"variant": "inpaint"}, "DDIMScheduler", "epsilon"),
        ("sd-2", {}, "DDIMScheduler", "v_prediction"),
        ("sd-2", {"prediction_type": "epsilon"}, "PNDMScheduler", "epsilon"),
        ("sd-2", {"variant": "depth"}, "PNDMScheduler", "epsilon"),
        ("sdxl", {}, "EulerDiscreteScheduler", "epsilon"),
        ("sdxl", {"prediction_type": "v_prediction"}, "EulerDiscreteScheduler", "v_prediction"),
    ],
)
def test_the_scheduler_follows_from_the_record(
    tmp_path: Path, base: str, record: dict[str, str], class_name: str, prediction: str
) -> None:
    plan = _scheduler(tmp_path, base, **record)
    assert (plan.class_name, plan.config["prediction_type"]) == (class_name, prediction)
    assert plan.is_own_copy
    assert not plan.tensors


@pytest.mark.parametrize("base", ["sd-1", "sd-2", "sdxl"])
def test_training_from_pure_noise_reaches_the_scheduler(tmp_path: Path, base: str) -> None:
    plan = _scheduler(tmp_path, base, ztsnr_training=True, prediction_type="v_prediction")
    assert plan.class_name != "PNDMScheduler"
    assert plan.config["rescale_betas_zero_snr"] is True
    assert plan.config["timestep_spacing"] == "trailing"
    assert plan.config["prediction_type"] == "v_prediction"


def test_latents_with_a_mean_of_their_own(tmp_path: Path) -> None:
    shapes = checkpoint(SDXL) | {"edm_mean": (1, 4, 1, 1), "edm_std": (1, 4, 1, 1)}
    files = _files(tmp_path, shapes, "sdxl", dtype="F32")
    places = weights_of(files.path).tensors
    with files.path.open("r+b") as file:
        for name, numbers in (("edm_mean", (1.5, -2, 0, 4)), ("edm_std", (1, 2, 3, 0.25))):
            file.seek(places[name].offset)
            file.write(struct.pack("<4f", *numbers))
    config = plan_of(files, "vae").config
    assert config["latents_mean"] == [1.5, -2, 0, 4]
    assert config["latents_std"] == [1, 2, 3, 0.25]
    assert config["scaling_factor"] == 0.5
    scheduler = plan_of(files, "scheduler")
    assert scheduler.class_name == "EDMDPMSolverMultistepScheduler"
    many = _files(tmp_path, shapes | {"edm_std": (9, 9)}, "sdxl", dtype="F32")
    with pytest.raises(LoadError, match="81 numbers"):
        plan_of(many, "vae")


def test_a_model_of_noise_levels_gets_their_scheduler(tmp_path: Path) -> None:
    shapes: Shapes = {"edm_vpred.sigma_max": (), "edm_vpred.sigma_min": ()}
    files = _files(tmp_path, shapes, "sdxl", ztsnr_training=True, prediction_type="v_prediction")
    plan = plan_of(files, "scheduler")
    assert plan.class_name == "EDMEulerScheduler"
    assert "rescale_betas_zero_snr" not in plan.config


def test_the_record_reaches_the_unet(tmp_path: Path) -> None:
    shapes = ldm_unet(SD2)
    usual = plan_of(_files(tmp_path, shapes, "sd-2"), "unet").config
    assert (usual["upcast_attention"], usual["sample_size"]) == (False, 96)
    files = _files(tmp_path, shapes, "sd-2", upcast_attention=True, prediction_type="epsilon")
    config = plan_of(files, "unet").config
    assert (config["upcast_attention"], config["sample_size"]) == (True, 64)


def test_the_configuration_wins_over_the_base_and_the_record_over_it(tmp_path: Path) -> None:
    files = _files(tmp_path, checkpoint(SD2), "sd-2")
    config = tmp_path / "m.yaml"
    config.write_text(
        "model: {params: {parameterization: x0, linear_start: 0.5, scale_factor: 0.75}}"
    )
    with_config = replace(files, config=config)
    scheduler = plan_of(with_config, "scheduler")
    assert scheduler.config["prediction_type"] == "sample"
    assert scheduler.config["beta_start"] == 0.5
    assert scheduler.files == (files.path, config)
    assert plan_of(with_config, "vae").config["scaling_factor"] == 0.75
    assert plan_of(with_config, "vae").config["latent_channels"] == 4
    record = files.record.model_copy(update={"prediction_type": "epsilon"})
    own = plan_of(replace(with_config, record=record), "scheduler").config
    assert (own["prediction_type"], own["beta_start"]) == ("epsilon", 0.5)
    gone = plan_of(replace(files, config=tmp_path / "gone.yaml"), "vae")
    assert gone.config["scaling_factor"] == 0.18215
    assert gone.files == (files.path,)


def test_tokenizers_are_assets(tmp_path: Path) -> None:
    files = replace(_files(tmp_path, {"a": (1,)}, "sdxl"), assets=tmp_path / "assets")
    with pytest.raises(MissingAssetError) as caught:
        plan_of(files, "tokenizer")
    assert caught.value.asset == "clip"
    with pytest.raises(MissingAssetError):
        plan_of(replace(files, assets=None), "tokenizer")
    folder = tmp_path / "assets" / "clip"
    folder.mkdir(parents=True)
    for name in ASSETS["clip"].files:
        (folder / name).write_text("{}")
    pads = []
    for part in ("tokenizer", "tokenizer_2"):
        plan = plan_of(files, part)
        assert (plan.folder, plan.is_own_copy) == (folder, True)
        assert plan.files == tuple(folder / name for name in ASSETS["clip"].files)
        pads.append(plan.config["pad_token"])
    assert pads == ["<|endoftext|>", "!"]


def test_what_cannot_be_loaded_is_refused(tmp_path: Path) -> None:
    upscaler = _files(tmp_path, ldm_unet(SD2.with_inputs(7)), "sd-2", variant="upscale")
    with pytest.raises(LoadError, match="variant upscale"):
        plan_of(upscaler, "unet")
    with pytest.raises(LoadError, match="quantised weights \\(U8\\)") as caught:
        plan_of(_files(tmp_path, flux_transformer(), "flux", dtype="U8"), "transformer")
    assert caught.value.hint
    with pytest.raises(MissingPartError, match="'safety_checker'"):
        plan_of(_files(tmp_path, checkpoint(SD1), "sd-1"), "safety_checker")


def test_other_models_are_left_to_others(tmp_path: Path) -> None:
    own = {"single_file", "vae_file", "controlnet_file"}
    for record in (
        {"type": "main", "base": "wan"},
        {"type": "main", "base": "flux", "format": "gguf_quantized"},
        {"type": "main", "base": "sd-1", "format": "diffusers"},
        {"type": "controlnet", "base": "flux"},
        {"type": "vae", "base": "wan"},
    ):
        files = _files(tmp_path, {"a": (1,)}, **record)
        takers = {loader.name for loader in LOADERS.load() if loader.takes(files.record)}
        assert not takers & own


_HEADS = st.sampled_from(
    [UNET, "", "model.", "first_stage_model.", "cond_stage_model.transformer.text_model.", "vae.",
     "cond_stage_model.model.", "conditioner.embedders.0.transformer.", "model_ema."]
)  # fmt: skip
_TAILS = st.sampled_from(
    ["input_blocks.0.0.weight", "out.2.weight", "conv_in.weight", "decoder.conv_in.weight",
     "decoder.mid.block_1.norm1.weight", "decoder.mid_block.resnets.0.norm1.weight",
     "embeddings.token_embedding.weight", "embeddings.position_ids", "token_embedding.weight",
     "encoder.layers.1.mlp.fc1.weight", "text_projection", "logit_scale", "loss.logvar", "odd"]
)  # fmt: skip


@given(
    names=st.sets(st.tuples(_HEADS, _TAILS).map("".join), min_size=1),
    dims=st.integers(0, 4),
    base=st.sampled_from(["sd-1", "sd-2", "sdxl"]),
)
def test_any_names_give_parts_that_share_nothing(
    tmp_path_factory: pytest.TempPathFactory, names: set[str], dims: int, base: str
) -> None:
    files = _files(tmp_path_factory.getbasetemp(), dict.fromkeys(names, (3,) * dims), base)
    seen: set[str] = set()
    for part in loader_of(files).parts(files):
        if part.startswith(("unet", "vae", "text")):
            plan = plan_of(files, part)
            assert plan.tensors
            assert not seen & plan.tensors.keys()
            seen |= plan.tensors.keys()
            assert all(name.startswith(plan.strip) for name in plan.tensors)
    assert seen <= names


def test_files_without_what_they_are_recorded_as(tmp_path: Path) -> None:
    for kind, words in (("controlnet", "holds no ControlNet"), ("vae", "both halves of a VAE")):
        files = _files(tmp_path, {"a": (1,)}, "sd-1", type=kind)
        with pytest.raises(InvalidModelException, match=words) as caught:
            plan_of(files)
        assert caught.value.hint
