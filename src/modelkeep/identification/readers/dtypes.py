"""Element types under safetensors' names, with their width in bits."""

from __future__ import annotations

from typing import Final

#: Bits of one element; F4 and the F6 forms fill bytes only together with their neighbours.
DTYPE_BITS: Final[dict[str, int]] = {
    "BOOL": 8,
    "U8": 8,
    "I8": 8,
    "F8_E5M2": 8,
    "F8_E4M3": 8,
    "F8_E8M0": 8,
    "F8_E4M3FNUZ": 8,
    "F8_E5M2FNUZ": 8,
    "I16": 16,
    "U16": 16,
    "F16": 16,
    "BF16": 16,
    "I32": 32,
    "U32": 32,
    "F32": 32,
    "C64": 64,
    "F64": 64,
    "I64": 64,
    "U64": 64,
    "F4": 4,
    "F6_E2M3": 6,
    "F6_E3M2": 6,
}

#: No dimension, offset or element count of a real tensor reaches this.
NUMBER_END: Final = 2**63


def number(value: int) -> str:
    """Write an integer for a message, whatever its length."""
    return f"{value:,}" if -NUMBER_END < value < NUMBER_END else "a number of over 63 bits"


def element(name: str, *, longest: int = 120) -> str:
    """Write a tensor's name, or any text out of a file, for a message: printable and short."""
    shown = repr(name if len(name) <= longest else name[:longest] + "…")
    return shown.encode("utf-8", "backslashreplace").decode("utf-8")
