"""One part out of a large file, against diffusers' ``from_single_file``.

Run ``python -m bench.bench_single_file``. The file has the names and shapes of SDXL, 6.9 GB; the
VAE is random numbers and the rest a hole, which the reference reads faster than it would read
numbers. ``MODELKEEP_BENCH_WHOLE_FILE=1`` writes numbers everywhere.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from bench.measure import Ratio

IS_WHOLE = bool(os.environ.get("MODELKEEP_BENCH_WHOLE_FILE"))
ROUNDS = int(os.environ.get("MODELKEEP_BENCH_SINGLE_FILE_ROUNDS", "3"))
MIB = 1 << 20
SPARE = 16 * MIB
PIECE = 8 * MIB
DEMO = Path(__file__).resolve().parents[1] / "demo"


def write_model(path: Path) -> int:
    """Write the file; return the bytes of its header and its VAE."""
    sys.path.insert(0, str(DEMO))
    from modelkeep.app.sample.files import typed, write_safetensors
    from modelkeep.load.weights import weights_of
    from sample_models import SDXL, checkpoint

    write_safetensors(path, typed(checkpoint(SDXL)))
    needed = 0
    with path.open("r+b") as file:
        for name, place in weights_of(path).tensors.items():
            if IS_WHOLE or name.startswith("first_stage_model."):
                file.seek(place.offset)
                for begin in range(0, place.bytes, PIECE):
                    file.write(os.urandom(min(PIECE, place.bytes - begin)))
            if name.startswith("first_stage_model."):
                needed += place.bytes
        file.seek(0)
        needed += 8 + int.from_bytes(file.read(8), "little")
        os.fsync(file.fileno())
    return needed


def write_config(folder: Path) -> Path:
    """Write the config of the VAE, for the reference."""
    from modelkeep.load.facts.autoencoders import VAES

    config = {"_class_name": "AutoencoderKL", **VAES["sdxl"]}
    (folder / "config.json").write_text(json.dumps(config))
    return folder


def vae_of_a_large_file(path: Path, config: Path, needed: int) -> list[Ratio]:
    """Load the VAE with nothing of the file in memory, in turn in processes of their own."""

    def child(does: str) -> dict[str, Any]:
        command = [sys.executable, "-m", "bench.single_file_child", does, str(path), str(config)]
        told: dict[str, Any] = json.loads(
            subprocess.run(command, capture_output=True, text=True, check=True).stdout
        )
        return told

    pairs = [(child("ours"), child("theirs")) for _ in range(ROUNDS)]
    mine, theirs = (statistics.median(pair[n]["seconds"] for pair in pairs) for n in (0, 1))
    touched = max(pair[0]["touched"] for pair in pairs)
    return [
        Ratio("VAE of an SDXL file, cold / from_single_file", mine, theirs, 0.1, "touched whole"),
        Ratio("the pages that it touches / VAE + 16 MiB", touched, needed + SPARE, 1.0, unit="MiB"),
    ]


def main() -> list[Ratio]:
    """Print the table and return it."""
    with tempfile.TemporaryDirectory(prefix="modelkeep-bench-", dir=Path.cwd()) as folder:
        path = Path(folder) / "sdxl.safetensors"
        needed = write_model(path)
        rows = vae_of_a_large_file(path, write_config(Path(folder)), needed)
    for row in rows:
        print(row.line(), flush=True)
    return rows


if __name__ == "__main__":
    main()
