"""HunyuanVideo in the names of Tencent, of ComfyUI and of diffusers, and LoRAs of it."""

from __future__ import annotations

from functools import partial
from typing import Any

from sample_models import Shapes
from support.lora_shapes import having, lora, modules_of
from unit.identification.cases import Case, file, folder, plain
from unit.identification.of_family.wan import linear

REFINER = "txt_in.individual_token_refiner.blocks"


def refiner(hidden: int, text: int) -> Shapes:
    shapes = linear("txt_in.input_embedder", text, hidden)
    shapes |= linear("txt_in.t_embedder.mlp.0", 256, hidden)
    shapes |= linear("txt_in.c_embedder.linear_1", text, hidden)
    for number in range(2):
        block = f"{REFINER}.{number}"
        shapes |= {f"{block}.norm1.weight": (hidden,), f"{block}.norm1.bias": (hidden,)}
        shapes |= linear(f"{block}.self_attn_qkv", hidden, 3 * hidden)
        shapes |= linear(f"{block}.mlp.fc1", hidden, 4 * hidden)
        shapes |= linear(f"{block}.adaLN_modulation.1", hidden, 2 * hidden)
    return shapes


def double_block(name: str, hidden: int) -> Shapes:
    shapes: Shapes = {}
    for stream in ("img", "txt"):
        part = f"{name}.{stream}"
        shapes |= linear(f"{part}_mod.linear", hidden, 6 * hidden)
        shapes |= linear(f"{part}_attn_qkv", hidden, 3 * hidden)
        shapes |= linear(f"{part}_attn_proj", hidden, hidden)
        shapes |= linear(f"{part}_mlp.fc1", hidden, 4 * hidden)
        shapes |= linear(f"{part}_mlp.fc2", 4 * hidden, hidden)
        shapes |= {f"{part}_attn_{kind}_norm.weight": (128,) for kind in "qk"}
    return shapes


def hunyuan(inputs: int = 16, *, prefix: str = "", extra: Shapes | None = None) -> Shapes:
    """The denoiser of 1.0 in Tencent's names."""
    hidden = 3072
    shapes: Shapes = {
        "img_in.proj.weight": (hidden, inputs, 1, 2, 2),
        "img_in.proj.bias": (hidden,),
    }
    shapes |= linear("vector_in.in_layer", 768, hidden) | linear("time_in.mlp.0", 256, hidden)
    shapes |= linear("guidance_in.mlp.0", 256, hidden) | linear("final_layer.linear", hidden, 64)
    shapes |= refiner(hidden, 4096)
    for number in range(20):
        shapes |= double_block(f"double_blocks.{number}", hidden)
    for number in range(40):
        block = f"single_blocks.{number}"
        shapes |= linear(f"{block}.linear1", hidden, 7 * hidden)
        shapes |= linear(f"{block}.linear2", 5 * hidden, hidden)
        shapes |= linear(f"{block}.modulation.linear", hidden, 3 * hidden)
    return {f"{prefix}{name}": shape for name, shape in (shapes | (extra or {})).items()}


def second(inputs: int = 65) -> Shapes:
    """The denoiser of 1.5, which has double blocks alone."""
    hidden = 2048
    shapes: Shapes = {
        "img_in.proj.weight": (hidden, inputs, 1, 1, 1),
        "img_in.proj.bias": (hidden,),
        "cond_type_embedding.weight": (3, hidden),
        "vision_in.proj.0.weight": (1152,),
        "vision_in.proj.0.bias": (1152,),
    }
    shapes |= linear("vision_in.proj.1", 1152, 1152) | linear("vision_in.proj.3", 1152, hidden)
    shapes |= linear("byt5_in.fc1", 1472, 2048) | refiner(hidden, 3584)
    for number in range(54):
        shapes |= double_block(f"double_blocks.{number}", hidden)
    return shapes


def converted(shapes: Shapes) -> Shapes:
    """The same in the names that ComfyUI gives it."""
    words = (
        *(("attn_q_norm.weight", "attn.norm.query_norm.scale"), ("attn_qkv", "attn.qkv")),
        *(("attn_k_norm.weight", "attn.norm.key_norm.scale"), ("attn_proj", "attn.proj")),
        *(("mlp.fc1", "mlp.0"), ("mlp.fc2", "mlp.2"), ("mod.linear", "mod.lin")),
        *(("time_in.mlp.0", "time_in.in_layer"), ("modulation.linear", "modulation.lin")),
        *(
            ("guidance_in.mlp.0", "guidance_in.in_layer"),
            ("t_embedder.mlp.0", "t_embedder.in_layer"),
        ),
        ("c_embedder.linear_1", "c_embedder.in_layer"),
    )
    found = {}
    for name, shape in shapes.items():
        new = name
        for old, word in words:
            new = new.replace(old, word)
        found[new] = shape
    return found


def _folder(variant: str, kind: str, part: str, **values: Any) -> Case:
    configs = {
        "model_index.json": {"_class_name": kind},
        "transformer/config.json": {"_class_name": part, **values},
    }
    answer = ("main", "hunyuan-video", "diffusers", variant)
    weights = {"transformer/diffusion_pytorch_model.safetensors": plain}
    return Case("hunyuan-video main, folder", answer, folder(configs, weights))


def _mains() -> list[Case]:
    def case(variant: str, make: Any, rule: str = "original names", name: str = "m") -> Case:
        answer = ("main", "hunyuan-video", "checkpoint", variant)
        return Case(f"hunyuan-video main, {rule}", answer, file(make, f"{name}.safetensors"))

    clean: Shapes = {"clean_x_embedder.proj.bias": (3072,)}
    first = diffusers_first()
    return [
        case("t2v", hunyuan),
        case("t2v", partial(hunyuan, prefix="model.diffusion_model.")),
        case("t2v", lambda: converted(hunyuan())),
        case("i2v", partial(hunyuan, 33)),
        case("i2v", hunyuan, name="hunyuan_video_v2_replace_image_to_video_720p_bf16"),
        case("skyreels-i2v", partial(hunyuan, 32)),
        case("framepack", partial(hunyuan, extra=clean)),
        case("1.5", second, "1.5, original names"),
        case("1.5", lambda: converted(second()), "1.5, original names"),
        case("1.5-sr", partial(second, 98), "1.5, original names"),
        case("t2v", lambda: first, "diffusers names"),
        case("framepack", lambda: first | clean, "diffusers names"),
        case("1.5", diffusers_second, "1.5, diffusers names"),
    ]


_OWN = "context_embedder.token_refiner.refiner_blocks.0.norm1"


def diffusers_first() -> Shapes:
    shapes: Shapes = {"x_embedder.proj.weight": (3072, 16, 1, 2, 2), f"{_OWN}.weight": (3072,)}
    shapes |= {"x_embedder.proj.bias": (3072,)} | linear("norm_out.linear", 3072, 6144)
    shapes |= linear("context_embedder.proj_in", 4096, 3072)
    shapes |= linear("time_text_embed.text_embedder.linear_1", 768, 3072)
    for number in range(20):
        attention = f"transformer_blocks.{number}.attn"
        shapes |= {f"{attention}.norm_added_k.weight": (128,), f"{attention}.norm_k.weight": (128,)}
        for part in ("to_q", "to_k", "to_v", "to_out.0", "add_q_proj", "add_k_proj", "to_add_out"):
            shapes |= linear(f"{attention}.{part}", 3072, 3072)
    for number in range(40):
        block = f"single_transformer_blocks.{number}"
        shapes |= linear(f"{block}.attn.to_q", 3072, 3072) | linear(
            f"{block}.proj_mlp", 3072, 12288
        )
    return shapes


def diffusers_second() -> Shapes:
    return {
        f"{_OWN}.weight": (2048,),
        "x_embedder.proj.weight": (2048, 65, 1, 1, 1),
        "image_embedder.norm_in.bias": (1152,),
        "cond_type_embed.weight": (3, 2048),
        "transformer_blocks.0.attn.norm_added_k.weight": (128,),
    }


def _adapters() -> list[Case]:
    answer = ("lora", "hunyuan-video", "lycoris", None)
    cases = []
    for modules in (modules_of(hunyuan()), modules_of(second())):
        for spelling in ("kohya", "diffusers", "ai-toolkit"):
            for parts in (("attn",), ("mlp",), ("double_blocks.7.",), ("_blocks.",)):
                some = partial(lora, having(modules, *parts), spelling)
                cases.append(Case("hunyuan-video lora", answer, file(some)))
    own = partial(lora, having(modules_of(diffusers_first()), "_blocks."), "diffusers")
    cases.append(Case("hunyuan-video lora", answer, file(own)))
    # Names and widths of FLUX.1, but one block more.
    comfy = partial(lora, having(modules_of(converted(hunyuan())), "double_blocks."), "ai-toolkit")
    cases.append(Case("hunyuan-video lora", answer, file(comfy)))
    weights = {"pytorch_lora_weights.safetensors": own}
    many = ("lora", "hunyuan-video", "diffusers", None)
    return [*cases, Case("hunyuan-video lora, folder", many, folder({}, weights))]


_PART = "HunyuanVideoTransformer3DModel"
CASES = [
    *_mains(),
    _folder("t2v", "HunyuanVideoPipeline", _PART, in_channels=16),
    _folder("i2v", "HunyuanVideoImageToVideoPipeline", _PART, in_channels=16),
    _folder("skyreels-i2v", "HunyuanSkyreelsImageToVideoPipeline", _PART, in_channels=32),
    _folder(
        "framepack", "HunyuanVideoFramepackPipeline", "HunyuanVideoFramepackTransformer3DModel"
    ),
    _folder("1.5", "HunyuanVideo15Pipeline", "HunyuanVideo15Transformer3DModel", in_channels=65),
    *_adapters(),
]
