"""Loads a VAE out of a large file: ``python -m bench.single_file_child DOES PATH CONFIG``."""

from __future__ import annotations

import ctypes
import json
import mmap
import sys
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

from bench.weights_child import drop_from_cache, touch


def ours(path: Path) -> Callable[[], Any]:
    """Return what loads the VAE with modelkeep."""
    from modelkeep.core.configs import MainCheckpointConfig
    from modelkeep.core.taxonomy import BaseModelType
    from modelkeep.load.loaders.single_file import LOADER
    from modelkeep.load.model_files import ModelFiles
    from modelkeep.load.precision import Precision
    from modelkeep.load.tensors import TensorReader

    record = MainCheckpointConfig(name="sdxl", path=str(path), base=BaseModelType.StableDiffusionXL)

    def load() -> Any:
        plan = LOADER.plan(ModelFiles(record, path), "vae")
        reader = TensorReader(may_map=lambda _path, _bytes: True)
        return LOADER.make(plan, reader, Precision.FLOAT16)

    return load


def theirs(path: Path, config: str) -> Callable[[], Any]:
    """Return what loads the VAE with diffusers."""
    from diffusers import AutoencoderKL

    return lambda: AutoencoderKL.from_single_file(
        str(path), config=config, torch_dtype=torch.float16, local_files_only=True
    )


def touched(path: Path) -> int:
    """Return the bytes of a file that are in memory."""
    size = path.stat().st_size
    with path.open("rb") as file, mmap.mmap(file.fileno(), size, mmap.MAP_PRIVATE) as mapped:
        pages = (ctypes.c_ubyte * -(-size // mmap.PAGESIZE))()
        start = ctypes.addressof(ctypes.c_char.from_buffer(mapped))
        if ctypes.CDLL(None, use_errno=True).mincore(
            ctypes.c_void_p(start), ctypes.c_size_t(size), pages
        ):
            raise OSError(ctypes.get_errno(), "mincore")
    return sum(page & 1 for page in pages) * mmap.PAGESIZE


def main(does: str, name: str, config: str) -> None:
    """Load it once for all that is imported late, then again with nothing of it in memory."""
    torch.set_num_threads(1)
    warnings.simplefilter("ignore")
    path = Path(name)
    load = ours(path) if does == "ours" else theirs(path, config)
    load()
    drop_from_cache(path)
    left = touched(path)
    began = time.perf_counter()
    touch(load().state_dict())
    seconds = time.perf_counter() - began
    print(json.dumps({"seconds": seconds, "touched": touched(path) - left, "left": left}))


if __name__ == "__main__":
    main(*sys.argv[1:])
