"""What main models run with beside their own weights: text encoders, vision encoders, VAEs.

A table by base. Where a base is not in it, only parts of the same base are known to fit.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

_SEPARATORS = re.compile(r"[_\-./\s:]+")
#: Words in names, without separators, by which an encoder is known; the first that fits counts.
_NAMED: tuple[tuple[str, str], ...] = (
    ("umt5", r"umt5"),
    ("byt5-small", r"byt5"),
    ("pile-t5-xl", r"pilet5|auraflow.*(?:text|t5)"),
    ("mt5-xl", r"(?<!u)mt5"),
    ("t5-xl", r"t5v11xl(?!x)|t5xl(?!x)"),
    ("t5-xxl", r"t5xxl|t5v11xxl|t511b"),
    ("jina-clip-2", r"jinaclip"),
    ("siglip", r"siglip|sigclip"),
    ("clip-g", r"clipg|bigg|openclipg"),
    ("clip-h", r"cliph|clipvith|openclipvith"),
    ("clip-l", r"clipl|clipvitl|vitl14|cliplarge"),
    ("llava-llama-3-8b", r"llavallama38b"),
    ("llama-3.1-8b", r"llama318b"),
    ("qwen2.5-vl-7b", r"qwen25vl7b|qwen25vl(?!3b)"),
    ("qwen2.5-vl-3b", r"qwen25vl3b"),
    ("qwen3-vl-4b", r"qwen3vl4b"),
    ("qwen3-vl-8b", r"qwen3vl8b"),
    ("qwen3-0.6b", r"qwen306b"),
    ("qwen3-4b", r"qwen34b"),
    ("qwen3-8b", r"qwen38b"),
    ("gemma-2-2b", r"gemma22b"),
    ("gemma-3-12b", r"gemma312b"),
    ("ministral-3b", r"ministral3?3b"),
    ("mistral-24b", r"mistralsmall|mistral.*24b|mistral3small"),
    ("chatglm3-6b", r"chatglm3"),
    ("glm-4-9b", r"glm49b"),
    ("gpt-oss-20b", r"gptoss20b"),
)
_WIDTHS = {768: "clip-l", 1024: "clip-h", 1280: "clip-g"}
_CLIP_WIDTH = re.compile(r"\bwidth is (768|1024|1280)\b")


@dataclass(frozen=True, slots=True)
class Needs:
    """What the main models of one base run with.

    Attributes:
        text: Text encoders.
        vision: Vision encoders, of adapters and of variants that take pictures.
        vae: Other bases whose VAEs are theirs too.
        by_variant: Text encoders of variants that have others.
    """

    text: tuple[str, ...] = ()
    vision: tuple[str, ...] = ()
    vae: tuple[str, ...] = ()
    by_variant: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def text_of(self, variant: str) -> tuple[str, ...]:
        """Return the text encoders of a variant; those of all where it is not in the table."""
        if variant in self.by_variant:
            return self.by_variant[variant]
        others = (word for words in self.by_variant.values() for word in words)
        return tuple(dict.fromkeys((*self.text, *others)))


_CLIPS = ("clip-l", "clip-g")
_FLUX = ("clip-l", "t5-xxl")
_T5 = ("t5-xxl",)
_KLEIN = {
    "dev": ("mistral-24b",),
    "klein-4b": ("qwen3-4b",),
    "klein-9b": ("qwen3-8b",),
}
NEEDS: Mapping[str, Needs] = MappingProxyType(
    {
        "sd-1": Needs(("clip-l",), ("clip-h", "clip-l")),
        "sd-2": Needs(("clip-h",), ("clip-h",), vae=("sd-1",)),
        "sdxl": Needs(_CLIPS, ("clip-h", "clip-g")),
        "sdxl-refiner": Needs(("clip-g",), vae=("sdxl",)),
        "sd-3": Needs((*_CLIPS, "t5-xxl"), ("siglip",)),
        "sd-cascade": Needs(("clip-g",), ("clip-l",)),
        "svd": Needs(vision=("clip-h",), vae=("sd-1",)),
        "flux": Needs(_FLUX, ("siglip", "clip-l")),
        "flux2": Needs(by_variant=_KLEIN),
        "chroma": Needs(_T5, vae=("flux",)),
        "z-image": Needs(("qwen3-4b",), ("siglip",), vae=("flux",)),
        "qwen-image": Needs(("qwen2.5-vl-7b",)),
        "qwen-image-2": Needs(("qwen3-vl-8b",)),
        "wan": Needs(("umt5",), ("clip-h",)),
        "hunyuan-video": Needs(("clip-l", "llava-llama-3-8b", "qwen2.5-vl-7b", "byt5-small")),
        "hunyuan-image": Needs(("qwen2.5-vl-7b", "byt5-small")),
        "hunyuan-dit": Needs(("mt5-xl",), vae=("sdxl",)),
        "ltx-video": Needs(("t5-xxl", "gemma-3-12b")),
        "pixart": Needs(_T5, vae=("sd-1", "sdxl"), by_variant={"alpha": _T5, "sigma": _T5}),
        "sana": Needs(("gemma-2-2b",)),
        "auraflow": Needs(("pile-t5-xl",), vae=("sdxl",)),
        "hidream": Needs((*_CLIPS, "t5-xxl", "llama-3.1-8b"), vae=("flux",)),
        "lumina2": Needs(("gemma-2-2b",), vae=("flux",)),
        "cogview4": Needs(("glm-4-9b",)),
        "cogview3": Needs(_T5),
        "cogvideox": Needs(_T5),
        "kolors": Needs(("chatglm3-6b",), ("clip-l",), vae=("sdxl",)),
        "krea-2": Needs(("qwen3-vl-4b",), vae=("qwen-image",)),
        "anima": Needs(("qwen3-0.6b",), vae=("qwen-image",)),
        "cosmos": Needs(_T5, vae=("wan",)),
        "mochi": Needs(_T5),
        "omnigen2": Needs(("qwen2.5-vl-3b",), vae=("flux",)),
        "kandinsky5": Needs(("clip-l", "qwen2.5-vl-7b"), vae=("flux", "hunyuan-video")),
        "longcat": Needs(("qwen2.5-vl-7b",), vae=("flux",)),
        "ovis-image": Needs(vae=("flux",)),
        "ernie-image": Needs(("ministral-3b",), vae=("flux2",)),
        "lens": Needs(("gpt-oss-20b",)),
        "bria": Needs(_T5),
        "allegro": Needs(_T5),
        "latte": Needs(_T5),
        "omnigen": Needs(vae=("sdxl",)),
    }
)


def encoder_named(*texts: str | None) -> str | None:
    """Return the encoder that names, most telling first, stand for; None where none tells."""
    for text in texts:
        words = _SEPARATORS.sub("", (text or "").casefold())
        for encoder, pattern in _NAMED:
            if words and re.search(pattern, words):
                return encoder
    return None


def clip_of_width(details: str) -> str | None:
    """Return the CLIP text encoder that the width in some evidence is of, or None."""
    found = _CLIP_WIDTH.search(details)
    return _WIDTHS[int(found[1])] if found else None
