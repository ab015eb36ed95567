"""Tiny models in the layout of the original code, with their configuration in both forms."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from modelkeep.load.model_files import ModelFiles
from sample_models import Shapes, UNet, clip_text, ldm_controlnet, ldm_unet, ldm_vae, open_clip_text
from support.loading import files_of, random_tensors, write_tensors

if TYPE_CHECKING:
    import torch

VOCABULARY = 514
_BETAS = {"beta_start": 0.001, "beta_end": 0.013, "beta_schedule": "scaled_linear"}
_DOWN, _CROSS = "DownBlock2D", "CrossAttnDownBlock2D"


@dataclass(frozen=True)
class LdmModel:
    """A tiny model.

    Attributes:
        base: Its base.
        unet: The numbers of its U-Net.
        text: Its text encoders: the prefix of each, and its tensors.
        heads: What the configuration says of heads, in the form of the original code.
        diffusers: Configs of its parts in the form of diffusers.
        pipeline: Class of the pipeline.
    """

    base: str
    pipeline: str
    unet: UNet
    heads: Mapping[str, Any]
    text: Mapping[str, Shapes]
    diffusers: Mapping[str, Mapping[str, Any]]

    @property
    def shapes(self) -> Shapes:
        """All tensors, in the order in which original files have them."""
        parts = {"model.diffusion_model.": ldm_unet(self.unet), "first_stage_model.": vae_shapes()}
        parts |= self.text
        return {prefix + name: it for prefix, part in parts.items() for name, it in part.items()}

    @property
    def config(self) -> dict[str, Any]:
        """The configuration in the form of the original code."""
        depths = [max(depth, 1) for depth in self.unet.depths]
        blocks = {
            "in_channels": self.unet.inputs,
            "out_channels": 4,
            "model_channels": self.unet.width,
            "attention_resolutions": [2**n for n, depth in enumerate(self.unet.depths) if depth],
            "num_res_blocks": self.unet.resnets,
            "channel_mult": list(self.unet.levels),
            "transformer_depth": depths if self.unet.extra else 1,
            "context_dim": self.unet.context,
            "use_linear_in_transformer": self.unet.linear,
            **self.heads,
        }
        if self.unet.extra:
            blocks |= {"num_classes": "sequential", "adm_in_channels": self.unet.extra}
        params = {
            "linear_start": _BETAS["beta_start"],
            "linear_end": _BETAS["beta_end"],
            "scale_factor": 0.25,
            "network_config" if self.unet.extra else "unet_config": {
                "target": "ldm.modules.diffusionmodules.openaimodel.UNetModel",
                "params": blocks,
            },
            "control_stage_config": {
                "target": "cldm.cldm.ControlNet",
                "params": {**blocks, "hint_channels": 3},
            },
            "first_stage_config": {
                "target": "ldm.models.autoencoder.AutoencoderKL",
                "params": {
                    "embed_dim": 4,
                    "ddconfig": {
                        "z_channels": 4, "in_channels": 3, "out_ch": 3, "ch": 32,
                        "ch_mult": [1, 2], "num_res_blocks": 2, "double_z": True,
                    },
                },
            },
        }  # fmt: skip
        return {"model": {"target": "ldm.models.diffusion.ddpm.LatentDiffusion", "params": params}}

    def controlnet_config(self) -> dict[str, Any]:
        """Return the config of its ControlNet in the form of diffusers."""
        left_out = {"up_block_types", "sample_size", "class"}
        unet = {key: it for key, it in self.diffusers["unet"].items() if key not in left_out}
        return {**unet, "conditioning_channels": 3}

    def files(self, folder: Path, dtype: str = "float32", **record: Any) -> ModelFiles:
        """Write the model and its configuration; return it as it is installed."""
        import torch

        to = getattr(torch, dtype)
        tensors = {name: it.to(to) for name, it in random_tensors(self.shapes).items()}
        return install(folder / f"{self.base}.safetensors", tensors, self, type="main", **record)

    def folder(self, path: Path, tokenizer: Path) -> Path:
        """Write a folder of diffusers without weights, for ``from_single_file(config=...)``."""
        index: dict[str, Any] = {"_class_name": self.pipeline}
        for part, config in self.diffusers.items():
            name = "scheduler_config.json" if part == "scheduler" else "config.json"
            library, class_name = config["class"].split(".")
            index[part] = [library, class_name]
            settings = {key: value for key, value in config.items() if key != "class"}
            key = "_class_name" if library == "diffusers" else "architectures"
            value = class_name if library == "diffusers" else [class_name]
            _write(path / part / name, {key: value, **settings})
        for part in [part for part in self.diffusers if part.startswith("text_encoder")]:
            name = part.replace("text_encoder", "tokenizer")
            index[name] = ["transformers", "CLIPTokenizer"]
            (path / name).symlink_to(tokenizer)
        _write(path / "model_index.json", index)
        return path


def install(
    path: Path, tensors: Mapping[str, torch.Tensor], model: LdmModel | None, **record: Any
) -> ModelFiles:
    """Write a file, and the configuration of a model beside it; return it as it is installed."""
    write_tensors(path, tensors)
    base = {"base": model.base} if model is not None else {}
    files = files_of(path, **{"format": "checkpoint", **base, **record})
    if model is None:
        return files
    config = path.with_suffix(".yaml")
    _write(config, model.config)  # JSON is YAML
    return ModelFiles(files.record, path, config)


def _write(path: Path, value: object) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(value, indent=1))


def vae_shapes() -> Shapes:
    """Return a tiny VAE."""
    return ldm_vae(widths=(32, 64))


def controlnet_shapes(model: LdmModel) -> Shapes:
    """Return the ControlNet that belongs to a model."""
    return ldm_controlnet(model.unet)


def _clip(prefix: str) -> dict[str, Shapes]:
    shapes = clip_text(64, 2) | {"embeddings.token_embedding.weight": (VOCABULARY, 64)}
    return {prefix: {f"text_model.{name}": shape for name, shape in shapes.items()}}


def _open_clip(prefix: str) -> dict[str, Shapes]:
    return {prefix: open_clip_text(128, 2) | {"token_embedding.weight": (VOCABULARY, 128)}}


def _unet_config(unet: UNet, **more: Any) -> dict[str, Any]:
    crosses = [_CROSS if depth else _DOWN for depth in unet.depths]
    return {
        "class": "diffusers.UNet2DConditionModel",
        "in_channels": unet.inputs,
        "block_out_channels": [level * unet.width for level in unet.levels],
        "down_block_types": crosses,
        "up_block_types": [one.replace("Down", "Up") for one in reversed(crosses)],
        "layers_per_block": unet.resnets,
        "cross_attention_dim": unet.context,
        "use_linear_projection": unet.linear,
        "upcast_attention": False,
        **more,
    }


def _clip_config(width: int, act: str, projection: int) -> dict[str, Any]:
    return {
        "class": "transformers.CLIPTextModel",
        "model_type": "clip_text_model",
        "hidden_size": width,
        "intermediate_size": width * 4,
        "num_attention_heads": width // 64,
        "num_hidden_layers": 2,
        "hidden_act": act,
        "projection_dim": projection,
        "vocab_size": VOCABULARY,
        "max_position_embeddings": 77,
        "bos_token_id": 0,
        "eos_token_id": 2,
    }


_VAE_CONFIG = {
    "class": "diffusers.AutoencoderKL",
    "block_out_channels": [32, 64],
    "down_block_types": ["DownEncoderBlock2D"] * 2,
    "up_block_types": ["UpDecoderBlock2D"] * 2,
    "latent_channels": 4,
    "layers_per_block": 2,
    "scaling_factor": 0.25,
}

_SD1 = UNet(32, (1, 2), (1, 0), 64, linear=False, resnets=1)
_SD2 = UNet(32, (1, 2), (1, 0), 128, resnets=1)
#: Six numbers of 256 channels, and the pooled text.
_SDXL = UNet(32, (1, 2), (0, 2), 64 + 128, extra=6 * 256 + 128, resnets=1)

SD1 = LdmModel(
    "sd-1",
    "StableDiffusionPipeline",
    _SD1,
    {"num_heads": 2},
    _clip("cond_stage_model.transformer."),
    {
        "unet": _unet_config(_SD1, attention_head_dim=2, sample_size=64),
        "vae": {**_VAE_CONFIG, "sample_size": 512},
        "text_encoder": _clip_config(64, "quick_gelu", projection=768),
        "scheduler": {"class": "diffusers.PNDMScheduler", **_BETAS},
    },
)
SD2 = LdmModel(
    "sd-2",
    "StableDiffusionPipeline",
    _SD2,
    {"num_head_channels": 16},
    _open_clip("cond_stage_model.model."),
    {
        "unet": _unet_config(_SD2, attention_head_dim=[2, 4], sample_size=64),
        "vae": {**_VAE_CONFIG, "sample_size": 768},
        "text_encoder": _clip_config(128, "gelu", projection=512),
        "scheduler": {"class": "diffusers.PNDMScheduler", **_BETAS},
    },
)
SDXL = LdmModel(
    "sdxl",
    "StableDiffusionXLPipeline",
    _SDXL,
    {"num_head_channels": 16},
    _clip("conditioner.embedders.0.transformer.") | _open_clip("conditioner.embedders.1.model."),
    {
        "unet": _unet_config(
            _SDXL,
            attention_head_dim=[2, 4],
            sample_size=128,
            transformer_layers_per_block=[1, 2],
            addition_embed_type="text_time",
            addition_time_embed_dim=256,
            projection_class_embeddings_input_dim=_SDXL.extra,
        ),
        "vae": {**_VAE_CONFIG, "sample_size": 1024, "force_upcast": True},
        "text_encoder": _clip_config(64, "quick_gelu", projection=768),
        "text_encoder_2": {
            **_clip_config(128, "gelu", projection=128),
            "class": "transformers.CLIPTextModelWithProjection",
        },
        "scheduler": {"class": "diffusers.EulerDiscreteScheduler", **_BETAS},
    },
)
MODELS = (SD1, SD2, SDXL)
