"""Small ONNX models, written as protocol buffers by hand: y = x + weights."""

from __future__ import annotations

from pathlib import Path

import numpy as np

_FLOAT = 1
_EXTERNAL = 1


def varint(number: int) -> bytes:
    """Return a number as protocol buffers have it."""
    parts = bytearray()
    while number > 0x7F:
        parts.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes((*parts, number))


def field(number: int, value: bytes | str | int) -> bytes:
    """Return a field of a message."""
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    raw = value.encode() if isinstance(value, str) else value
    return varint(number << 3 | 2) + varint(len(raw)) + raw


def onnx_model(weights: list[float], external: str = "", nested: bytes = b"") -> bytes:
    """Return a model that adds numbers to its input.

    Args:
        weights: The numbers.
        external: File that holds them; empty: the model does.
        nested: A further attribute of its node.
    """
    data = np.asarray(weights, np.float32).tobytes()
    kind = field(1, field(1, _FLOAT) + field(2, field(1, field(1, len(weights)))))
    tensor = field(1, len(weights)) + field(2, _FLOAT) + field(8, "w")
    if external:
        place = {"location": external, "offset": "0", "length": str(len(data))}
        for key, value in place.items():
            tensor += field(13, field(1, key) + field(2, value))
        tensor += field(14, _EXTERNAL)
    else:
        tensor += field(9, data)
    node = field(1, "x") + field(1, "w") + field(2, "y") + field(4, "Add") + nested
    graph = field(1, node) + field(2, "g") + field(5, tensor)
    graph += field(11, field(1, "x") + field(2, kind)) + field(12, field(1, "y") + field(2, kind))
    return field(1, 8) + field(7, graph) + field(8, field(1, "") + field(2, 13))


def write_onnx(path: Path, weights: list[float], external: str = "") -> Path:
    """Write a model, and its numbers beside it where ``external`` names a file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(onnx_model(weights, external))
    if external:
        (path.parent / external).write_bytes(np.asarray(weights, np.float32).tobytes())
    return path
