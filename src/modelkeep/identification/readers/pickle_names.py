"""From the value of a pickle to the names, shapes and texts of a ``TensorHeader``."""

from __future__ import annotations

from typing import Final

from modelkeep.core import limits
from modelkeep.identification.header import TensorInfo
from modelkeep.identification.readers.dtypes import NUMBER_END
from modelkeep.identification.readers.pickle_globals import Global
from modelkeep.identification.readers.pickle_values import (
    PickledDict,
    PickledTensor,
    PickleFlaw,
    Value,
)

#: Key of the metadata that names the dict which was taken off the front of every name.
WRAPPED_IN: Final = "wrapped_in"
#: The name of a tensor that is all of a file.
LONE_TENSOR: Final = "tensor"
#: Keys at the top under which programs put the weights, the first that is there counts.
WRAPPERS: Final = ("state_dict", "params_ema", "params", "model", "module")


def name_tensors(root: Value) -> tuple[dict[str, TensorInfo], dict[str, str]]:
    """Join the keys of nested dicts with dots, and keep the scalars at the top as texts.

    The contents of one of ``WRAPPERS`` is named without it, and ``wrapped_in`` in the metadata
    says so. Lists and tuples count from 0. A container that is met again is passed over, so that
    a pickle which holds itself, or one dict a thousand times, stays as small as it is.

    Raises:
        PickleFlaw: nested too deeply, or the names are too long.
    """
    names = _Names()
    if not isinstance(root, PickledDict):
        names.visit(root, LONE_TENSOR if type(root) is PickledTensor else "", 0)
        return names.tensors, {}
    entries = _entries(root)
    metadata = _texts(entries)
    wrapper = next((key for key in WRAPPERS if _wraps(key, entries.get(key))), "")
    if wrapper:
        metadata[WRAPPED_IN] = wrapper
        names.visit(entries.pop(wrapper), "", 1)
    names.seen.add(id(root))
    for key, value in entries.items():
        if type(value) is PickledTensor or _is_container(value):
            names.visit(value, key, 1)
    return names.tensors, metadata


def _entries(table: PickledDict) -> dict[str, Value]:
    flat = table.flat
    return dict(zip(map(_key, flat[::2]), flat[1::2], strict=True))


def _wraps(key: str, value: Value) -> bool:
    """Return whether ``value`` holds the weights: under ``state_dict``, or by its looks."""
    if not isinstance(value, PickledDict):
        return False
    return key == WRAPPERS[0] or PickledTensor in map(type, value.flat[1::2])


def _texts(entries: dict[str, Value]) -> dict[str, str]:
    texts: dict[str, str] = {}
    room = limits.PICKLE_METADATA_BYTES
    for key, value in entries.items():
        if type(value) not in {str, int, float, bool}:
            continue
        text = _key(value)
        room -= len(key) + len(text)
        if room < 0 or len(texts) == limits.PICKLE_METADATA_VALUES:
            break
        texts[key] = text
    return texts


def _key(value: Value) -> str:
    """Write a key, or a scalar, as text that can be stored and printed."""
    if type(value) is str:
        if value.isascii():
            return value
        # Pickles may hold half of a surrogate pair; nothing else here may.
        return value.encode("utf-8", "backslashreplace").decode("utf-8")
    if type(value) is bytes:
        return value.decode("latin-1")
    if type(value) is int and not -NUMBER_END < value < NUMBER_END:
        return "a large number"
    if value is None or type(value) in {int, float, bool, Global}:
        return str(value)
    return type(value).__name__


class _Names:
    def __init__(self) -> None:
        self.tensors: dict[str, TensorInfo] = {}
        self.seen: set[int] = set()
        self.room = limits.PICKLE_NAMES_BYTES

    def visit(self, value: Value, name: str, depth: int) -> None:
        if len(name) > limits.PICKLE_NAME_CHARACTERS:
            raise PickleFlaw(
                f"a name is over {limits.PICKLE_NAME_CHARACTERS:,} letters, the limit,"
            )
        if type(value) is PickledTensor:
            self.room -= len(name)
            if self.room < 0:
                raise PickleFlaw(
                    f"the names of its tensors are over {limits.PICKLE_NAMES_BYTES:,} bytes long,"
                    " the limit,"
                )
            # A dict that was unwrapped goes before its neighbours of the same name.
            self.tensors.setdefault(name, value)
        elif _is_container(value) and id(value) not in self.seen:
            if depth > limits.PICKLE_DEPTH:
                raise PickleFlaw(f"nested over the limit of {limits.PICKLE_DEPTH} levels")
            self.seen.add(id(value))
            self._visit_parts(value, f"{name}." if name else "", depth + 1)

    def _visit_parts(self, value: Value, prefix: str, depth: int) -> None:
        parts = _entries(value) if isinstance(value, PickledDict) else dict(enumerate(value))
        for key, part in parts.items():
            if type(part) is PickledTensor or _is_container(part):
                self.visit(part, f"{prefix}{key}", depth)


def _is_container(value: Value) -> bool:
    return isinstance(value, PickledDict | list | tuple)
