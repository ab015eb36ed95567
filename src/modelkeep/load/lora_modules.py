"""From the header of a LoRA file to the modules that it changes, with nothing left over."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from modelkeep.core.taxonomy import BaseModelType
from modelkeep.errors import InvalidModelException
from modelkeep.load.lora_names import sort_names
from modelkeep.load.lora_shapes import flaw_of, kind_of, rank_of
from modelkeep.load.plan import TensorPlace

_AGAIN = "Get the file from another source, or train it again."
#: Where diffusers writes PEFT's configs in the header of a file.
_METADATA = "lora_adapter_metadata"
_PLAIN = re.compile(r"[\w.]+")


@dataclass(frozen=True, slots=True)
class ModuleNames:
    """One module: what is done to it, and which tensors of the file do it.

    Attributes:
        names: Name in the file by what the tensor is.
    """

    component: str
    path: str
    kind: str
    rank: int | None
    names: Mapping[str, str]


def modules_of(
    tensors: Mapping[str, TensorPlace], base: BaseModelType, file: str
) -> tuple[list[ModuleNames], list[str]]:
    """Return the modules that a file changes, and the names that belong to none.

    Args:
        tensors: Its header.
        base: Base of the model that is changed.
        file: What messages call it.

    Raises:
        InvalidModelException: it changes nothing, tensors are missing, or shapes do not fit.
    """
    sorted_ = sort_names(tensors, base, file)
    modules = []
    for (component, path), names in sorted_.modules.items():
        shapes = {what: tensors[name].shape for what, name in names.items()}
        kind = kind_of(sorted_.kinds[component, path], shapes)
        flaw = flaw_of(kind, shapes) if kind else "mixes several kinds of adapters"
        if not flaw and "alpha" in names and tensors[names["alpha"]].count != 1:
            flaw = "has an alpha that is not one number"
        if flaw:
            told = ", ".join(sorted(names.values()))
            message = f"{file} cannot be loaded: {component}.{path} {flaw} (of {told})"
            raise InvalidModelException(message, hint=_AGAIN)
        modules.append(ModuleNames(component, path, kind, rank_of(kind, shapes), names))
    if not modules:
        some = f"its tensors are {', '.join(sorted_.others[:3])} ..." if tensors else "it is empty"
        raise InvalidModelException(f"{file} holds no LoRA: {some}", hint=_AGAIN)
    return modules, sorted_.others


def strengths_of(
    metadata: Mapping[str, str], config: Mapping[str, Any], file: str
) -> dict[str, dict[str, Any]]:
    """Return what configs say of the strength of an adapter, by component; "" is for all.

    Args:
        metadata: Of the file; diffusers writes PEFT's config there.
        config: ``adapter_config.json``, where there is one.
        file: What messages call the file.

    Raises:
        InvalidModelException: what they say cannot be used.
    """
    found = {"": _strength(config, file)} if config else {}
    try:
        written = json.loads(metadata.get(_METADATA, "{}"))
    except (ValueError, RecursionError):
        written = None
    if not isinstance(written, dict):
        raise InvalidModelException(f"{file}: {_METADATA} is no JSON object", hint=_AGAIN)
    for component in {key.partition(".")[0] for key in written}:
        inside = {
            k.partition(".")[2]: v for k, v in written.items() if k.startswith(f"{component}.")
        }
        found[component] = _strength(inside, file)
    return found


def _strength(config: Mapping[str, Any], file: str) -> dict[str, Any]:
    """Return alpha, alphas by the ends of paths, and how the scale follows from them."""
    alpha = config.get("lora_alpha", config.get("alpha"))
    patterns = config.get("alpha_pattern") or {}
    numbers = [*patterns.values()] if isinstance(patterns, dict) else [patterns]
    numbers += [] if alpha is None else [alpha]
    if not all(isinstance(value, int | float) for value in numbers):
        raise InvalidModelException(f"{file}: its alphas are not numbers", hint=_AGAIN)
    for name in patterns:
        if not _PLAIN.fullmatch(name):
            raise InvalidModelException(
                f"{file}: its alpha_pattern {name!r} is a pattern, not the name of a module",
                hint="Train it again with the names of modules, or with one alpha.",
            )
    ends = {name.replace(".", "_"): float(value) for name, value in patterns.items()}
    return {"alpha": alpha, "ends": ends, "is_rs": bool(config.get("use_rslora"))}


def strength(
    module: ModuleNames, alpha: float | None, configs: Mapping[str, Mapping[str, Any]]
) -> tuple[float | None, float]:
    """Return alpha and scale of a module.

    Args:
        module: The module.
        alpha: What the file says.
        configs: What ``strengths_of`` gave.
    """
    config = configs.get(module.component, configs.get("", {}))
    if alpha is None:
        alpha = _alpha_in(config, module.path)
    if alpha is None or not module.rank:
        return alpha, 1.0
    return alpha, alpha / (math.sqrt(module.rank) if config.get("is_rs") else module.rank)


def _alpha_in(config: Mapping[str, Any], path: str) -> float | None:
    for end, alpha in config.get("ends", {}).items():
        if f"_{path}".endswith(f"_{end}"):
            return float(alpha)
    alpha = config.get("alpha")
    return None if alpha is None else float(alpha)
