"""What a call of an allowed global gives, by its role, and what each call must look like."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from modelkeep.core import limits
from modelkeep.identification.readers.dtypes import DTYPE_BITS, NUMBER_END, number
from modelkeep.identification.readers.pickle_globals import Global, Role
from modelkeep.identification.readers.pickle_values import (
    UNTOLD,
    Opaque,
    PickleDanger,
    PickledDict,
    PickledModule,
    PickledStorage,
    PickledTensor,
    PickleFlaw,
    Value,
    plain,
)

Arguments = tuple[Value, ...]

#: Bytes that protocol 2 wrote are kept up to here: they can only be short keys.
KEPT_BYTES: Final = 1024


def call(function: Value, arguments: Value) -> Value:
    """Return what ``function(*arguments)`` stands for; nothing is called.

    Raises:
        PickleDanger: the global may be named, not called.
        PickleFlaw: it is not a global, or its arguments are not those of an ordinary file.
    """
    if type(function) is not Global:
        raise PickleFlaw("it calls something that is not a function")
    if type(arguments) is not tuple:
        raise PickleFlaw(f"it calls {function} with something that is not a tuple")
    made = _CALLS.get(function.role)
    if made is None:
        raise PickleDanger(f"call {function}")
    return made(arguments)


def create(kind: Value, arguments: Value) -> Value:
    """Return what ``kind.__new__(kind, *arguments)`` stands for.

    Raises:
        PickleDanger: ``kind`` may not be made in this way.
        PickleFlaw: it is not a global, or the arguments are wrong.
    """
    if type(kind) is not Global:
        raise PickleFlaw("it creates an instance of something that is not a class")
    if kind.role not in _CREATABLE:
        raise PickleDanger(f"call {kind}")
    return call(kind, arguments)


def build(target: Value, state: Value) -> None:
    """Give ``target`` its state, as far as it matters.

    Raises:
        PickleDanger: the state is given to a global, or is more than a dict of attributes.
        PickleFlaw: the target has no state to set.
    """
    if type(target) is Global:
        raise PickleDanger(f"set the state of {target}")
    if isinstance(target, PickledModule):
        if type(state) is not PickledDict:
            raise PickleDanger("set more than the attributes of a ParameterDict")
        target.flat = _parameters(state)
    elif isinstance(target, PickledDict) and target.settable:
        # A pair of states would set attributes one by one, whatever they are.
        if type(state) is not PickledDict:
            raise PickleDanger("set more than the attributes of an OrderedDict")
    elif not (type(target) is Opaque and target.settable):
        raise PickleDanger("set the state of a value without state")


def storage(identity: Value) -> Value:
    """Return what a persistent id stands for: a storage, or a class of the legacy format.

    Raises:
        PickleDanger: it names a class that may not be loaded.
        PickleFlaw: it has another form than torch writes.
    """
    if type(identity) is not tuple or len(identity) < _MODULE_PARTS:
        raise PickleFlaw("a persistent id is not of torch")
    if identity[0] == "module":
        if type(identity[1]) is not Global:
            raise PickleFlaw("a persistent id names no class")
        return identity[1]
    if identity[0] != "storage" or len(identity) < _STORAGE_PARTS:
        raise PickleFlaw("a persistent id is neither a storage nor a module")
    kind, key, _place, count = identity[1:5]
    if type(kind) is not Global or kind.role is not Role.STORAGE:
        raise PickleFlaw("a storage is of no storage type")
    if type(key) is not str or type(count) is not int or not 0 <= count < NUMBER_END:
        raise PickleFlaw("a storage has no key or no length")
    is_view = len(identity) > _STORAGE_PARTS and identity[_STORAGE_PARTS] is not None
    return PickledStorage(key, kind.dtype, count, _VIEW if is_view else "")


def width(dtype: str) -> int:
    """Return the bits of one element, also of the one type that safetensors lacks."""
    return 128 if dtype == "C128" else DTYPE_BITS[dtype]


_MODULE_PARTS: Final = len(("module", "class", "file", "source"))
_STORAGE_PARTS: Final = len(("storage", "class", "key", "place", "count"))
_VIEW: Final = "it is part of another storage, as torch wrote them before 0.4"
_TENSOR_PARTS: Final = len(("storage", "offset", "size", "strides"))
_V2_PARTS: Final = _TENSOR_PARTS + len(("requires_grad", "hooks"))
_V3_PARTS: Final = _V2_PARTS + len(("dtype",))


def _parameters(state: PickledDict) -> list[Value]:
    flat = state.flat
    for index in range(0, len(flat), 2):
        if flat[index] == "_parameters" and isinstance(flat[index + 1], PickledDict):
            parameters: list[Value] = flat[index + 1].flat
            return parameters
    return []


def _natural(values: Value) -> bool:
    if type(values) is not tuple:
        return False
    for value in values:  # noqa: SIM110 - a generator costs twice as much, three times a tensor
        if type(value) is not int or not 0 <= value < NUMBER_END:
            return False
    return True


def _view(
    source: Value, offset: Value, size: Value, strides: Value, *, dtype: str = ""
) -> PickledTensor:
    """Check that a tensor is inside its storage, and describe it."""
    if type(source) is not PickledStorage:
        raise PickleFlaw("a tensor is made of something that is not a storage")
    if type(size) is not tuple or len(size) > limits.TENSOR_DIMENSIONS:
        raise PickleFlaw(f"a tensor has no shape of up to {limits.TENSOR_DIMENSIONS} dimensions")
    if not (_natural(size) and _natural(strides) and _natural((offset,))):
        raise PickleFlaw("a tensor has a shape, strides or an offset that are not natural numbers")
    if len(size) != len(strides):
        raise PickleFlaw("a tensor has not one stride for each dimension")
    last = offset
    for length, stride in zip(size, strides, strict=True):
        last += (length - 1) * stride
    if 0 not in size:
        available = source.count
        if dtype:
            available = source.count * width(source.dtype) // width(dtype)
        if last >= available:
            raise PickleFlaw(
                f"a tensor reaches to element {number(last)} of a storage of {number(available)}"
            )
    return PickledTensor(dtype or source.dtype, size, (0, 0), source, offset, strides)


def _tensor(arguments: Arguments) -> PickledTensor:
    if len(arguments) != _TENSOR_PARTS:
        raise PickleFlaw("torch._utils._rebuild_tensor gets the wrong number of arguments")
    return _view(*arguments)


def _tensor_v2(arguments: Arguments) -> PickledTensor:
    if len(arguments) not in {_V2_PARTS, _V2_PARTS + 1}:
        raise PickleFlaw("torch._utils._rebuild_tensor_v2 gets the wrong number of arguments")
    made = _view(*arguments[:4])
    return made if _is_plain(arguments, _V2_PARTS) else _without_place(made)


def _tensor_quantized(arguments: Arguments) -> PickledTensor:
    if len(arguments) not in {_V2_PARTS, _V2_PARTS + 1}:
        raise PickleFlaw("torch._utils._rebuild_qtensor gets the wrong number of arguments")
    return _without_place(_view(*arguments[:4]))


def _tensor_v3(arguments: Arguments) -> PickledTensor:
    if len(arguments) not in {_V3_PARTS, _V3_PARTS + 1}:
        raise PickleFlaw("torch._utils._rebuild_tensor_v3 gets the wrong number of arguments")
    dtype = arguments[_V3_PARTS - 1]
    if type(dtype) is not Global or dtype.role is not Role.NAME or not dtype.dtype:
        raise PickleFlaw("torch._utils._rebuild_tensor_v3 gets something that is not a dtype")
    made = _view(*arguments[:4], dtype=dtype.dtype)
    return made if _is_plain(arguments, _V3_PARTS) else _without_place(made)


def _is_plain(arguments: Arguments, usual: int) -> bool:
    """Tell that nothing further says to negate the numbers, or to take their conjugates."""
    if len(arguments) == usual or arguments[usual] is None:
        return True
    return isinstance(arguments[usual], PickledDict) and not arguments[usual].flat


def _without_place(made: PickledTensor) -> PickledTensor:
    return PickledTensor(made.dtype, made.shape)


def _parameter(arguments: Arguments) -> PickledTensor:
    if not arguments or type(arguments[0]) is not PickledTensor:
        raise PickleFlaw("a parameter is made of something that is not a tensor")
    return arguments[0]


def _with_attributes(arguments: Arguments) -> PickledTensor:
    """``_rebuild_from_type_v2(function, class, arguments, state)``: a tensor with attributes."""
    if len(arguments) != len(("function", "class", "arguments", "state")):
        raise PickleFlaw("torch._tensor._rebuild_from_type_v2 gets the wrong number of arguments")
    function, kind, inner, state = arguments
    if type(kind) is not Global or kind.role is not Role.NAME or kind.dtype:
        raise PickleFlaw("torch._tensor._rebuild_from_type_v2 gets something that is not a class")
    if type(function) is not Global or function.role not in _TENSORS:
        raise PickleFlaw("torch._tensor._rebuild_from_type_v2 gets another function")
    states = state if type(state) is tuple else (state,)
    if not all(one is None or type(one) is PickledDict for one in states):
        raise PickleDanger("set more than the attributes of a tensor")
    made = call(function, inner)
    if type(made) is not PickledTensor:
        raise PickleFlaw("torch._tensor._rebuild_from_type_v2 makes no tensor")
    return made


def _meta(arguments: Arguments) -> PickledTensor:
    if len(arguments) != len(("dtype", "size", "strides", "requires_grad")):
        raise PickleFlaw("a tensor without contents gets the wrong number of arguments")
    dtype, size = arguments[:2]
    if type(dtype) is not Global or not dtype.dtype or not _natural(size):
        raise PickleFlaw("a tensor without contents has no type or no shape")
    if len(size) > limits.TENSOR_DIMENSIONS:
        raise PickleFlaw(f"a tensor has over {limits.TENSOR_DIMENSIONS} dimensions")
    return PickledTensor(dtype.dtype, size)


def _sparse(arguments: Arguments) -> PickledTensor:
    """``_rebuild_sparse_tensor(layout, (indices, values, size, ...))``."""
    parts = arguments[1] if len(arguments) == len(("layout", "data")) else ()
    if type(parts) is not tuple or len(parts) < len(("indices", "values", "size")):
        raise PickleFlaw("a sparse tensor has no indices, values and size")
    tensors = [part for part in parts if type(part) is PickledTensor]
    sizes = [part for part in parts if type(part) is tuple and _natural(part)]
    if len(tensors) < len(("indices", "values")) or not sizes:
        raise PickleFlaw("a sparse tensor has no indices, values and size")
    if len(sizes[0]) > limits.TENSOR_DIMENSIONS:
        raise PickleFlaw(f"a tensor has over {limits.TENSOR_DIMENSIONS} dimensions")
    return PickledTensor(tensors[-1].dtype, sizes[0])


def _counter(arguments: Arguments) -> PickledDict:
    if not arguments:
        return PickledDict([], settable=True)
    if len(arguments) == 1 and isinstance(arguments[0], PickledDict):
        return PickledDict(list(arguments[0].flat), settable=True)
    raise PickleFlaw("collections.Counter gets something that is not a dict")


def _plain_value(arguments: Arguments) -> Opaque:
    if any(type(value) is Global for value in arguments):
        raise PickleFlaw("a plain value is made of a class or a function")
    return UNTOLD


def _ordered_dict(arguments: Arguments) -> PickledDict:
    """``OrderedDict()``, ``OrderedDict(dict)`` or ``OrderedDict([[key, value], ...])``."""
    if not arguments:
        return PickledDict([], settable=True)
    if len(arguments) == 1 and isinstance(arguments[0], PickledDict):
        return PickledDict(list(arguments[0].flat), settable=True)
    if len(arguments) == 1 and type(arguments[0]) in {list, tuple}:
        flat: list[Value] = []
        for pair in arguments[0]:
            if type(pair) not in {list, tuple} or len(pair) != len(("key", "value")):
                break
            flat.extend(pair)
        else:
            return PickledDict(flat, settable=True)
    raise PickleFlaw("collections.OrderedDict gets something that is not a dict")


def _parameter_dict(arguments: Arguments) -> PickledModule:
    if arguments:
        raise PickleFlaw("a ParameterDict is made with arguments")
    return PickledModule([])


def _set(arguments: Arguments) -> Opaque:
    if len(arguments) > 1 or (arguments and type(arguments[0]) not in {list, tuple}):
        raise PickleFlaw("a set is made of something that is not a list")
    return UNTOLD


def _size(arguments: Arguments) -> tuple[int, ...]:
    if len(arguments) == 1 and type(arguments[0]) in {list, tuple}:
        size = tuple(arguments[0])
        if _natural(size) and len(size) <= limits.TENSOR_DIMENSIONS:
            return size
    raise PickleFlaw("torch.Size gets something that is not a shape")


def _device(arguments: Arguments) -> Opaque:
    if not arguments or not all(type(value) in {str, int} for value in arguments):
        raise PickleFlaw("torch.device gets something that is not a device")
    return UNTOLD


def _encode(arguments: Arguments) -> Value:
    if len(arguments) != len(("text", "encoding")) or arguments[1] not in ("latin1", "latin-1"):
        raise PickleDanger("call _codecs.encode with another encoding than latin1")
    text = arguments[0]
    if type(text) is not str or len(text) > KEPT_BYTES:
        return UNTOLD
    try:
        return text.encode("latin-1")
    except UnicodeEncodeError as error:
        raise PickleFlaw(f"{plain(text)} does not encode bytes") from error


def _settable(_arguments: Arguments) -> Opaque:
    return Opaque(settable=True)


def _opaque_array(_arguments: Arguments) -> Opaque:
    return UNTOLD


_CALLS: Final[dict[Role, Callable[[Arguments], Value]]] = {
    Role.ORDERED_DICT: _ordered_dict,
    Role.PARAMETER_DICT: _parameter_dict,
    Role.SET: _set,
    Role.TENSOR: _tensor,
    Role.TENSOR_V2: _tensor_v2,
    Role.TENSOR_V3: _tensor_v3,
    Role.TENSOR_QUANTIZED: _tensor_quantized,
    Role.TENSOR_META: _meta,
    Role.TENSOR_SPARSE: _sparse,
    Role.PARAMETER: _parameter,
    Role.WITH_ATTRIBUTES: _with_attributes,
    Role.COUNTER: _counter,
    Role.PLAIN: _plain_value,
    Role.SIZE: _size,
    Role.DEVICE: _device,
    Role.NUMPY_SCALAR: _opaque_array,
    Role.NUMPY_DTYPE: _settable,
    Role.NUMPY_ARRAY: _settable,
    Role.ENCODE: _encode,
}
#: What gives a tensor that may have attributes.
_TENSORS: Final = frozenset(
    {
        *(Role.TENSOR, Role.TENSOR_V2, Role.TENSOR_V3, Role.TENSOR_QUANTIZED),
        *(Role.TENSOR_META, Role.PARAMETER),
    }
)
_CREATABLE: Final = frozenset({Role.ORDERED_DICT, Role.PARAMETER_DICT, Role.SET, Role.SIZE})
