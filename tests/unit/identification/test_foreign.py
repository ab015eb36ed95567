"""Models that are not ours: the message says what they are."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pytest

from modelkeep.errors import UnknownModelError
from modelkeep.identification.engine import identify
from sample_models import Shapes
from support.meta_models import class_shapes
from unit.identification.cases import file, folder, plain

_FILES: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("an audio model (ACE-Step)", ("genre_embedder.weight", "speaker_embedder.weight")),
    ("an audio model (ACE-Step)", ("encoder.lyric_encoder.layers.0.mlp.weight",)),
    ("an audio model (MiniMax Music)", ("cond_layer_logits",)),
    ("an audio model (YuE)", ("vae2llm.weight", "latent_pos_embed.pe")),
    (
        "an audio model (Stable Audio)",
        ("model.model.transformer.rotary_pos_emb.inv_freq", "model.model.timestep_features.weight"),
    ),
    ("an audio VAE or a vocoder", ("decoder.layers.1.layers.0.beta",)),
    ("an audio VAE or a vocoder", ("vocoder.conv_pre.weight", "audio_vae.decoder.a.weight")),
    (
        "a speech model (Whisper)",
        ("model.encoder.conv1.weight", "model.decoder.layers.0.encoder_attn.k_proj.weight"),
    ),
    (
        "a speech model (wav2vec)",
        ("wav2vec2.feature_extractor.conv_layers.0.conv.weight",),
    ),
    ("an audio encoder (CLAP)", ("logit_scale_a", "logit_scale_t")),
    (
        "a 3D model (Hunyuan3D)",
        ("model.latent_in.weight", "model.double_blocks.0.img_attn.norm.key_norm.scale"),
    ),
    ("a 3D model (Trellis or Pixal3D)", ("img2shape.blocks.0.weight", "shape2txt.a.weight")),
    ("a 3D model (TripoSplat)", ("cam_out_layer.weight",)),
    ("a segmentation model (Segment Anything)", ("detector.backbone.vision_backbone.weight",)),
    (
        "a segmentation model (Segment Anything)",
        ("image_encoder.patch_embed.proj.weight", "mask_decoder.iou_token.weight"),
    ),
    ("a depth model", ("pretrained.blocks.0.ls1.gamma", "depth_head.projects.0.weight")),
    ("a depth model", ("backbone.embeddings.cls_token", "head.projects.0.weight")),
    ("a depth model", ("neck.fusion_stage.layers.0.a.weight", "head.head.0.weight")),
    ("an audio model (MusicGen)", ("enc_to_dec_proj.weight", "audio_encoder.encoder.a.weight")),
    ("a detection model", ("encoder_output_bbox_embed.layers.0.weight",)),
    (
        "a language model that also makes pictures (Janus)",
        ("model.vqmodel.encoder.conv_in.weight", "model.language_model.norm.weight"),
    ),
    ("a detection model (YOLO)", ("model.0.conv.weight", "model.22.dfl.conv.weight")),
    (
        "an image classifier",
        ("patch_embed.proj.weight", "blocks.0.attn.qkv.weight", "head.weight"),
    ),
    (
        "an image classifier",
        ("patch_embed.proj.weight", "layers.0.blocks.0.attn.qkv.weight", "head.fc.weight"),
    ),
    (
        "a model that describes pictures (Florence-2)",
        ("vision_tower.convs.0.proj.weight", "language_model.model.shared.weight"),
    ),
    (
        "a model that describes pictures (BLIP)",
        ("vision_model.embeddings.class_embedding", "text_decoder.bert.embeddings.weight"),
    ),
    (
        "a model that describes pictures (BLIP)",
        ("visual_encoder.blocks.0.attn.qkv.weight", "text_decoder.bert.embeddings.weight"),
    ),
    (
        "a model that describes pictures (BLIP)",
        (
            "vision_model.embeddings.class_embedding",
            "vision_model.embeddings.patch_embedding.weight",
            "vision_model.encoder.layers.0.layer_norm1.weight",
            "text_decoder.bert.embeddings.weight",
        ),
    ),
    ("a background remover", ("stage1.rebnconvin.conv_s1.weight",)),
    (
        "a model that finds poses, lines or edges for a ControlNet",
        ("Mconv7_stage6_L1.weight", "conv1_1.weight"),
    ),
    ("a model of faces (detection or parsing)", ("cp.resnet.conv1.weight",)),
    (
        "a frame interpolation model",
        ("module.block0.conv0.0.0.weight", "module.block1.conv0.0.0.weight"),
    ),
    (
        "an aesthetic scorer",
        ("layers.0.weight", "layers.2.weight", "layers.4.weight", "layers.7.weight"),
    ),
    ("a safety checker", ("special_care_embeds", "concept_embeds")),
    ("an image classifier", ("vit.encoder.layer.0.weight", "classifier.weight")),
    ("the state of an optimizer from a training run", ("state.0.exp_avg", "state.0.exp_avg_sq")),
)


@pytest.mark.parametrize(("what", "names"), _FILES)
def test_a_file_that_is_not_ours_is_named(
    what: str, names: tuple[str, ...], tmp_path: Path
) -> None:
    shapes: Shapes = dict.fromkeys(names, (1024, 768))

    with pytest.raises(UnknownModelError) as caught:
        identify(file(partial(dict, shapes))(tmp_path))

    assert f"This is {what}. modelkeep manages image and video models." in str(caught.value)
    assert "--type" not in caught.value.hint
    assert caught.value.looks_like == ""


def test_blocks_of_wan_that_make_sound_are_not_wan(tmp_path: Path) -> None:
    shapes: Shapes = {
        "patch_embedding.weight": (1536, 128, 1),
        "patch_embedding.bias": (1536,),
        "head.modulation": (1, 2, 1536),
        "blocks.0.self_attn.norm_q.weight": (1536,),
        "blocks.0.ffn.0.bias": (8960,),
        "time_projection.1.bias": (9216,),
    }

    with pytest.raises(UnknownModelError, match=r"an audio model \(MOVA\)"):
        identify(file(lambda: shapes)(tmp_path))


@pytest.mark.parametrize(
    ("config", "name", "what"),
    [
        ("model_index.json", "StableAudioPipeline", "an audio model (Stable Audio)"),
        ("model_index.json", "AudioLDM2Pipeline", "an audio model"),
        ("model_index.json", "ShapEPipeline", "a 3D model"),
        ("config.json", "AutoencoderOobleck", "an audio VAE or a vocoder"),
        ("config.json", "AutoencoderKLLTX2Audio", "an audio VAE or a vocoder"),
        ("config.json", "MMAudioVocoder", "an audio VAE or a vocoder"),
        ("config.json", "StableDiffusionSafetyChecker", "a safety checker"),
    ],
)
def test_a_folder_that_is_not_ours_is_named(
    config: str, name: str, what: str, tmp_path: Path
) -> None:
    made = folder({config: {"_class_name": name}}, {"x/model.safetensors": plain})

    with pytest.raises(UnknownModelError) as caught:
        identify(made(tmp_path))

    assert f"This is {what}." in str(caught.value)


@pytest.mark.torch
@pytest.mark.slow
@pytest.mark.parametrize(
    "name",
    [
        *("diffusers.AutoencoderOobleck", "diffusers.AutoencoderKLKVAEAudio"),
        *("diffusers.AutoencoderKLLTX2Audio", "diffusers.AutoencoderKLMiniMaxH3Audio"),
        *("diffusers.MMAudioVocoder", "diffusers.LongCatAudioDiTVae"),
        *("transformers.ClapModel", "transformers.MusicgenForConditionalGeneration"),
        *("transformers.EncodecModel", "diffusers.MMAudioVAE", "diffusers.AutoencoderSAME"),
        *("diffusers.MiniMaxMusic3Vocoder", "diffusers.MiniMaxMusic3Transformer1DModel"),
        *("diffusers.LongCatAudioDiTTransformer", "diffusers.AceStepTransformer1DModel"),
        *("diffusers.StableAudioDiTModel", "diffusers.StableAudio3DiTModel"),
    ],
)
def test_sound_at_full_size_is_named(name: str, tmp_path: Path) -> None:
    shapes = class_shapes(name)

    with pytest.raises(UnknownModelError, match="This is an audio"):
        identify(file(partial(dict, shapes))(tmp_path))


@pytest.mark.torch
@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "what"),
    [
        ("SamModel", "a segmentation model"),
        ("ViTModel", "an image classifier"),
        ("DPTForDepthEstimation", "a depth model"),
        ("GroundingDinoModel", "a detection model"),
        ("Florence2ForConditionalGeneration", "a model that describes pictures"),
        ("JanusForConditionalGeneration", "a language model that also makes pictures"),
    ],
)
def test_what_looks_at_pictures_is_named_at_full_size(name: str, what: str, tmp_path: Path) -> None:
    shapes = class_shapes(f"transformers.{name}")

    with pytest.raises(UnknownModelError, match=f"This is {what}"):
        identify(file(partial(dict, shapes))(tmp_path))
