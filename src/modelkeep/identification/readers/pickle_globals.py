"""The exact list of globals that a model pickle may name, and what may happen to each.

A pickle runs whatever it names and calls. So there is no rule by prefix, no dotted name, and no
list of the bad: what does not stand here letter by letter is refused. Nothing is imported; a
``Global`` is a pair of words with a role, and ``pickle_calls`` says what a call of it would give.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum, auto
from typing import Final


class Role(Enum):
    """What a pickle may do with a global."""

    #: Call it without or with pairs, fill it, set its attributes from a dict.
    ORDERED_DICT = auto()
    #: Create it empty and set its state; its parameters are read from there.
    PARAMETER_DICT = auto()
    #: Call it with a list.
    SET = auto()
    #: Call them with a storage, an offset, a size, strides and more.
    TENSOR = auto()
    TENSOR_V2 = auto()
    TENSOR_V3 = auto()
    #: Call it with a tensor.
    PARAMETER = auto()
    #: Only name it, in the persistent id of a storage.
    STORAGE = auto()
    #: Only name it, as a value.
    NAME = auto()
    #: Call it with a tuple of integers.
    SIZE = auto()
    #: Call it with a text and an index.
    DEVICE = auto()
    #: Call them with plain values; set the state of what the last two give.
    NUMPY_SCALAR = auto()
    NUMPY_DTYPE = auto()
    NUMPY_ARRAY = auto()
    #: Call it with a text and "latin1": how protocol 2 writes bytes.
    ENCODE = auto()


@dataclass(frozen=True, slots=True)
class Global:
    """A global that is allowed: its two words, its role, and its element type if it has one."""

    module: str
    name: str
    role: Role
    dtype: str = ""

    def __str__(self) -> str:
        return f"{self.module}.{self.name}"


#: Legacy storage types of torch, under the names of safetensors where it has one.
_STORAGES: Final = {
    "DoubleStorage": "F64",
    "FloatStorage": "F32",
    "HalfStorage": "F16",
    "BFloat16Storage": "BF16",
    "LongStorage": "I64",
    "IntStorage": "I32",
    "ShortStorage": "I16",
    "CharStorage": "I8",
    "ByteStorage": "U8",
    "BoolStorage": "BOOL",
    "ComplexFloatStorage": "C64",
    "ComplexDoubleStorage": "C128",
}
_DTYPES: Final = {
    "float64": "F64",
    "float32": "F32",
    "float16": "F16",
    "bfloat16": "BF16",
    "int64": "I64",
    "int32": "I32",
    "int16": "I16",
    "int8": "I8",
    "uint8": "U8",
    "uint16": "U16",
    "uint32": "U32",
    "uint64": "U64",
    "bool": "BOOL",
    "complex64": "C64",
    "complex128": "C128",
    "float8_e4m3fn": "F8_E4M3",
    "float8_e5m2": "F8_E5M2",
    "float8_e4m3fnuz": "F8_E4M3FNUZ",
    "float8_e5m2fnuz": "F8_E5M2FNUZ",
    "float8_e8m0fnu": "F8_E8M0",
}


def _listed() -> Iterator[Global]:
    yield Global("collections", "OrderedDict", Role.ORDERED_DICT)
    # An empty set stands in every module of torch, and so in each textual inversion that holds
    # its vectors in a ParameterDict. Protocol 2 spells it in the way of Python 2.
    yield Global("__builtin__", "set", Role.SET)
    yield Global("builtins", "set", Role.SET)
    yield Global("torch.nn.modules.container", "ParameterDict", Role.PARAMETER_DICT)
    yield Global("torch._utils", "_rebuild_tensor", Role.TENSOR)
    yield Global("torch._utils", "_rebuild_tensor_v2", Role.TENSOR_V2)
    yield Global("torch._utils", "_rebuild_tensor_v3", Role.TENSOR_V3)
    yield Global("torch._utils", "_rebuild_parameter", Role.PARAMETER)
    yield Global("torch", "Size", Role.SIZE)
    yield Global("torch", "device", Role.DEVICE)
    for name, dtype in _STORAGES.items():
        yield Global("torch", name, Role.STORAGE, dtype)
    yield Global("torch.storage", "UntypedStorage", Role.STORAGE, "U8")
    yield Global("torch.storage", "TypedStorage", Role.STORAGE, "U8")
    for name, dtype in _DTYPES.items():
        yield Global("torch", name, Role.NAME, dtype)
    for core in ("numpy.core.multiarray", "numpy._core.multiarray"):
        yield Global(core, "scalar", Role.NUMPY_SCALAR)
        yield Global(core, "_reconstruct", Role.NUMPY_ARRAY)
    yield Global("numpy", "dtype", Role.NUMPY_DTYPE)
    yield Global("numpy", "ndarray", Role.NAME)
    yield Global("_codecs", "encode", Role.ENCODE)
    # Training checkpoints have the class as the key of a dict.
    yield Global("pytorch_lightning.callbacks.model_checkpoint", "ModelCheckpoint", Role.NAME)


#: The whole list, by (module, name).
ALLOWED: Final[dict[tuple[str, str], Global]] = {(one.module, one.name): one for one in _listed()}
