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
    #: The same of a tensor whose numbers stand for others.
    TENSOR_QUANTIZED = auto()
    #: Call it with element type, size and strides: a tensor without contents.
    TENSOR_META = auto()
    #: Call it with a layout and a tuple of indices, values and size.
    TENSOR_SPARSE = auto()
    #: Call it with a tensor and more.
    PARAMETER = auto()
    #: Call it with another of these calls and the attributes of what that gives.
    WITH_ATTRIBUTES = auto()
    #: Call it without or with a dict.
    COUNTER = auto()
    #: Call it with plain values.
    PLAIN = auto()
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
#: Storages of quantised tensors.
_QUANTIZED: Final = {
    "QInt8Storage": "I8",
    "QUInt8Storage": "U8",
    "QInt32Storage": "I32",
}
#: Names of torch that are values: classes of tensors, schemes of quantised ones.
_NAMES: Final = (
    *("Tensor", "FloatTensor", "HalfTensor", "BFloat16Tensor", "DoubleTensor", "LongTensor"),
    *("IntTensor", "ShortTensor", "CharTensor", "ByteTensor", "BoolTensor"),
    *("per_tensor_affine", "per_tensor_symmetric", "per_channel_affine"),
    *("per_channel_symmetric", "per_channel_affine_float_qparams"),
    *("qint8", "quint8", "qint32", "complex32"),
)
#: Modules of Python and of others whose functions run something when they are called.
_RUNNING: Final = frozenset(
    {
        *("builtins", "__builtin__", "os", "posix", "nt", "sys", "subprocess", "commands", "pty"),
        *("importlib", "runpy", "code", "codeop", "codecs", "_codecs", "io", "_io", "shutil"),
        *("socket", "ctypes", "webbrowser", "pickle", "_pickle", "dill", "cloudpickle", "joblib"),
        *("marshal", "types", "functools", "operator", "_operator", "pdb", "timeit", "profile"),
        *("cProfile", "asyncio", "multiprocessing", "threading", "_thread", "tempfile", "pathlib"),
        *("urllib", "http", "requests", "httpx", "pip", "pydoc"),
    }
)
_RUNNING_OF_TORCH: Final = frozenset({"torch.hub", "torch.jit", "torch.utils.cpp_extension"})
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
    yield Global("torch._utils", "_rebuild_parameter_with_state", Role.PARAMETER)
    yield Global("torch._utils", "_rebuild_device_tensor_from_cpu_tensor", Role.PARAMETER)
    yield Global("torch._utils", "_rebuild_qtensor", Role.TENSOR_QUANTIZED)
    yield Global("torch._utils", "_rebuild_meta_tensor_no_storage", Role.TENSOR_META)
    yield Global("torch._utils", "_rebuild_sparse_tensor", Role.TENSOR_SPARSE)
    yield Global("torch._tensor", "_rebuild_from_type_v2", Role.WITH_ATTRIBUTES)
    yield Global("torch.serialization", "_get_layout", Role.PLAIN)
    yield Global("torch.nn.parameter", "Parameter", Role.NAME)
    for name in _NAMES:
        yield Global("torch", name, Role.NAME)
    yield Global("collections", "Counter", Role.COUNTER)
    yield Global("builtins", "complex", Role.PLAIN)
    yield Global("__builtin__", "complex", Role.PLAIN)
    yield Global("torch", "Size", Role.SIZE)
    yield Global("torch", "device", Role.DEVICE)
    for name, dtype in (_STORAGES | _QUANTIZED).items():
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


def runs_code(module: str) -> bool:
    """Return whether a module is known to hold functions that run something.

    What is in others is not known, and refused all the same.
    """
    root = module.partition(".")[0]
    return root in _RUNNING or module in _RUNNING_OF_TORCH
