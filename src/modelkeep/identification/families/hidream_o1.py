"""HiDream-O1: a language model that draws pixels."""

from __future__ import annotations

from modelkeep.core.taxonomy import BaseModelType
from modelkeep.identification.conditions import AllOf, AnyOf, Fits, Has, Module
from modelkeep.identification.families._adapters import adapters
from modelkeep.identification.families._flow_models import declared_modules
from modelkeep.identification.families._transformers import ORIGINAL, main_file
from modelkeep.identification.family import Family, Marks
from modelkeep.identification.module_tables import ModuleTable, Widths

_BASE = BaseModelType.HiDreamO1
#: Qwen3-VL 8B is inside.
_WIDTH, _NARROW, _INNER, _LAYERS = 4096, 1024, 12288, 36


def _modules() -> dict[str, Widths]:
    layer = f"language_model.layers.{{{_LAYERS}}}"
    return {
        f"{layer}.self_attn.q_proj": (_WIDTH, _WIDTH),
        f"{layer}.self_attn.k_proj": (_WIDTH, _NARROW),
        f"{layer}.self_attn.v_proj": (_WIDTH, _NARROW),
        f"{layer}.self_attn.o_proj": (_WIDTH, _WIDTH),
        f"{layer}.mlp.gate_proj": (_WIDTH, _INNER),
        f"{layer}.mlp.up_proj": (_WIDTH, _INNER),
        f"{layer}.mlp.down_proj": (_INNER, _WIDTH),
        "x_embedder.proj1": (None, _WIDTH // 4),
        "x_embedder.proj2": (_WIDTH // 4, _WIDTH),
        "t_embedder1.mlp.0": (256, _WIDTH),
        "t_embedder1.mlp.2": (_WIDTH, _WIDTH),
        "final_layer2.linear": (_WIDTH, None),
    }


_MODULES = _modules()
#: Some trainers keep the word before the names.
_TABLE = ModuleTable(_MODULES | {f"model.{name}": widths for name, widths in _MODULES.items()})

FAMILY = Family(
    name="hidream-o1",
    base=_BASE,
    label="HiDream-O1",
    sites={"civitai": ("HiDream-O1",)},
    declared=("hidream-o1", "hidream_o1"),
    marks=Marks(
        tensors=(Has("t_embedder1.mlp.0.weight"),),
        modules=(Module("*t_embedder1_mlp_#"), Module("*final_layer2_linear")),
    ),
    rules=(
        main_file(
            _BASE,
            ORIGINAL,
            Has("t_embedder1.mlp.0.weight", "x_embedder.proj1.weight"),
            Has("final_layer2.linear.weight"),
        ),
        # Its layers are those of the language model: its own modules or a header tell.
        *adapters(
            _BASE,
            AnyOf(
                AllOf(
                    AnyOf(
                        Module("*t_embedder1_mlp_#"),
                        Module("*final_layer2_linear"),
                        Module("*x_embedder_proj1"),
                    ),
                    Fits(_TABLE),
                ),
                declared_modules(_BASE, _TABLE),
            ),
        ),
    ),
)
