"""FLUX.1's forms, and what is built like it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from sample_models import Shapes
from support.flow_shapes import Modules, kohya, model, packed, peft, prefixed, some
from unit.identification.cases import Case, file, folder, plain

_MAIN = "diffusion_model."


def pipeline(kind: str, component: str, **config: Any) -> Callable[[Path], Path]:
    return folder(
        {
            "model_index.json": {"_class_name": kind},
            "transformer/config.json": {"_class_name": component, **config},
        },
        {"transformer/diffusion_pytorch_model.safetensors": plain},
    )


def component(kind: str, **config: Any) -> Callable[[Path], Path]:
    return folder(
        {"config.json": {"_class_name": kind, **config}},
        {"diffusion_pytorch_model.safetensors": plain},
    )


def mains(
    base: str,
    variant: str,
    shapes: Mapping[str, Shapes],
    folders: tuple[Callable[[Path], Path], ...] = (),
) -> list[Case]:
    """Cases of main models: by whose names their tensors have, and folders."""
    answer = ("main", base, "checkpoint", variant)
    cases = [
        Case(f"{base} main, {names}", answer, file(partial(prefixed, tensors, prefix)))
        for names, tensors in shapes.items()
        for prefix in ("", "model.diffusion_model.")
    ]
    many = ("main", base, "diffusers", variant)
    return cases + [Case(f"{base} main, folder", many, made) for made in folders]


def loras(base: str, *made: Shapes, metadata: Mapping[str, str] | None = None) -> list[Case]:
    """Cases of LoRAs: each in one file, and the first as a folder."""
    one, many = ("lora", base, "lycoris", None), ("lora", base, "diffusers", None)
    cases = [
        Case(f"{base} lora", one, file(partial(dict, shapes), metadata=metadata)) for shapes in made
    ]
    made_folder = file(
        partial(dict, made[0]), "a-lora/pytorch_lora_weights.safetensors", metadata=metadata
    )
    cases.append(Case(f"{base} lora, folder", many, lambda root: made_folder(root).parent))
    return cases


def _flux_forms() -> list[Case]:
    """Nunchaku's FLUX.1, and FLUX.1 in four bits."""
    nunchaku: Shapes = {
        "x_embedder.weight": (3072, 64),
        "x_embedder.bias": (3072,),
        "context_embedder.weight": (3072, 4096),
        "proj_out.weight": (64, 3072),
        "time_text_embed.text_embedder.linear_1.weight": (3072, 768),
        "time_text_embed.guidance_embedder.linear_1.weight": (3072, 256),
        "transformer_blocks.0.norm_added_q.weight": (128,),
        "transformer_blocks.0.qkv_proj.qweight": (9216, 1536),
        "transformer_blocks.0.qkv_proj.wscales": (48, 9216),
        "transformer_blocks.0.qkv_proj.lora_down": (3072, 32),
        "transformer_blocks.0.qkv_proj.lora_up": (9216, 32),
        "single_transformer_blocks.0.norm_q.weight": (128,),
        "single_transformer_blocks.0.mlp_fc1.qweight": (12288, 1536),
    }
    flex = _flux_like() | {"img_in.weight": (3072, 196)}
    return [
        Case(
            "flux main, diffusers names",
            ("main", "flux", "checkpoint", "dev"),
            file(lambda: nunchaku, dtype="I8"),
        ),
        Case(
            "flux main, original names",
            ("main", "flux", "checkpoint", "flex-2"),
            file(lambda: flex),
        ),
        Case(
            "flux main, folder",
            ("main", "flux", "diffusers", "fill"),
            pipeline("VisualClozePipeline", "FluxTransformer2DModel", in_channels=384),
        ),
    ]


def _flux_like(width: int = 3072) -> Shapes:
    return {
        "img_in.weight": (width, 64),
        "img_in.bias": (width,),
        "txt_in.weight": (width, 4096),
        "vector_in.in_layer.weight": (width, 768),
        "guidance_in.in_layer.weight": (width, 256),
        "double_blocks.0.img_attn.norm.key_norm.scale": (128,),
        "double_blocks.0.img_attn.qkv.weight": (3 * width, width),
        "single_blocks.0.linear1.weight": (7 * width, width),
        "single_blocks.0.norm.key_norm.scale": (128,),
    }


def flux2_modules(width: int, double: int, single: int) -> dict[str, tuple[int, int]]:
    """The layers of FLUX.2's blocks in the original names."""
    modules: dict[str, tuple[int, int]] = {}
    for stream in ("img", "txt"):
        block = f"double_blocks.{{{double}}}.{stream}"
        modules |= {
            f"{block}_attn.qkv": (width, 3 * width),
            f"{block}_attn.proj": (width, width),
            f"{block}_mlp.0": (width, 6 * width),
            f"{block}_mlp.2": (3 * width, width),
        }
    return modules | {
        f"single_blocks.{{{single}}}.linear1": (width, 9 * width),
        f"single_blocks.{{{single}}}.linear2": (4 * width, width),
    }


_FLUX2 = {
    "dev": (6144, 8, 48, 15360),
    "klein-9b": (4096, 8, 24, 12288),
    "klein-4b": (3072, 5, 20, 7680),
}


def _flux2(width: int, double: int, single: int, text: int) -> Shapes:
    modules = flux2_modules(width, double, single) | {
        "img_in": (128, width),
        "txt_in": (text, width),
        "double_stream_modulation_img.lin": (width, 6 * width),
        "double_stream_modulation_txt.lin": (width, 6 * width),
        "single_stream_modulation.lin": (width, 3 * width),
    }
    norms = {f"single_blocks.{n}.norm.key_norm.scale": 128 for n in range(single)}
    norms |= {f"double_blocks.{n}.img_attn.norm.key_norm.scale": 128 for n in range(double)}
    return model(modules, norms, biases=False)


def _flux2_cases() -> list[Case]:
    cases = []
    for variant, (width, double, single, text) in _FLUX2.items():
        heads = width // 128
        whole = _flux2(width, double, single, text)
        cases += mains(
            "flux2",
            variant,
            {"original names": whole},
            (
                pipeline("Flux2Pipeline", "Flux2Transformer2DModel", num_attention_heads=heads),
                component("Flux2Transformer2DModel", num_attention_heads=heads),
            ),
        )
        answer = ("main", "flux2", "checkpoint", variant)
        made = file(partial(packed, whole), dtype="U8")
        cases.append(Case("flux2 main, original names", answer, made))
        blocks = flux2_modules(width, double, single)
        cases += loras("flux2", kohya(blocks), peft(blocks, _MAIN), peft(some(blocks, ["mlp"])))
    diffusers: Shapes = {
        "double_stream_modulation_img.linear.weight": (18432, 3072),
        "single_transformer_blocks.0.attn.norm_q.weight": (128,),
        "single_transformer_blocks.19.attn.norm_q.weight": (128,),
    }
    return cases + mains("flux2", "klein-4b", {"diffusers names": diffusers})


def _chroma_cases() -> list[Case]:
    kept = {
        name: shape
        for name, shape in _flux_like().items()
        if not name.startswith(("vector_in", "guidance_in"))
    }
    chroma = kept | {
        "distilled_guidance_layer.norms.0.scale": (5120,),
        "distilled_guidance_layer.layers.0.in_layer.weight": (5120, 5120),
    }
    radiance = {name: shape for name, shape in chroma.items() if not name.startswith("img_in")} | {
        "img_in_patch.weight": (3072, 3, 16, 16),
        "nerf_blocks.0.norm.scale": (64,),
        "nerf_image_embedder.embedder.0.weight": (64, 67),
    }
    diffusers: Shapes = {
        "distilled_guidance_layer.norms.0.weight": (5120,),
        "x_embedder.weight": (3072, 64),
        "transformer_blocks.0.attn.norm_added_q.weight": (128,),
        "single_transformer_blocks.0.attn.norm_q.weight": (128,),
    }
    blocks: Modules = {
        "double_blocks.{19}.img_attn.qkv": (3072, 9216),
        "double_blocks.{19}.txt_mlp.0": (3072, 12288),
        "single_blocks.{38}.linear1": (3072, 21504),
    }
    own = {**blocks, "distilled_guidance_layer.layers.{5}.in_layer": (5120, 5120)}
    said = {"modelspec.architecture": "chroma/lora"}
    return [
        *mains(
            "chroma",
            "normal",
            {"original names": chroma, "diffusers names": diffusers},
            (
                pipeline("ChromaPipeline", "ChromaTransformer2DModel"),
                component("ChromaTransformer2DModel"),
            ),
        ),
        *mains("chroma", "radiance", {"original names": radiance}),
        *loras("chroma", kohya(own), peft(own, _MAIN)),
        *loras("chroma", kohya(blocks), peft(blocks, _MAIN), metadata=said),
    ]


def _flux3_cases() -> list[Case]:
    original: Shapes = {
        "early_stream_modulations.image.lin.weight": (9216, 3072),
        "content_mode_blocks.image.0.norm.query_norm.scale": (128,),
        "single_blocks.0.norm.query_norm.scale": (128,),
    }
    diffusers: Shapes = {
        "early_stream_modulations.image.linear.weight": (9216, 3072),
        "mode_blocks.image.0.attn.norm_q.weight": (128,),
        "single_transformer_blocks.0.attn.norm_q.weight": (128,),
    }
    blocks: Modules = {
        "content_mode_blocks.image.{5}.q_proj": (3072, 3072),
        "content_mode_blocks.image.{5}.mlp_in": (3072, 18432),
        "single_blocks.{28}.attn_out": (3072, 3072),
    }
    jump: Shapes = {"ref_time_in.in_layer.weight": (3072, 256)}
    return [
        *mains(
            "flux3",
            "normal",
            {"original names": original, "diffusers names": diffusers},
            (component("Flux3Transformer2DModel"),),
        ),
        *mains(
            "flux3",
            "distilled",
            {"original names": original | jump},
            (pipeline("Flux3ModularPipeline", "Flux3Transformer2DModel", flow_map=True),),
        ),
        *loras("flux3", peft(blocks, _MAIN), kohya(blocks)),
    ]


def _named_like_flux(text: int, **more: tuple[int, ...]) -> Shapes:
    """The names of diffusers, with ``__`` for dots in further ones."""
    shapes: Shapes = {
        "x_embedder.weight": (3072, 64),
        "x_embedder.bias": (3072,),
        "context_embedder.weight": (3072, text),
        "context_embedder.bias": (3072,),
        "transformer_blocks.0.attn.norm_q.weight": (128,),
        "single_transformer_blocks.0.attn.norm_q.weight": (128,),
        "proj_out.weight": (64, 3072),
    }
    return shapes | {name.replace("__", "."): shape for name, shape in more.items()}


def _flux_blocks(double: int, single: int) -> dict[str, tuple[int, int]]:
    return {
        f"transformer_blocks.{{{double}}}.attn.to_q": (3072, 3072),
        f"transformer_blocks.{{{double}}}.attn.add_v_proj": (3072, 3072),
        f"transformer_blocks.{{{double}}}.ff.net.2": (12288, 3072),
        f"single_transformer_blocks.{{{single}}}.attn.to_k": (3072, 3072),
        f"single_transformer_blocks.{{{single}}}.proj_out": (15360, 3072),
    }


def _longcat_cases() -> list[Case]:
    original = {
        name: shape
        for name, shape in _flux_like().items()
        if not name.startswith(("vector_in", "guidance_in", "txt_in"))
    }
    time = {"time_embed__timestep_embedder__linear_1__weight": (3072, 256)}
    return [
        *mains(
            "longcat",
            "normal",
            {
                "original names": original | {"txt_in.weight": (3072, 3584)},
                "diffusers names": _named_like_flux(3584, **time),
            },
            (
                pipeline("LongCatImageEditPipeline", "LongCatImageTransformer2DModel"),
                component("LongCatImageTransformer2DModel"),
            ),
        ),
        *loras("longcat", peft(_flux_blocks(10, 20)), kohya(_flux_blocks(10, 20))),
    ]


def _ovis_cases() -> list[Case]:
    original = _flux_like() | {
        "double_blocks.0.img_mlp.gate_proj.weight": (12288, 3072),
        "txt_norm.weight": (2048,),
    }
    diffusers = _named_like_flux(
        2048, context_embedder_norm__weight=(2048,), timestep_embedder__linear_1__weight=(3072, 256)
    )
    blocks: Modules = {
        "double_blocks.{6}.img_mlp.gate_proj": (3072, 12288),
        "double_blocks.{6}.img_attn.qkv": (3072, 9216),
        "single_blocks.{27}.linear1": (3072, 33792),
    }
    named = {"single_transformer_blocks.{27}.proj_mlp": (3072, 24576)}
    return [
        *mains(
            "ovis-image",
            "normal",
            {"original names": original, "diffusers names": diffusers},
            (pipeline("OvisImagePipeline", "OvisImageTransformer2DModel"),),
        ),
        *loras("ovis-image", peft(blocks, _MAIN), kohya(blocks), peft(named)),
    ]


def _bria_cases() -> list[Case]:
    time = {"time_embed__timestep_embedder__linear_1__weight": (3072, 256)}
    bria = _named_like_flux(4096, **time)
    captions = {f"caption_projection.{n}.linear.weight": (1536, 2048) for n in range(46)}
    fibo = bria | captions
    second: Shapes = {
        "perceiver.latent_queries": (512, 3584),
        "layers.0.attention_norm1.weight": (3584,),
        "layers.0.adaLN_modulation.0.weight": (14336, 256),
        "noise_refiner.0.attention_norm1.weight": (3584,),
        "x_embedder.weight": (3584, 128),
    }
    own = _flux_blocks(8, 38) | {"caption_projection.{46}.linear": (2048, 1536)}
    wide: Modules = {
        "layers.{44}.attention.to_q": (3584, 3584),
        "layers.{44}.feed_forward.w1": (3584, 9536),
    }
    ends = {
        "time_embed.timestep_embedder.linear_1": (256, 3072),
        "context_embedder": (4096, 3072),
    }
    return [
        *mains(
            "bria",
            "normal",
            {"diffusers names": bria},
            (
                pipeline("BriaPipeline", "BriaTransformer2DModel"),
                component("BriaTransformer2DModel"),
            ),
        ),
        *loras(
            "bria", peft(_flux_blocks(4, 9)), metadata={"modelspec.architecture": "bria-3.2/lora"}
        ),
        *loras("bria", peft(_flux_blocks(19, 38) | ends)),
        *mains(
            "bria-fibo",
            "fibo",
            {"diffusers names": fibo},
            (pipeline("BriaFiboPipeline", "BriaFiboTransformer2DModel"),),
        ),
        *mains(
            "bria-fibo",
            "fibo-2",
            {"FIBO 2 names": second},
            (pipeline("BriaFibo2Pipeline", "BriaFibo2Transformer2DModel"),),
        ),
        *loras("bria-fibo", peft(own), kohya(wide)),
    ]


def _sefi_cases() -> list[Case]:
    own: Shapes = {
        "dual_time_embed.semantic_embedder.linear_1.weight": (1536, 256),
        "dual_time_embed.semantic_embedder.linear_2.weight": (1536, 1536),
        "double_stream_modulation_img.linear.weight": (18432, 3072),
        "single_transformer_blocks.0.attn.norm_q.weight": (128,),
    }
    layer = {"dual_time_embed.semantic_embedder.linear_1": (256, 1536)}
    return [
        *mains(
            "sefi-image",
            "normal",
            {"diffusers names": own},
            (pipeline("SeFiImagePipeline", "SeFiTransformer2DModel"),),
        ),
        *loras("sefi-image", peft(layer)),
    ]


def _joy_cases() -> list[Case]:
    own: Shapes = {
        "img_in.weight": (4096, 16, 1, 2, 2),
        "double_blocks.0.attn.img_attn_q_norm.weight": (128,),
        "condition_embedder.text_embedder.linear_1.weight": (4096, 4096),
    }
    blocks: Modules = {
        "double_blocks.{40}.attn.img_attn_qkv": (4096, 12288),
        "double_blocks.{40}.img_mlp.net.2": (16384, 4096),
    }
    apart: Shapes = {
        "img_in.weight": (4096, 16, 1, 2, 2),
        "double_blocks.0.img_mod.modulate_table": (1, 6, 4096),
        "double_blocks.0.img_attn_q_norm.weight": (128,),
        "condition_embedder.text_embedder.linear_1.weight": (4096, 4096),
    }
    return [
        *mains(
            "joyimage",
            "edit",
            {"original names": own},
            (pipeline("JoyImageEditPipeline", "JoyImageEditTransformer3DModel"),),
        ),
        *mains(
            "joyimage",
            "edit-plus",
            {},
            (pipeline("JoyImageEditPlusPipeline", "JoyImageEditPlusTransformer3DModel"),),
        ),
        *mains("joyimage", "edit", {"original names": apart}),
        *loras("joyimage", peft(blocks, _MAIN), kohya(some(blocks, ["mlp"]))),
        *loras("joyimage", peft({"double_blocks.{40}.txt_attn_qkv": (4096, 12288)}, "")),
    ]


CASES: list[Case] = [
    *_flux_forms(),
    *_flux2_cases(),
    *_chroma_cases(),
    *_flux3_cases(),
    *_longcat_cases(),
    *_ovis_cases(),
    *_bria_cases(),
    *_sefi_cases(),
    *_joy_cases(),
]
