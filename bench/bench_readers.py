"""Readers against the libraries that people use: safetensors, torch and gguf.

Run ``python -m bench.bench_readers``. Files are written sparse, at full size, into a temporary
folder; their names and shapes are those of real models where the lists lie beside the checkout.
"""

from __future__ import annotations

import json
import math
import struct
import subprocess
import sys
import tempfile
from pathlib import Path

from bench.measure import Ratio, in_turn, timed

LISTS = Path(__file__).resolve().parents[2] / "shared" / "data" / "headers"
SDXL = (
    ("UNET-XL-SD", "model.diffusion_model.", 1680),
    ("CLIP-v1-SD", "conditioner.embedders.0.transformer.text_model.", 197),
    ("CLIP-XL-SD", "conditioner.embedders.1.model.", 390),
    ("VAE-v1-SD", "first_stage_model.", 248),
)
SD1_UNET = (("UNET-v1-SD", "model.diffusion_model.", 686),)
SAFETENSORS_GOAL = 0.8
PICKLE_GOAL = 0.3
GGUF_GOAL = 0.3
GGUF_TENSORS = 1_000
#: Times that a child process reads its file for one figure; the first reading warms it up.
READS = 10

Shapes = dict[str, list[int]]


def shapes_of(parts: tuple[tuple[str, str, int], ...]) -> Shapes:
    """Return the tensors of a model: the real ones, or as many of the same form."""
    shapes: Shapes = {}
    for name, prefix, count in parts:
        path = LISTS / f"{name}.json"
        made_up: Shapes = {
            f"blocks.{i // 8}.1.transformer_blocks.{i % 8}.attn.to_q.weight": [320, 1, i % 5 + 1]
            for i in range(count)
        }
        found: Shapes = json.loads(path.read_text()) if path.is_file() else made_up
        shapes |= {prefix + key: shape for key, shape in found.items()}
    return shapes


def write_safetensors(path: Path, shapes: Shapes) -> None:
    """Write a header as the official writer does, and seek past the data."""
    header: dict[str, object] = {"__metadata__": {"format": "pt"}}
    begin = 0
    for name, shape in shapes.items():
        end = begin + 2 * math.prod(shape)
        header[name] = {"dtype": "F16", "shape": shape, "data_offsets": [begin, end]}
        begin = end
    raw = json.dumps(header, separators=(",", ":")).encode()
    raw += b" " * (-len(raw) % 8)
    with path.open("wb") as file:
        file.write(struct.pack("<Q", len(raw)) + raw)
        file.truncate(8 + len(raw) + begin)


def safetensors_vs_safe_open(rounds: int = 101) -> Ratio:
    """Read the header of an SDXL checkpoint, turn by turn with ``safetensors.safe_open``.

    The reference opens the file, lists the names and asks the shape of each, which is what
    identifying by the official library takes at least.
    """
    from safetensors import safe_open

    from modelkeep.core.reading import LocalFile
    from modelkeep.identification.readers.safetensors import read_safetensors

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "sdxl.safetensors"
        write_safetensors(path, shapes_of(SDXL))

        def reference() -> None:
            with safe_open(path, framework="np") as file:
                for name in file.keys():  # noqa: SIM118 - no dict
                    file.get_slice(name).get_shape()

        def ours() -> None:
            with LocalFile(path) as file:
                read_safetensors(file)

        mine, theirs = in_turn(lambda: timed(ours), lambda: timed(reference), rounds)
    return Ratio("read an SDXL safetensors header / safe_open", mine, theirs, SAFETENSORS_GOAL)


_OURS = """
import sys, time
from pathlib import Path
from modelkeep.core.reading import LocalFile
from modelkeep.identification.readers.pickle_file import read_pickle
def read():
    with LocalFile(Path(sys.argv[1])) as file:
        read_pickle(file)
"""
_REFERENCE = """
import sys, time
import torch
def read():
    torch.load(sys.argv[1], weights_only=True, mmap=True)
"""
_TIME_IT = """
read()
times = []
for _ in range(int(sys.argv[2])):
    begun = time.perf_counter()
    read()
    times.append(time.perf_counter() - begun)
print(sorted(times)[len(times) // 2])
"""
_WRITE = """
import json, sys
import torch
shapes = json.load(sys.stdin)
tensors = {name: torch.empty(shape, dtype=torch.float16) for name, shape in shapes.items()}
torch.save({"state_dict": tensors}, sys.argv[1])
"""


def pickle_vs_torch_load(rounds: int = 15) -> Ratio:
    """Read a U-Net of SD 1 out of a zip archive, turn by turn with ``torch.load``.

    Each side runs in processes of its own, so that ours has never heard of torch.
    """
    with tempfile.TemporaryDirectory() as folder:
        path = str(Path(folder) / "unet.ckpt")
        shapes = json.dumps(shapes_of(SD1_UNET))
        subprocess.run([sys.executable, "-c", _WRITE, path], input=shapes, text=True, check=True)

        def child(program: str) -> float:
            done = subprocess.run(
                [sys.executable, "-c", program + _TIME_IT, path, str(READS)],
                capture_output=True,
                text=True,
                check=True,
            )
            return float(done.stdout)

        mine, theirs = in_turn(lambda: child(_OURS), lambda: child(_REFERENCE), rounds)
    return Ratio("read an SD1 U-Net zip pickle / torch.load", mine, theirs, PICKLE_GOAL)


def write_gguf(path: Path, tensors: int) -> None:
    """Write a header of so many matrices of F16, and seek past the data."""
    key = b"general.architecture"
    header = struct.pack("<4sIQQ", b"GGUF", 3, tensors, 1)
    header += struct.pack("<Q", len(key)) + key + struct.pack("<IQ4s", 8, 4, b"flux")
    size = 3072 * 64 * 2
    for index in range(tensors):
        name = f"double_blocks.{index // 20}.img_attn.{index % 20}.weight".encode()
        header += struct.pack("<Q", len(name)) + name
        header += struct.pack("<IQQIQ", 2, 64, 3072, 1, index * size)
    header += bytes(-len(header) % 32)
    with path.open("wb") as file:
        file.write(header)
        file.truncate(len(header) + tensors * size)


def gguf_vs_package(rounds: int = 25) -> Ratio | None:
    """Read a GGUF file of 1,000 tensors, turn by turn with ``gguf.GGUFReader``.

    None where the package is not there: ``pip install --no-deps gguf`` brings it.
    """
    try:
        from gguf.gguf_reader import GGUFReader
    except ImportError:
        return None

    from modelkeep.core.reading import LocalFile
    from modelkeep.identification.readers.gguf import read_gguf

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "flux.gguf"
        write_gguf(path, GGUF_TENSORS)

        def ours() -> None:
            with LocalFile(path) as file:
                read_gguf(file)

        mine, theirs = in_turn(lambda: timed(ours), lambda: timed(lambda: GGUFReader(path)), rounds)
    return Ratio("read a GGUF header of 1,000 tensors / gguf", mine, theirs, GGUF_GOAL)


def main() -> list[Ratio]:
    """Print one line for each comparison."""
    rows = []
    for compare in (safetensors_vs_safe_open, pickle_vs_torch_load, gguf_vs_package):
        row = compare()
        if row is None:
            print("read a GGUF header: left out, the package gguf is not installed", flush=True)
            continue
        rows.append(row)
        print(row.line(), flush=True)
    return rows


if __name__ == "__main__":
    main()
