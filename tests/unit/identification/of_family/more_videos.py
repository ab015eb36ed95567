"""Families of videos that have one layout, or few: what tells them, folders, LoRAs."""

from __future__ import annotations

from functools import partial
from typing import Any

from sample_models import Shapes
from support.lora_shapes import having, lora, modules_of
from unit.identification.cases import Case, file, folder, plain
from unit.identification.of_family.wan import linear


def _joint(name: str, width: int, times: int, count: int) -> Shapes:
    """Blocks of CogVideoX and of those like it."""
    shapes: Shapes = {}
    for number in range(count):
        block = f"{name}.{number}"
        for part in ("to_q", "to_k", "to_v", "to_out.0"):
            shapes |= linear(f"{block}.attn1.{part}", width, width)
        shapes |= linear(f"{block}.norm1.linear", times, 6 * width)
        shapes |= linear(f"{block}.norm2.linear", times, 6 * width)
        shapes |= linear(f"{block}.ff.net.0.proj", width, 4 * width)
        shapes |= linear(f"{block}.ff.net.2", 4 * width, width)
    return shapes


def cogvideox(
    width: int = 1920, blocks: int = 30, *, inputs: int = 16, flat: bool = False
) -> Shapes:
    patch = (width, inputs * 8) if flat else (width, inputs, 2, 2)
    shapes: Shapes = {"patch_embed.proj.weight": patch, "norm_final.weight": (width,)}
    shapes |= linear("patch_embed.text_proj", 4096, width) | linear("proj_out", width, 64)
    shapes |= linear("time_embedding.linear_1", width, 512)
    return shapes | _joint("transformer_blocks", width, 512, blocks)


def easyanimate(inputs: int = 16) -> Shapes:
    shapes = linear("text_proj", 3584, 3072) | linear("time_embedding.linear_1", 3072, 512)
    shapes |= {"proj.weight": (3072, inputs, 2, 2), "proj.bias": (3072,)}
    shapes |= {"norm_final.weight": (3072,)} | _joint("transformer_blocks", 3072, 512, 48)
    for number in range(48):
        shapes |= linear(f"transformer_blocks.{number}.attn1.add_q_proj", 3072, 3072)
    return shapes


def easyanimate_normed() -> Shapes:
    """As published: the text passes a norm before it is projected."""
    shapes = {name: shape for name, shape in easyanimate().items() if "text_proj" not in name}
    return shapes | {"text_proj.0.weight": (3584,)} | linear("text_proj.1", 3584, 3072)


def mochi() -> Shapes:
    shapes = linear("t5_yproj", 4096, 1536) | {"pos_frequencies": (3, 24, 64)}
    for number in range(48):
        block = f"blocks.{number}"
        shapes |= linear(f"{block}.mod_x", 3072, 12288)
        shapes |= {f"{block}.attn.q_norm_x.weight": (128,)}
        shapes |= {f"{block}.attn.qkv_x.weight": (9216, 3072)}
        shapes |= {f"{block}.attn.qkv_y.weight": (9216, 1536)}
        shapes |= {f"{block}.mlp_x.w1.weight": (16384, 3072)}
    return shapes


def mochi_diffusers() -> Shapes:
    shapes = linear("time_embed.caption_proj", 4096, 1536) | {"pos_frequencies": (3, 24, 64)}
    for number in range(48):
        attention = f"transformer_blocks.{number}.attn1"
        shapes |= {f"{attention}.norm_added_q.weight": (128,)}
        shapes |= {f"{attention}.add_q_proj.weight": (3072, 1536)}
        shapes |= {f"{attention}.to_q.weight": (3072, 3072)}
    return shapes


def minimax(*, pruned: bool = False) -> Shapes:
    shapes = linear("video_patch_proj", 96, 5376) | linear("audio_patch_proj", 32, 5376)
    shapes |= linear("condition_proj", 5120, 5376) | linear("final_layer.video_out", 5376, 96)
    shapes |= {"adaln_t_table": (1000, 2688)} if pruned else {}
    for number in range(50):
        block = f"blocks.{number}"
        shapes |= {f"{block}.attn.qkv_proj.weight": (21504, 5376)}
        shapes |= {f"{block}.attn.out_proj.weight": (5376, 7168)}
        shapes |= {f"{block}.mlp.fc1.weight": (28672, 5376)}
        shapes |= {f"{block}.mlp.fc2.weight": (5376, 14336)}
    return shapes


def minimax_diffusers() -> Shapes:
    shapes = linear("audio_proj_in", 32, 5376)
    shapes |= {"token_refiner.refiner_blocks.0.attn.norm_q.weight": (128,)}
    return shapes | linear("transformer_blocks.0.adaln_proj.linear", 2688, 96768)


def seedvr2(width: int) -> Shapes:
    shapes = linear("vid_in.proj", 132, width) | linear("vid_out.proj", width, 64)
    return shapes | linear("emb_in.proj_hid", width, width) | linear("txt_in", 5120, width)


def pixel_like(width: int, *, over_time: bool = False) -> Shapes:
    """Allegro, and Latte."""
    shapes = linear("adaln_single.emb.timestep_embedder.linear_1", 256, width)
    shapes |= linear("adaln_single.linear", width, 6 * width)
    shapes |= linear("caption_projection.linear_1", 4096, width)
    shapes |= {"pos_embed.proj.weight": (width, 4, 2, 2), "pos_embed.proj.bias": (width,)}
    for number in range(28 if over_time else 32):
        for part in ("to_q", "to_k", "to_v", "to_out.0"):
            shapes |= linear(f"transformer_blocks.{number}.attn2.{part}", width, width)
            if over_time:
                name = f"temporal_transformer_blocks.{number}.attn1.{part}"
                shapes |= linear(name, width, width)
    return shapes


def kandinsky6(width: int, *, own: bool = True, picture: bool = False) -> Shapes:
    times = 1024 if width == 4096 else 512
    shapes = linear("video_pooled_text_embeddings.in_layer", 768, times)
    shapes |= linear("visual_embeddings.in_layer", 132, width)
    shapes |= {"visual_token_type_embeddings.weight": (2, width)} if picture else {}
    for number in range(32):
        block = f"visual_transformer_blocks.{number}"
        if own:
            shapes |= linear(f"visual_blocks.{number}.videoT.self_attention.to_query", width, width)
            shapes |= linear(f"visual_blocks.{number}.va_cross_attention.to_query", width, width)
        else:
            shapes |= {f"{block}.video_dec_block.self_attention.key_norm.weight": (64,)}
            name = f"{block}.video_dec_block.self_attention.to_query"
            shapes |= linear(name, width, width)
    return shapes


def kandinsky6_sr() -> Shapes:
    shapes = linear("time_embeddings.timestep_embedder.linear_1", 1792, 512)
    shapes |= linear("visual_embeddings.in_layer", 129, 1792) | {"pooled_bias": (512,)}
    return shapes | {"visual_transformer_blocks.0.self_attention.key_norm.weight": (64,)}


def lingbot(*, experts: bool) -> Shapes:
    shapes = linear("patch_embedder", 64, 2048) | {"text_embedder.norm.weight": (2560,)}
    shapes |= linear("norm_out_modulation.1", 2048, 4096) | linear("time_modulation.1", 2048, 12288)
    shapes |= linear("time_embedder.linear_1", 256, 2048)
    return shapes | ({"blocks.3.ffn.experts.w1": (64, 768, 2048)} if experts else {})


def motif() -> Shapes:
    shapes = linear("context_embedder.linear_1", 2560, 1536)
    shapes |= {"x_embedder.proj.weight": (1536, 33, 1, 2, 2), "x_embedder.proj.bias": (1536,)}
    shapes |= {"transformer_blocks.0.attn.norm_added_q.weight": (128,)}
    shapes |= linear("transformer_blocks.0.attn.to_q", 1536, 1536)
    return shapes | linear("single_transformer_blocks.0.proj_mlp", 1536, 6144)


def _main(base: str, variant: str, make: Any, rule: str = "diffusers names") -> list[Case]:
    def prefixed() -> Shapes:
        return {f"model.diffusion_model.{name}": shape for name, shape in make().items()}

    answer = ("main", base, "checkpoint", variant)
    return [Case(f"{base} main, {rule}", answer, file(each)) for each in (make, prefixed)]


def _folder(base: str, variant: str, kind: str, part: str, **values: Any) -> Case:
    configs = {
        "model_index.json": {"_class_name": kind},
        "transformer/config.json": {"_class_name": part, **values},
    }
    weights = {"transformer/diffusion_pytorch_model.safetensors": plain}
    answer = ("main", base, "diffusers", variant)
    return Case(f"{base} main, folder", answer, folder(configs, weights))


def _adapters(base: str, shapes: Shapes, *parts: str) -> list[Case]:
    modules = having(modules_of(shapes), *parts)
    cases = [
        Case(
            f"{base} lora", ("lora", base, "lycoris", None), file(partial(lora, modules, spelling))
        )
        for spelling in ("kohya", "diffusers", "ai-toolkit", "bare")
    ]
    weights = {"pytorch_lora_weights.safetensors": partial(lora, modules, "diffusers")}
    many = ("lora", base, "diffusers", None)
    return [*cases, Case(f"{base} lora, folder", many, folder({}, weights))]


_FACE: Shapes = {"local_facial_extractor.latents": (1, 32, 1024)}
_COG, _ANIMATE = "CogVideoXTransformer3DModel", "EasyAnimateTransformer3DModel"
_ORIGINAL = "original names"
CASES = [
    *_main("cogvideox", "2b", cogvideox),
    *_main("cogvideox", "5b", partial(cogvideox, 3072, 42)),
    *_main("cogvideox", "5b-i2v", partial(cogvideox, 3072, 42, inputs=32)),
    *_main("cogvideox", "5b-fun", partial(cogvideox, 3072, 42, inputs=48)),
    *_main("cogvideox", "1.5-5b", partial(cogvideox, 3072, 42, flat=True)),
    *_main("cogvideox", "1.5-5b-i2v", partial(cogvideox, 3072, 42, inputs=32, flat=True)),
    *_main("cogvideox", "consisid", lambda: cogvideox(3072, 42) | _FACE),
    _folder("cogvideox", "2b", "CogVideoXPipeline", _COG, num_attention_heads=30),
    _folder("cogvideox", "5b", "CogVideoXPipeline", _COG, num_attention_heads=48),
    _folder("cogvideox", "1.5-5b", "CogVideoXPipeline", _COG, patch_size_t=2),
    _folder("cogvideox", "consisid", "ConsisIDPipeline", "ConsisIDTransformer3DModel"),
    *_adapters("cogvideox", cogvideox(), "attn1"),
    *_adapters("cogvideox", cogvideox(3072, 42), "_blocks."),
    *_main("easyanimate", "t2v", easyanimate),
    *_main("easyanimate", "t2v", easyanimate_normed),
    *_main("easyanimate", "inpaint", partial(easyanimate, 33)),
    _folder("easyanimate", "t2v", "EasyAnimatePipeline", _ANIMATE, in_channels=16),
    _folder("easyanimate", "control", "EasyAnimateControlPipeline", _ANIMATE, in_channels=32),
    *_adapters("easyanimate", easyanimate(), "attn1"),
    *_main("mochi", "normal", mochi, _ORIGINAL),
    *_main("mochi", "normal", mochi_diffusers),
    _folder("mochi", "normal", "MochiPipeline", "MochiTransformer3DModel"),
    *_adapters("mochi", mochi(), "attn"),
    *_adapters("mochi", mochi(), "mlp"),
    *_adapters("mochi", mochi_diffusers(), "add_q_proj"),
    *_main("minimax-h3", "normal", minimax, _ORIGINAL),
    *_main("minimax-h3", "pruned", partial(minimax, pruned=True), _ORIGINAL),
    *_main("minimax-h3", "normal", minimax_diffusers),
    _folder("minimax-h3", "normal", "MiniMaxH3ModularPipeline", "MiniMaxH3Transformer3DModel"),
    *_adapters("minimax-h3", minimax(), "blocks.7."),
    *_adapters("minimax-h3", minimax(), "attn"),
    *_main("seedvr2", "3b", partial(seedvr2, 2560), _ORIGINAL),
    *_main("seedvr2", "7b", partial(seedvr2, 3072), _ORIGINAL),
    *_main("allegro", "normal", partial(pixel_like, 2304)),
    _folder("allegro", "normal", "AllegroPipeline", "AllegroTransformer3DModel"),
    *_adapters("allegro", pixel_like(2304), "attn2"),
    *_main("latte", "normal", partial(pixel_like, 1152, over_time=True)),
    _folder("latte", "normal", "LattePipeline", "LatteTransformer3DModel"),
    *_adapters("latte", pixel_like(1152, over_time=True), "attn"),
    *_main("kandinsky6", "pro", partial(kandinsky6, 4096), _ORIGINAL),
    *_main("kandinsky6", "lite-i2v", partial(kandinsky6, 1792, picture=True), _ORIGINAL),
    *_main("kandinsky6", "pro", partial(kandinsky6, 4096, own=False)),
    *_main("kandinsky6", "sr", kandinsky6_sr, "enlarging, diffusers names"),
    _folder("kandinsky6", "pro", "Kandinsky6TI2VAPipeline", "Kandinsky6Transformer3DModel"),
    _folder("kandinsky6", "sr", "Kandinsky6SRPipeline", "Kandinsky6SRTransformer3DModel"),
    *_adapters("kandinsky6", kandinsky6(1792, own=False), "self_attention"),
    *_main("lingbot-video", "dense", partial(lingbot, experts=False), _ORIGINAL),
    *_main("lingbot-video", "moe", partial(lingbot, experts=True), _ORIGINAL),
    _folder("lingbot-video", "dense", "LingBotVideoPipeline", "LingBotVideoTransformer3DModel"),
    *_main("motif-video", "normal", motif),
    _folder("motif-video", "normal", "MotifVideoPipeline", "MotifVideoTransformer3DModel"),
    *_adapters("motif-video", motif(), "transformer_blocks."),
]
