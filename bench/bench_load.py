"""The load service: what a hit costs, loads side by side, and the budget under many threads.

Run ``python -m bench.bench_load``. The models have full names and shapes and no contents; they come
from ``demo/sample_models.py``. ``MODELKEEP_BENCH_LOAD_SECONDS`` says how long the budget is tried
(60), ``MODELKEEP_BENCH_LOAD_MIB`` how large each of its twenty models is (1024).
"""

from __future__ import annotations

import os
import random
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from operator import attrgetter
from pathlib import Path
from typing import Any

from bench.measure import Ratio, in_turn, timed
from modelkeep import ModelManager, Settings

SECONDS = float(os.environ.get("MODELKEEP_BENCH_LOAD_SECONDS", "60"))
MIB = 1 << 20
SIZE = int(os.environ.get("MODELKEEP_BENCH_LOAD_MIB", "1024")) * MIB
MODELS = 20
HELD = 4
THREADS = 16
HITS = 200
DEMO = Path(__file__).parents[1] / "demo" / "sample_models.py"


def hit(manager: ModelManager, key: str) -> Ratio:
    """Ask for a U-Net that is there, in 16 threads; against looking at versions, files, a lock."""
    loader = manager.loader
    info = loader.get_model(key, "unet", precision="float16", device="cpu")
    with info as unet:
        tensors = [*unet.parameters(), *unet.buffers()]
    files = [path for path in info.location.glob("unet/*") if path.is_file()]
    lock, version_of = threading.Lock(), attrgetter("_version")

    def ours() -> None:
        for _ in range(HITS):
            with loader.get_model(key, "unet", precision="float16", device="cpu"):
                pass

    def bare() -> None:
        before = [version_of(tensor) for tensor in tensors]
        for _ in range(HITS):
            for path in files:
                path.stat()
            with lock:
                pass
            if [version_of(tensor) for tensor in tensors] != before:
                raise SystemExit("the weights were written to")

    ours_s, bare_s = in_turn(lambda: in_threads(ours), lambda: in_threads(bare), 5)
    calls = HITS * THREADS
    note = f"{len(tensors)} tensors, {THREADS} threads, each call"
    return Ratio("hit vs version check, stat, lock", ours_s / calls, bare_s / calls, 4.0, note)


def in_threads(work: Callable[[], None]) -> float:
    """Return the seconds that all threads take for the same work."""
    with ThreadPoolExecutor(THREADS) as pool:
        return timed(lambda: list(pool.map(lambda _: work(), range(THREADS))))


def unet(manager: ModelManager, key: str, *, is_cold: bool) -> Ratio:
    """Load the U-Net of SD 1.5 and touch all pages; against ``from_pretrained`` and the same."""
    import torch
    from diffusers import UNet2DConditionModel

    folder = Path(manager.path_of(key)) / "unet"

    def measured(load: Callable[[], Any]) -> float:
        manager.loader.clear()
        _settle(folder, is_cold=is_cold)
        return timed(lambda: _touch(load()))

    def ours() -> Any:
        with manager.loader.get_model(key, "unet", precision="float16", device="cpu") as module:
            return module

    def theirs() -> Any:
        return UNet2DConditionModel.from_pretrained(folder, torch_dtype=torch.float16)

    pair = in_turn(lambda: measured(ours), lambda: measured(theirs), 5)
    word, goal = ("cold", 1.0) if is_cold else ("warm", 1.1)
    return Ratio(f"U-Net of SD 1.5, {word}, vs from_pretrained", *pair, goal)


def _touch(module: Any) -> None:
    for tensor in module.parameters():
        tensor.view(-1)[::2048].sum()


def _settle(folder: Path, *, is_cold: bool) -> None:
    """Have the weights of a folder in the page cache, or not."""
    for path in folder.glob("*.safetensors"):
        with path.open("rb") as file:
            if is_cold:
                os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
            else:
                while file.read(8 * MIB):
                    pass


def two_at_once(manager: ModelManager, keys: tuple[str, str], *, is_cold: bool) -> Ratio:
    """Load two U-Nets in two threads; against one after the other."""

    def load(key: str) -> None:
        with manager.loader.get_model(key, "unet", precision="float16", device="cpu") as module:
            _touch(module)

    def prepare() -> None:
        manager.loader.clear()
        for key in keys:
            _settle(Path(manager.path_of(key)) / "unet", is_cold=is_cold)

    def ours() -> float:
        prepare()
        with ThreadPoolExecutor(2) as pool:
            return timed(lambda: list(pool.map(load, keys)))

    def one_by_one() -> float:
        prepare()
        return timed(lambda: list(map(load, keys)))

    pair = in_turn(ours, one_by_one, 5)
    return Ratio(f"two models at once, {'cold' if is_cold else 'warm'}", *pair, 1.1)


def budget(folder: Path) -> Ratio:
    """Use twenty models in four threads for a while; against the budget and what is in use."""
    settings = Settings(root=folder / "budget", ram_cache_gb=HELD * SIZE / 1e9)
    with ModelManager(settings) as manager:
        keys = {_plain_model(manager, folder, number): number for number in range(MODELS)}
        end = time.monotonic() + SECONDS
        wrong: list[object] = []

        def use(seed: int) -> int:
            dice, count = random.Random(seed), 0
            while time.monotonic() < end:
                key = dice.choice([*keys])
                with manager.loader.get_model(key, precision="float16", device="cpu") as model:
                    (tensor,) = model.tensors.values()
                    if tensor.view(-1)[0].item() != keys[key]:
                        wrong.append(key)
                count += 1
            return count

        with ThreadPoolExecutor(4) as pool:
            uses = sum(pool.map(use, range(4)))
        (stats,) = manager.loader.stats()
    if wrong:
        raise SystemExit(f"{len(wrong)} of {uses} answers were wrong")
    note = f"{uses} uses, {stats.evictions} evictions, all answers right"
    most, allowed = float(stats.most), float(HELD * SIZE + 4 * SIZE)
    return Ratio("most memory vs budget and in use", most, allowed, 1.0, note, unit="MiB")


def _plain_model(manager: ModelManager, folder: Path, number: int) -> str:
    """Register a file with one tensor, whose first number tells which it is."""
    import torch
    from safetensors.torch import save_file

    path = folder / f"model{number}.safetensors"
    tensor = torch.full((SIZE // 2,), 0.0, dtype=torch.float16)
    tensor[0] = number
    save_file({"weight": tensor}, path)
    fields = {"type": "style_model", "base": "any", "format": "checkpoint"}
    return str(manager.installer.register_path(path, fields))


def main() -> list[Ratio]:
    """Measure, print and return the table."""
    rows: list[Ratio] = []

    def add(row: Ratio) -> None:
        rows.append(row)
        print(row.line(), flush=True)

    with tempfile.TemporaryDirectory(prefix="modelkeep-bench-", dir="/var/tmp") as name:
        folder = Path(name)
        subprocess.run([sys.executable, str(DEMO), folder / "samples"], check=True, stdout=-3)
        source = folder / "samples" / "harbour-lights-diffusers"
        with ModelManager(Settings(root=folder / "library")) as manager:
            first = str(manager.installer.install_path(source, {"name": "first"}))
            other = folder / "other"
            source.rename(other)
            with next(other.glob("unet/*.safetensors")).open("r+b") as file:
                file.seek(-1, os.SEEK_END)
                file.write(b"\1")
            second = str(manager.installer.install_path(other, {"name": "second"}))
            add(hit(manager, first))
            for is_cold in (False, True):
                add(unet(manager, first, is_cold=is_cold))
                add(two_at_once(manager, (first, second), is_cold=is_cold))
        add(budget(folder))
    return rows


if __name__ == "__main__":
    main()
