"""Configurations of the original code: numbers are taken, nothing is made."""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modelkeep.errors import InvalidModelException
from modelkeep.load.ldm_config import LdmConfig
from support.rounds import rounds

SD1 = """
model:
  base_learning_rate: 1.0e-04
  target: ldm.models.diffusion.ddpm.LatentDiffusion
  params:
    linear_start: 0.00085
    linear_end: 0.0120
    timesteps: 1000
    scale_factor: 0.18215
    scheduler_config: # 10000 warmup steps
      target: os.system
    unet_config:
      target: ldm.modules.diffusionmodules.openaimodel.UNetModel
      params:
        image_size: 32 # unused
        in_channels: 4
        out_channels: 4
        model_channels: 320
        attention_resolutions: [ 4, 2, 1 ]
        num_res_blocks: 2
        channel_mult: [ 1, 2, 4, 4 ]
        num_heads: 8
        use_spatial_transformer: True
        transformer_depth: 1
        context_dim: 768
        legacy: False
    first_stage_config:
      params:
        embed_dim: 4
        ddconfig:
          double_z: true
          z_channels: 4
          resolution: 256
          in_channels: 3
          out_ch: 3
          ch: 128
          ch_mult: [1, 2, 4, 4]
          num_res_blocks: 2
          attn_resolutions: []
"""
SDXL = """
model:
  params:
    scale_factor: 0.13025
    denoiser_config:
      target: sgm.modules.diffusionmodules.denoiser.DiscreteDenoiser
      params:
        scaling_config:
          target: sgm.modules.diffusionmodules.denoiser_scaling.VScaling
        discretization_config:
          target: sgm.modules.diffusionmodules.discretizer.LegacyDDPMDiscretization
          params: {linear_start: 0.001}
    network_config:
      params:
        adm_in_channels: 2816
        num_classes: sequential
        in_channels: 4
        out_channels: 4
        model_channels: 320
        attention_resolutions: [4, 2]
        num_res_blocks: 2
        channel_mult: [1, 2, 4]
        num_head_channels: 64
        use_linear_in_transformer: True
        transformer_depth: [1, 2, 10]
        context_dim: 2048
"""


def _read(tmp_path: Path, text: str) -> LdmConfig:
    path = tmp_path / "m.yaml"
    path.write_text(text)
    found = LdmConfig.of(path)
    assert found is not None
    return found


def test_the_configuration_of_sd_1(tmp_path: Path) -> None:
    config = _read(tmp_path, SD1)
    assert config.unet(is_sized=False) == {
        "in_channels": 4,
        "out_channels": 4,
        "block_out_channels": [320, 640, 1280, 1280],
        "down_block_types": ["CrossAttnDownBlock2D"] * 3 + ["DownBlock2D"],
        "up_block_types": ["UpBlock2D"] + ["CrossAttnUpBlock2D"] * 3,
        "layers_per_block": 2,
        "use_linear_projection": False,
        "cross_attention_dim": 768,
        "transformer_layers_per_block": 1,
        "attention_head_dim": 8,
    }
    assert config.vae()["block_out_channels"] == [128, 256, 512, 512]
    assert config.vae()["scaling_factor"] == 0.18215
    assert config.scheduler() == {
        "prediction_type": "epsilon",
        "beta_start": 0.00085,
        "beta_end": 0.012,
        "num_train_timesteps": 1000,
    }
    assert config.controlnet(is_sized=False) == {}


def test_v_prediction(tmp_path: Path) -> None:
    text = SD1.replace("    linear_start", '    parameterization: "v"\n    linear_start')
    assert _read(tmp_path, text).scheduler()["prediction_type"] == "v_prediction"


def test_the_configuration_of_sdxl(tmp_path: Path) -> None:
    config = _read(tmp_path, SDXL)
    unet = config.unet(is_sized=True)
    assert unet["attention_head_dim"] == [5, 10, 20]
    assert unet["transformer_layers_per_block"] == [1, 2, 10]
    assert unet["projection_class_embeddings_input_dim"] == 2816
    assert "class_embed_type" not in unet
    assert config.unet(is_sized=False)["class_embed_type"] == "projection"
    assert config.vae() == {"scaling_factor": 0.13025}
    assert config.scheduler() == {"prediction_type": "v_prediction", "beta_start": 0.001}


def test_a_file_that_is_not_there_is_none(tmp_path: Path) -> None:
    assert LdmConfig.of(tmp_path / "v1-inference.yaml") is None
    assert LdmConfig.of(None) is None


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("model: [1", "is not YAML"),
        ("model:\n  params: !!python/object/apply:os.system ['id']", "is not YAML"),
        ("[" * 500, "is not YAML"),
        ("models: {}", "has no model: params:"),
        ("model: {params: 3}", "has no model: params:"),
        (SD1.replace("model_channels: 320", "model_channels: wide"), "'wide' for model_channels"),
        (SD1.replace("model_channels: 320", ""), "no value for model_channels"),
        (SD1.replace("channel_mult", "channels"), "no value for channel_mult"),
        (SD1.replace("[ 4, 2, 1 ]", "[4, x]"), "for attention_resolutions"),
    ],
)
def test_what_is_wrong_is_named(tmp_path: Path, text: str, words: str) -> None:
    path = tmp_path / "m.yaml"
    path.write_text(text)
    with pytest.raises(InvalidModelException) as caught:
        LdmConfig.of(path).unet(is_sized=False)  # type: ignore[union-attr]
    assert words in str(caught.value)
    assert "m.yaml" in str(caught.value)
    assert caught.value.hint


def test_a_wrong_schedule_or_prediction_is_named(tmp_path: Path) -> None:
    with pytest.raises(InvalidModelException, match="for linear_end"):
        _read(tmp_path, SD1.replace("linear_end: 0.0120", "linear_end: steep")).scheduler()
    text = SD1.replace("    linear_start", "    parameterization: w\n    linear_start")
    with pytest.raises(InvalidModelException, match="'w' for parameterization"):
        _read(tmp_path, text).scheduler()


_WORDS = st.sampled_from(
    ["params", "unet_config", "network_config", "first_stage_config", "control_stage_config",
     "ddconfig", "denoiser_config", "scaling_config", "discretization_config", "target", "ch",
     "channel_mult", "model_channels", "num_heads", "num_head_channels", "context_dim",
     "num_classes", "adm_in_channels", "scale_factor", "linear_start", "parameterization",
     "timesteps"]
)  # fmt: skip
_VALUES = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(-3, 9), st.floats(allow_nan=False), st.text()),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(_WORDS, inner, max_size=6)
    ),
    max_leaves=30,
)


@settings(max_examples=rounds(30))
@given(params=st.dictionaries(_WORDS, _VALUES, min_size=1))
def test_whatever_a_file_says_gives_settings_or_one_error(
    tmp_path_factory: pytest.TempPathFactory, params: dict[str, Any]
) -> None:
    path = tmp_path_factory.getbasetemp() / "any.yaml"
    path.write_text(json.dumps({"model": {"params": params}}))
    config = LdmConfig.of(path)
    assert config is not None
    for ask in (config.unet, config.controlnet):
        for is_sized in (False, True):
            with suppress(InvalidModelException):
                assert isinstance(ask(is_sized=is_sized), dict)
    for tell in (config.vae, config.scheduler):
        with suppress(InvalidModelException):
            assert isinstance(tell(), dict)
