"""Frozen dataclasses as plain values for JSON, and back, by their annotations.

What one process stores and another reads is a typed value on both sides; this is the only place
where it is a ``dict``.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from enum import Enum
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

T = TypeVar("T")


def to_plain(value: object) -> Any:
    """Return a value as JSON has it: numbers, text, lists and dicts."""
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: to_plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, Path):
        return os.fspath(value)
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, tuple | list):
        return [to_plain(item) for item in value]
    if isinstance(value, Mapping):
        return {str(name): to_plain(item) for name, item in value.items()}
    return value


def from_plain(kind: type[T], data: Any) -> T:
    """Return the value of type ``kind`` that ``to_plain`` gave ``data`` for.

    Fields that ``data`` does not have get their default.

    Raises:
        ValueError: ``data`` is not of that type.
    """
    try:
        value: T = _built(kind, data)
    except (TypeError, KeyError, AttributeError) as error:
        raise ValueError(f"This is not a {kind.__name__}: {error!r}") from error
    return value


def _built(kind: Any, data: Any) -> Any:
    if get_origin(kind) is not None:
        return _built_parts(kind, data)
    if kind is Any:
        return data
    if is_dataclass(kind):
        return _built_fields(kind, _checked(dict, data))
    if issubclass(kind, Path | Enum):
        return kind(data)
    return float(data) if kind is float and type(data) is int else _checked(kind, data)


def _built_parts(kind: Any, data: Any) -> Any:
    origin, args = get_origin(kind), get_args(kind)
    if origin in {Union, UnionType}:
        [only] = [one for one in args if one is not NoneType]
        return None if data is None else _built(only, data)
    if origin is tuple:
        return tuple(_built(args[0], item) for item in _checked(list, data))
    if issubclass(origin, Mapping):
        return {name: _built(args[1], item) for name, item in _checked(dict, data).items()}
    raise TypeError(f"{kind} is nothing that is stored")


def _built_fields(kind: Any, data: dict[str, Any]) -> Any:
    hints = get_type_hints(kind)
    known = [field.name for field in fields(kind) if field.init and field.name in data]
    return kind(**{name: _built(hints[name], data[name]) for name in known})


def _checked(kind: type[T], data: Any) -> T:
    if type(data) is not kind:
        raise TypeError(f"{data!r} is not a {kind.__name__}")
    return data
