"""Wan 2.1 and 2.2, and the many models that are built on them.

A variant is a task and a size (``t2v-14b``); what an adapter fits is a size (``14b``).
"""

from __future__ import annotations

from modelkeep.core.taxonomy import BaseModelType
from modelkeep.identification.conditions import (
    AllOf,
    AnyOf,
    Condition,
    Dim,
    Has,
    HasFile,
    Lacks,
    Module,
    NameHint,
    Not,
    PipelineClass,
    Stated,
)
from modelkeep.identification.families._adapters import table_adapters
from modelkeep.identification.families._transformers import (
    classed,
    config,
    each_size,
    main_file,
    main_folder,
)
from modelkeep.identification.families._wan_modules import SIZES, TABLES
from modelkeep.identification.family import Family, Lineage, Marks
from modelkeep.identification.rules import Rule, Variant

_BASE = BaseModelType.Wan
_HEAD = 128
_WIDTHS = tuple(size.width for size in SIZES)
#: Latent channels, and those of a mask and a first picture as well.
_PLAIN, _PICTURE, _CONTROL, _CAMERA = 16, 36, 48, 32
_IN = "patch_embedding.weight"
#: Latents of sound, which other models give to the blocks of Wan.
_SOUND = Dim(_IN, 1, (128,), "input channels")
_FUN = NameHint(r"\bfun\b")


def _inputs(*channels: int) -> Condition:
    return Dim(_IN, 1, channels, "input channels")


def _sized(norm: str) -> tuple[tuple[str, Condition], ...]:
    return tuple((s.word, Dim(norm, 0, (s.width,), "hidden width")) for s in SIZES)


def _tasks(clip: str, flf: str) -> tuple[Variant, ...]:
    """Return the tasks; ``clip`` takes the embedded picture, ``flf`` places two of them."""
    return (
        Variant("vace", (Has("vace_patch_embedding.bias"),)),
        Variant("animate", (Has("pose_patch_embedding.bias"),)),
        Variant("animate-2", (Has("blocks.0.self_attn.to_q.bias"),)),
        Variant("animate-2", (Stated("model_type", "animate2"),)),
        Variant("flow-rvs", (Stated("model_type", "flow_rvs"),)),
        Variant("causal", (Stated("causal_ar", value=True),)),
        Variant("s2v", (Has("casual_audio_encoder.*"),)),
        Variant("humo", (Has("audio_proj.audio_proj_glob_1.*"),)),
        Variant("multitalk", (Has("audio_proj.proj1.weight"),)),
        Variant("wandancer", (Has("patch_embedding_global.weight"),)),
        Variant("scail-2", (Has("patch_embedding_mask.weight"),)),
        Variant("scail", (Has("patch_embedding_pose.weight"),)),
        Variant("helios", (Has("patch_short.weight", "patch_long.weight"),)),
        Variant("anyflow", (Has("condition_embedder.delta_embedder.linear_1.bias"),)),
        Variant("fun-camera", (Has("control_adapter.conv.weight"),)),
        Variant("flf2v", (Has(flf),)),
        Variant("fun-inpaint", (_inputs(_PICTURE), _FUN, NameHint(r"\binp"))),
        Variant("i2v", (_inputs(_PICTURE),)),
        Variant("ti2v", (_inputs(_CONTROL), Dim("patch_embedding.bias", 0, (3072,), "width"))),
        Variant("fun-control", (_inputs(_CONTROL),)),
        Variant("fun-camera", (_inputs(_CAMERA),)),
        Variant("t2v", (_inputs(_PLAIN), Lacks(clip))),
        # Some files hide the shape of the first convolution.
        Variant("i2v", (Has(clip),)),
        Variant(""),
    )


_ORIGINAL = main_file(
    _BASE,
    "original names",
    Has("head.modulation"),
    Not(_SOUND, "for sound"),
    Dim("patch_embedding.bias", 0, _WIDTHS, "hidden width"),
    Dim("blocks.0.self_attn.norm_q.weight", 0, _WIDTHS, "hidden width"),
    Has("blocks.0.ffn.0.bias", "time_projection.1.bias"),
    variants=each_size(
        _sized("blocks.0.self_attn.norm_q.weight"),
        *_tasks("img_emb.proj.0.bias", "img_emb.emb_pos"),
    ),
)
_WRAPPED_NORM = "blocks.0.block.self_attn.norm_q.weight"
#: The published file of Animate 2, where each block stands inside of another.
_WRAPPED = main_file(
    _BASE,
    "original names of Animate 2",
    Has("head.modulation", "blocks.0.block.ffn.0.bias"),
    Dim("patch_embedding.bias", 0, _WIDTHS, "hidden width"),
    Dim(_WRAPPED_NORM, 0, _WIDTHS, "hidden width"),
    variants=each_size(_sized(_WRAPPED_NORM), Variant("animate-2")),
)
_EMBEDDER = "condition_embedder"
_DIFFUSERS = main_file(
    _BASE,
    "diffusers names",
    Has(f"{_EMBEDDER}.time_proj.bias"),
    Dim("patch_embedding.bias", 0, _WIDTHS, "hidden width"),
    Dim("blocks.0.attn1.norm_q.weight", 0, _WIDTHS, "hidden width"),
    Has("blocks.0.ffn.net.0.proj.bias", f"{_EMBEDDER}.text_embedder.linear_1.bias"),
    variants=each_size(
        _sized("blocks.0.attn1.norm_q.weight"),
        *_tasks(f"{_EMBEDDER}.image_embedder.norm1.bias", f"{_EMBEDDER}.image_embedder.pos_embed"),
    ),
)

_PIPELINES = (
    *("Wan*Pipeline", "SkyReelsV2*Pipeline", "ChronoEdit*Pipeline", "LucyEdit*Pipeline"),
    *("Helios*Pipeline", "AnyFlow*Pipeline"),
)
_COMPONENTS = (
    *("WanTransformer3DModel", "WanVACETransformer3DModel", "WanAnimate*Transformer3DModel"),
    *("SkyReelsV2Transformer3DModel", "ChronoEditTransformer3DModel"),
    *("HeliosTransformer3DModel", "AnyFlow*Transformer3DModel"),
    # In the folders of Wan itself.
    *("WanModel", "WanModel_S2V", "WanAnimateModel", "VaceWanModel"),
)


def _channels(count: int, *, absent: bool = False) -> Condition:
    """Return the condition on the input channels, by the name of diffusers or of Wan itself."""
    both = (config(key, count, absent=absent) for key in ("in_channels", "in_dim"))
    return AllOf(*both) if absent else AnyOf(*both)


def _heads(width: int) -> Condition:
    """Return the condition on the size; a config that states none has the values of the largest."""
    stated = (config("num_attention_heads", width // _HEAD), config("dim", width))
    nothing = AllOf(*(config(key, absent=True) for key in ("num_attention_heads", "dim")))
    return AnyOf(*stated, nothing) if width == max(_WIDTHS) else AnyOf(*stated)


_FOLDER_TASKS = (
    Variant("vace", (classed("WanVACE*", "VaceWan*", "Wan*Vace*"),)),
    Variant("animate-2", (classed("WanAnimate2*"),)),
    Variant("animate", (classed("WanAnimate*"),)),
    Variant("helios", (classed("Helios*"),)),
    Variant("anyflow", (classed("AnyFlow*"),)),
    *(Variant(task, (config("model_type", task),)) for task in ("s2v", "animate", "vace", "flf2v")),
    Variant("flf2v", (config("pos_embed_seq_len", 514),)),
    Variant("fun-inpaint", (_channels(_PICTURE), _FUN, NameHint(r"\binp"))),
    Variant("i2v", (_channels(_PICTURE),)),
    Variant("ti2v", (_channels(_CONTROL), _heads(3072))),
    Variant("fun-control", (_channels(_CONTROL),)),
    Variant("fun-camera", (_channels(_CAMERA),)),
    Variant("t2v", (_channels(_PLAIN),)),
    Variant("i2v", (PipelineClass("*ImageToVideo*", "*Image2Video*"),)),
    Variant("t2v", (_channels(_PLAIN, absent=True),)),
    Variant(""),
)
_FOLDER_SIZES = tuple((size.word, _heads(size.width)) for size in SIZES)
_FOLDER = main_folder(
    _BASE,
    _PIPELINES,
    _COMPONENTS,
    variants=(
        *each_size(_FOLDER_SIZES, *_FOLDER_TASKS),
        Variant("i2v", (PipelineClass("*ImageToVideo*"),)),
        Variant("t2v"),
    ),
)


#: "High" and "low" that are not about noise.
_NOT_NOISE = r"(?! ?(?:res|quality|def|vram|poly|steps?|rank|end)\b)"


def _lineages() -> tuple[Lineage, ...]:
    """Return the lineages. Wan 2.2 has two models for one picture: the noisy half, the clear."""
    new = r"\bwan ?(?:video ?)?2 ?2"
    high = rf"{new}.*\bhigh\b{_NOT_NOISE}|\bhigh ?noise\b"
    low = rf"{new}.*\blow\b{_NOT_NOISE}|\blow ?noise\b"
    return (
        Lineage(
            "skyreels-v2", r"\bskyreels", AnyOf(Has("fps_embedding.weight"), classed("SkyReels*"))
        ),
        Lineage("chronoedit", r"\bchrono ?edit", classed("ChronoEdit*")),
        Lineage("lucy-edit", r"\blucy\b", classed("LucyEdit*")),
        Lineage("phantom", r"\bphantom\b"),
        # What proves the generation comes before all names, which alone tell the half.
        Lineage("wan-2.2-high", high, AllOf(NameHint(high), _WITHOUT_CLIP)),
        Lineage("wan-2.2-low", low, AllOf(NameHint(low), _WITHOUT_CLIP)),
        Lineage("wan-2.2", new, AnyOf(HasFile("transformer_2/*"), _WITHOUT_CLIP)),
    )


#: Wan 2.1 takes the first picture twice: as latents, and embedded by CLIP.
_WITHOUT_CLIP = AnyOf(
    AllOf(
        Has("head.modulation"), _inputs(_PICTURE), Lacks("img_emb.proj.0.bias", "control_adapter.*")
    ),
    AllOf(Has("head.modulation"), Dim("patch_embedding.bias", 0, (3072,), "hidden width")),
)

_MAINS: tuple[Rule, ...] = (_ORIGINAL, _WRAPPED, _DIFFUSERS, _FOLDER)

FAMILY = Family(
    name="wan",
    base=_BASE,
    label="Wan",
    words=("Wan 2.1", "Wan 2.2", "WanVideo"),
    sites={
        "civitai": (
            "Wan Video",
            "Wan Video 1.3B t2v",
            "Wan Video 14B t2v",
            "Wan Video 14B i2v 480p",
            "Wan Video 14B i2v 720p",
            "Wan Video 2.2 TI2V-5B",
            "Wan Video 2.2 T2V-A14B",
            "Wan Video 2.2 I2V-A14B",
        )
    },
    declared=("wan", "wanvideo"),
    marks=Marks(
        tensors=(
            Has("head.modulation"),
            AllOf(Has(f"{_EMBEDDER}.time_proj.bias"), Has("blocks.0.attn1.norm_q.weight")),
        ),
        modules=(
            Module("blocks_#_cross_attn_k"),
            Module("blocks_#_self_attn_q"),
            Module("blocks_#_attn2_to_q", _WIDTHS),
        ),
    ),
    lineages=_lineages(),
    rules=(*_MAINS, *table_adapters(_BASE, *TABLES)),
)
