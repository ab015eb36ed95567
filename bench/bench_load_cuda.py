"""Loading onto a GPU, beside what others load with; without one, it says so and measures nothing.

Run ``python -m bench.bench_load_cuda``. ``MODELKEEP_BENCH_WEIGHTS_MIB`` is the size of the file:
1,640 by default. fastsafetensors and runai-model-streamer are measured where they are installed.
"""

from __future__ import annotations

import importlib.util
import os
import tempfile
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

from bench.bench_load_weights import SIZE, write_weights
from bench.measure import Ratio, in_turn, timed
from modelkeep import ModelManager, Settings

ROUNDS = 5
EVICTIONS = 100
_FIELDS = {"type": "style_model", "base": "any", "format": "checkpoint"}


def rows(folder: Path) -> Iterator[Ratio]:
    """Yield the rows."""
    path = write_weights(folder / "weights.safetensors", SIZE)
    other = write_weights(folder / "other.safetensors", SIZE)
    with ModelManager(Settings(root=folder / "library")) as manager:
        keys = [str(manager.installer.install_path(one, _FIELDS)) for one in (path, other)]
        for is_cold in (False, True):
            yield from _disk_to_device(manager, keys[0], is_cold=is_cold)
        yield _ram_to_device(manager, keys[0])
        yield _count(manager, keys[0])
        yield _evictions(manager, keys[0])
    limit = 1.5 * SIZE / 1e9
    with ModelManager(Settings(root=folder / "library", vram_cache_gb=limit)) as manager:
        yield _in_turns(manager, keys)


def _disk_to_device(manager: ModelManager, key: str, *, is_cold: bool) -> Iterator[Ratio]:
    path = Path(manager.path_of(key))
    word = "cold" if is_cold else "warm"

    def measured(load: Callable[[], object]) -> float:
        manager.loader.clear()
        with path.open("rb") as file:
            if is_cold:
                os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
        return timed(lambda: _finished(load))

    for name, theirs in _others(path):
        ours = partial(measured, partial(_ours, manager, key))
        pair = in_turn(ours, partial(measured, theirs), ROUNDS)
        yield Ratio(f"disk to GPU, {word}, vs {name}", *pair, 1.0)


def _others(path: Path) -> Iterator[tuple[str, Callable[[], object]]]:
    from safetensors.torch import load_file

    yield "safetensors", lambda: load_file(path, device="cuda")
    if importlib.util.find_spec("fastsafetensors") is not None:
        yield "fastsafetensors", lambda: _fastsafetensors(path)
    else:
        print("fastsafetensors is not installed: no row")
    if importlib.util.find_spec("runai_model_streamer") is not None:
        yield "runai-model-streamer", lambda: _runai(path)
    else:
        print("runai-model-streamer is not installed: no row")


def _fastsafetensors(path: Path) -> object:
    fast: Any = importlib.import_module("fastsafetensors")
    with fast.fastsafe_open([str(path)], nogds=True, device="cuda") as file:
        return {name: file.get_tensor(name).clone() for name in [*file.keys()]}


def _runai(path: Path) -> object:
    runai: Any = importlib.import_module("runai_model_streamer")
    with runai.SafetensorsStreamer() as streamer:
        streamer.stream_file(str(path))
        return {name: tensor.to("cuda") for name, tensor in streamer.get_tensors()}


def _ram_to_device(manager: ModelManager, key: str) -> Ratio:
    """Copy a part that is in RAM to the GPU; against one copy of pinned memory of that size."""
    import torch

    pinned = torch.empty(SIZE, dtype=torch.uint8, pin_memory=True)

    def ours() -> float:
        manager.loader.clear()
        manager.loader.get_model(key, precision="float16", device="cpu")
        return timed(lambda: _finished(partial(_ours, manager, key)))

    def theirs() -> float:
        return timed(lambda: _finished(lambda: pinned.to("cuda", non_blocking=True)))

    return Ratio("RAM to GPU vs a pinned copy", *in_turn(ours, theirs, ROUNDS), 1.5)


def _count(manager: ModelManager, key: str) -> Ratio:
    """Compare the bytes that are counted with those that torch has allocated."""
    import torch

    manager.loader.clear()
    before = torch.cuda.memory_allocated()
    info = manager.loader.get_model(key, precision="float16", device="cuda")
    taken = torch.cuda.memory_allocated() - before
    return Ratio("allocated vs counted", float(taken), float(info.bytes), 1.01, unit="MiB")


def _evictions(manager: ModelManager, key: str) -> Ratio:
    """Load and evict many times; what torch has allocated afterwards against before."""
    import torch

    manager.loader.clear()
    before = torch.cuda.memory_allocated()
    for _ in range(EVICTIONS):
        manager.loader.get_model(key, precision="float16", device="cuda")
        manager.loader.clear()
    after = torch.cuda.memory_allocated()
    note = f"{EVICTIONS} loads and evictions"
    return Ratio("allocated after vs before", after + 1.0, before + 1.0, 1.0, note, unit="MiB")


def _in_turns(manager: ModelManager, keys: list[str]) -> Ratio:
    """Use two models in turn, of which one fits; against moving each there and back."""
    import torch
    from safetensors.torch import load_file

    held = [load_file(manager.path_of(key)) for key in keys]

    def use_ours(key: str) -> None:
        _finished(partial(_ours, manager, key))

    def ours() -> float:
        return timed(lambda: list(map(use_ours, (*keys, keys[0]))))

    def theirs() -> float:
        def use(number: int) -> None:
            there = {name: tensor.to("cuda") for name, tensor in held[number].items()}
            torch.cuda.synchronize()
            held[number] = {name: tensor.to("cpu") for name, tensor in there.items()}

        return timed(lambda: list(map(use, (0, 1, 0))))

    return Ratio("A, B, A over budget vs to and from", *in_turn(ours, theirs, ROUNDS), 1.0)


def _ours(manager: ModelManager, key: str) -> None:
    with manager.loader.get_model(key, precision="float16", device="cuda"):
        pass


def _finished(work: Callable[[], object]) -> None:
    """Do something, and wait until the GPU has done its part."""
    import torch

    work()
    torch.cuda.synchronize()


def main() -> list[Ratio]:
    """Measure, print and return the table."""
    import torch

    if not torch.cuda.is_available():
        print("There is no GPU that torch can use: loading onto one was not measured")
        return []
    found: list[Ratio] = []
    with tempfile.TemporaryDirectory(prefix="modelkeep-bench-", dir="/var/tmp") as name:
        for row in rows(Path(name)):
            found.append(row)
            print(row.line(), flush=True)
    return found


if __name__ == "__main__":
    main()
