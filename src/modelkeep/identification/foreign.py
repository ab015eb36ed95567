"""Models that are not ours: of sound, of shapes, and those that look at pictures.

They are asked about only where no rule fits, so that the message can say what a model is.
"""

from __future__ import annotations

import msgspec

from modelkeep.identification.conditions import (
    AllOf,
    AnyOf,
    ComponentClass,
    Condition,
    Dim,
    Has,
    PipelineClass,
)
from modelkeep.identification.prefixes import Part
from modelkeep.identification.view import ModelView

_PART: Part = (
    *("", "model.", "model.diffusion_model.", "diffusion_model.", "model.model."),
    *("net.", "module.", "state_dict.", "transformer."),
)


class ForeignKind(msgspec.Struct, frozen=True):
    """One kind of models that modelkeep does not manage.

    Attributes:
        what: What people call such a model, as "an audio model (ACE-Step)".
        tensors: A file is one if any of these holds.
        classes: A folder is one if its class matches one of these globs.
    """

    what: str
    tensors: tuple[Condition, ...] = ()
    classes: tuple[str, ...] = ()

    def fits(self, view: ModelView) -> bool:
        """Return whether a model is of this kind."""
        scope = view.under(_PART)
        if view.is_folder:
            named = (PipelineClass(*self.classes), ComponentClass(*self.classes))
            return bool(self.classes) and any(one.check(scope) is not None for one in named)
        return any(one.check(scope) is not None for one in self.tensors)


_AUDIO = (
    ForeignKind(
        "an audio model (ACE-Step)",
        (Has("genre_embedder.weight"), Has("encoder.lyric_encoder.*"),
         Has("time_embed_r.*", "layers.#.self_attn_norm.weight")),
        ("ACEStep*",),
    ),
    ForeignKind(
        "an audio model (MiniMax Music)",
        (Has("cond_layer_logits"), Has("preprocess_conv.weight", "time_proj.weight")),
        ("MiniMaxMusic*",),
    ),
    ForeignKind(
        "an audio model (LongCat-Audio)",
        (Has("input_embed.proj.0.weight", "blocks.0.adaln_scale_shift"),),
        ("LongCatAudioDiT",),
    ),
    ForeignKind("an audio model (YuE)", (Has("vae2llm.weight", "latent_pos_embed.pe"),)),
    ForeignKind(
        "an audio model (Stable Audio)",
        (Has("rotary_pos_emb.inv_freq", "layers.0.self_attn.to_qkv.weight"),
         Has("rotary_pos_emb.inv_freq", "project_in.weight"),
         Has("transformer.rotary_pos_emb.inv_freq"),
         Has("memory_tokens", "to_timestep_embed.0.weight"),
         Has("timestep_proj.0.weight", "global_proj.0.weight")),
        ("StableAudio*",),
    ),
    ForeignKind(
        "an audio model (MusicGen)",
        (Has("enc_to_dec_proj.weight", "audio_encoder.*"),),
        ("Musicgen*",),
    ),
    ForeignKind(
        "an audio model",
        classes=("AudioLDM*", "MusicLDM*", "LongCatAudio*", "Bark*", "DanceDiff*"),
    ),
    ForeignKind(
        "an audio model (MOVA)",
        (
            AllOf(
                Has("head.modulation"),
                Dim("patch_embedding.weight", 1, (128,), "the number of input channels"),
            ),
        ),
    ),
    ForeignKind(
        "an audio VAE or a vocoder",
        (
            Has("vocoder.*"),
            Has("mel_converter.mel_basis"),
            Has("bottleneck.running_std", "encoder.blocks.0.new_tokens"),
            Has("dec_in_proj.weight", "blocks.0.snake1.alpha"),
            Has("audio_vae.*"),
            Has("decoder.layers.1.layers.0.beta"),
            Has("quantizer.layers.0.codebook.embed", "encoder.layers.0.conv.bias"),
            Has("decoder.block.0.snake1.alpha"),
            Has("encoder.block.0.res_unit1.snake1.alpha"),
            Has("conv_pre.*", "ups.#.#.*"),
            Has("decoder.conv_pre.*", "decoder.ups.#.#.*"),
            Dim("decoder.conv_in.conv.weight", 1, (8,), "the number of latent channels"),
        ),
        (
            *("AutoencoderOobleck", "AutoencoderSAME", "AutoencoderKL*Audio", "*Vocoder"),
            *("MMAudioVAE", "Cosmos3AVAE*", "LongCatAudioDiTVae", "EncodecModel", "DacModel"),
        ),
    ),
    ForeignKind(
        "a speech model (Whisper)",
        (
            Has("encoder.conv1.weight", "decoder.layers.0.encoder_attn.k_proj.weight"),
            Has("encoder.blocks.0.attn.query.weight", "encoder.conv1.weight"),
        ),
        ("Whisper*",),
    ),
    ForeignKind(
        "a speech model (wav2vec)",
        (Has("*feature_extractor.conv_layers.#.conv.weight"),),
        ("Wav2Vec2*", "HubertModel", "WavLM*"),
    ),
    ForeignKind("an audio encoder (CLAP)", (Has("logit_scale_a"),), ("Clap*",)),
    ForeignKind("a voice conversion model (RVC)", (Has("weight.enc_p.emb_phone.weight"),
                                                   Has("enc_p.emb_phone.weight"))),
)  # fmt: skip

_SHAPES = (
    ForeignKind(
        "a 3D model (Hunyuan3D)",
        (Has("latent_in.weight", "double_blocks.#.*"), Has("geo_decoder.*")),
        ("Hunyuan3D*",),
    ),
    ForeignKind(
        "a 3D model (Trellis or Pixal3D)",
        (Has("img2shape.*"), Has("shape2txt.*")),
        ("Trellis*", "Pixal3D*"),
    ),
    ForeignKind("a 3D model (TripoSplat)", (Has("cam_out_layer.*"),), ("TripoSplat*",)),
    ForeignKind("a 3D model", classes=("ShapE*", "TripoSR*", "LGM*", "StableFast3D*")),
)

_VISION = (
    ForeignKind(
        "a segmentation model (Segment Anything)",
        (
            Has("detector.backbone.*"),
            Has("sam_mask_decoder.*"),
            Has("mask_decoder.*", "image_encoder.*"),
            Has("mask_decoder.*", "vision_encoder.*"),
        ),
        ("Sam*", "EdgeTam*"),
    ),
    ForeignKind(
        "a depth model",
        (
            Has("depth_head.*", "pretrained.*"),
            Has("backbone.embeddings.*", "head.projects.*"),
            Has("backbone.embeddings.*", "neck.*"),
            Has("scratch.layer1_rn.weight"),
            Has("neck.fusion_stage.*", "head.head.*"),
        ),
        ("DPT*", "DepthAnything*", "ZoeDepth*", "DepthPro*", "GLPN*"),
    ),
    ForeignKind(
        "a detection model (YOLO)",
        (
            Has("model.0.conv.weight", "*.dfl.conv.weight"),
            Has("0.conv.weight", "*.dfl.conv.weight"),
        ),
        ("YOLOS*", "Yolos*", "RTDetr*"),
    ),
    ForeignKind(
        "a detection model",
        (Has("encoder_output_bbox_embed.*"), Has("bbox_predictor.layers.#.weight")),
        ("Detr*", "GroundingDino*", "MMGroundingDino*", "Owl*"),
    ),
    ForeignKind(
        "a background remover",
        (
            Has("stage1.rebnconvin.conv_s1.weight"),
            Has("bb.layers.#.*", "decoder.*"),
        ),
        ("BiRefNet*", "BriaRMBG*", "IsNet*"),
    ),
    ForeignKind(
        "a model that finds poses, lines or edges for a ControlNet",
        (
            Has("Mconv7_stage6_L1.weight"),
            Has("block1.convs.0.weight", "block1.projection.weight"),
            Has("moduleVggOne.0.weight"),
        ),
    ),
    ForeignKind(
        "a model of faces (detection or parsing)",
        (
            Has("cp.resnet.conv1.weight"),
            Has("BboxHead.0.conv1x1.weight"),
            Has("fpn.output1.0.weight"),
        ),
    ),
    ForeignKind(
        "a frame interpolation model",
        (
            Has("block_tea.*", "block0.*"),
            Has("flownet.block0.*"),
            Has("block0.conv0.0.0.weight", "block1.conv0.0.0.weight"),
            Has("extract.extract_sublevels.*"),
            Has("feat_ext.*", "flow_estimator.*"),
        ),
    ),
    ForeignKind(
        "an optical flow model (RAFT)",
        (Has("fnet.conv1.weight", "update_block.*"),),
    ),
    ForeignKind(
        "an aesthetic scorer",
        (
            AllOf(
                Dim("layers.0.weight", 0, (1024,), "the hidden width"),
                Has("layers.7.weight"),
                AnyOf(Has("layers.2.weight"), Has("layers.4.weight")),
            ),
        ),
    ),
    ForeignKind(
        "a safety checker",
        (Has("special_care_embeds"), Has("concept_embeds_weights")),
        ("StableDiffusionSafetyChecker*",),
    ),
    ForeignKind(
        "a model that describes pictures (Florence-2)",
        (
            Has("vision_tower.convs.0.proj.weight", "language_model.*"),
            Has("vision_tower.convs.0.conv.weight", "language_model.*"),
        ),
        ("Florence2*",),
    ),
    ForeignKind(
        "a language model that also makes pictures (Janus)",
        (Has("vqmodel.*", "language_model.*"), Has("gen_vision_model.*", "language_model.*")),
        ("Janus*", "MultiModality*"),
    ),
    ForeignKind(
        "a model that describes pictures (BLIP)",
        (
            Has("vision_model.embeddings.class_embedding", "text_decoder.*"),
            Has("visual_encoder.blocks.0.attn.qkv.weight", "text_decoder.*"),
        ),
        ("Blip*",),
    ),
    ForeignKind(
        "an image classifier",
        (
            Has("vit.*", "classifier.weight"),
            Has("embeddings.cls_token", "layers.0.layernorm_before.weight"),
            Has("embeddings.cls_token", "encoder.layer.0.layernorm_before.weight"),
            Has("vit.*", "classifier.bias"),
            Has("patch_embed.proj.weight", "blocks.0.attn.qkv.weight", "head.weight"),
            Has("patch_embed.proj.weight", "layers.0.blocks.0.attn.qkv.weight", "head.*"),
        ),
        ("*ForImageClassification", "*ForSemanticSegmentation", "*ForUniversalSegmentation"),
    ),
)

_OTHERS = (
    ForeignKind(
        "the state of an optimizer from a training run",
        (Has("state.0.exp_avg"), Has("optimizer.state.0.exp_avg")),
    ),
    ForeignKind("a model of proteins", classes=("RFD4Proteina*", "Esm*")),
)

#: Every kind; the first that fits is named.
FOREIGN: tuple[ForeignKind, ...] = (*_AUDIO, *_SHAPES, *_VISION, *_OTHERS)


def foreign_kind(view: ModelView) -> str:
    """Return what people call a model that is not ours; empty where nothing shows it."""
    return next((kind.what for kind in FOREIGN if kind.fits(view)), "")
