"""Loads upscalers where torchvision seems to be installed, and prints what came of it as JSON.

Spandrel imports torchvision for two of its architectures. It must not be installed here, since
diffusers fails beside one that has no torch of its kind; this process gets a stand-in.
"""

from __future__ import annotations

import copy
import importlib
import json
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import Any
from unittest.mock import patch

import torch

from modelkeep.errors import ModelKeepError
from modelkeep.load.precision import Precision
from support.loading import files_of, load, write_tensors

Tensors = dict[str, torch.Tensor]


def put_stand_in() -> None:
    """Let what spandrel imports be there."""
    functional: Any = ModuleType("torchvision.transforms.functional")
    functional.InterpolationMode = type("InterpolationMode", (), {"NEAREST": 0, "BILINEAR": 1})
    functional.rotate = functional.normalize = None
    for name in ("torchvision", "torchvision.transforms"):
        sys.modules[name] = ModuleType(name)
    sys.modules[functional.__name__] = functional


def small(architecture: str, name: str, **sizes: Any) -> Any:
    """Return a small module of one of spandrel's architectures, with random weights."""
    module = importlib.import_module(f"spandrel.architectures.{architecture}")
    torch.manual_seed(1)
    return getattr(module, name)(**sizes).eval()


def new_names(tensors: Tensors) -> Tensors:
    """Return the tensors of an ESRGAN under the names that its successors have."""
    return {_new_name(name): tensor for name, tensor in tensors.items()}


def _new_name(name: str) -> str:
    if ".RDB" in name:
        path, _, last = name.replace("model.1.sub.", "body.").replace("RDB", "rdb").rpartition(".")
        return f"{path.removesuffix('.0')}.{last}"
    table = {
        "model.0": "conv_first", "model.1.sub.2": "conv_body", "model.3": "conv_up1",
        "model.5": "conv_hr", "model.7": "conv_last",
    }  # fmt: skip
    path, _, last = name.rpartition(".")
    return f"{table[path]}.{last}"


def save(content: Any, path: Path) -> Path:
    """Write a file as torch does."""
    torch.save(content, path)
    return path


def attempt(path: Path, model: Any, precision: Precision = Precision.FLOAT32) -> dict[str, Any]:
    """Load a file and compare what it makes of a picture with what a model does."""
    before = torch.get_rng_state()
    files = files_of(path, type="upscaler", format="checkpoint")
    try:
        upscaler = load(files, precision=precision)
    except ModelKeepError as error:
        return {"error": type(error).__name__, "message": str(error), "hint": error.hint}
    copied = copy.deepcopy(upscaler)  # as for another device
    assert copied.descriptor.model is copied.model is not upscaler.model
    picture = torch.rand(1, 3, 16, 16, generator=torch.Generator().manual_seed(3))
    with torch.no_grad():
        made = copied(picture.to(next(upscaler.parameters()).dtype))
        wanted = model(picture).clamp(0, 1)
    return {
        "architecture": upscaler.architecture,
        "scale": upscaler.scale,
        "dtype": str(made.dtype),
        "is_equal": torch.equal(made, wanted),
        "is_trained": upscaler.training or any(p.requires_grad for p in upscaler.parameters()),
        "has_drawn": not torch.equal(before, torch.get_rng_state()),
    }


def cases(folder: Path) -> dict[str, Callable[[], dict[str, Any]]]:
    """Write the files; return what tries each of them."""
    old = small("ESRGAN", "ESRGAN", num_filters=8, num_blocks=2, scale=2)
    tensors: Tensors = old.state_dict()
    compact = small("Compact", "Compact", num_feat=8, num_conv=2, upscale=2)
    swin = small(
        "SwinIR", "SwinIR", img_size=16, embed_dim=12, depths=[1, 1], num_heads=[2, 2],
        window_size=8, upscale=2, upsampler="pixelshuffle",
    )  # fmt: skip
    worse = {name: tensor + 1 for name, tensor in compact.state_dict().items()}
    smooth = {"params": worse, "params_ema": compact.state_dict(), "iter": 5}
    lacking = {name: t for name, t in tensors.items() if name != "model.0.bias"}
    odd = {**tensors, "model.3.bias": torch.rand(5)}
    many = {**tensors, "model.1.sub.99999999.RDB1.conv1.0.weight": torch.rand(1)}
    files = {
        "old names": (save(tensors, folder / "old.pth"), old),
        "new names": (write_tensors(folder / "new.safetensors", new_names(tensors)), old),
        "compact": (save(smooth, folder / "compact.pth"), compact),
        "swinir": (save({"params": swin.state_dict()}, folder / "swin.pth"), swin),
        "unknown": (write_tensors(folder / "unknown.safetensors", {"x.y": torch.rand(2)}), None),
        "lacking": (save(lacking, folder / "lacking.pth"), None),
        "odd shape": (save(odd, folder / "odd.pth"), None),
        "too many": (save(many, folder / "many.pth"), None),
    }
    half = partial(attempt, folder / "compact.pth", compact, Precision.BFLOAT16)
    return {name: partial(attempt, *case) for name, case in files.items()} | {"half": half}


def main(folder: Path) -> None:
    """Print what comes of each case."""
    put_stand_in()
    table = cases(folder)
    before = process_state()
    with patch.object(torch, "load", None):  # nothing may be unpickled
        made = {name: case() for name, case in table.items()}
    assert process_state() == before
    sys.stdout.write(json.dumps(made))


def process_state() -> tuple[object, ...]:
    """Return what every thread shares."""
    return torch.get_default_dtype(), torch.get_num_threads(), torch.is_grad_enabled()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
