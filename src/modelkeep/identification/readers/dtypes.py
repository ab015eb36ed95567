"""Element types under safetensors' names, and those of GGUF under ggml's."""

from __future__ import annotations

from typing import Final, NamedTuple

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


class BlockType(NamedTuple):
    """An element type of GGUF, which stores numbers in blocks.

    Attributes:
        elements: Numbers of one block; rows have no broken ones.
        size: Bytes of one block.
    """

    name: str
    elements: int
    size: int


#: The types of GGUF by their numbers. Those missing in between were removed from the format.
GGUF_TYPES: Final[dict[int, BlockType]] = {
    0: BlockType("F32", 1, 4),
    1: BlockType("F16", 1, 2),
    2: BlockType("Q4_0", 32, 18),
    3: BlockType("Q4_1", 32, 20),
    6: BlockType("Q5_0", 32, 22),
    7: BlockType("Q5_1", 32, 24),
    8: BlockType("Q8_0", 32, 34),
    9: BlockType("Q8_1", 32, 40),
    10: BlockType("Q2_K", 256, 84),
    11: BlockType("Q3_K", 256, 110),
    12: BlockType("Q4_K", 256, 144),
    13: BlockType("Q5_K", 256, 176),
    14: BlockType("Q6_K", 256, 210),
    15: BlockType("Q8_K", 256, 292),
    16: BlockType("IQ2_XXS", 256, 66),
    17: BlockType("IQ2_XS", 256, 74),
    18: BlockType("IQ3_XXS", 256, 98),
    19: BlockType("IQ1_S", 256, 50),
    20: BlockType("IQ4_NL", 32, 18),
    21: BlockType("IQ3_S", 256, 110),
    22: BlockType("IQ2_S", 256, 82),
    23: BlockType("IQ4_XS", 256, 136),
    24: BlockType("I8", 1, 1),
    25: BlockType("I16", 1, 2),
    26: BlockType("I32", 1, 4),
    27: BlockType("I64", 1, 8),
    28: BlockType("F64", 1, 8),
    29: BlockType("IQ1_M", 256, 56),
    30: BlockType("BF16", 1, 2),
    34: BlockType("TQ1_0", 256, 54),
    35: BlockType("TQ2_0", 256, 66),
    39: BlockType("MXFP4", 32, 17),
    40: BlockType("NVFP4", 64, 36),
    41: BlockType("Q1_0", 128, 18),
}
#: What ``general.file_type`` of GGUF means where it says more than the type of most tensors.
GGUF_MIXES: Final[dict[str, str]] = {
    "11": "Q3_K_S",
    "12": "Q3_K_M",
    "13": "Q3_K_L",
    "14": "Q4_K_S",
    "15": "Q4_K_M",
    "16": "Q5_K_S",
    "17": "Q5_K_M",
    "21": "Q2_K_S",
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
