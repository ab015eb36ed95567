"""Other flow models: Z-Image and its kin, SD 3, AuraFlow, HiDream, Hunyuan, PixArt, Sana ..."""

from __future__ import annotations

from functools import partial

from sample_models import SDXL, Shapes, diffusers_unet
from support.flow_shapes import Modules, kohya, peft, some
from unit.identification.cases import Case, file, folder, plain
from unit.identification.cases import kohya as kohya_unet
from unit.identification.of_family.flux_kin import component, loras, mains, pipeline

_MAIN = "diffusion_model."


def _layered(width: int, **more: tuple[int, ...]) -> Shapes:
    """The first layers of Lumina 2 and its kin, with ``__`` for dots in further names."""
    shapes: Shapes = {
        "cap_embedder.1.weight": (width, 2560),
        "cap_embedder.1.bias": (width,),
        "x_embedder.weight": (width, 64),
        "noise_refiner.0.attention_norm1.weight": (width,),
        "context_refiner.0.attention_norm1.weight": (width,),
        "layers.0.attention_norm1.weight": (width,),
    }
    return shapes | {name.replace("__", "."): shape for name, shape in more.items()}


_ZIMAGE_LAYERS: Modules = {
    "layers.{30}.attention.to_q": (3840, 3840),
    "layers.{30}.attention.to_out.0": (3840, 3840),
    "layers.{30}.feed_forward.w1": (3840, 10240),
    "layers.{30}.adaLN_modulation.0": (256, 15360),
}


def _z_image_cases() -> list[Case]:
    pads: dict[str, tuple[int, ...]] = {"cap_pad_token": (1, 3840), "x_pad_token": (1, 3840)}
    whole = _layered(3840, **pads, layers__0__adaLN_modulation__0__bias=(15360,))
    diffusers = {name: shape for name, shape in whole.items() if not name.startswith("x_emb")}
    diffusers |= {"all_x_embedder.2-1.weight": (3840, 64)}
    forms: dict[str, Shapes] = {
        "omni": whole | {"siglip_embedder.0.weight": (1152,)},
        "twinflow": whole | {"t_embedder_2.mlp.0.weight": (1024, 256)},
        "l2p": whole
        | {"x_embedder.weight": (3840, 768), "local_decoder.enc1.0.weight": (8, 3, 3, 3)},
        "zeta-chroma": whole | {"dec_net.cond_embed.weight": (64, 3840), "__x0__": ()},
    }
    cases = mains(
        "z-image",
        "normal",
        {"original names": whole, "diffusers names": diffusers},
        (
            pipeline("ZImagePipeline", "ZImageTransformer2DModel"),
            component("ZImageTransformer2DModel"),
        ),
    )
    omni = pipeline("ZImageOmniPipeline", "ZImageTransformer2DModel", siglip_feat_dim=1152)
    cases += mains("z-image", "omni", {}, (omni,))
    for variant, shapes in forms.items():
        cases += mains("z-image", variant, {"original names": shapes})
    fused = {"layers.{30}.attention.qkv": (3840, 11520), "layers.{30}.attention.out": (3840, 3840)}
    return cases + loras(
        "z-image",
        peft(_ZIMAGE_LAYERS, _MAIN),
        kohya(_ZIMAGE_LAYERS),
        kohya(fused),
        peft(some(_ZIMAGE_LAYERS, ["feed"]), "transformer."),
        peft({"layers.{30}.attention.to_q": (3840, 3840)}, "base_model.model."),
    )


def _z_image_kin_cases() -> list[Case]:
    ming = _layered(3840, layers__0__adaLN_modulation__0__bias=(15360,))
    llada = _layered(
        3840,
        sigvq_embedder__1__weight=(3840, 4096),
        sigvq_pad_token=(1, 3840),
        cap_pad_token=(1, 3840),
        layers__0__adaLN_modulation__0__bias=(15360,),
    )
    lumina = _layered(2304)
    newbie = lumina | {"clip_text_pooled_proj.0.weight": (1024,)}
    named: Shapes = {
        "time_caption_embed.caption_embedder.1.weight": (2304, 2304),
        "noise_refiner.0.norm1.norm.weight": (2304,),
        "layers.0.norm1.norm.weight": (2304,),
        "context_refiner.0.norm1.weight": (2304,),
    }
    layers: Modules = {
        "layers.{26}.attention.qkv": (2304, 3840),
        "layers.{26}.feed_forward.w2": (9216, 2304),
    }
    attention = {"layers.{26}.attn.to_k": (2304, 768)}
    said = {"ss_base_model_version": "ming-image"}
    own = {**_ZIMAGE_LAYERS, "sigvq_refiner.{2}.attention.to_q": (3840, 3840)}
    return [
        *mains("ming-image", "normal", {"original names": ming}),
        *mains("ming-image", "normal", {"original names": ming | {"__ming_image__": ()}}),
        *loras("ming-image", kohya(_ZIMAGE_LAYERS), metadata=said),
        *mains(
            "llada-image",
            "normal",
            {"original names": llada},
            (pipeline("LLaDAImagePipeline", "LLaDAImageTransformer2DModel"),),
        ),
        *loras("llada-image", peft(own, _MAIN)),
        *mains(
            "lumina2",
            "normal",
            {"original names": lumina, "diffusers names": named},
            (pipeline("Lumina2Pipeline", "Lumina2Transformer2DModel"),),
        ),
        *mains("lumina2", "newbie", {"original names": newbie}),
        *loras("lumina2", kohya(layers), peft(layers, _MAIN), peft(attention)),
    ]


def _lumina_cases() -> list[Case]:
    original: Shapes = {
        "layers.0.attention.gate": (32,),
        "layers.0.attention.wk_y.weight": (576, 2048),
        "pad_token": (2304,),
    }
    named: Shapes = {
        "layers.0.gate": (32,),
        "layers.0.attn2.norm_q.weight": (2304,),
        "pad_token": (2304,),
        "patch_embedder.proj.weight": (2304, 16),
    }
    layers = {"layers.{24}.attn2.to_k": (2048, 576), "layers.{24}.attn1.to_q": (2304, 2304)}
    return [
        *mains(
            "lumina",
            "normal",
            {"original names": original, "diffusers names": named},
            (pipeline("LuminaPipeline", "LuminaNextDiT2DModel"),),
        ),
        *loras("lumina", peft(layers), kohya({"layers.{24}.attention.wk_y": (2048, 576)})),
    ]


def _sd3_cases() -> list[Case]:
    def original(width: int, last: int, *more: str) -> Shapes:
        return {
            "x_embedder.proj.weight": (width, 16, 2, 2),
            "joint_blocks.0.context_block.attn.qkv.weight": (3 * width, width),
            f"joint_blocks.{last}.x_block.attn.qkv.weight": (3 * width, width),
            **dict.fromkeys(more, (3 * width, width)),
        }

    def named(width: int, *more: str) -> Shapes:
        return {
            "pos_embed.proj.weight": (width, 16, 2, 2),
            "pos_embed.proj.bias": (width,),
            "context_embedder.weight": (width, 4096),
            "time_text_embed.text_embedder.linear_1.weight": (width, 2048),
            "transformer_blocks.0.attn.add_q_proj.weight": (width, width),
            **dict.fromkeys(more, (width, width)),
        }

    def blocks(width: int, count: int) -> Modules:
        block = f"joint_blocks.{{{count}}}.x_block"
        return {f"{block}.attn.qkv": (width, 3 * width), f"{block}.mlp.fc1": (width, 4 * width)}

    def attention(width: int, count: int) -> Modules:
        names = ("to_q", "to_k", "to_v", "to_out.0")
        return {f"transformer_blocks.{{{count}}}.attn.{n}": (width, width) for n in names}

    dual, dual_named = (
        "joint_blocks.0.x_block.attn2.qkv.weight",
        "transformer_blocks.0.attn2.to_q.weight",
    )
    kind = "SD3Transformer2DModel"
    large = pipeline("StableDiffusion3Pipeline", kind, num_layers=38, qk_norm="rms_norm")
    medium = component(kind, num_layers=24, qk_norm="rms_norm")
    return [
        *mains(
            "sd-3",
            "normal",
            {"original names": original(1536, 23), "diffusers names": named(1536)},
        ),
        *mains(
            "sd-3",
            "3.5-medium",
            {
                "original names": original(1536, 23, dual),
                "diffusers names": named(1536, dual_named),
            },
            (medium,),
        ),
        *mains(
            "sd-3",
            "3.5-large",
            {"original names": original(2432, 37), "diffusers names": named(2432)},
            (large,),
        ),
        *loras(
            "sd-3",
            kohya(blocks(2432, 38)),
            kohya(blocks(1536, 24)),
            peft(attention(2432, 38)),
            peft(attention(1536, 24), _MAIN),
            kohya({"transformer_blocks.{13}.attn2.to_q": (1536, 1536)}, "lora_transformer_"),
        ),
    ]


def _auraflow_cases() -> list[Case]:
    original: Shapes = {
        "cond_seq_linear.weight": (3072, 2048),
        "double_layers.0.attn.w1q.weight": (3072, 3072),
        "single_layers.0.modCX.1.weight": (18432, 3072),
    }
    named: Shapes = {
        "register_tokens": (1, 8, 3072),
        "context_embedder.weight": (3072, 2048),
        "joint_transformer_blocks.0.attn.add_q_proj.weight": (3072, 3072),
        "joint_transformer_blocks.0.ff.linear_1.weight": (8192, 3072),
    }
    layers = {
        "double_layers.{4}.attn.w1q": (3072, 3072),
        "single_layers.{32}.mlp.c_proj": (8192, 3072),
    }
    attention = {
        "joint_transformer_blocks.{4}.attn.to_q": (3072, 3072),
        "single_transformer_blocks.{32}.ff.out_projection": (8192, 3072),
    }
    return [
        *mains(
            "auraflow",
            "normal",
            {"original names": original, "diffusers names": named},
            (pipeline("AuraFlowPipeline", "AuraFlowTransformer2DModel"),),
        ),
        *loras("auraflow", kohya(layers), peft(layers, _MAIN), peft(attention)),
    ]


def _hidream_cases() -> list[Case]:
    own: Shapes = {
        "caption_projection.0.linear.weight": (2560, 4096),
        "double_stream_blocks.0.block.attn1.q_rms_norm_t.weight": (2560,),
        "single_stream_blocks.0.block.attn1.q_rms_norm.weight": (2560,),
        "x_embedder.proj.weight": (2560, 64),
    }
    one: Shapes = {
        "model.t_embedder1.mlp.0.weight": (4096, 256),
        "model.x_embedder.proj1.weight": (1024, 3072),
        "model.final_layer2.linear.weight": (3072, 4096),
    }
    blocks = {
        "double_stream_blocks.{16}.block.attn1.to_q_t": (2560, 2560),
        "single_stream_blocks.{32}.block.ff_i.experts.{4}.w2": (6912, 2560),
    }
    layers = {
        "model.language_model.layers.{36}.self_attn.q_proj": (4096, 4096),
        "model.final_layer2.linear": (4096, 3072),
    }
    kind = "HiDreamImageTransformer2DModel"
    return [
        *mains(
            "hidream", "full", {"original names": own}, (pipeline("HiDreamImagePipeline", kind),)
        ),
        *(
            Case(
                "hidream main, original names",
                ("main", "hidream", "checkpoint", variant),
                file(partial(dict, own), f"hidream_i1_{variant}_fp8.safetensors"),
            )
            for variant in ("dev", "fast", "full")
        ),
        *loras("hidream", peft(blocks, _MAIN), kohya(blocks)),
        Case(
            "hidream-o1 main, original names",
            ("main", "hidream-o1", "checkpoint", "normal"),
            file(lambda: one),
        ),
        *loras("hidream-o1", peft(layers, _MAIN)),
    ]


def _hunyuan_cases() -> list[Case]:
    def original(width: int, *more: str) -> Shapes:
        return {
            "txt_in.individual_token_refiner.blocks.0.norm1.weight": (width,),
            "img_in.proj.bias": (width,),
            "double_blocks.0.img_attn_proj.bias": (width,),
            **dict.fromkeys(more, (width,)),
        }

    def named(width: int, *more: str) -> Shapes:
        return {
            "context_embedder.token_refiner.refiner_blocks.0.norm1.weight": (width,),
            "x_embedder.proj.bias": (width,),
            "single_transformer_blocks.0.attn.norm_q.weight": (128,),
            **dict.fromkeys(more, (width,)),
        }

    kind = "HunyuanImageTransformer2DModel"
    blocks = {
        "double_blocks.{20}.img_attn_q": (3584, 3584),
        "single_blocks.{40}.linear2.fc": (17920, 3584),
    }
    attention = {"transformer_blocks.{20}.attn.to_q": (3584, 3584)}
    dit: Shapes = {
        "mlp_t5.0.weight": (8192, 2048),
        "text_embedding_padding": (333, 1024),
        "blocks.0.attn1.Wqkv.weight": (4224, 1408),
    }
    dit_named: Shapes = {
        "text_embedding_padding": (333, 1024),
        "blocks.0.attn2.norm_q.weight": (88,),
        "text_embedder.linear_1.bias": (8192,),
        "time_extra_emb.pooler.positional_embedding": (257, 2048),
    }
    time_named = "time_guidance_embed.timestep_embedder_r.linear_1.bias"
    return [
        *mains(
            "hunyuan-image",
            "normal",
            {"original names": original(3584), "diffusers names": named(3584)},
            (pipeline("HunyuanImagePipeline", kind), component(kind)),
        ),
        *mains(
            "hunyuan-image",
            "distilled",
            {
                "original names": original(3584, "time_r_in.mlp.0.bias"),
                "diffusers names": named(3584, time_named),
            },
            (component(kind, use_meanflow=True),),
        ),
        *mains(
            "hunyuan-image",
            "refiner",
            {
                "original names": original(3328, "time_r_in.mlp.0.bias"),
                "diffusers names": named(3328),
            },
            (pipeline("HunyuanImageRefinerPipeline", kind, num_attention_heads=26),),
        ),
        *loras("hunyuan-image", kohya(blocks), peft(attention)),
        *mains(
            "hunyuan-dit",
            "normal",
            {"original names": dit, "diffusers names": dit_named},
            (pipeline("HunyuanDiTPipeline", "HunyuanDiT2DModel"),),
        ),
        *loras(
            "hunyuan-dit",
            peft({"blocks.{40}.attn2.to_k": (1024, 1408)}),
            kohya({"blocks.{40}.attn1.Wqkv": (1408, 4224)}),
        ),
    ]


def _pixart_cases() -> list[Case]:
    def original(tokens: int) -> Shapes:
        return {
            "t_block.1.weight": (6912, 1152),
            "t_block.1.bias": (6912,),
            "y_embedder.y_embedding": (tokens, 4096),
            "blocks.0.mlp.fc1.weight": (4608, 1152),
        }

    named: Shapes = {
        "adaln_single.linear.weight": (6912, 1152),
        "pos_embed.proj.weight": (1152, 4, 2, 2),
        "pos_embed.proj.bias": (1152,),
        "caption_projection.linear_1.weight": (1152, 4096),
        "transformer_blocks.0.attn2.to_k.bias": (1152,),
    }
    ratio: Shapes = {"adaln_single.emb.aspect_ratio_embedder.linear_1.weight": (384, 256)}
    kind = "PixArtTransformer2DModel"
    old = pipeline("PixArtAlphaPipeline", "Transformer2DModel", norm_type="ada_norm_single")
    layers = {
        "transformer_blocks.{28}.attn1.to_q": (1152, 1152),
        "transformer_blocks.{28}.attn2.to_k": (1152, 1152),
        "transformer_blocks.{28}.ff.net.0.proj": (1152, 4608),
        "caption_projection.linear_1": (4096, 1152),
    }
    # Latte has the other layers too.
    size = {"adaln_single.emb.resolution_embedder.linear_1": (256, 384)}
    own = {"blocks.{28}.cross_attn.kv_linear": (1152, 2304), "y_embedder.y_proj.fc1": (4096, 1152)}
    return [
        *mains(
            "pixart",
            "alpha",
            {
                "original names": original(120),
                "diffusers names": named | ratio,
            },
            (old, component(kind, use_additional_conditions=True)),
        ),
        *mains(
            "pixart",
            "sigma",
            {"original names": original(300), "diffusers names": named},
            (pipeline("PixArtSigmaPipeline", kind),),
        ),
        *loras("pixart", peft(layers | size, "base_model.model."), kohya(own)),
        *loras("pixart", peft(layers), metadata={"modelspec.architecture": "pixart-sigma/lora"}),
    ]


def _sana_cases() -> list[Case]:
    def original(width: int, *more: str) -> Shapes:
        return {
            "attention_y_norm.weight": (width,),
            "y_embedder.y_proj.fc1.weight": (width, 2304),
            "blocks.0.attn.proj.weight": (width, width),
            "blocks.0.mlp.depth_conv.conv.weight": (5 * width, 1, 3, 3),
            **dict.fromkeys(more, (width, width)),
        }

    def named(width: int, *more: str) -> Shapes:
        return {
            "caption_norm.weight": (width,),
            "caption_projection.linear_1.weight": (width, 2304),
            "patch_embed.proj.weight": (width, 32, 1, 1),
            "transformer_blocks.0.scale_shift_table": (6, width),
            **dict.fromkeys(more, (width, width)),
        }

    kind = "SanaTransformer2DModel"
    guided = "time_embed.guidance_embedder.linear_1.weight"
    forms: dict[str, tuple[Shapes, Shapes]] = {
        "1.6b": (original(2240), named(2240)),
        "0.6b": (original(1152), named(1152)),
        "4.8b": (
            original(2240, "blocks.59.attn.proj.weight"),
            named(2240, "transformer_blocks.59.attn1.to_q.weight"),
        ),
        "sprint-1.6b": (original(2240, "cfg_embedder.mlp.0.weight"), named(2240, guided)),
        "sprint-0.6b": (original(1152, "cfg_embedder.mlp.0.weight"), named(1152, guided)),
        "video": (
            original(2240, "blocks.0.mlp.t_conv.weight"),
            named(2240, "transformer_blocks.0.ff.conv_temp.weight"),
        ),
    }
    cases = []
    for variant, (first, second) in forms.items():
        cases += mains("sana", variant, {"original names": first, "diffusers names": second})
    world = original(2240, "plucker_embedder.proj.weight")
    cases += mains("sana", "wm", {"original names": world})
    folders = {
        "1.6b": pipeline("SanaPipeline", kind, num_attention_heads=70, num_layers=20),
        "0.6b": component(kind, num_attention_heads=36, num_layers=28),
        "sprint-1.6b": pipeline("SanaSprintPipeline", kind, guidance_embeds=True),
        "video": pipeline("SanaVideoPipeline", "SanaVideoTransformer3DModel"),
        "wm": pipeline("SanaWMPipeline", "SanaWMTransformer3DModel"),
    }
    for variant, made in folders.items():
        cases += mains("sana", variant, {}, (made,))
    layers = {
        "transformer_blocks.{20}.attn1.to_q": (2240, 2240),
        "transformer_blocks.{20}.attn2.to_v": (2240, 2240),
    }
    narrow = {"blocks.{28}.attn.qkv": (1152, 3456), "y_embedder.y_proj.fc1": (2304, 1152)}
    return cases + loras("sana", peft(layers), kohya(narrow))


def _kolors_cases() -> list[Case]:
    own: Shapes = {"encoder_hid_proj.weight": (2048, 4096), "encoder_hid_proj.bias": (2048,)}
    ldm: Shapes = {
        "input_blocks.0.0.weight": (320, 4, 3, 3),
        "label_emb.0.0.weight": (1280, 5632),
    }
    one = ("main", "kolors", "checkpoint", "normal")
    made = folder(
        {
            "model_index.json": {"_class_name": "KolorsPipeline"},
            "unet/config.json": {
                "_class_name": "UNet2DConditionModel",
                "cross_attention_dim": 2048,
                "encoder_hid_dim": 4096,
                "in_channels": 4,
            },
        },
        {"unet/diffusion_pytorch_model.safetensors": plain},
    )
    said = {"ss_base_model_version": "kolors"}
    return [
        Case("kolors main, diffusers names", one, file(lambda: diffusers_unet(SDXL) | own)),
        Case("kolors main, original names", one, file(lambda: ldm | own)),
        Case("kolors main, folder", ("main", "kolors", "diffusers", "normal"), made),
        *loras("kolors", kohya_unet(SDXL), metadata=said),
    ]


def _cascade_cases() -> list[Case]:
    def stage(*mapper: str, second: int = 2048, text: int = 2048) -> Shapes:
        return {
            "clf.1.weight": (16, second, 1, 1),
            "down_blocks.0.0.channelwise.0.weight": (4 * second, second),
            "down_blocks.1.0.depthwise.bias": (second,),
            **{f"{name}.weight": (text, 1280) for name in mapper},
            **{f"{name}.bias": (text,) for name in mapper},
        }

    def made(kind: str, part: str, widths: list[int]) -> Case:
        stage_of = "stage-c" if part == "prior" else "stage-b"
        config = {"_class_name": "StableCascadeUNet", "block_out_channels": widths}
        lite = "-lite" if {1536, 576} & set(widths) else ""
        return Case(
            "sd-cascade main, folder",
            ("main", "sd-cascade", "diffusers", stage_of + lite),
            folder(
                {"model_index.json": {"_class_name": kind}, f"{part}/config.json": config},
                {f"{part}/diffusion_pytorch_model.safetensors": plain},
            ),
        )

    forms = {
        "stage-c": stage("clip_txt_mapper"),
        "stage-c-lite": stage("clip_txt_mapper", second=1536, text=1536),
        "stage-b": stage("clip_mapper", second=640),
        "stage-b-lite": stage("clip_mapper", second=576),
    }
    attention = {
        "down_blocks.{2}.2.attention.to_q": (2048, 2048),
        "down_blocks.{2}.0.channelwise.4": (8192, 2048),
    }
    cases = []
    for variant, shapes in forms.items():
        cases += mains("sd-cascade", variant, {"original names": shapes})
    return [
        *cases,
        made("StableCascadePriorPipeline", "prior", [2048, 2048]),
        made("StableCascadePriorPipeline", "prior", [1536, 1536]),
        made("StableCascadeDecoderPipeline", "decoder", [320, 640, 1280, 1280]),
        made("StableCascadeDecoderPipeline", "decoder", [320, 576, 1152, 1152]),
        *loras("sd-cascade", kohya(attention), kohya(attention, "lora_prior_unet_")),
    ]


def _cogview_cases() -> list[Case]:
    cases = []
    for base, width, count, name in (
        ("cogview3", 2560, 30, "CogView3Plus"),
        ("cogview4", 4096, 28, "CogView4"),
    ):
        shapes: Shapes = {
            "time_condition_embed.condition_embedder.linear_1.weight": (512, 1536),
            "patch_embed.text_proj.weight": (width, 4096),
            "patch_embed.text_proj.bias": (width,),
            "transformer_blocks.0.norm1.linear.weight": (12 * width, 512),
        }
        kind = f"{name}Transformer2DModel"
        layers = {
            f"transformer_blocks.{{{count}}}.attn1.to_q": (width, width),
            f"transformer_blocks.{{{count}}}.norm1.linear": (512, 12 * width),
        }
        folders = (pipeline(f"{name}Pipeline", kind, in_channels=16), component(kind))
        cases += mains(base, "normal", {"diffusers names": shapes}, folders)
        cases += loras(base, peft(layers), kohya(layers, "lora_transformer_"))
    control = pipeline("CogView4ControlPipeline", "CogView4Transformer2DModel", in_channels=32)
    return cases + mains("cogview4", "control", {}, (control,))


def _omni_cases() -> list[Case]:
    second: Shapes = {
        "ref_image_patch_embedder.weight": (2520, 64),
        "ref_image_patch_embedder.bias": (2520,),
        "ref_image_refiner.0.norm1.norm.weight": (2520,),
        "time_caption_embed.caption_embedder.1.weight": (2520, 2048),
        "noise_refiner.0.norm1.norm.weight": (2520,),
        "layers.0.norm1.norm.weight": (2520,),
        "image_index_embedding": (5, 2520),
    }
    boogu: Shapes = {
        "ref_image_patch_embedder.weight": (3360, 64),
        "time_caption_embed.caption_embedder.1.weight": (3360, 4096),
        "x_embedder.weight": (3360, 64),
        "double_stream_layers.0.img_instruct_attn.to_q.weight": (3360, 3360),
        "single_stream_layers.0.attn.to_q.weight": (3360, 3360),
    }
    # The published files keep the projections of the mixed attention under its processor.
    apart = {name: shape for name, shape in boogu.items() if "instruct_attn" not in name} | {
        "ref_image_patch_embedder.bias": (3360,),
        "ref_image_refiner.0.norm1.norm.weight": (3360,),
        "double_stream_layers.0.img_instruct_attn.norm_q.weight": (120,),
        "double_stream_layers.0.img_instruct_attn.processor.img_to_q.weight": (3360, 3360),
    }
    first: Shapes = {
        "input_x_embedder.proj.weight": (3072, 4, 2, 2),
        "time_token.mlp.0.weight": (3072, 256),
        "llm.layers.0.input_layernorm.weight": (3072,),
    }
    named: Shapes = {
        "patch_embedding.input_image_proj.weight": (3072, 4, 2, 2),
        "time_token.linear_1.weight": (3072, 256),
        "layers.0.input_layernorm.weight": (3072,),
    }
    return [
        *mains(
            "omnigen2",
            "normal",
            {"original names": second},
            (pipeline("OmniGen2Pipeline", "OmniGen2Transformer2DModel"),),
        ),
        *loras(
            "omnigen2",
            peft(
                {"layers.{32}.attn.to_k": (2520, 840), "noise_refiner.{2}.attn.to_q": (2520, 2520)}
            ),
            peft({"layers.{32}.feed_forward.linear_1": (2520, 10240)}, _MAIN),
        ),
        *mains(
            "boogu",
            "normal",
            {"original names": boogu},
            (pipeline("BooguImagePipeline", "BooguImageTransformer2DModel"),),
        ),
        *mains("boogu", "normal", {"original names": apart}),
        *loras(
            "boogu",
            peft({"single_stream_layers.{32}.attn.to_q": (3360, 3360)}, _MAIN),
            peft({"double_stream_layers.{8}.img_instruct_attn.to_q": (3360, 3360)}),
        ),
        *mains(
            "omnigen",
            "normal",
            {"original names": first, "diffusers names": named},
            (pipeline("OmniGenPipeline", "OmniGenTransformer2DModel"),),
        ),
        *loras(
            "omnigen",
            peft({"llm.layers.{32}.self_attn.qkv_proj": (3072, 9216)}, "base_model.model."),
            peft({"layers.{32}.self_attn.to_q": (3072, 3072)}),
        ),
    ]


CASES: list[Case] = [
    *_z_image_cases(),
    *_z_image_kin_cases(),
    *_lumina_cases(),
    *_sd3_cases(),
    *_auraflow_cases(),
    *_hidream_cases(),
    *_hunyuan_cases(),
    *_pixart_cases(),
    *_sana_cases(),
    *_kolors_cases(),
    *_cascade_cases(),
    *_cogview_cases(),
    *_omni_cases(),
]
