"""What the metadata of a header says about itself; keys and shapes decide, this only agrees."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

#: Fields in which trainers and mergers name the architecture, the surest first.
FIELDS = ("modelspec.architecture", "ss_base_model_version", "baseModel")

#: Beginning of a declared name (lower case) and the base that it means; longer ones first.
NAMES: tuple[tuple[str, str], ...] = (
    ("stable-diffusion-xl-v1-refiner", "sdxl-refiner"),
    ("stable-diffusion-xl", "sdxl"),
    ("stable-diffusion-v1", "sd-1"),
    ("stable-diffusion-v2", "sd-2"),
    ("stable-diffusion-3", "sd-3"),
    ("stable-cascade", "sd-cascade"),
    ("stable-video", "svd"),
    ("sdxl", "sdxl"),
    ("sd_v1", "sd-1"),
    ("sd_v2", "sd-2"),
    ("sd_1", "sd-1"),
    ("sd_2", "sd-2"),
    ("sd1", "sd-1"),
    ("sd2", "sd-2"),
    ("sd3", "sd-3"),
    ("flux-2", "flux2"),
    ("flux.2", "flux2"),
    ("flux2", "flux2"),
    ("flux", "flux"),
    ("chroma", "chroma"),
    ("lumina", "lumina2"),
    ("hunyuan-image", "hunyuan-image"),
    ("hunyuan-video", "hunyuan-video"),
    ("hunyuan_video", "hunyuan-video"),
    ("hunyuanvideo", "hunyuan-video"),
    ("qwen", "qwen-image"),
    ("wan", "wan"),
    ("anima", "anima"),
)
_LONGEST = 80


def declared_bases(metadata: Mapping[str, str]) -> Iterator[tuple[str, str, str]]:
    """Yield (field, what it says, the base that this means) for each field that names one."""
    for field in FIELDS:
        said = metadata.get(field, "")[:_LONGEST]
        folded = said.strip().casefold()
        for beginning, base in NAMES:
            if folded.startswith(beginning):
                yield field, said, base
                break
