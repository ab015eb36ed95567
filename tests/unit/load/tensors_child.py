"""Brings tensors in with little memory, and from a file that shrinks; prints what happened."""

from __future__ import annotations

import json
import os
import resource
import shutil
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import torch

from modelkeep.errors import CorruptModelError
from modelkeep.load.content import PIECE_BYTES
from modelkeep.load.precision import Precision
from modelkeep.load.tensors import TensorReader
from modelkeep.load.watch import LoadWatch
from modelkeep.load.weights import weights_of

MIB = 2**20
WAYS = ("map", "read", "convert")


def status(field: str) -> int:
    line = Path("/proc/self/status").read_text().partition(f"{field}:")[2]
    return int(line.split()[0]) * 1024


def read(path: Path, way: str, watch: LoadWatch | None = None) -> torch.Tensor:
    reader = TensorReader(watch, may_map=lambda _path, _bytes: way == "map")
    precision = Precision.FLOAT32 if way == "convert" else Precision.FLOAT16
    return reader.read(weights_of(path).tensors, lambda _: precision)["x"]


def outcome(work: Callable[[], object]) -> str:
    try:
        work()
    except (CorruptModelError, MemoryError) as error:
        return str(error) if isinstance(error, CorruptModelError) else type(error).__name__
    return ""


def cut_while_read(path: Path, way: str) -> str:
    copy = path.with_name(f"{way}.m.safetensors")
    shutil.copyfile(path, copy)

    def cut(done: int, _total: int) -> None:
        if done <= PIECE_BYTES:
            os.truncate(copy, 3 * PIECE_BYTES)

    return outcome(lambda: read(copy, way, LoadWatch(0, cut)))


def main(path: Path) -> None:
    torch.set_num_threads(1)
    read(path, "convert")
    before, first = status("VmHWM"), status("VmRSS")
    kept = read(path, "convert")
    told: dict[str, Any] = {"peak": max(before, status("VmHWM")) - first, "of": kept.nbytes}
    del kept
    unlimited = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (status("VmSize") + 32 * MIB, unlimited[1]))
    told["short of memory"] = {way: outcome(partial(read, path, way)) for way in WAYS}
    resource.setrlimit(resource.RLIMIT_AS, unlimited)
    told["later"] = {way: bool((read(path, way) == 1).all()) for way in WAYS}
    told["cut while it is read"] = {way: cut_while_read(path, way) for way in WAYS}
    sys.stdout.write(json.dumps(told))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
