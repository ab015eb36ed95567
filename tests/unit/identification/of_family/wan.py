"""Wan: its tasks and sizes, and LoRAs of it as trainers write them."""

from __future__ import annotations

import json
import re
from functools import partial
from typing import Any

from sample_models import Shapes
from support.lora_shapes import having, lora, modules_of
from unit.identification.cases import Case, file, folder, plain

SIZES = {"14b": (5120, 13824, 40), "5b": (3072, 14336, 30), "1.3b": (1536, 8960, 30)}


def linear(name: str, taken: int, given: int) -> Shapes:
    return {f"{name}.weight": (given, taken), f"{name}.bias": (given,)}


def block(name: str, width: int, inner: int, *, clip: bool = False) -> Shapes:
    shapes: Shapes = {f"{name}.modulation": (1, 6, width), f"{name}.norm3.bias": (width,)}
    shapes |= {f"{name}.norm3.weight": (width,)}
    for kind in ("self_attn", "cross_attn"):
        for part in "qkvo":
            shapes |= linear(f"{name}.{kind}.{part}", width, width)
        shapes |= {f"{name}.{kind}.norm_{part}.weight": (width,) for part in "qk"}
    if clip:
        shapes |= linear(f"{name}.cross_attn.k_img", width, width)
        shapes |= linear(f"{name}.cross_attn.v_img", width, width)
        shapes |= {f"{name}.cross_attn.norm_k_img.weight": (width,)}
    return shapes | linear(f"{name}.ffn.0", width, inner) | linear(f"{name}.ffn.2", inner, width)


def wan(
    size: str = "14b",
    inputs: int = 16,
    *,
    clip: bool = False,
    extra: Shapes | None = None,
    prefix: str = "",
) -> Shapes:
    """The denoiser in its own names."""
    width, inner, blocks = SIZES[size]
    shapes: Shapes = {
        "patch_embedding.weight": (width, inputs, 1, 2, 2),
        "patch_embedding.bias": (width,),
        "head.modulation": (1, 2, width),
    }
    shapes |= linear("head.head", width, 64) | linear("text_embedding.0", 4096, width)
    shapes |= linear("text_embedding.2", width, width) | linear("time_embedding.0", 256, width)
    shapes |= linear("time_embedding.2", width, width)
    shapes |= linear("time_projection.1", width, 6 * width)
    for number in range(blocks):
        shapes |= block(f"blocks.{number}", width, inner, clip=clip)
    if clip:
        shapes |= {"img_emb.proj.0.weight": (1280,), "img_emb.proj.0.bias": (1280,)}
        shapes |= linear("img_emb.proj.1", 1280, 1280) | linear("img_emb.proj.3", 1280, width)
    return {f"{prefix}{name}": shape for name, shape in (shapes | (extra or {})).items()}


def renamed(shapes: Shapes) -> Shapes:
    """The same in the names of diffusers."""
    words = (
        *((".norm2", ".norm1"), (".norm3", ".norm2"), ("self_attn", "attn1")),
        *(("cross_attn", "attn2"), (".o.", ".to_out.0."), (".k_img.", ".add_k_proj.")),
        *((".v_img.", ".add_v_proj."), *((f".{part}.", f".to_{part}.") for part in "qkv")),
        *(("head.modulation", "scale_shift_table"), ("head.head", "proj_out")),
        *(("modulation", "scale_shift_table"), ("ffn.0", "ffn.net.0.proj")),
        *(("ffn.2", "ffn.net.2"), ("norm_k_img", "norm_added_k")),
        ("time_projection.1", "condition_embedder.time_proj"),
        ("img_emb.proj.0", "condition_embedder.image_embedder.norm1"),
        ("img_emb.proj.1", "condition_embedder.image_embedder.ff.net.0.proj"),
        ("img_emb.proj.3", "condition_embedder.image_embedder.ff.net.2"),
        *((f"{kind}_embedding.0", f"condition_embedder.{kind}_embedder.linear_1") for kind in _TWO),
        *((f"{kind}_embedding.2", f"condition_embedder.{kind}_embedder.linear_2") for kind in _TWO),
    )
    found = {}
    for name, shape in shapes.items():
        new = name
        for old, word in words:
            new = new.replace(old, word)
        found[new] = shape
    return found


_TWO = ("text", "time")


def distilled() -> Shapes:
    """A LoRA that also holds what it adds to norms and biases, as distilled models are kept."""
    shapes = lora(having(modules_of(wan()), "blocks."), "comfyui")
    for number in range(40):
        name = f"diffusion_model.blocks.{number}"
        shapes |= {f"{name}.self_attn.q.diff_b": (5120,), f"{name}.norm3.diff": (5120,)}
        shapes |= {f"{name}.norm3.diff_b": (5120,), f"{name}.cross_attn.norm_q.diff": (5120,)}
        shapes |= {f"{name}.modulation.diff": (1, 6, 5120)}
    shapes |= {"diffusion_model.patch_embedding.diff": (5120, 16, 1, 2, 2)}
    return shapes | {"diffusion_model.head.head.diff": (64, 5120)}


def _main(variant: str, **facts: Any) -> list[Case]:
    shapes = partial(wan, **facts)
    answer = ("main", "wan", "checkpoint", variant)
    return [Case("wan main, original names", answer, file(shapes))]


def _variants() -> list[Case]:
    patch: Shapes = {"patch_embedding_pose.weight": (5120, 20, 1, 2, 2)}
    vace: Shapes = {"vace_patch_embedding.bias": (5120,)}
    return [
        *_main("t2v-14b"),
        *_main("t2v-14b", prefix="model.diffusion_model."),
        *_main("i2v-14b", inputs=36, clip=True),
        *_main("i2v-14b", inputs=36, prefix="diffusion_model."),
        *_main("flf2v-14b", inputs=36, clip=True, extra={"img_emb.emb_pos": (1, 514, 1280)}),
        *_main("t2v-1.3b", size="1.3b"),
        *_main("i2v-1.3b", size="1.3b", inputs=36, clip=True),
        *_main("ti2v-5b", size="5b", inputs=48),
        *_main("5b", size="5b", inputs=100),
        *_main("fun-control-14b", inputs=48, clip=True),
        *_main("fun-control-1.3b", size="1.3b", inputs=48),
        *_main(
            "fun-camera-14b", inputs=32, extra={"control_adapter.conv.weight": (5120, 1536, 2, 2)}
        ),
        *_main(
            "fun-camera-14b", inputs=36, extra={"control_adapter.conv.weight": (5120, 1536, 2, 2)}
        ),
        *_main("vace-14b", extra=vace),
        *_main("animate-14b", inputs=36, extra={"pose_patch_embedding.bias": (5120,)}),
        *_main("s2v-14b", extra={"casual_audio_encoder.encoder.out_conv.weight": (5120, 5120, 3)}),
        *_main(
            "humo-14b", inputs=36, extra={"audio_proj.audio_proj_glob_1.layer.weight": (512, 9)}
        ),
        *_main("multitalk-14b", inputs=36, extra={"audio_proj.proj1.weight": (512, 46080)}),
        *_main("scail-14b", inputs=20, extra=patch),
        *_main("scail-2-14b", inputs=20, extra=patch | {"patch_embedding_mask.weight": (5120, 28)}),
        *_main("wandancer-14b", inputs=36, extra={"patch_embedding_global.weight": (5120, 36)}),
        *(
            Case(
                "wan main, original names",
                ("main", "wan", "checkpoint", variant),
                file(
                    partial(wan, inputs=36, clip=True),
                    metadata={"config": json.dumps({"transformer": stated})},
                ),
            )
            for variant, stated in (
                ("animate-2-14b", {"model_type": "animate2"}),
                ("flow-rvs-14b", {"model_type": "flow_rvs"}),
                ("causal-14b", {"causal_ar": True}),
                ("i2v-14b", {"causal_ar": 1}),
                ("i2v-14b", ["causal_ar"]),
            )
        ),
        Case(
            "wan main, original names of Animate 2",
            ("main", "wan", "checkpoint", "animate-2-14b"),
            file(
                lambda: {
                    re.sub(r"^blocks\.(\d+)\.", r"blocks.\1.block.", name): shape
                    for name, shape in wan(inputs=36, clip=True).items()
                }
            ),
        ),
        Case(
            "wan main, original names",
            ("main", "wan", "checkpoint", "fun-inpaint-14b"),
            file(partial(wan, inputs=36, clip=True), "Wan2.1-Fun-14B-InP.safetensors"),
        ),
    ]


def _diffusers() -> list[Case]:
    def case(variant: str, **facts: Any) -> Case:
        answer = ("main", "wan", "checkpoint", variant)
        return Case("wan main, diffusers names", answer, file(lambda: renamed(wan(**facts))))

    delta: Shapes = {"condition_embedder.delta_embedder.linear_1.bias": (5120,)}
    history: Shapes = {"patch_short.weight": (5120,), "patch_long.weight": (5120,)}
    return [
        case("t2v-14b"),
        case("i2v-14b", inputs=36, clip=True),
        case("ti2v-5b", size="5b", inputs=48),
        case("anyflow-14b", extra=delta),
        case("helios-14b", extra=history),
    ]


def _folder(variant: str, kind: str, part: str = "WanTransformer3DModel", **values: Any) -> Case:
    configs = {
        "model_index.json": {"_class_name": kind},
        "transformer/config.json": {"_class_name": part, **values},
    }
    answer = ("main", "wan", "diffusers", variant)
    weights = {"transformer/diffusion_pytorch_model.safetensors": plain}
    return Case("wan main, folder", answer, folder(configs, weights))


_OWN_CONFIGS: dict[str, dict[str, Any]] = {
    "t2v-1.3b": {"model_type": "t2v", "dim": 1536, "in_dim": 16},
    "i2v-14b": {"model_type": "i2v", "dim": 5120, "in_dim": 36},
    "ti2v-5b": {"model_type": "ti2v", "dim": 3072, "in_dim": 48},
    "s2v-14b": {"_class_name": "WanModel_S2V", "model_type": "s2v", "dim": 5120, "in_dim": 16},
    "vace-14b": {"_class_name": "VaceWanModel", "model_type": "vace", "dim": 5120},
    "fun-control-1.3b": {"_class_name": "WanTransformer3DModel", "dim": 1536, "in_dim": 48},
}


def _alone(variant: str, **values: Any) -> Case:
    """A model in a folder as Wan itself publishes it."""
    config = {"_class_name": "WanModel", **values}
    weights = {"diffusion_pytorch_model.safetensors": plain}
    answer = ("main", "wan", "diffusers", variant)
    return Case("wan main, folder", answer, folder({"config.json": config}, weights))


def _folders() -> list[Case]:
    alone = {"_class_name": "WanTransformer3DModel", "num_attention_heads": 12, "in_channels": 16}
    picture = "WanImageToVideoPipeline"
    vace = "WanVACETransformer3DModel"
    streaming = "SkyReelsV2DiffusionForcingPipeline"
    return [
        _folder("t2v-14b", "WanPipeline", num_attention_heads=40, in_channels=16),
        _folder("i2v-14b", picture, num_attention_heads=40, in_channels=36, image_dim=1280),
        _folder(
            "flf2v-14b", picture, num_attention_heads=40, in_channels=36, pos_embed_seq_len=514
        ),
        _folder("ti2v-5b", "WanPipeline", num_attention_heads=24, in_channels=48),
        _folder("vace-1.3b", "WanVACEPipeline", vace, num_attention_heads=12, in_channels=16),
        _folder("t2v-1.3b", streaming, "SkyReelsV2Transformer3DModel", num_attention_heads=12),
        _folder("i2v-14b", picture),
        _folder("helios-14b", "HeliosPipeline", "HeliosTransformer3DModel"),
        *(_alone(variant, **values) for variant, values in _OWN_CONFIGS.items()),
        Case(
            "wan main, folder",
            ("main", "wan", "diffusers", "t2v-1.3b"),
            folder({"config.json": alone}, {"diffusion_pytorch_model.safetensors": plain}),
        ),
    ]


def _adapters() -> list[Case]:
    answer = ("lora", "wan", "lycoris", None)
    cases = [Case("wan lora", answer, file(distilled))]
    for size in SIZES:
        for make in (wan, lambda size: renamed(wan(size))):
            modules = modules_of(make(size))
            for spelling in ("kohya", "diffusers", "ai-toolkit"):
                for parts in (("attn",), ("ffn",), ("blocks.7.",)):
                    some = having(modules, *parts)
                    cases.append(Case("wan lora", answer, file(partial(lora, some, spelling))))
    weights = {"pytorch_lora_weights.safetensors": partial(lora, having(modules_of(wan()), "attn"))}
    many = ("lora", "wan", "diffusers", None)
    return [*cases, Case("wan lora, folder", many, folder({}, weights))]


CASES = [*_variants(), *_diffusers(), *_folders(), *_adapters()]
