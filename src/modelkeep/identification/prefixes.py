"""Prefixes under which the tensors of a part of a model may stand in a file."""

from __future__ import annotations

from typing import Literal

#: Prefixes of one part; the empty one is the part alone in its file.
Part = tuple[str, ...]
#: The model whose module an adapter changes.
Where = Literal["denoiser", "text", "text_1", "text_2", "text_3"]

DENOISER: Part = (
    "",
    "model.diffusion_model.",
    "diffusion_model.",
    "model.",
    "net.",
    "transformer.",
    "unet.",
    "model.model.",
)
VAE: Part = ("", "first_stage_model.", "vae.", "autoencoder.", "model.")
CONTROL: Part = ("", "control_model.", "controlnet.", "module.")
TEXT: Part = (
    "",
    "cond_stage_model.transformer.",
    "cond_stage_model.model.",
    "conditioner.embedders.0.transformer.",
    "conditioner.embedders.0.model.",
    "conditioner.embedders.1.model.",
    "text_encoders.clip_l.transformer.",
    "text_encoders.clip_g.transformer.",
    "text_encoders.t5xxl.transformer.",
    "text_encoders.byt5.transformer.",
    "text_encoders.umt5xxl.transformer.",
    "text_encoder.",
    "text_encoder_2.",
    "text_encoder_3.",
    "clip_l.transformer.",
    "clip_g.transformer.",
    "t5xxl.transformer.",
)
#: Language models, alone or under what pipelines call their text encoder.
LANGUAGE: Part = (
    "",
    "model.",
    "language_model.",
    "language_model.model.",
    "model.language_model.",
    "model.language_model.model.",
    "text_model.",
    "text_model.model.",
    "model.text_model.",
    "text_encoder.",
    "text_encoder.model.",
    "text_encoder.model.language_model.",
    "text_encoder.language_model.model.",
    "transformer.",
    "transformer.model.",
    "llm.",
    "llm.model.",
    "thinker.",
    "thinker.model.",
)
#: The image encoders of CLIP, SigLIP and DINO.
VISION: Part = (
    "",
    "model.",
    "vision_model.",
    "image_encoder.",
    "image_encoder.vision_model.",
    "vision_tower.",
    "vision_tower.vision_model.",
    "clip_vision.",
)
ADAPTER: Part = ("", "adapter.")
PLAIN: Part = ("",)

#: First name parts that show that a file holds more than an encoder, a decoder or an adapter.
DENOISER_HEADS = (
    "model",
    "diffusion_model",
    "net",
    "unet",
    "double_blocks",
    "joint_blocks",
    "input_blocks",
    "control_model",
    "transformer_blocks",
)
