"""Mutated files of each kind, and a loop that reads them.

``python tests/support/fuzz.py --kind gguf --count 2000000 --seed 1 --processes 2`` prints what came
of it, and fails where a file raised something that is not ours, took over a second or over 100 MiB.
"""

from __future__ import annotations

import argparse
import random
import sys
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from modelkeep.core.reading import ReadAt
from modelkeep.errors import InvalidModelException
from modelkeep.identification.header import TensorHeader
from modelkeep.identification.readers.detect import read_header
from modelkeep.identification.readers.gguf import read_gguf
from modelkeep.identification.readers.onnx import read_onnx
from modelkeep.identification.readers.pickle_file import read_pickle
from modelkeep.identification.readers.safetensors import read_safetensors
from support.gguf_files import LIST, TEXT, U64, Value, gguf
from support.hostile_safetensors import packed, tiled
from support.in_memory import InMemory
from support.onnx_models import field, onnx_model
from support.pickles import Part, archive, legacy, named, text, torch_zip

MIB = 2**20
MEMORY = 100 * MIB
SECONDS = 1.0

Random = random.Random
Read = Callable[[ReadAt], TensorHeader]


def mutated(random_: Random, content: bytes, pieces: Sequence[bytes], most: int = 4) -> bytes:
    """Change a few places of a file, and put in ``pieces`` that mean something to its reader."""
    changed = bytearray(content)
    for _ in range(random_.randint(1, most)):
        at = random_.randrange(len(changed))
        match random_.randrange(6):
            case 0:
                changed[at] = random_.randrange(256)
            case 1:
                del changed[at : at + random_.randint(1, 9)]
            case 2:
                changed[at:at] = random_.choice(pieces)
            case 3:
                piece = random_.choice(pieces)
                changed[at : at + len(piece)] = piece
            case 4:
                other = random_.randrange(len(changed))
                changed[at : at + 9] = changed[other : other + 9]
            case _:
                changed[at] ^= 1 << random_.randrange(8)
        changed = changed or bytearray(b"x")
    return bytes(changed)


_JSON = [b'"', b"{", b"}", b"[", b",", b"-", b"9", b"\\", b"\\u", b"\xff", b"NaN", b']},"', b"0"]
_OPCODES = [bytes((code,)) for code in b"().0Rbcitou}]\x81\x85\x93\x94\x95Q"]
_COUNTS = [number.to_bytes(8, "little") for number in (0, 1, 2**16, 2**31, 2**40, 2**63, 2**64 - 1)]
_KINDS = [number.to_bytes(4, "little") for number in (*range(14), 39, 255, 2**32 - 1)]


def safetensors_seed() -> tuple[bytes, int]:
    """Return a small file, and the bytes of its data."""
    header, data = tiled({"a": (2, 4), "b.c": (1,), "d": ()}, "F32", {"k": "v", "l": "m"})
    return packed(header + b" " * 8, bytes(data)), data


def _safetensors() -> Callable[[Random], bytes]:
    content, data = safetensors_seed()

    def make(random_: Random) -> bytes:
        changed = bytearray(mutated(random_, content, _JSON))
        if random_.random() < 0.6 and len(changed) > 80:
            # Keep the length true, so that the mutation is met behind it.
            lengths = [len(content) - 8 - data, len(changed) - 8 - data]
            changed[:8] = random_.choice(lengths).to_bytes(8, "little")
        return bytes(changed)

    return make


def gguf_seed() -> bytes:
    """Return a small file with keys of every kind."""
    keys = {
        "general.architecture": "flux",
        "general.alignment": 16,
        "n": Value(U64, 5),
        "numbers": [1, 2, 3],
        "tokens": Value(LIST, ["a", "bc", ""], TEXT),
        "lists": Value(LIST, [Value(LIST, ["x"], TEXT)], LIST),
        "comfy.gguf.orig_shape.c": [2, 2, 8],
        "split.no": 0,
        "split.count": 1,
    }
    tensors = {
        "a.weight": ("Q8_0", (2, 32)),
        "a.bias": ("F32", (2,)),
        "c": ("F16", (4, 8)),
    }
    return gguf(tensors, keys)


def _gguf() -> Callable[[Random], bytes]:
    seeds = [gguf_seed(), gguf({"a": ("F32", (4,))}, {"k": 1, "l": [2]}, version=1)]
    return lambda random_: mutated(random_, random_.choice(seeds), [*_COUNTS, *_KINDS])


def pickle_seeds() -> list[tuple[Callable[[bytes], bytes], bytes]]:
    """Return the ways in which pickles are wrapped, each with a pickle for it."""
    storage = b"(" + text("storage") + named("torch", "FloatStorage") + text("0") + text("cpu")
    tensor = (
        named("torch._utils", "_rebuild_tensor_v2")
        + (b"(" + storage + b"K\x04tQK\x00K\x02K\x02\x86K\x02K\x01\x86\x89")
        + (named("collections", "OrderedDict") + b")RtR")
    )
    pickled = b"\x80\x02}q\x00(" + text("a") + tensor + text("step") + b"K\x05u."
    keys = b"\x80\x02]" + text("0") + b"a."
    data = bytes(16)
    return [
        (bytes, pickled),
        (bytes, pickled + b"I5\n.F1.5\n.L9L\n.S'a\\x41'\n.V\\u0041\n."),
        (lambda raw: torch_zip(raw, Part("archive/data/0", data)), pickled),
        (
            lambda raw: archive(
                Part("a/data.pkl", raw, method=8), Part("a/data/0", data, method=8)
            ),
            pickled,
        ),
        (lambda raw: legacy(raw, keys=keys, rest=bytes(24)), pickled),
    ]


def _pickles() -> Callable[[Random], bytes]:
    seeds = pickle_seeds()

    def make(random_: Random) -> bytes:
        wrap, pickled = random_.choice(seeds)
        if random_.random() < 0.5:  # else what is changed lies behind a wrong checksum
            return wrap(mutated(random_, pickled, _OPCODES, 3))
        return mutated(random_, wrap(pickled), _OPCODES, 3)

    return make


def _onnx() -> Callable[[Random], bytes]:
    said = field(14, field(1, "k") + field(2, "v"))
    seeds = [onnx_model([1.0, 2.0]) + said, onnx_model([3.0], "w.bin")]
    pieces = [bytes((byte,)) for byte in (0, 1, 0x08, 0x0A, 0x12, 0x2A, 0x3A, 0x5A, 0x7F, 0xFF)]
    return lambda random_: mutated(random_, random_.choice(seeds), pieces)


#: What makes the files of each kind, and what reads them beside ``read_header``.
KINDS: dict[str, tuple[Callable[[], Callable[[Random], bytes]], Read]] = {
    "safetensors": (_safetensors, read_safetensors),
    "gguf": (_gguf, read_gguf),
    "pickle": (_pickles, read_pickle),
    "onnx": (_onnx, read_onnx),
}


@dataclass
class Outcome:
    """What came of reading mutated files.

    Attributes:
        slowest: Seconds of the processor that the slowest took.
        memory: Bytes that the process grew by.
    """

    read: int = 0
    accepted: int = 0
    slowest: float = 0.0
    memory: int = 0

    def __add__(self, other: Outcome) -> Outcome:
        return Outcome(
            self.read + other.read,
            self.accepted + other.accepted,
            max(self.slowest, other.slowest),
            max(self.memory, other.memory),
        )


def fuzz(kind: str, count: int, seed: int) -> Outcome:
    """Read ``count`` mutated files of a kind; raise what is no error of ours, with the file."""
    start, own = KINDS[kind]
    make, random_ = start(), Random(seed)
    outcome = Outcome()
    readers = (own, read_header)
    before = _peak()
    for index in range(count):
        content = make(random_)
        begun = time.process_time()
        try:
            readers[index % 2](InMemory(content))
            outcome.accepted += 1
        except InvalidModelException:
            pass
        except Exception as error:
            error.add_note(f"{kind}, seed {seed}, number {index}: {content!r}")
            raise
        outcome.slowest = max(outcome.slowest, time.process_time() - begun)
        outcome.read += 1
    outcome.memory = _peak() - before
    return outcome


def _peak() -> int:
    status = Path("/proc/self/status")
    if not status.exists():
        return 0
    line = next(line for line in status.read_text().splitlines() if "VmHWM" in line)
    return int(line.split()[1]) * 1024


def main(arguments: Sequence[str] | None = None) -> int:
    """Read as many files as asked for, in pieces with seeds of their own."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kind", choices=KINDS, required=True)
    parser.add_argument("--count", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--processes", type=int, default=1)
    asked = parser.parse_args(arguments)
    share = -(-asked.count // asked.processes)
    seeds = range(asked.seed, asked.seed + asked.processes)
    with ProcessPoolExecutor(asked.processes) as pool:
        jobs = [pool.submit(fuzz, asked.kind, share, seed) for seed in seeds]
        total = sum((job.result() for job in jobs), Outcome())
    sys.stdout.write(
        f"{asked.kind}: seeds {seeds[0]} to {seeds[-1]}, {total.read:,} files read,"
        f" {total.accepted:,} accepted, slowest {total.slowest:.3f} s,"
        f" {total.memory / MIB:.0f} MiB\n"
    )
    return int(total.slowest > SECONDS or total.memory > MEMORY)


if __name__ == "__main__":
    sys.exit(main())
