"""Cases that every family of transformers has: a folder, and LoRAs as trainers write them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from sample_models import Shapes, typed, write_json, write_safetensors
from support.adapter_shapes import SPELLINGS, Pair, adapter, expand
from unit.identification.cases import Case, file, folder, plain

#: Before the names of a denoiser in files of several programs.
PREFIXES = ("", "model.diffusion_model.", "diffusion_model.", "transformer.")


def main_cases(
    base: str,
    names: str,
    shapes: Shapes,
    variant: str = "normal",
    prefixes: tuple[str, ...] = PREFIXES,
) -> list[Case]:
    """A main model under every prefix, and as a 4-bit file of bitsandbytes."""
    rule, answer = f"{base} main, {names}", ("main", base, "checkpoint", variant)
    cases = [Case(rule, answer, file(partial(prefixed, shapes, prefix))) for prefix in prefixes]
    packed = ("main", base, "bnb_quantized_nf4b", variant)
    return [*cases, Case(rule, packed, nf4(shapes))]


def prefixed(shapes: Shapes, prefix: str) -> Shapes:
    return {f"{prefix}{name}": shape for name, shape in shapes.items()}


def nf4(shapes: Shapes) -> Callable[[Path], Path]:
    """The same with every matrix packed, two numbers in a byte."""

    def make(root: Path) -> Path:
        tensors: dict[str, tuple[str, tuple[int, ...]]] = {}
        for name, shape in shapes.items():
            if len(shape) != 2 or not name.endswith(".weight") or "indicator" in name:
                tensors |= typed({name: shape})
                continue
            size = shape[0] * shape[1]
            tensors[name] = ("U8", (max(1, size // 2), 1))
            tensors[f"{name}.absmax"] = ("U8", (max(1, size // 64),))
            tensors[f"{name}.quant_map"] = ("F32", (16,))
            tensors[f"{name}.quant_state.bitsandbytes__nf4"] = ("U8", (80,))
        return write_safetensors(root / "some-model.safetensors", tensors)

    return make


def folder_cases(
    base: str,
    pipelines: Mapping[str, Mapping[str, Any]],
    component: str = "",
    variant: str = "normal",
) -> list[Case]:
    """Folders of these pipelines with the config of their transformer, and that alone."""
    rule, answer = f"{base} main, folder", ("main", base, "diffusers", variant)
    cases = []
    for pipeline, config in pipelines.items():
        configs = {"model_index.json": {"_class_name": pipeline}}
        own = {"_class_name": component, **config}
        if component:
            configs["transformer/config.json"] = own
        weights = {"transformer/diffusion_pytorch_model.safetensors": plain}
        cases.append(Case(rule, answer, folder(configs, weights)))
        if component:
            cases.append(Case(rule, answer, _component(own)))
    return cases


def _component(config: Mapping[str, Any]) -> Callable[[Path], Path]:
    def make(root: Path) -> Path:
        base = root / "some-part"
        write_json(base / "config.json", config)
        write_safetensors(base / "diffusion_pytorch_model.safetensors", typed(plain()))
        return base

    return make


def lora_cases(base: str, modules: Mapping[str, Pair]) -> list[Case]:
    """A LoRA of these modules (``{n}`` for each block) in every spelling, and as a folder."""
    changed = expand(modules)
    one, many = ("lora", base, "lycoris", None), ("lora", base, "diffusers", None)
    cases = [Case(f"{base} lora", one, file(partial(adapter, changed, how))) for how in SPELLINGS]
    weights = {"pytorch_lora_weights.safetensors": lambda: adapter(changed, "diffusers")}
    return [*cases, Case(f"{base} lora, folder", many, folder({}, weights))]
