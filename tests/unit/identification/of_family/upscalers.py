"""Upscalers: of each architecture the tensors that tell it, as published models have them."""

from __future__ import annotations

from functools import partial

from sample_models import Shapes
from unit.identification.cases import Case, file

#: Tensors by architecture, with the scales that the tests ask about.
UPSCALERS: dict[str, Shapes] = {
    "atd": {"layers.0.residual_group.td": (64, 90), "conv_first.weight": (90, 3, 3, 3)},
    "aura-sr": {
        "mid_attn.layers.0.0.to_out.weight": (512, 512, 1, 1),
        "mid_block2.block1.proj.weights": (2, 512, 512, 3, 3),
    },
    "codeformer": {"position_emb": (256, 512), "ft_layers.0.self_attn.in_proj_weight": (1536, 512)},
    "compact": {
        "body.0.weight": (64, 3, 3, 3),
        "body.1.weight": (64,),
        "body.2.weight": (64, 64, 3, 3),
        "body.2.bias": (64,),
        "body.34.weight": (48, 64, 3, 3),
    },
    "craft": {
        "layers.0.residual_group.hf_blocks.0.attn.temperature": (6, 1, 1),
        "upsample.0.weight": (48, 48, 3, 3),
    },
    "dat": {
        "before_RG.1.weight": (180,),
        "layers.0.blocks.0.attn.channel_interaction.1.weight": (22, 180, 1, 1),
        "upsample.0.weight": (256, 64, 3, 3),
    },
    "dncnn": {
        "model.0.weight": (64, 1, 3, 3),
        "model.2.weight": (64, 64, 3, 3),
        "model.30.weight": (64, 64, 3, 3),
    },
    "dctlsa": {"B1.body.0.transformer_body.0.blocks.0.attn.qkv.weight": (165, 55)},
    "ditn": {
        "UFONE.0.ITLs.0.attn.temperature": (1, 1, 1),
        "sft.weight": (60, 3, 3, 3),
        "upsample.0.weight": (48, 60, 3, 3),
    },
    "drct": {"layers.0.swin1.attn.relative_position_bias_table": (961, 6)},
    "drunet": {
        "m_head.weight": (64, 1, 3, 3),
        "m_body.0.res.0.weight": (512, 512, 3, 3),
        "m_tail.weight": (1, 64, 3, 3),
    },
    "esrgan": {
        "model.1.sub.0.RDB1.conv1.0.weight": (32, 64, 3, 3),
        "model.8.weight": (64, 64, 3, 3),
        "model.10.weight": (3, 64, 3, 3),
    },
    "fbcnn": {
        "m_head.weight": (64, 3, 3, 3),
        "m_body_encoder.0.res.0.weight": (512, 512, 3, 3),
        "qf_pred.0.res.0.weight": (512, 512, 3, 3),
    },
    "fdat": {
        "groups.0.blocks.0.inter.cg.1.weight": (15, 120, 1, 1),
        "groups.0.blocks.0.attn.bias": (4, 64, 64),
    },
    "fftformer": {
        "encoder_level1.0.ffn.fft": (288, 1, 1, 8, 5),
        "refinement.0.ffn.fft": (288, 1, 1, 8, 5),
    },
    "gfpgan": {"toRGB.0.weight": (3, 256, 1, 1), "stylegan_decoder.style_mlp.1.weight": (512, 512)},
    "grl": {"layers.0.blocks.0.attn.window_attn.attn_transform.logit_scale": (3, 1, 1)},
    "hat": {
        "layers.0.residual_group.blocks.0.conv_block.cab.0.weight": (32, 96, 3, 3),
        "conv_first.weight": (96, 3, 3, 3),
    },
    "hvi-cidnet": {
        "HVE_block0.1.weight": (36, 3, 3, 3),
        "HV_LCA1.gdfn.project_in.weight": (190, 36, 1, 1),
    },
    "ipt": {
        "body.encoder.layers.0.self_attn.in_proj_weight": (1728, 576),
        "sub_mean.weight": (3, 3, 1, 1),
    },
    "kbnet": {"intro.weight": (64, 3, 3, 3), "middle_blks.0.w": (1, 32, 36864)},
    "lama": {"model.model.1.bn_l.running_mean": (64,)},
    "mixdehaze": {
        "layer1.blocks.0.conv3_19.weight": (24, 1, 7, 7),
        "patch_embed.proj.weight": (24, 3, 3, 3),
    },
    "mm-realsr": {
        "am_list.0.fc.0.weight": (512, 512),
        "body.0.rdb1.conv1.weight": (32, 64, 3, 3),
        "conv_first.weight": (64, 3, 3, 3),
        "conv_last.weight": (3, 64, 3, 3),
    },
    "moesr": {
        "in_to_dim.weight": (64, 3, 3, 3),
        "blocks.0.blocks.0.conv.dwconv_hw.weight": (8, 1, 3, 3),
    },
    "mosr": {
        "gblocks.0.weight": (64, 3, 3, 3),
        "gblocks.1.norm.weight": (64,),
        "gblocks.1.fc1.weight": (192, 64, 3, 3),
    },
    "nafnet": {
        "intro.weight": (16, 3, 3, 3),
        "ending.weight": (3, 16, 3, 3),
        "middle_blks.0.beta": (1, 16, 1, 1),
        "middle_blks.0.conv1.weight": (32, 16, 1, 1),
    },
    "omnisr": {
        "residual_layer.0.residual_layer.0.layer.0.fn.0.weight": (64, 64, 1, 1),
        "up.0.weight": (48, 64, 3, 3),
    },
    "plksr": {"feats.0.weight": (64, 3, 3, 3), "feats.1.lk.conv.weight": (16, 16, 17, 17)},
    "rcan": {
        "body.0.body.0.body.3.conv_du.0.weight": (4, 64, 1, 1),
        "tail.1.weight": (3, 64, 3, 3),
        "tail.0.0.weight": (256, 64, 3, 3),
        "tail.0.2.weight": (256, 64, 3, 3),
    },
    "real-cugan": {
        "unet1.conv_bottom.weight": (64, 3, 4, 4),
        "unet2.conv_bottom.weight": (3, 64, 3, 3),
    },
    "real-esrgan": {
        "conv_first.weight": (64, 12, 3, 3),
        "body.0.rdb1.conv1.weight": (32, 64, 3, 3),
        "conv_last.weight": (3, 64, 3, 3),
    },
    "restoreformer": {
        "quantize.embedding.weight": (1024, 256),
        "encoder.down.0.block.0.norm1.weight": (64,),
        "encoder.down.5.block.0.norm1.weight": (256,),
        "quant_conv.weight": (256, 256, 1, 1),
    },
    "retinexformer": {
        "body.0.estimator.conv1.weight": (40, 4, 1, 1),
        "body.0.denoiser.mapping.weight": (3, 40, 3, 3),
    },
    "rgt": {
        "before_RG.1.weight": (180,),
        "layers.0.blocks.0.gamma": (180,),
        "upsample.0.weight": (256, 64, 3, 3),
    },
    "safmn": {
        "to_feat.weight": (36, 3, 3, 3),
        "feats.0.safm.mfr.0.weight": (9, 1, 3, 3),
        "to_img.0.weight": (48, 36, 3, 3),
    },
    "safmn bcie": {
        "to_feat.1.weight": (128, 12, 3, 3),
        "feats.0.layers.0.safm.mfr.0.weight": (32, 1, 3, 3),
    },
    "scunet": {
        "m_head.0.weight": (64, 3, 3, 3),
        "m_tail.0.weight": (3, 64, 3, 3),
        "m_body.0.conv1_1.weight": (512, 512, 1, 1),
    },
    "seemore": {"body.0.local_block.block.agg_conv.0.weight": (64, 1, 4, 4)},
    "span": {
        "block_1.c1_r.sk.weight": (48, 48, 1, 1),
        "conv_cat.weight": (48, 192, 1, 1),
        "upsampler.0.weight": (48, 48, 3, 3),
    },
    "swift-srgan": {
        "initial.cnn.depthwise.weight": (3, 1, 9, 9),
        "final_conv.pointwise.weight": (3, 64, 1, 1),
    },
    "swin2sr": {
        "conv_first.weight": (180, 3, 3, 3),
        "layers.0.residual_group.blocks.0.norm1.weight": (180,),
        "layers.0.residual_group.blocks.0.attn.relative_position_index": (64, 64),
        "layers.0.residual_group.blocks.0.attn.logit_scale": (6, 1, 1),
        "upsample.0.weight": (256, 64, 3, 3),
    },
    "swinir": {
        "conv_first.weight": (180, 3, 3, 3),
        "layers.0.residual_group.blocks.0.norm1.weight": (180,),
        "layers.0.residual_group.blocks.0.attn.relative_position_index": (64, 64),
        "upsample.0.weight": (256, 64, 3, 3),
        "upsample.2.weight": (256, 64, 3, 3),
    },
    "uformer": {
        "encoderlayer_0.blocks.0.norm1.weight": (32,),
        "input_proj.proj.0.weight": (32, 3, 3, 3),
    },
}


def upscaler_cases() -> list[Case]:
    cases = []
    for name, shapes in UPSCALERS.items():
        for prefix in ("", "params_ema."):
            whole = {f"{prefix}{tensor}": shape for tensor, shape in shapes.items()}
            answer = ("upscaler", "any", "checkpoint", None)
            cases.append(Case(f"{name} upscaler", answer, file(partial(dict, whole))))
    return cases


CASES = upscaler_cases()
