"""Models of every family, tiny and with random weights, in diffusers' folder layout.

They are made by the classes of diffusers and transformers, so names, shapes and configs are real.
Importing this module is cheap; the libraries are imported when the first model is made.
"""

from __future__ import annotations

import json
import warnings
import zlib
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

VOCABULARY = 514
_WIDTH = 32


class Recipe(NamedTuple):
    """How one part is made: the class that a library exports, and what it is made from."""

    library: str
    class_name: str
    config: Mapping[str, Any]


def _clip_text(class_name: str = "CLIPTextModel", **more: Any) -> Recipe:
    config = {
        "vocab_size": VOCABULARY,
        "hidden_size": _WIDTH,
        "intermediate_size": 37,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "max_position_embeddings": 77,
        "projection_dim": _WIDTH,
        "bos_token_id": 512,
        "eos_token_id": 513,
        "pad_token_id": 513,
    }
    return Recipe("transformers", class_name, {**config, **more})


def _decoder(class_name: str, **more: Any) -> Recipe:
    """Return a recipe of a language model with grouped heads."""
    config = {
        "vocab_size": VOCABULARY,
        "hidden_size": _WIDTH,
        "intermediate_size": 37,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "num_key_value_heads": 2,
        "head_dim": 8,
        "max_position_embeddings": 128,
        "bos_token_id": 512,
        "eos_token_id": 513,
        "pad_token_id": 513,
    }
    return Recipe("transformers", class_name, {**config, **more})


def _t5(class_name: str, **more: Any) -> Recipe:
    config = {
        "vocab_size": VOCABULARY,
        "d_model": _WIDTH,
        "d_kv": 8,
        "d_ff": 37,
        "num_layers": 2,
        "num_heads": 4,
        "feed_forward_proj": "gated-gelu",
        "tie_word_embeddings": False,
    }
    return Recipe("transformers", class_name, {**config, **more})


def _vision(class_name: str, **more: Any) -> Recipe:
    config = {
        "hidden_size": _WIDTH,
        "intermediate_size": 37,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "image_size": 30,
        "patch_size": 15,
        "projection_dim": _WIDTH,
    }
    return Recipe("transformers", class_name, {**config, **more})


def _unet(**more: Any) -> Recipe:
    config = {
        "block_out_channels": [8, 16],
        "layers_per_block": 1,
        "sample_size": 8,
        "in_channels": 4,
        "out_channels": 4,
        "down_block_types": ["CrossAttnDownBlock2D", "DownBlock2D"],
        "up_block_types": ["UpBlock2D", "CrossAttnUpBlock2D"],
        "attention_head_dim": 2,
        "cross_attention_dim": _WIDTH,
        "norm_num_groups": 4,
    }
    return Recipe("diffusers", "UNet2DConditionModel", {**config, **more})


def _sdxl_unet(*, channels: int, transformers: list[int]) -> Recipe:
    return _unet(
        block_out_channels=[8, 16],
        down_block_types=["DownBlock2D", "CrossAttnDownBlock2D"],
        up_block_types=["CrossAttnUpBlock2D", "UpBlock2D"],
        attention_head_dim=[2, 4],
        use_linear_projection=True,
        addition_embed_type="text_time",
        addition_time_embed_dim=8,
        transformer_layers_per_block=transformers,
        projection_class_embeddings_input_dim=channels,
        cross_attention_dim=2 * _WIDTH if channels == _XL_INPUT else _WIDTH,
    )


#: Pooled text and six numbers of eight channels; the refiner has five.
_XL_INPUT = _WIDTH + 6 * 8
_REFINER_INPUT = _WIDTH + 5 * 8


def _vae(**more: Any) -> Recipe:
    config = {
        "block_out_channels": [8, 16],
        "in_channels": 3,
        "out_channels": 3,
        "down_block_types": ["DownEncoderBlock2D", "DownEncoderBlock2D"],
        "up_block_types": ["UpDecoderBlock2D", "UpDecoderBlock2D"],
        "latent_channels": 4,
        "norm_num_groups": 4,
        "sample_size": 16,
    }
    return Recipe("diffusers", "AutoencoderKL", {**config, **more})


def _denoiser(class_name: str, **config: Any) -> Recipe:
    return Recipe("diffusers", class_name, config)


_BETAS = {
    "beta_start": 0.00085,
    "beta_end": 0.012,
    "beta_schedule": "scaled_linear",
    "steps_offset": 1,
}
_TWO_HEADS = {"attention_head_dim": 16, "num_attention_heads": 2, "num_layers": 1}
_QWEN_VL_VISION = {
    "depth": 2,
    "hidden_size": _WIDTH,
    "intermediate_size": 37,
    "num_heads": 4,
    "out_hidden_size": _WIDTH,
    "fullatt_block_indexes": [1],
}

#: Every part, by a name of our own.
PARTS: Mapping[str, Recipe] = {
    "clip": _clip_text(),
    "clip_g": _clip_text("CLIPTextModelWithProjection", hidden_act="gelu"),
    "clip_vision": _vision("CLIPVisionModelWithProjection"),
    "clip_whole": Recipe(
        "transformers",
        "CLIPModel",
        {
            "projection_dim": _WIDTH,
            "text_config": dict(_clip_text().config),
            "vision_config": dict(_vision("").config),
        },
    ),
    "vit_mae": _vision("ViTMAEModel"),
    "siglip_vision": _vision("SiglipVisionModel"),
    "siglip_text": _clip_text("SiglipTextModel", max_position_embeddings=64, projection_size=32),
    "t5": _t5("T5EncoderModel"),
    "t5_whole": _t5("T5ForConditionalGeneration", decoder_start_token_id=0),
    "umt5": _t5("UMT5EncoderModel"),
    "llama": _decoder("LlamaForCausalLM", tie_word_embeddings=False),
    "gemma": _decoder("GemmaForCausalLM"),
    "gemma2": _decoder("Gemma2Model", query_pre_attn_scalar=8),
    "qwen2": _decoder("Qwen2ForCausalLM", tie_word_embeddings=True),
    "qwen3": _decoder("Qwen3ForCausalLM"),
    "qwen3_moe": _decoder(
        "Qwen3MoeForCausalLM", num_experts=4, num_experts_per_tok=2, moe_intermediate_size=16
    ),
    "gemma3": Recipe(
        "transformers",
        "Gemma3ForConditionalGeneration",
        {
            "text_config": {**_decoder("").config, "query_pre_attn_scalar": 8},
            "vision_config": dict(_vision("").config),
            "mm_tokens_per_image": 4,
        },
    ),
    "qwen2_5_vl": Recipe(
        "transformers",
        "Qwen2_5_VLForConditionalGeneration",
        {
            "text_config": {
                **_decoder("").config,
                "rope_parameters": {"rope_type": "default", "mrope_section": [1, 1, 2]},
            },
            "vision_config": _QWEN_VL_VISION,
            "tie_word_embeddings": False,
            "image_token_id": 510,
            "video_token_id": 511,
            "vision_start_token_id": 508,
            "vision_end_token_id": 509,
        },
    ),
    "safety_checker": Recipe(
        "stable_diffusion",
        "StableDiffusionSafetyChecker",
        {
            "projection_dim": _WIDTH,
            "vision_config": dict(_vision("").config),
            "text_config": {**_clip_text().config},
        },
    ),
    "sd1_unet": _unet(),
    "sd2_unet": _unet(attention_head_dim=[2, 4], use_linear_projection=True),
    "sdxl_unet": _sdxl_unet(channels=_XL_INPUT, transformers=[1, 2]),
    "refiner_unet": _sdxl_unet(channels=_REFINER_INPUT, transformers=[1, 2]),
    "vae": _vae(),
    "sdxl_vae": _vae(scaling_factor=0.13025, force_upcast=True),
    "flux_vae": _vae(
        scaling_factor=0.3611,
        shift_factor=0.1159,
        latent_channels=16,
        use_quant_conv=False,
        use_post_quant_conv=False,
    ),
    "tiny_vae": _denoiser(
        "AutoencoderTiny",
        encoder_block_out_channels=[8, 8],
        decoder_block_out_channels=[8, 8],
        num_encoder_blocks=[1, 1],
        num_decoder_blocks=[1, 1],
    ),
    "wan_vae": _denoiser(
        "AutoencoderKLWan",
        base_dim=4,
        z_dim=16,
        dim_mult=[1, 1, 1, 1],
        num_res_blocks=1,
        temperal_downsample=[False, True, True],
    ),
    "audio_vae": _denoiser(
        "AutoencoderOobleck",
        encoder_hidden_size=8,
        downsampling_ratios=[2, 2],
        channel_multiples=[1, 2],
        decoder_channels=8,
        decoder_input_channels=4,
        audio_channels=1,
    ),
    "controlnet": _denoiser(
        "ControlNetModel",
        block_out_channels=[8, 16],
        layers_per_block=1,
        down_block_types=["CrossAttnDownBlock2D", "DownBlock2D"],
        cross_attention_dim=_WIDTH,
        attention_head_dim=2,
        norm_num_groups=4,
        conditioning_embedding_out_channels=[8, 16],
    ),
    "flux_controlnet": _denoiser(
        "FluxControlNetModel",
        **_TWO_HEADS,
        num_single_layers=1,
        in_channels=16,
        joint_attention_dim=_WIDTH,
        pooled_projection_dim=_WIDTH,
        axes_dims_rope=[4, 4, 8],
    ),
    "t2i_adapter": _denoiser(
        "T2IAdapter",
        in_channels=3,
        channels=[8, 16, 16, 16],
        num_res_blocks=1,
        downscale_factor=8,
        adapter_type="full_adapter",
    ),
    "flux_transformer": _denoiser(
        "FluxTransformer2DModel",
        **_TWO_HEADS,
        patch_size=1,
        in_channels=64,
        num_single_layers=1,
        joint_attention_dim=_WIDTH,
        pooled_projection_dim=_WIDTH,
        guidance_embeds=True,
        axes_dims_rope=[4, 4, 8],
    ),
    "sd3_transformer": _denoiser(
        "SD3Transformer2DModel",
        sample_size=16,
        patch_size=1,
        in_channels=16,
        out_channels=16,
        num_layers=2,
        attention_head_dim=8,
        num_attention_heads=4,
        caption_projection_dim=_WIDTH,
        joint_attention_dim=_WIDTH,
        pooled_projection_dim=2 * _WIDTH,
        pos_embed_max_size=16,
        dual_attention_layers=[0],
        qk_norm="rms_norm",
    ),
    "chroma_transformer": _denoiser(
        "ChromaTransformer2DModel",
        **_TWO_HEADS,
        patch_size=1,
        in_channels=64,
        num_single_layers=1,
        joint_attention_dim=_WIDTH,
        axes_dims_rope=[4, 4, 8],
        approximator_num_channels=8,
        approximator_hidden_dim=_WIDTH,
        approximator_layers=1,
    ),
    "pixart_transformer": _denoiser(
        "PixArtTransformer2DModel",
        **_TWO_HEADS,
        sample_size=8,
        patch_size=2,
        in_channels=4,
        out_channels=8,
        cross_attention_dim=_WIDTH,
        caption_channels=_WIDTH,
        use_additional_conditions=False,
    ),
    "wan_transformer": _denoiser(
        "WanTransformer3DModel",
        patch_size=[1, 2, 2],
        num_attention_heads=2,
        attention_head_dim=12,
        in_channels=16,
        out_channels=16,
        text_dim=_WIDTH,
        freq_dim=16,
        ffn_dim=_WIDTH,
        num_layers=2,
        rope_max_seq_len=32,
    ),
    "kandinsky5_transformer": _denoiser(
        "Kandinsky5Transformer3DModel",
        in_visual_dim=4,
        in_text_dim=_WIDTH,
        in_text_dim2=_WIDTH,
        time_dim=_WIDTH,
        out_visual_dim=4,
        patch_size=[1, 2, 2],
        model_dim=48,
        ff_dim=64,
        num_text_blocks=1,
        num_visual_blocks=1,
        axes_dims=[8, 8, 8],
    ),
    "qwen_image_transformer": _denoiser(
        "QwenImageTransformer2DModel",
        **_TWO_HEADS,
        patch_size=2,
        in_channels=16,
        out_channels=4,
        joint_attention_dim=_WIDTH,
        axes_dims_rope=[4, 6, 6],
    ),
    "ddim": Recipe(
        "diffusers", "DDIMScheduler", {**_BETAS, "clip_sample": False, "set_alpha_to_one": False}
    ),
    "pndm": Recipe("diffusers", "PNDMScheduler", {**_BETAS, "skip_prk_steps": True}),
    "euler": Recipe("diffusers", "EulerDiscreteScheduler", _BETAS),
    "flow": Recipe("diffusers", "FlowMatchEulerDiscreteScheduler", {"shift": 3.0}),
    "clip_tokenizer": Recipe("transformers", "CLIPTokenizer", {"model_max_length": 77}),
    "t5_tokenizer": Recipe("transformers", "T5Tokenizer", {"model_max_length": 77}),
    "image_processor": Recipe(
        "transformers",
        "CLIPImageProcessor",
        {"size": {"shortest_edge": 30}, "crop_size": {"height": 30, "width": 30}},
    ),
}

#: Every pipeline: its class and its parts, by the names in ``model_index.json``.
PIPELINES: Mapping[str, tuple[str, Mapping[str, str | None]]] = {
    "sd1": (
        "StableDiffusionPipeline",
        {
            "vae": "vae",
            "text_encoder": "clip",
            "tokenizer": "clip_tokenizer",
            "unet": "sd1_unet",
            "scheduler": "ddim",
            "safety_checker": "safety_checker",
            "feature_extractor": "image_processor",
            "image_encoder": None,
        },
    ),
    "sd2": (
        "StableDiffusionPipeline",
        {
            "vae": "vae",
            "text_encoder": "clip",
            "tokenizer": "clip_tokenizer",
            "unet": "sd2_unet",
            "scheduler": "ddim",
            "safety_checker": None,
            "feature_extractor": None,
            "image_encoder": None,
        },
    ),
    "sdxl": (
        "StableDiffusionXLPipeline",
        {
            "vae": "sdxl_vae",
            "text_encoder": "clip",
            "text_encoder_2": "clip_g",
            "tokenizer": "clip_tokenizer",
            "tokenizer_2": "clip_tokenizer",
            "unet": "sdxl_unet",
            "scheduler": "euler",
            "image_encoder": None,
            "feature_extractor": None,
        },
    ),
    "refiner": (
        "StableDiffusionXLImg2ImgPipeline",
        {
            "vae": "sdxl_vae",
            "text_encoder": None,
            "text_encoder_2": "clip_g",
            "tokenizer": None,
            "tokenizer_2": "clip_tokenizer",
            "unet": "refiner_unet",
            "scheduler": "euler",
        },
    ),
    "flux": (
        "FluxPipeline",
        {
            "scheduler": "flow",
            "text_encoder": "clip",
            "text_encoder_2": "t5",
            "tokenizer": "clip_tokenizer",
            "tokenizer_2": "t5_tokenizer",
            "transformer": "flux_transformer",
            "vae": "flux_vae",
        },
    ),
    "sd3": (
        "StableDiffusion3Pipeline",
        {
            "scheduler": "flow",
            "text_encoder": "clip_g",
            "text_encoder_2": "clip_g",
            "text_encoder_3": "t5",
            "tokenizer": "clip_tokenizer",
            "tokenizer_2": "clip_tokenizer",
            "tokenizer_3": "t5_tokenizer",
            "transformer": "sd3_transformer",
            "vae": "flux_vae",
        },
    ),
}


class SmallModels:
    """Makes the models below one folder, each once.

    Args:
        folder: Where they are written.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def part(self, name: str, *, dtype: str = "float32", **saving: Any) -> Path:
        """Return the folder of a part of ``PARTS``.

        Args:
            name: Which.
            dtype: Of its floating numbers: float32, float16, bfloat16.
            saving: Passed to ``save_pretrained``, such as ``variant="fp16"``.
        """
        form = "-".join([dtype, *(f"{key}-{value}" for key, value in sorted(saving.items()))])
        place = self.folder / "parts" / form / name
        if not place.exists():
            self._save(name, place, dtype, saving)
        return place

    def pipeline(self, name: str, *, dtype: str = "float32", **saving: Any) -> Path:
        """Return the folder of a pipeline of ``PIPELINES``; the arguments are those of ``part``."""
        form = "-".join([dtype, *(f"{key}-{value}" for key, value in sorted(saving.items()))])
        place = self.folder / "pipelines" / form / name
        if place.exists():
            return place
        class_name, parts = PIPELINES[name]
        index: dict[str, Any] = {"_class_name": class_name, "_diffusers_version": "0.42.0"}
        for part, recipe in parts.items():
            index[part] = [None, None]
            if recipe is not None:
                self._save(recipe, place / part, dtype, saving)
                index[part] = [PARTS[recipe].library, PARTS[recipe].class_name]
        (place / "model_index.json").write_text(json.dumps(index, indent=2))
        return place

    def module(self, name: str, *, dtype: str = "float32") -> Any:
        """Return a part as its class makes it, on the CPU; its weights are always the same."""
        import torch

        module = self._made(PARTS[name])
        draw = torch.Generator().manual_seed(zlib.crc32(name.encode()))
        for parameter_name, parameter in module.named_parameters():
            numbers = torch.randn(parameter.shape, generator=draw) * 0.1
            if parameter_name.endswith("_embeds_weights"):  # what is above them is not safe
                numbers = torch.ones(parameter.shape)
            parameter.data = numbers.to(getattr(torch, dtype))
        for buffer in module.buffers():
            if buffer.is_floating_point():
                buffer.data = buffer.data.to(getattr(torch, dtype))
        return module.eval()

    def _made(self, recipe: Recipe) -> Any:
        import torch

        kind = self._class(recipe)
        with torch.random.fork_rng(devices=[]), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the classes still use what is to go from diffusers
            if hasattr(kind, "config_class"):
                return kind(kind.config_class(**recipe.config))
            return kind(**recipe.config)

    def _save(self, name: str, place: Path, dtype: str, saving: Mapping[str, Any]) -> None:
        recipe = PARTS[name]
        place.mkdir(parents=True)
        if "Tokenizer" in recipe.class_name:
            self._tokenizer(recipe).save_pretrained(place)
        elif recipe.class_name.endswith(("Scheduler", "Processor")):
            self._class(recipe)(**recipe.config).save_pretrained(place)
        else:
            self.module(name, dtype=dtype).save_pretrained(place, **saving)

    def _class(self, recipe: Recipe) -> Any:
        import diffusers

        library = self._libraries.get(recipe.library)
        return getattr(library or getattr(diffusers.pipelines, recipe.library), recipe.class_name)

    @cached_property
    def _libraries(self) -> Mapping[str, Any]:
        import diffusers
        import transformers

        return {"diffusers": diffusers, "transformers": transformers}

    def _tokenizer(self, recipe: Recipe) -> Any:
        """Return a tokenizer that knows single letters alone."""
        letters = [chr(code) for code in range(33, 33 + 255)]
        if recipe.class_name == "CLIPTokenizer":
            ends = [f"{letter}</w>" for letter in letters]
            known = [*letters, *ends, "<pad0>", "<pad1>", "<|startoftext|>", "<|endoftext|>"]
            words = {word: place for place, word in enumerate(known)}
            return self._class(recipe)(vocab=words, merges=[], **recipe.config)
        special = [("<pad>", 0.0), ("</s>", 0.0), ("<unk>", 0.0), ("\u2581", -2.0)]
        words_of_t5 = [*special, *((letter, -3.0) for letter in letters)]
        return self._class(recipe)(vocab=words_of_t5, extra_ids=0, **recipe.config)
