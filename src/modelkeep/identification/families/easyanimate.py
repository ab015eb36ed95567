"""EasyAnimate 5.1."""

from __future__ import annotations

from modelkeep.core.taxonomy import BaseModelType
from modelkeep.identification.conditions import AnyOf, Dim, Has
from modelkeep.identification.families._adapters import table_adapters
from modelkeep.identification.families._transformers import (
    attention,
    classed,
    config,
    feed_forward,
    main_file,
    main_folder,
    two_layers,
)
from modelkeep.identification.family import Family, Marks
from modelkeep.identification.module_tables import ModuleTable, Widths
from modelkeep.identification.rules import Variant

_BASE = BaseModelType.EasyAnimate
_HIDDEN, _BLOCKS, _TEXT, _TIMES = 3072, 48, 3584, 512
_ADDED = "transformer_blocks.0.attn1.add_q_proj.bias"


def _modules() -> dict[str, Widths]:
    block = f"transformer_blocks.{{{_BLOCKS}}}"
    modules = attention(f"{block}.attn1", _HIDDEN)
    added = ("add_q_proj", "add_k_proj", "add_v_proj", "to_add_out")
    modules |= {f"{block}.attn1.{name}": (_HIDDEN, _HIDDEN) for name in added}
    for norm in ("norm1", "norm2"):
        modules[f"{block}.{norm}.linear"] = (_TIMES, 6 * _HIDDEN)
    for name in ("ff", "txt_ff"):
        modules |= feed_forward(f"{block}.{name}", _HIDDEN, 4 * _HIDDEN)
    return modules | {
        **two_layers("time_embedding", _HIDDEN, _TIMES, _TIMES),
        "proj": (None, _HIDDEN),
        "text_proj": (_TEXT, _HIDDEN),
        "text_proj.1": (_TEXT, _HIDDEN),
        "norm_out.linear": (_TIMES, 2 * _HIDDEN),
        "proj_out": (_HIDDEN, None),
    }


#: Models whose text encoder is followed by a norm have it before the projection.
_PROJECTED = AnyOf(
    *(Dim(f"{name}.bias", 0, (_HIDDEN,), "hidden width") for name in ("text_proj", "text_proj.1"))
)


def _inputs(*channels: int) -> Dim:
    return Dim("proj.weight", 1, channels, "input channels")


FAMILY = Family(
    name="easyanimate",
    base=_BASE,
    label="EasyAnimate",
    declared=("easyanimate",),
    marks=Marks(tensors=(Has("text_proj.bias", _ADDED), Has("text_proj.1.bias", _ADDED))),
    rules=(
        main_file(
            _BASE,
            "diffusers names",
            Has(_ADDED, "proj.bias", "norm_final.weight"),
            _PROJECTED,
            variants=(
                Variant("inpaint", (_inputs(33),)),
                Variant("control", (_inputs(32, 48),)),
                Variant("t2v"),
            ),
        ),
        main_folder(
            _BASE,
            ("EasyAnimate*Pipeline",),
            ("EasyAnimateTransformer3DModel",),
            variants=(
                Variant("inpaint", (classed("EasyAnimateInpaint*"),)),
                Variant("control", (classed("EasyAnimateControl*"),)),
                Variant("inpaint", (config("in_channels", 33),)),
                Variant("control", (config("in_channels", 32, 48),)),
                Variant("t2v"),
            ),
        ),
        *table_adapters(_BASE, ModuleTable(_modules())),
    ),
)
