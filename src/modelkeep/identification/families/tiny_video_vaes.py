"""Tiny VAEs of videos (TAEHV): one architecture for the latents of many bases."""

from __future__ import annotations

from modelkeep.core.taxonomy import BaseModelType
from modelkeep.identification.conditions import Condition, Dim, Has, NameHint, Not
from modelkeep.identification.families._autoencoders import vae_file
from modelkeep.identification.family import Family
from modelkeep.identification.rules import Rule

_OTHERS = r"\btaeos|\bopensora|\bopen sora"
_HUNYUAN, _WAN, _COGVIDEO = r"\btaehv\b|hunyuan", r"\b\w*taew|\bwan|\bqwen", r"\btaecvx|\bcogvideo"


def _tiny(base: BaseModelType, channels: int, *signs: Condition, kind: str = "tiny vae") -> Rule:
    return vae_file(
        base,
        Has("decoder.22.bias", "decoder.3.conv.0.weight"),
        Dim("decoder.1.weight", 1, (channels,), "the number of latent channels"),
        *signs,
        kind=kind,
    )


def _unless(*words: str) -> Condition:
    return Not(NameHint("|".join(words)), "named after another model")


FAMILY = Family(
    name="tiny video vaes",
    base=BaseModelType.Any,
    rules=(
        # With 16 channels the latents may be those of three bases and look alike.
        _tiny(BaseModelType.Wan, 16, _unless(_HUNYUAN, _COGVIDEO, _OTHERS)),
        _tiny(BaseModelType.HunyuanVideo, 16, _unless(_WAN, _COGVIDEO, _OTHERS)),
        _tiny(BaseModelType("cogvideox"), 16, _unless(_WAN, _HUNYUAN, _OTHERS)),
        _tiny(BaseModelType.Wan, 48, kind="2.2 tiny vae"),
        _tiny(BaseModelType.HunyuanVideo, 32, kind="1.5 tiny vae"),
        _tiny(BaseModelType.LTXVideo, 128),
        _tiny(BaseModelType("minimax-h3"), 24),
    ),
)
