"""Bringing weights into memory, against safetensors and a plain read.

Run ``python -m bench.bench_load_weights``. ``MODELKEEP_BENCH_WEIGHTS_MIB`` is the size of the
file: 1,640 by default, as the U-Net of SD 1.5 in float16.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import IO, Any

from bench.measure import Ratio, in_turn, timed

MIB = 1 << 20
SIZE = int(os.environ.get("MODELKEEP_BENCH_WEIGHTS_MIB", "1640")) * MIB
ROUNDS = int(os.environ.get("MODELKEEP_BENCH_WEIGHTS_ROUNDS", "5"))
SHAPES = (
    *((320, 320, 3, 3), (320,), (320, 320), (2560, 320), (320, 768), (640, 960, 3, 3)),
    *((640,), (1280, 1280, 3, 3), (1280,), (1280, 1280), (10_240, 1280), (1280, 768)),
)
PIECE = 8 * MIB
SPARE = 64 * MIB
CANCEL_SECONDS = 0.2


def write_weights(path: Path, size: int) -> Path:
    """Write about so many bytes of float16, in tensors as large as those of a U-Net."""
    import torch
    from safetensors.torch import save_file

    tensors: dict[str, Any] = {}
    left = size
    while left > 0:
        for shape in SHAPES:
            name = f"blocks.{len(tensors):04}.weight"
            tensors[name] = torch.randn(shape).half()
            left -= tensors[name].nbytes
    save_file(tensors, path)
    return path


def plain_read(path: Path) -> None:
    """Read a file from its front to its end into one buffer."""
    with path.open("rb", buffering=0) as file, memoryview(bytearray(PIECE)) as piece:
        while file.readinto(piece):
            pass


def warm_vs_safetensors(path: Path) -> Ratio:
    """Map a file that is in the page cache and touch all pages.

    The library leaves it to the touching to bring pages in. Ours has the kernel make sure of each
    one, which takes longer than faults do that bring in 16 at a time.
    """
    from safetensors.torch import load_file

    from bench.weights_child import load, touch

    medians = in_turn(
        lambda: timed(lambda: touch(load(path))),
        lambda: timed(lambda: touch(load_file(path))),
        ROUNDS,
    )
    return Ratio("load weights, warm / safetensors", *medians, 2.5, "all pages touched")


def cold_rows(path: Path) -> list[Ratio]:
    """Load a file that is on the disk alone."""
    from safetensors.torch import load_file

    from bench.weights_child import drop_from_cache, load, touch

    def cold(work: Callable[[], object]) -> float:
        drop_from_cache(path)
        return timed(work)

    def ours() -> float:
        return cold(lambda: touch(load(path)))

    plain = in_turn(ours, lambda: cold(lambda: plain_read(path)), ROUNDS)
    library = in_turn(ours, lambda: cold(lambda: touch(load_file(path))), ROUNDS)
    return [
        Ratio("load weights, cold / plain read", *plain, 1.1, "all pages touched"),
        Ratio("load weights, cold / safetensors", *library, 1.0, "all pages touched"),
    ]


def peak_in(path: Path, precision: str) -> Ratio:
    """Convert a file: the most memory against the result and a little more."""
    told = json.loads(_child("peak", path, precision))
    name = f"load float16 as {precision}: peak / result + 64 MiB"
    return Ratio(name, told["peak"], told["result"] + SPARE, 1.0, unit="MiB")


def two_processes(path: Path) -> Ratio:
    """Map the same file in two processes: what they take together against one alone."""
    alone, together = _memory_of(path, 1), _memory_of(path, 2)
    return Ratio("the same weights in 2 processes / in 1", together, alone, 1.1, unit="MiB")


def cancelling(path: Path) -> Ratio:
    """Cancel a cold load that is half done."""
    seconds = max(json.loads(_child("cancel", path))["seconds"] for _ in range(ROUNDS))
    return Ratio("cancel a cold load / 0.2 s", seconds, CANCEL_SECONDS, 1.0, "the slowest of all")


def _memory_of(path: Path, processes: int) -> int:
    command = [sys.executable, "-m", "bench.weights_child", "memory", str(path)]
    with ExitStack() as stack:
        pipes = []
        for _ in range(processes):
            child = subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1
            )
            stack.enter_context(child)
            pipes.append((child.stdin, child.stdout))
        for _, answer in pipes:
            _line(answer)  # it has loaded
        for question, _ in pipes:
            print(file=question)
        answers = [_line(answer) for _, answer in pipes]
    return sum(int(json.loads(answer)["size"]) for answer in answers)


def _line(answers: IO[str] | None) -> str:
    return answers.readline() if answers is not None else ""


def _child(*words: object) -> str:
    command = [sys.executable, "-m", "bench.weights_child", *map(str, words)]
    return subprocess.run(command, input="", capture_output=True, text=True, check=True).stdout


def main() -> list[Ratio]:
    """Print the table and return it."""
    with tempfile.TemporaryDirectory(prefix="modelkeep-bench-", dir=Path.cwd()) as folder:
        path = write_weights(Path(folder) / "unet.safetensors", SIZE)
        os.sync()  # pages that are not on the disk yet would stay in the cache
        rows = [
            warm_vs_safetensors(path),
            *cold_rows(path),
            peak_in(path, "bfloat16"),
            peak_in(path, "float32"),
            two_processes(path),
            cancelling(path),
        ]
    for row in rows:
        print(row.line())
    return rows


if __name__ == "__main__":
    main()
