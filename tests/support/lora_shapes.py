"""LoRAs of given modules, as each trainer names their tensors."""

from __future__ import annotations

from collections.abc import Mapping

Shapes = dict[str, tuple[int, ...]]

RANK = 8

#: What stands before a module's path and behind it, in what people find most.
SPELLINGS = ("kohya", "diffusers", "ai-toolkit", "comfyui", "peft", "bare", "onetrainer")


def lora(modules: Mapping[str, tuple[int, ...]], spelling: str = "ai-toolkit") -> Shapes:
    """Return the tensors of a LoRA of ``modules``, of which each has the shape of its weight."""
    shapes: Shapes = {}
    for path, shape in modules.items():
        start, down, up = _spelled(path, spelling)
        given, taken, *kernel = shape
        shapes[f"{start}.{down}"] = (RANK, taken, *kernel)
        shapes[f"{start}.{up}"] = (given, RANK, *(1 for _ in kernel))
        if spelling in {"kohya", "comfyui", "onetrainer"}:
            shapes[f"{start}.alpha"] = ()
    return shapes


def _spelled(path: str, spelling: str) -> tuple[str, str, str]:
    flat = path.replace(".", "_")
    names = {
        "kohya": (f"lora_unet_{flat}", "lora_down.weight", "lora_up.weight"),
        "onetrainer": (f"lora_transformer_{flat}", "lora_down.weight", "lora_up.weight"),
        "diffusers": (f"transformer.{path}", "lora_A.weight", "lora_B.weight"),
        "ai-toolkit": (f"diffusion_model.{path}", "lora_A.weight", "lora_B.weight"),
        "comfyui": (f"diffusion_model.{path}", "lora_down.weight", "lora_up.weight"),
        "peft": (f"base_model.model.{path}", "lora_A.weight", "lora_B.weight"),
        "bare": (path, "lora_A.default.weight", "lora_B.default.weight"),
    }
    return names[spelling]


def modules_of(shapes: Mapping[str, tuple[int, ...]]) -> dict[str, tuple[int, ...]]:
    """Return the modules of a model that adapters may change: its linear layers, convolutions."""
    return {
        name.removesuffix(".weight"): shape
        for name, shape in shapes.items()
        if name.endswith(".weight") and len(shape) > 1
    }


def having(modules: Mapping[str, tuple[int, ...]], *parts: str) -> dict[str, tuple[int, ...]]:
    """Return the modules whose path has one of these parts."""
    return {path: s for path, s in modules.items() if any(part in path for part in parts)}
