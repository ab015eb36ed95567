"""Memory of a process that reads a bomb: the law is 64 MiB over the idle process, and 100 MiB."""

from __future__ import annotations

import json
import struct
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from support.gguf_files import entry, head, key
from support.hostile_safetensors import WIDE, bombs, packed, tiled
from support.onnx_models import field
from support.pickles import Part, archive, text

CHILD = Path(__file__).with_name("memory_child.py")
MIB = 2**20
SAFETENSORS_MEMORY = 64 * MIB
PICKLE_MEMORY = 100 * MIB

BOMBS = bombs()


def cost(tmp_path: Path, content: bytes) -> dict[str, Any]:
    warm, path = tmp_path / "warm", tmp_path / "bomb"
    header, data = tiled({"a": (2, 2)})
    warm.write_bytes(packed(header, bytes(data)))
    path.write_bytes(content)
    done = subprocess.run(
        [sys.executable, str(CHILD), str(warm), str(path)],
        capture_output=True,
        text=True,
        check=True,
    )
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


@pytest.mark.parametrize("label", BOMBS)
@pytest.mark.slow
def test_header_bomb_stays_small(tmp_path: Path, label: str) -> None:
    header = BOMBS[label]()
    spent = cost(tmp_path, struct.pack("<Q", len(header)) + header)
    assert spent["memory"] <= SAFETENSORS_MEMORY, spent


@pytest.mark.parametrize("size", [1, 0])
@pytest.mark.slow
def test_header_of_200_000_tensors_is_read_within_the_limit(tmp_path: Path, size: int) -> None:
    shapes = {f"model.diffusion_model.layer.{i:06}.weight": (size, i % 7) for i in range(200_000)}
    header, data = tiled(shapes)
    spent = cost(tmp_path, packed(header, bytes(data)))
    assert spent["answer"] == "200000"
    assert spent["memory"] <= SAFETENSORS_MEMORY, spent


def _tuples() -> bytes:
    return b"\x80\x02" + b")" + b"\x85" * 1_990_000 + b"."


PICKLE_BOMBS: dict[str, Callable[[], bytes]] = {
    "dicts": lambda: b"\x80\x02" + b"}" * 1_990_000 + b".",
    "lists": lambda: b"\x80\x02" + b"]" * 1_990_000 + b".",
    "tuples": _tuples,
    "integers": lambda: b"\x80\x02" + b"J\xff\xff\xff\x00" * 1_990_000 + b".",
    "floats": lambda: b"\x80\x02" + b"G" + b"\x01" * 8 + b"G12345678" * 1_990_000 + b".",
    "memo": lambda: b"\x80\x04N" + b"\x94" * 1_990_000 + b".",
    "texts": lambda: b"\x80\x02" + text("x" * 60_000) * 1100 + b".",
    "wide texts": lambda: b"\x80\x02" + text("x" * 60_000 + WIDE) * 1000 + b".",
    "short wide texts": lambda: b"\x80\x02" + text("xxxxxxx" + WIDE) * 990_000 + b".",
    "numbers of 60,000 bytes": lambda: (
        b"\x80\x02" + (b"\x8b\x60\xea\x00\x00" + b"\x01" * 60_000) * 1100 + b"."
    ),
    "one long text": lambda: b"\x80\x02X" + struct.pack("<I", 60 * MIB) + bytes(60 * MIB) + b".",
    "no end": lambda: b"\x80\x02" + b"X\x00\x00\x01\x00" + bytes(200 * MIB),
    "names": lambda: (
        b"\x80\x02}"
        + b"".join(text("k" * 60_000) + b"}q" + bytes((i,)) for i in range(90))
        + b"("
        + b"".join(text(str(i)) + b")" for i in range(90_000))
        + b"u"
        + b"s" * 90
        + b"."
    ),
    "deflated": lambda: archive(Part("a/data.pkl", b"N0" * 30 * MIB, method=8)),
    "deflated, other size": lambda: archive(
        Part("a/data.pkl", b"N0" * 30 * MIB, method=8, central={"size": 9}, local={"size": 9})
    ),
    "20,000 members": lambda: archive(
        Part("a/data.pkl", b"\x80\x02}."), *[Part(f"a/{i:0250}", b"") for i in range(19_000)]
    ),
}


@pytest.mark.parametrize("label", PICKLE_BOMBS)
@pytest.mark.slow
def test_pickle_bomb_stays_small(tmp_path: Path, label: str) -> None:
    spent = cost(tmp_path, PICKLE_BOMBS[label]())
    assert spent["memory"] <= PICKLE_MEMORY, spent


HEADER_BOMBS: dict[str, Callable[[], bytes]] = {
    "GGUF, 190,000 tensors": lambda: (
        head(190_000, 0)
        + b"".join(entry(f"blk.{i:040}.weight", "F32", (0, i), 0) for i in range(190_000))
    ),
    "GGUF, wide texts": lambda: (
        head(0, 1500) + b"".join(key(f"k{i}", WIDE + "x" * 65_000) for i in range(1500))
    ),
    "ONNX, wide texts": lambda: (
        field(1, 8)
        + field(7, b"")
        + b"".join(
            field(14, field(1, f"k{i}") + field(2, WIDE + "x" * 65_000)) for i in range(1000)
        )
    ),
}


@pytest.mark.parametrize("label", HEADER_BOMBS)
@pytest.mark.slow
def test_bomb_of_other_headers_stays_small(tmp_path: Path, label: str) -> None:
    spent = cost(tmp_path, HEADER_BOMBS[label]())
    assert "of memory, the limit," in spent["answer"]
    assert spent["memory"] <= SAFETENSORS_MEMORY, spent


def test_billion_names_of_one_list_are_read(tmp_path: Path) -> None:
    from support.pickles import billion_laughs

    spent = cost(tmp_path, billion_laughs())
    assert spent["answer"] == "0"
    assert spent["memory"] <= MIB
