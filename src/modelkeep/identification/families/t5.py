"""T5 and its kin (UMT5, ByT5, mT5, Flan-T5) as text encoders. They belong to no one base."""

from __future__ import annotations

from modelkeep.core.taxonomy import BaseModelType, ModelFormat, ModelType
from modelkeep.identification.conditions import (
    AnyOf,
    ComponentClass,
    Condition,
    ConfigValue,
    Dim,
    Has,
    Holds,
    Lacks,
)
from modelkeep.identification.families.clip import CLIP_TEXT, NO_PIPELINE, NO_VISION
from modelkeep.identification.family import Family
from modelkeep.identification.prefixes import PLAIN, TEXT, Part
from modelkeep.identification.rules import Rule

_ANY = BaseModelType.Any
_KEY = "encoder.block.0.layer.0.SelfAttention.k"
_DECODER = "decoder.block.0.layer.0.SelfAttention.k.weight"
#: In UMT5 every layer has a position bias of its own; in the others the first alone.
_OWN_BIAS = "encoder.block.1.layer.0.SelfAttention.relative_attention_bias.weight"
_LAYERS = AnyOf(Has(f"{_KEY}.weight"), Has(f"{_KEY}.qweight"))
_T5 = (_LAYERS, Lacks(_OWN_BIAS, _DECODER), NO_PIPELINE, NO_VISION)
#: The encoder of UMT5 in Wan's own names.
_WAN_UMT5 = "blocks.0.pos_embedding.embedding.weight"
_CLASSES = tuple(
    f"{kind}{what}"
    for kind in ("T5", "UMT5", "MT5")
    for what in ("EncoderModel", "Model", "ForConditionalGeneration")
)


def _file(name: str, *signs: Condition, part: Part = TEXT, before: tuple[str, ...] = ()) -> Rule:
    return Rule(
        name=name,
        type=ModelType.T5Encoder,
        base=_ANY,
        format=ModelFormat.Checkpoint,
        part=part,
        requires=signs,
        before=before,
    )


FAMILY = Family(
    name="t5",
    base=_ANY,
    rules=(
        _file("t5", *_T5),
        _file("t5, with its decoder", Has(_DECODER), _LAYERS, NO_PIPELINE, NO_VISION),
        _file("umt5", Has(_OWN_BIAS), Lacks(_DECODER), _LAYERS, NO_PIPELINE, NO_VISION),
        _file(
            "umt5, Wan's names",
            Has(_WAN_UMT5, "blocks.0.ffn.gate.0.weight", "token_embedding.weight"),
            NO_PIPELINE,
        ),
        _file(
            "t5, llama.cpp names",
            Has("enc.blk.0.attn_q.weight", "enc.blk.0.attn_norm.weight"),
            Dim("token_embd.weight", -1, (512, 768, 1024, 1472, 2048, 4096), "the width"),
            part=PLAIN,
        ),
        _file(
            "clip text and t5",
            Holds("a T5 encoder", f"{_KEY}.weight"),
            Holds(
                "a CLIP text encoder too",
                "text_model.encoder.layers.0.layer_norm1.weight",
                "transformer.resblocks.0.attn.in_proj_weight",
            ),
            CLIP_TEXT,
            *_T5,
            before=("clip text", "t5"),
        ),
        Rule(
            name="t5, folder",
            type=ModelType.T5Encoder,
            base=_ANY,
            format=ModelFormat.Diffusers,
            requires=(
                AnyOf(
                    ComponentClass(*_CLASSES),
                    ConfigValue(("",), "model_type", ("t5", "umt5", "mt5")),
                ),
            ),
        ),
    ),
)
