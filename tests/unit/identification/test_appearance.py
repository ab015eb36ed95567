"""What people are told of a model that no rule fits."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest

from modelkeep.errors import UnknownModelError
from modelkeep.identification.engine import identify
from sample_models import SD1, SDXL, Shapes, diffusers_unet, ldm_unet, typed, write_safetensors
from unit.identification.cases import folder, plain


def _lora(name: str, taken: int) -> Shapes:
    return {f"{name}.lora_A.weight": (4, taken), f"{name}.lora_B.weight": (taken, 4)}


def _refused(path: Path) -> UnknownModelError:
    with pytest.raises(UnknownModelError) as caught:
        identify(path)
    return caught.value


@pytest.mark.parametrize(
    ("shapes", "metadata", "words", "options"),
    [
        (
            _lora("transformer.transformer_blocks.60.attn2.to_k", 2048),
            {},
            "a LoRA for LTX-Video",
            "--type lora --base ltx-video",
        ),
        (
            _lora("diffusion_model.blocks.45.cross_attn.k", 5120),
            {},
            "a LoRA for Wan",
            "--type lora --base wan",
        ),
        (
            _lora("transformer.blocks.45.attn2.to_q", 1536),
            {},
            "a LoRA for Wan",
            "--type lora --base wan",
        ),
        (
            _lora("diffusion_model.double_blocks.0.img_mlp.fc1", 3072),
            {},
            "a LoRA for HunyuanVideo",
            "--type lora --base hunyuan-video",
        ),
        (
            _lora("lora_unet_something", 640),
            {"ss_base_model_version": "hidream_i1"},
            "a LoRA for HiDream, as its header says",
            "--type lora --base hidream",
        ),
        (
            _lora("transformer.transformer_blocks.40.attn.to_q", 1536),
            {},
            "a LoRA for SD 3",
            "--type lora --base sd-3",
        ),
        (_lora("lora_unet_something", 640), {}, "a LoRA, but nothing shows", "--type lora"),
        (
            {"head.modulation": (1, 2, 5120), "blocks.0.cross_attn.k.weight": (5120, 5120)},
            {},
            "a checkpoint for Wan",
            "--type main --base wan",
        ),
        (
            {
                "adaln_single.emb.timestep_embedder.linear_1.bias": (2048,),
                "patchify_proj.bias": (2048,),
                "transformer_blocks.0.attn2.to_k.weight": (2048, 2048),
            },
            {},
            "a checkpoint for LTX-Video",
            "--type main --base ltx-video",
        ),
        (
            diffusers_unet(SD1.with_inputs(8)),
            {},
            "has the blocks of SD 1 and other inputs: the number of input channels is 8, not 4",
            "",
        ),
        (
            ldm_unet(SDXL) | {"encoder_hid_proj.weight": (2048, 4096)},
            {},
            "a checkpoint for Kolors",
            "--type main --base kolors",
        ),
        (
            {"decoder.conv_in.weight": (512, 32, 3, 3), "decoder.mid.block_1.norm1.weight": (512,)},
            {},
            "a VAE",
            "--type vae",
        ),
        ({"emb_params": (5, 640)}, {}, "an embedding", "--type embedding"),
        (
            {"model.embed_tokens.weight": (151936, 2560), "model.layers.0.mlp.up.weight": (4, 4)},
            {},
            "a text encoder",
            "--type text_encoder",
        ),
        (
            {"controlnet_blocks.0.weight": (3072, 3072), "transformer_blocks.0.x.weight": (4, 4)},
            {},
            "a ControlNet",
            "--type controlnet",
        ),
        (
            {"conv_first.weight": (64, 3, 3, 3), "body.0.RDB1.convs.0.weight": (32, 64, 3, 3)},
            {},
            "an upscaler",
            "--type upscaler",
        ),
        ({"never.seen": (4, 4)}, {}, "It holds 1 tensor, the first called 'never.seen'", ""),
        ({}, {}, "It holds no tensors", ""),
    ],
)
def test_files(
    shapes: Shapes, metadata: dict[str, str], words: str, options: str, tmp_path: Path
) -> None:
    path = write_safetensors(tmp_path / "what is this.safetensors", typed(shapes), metadata)

    error = _refused(path)

    assert words in str(error)
    assert "rule" not in str(error)
    command = shlex.split(error.hint[error.hint.index("modelkeep ") :].partition(". If")[0])
    assert command[-1] == str(path)
    if options:
        assert command[1:-1] == ["install", *options.split()]
        assert error.looks_like == command[3]
    else:
        assert command[1:-1] == ["identify", "--explain"]
        assert error.looks_like == ""


def test_folders(tmp_path: Path) -> None:
    weights = {"diffusion_pytorch_model.safetensors": plain}
    config = {"config.json": {"_class_name": "WanNextTransformer3DModel"}}
    made = folder(config, weights, "x")

    assert "a checkpoint for Wan, as its class is Wan" in str(_refused(made(tmp_path / "1")))
    nothing = folder({"settings/other.json": {}}, {"a/b.safetensors": plain}, "y")
    assert "no config.json that names a class" in str(_refused(nothing(tmp_path / "2")))


def test_one_part_of_several(tmp_path: Path) -> None:
    name = "diffusion_pytorch_model-00001-of-00003.safetensors"
    path = write_safetensors(tmp_path / "alone" / name, typed({"x_embedder.weight": (3072, 64)}))

    error = _refused(path)
    assert "part 1 of 3 of a model" in str(error)
    assert "--type" not in error.hint

    assert "1 of 3 parts of a model" in str(_refused(path.parent))
    for number in (2, 3):
        write_safetensors(path.parent / name.replace("00001", f"0000{number}"), typed({"w": (2,)}))
    assert "parts of a model" not in str(_refused(path.parent))
