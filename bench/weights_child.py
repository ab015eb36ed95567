"""Loads a weight file in a process of its own: ``python -m bench.weights_child DOES PATH``."""

from __future__ import annotations

import json
import os
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import torch

from modelkeep.errors import LoadCancelledError
from modelkeep.load.precision import Precision
from modelkeep.load.tensors import TensorReader
from modelkeep.load.watch import LoadWatch
from modelkeep.load.weights import weights_of

Tensors = dict[str, torch.Tensor]


def load(path: Path, precision: str = "float16", watch: LoadWatch | None = None) -> Tensors:
    """Return all tensors of a file; those that keep their precision are mapped."""
    reader = TensorReader(watch, may_map=lambda _path, _bytes: True)
    return reader.read(weights_of(path).tensors, lambda _: Precision(precision))


def touch(tensors: Tensors) -> int:
    """Read one byte of each page of every tensor."""
    pages = (tensor.reshape(-1).view(torch.uint8)[::4096] for tensor in tensors.values())
    return sum(int(page.sum()) for page in pages)


def drop_from_cache(path: Path) -> None:
    """Have the next read of a file go to the disk."""
    fd = os.open(path, os.O_RDONLY)
    try:
        os.posix_fadvise(fd, 0, 0, os.POSIX_FADV_DONTNEED)
    finally:
        os.close(fd)


def peak(path: Path, precision: str) -> dict[str, int]:
    """Return the bytes of the result, and those that making it took at most."""
    before = _status("VmRSS")
    tensors = load(path, precision)
    return {
        "result": sum(tensor.nbytes for tensor in tensors.values()),
        "peak": _status("VmHWM") - before,
    }


def memory(path: Path) -> dict[str, int]:
    """Load, wait until told to look, and return the share of memory that the weights take."""
    before = _status("RssAnon")
    tensors = load(path)
    print("loaded", flush=True)
    sys.stdin.readline()
    return {"size": _share(path) + _status("RssAnon") - before, "sum": touch(tensors)}


def cancel(path: Path) -> dict[str, float]:
    """Return the seconds from cancelling a cold load, half done, until it has ended."""
    drop_from_cache(path)
    is_unwanted = threading.Event()
    asked = 0.0

    def report(done: int, total: int) -> None:
        nonlocal asked
        if not asked and done > total // 2:
            # Just after a piece, so that all of the next one has to be waited for.
            asked = time.perf_counter() + 1e-3
            threading.Timer(1e-3, is_unwanted.set).start()

    try:
        load(path, watch=LoadWatch(path.stat().st_size, report, is_unwanted))
    except LoadCancelledError:
        return {"seconds": time.perf_counter() - asked}
    raise RuntimeError("it was not cancelled")


def _status(field: str) -> int:
    line = Path("/proc/self/status").read_text(encoding="ascii").partition(f"{field}:")[2]
    return int(line.split()[0]) * 1024


def _share(path: Path) -> int:
    """Return the bytes of a mapped file, each divided among the processes that have it."""
    total, is_inside = 0, False
    for line in Path("/proc/self/smaps").read_text(encoding="utf-8").splitlines():
        words = line.split()
        if "-" in words[0]:
            is_inside = words[-1] == str(path)
        elif is_inside and words[0] == "Pss:":
            total += int(words[1]) * 1024
    return total


_DOES: dict[str, Callable[..., object]] = {"peak": peak, "memory": memory, "cancel": cancel}


def main(does: str, path: str, *more: str) -> None:
    """Print what one of the above returns, and stay until the input ends."""
    torch.set_num_threads(1)
    print(json.dumps(_DOES[does](Path(path), *more)), flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    main(*sys.argv[1:])
