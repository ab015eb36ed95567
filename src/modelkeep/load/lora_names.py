"""One spelling for the tensors of LoRA and LyCORIS files.

Trainers name the same tensor in many ways. Here it has three parts: the component that it changes
(``unet``), the module's path in that component with ``_`` between its parts
(``down_blocks_0_attentions_0_proj_in``), and what it is (``down``).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from modelkeep.core.taxonomy import BaseModelType
from modelkeep.errors import InvalidModelException
from modelkeep.identification.adapters import place_of, split_role
from modelkeep.identification.prefixes import Where
from modelkeep.load.unet_names import diffusers_path

#: What an adapter does to a module, and what its tensors are called here, by their roles.
_TENSORS: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "down": ("lora", "down"),
        "up": ("lora", "up"),
        "mid": ("lora", "mid"),
        "up_bias": ("lora", "up_bias"),
        "h1a": ("loha", "w1_a"),
        "h1b": ("loha", "w1_b"),
        "h2a": ("loha", "w2_a"),
        "h2b": ("loha", "w2_b"),
        "ht": ("loha", "t1"),
        "ht2": ("loha", "t2"),
        "k1": ("lokr", "w1"),
        "k1a": ("lokr", "w1_a"),
        "k1b": ("lokr", "w1_b"),
        "k2": ("lokr", "w2"),
        "k2a": ("lokr", "w2_a"),
        "k2b": ("lokr", "w2_b"),
        "kt": ("lokr", "t2"),
        "glora": ("glora", "a1"),
        "glora_a2": ("glora", "a2"),
        "glora_b1": ("glora", "b1"),
        "glora_b2": ("glora", "b2"),
        "oft": ("oft", "blocks"),
        "oft_in": ("oft", "rotation"),
        "rescale": ("oft", "rescale"),
        "ia3": ("ia3", "scale"),
        "on_input": ("ia3", "on_input"),
        "diff": ("full", "diff"),
        "diff_bias": ("full", "diff_bias"),
        "norm": ("full", "norm_weight"),
        "norm_bias": ("full", "norm_bias"),
        "dora": ("", "dora_scale"),
        "alpha": ("", "alpha"),
    }
)
_BLOCK = re.compile(r"oft(\d+)")
_UNETS = frozenset(
    {
        BaseModelType.StableDiffusion1,
        BaseModelType.StableDiffusion2,
        BaseModelType.StableDiffusionXL,
        BaseModelType.StableDiffusionXLRefiner,
        BaseModelType.StableVideoDiffusion,
        BaseModelType.Kolors,
    }
)
#: Of these, the names tell.
_OPEN = frozenset({BaseModelType.Any, BaseModelType.Unknown})
_OF_UNET = re.compile(r"(?:down_blocks|mid_block|up_blocks|(?:in|out)put_blocks|middle_block)_")
_ENCODERS: Mapping[Where, str] = MappingProxyType(
    {
        "text": "text_encoder",
        "text_1": "text_encoder",
        "text_2": "text_encoder_2",
        "text_3": "text_encoder_3",
    }
)
#: Before the modules of CLIP; some classes have it and some have not.
_CLIP = "text_model_"
#: Where trainers count T5 as the third text encoder and the pipeline has fewer.
_T5 = MappingProxyType({BaseModelType.Flux: "text_encoder_2", BaseModelType.Chroma: "text_encoder"})

_XLABS = re.compile(r"(double_blocks_\d+)_(qkv|proj)([12])")
_STREAMS = MappingProxyType({"1": "img", "2": "txt"})


@dataclass(slots=True)
class LoraNames:
    """The names of a file, sorted.

    Attributes:
        modules: Name in the file by what it is, for each module by component and path.
        kinds: What is done to each of these modules; several where they mix.
        others: Names that belong to no module.
    """

    modules: dict[tuple[str, str], dict[str, str]] = field(default_factory=dict)
    kinds: dict[tuple[str, str], set[str]] = field(default_factory=dict)
    others: list[str] = field(default_factory=list)


def sort_names(names: Iterable[str], base: BaseModelType, file: str) -> LoraNames:
    """Sort the names of a LoRA or LyCORIS file.

    Args:
        names: The tensors.
        base: Base of the model that is changed.
        file: What messages call the file.

    Raises:
        InvalidModelException: two names are the same in one spelling.
    """
    found = LoraNames()
    for name in names:
        split = split_role(name) or _bare(name)
        if split is None:
            found.others.append(name)
            continue
        module = _module_of(split[0], base)
        kind, tensor = _tensor_of(split[1])
        tensors = found.modules.setdefault(module, {})
        if tensor in tensors:
            raise InvalidModelException(
                f"{file} has the same tensor twice, as {tensors[tensor]} and as {name}",
                hint="Remove one of them, or get the file from another source.",
            )
        tensors[tensor] = name
        if kind:
            found.kinds.setdefault(module, set()).add(kind)
    _set_aside(found)
    return found


def _bare(name: str) -> tuple[str, str] | None:
    """Split the names that control LoRAs of Stability AI have: ``x.down`` and ``x.up``."""
    module, _, role = name.rpartition(".")
    return (module, role) if module and role in {"down", "up"} else None


def _set_aside(found: LoraNames) -> None:
    """Count what changes nothing alone (an alpha without weights) as belonging to no module."""
    for module in [module for module in found.modules if module not in found.kinds]:
        found.others.extend(found.modules.pop(module).values())


def _tensor_of(role: str) -> tuple[str, str]:
    block = _BLOCK.fullmatch(role)
    return ("oft", f"blocks_{block[1]}") if block else _TENSORS[role]


def _module_of(name: str, base: BaseModelType) -> tuple[str, str]:
    where, path = place_of(name)
    if where != "denoiser":
        component = _T5.get(base) if where == "text_3" else None
        return component or _ENCODERS[where], path.removeprefix(_CLIP)
    if path.startswith(_CLIP):  # a text encoder alone, as PEFT writes it
        return "text_encoder", path.removeprefix(_CLIP)
    if base in _UNETS or (base in _OPEN and _OF_UNET.match(path)):
        return "unet", diffusers_path(path)
    part = "prior" if base is BaseModelType.StableCascade else "transformer"
    return part, _XLABS.sub(_xlabs_path, path)


def _xlabs_path(found: re.Match[str]) -> str:
    block, layer, stream = found.groups()
    return f"{block}_{_STREAMS[stream]}_attn_{layer}"
