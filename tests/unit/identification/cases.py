"""One model for every rule: what it is made of and what it has to be called."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

from sample_models import (
    REFINER,
    SD1,
    SD2,
    SDXL,
    Shapes,
    UNet,
    checkpoint,
    clip_text,
    diffusers_controlnet,
    diffusers_unet,
    diffusers_vae,
    flux_transformer,
    ldm_controlnet,
    ldm_unet,
    ldm_vae,
    sd1_lora_unet,
    sdxl_lora,
    typed,
    write_json,
    write_safetensors,
)

UNETS: dict[str, UNet] = {"sd-1": SD1, "sd-2": SD2, "sdxl": SDXL, "sdxl-refiner": REFINER}
_WEIGHT: Shapes = {"weight": (2, 2)}


@dataclass(frozen=True)
class Case:
    """One model.

    Attributes:
        rule: Name of the rule that has to win.
        answer: Type, base, format and variant.
        make: Writes the model under a folder and returns its path.
    """

    rule: str
    answer: tuple[str, str, str, str | None]
    make: Callable[[Path], Path] = field(repr=False)


def file(
    shapes: Callable[[], Shapes],
    name: str = "some-model.safetensors",
    metadata: Mapping[str, str] | None = None,
    dtype: str = "F16",
) -> Callable[[Path], Path]:
    return lambda root: write_safetensors(root / name, typed(shapes(), dtype), metadata)


def folder(
    configs: Mapping[str, Any],
    weights: Mapping[str, Callable[[], Shapes]] | None = None,
    name: str = "some-model",
) -> Callable[[Path], Path]:
    def make(root: Path) -> Path:
        base = root / name
        for path, config in configs.items():
            write_json(base / path, config)
        for path, shapes in (weights or {}).items():
            write_safetensors(base / path, typed(shapes()))
        return base

    return make


def plain() -> Shapes:
    return _WEIGHT


def kohya(unet: UNet, prefix: str = "lora_unet_") -> Shapes:
    """A LoRA of every attention of a U-Net, in diffusers' names."""
    shapes: Shapes = {}
    for name, shape in diffusers_unet(unet).items():
        if ".transformer_blocks." in name and name.endswith(".weight") and len(shape) == 2:
            module = prefix + name.removesuffix(".weight").replace(".", "_")
            shapes[f"{module}.lora_down.weight"] = (4, shape[1])
            shapes[f"{module}.lora_up.weight"] = (shape[0], 4)
    return shapes


def peft(unet: UNet) -> Shapes:
    """The same as diffusers writes it."""
    return {
        f"unet.{name.removesuffix('.weight')}.lora_{half}.weight": (4, shape[1])
        if half == "A"
        else (shape[0], 4)
        for name, shape in diffusers_unet(unet).items()
        if ".attn2." in name and name.endswith(".weight")
        for half in "AB"
    }


def unet_config(unet: UNet, kind: str = "UNet2DConditionModel") -> dict[str, Any]:
    config: dict[str, Any] = {
        "_class_name": kind,
        "cross_attention_dim": unet.context,
        "in_channels": unet.inputs,
    }
    return config | ({"projection_class_embeddings_input_dim": unet.extra} if unet.extra else {})


def pipeline(unet: UNet, kind: str, **scheduler: str) -> Callable[[Path], Path]:
    return folder(
        {
            "model_index.json": {"_class_name": kind},
            "unet/config.json": unet_config(unet),
            "scheduler/scheduler_config.json": scheduler,
        },
        {"unet/diffusion_pytorch_model.safetensors": plain},
    )


def flux_config(inputs: int = 64, **more: object) -> dict[str, Any]:
    return {
        "_class_name": "FluxTransformer2DModel",
        "in_channels": inputs,
        "pooled_projection_dim": 768,
    } | more


def flux_folder(
    kind: str, config: dict[str, Any], name: str = "some-model"
) -> Callable[[Path], Path]:
    return folder(
        {"model_index.json": {"_class_name": kind}, "transformer/config.json": config},
        {"transformer/diffusion_pytorch_model.safetensors": plain},
        name,
    )


def flux_diffusers() -> Shapes:
    """A few of the diffusers names of FLUX.1 dev: those that tell."""
    return {
        "x_embedder.weight": (3072, 64),
        "x_embedder.bias": (3072,),
        "context_embedder.weight": (3072, 4096),
        "time_text_embed.text_embedder.linear_1.weight": (3072, 768),
        "time_text_embed.guidance_embedder.linear_1.weight": (3072, 256),
        "single_transformer_blocks.0.attn.norm_q.weight": (128,),
        "transformer_blocks.0.attn.norm_q.weight": (128,),
        "proj_out.weight": (64, 3072),
    }


def flux_lora(rank: int = 4) -> Shapes:
    """A LoRA of modules that only FLUX.1 has: others lack one of these or have fewer blocks."""
    return {
        "transformer.single_transformer_blocks.7.attn.to_q.lora_A.weight": (rank, 3072),
        "transformer.single_transformer_blocks.7.attn.to_q.lora_B.weight": (3072, rank),
        "transformer.context_embedder.lora_A.weight": (rank, 4096),
        "transformer.context_embedder.lora_B.weight": (3072, rank),
        "transformer.time_text_embed.text_embedder.linear_1.lora_A.weight": (rank, 768),
        "transformer.time_text_embed.text_embedder.linear_1.lora_B.weight": (3072, rank),
        "transformer.transformer_blocks.18.norm1.linear.lora_A.weight": (rank, 3072),
        "transformer.transformer_blocks.18.norm1.linear.lora_B.weight": (18432, rank),
    }


def flux_control_lora() -> Shapes:
    return {
        "img_in.lora_A.weight": (8, 128),
        "img_in.lora_B.weight": (3072, 8),
        "double_blocks.0.img_attn.qkv.lora_A.weight": (8, 3072),
        "double_blocks.0.img_attn.qkv.lora_B.weight": (9216, 8),
        "double_blocks.0.img_mod.lin.lora_A.weight": (8, 3072),
        "double_blocks.0.img_mod.lin.lora_B.weight": (18432, 8),
        "double_blocks.0.img_attn.norm.key_norm.scale": (128,),
    }


def ip_adapter(context: int) -> Shapes:
    return {
        "image_proj.proj.weight": (context * 4, 1024),
        "ip_adapter.1.to_k_ip.weight": (320, context),
        "ip_adapter.1.to_v_ip.weight": (320, context),
    }


def t2i(channels: int) -> Shapes:
    return {
        "adapter.conv_in.weight": (320, channels, 3, 3),
        "adapter.body.0.resnets.0.block1.weight": (320, 320, 3, 3),
    }


def tiny_vae(latent: int) -> Shapes:
    return {"1.weight": (64, latent, 3, 3), "3.conv.0.weight": (64, 64, 3, 3)}


def clip_vision() -> Shapes:
    return {
        "vision_model.embeddings.patch_embedding.weight": (1024, 3, 14, 14),
        "vision_model.encoder.layers.0.layer_norm1.weight": (1024,),
    }


def t5() -> Shapes:
    return {
        "shared.weight": (32128, 4096),
        "encoder.block.0.layer.0.SelfAttention.k.weight": (4096, 4096),
        "encoder.block.0.layer.0.SelfAttention.relative_attention_bias.weight": (32, 64),
        "encoder.block.1.layer.0.SelfAttention.k.weight": (4096, 4096),
    }


def whole_clip() -> Shapes:
    """Both encoders of CLIP, as transformers names them."""
    text = {f"text_model.{name}": shape for name, shape in clip_text().items()}
    return text | clip_vision() | {"logit_scale": ()}


def clip_and_t5() -> Shapes:
    """The text encoders of FLUX.1 in one file."""
    clip = {f"clip_l.transformer.text_model.{n}": shape for n, shape in clip_text().items()}
    return clip | {f"t5xxl.transformer.{name}": shape for name, shape in t5().items()}


def _unet_cases(base: str, unet: UNet) -> list[Case]:
    kind = "StableDiffusionXLPipeline" if unet.extra else "StableDiffusionPipeline"
    main = ("main", base, "checkpoint", "normal")
    cases = [
        Case(f"{base} main, original names", main, file(lambda: checkpoint(unet))),
        Case(f"{base} main, diffusers names", main, file(lambda: diffusers_unet(unet))),
        Case(f"{base} main, folder", ("main", base, "diffusers", "normal"), pipeline(unet, kind)),
        Case(f"{base} lora", ("lora", base, "lycoris", None), file(lambda: kohya(unet))),
        Case(
            f"{base} lora, folder",
            ("lora", base, "diffusers", None),
            folder({}, {"pytorch_lora_weights.safetensors": lambda: peft(unet)}),
        ),
    ]
    return cases if base == "sdxl-refiner" else cases + _extra_cases(base, unet)


def _extra_cases(base: str, unet: UNet) -> list[Case]:
    control = ("controlnet", base, "checkpoint", None)
    ip = partial(ip_adapter, unet.context)
    onnx = {
        "model_index.json": {"_class_name": "ORTStableDiffusionPipeline"}
        if not unet.extra
        else {"_class_name": "ORTStableDiffusionXLPipeline"},
        "unet/config.json": {"cross_attention_dim": unet.context},
    }
    weights = {"unet/model.onnx": plain}
    return [
        Case(f"{base} controlnet, original names", control, file(lambda: ldm_controlnet(unet))),
        Case(
            f"{base} controlnet, diffusers names", control, file(lambda: diffusers_controlnet(unet))
        ),
        Case(
            f"{base} controlnet, folder",
            ("controlnet", base, "diffusers", None),
            folder(
                {"config.json": unet_config(unet, "ControlNetModel")},
                {"diffusion_pytorch_model.safetensors": plain},
            ),
        ),
        Case(f"{base} onnx, folder", ("onnx", base, "onnx", "normal"), folder(onnx, weights)),
        Case(
            f"{base} olive, folder",
            ("onnx", base, "olive", "normal"),
            folder(onnx, {"unet/model_optimized.onnx": plain}),
        ),
        Case(f"{base} ip-adapter", ("ip_adapter", base, "checkpoint", None), file(ip)),
        Case(
            f"{base} ip-adapter, folder",
            ("ip_adapter", base, "invokeai", None),
            folder({"image_encoder.txt": "x"}, {"ip_adapter.safetensors": ip}),
        ),
    ]


def _embedding_cases() -> list[Case]:
    made: dict[str, Shapes] = {
        "sd-1": {"emb_params": (5, 768)},
        "sd-2": {"<harbour>": (1, 1024)},
        "sdxl": {"clip_l": (2, 768), "clip_g": (2, 1280)},
        "sdxl-refiner": {"string_to_param.*": (2, 1280)},
        "sd-3": {"clip_l": (2, 768), "clip_g": (2, 1280), "t5": (2, 4096)},
        "flux": {"clip_l": (2, 768), "t5": (2, 4096)},
    }
    cases = []
    for base, shapes in made.items():
        one = ("embedding", base, "embedding_file", None)
        many = ("embedding", base, "embedding_folder", None)
        weights: dict[str, Callable[[], Shapes]] = {
            "learned_embeds.safetensors": partial(dict, shapes)
        }
        cases.append(Case(f"{base} embedding", one, file(partial(dict, shapes))))
        cases.append(Case(f"{base} embedding, folder", many, folder({}, weights)))
    return cases


def _vae_cases() -> list[Case]:
    kinds = {
        "sd-1": (4, 0.18215, "some-model"),
        "sdxl": (4, 0.13025, "sdxl_vae"),
        "sd-3": (16, 1.5305, "sd3_vae"),
        "flux": (16, 0.3611, "some-model"),
    }
    cases = []
    for base, (latent, scale, name) in kinds.items():
        one = ("vae", base, "checkpoint", None)
        config = {
            "_class_name": "AutoencoderKL",
            "latent_channels": latent,
            "scaling_factor": scale,
        }
        weights = {"diffusion_pytorch_model.safetensors": partial(diffusers_vae, latent)}
        path = f"{name}.safetensors"
        cases += [
            Case(f"{base} vae", one, file(partial(ldm_vae, latent), path)),
            Case(f"{base} vae", one, file(partial(diffusers_vae, latent), path)),
            Case(f"{base} tiny vae", one, file(partial(tiny_vae, latent), path)),
            Case(
                f"{base} vae, folder",
                ("vae", base, "diffusers", None),
                folder({"config.json": config}, weights),
            ),
        ]
    return cases


def _t2i_cases() -> list[Case]:
    cases = []
    for base, channels, kind in (("sd-1", 192, "full_adapter"), ("sdxl", 768, "full_adapter_xl")):
        config = {"_class_name": "T2IAdapter", "adapter_type": kind}
        weights = {"diffusion_pytorch_model.safetensors": partial(t2i, channels)}
        one = ("t2i_adapter", base, "checkpoint", None)
        many = ("t2i_adapter", base, "diffusers", None)
        made = folder({"config.json": config}, weights)
        cases.append(Case(f"{base} t2i-adapter", one, file(partial(t2i, channels))))
        cases.append(Case(f"{base} t2i-adapter, folder", many, made))
    return cases


def _flux_cases() -> list[Case]:
    def one(
        kind: str, variant: str | None = None, form: str = "checkpoint"
    ) -> tuple[str, str, str, str | None]:
        return kind, "flux", form, variant

    control: Shapes = {
        "controlnet_x_embedder.weight": (3072, 64),
        "controlnet_blocks.0.weight": (3072, 3072),
        "controlnet_mode_embedder.weight": (10, 3072),
    }
    xlabs: Shapes = {
        "controlnet_blocks.0.weight": (3072, 3072),
        "input_hint_block.0.weight": (16, 3, 3, 3),
    }
    ip: Shapes = {
        "double_blocks.0.processor.ip_adapter_double_stream_k_proj.weight": (3072, 4096),
        "ip_adapter_proj_model.proj.weight": (16384, 768),
    }
    redux: Shapes = {"redux_down.weight": (4096, 12288), "redux_up.weight": (12288, 1152)}
    dev = flux_config(guidance_embeds=True)
    return [
        Case("flux main, original names", one("main", "dev"), file(flux_transformer)),
        Case("flux main, diffusers names", one("main", "dev"), file(flux_diffusers)),
        Case(
            "flux main, folder", one("main", "dev", "diffusers"), flux_folder("FluxPipeline", dev)
        ),
        Case("flux lora", one("lora", None, "lycoris"), file(flux_lora)),
        Case(
            "flux lora, folder",
            one("lora", None, "diffusers"),
            folder({}, {"pytorch_lora_weights.safetensors": flux_lora}),
        ),
        Case("flux control-lora", one("control_lora", None, "lycoris"), file(flux_control_lora)),
        Case(
            "flux controlnet, XLabs",
            one("controlnet"),
            file(lambda: xlabs | flux_transformer()),
        ),
        Case(
            "flux controlnet, diffusers names",
            one("controlnet"),
            file(lambda: control | flux_diffusers()),
        ),
        Case(
            "flux controlnet, folder",
            one("controlnet", None, "diffusers"),
            folder(
                {"config.json": {"_class_name": "FluxControlNetModel"}},
                {"diffusion_pytorch_model.safetensors": plain},
            ),
        ),
        Case("flux ip-adapter, XLabs", one("ip_adapter"), file(lambda: ip)),
        Case("flux redux", one("style_model"), file(lambda: redux)),
    ]


def _other_cases() -> list[Case]:
    control_lora: Shapes = {
        "lora_controlnet": (),
        "input_hint_block.0.weight": (16, 3, 3, 3),
        "zero_convs.0.0.weight": (320, 320, 1, 1),
        "input_blocks.4.1.transformer_blocks.0.attn2.to_k.down": (64, 2048),
        "input_blocks.4.1.transformer_blocks.0.attn2.to_k.up": (640, 64),
    }
    sd3: Shapes = {
        "model.diffusion_model.joint_blocks.0.context_block.attn.qkv.weight": (4608, 1536),
        "model.diffusion_model.x_embedder.proj.weight": (1536, 16, 2, 2),
    }

    def encoder(kind: str) -> Callable[[Path], Path]:
        return folder({"config.json": {"architectures": [kind]}}, {"model.safetensors": plain})

    return [
        Case(
            "sdxl control-lora",
            ("control_lora", "sdxl", "lycoris", None),
            file(lambda: control_lora),
        ),
        Case(
            "sd-3 main, original names", ("main", "sd-3", "checkpoint", "normal"), file(lambda: sd3)
        ),
        Case(
            "sd-3 main, folder",
            ("main", "sd-3", "diffusers", "normal"),
            flux_folder("StableDiffusion3Pipeline", {"_class_name": "SD3Transformer2DModel"}),
        ),
        Case(
            "clip text",
            ("clip_embed", "any", "checkpoint", None),
            file(lambda: {f"text_model.{name}": shape for name, shape in clip_text().items()}),
        ),
        Case(
            "clip text, folder", ("clip_embed", "any", "diffusers", None), encoder("CLIPTextModel")
        ),
        Case(
            "latent upscaler, folder",
            ("upscaler", "any", "diffusers", None),
            folder(
                {
                    "model_index.json": {"_class_name": "StableDiffusionLatentUpscalePipeline"},
                    "unet/config.json": unet_config(SD1.with_inputs(8)),
                },
                {"unet/diffusion_pytorch_model.safetensors": plain},
            ),
        ),
        Case("clip vision", ("clip_vision", "any", "checkpoint", None), file(clip_vision)),
        Case(
            "clip vision, folder",
            ("clip_vision", "any", "diffusers", None),
            encoder("CLIPVisionModelWithProjection"),
        ),
        Case("t5", ("t5_encoder", "any", "checkpoint", None), file(t5)),
        Case(
            "clip text and vision",
            ("clip_embed", "any", "checkpoint", None),
            file(whole_clip),
        ),
        Case("clip text and t5", ("t5_encoder", "any", "checkpoint", None), file(clip_and_t5)),
        Case("t5, folder", ("t5_encoder", "any", "diffusers", None), encoder("T5EncoderModel")),
    ]


def all_cases() -> list[Case]:
    """Every case, at least one for each rule."""
    cases = [case for base, unet in UNETS.items() for case in _unet_cases(base, unet)]
    cases += [Case("sdxl lora", ("lora", "sdxl", "lycoris", None), file(sdxl_lora))]
    cases += [Case("sd-1 lora", ("lora", "sd-1", "lycoris", None), file(sd1_lora_unet))]
    cases += [
        Case(
            "sd-1 main, original names",
            ("main", "sd-1", "checkpoint", "normal"),
            file(lambda: ldm_unet(SD1)),
        )
    ]
    return [
        *cases,
        *_embedding_cases(),
        *_vae_cases(),
        *_t2i_cases(),
        *_flux_cases(),
        *_other_cases(),
        *(case for module in _case_modules() for case in module.CASES),
    ]


def _case_modules() -> list[ModuleType]:
    """The modules beside this one that hold cases of one family each."""
    names = sorted(path.stem for path in Path(__file__).parent.glob("of_family/*.py"))
    return [import_module(f"unit.identification.of_family.{name}") for name in names]
