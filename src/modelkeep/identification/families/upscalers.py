"""Upscalers and restorers of pictures: one rule for each architecture. They belong to no base."""

from __future__ import annotations

from modelkeep.core.taxonomy import BaseModelType, ModelFormat, ModelType
from modelkeep.identification.conditions import (
    AllOf,
    AnyOf,
    Condition,
    Dim,
    Has,
    Lacks,
    WithoutParts,
)
from modelkeep.identification.families._scales import Enlarges, shuffled
from modelkeep.identification.family import Family
from modelkeep.identification.prefixes import Part
from modelkeep.identification.rules import Rule

_ANY = BaseModelType.Any
#: What training programs put before the names of the weights that they save.
_PART: Part = (
    *("", "params_ema.", "params-ema.", "params.", "state_dict.", "model_state_dict."),
    *("module.", "model.", "net_g.", "netG.", "generator.", "g_ema.", "g."),
)
_ALONE = WithoutParts(
    *("diffusion_model", "first_stage_model", "cond_stage_model", "unet", "vae", "text_encoders"),
    *("double_blocks", "input_blocks", "transformer_blocks", "conditioner", "text_model"),
)


def _arch(name: str, *signs: Condition) -> Rule:
    return Rule(
        name=f"{name} upscaler",
        type=ModelType.Upscaler,
        base=_ANY,
        format=ModelFormat.Checkpoint,
        part=_PART,
        requires=(*signs, _ALONE),
    )


_SWIN = "layers.0.residual_group.blocks.0."
_GROUPED = f"{_SWIN}attn.relative_position_index"
#: Two steps of enlarging by two, or one by two or three, each 64 wide.
_STEPS = Enlarges(
    (4, Has("upsample.2.weight")),
    (2, Dim("upsample.0.weight", 0, (256,), "the number of outputs")),
    (3, Dim("upsample.0.weight", 0, (576,), "the number of outputs")),
)
_OLD_SCALE = Enlarges(
    (8, Has("model.13.weight")),
    (4, AllOf(Has("model.10.weight"), Has("model.8.weight"))),
    (2, AllOf(Has("model.7.weight"), Has("model.5.weight"))),
    (1, AllOf(Has("model.4.weight"), Has("model.2.weight"))),
)


def _unshuffled(name: str) -> Enlarges:
    """Return the scale of networks that enlarge by four what was folded to be smaller."""
    meaning = "the number of folded colours"
    return Enlarges(
        (4, Dim(name, 1, (3,), meaning)),
        (2, Dim(name, 1, (12,), meaning)),
        (1, Dim(name, 1, (48,), meaning)),
    )


_COMPACT_SCALE = Enlarges(
    *(
        case
        for layers in (8, 16, 24, 32, 64)
        for case in shuffled(f"body.{2 * layers + 2}.weight").cases
    )
)

_ENLARGING = (
    _arch(
        "esrgan",
        AnyOf(
            Has("model.1.sub.0.RDB1.conv1.0.weight"),
            Has("model.1.sub.0.RDB1.conv1x1.weight"),
            Has("1.sub.0.RDB1.conv1.0.weight"),
        ),
        _OLD_SCALE,
    ),
    _arch(
        "real-esrgan",
        AnyOf(Has("body.0.rdb1.conv1.weight"), Has("RRDB_trunk.0.RDB1.conv1.weight")),
        Has("conv_first.weight", "conv_last.weight"),
        Lacks("am_list.0.fc.0.weight"),
        _unshuffled("conv_first.weight"),
    ),
    _arch("mm-realsr", Has("am_list.0.fc.0.weight", "body.0.rdb1.conv1.weight")),
    _arch(
        "compact",
        Dim("body.0.weight", 2, (3,), "the kernel"),
        Has("body.1.weight", "body.2.weight", "body.2.bias"),
        Dim("body.0.weight", 1, (1, 3, 12), "the number of colours"),
        Lacks("head.0.weight", "conv_first.weight", "body.0.body.0.weight", "conv_in.weight"),
        _COMPACT_SCALE,
    ),
    _arch(
        "swinir",
        Has(f"{_SWIN}norm1.weight", _GROUPED),
        AnyOf(Has("conv_first.weight"), Has("conv_first.1.weight")),
        Lacks(
            f"{_SWIN}conv_block.cab.0.weight",
            f"{_SWIN}attn.logit_scale",
            "relative_position_index_SA",
        ),
        _STEPS,
    ),
    _arch("swin2sr", Has(f"{_SWIN}attn.logit_scale", "conv_first.weight"), _STEPS),
    _arch("hat", Has(f"{_SWIN}conv_block.cab.0.weight", "conv_first.weight"), _STEPS),
    _arch("atd", Has("layers.0.residual_group.td", "conv_first.weight"), _STEPS),
    _arch("craft", Has("layers.0.residual_group.hf_blocks.0.attn.temperature")),
    _arch(
        "dat", Has("before_RG.1.weight", "layers.0.blocks.0.attn.channel_interaction.1.weight"),
        _STEPS,
    ),
    _arch("rgt", Has("before_RG.1.weight", "layers.0.blocks.0.gamma"), _STEPS),
    _arch("drct", Has("layers.0.swin1.attn.relative_position_bias_table"), _STEPS),
    _arch("grl", Has("layers.0.blocks.0.attn.window_attn.attn_transform.logit_scale"), _STEPS),
    _arch(
        "span",
        AnyOf(Has("block_1.c1_r.sk.weight"), Has("block_1.c1_r.conv.0.weight")),
        Has("conv_cat.weight"),
        shuffled("upsampler.0.weight"),
    ),
    _arch(
        "plksr",
        Has("feats.0.weight"),
        AnyOf(
            Has("feats.1.lk.conv.weight"),
            Has("feats.1.lk.convs.0.weight"),
            Has("feats.1.lk.mn_conv.weight"),
        ),
    ),
    _arch(
        "rcan",
        Has("body.0.body.0.body.3.conv_du.0.weight", "tail.1.weight"),
        Enlarges(
            (4, Has("tail.0.2.weight")),
            (2, Dim("tail.0.0.weight", 0, (256,), "the number of outputs")),
            (3, Dim("tail.0.0.weight", 0, (576,), "the number of outputs")),
        ),
    ),
    _arch("ipt", Has("body.encoder.layers.0.self_attn.in_proj_weight", "sub_mean.weight")),
    _arch("omnisr", Has("residual_layer.0.residual_layer.0.layer.0.fn.0.weight"),
          shuffled("up.0.weight")),
    _arch("safmn", Has("feats.0.safm.mfr.0.weight", "to_feat.weight"),
          shuffled("to_img.0.weight")),
    _arch("safmn bcie", Has("feats.0.layers.0.safm.mfr.0.weight", "to_feat.1.weight")),
    _arch("dctlsa", Has("B1.body.0.transformer_body.0.blocks.0.attn.qkv.weight")),
    _arch("ditn", Has("UFONE.0.ITLs.0.attn.temperature", "sft.weight")),
    _arch("fdat", Has("groups.0.blocks.0.inter.cg.1.weight", "groups.0.blocks.0.attn.bias")),
    _arch("moesr", Has("in_to_dim.weight", "blocks.0.blocks.0.conv.dwconv_hw.weight")),
    _arch("mosr", Has("gblocks.0.weight", "gblocks.1.norm.weight", "gblocks.1.fc1.weight")),
    _arch("seemore", Has("body.0.local_block.block.agg_conv.0.weight")),
    _arch("real-cugan", Has("unet1.conv_bottom.weight", "unet2.conv_bottom.weight")),
    _arch("swift-srgan", Has("initial.cnn.depthwise.weight", "final_conv.pointwise.weight")),
    _arch("aura-sr", Has("mid_attn.layers.0.0.to_out.weight", "mid_block2.block1.proj.weights")),
)  # fmt: skip

_RESTORING = (
    _arch("gfpgan", Has("toRGB.0.weight", "stylegan_decoder.style_mlp.1.weight")),
    _arch("codeformer", Has("position_emb", "ft_layers.0.self_attn.in_proj_weight")),
    _arch(
        "restoreformer",
        Has("quantize.embedding.weight", "encoder.down.0.block.0.norm1.weight"),
        Has("encoder.down.5.block.0.norm1.weight", "quant_conv.weight"),
    ),
    _arch(
        "dncnn",
        Has("model.0.weight", "model.30.weight"),
        Dim("model.0.weight", 1, (1, 3), "the number of colours"),
        Dim("model.2.weight", 1, (64,), "the width"),
        Lacks("model.1.weight"),
    ),
    _arch("scunet", Has("m_head.0.weight", "m_tail.0.weight", "m_body.0.conv1_1.weight")),
    _arch("drunet", Has("m_head.weight", "m_body.0.res.0.weight", "m_tail.weight")),
    _arch("fbcnn", Has("m_head.weight", "m_body_encoder.0.res.0.weight", "qf_pred.0.res.0.weight")),
    _arch(
        "nafnet",
        Has("intro.weight", "ending.weight", "middle_blks.0.beta", "middle_blks.0.conv1.weight"),
        Lacks("middle_blks.0.w"),
    ),
    _arch(
        "kbnet",
        AnyOf(
            Has("intro.weight", "middle_blks.0.w"),
            Has("latent.0.ffn.qkv.weight", "refinement.0.attn.dwconv.0.weight"),
        ),
    ),
    _arch("fftformer", Has("encoder_level1.0.ffn.fft", "refinement.0.ffn.fft")),
    _arch("uformer", Has("encoderlayer_0.blocks.0.norm1.weight", "input_proj.proj.0.weight")),
    _arch("retinexformer", Has("body.0.estimator.conv1.weight", "body.0.denoiser.mapping.weight")),
    _arch("mixdehaze", Has("layer1.blocks.0.conv3_19.weight", "patch_embed.proj.weight")),
    _arch("hvi-cidnet", Has("HVE_block0.1.weight", "HV_LCA1.gdfn.project_in.weight")),
    _arch(
        "lama",
        AnyOf(Has("model.1.bn_l.running_mean"), Has("model.model.1.bn_l.running_mean")),
    ),
)

FAMILY = Family(name="upscalers", base=_ANY, rules=(*_ENLARGING, *_RESTORING))
