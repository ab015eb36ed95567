"""What Civitai calls types and bases, for its search; its list grows, so unknown words are fine.

The words are those of https://developer.civitai.com/docs/api and of the site's own enumerations.
"""

from __future__ import annotations

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

#: By our base.
BASES: dict[str, tuple[str, ...]] = {
    "sd-1": ("SD 1.4", "SD 1.5", "SD 1.5 LCM", "SD 1.5 Hyper"),
    "sd-2": ("SD 2.0", "SD 2.0 768", "SD 2.1", "SD 2.1 768", "SD 2.1 Unclip"),
    "sd-3": ("SD 3", "SD 3.5", "SD 3.5 Large", "SD 3.5 Large Turbo", "SD 3.5 Medium"),
    "sdxl": (
        "SDXL 0.9",
        "SDXL 1.0",
        "SDXL 1.0 LCM",
        "SDXL Lightning",
        "SDXL Hyper",
        "SDXL Turbo",
        "SDXL Distilled",
        "Pony",
        "Illustrious",
        "NoobAI",
    ),
    "flux": ("Flux.1 S", "Flux.1 D", "Flux.1 Krea", "Flux.1 Kontext"),
    "chroma": ("Chroma",),
    "auraflow": ("AuraFlow", "Pony V7"),
    "qwen-image": ("Qwen",),
    "hunyuan-dit": ("Hunyuan 1",),
    "hunyuan-video": ("Hunyuan Video",),
    "ltx-video": ("LTXV", "LTXV2"),
    "pixart": ("PixArt a", "PixArt E"),
    "lumina2": ("Lumina",),
    "hidream": ("HiDream",),
    "kolors": ("Kolors",),
    "mochi": ("Mochi",),
    "sd-cascade": ("Stable Cascade",),
    "svd": ("SVD", "SVD XT"),
}

#: Fine-tunes that became families of their own, by the word of the site in lower case.
LINEAGES = {"pony": "pony", "illustrious": "illustrious", "noobai": "noobai"}
