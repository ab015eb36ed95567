"""The sample models: forty that nobody has made, of the kinds that people have."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache

from modelkeep.app.sample.files import Tensors, typed
from modelkeep.app.sample.parts import (
    checkpoint,
    clip_text,
    clip_vision,
    diffusers_vae,
    flux_lora,
    flux_transformer,
    ldm_vae,
    open_clip_text,
    sd1_lora_text,
    sd1_lora_unet,
    sdxl_lora,
)
from modelkeep.app.sample.unets import (
    REFINER,
    SD1,
    SD2,
    SDXL,
    diffusers_controlnet,
    ldm_controlnet,
)


@dataclass(frozen=True, slots=True)
class Sample:
    """One sample model.

    Attributes:
        kind: Which of ``tensors_of``; ``folder`` for a diffusers folder of SD 1.
        file: Name of its file, without the ending, or of its folder.
        name: What people call it.
        about: What its maker says.
        words: Trigger words.
        tags: Of its maker.
    """

    kind: str
    file: str
    name: str
    about: str
    words: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()

    @property
    def shelf(self) -> str:
        """The folder that it lies in."""
        return _SHELVES[self.kind]

    @property
    def motif(self) -> str:
        """What its picture shows: ``hills``, ``paper`` or ``rings``."""
        if self.shelf == "loras":
            return "paper"
        return "hills" if self.shelf in {"checkpoints", "diffusers"} else "rings"


@cache
def tensors_of(kind: str) -> Tensors:
    """Return the tensors of a kind of sample."""
    return _TENSORS[kind]()


_TENSORS: Mapping[str, Callable[[], Tensors]] = {
    "sd1": lambda: typed(checkpoint(SD1)),
    "sd1-inpaint": lambda: typed(checkpoint(SD1.with_inputs(9))),
    "sd2": lambda: typed(checkpoint(SD2)),
    "sdxl": lambda: typed(checkpoint(SDXL)),
    "refiner": lambda: typed(checkpoint(REFINER)),
    "flux": lambda: typed(flux_transformer(guidance=False), "F8_E4M3"),
    "sd1-lora": lambda: typed(sd1_lora_unet() | sd1_lora_text()),
    "sdxl-lora": lambda: typed(sdxl_lora()),
    "flux-lora": lambda: typed(flux_lora(), "BF16"),
    "sd1-embedding": lambda: {"emb_params": ("F32", (4, 768))},
    "sdxl-embedding": lambda: typed({"clip_l": (4, 768), "clip_g": (4, 1280)}),
    "vae": lambda: typed(ldm_vae()),
    "flux-vae": lambda: typed(ldm_vae(16)),
    "diffusers-vae": lambda: typed(diffusers_vae()),
    "controlnet": lambda: typed(ldm_controlnet(SD1), prefix="control_model."),
    "sdxl-controlnet": lambda: typed(diffusers_controlnet(SDXL)),
    "clip-l": lambda: typed(clip_text(), prefix="text_model."),
    "clip-g": lambda: typed(open_clip_text(1280, 32)),
    "clip-vision": lambda: typed(clip_vision()),
}
_SHELVES = {
    **dict.fromkeys(("sd1", "sd1-inpaint", "sd2", "sdxl", "refiner", "flux"), "checkpoints"),
    **dict.fromkeys(("sd1-lora", "sdxl-lora", "flux-lora"), "loras"),
    **dict.fromkeys(("sd1-embedding", "sdxl-embedding"), "embeddings"),
    **dict.fromkeys(("vae", "flux-vae", "diffusers-vae"), "vae"),
    **dict.fromkeys(("controlnet", "sdxl-controlnet"), "controlnet"),
    **dict.fromkeys(("clip-l", "clip-g", "clip-vision"), "text_encoders"),
    "folder": "diffusers",
}

SAMPLES = (
    Sample("sdxl", "harbourLightsXL_v20", "Harbour Lights XL", "Evenings at the water, lamps and"
           " wet stone. Made for wide pictures; start with 30 steps.",
           tags=("photo", "night", "landscape")),
    Sample("sdxl", "meadowlineXL_v3", "Meadowline XL", "Flat colours under dark outlines, as in"
           " picture books.", tags=("illustration", "cartoon")),
    Sample("sdxl", "clayAndGlaze_v11", "Clay & Glaze", "Everything looks thrown on a wheel and"
           " fired twice.", tags=("ceramics", "3d")),
    Sample("refiner", "harbourLightsXL_refiner", "Harbour Lights XL refiner", "The last fifth of"
           " the steps of Harbour Lights XL.", tags=("photo",)),
    Sample("sd1", "oldFilmStock_v4", "Old Film Stock", "Grain, halation, and the colours of 1974.",
           tags=("photo", "film")),
    Sample("sd1", "gouacheDiary_v2", "Gouache Diary", "Small opaque paintings on grey paper.",
           tags=("painting",)),
    Sample("sd1", "lanternStreet_v15", "Lantern Street", "Narrow streets in the rain, seen from"
           " low down.", tags=("night", "city")),
    Sample("sd1-inpaint", "oldFilmStock_inpainting", "Old Film Stock inpainting", "Fills holes in"
           " pictures of Old Film Stock.", tags=("photo", "inpainting")),
    Sample("sd2", "coldCoast_v1", "Cold Coast", "Northern light and few people.",
           tags=("landscape", "photo")),
    Sample("flux", "quickSketch_schnell_fp8", "Quick Sketch", "Four steps from a line to a"
           " picture.", tags=("drawing", "fast")),
    Sample("folder", "harbour-lights-diffusers", "Harbour Lights 1", "The first edition, as a"
           " folder.", tags=("photo", "night")),
    Sample("sd1-lora", "paper-cut-style", "Paper Cut", "Layers of cut paper with soft shadows"
           " between them. Use it at 0.8.", ("paper cut",), ("style", "paper")),
    Sample("sd1-lora", "linocut-prints", "Linocut Prints", "Black ink, white gouges.",
           ("linocut print",), ("style", "print")),
    Sample("sd1-lora", "brass-machines", "Brass Machines", "Gears that would really turn.",
           ("brass machine", "exploded view"), ("object", "steampunk")),
    Sample("sd1-lora", "tiny-gardens", "Tiny Gardens", "Whole gardens in a teacup.",
           ("tiny garden",), ("object", "macro")),
    Sample("sd1-lora", "fog-layers", "Fog Layers", "Adds distance to any landscape.",
           ("fog layers",), ("landscape", "light")),
    Sample("sd1-lora", "wool-felt", "Wool Felt", "Animals made of felt, with visible fibres.",
           ("wool felt",), ("style", "craft")),
    Sample("sdxl-lora", "stained-glass-xl", "Stained Glass XL", "Lead lines and light from behind.",
           ("stained glass",), ("style", "light")),
    Sample("sdxl-lora", "isometric-rooms-xl", "Isometric Rooms XL", "Rooms without their front"
           " walls.", ("isometric room",), ("3d", "object")),
    Sample("sdxl-lora", "blueprint-xl", "Blueprint XL", "White lines on Prussian blue.",
           ("blueprint drawing",), ("style", "drawing")),
    Sample("sdxl-lora", "moss-and-stone-xl", "Moss & Stone XL", "Walls that have stood for a"
           " while.", ("moss", "old stone"), ("landscape", "texture")),
    Sample("sdxl-lora", "risograph-xl", "Risograph XL", "Two spot colours, slightly off register.",
           ("risograph",), ("style", "print")),
    Sample("sdxl-lora", "window-light-xl", "Window Light XL", "One soft window from the left.",
           ("window light",), ("light", "portrait")),
    Sample("sdxl-lora", "a-very-long-name-for-a-style-of-knitted-landscapes-with-cables-xl_v3",
           "A very long name for a style of knitted landscapes with cables and bobbles",
           "It shows where names are cut.", ("knitted landscape",), ("style", "craft")),
    Sample("flux-lora", "ink-bleed-flux", "Ink Bleed", "Wet ink on wet paper.", ("ink bleed",),
           ("style", "painting")),
    Sample("flux-lora", "toy-town-flux", "Toy Town", "A tilt-shift view on everything.",
           ("toy town",), ("photo", "macro")),
    Sample("flux-lora", "chalkboard-flux", "Chalkboard", "Words that one can read, in chalk.",
           ("chalkboard lettering",), ("text", "drawing")),
    Sample("sd1-embedding", "soft-focus", "Soft Focus", "As through a stocking over the lens.",
           ("soft-focus",), ("light",)),
    Sample("sd1-embedding", "clean-hands", "Clean Hands", "For the negative prompt.",
           ("clean-hands",), ("negative",)),
    Sample("sd1-embedding", "no-watermarks", "No Watermarks", "For the negative prompt.",
           ("no-watermarks",), ("negative",)),
    Sample("sdxl-embedding", "even-skin-xl", "Even Light XL", "Lifts shadows in faces.",
           ("even-skin-xl",), ("light", "portrait")),
    Sample("vae", "clear-colours-vae", "Clear Colours", "Less grey than the usual one.",
           tags=("colour",)),
    Sample("diffusers-vae", "clear-colours-diffusers", "Clear Colours, diffusers", "The same in"
           " the names of diffusers.", tags=("colour",)),
    Sample("flux-vae", "quick-sketch-ae", "Quick Sketch autoencoder", "Goes with Quick Sketch."),
    Sample("controlnet", "control-edges", "Control Edges", "Keeps to the edges of a picture.",
           tags=("edges",)),
    Sample("controlnet", "control-depth", "Control Depth", "Keeps to its depth.",
           tags=("depth",)),
    Sample("sdxl-controlnet", "control-pose-xl", "Control Pose XL", "Keeps to poses.",
           tags=("pose",)),
    Sample("clip-l", "clip-l-text", "CLIP L", "The text encoder that many models share."),
    Sample("clip-g", "clip-g-text", "CLIP bigG", "The larger one, of SDXL."),
    Sample("clip-vision", "clip-vision-large", "CLIP vision, large", "Reads pictures for adapters"
           " that take some."),
)  # fmt: skip
