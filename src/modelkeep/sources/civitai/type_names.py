"""What Civitai calls types, for its search. What it calls the bases is in the families.

The names are those of https://developer.civitai.com/docs/api and of the site's own enumerations.
"""

from __future__ import annotations

#: Types that are no models, in words.
NO_MODELS = {
    "Poses": "poses",
    "Wildcards": "wildcards",
    "Workflows": "workflows",
    "ComfyWorkflows": "workflows",
}
#: By our type.
TYPES: dict[str, tuple[str, ...]] = {
    "main": ("Checkpoint",),
    "lora": ("LORA", "LoCon", "DoRA"),
    "embedding": ("TextualInversion",),
    "vae": ("VAE",),
    "controlnet": ("Controlnet",),
    "t2i_adapter": ("Controlnet",),
    "ip_adapter": ("Controlnet",),
    "upscaler": ("Upscaler",),
    "motion_module": ("MotionModule",),
    "hypernetwork": ("Hypernetwork",),
    "clip_vision": ("CLIPVision",),
    "clip_embed": ("CLIP", "TextEncoder"),
    "text_encoder": ("TextEncoder",),
    "t5_encoder": ("TextEncoder",),
}
