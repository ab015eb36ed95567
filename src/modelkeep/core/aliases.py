"""The specification's names for the three fields that pick a config class."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import PurePath
from typing import Any

from modelkeep.errors import InvalidModelConfigException

#: The specification's names for the three discriminators, accepted in dicts.
ALIASES = {"model_type": "type", "model_format": "format", "base_model": "base"}
#: Types of stored values. Reading a long list of records spends much of its time here.
_PLAIN = frozenset({str, int, float, bool, type(None), list, tuple, dict})


def without_aliases(data: Mapping[str, Any]) -> dict[str, Any]:
    """Return ``data`` under the names of the fields, paths as text.

    Raises:
        InvalidModelConfigException: a field is given under both names, with different values.
    """
    if ALIASES.keys().isdisjoint(data) and _PLAIN.issuperset(map(type, data.values())):
        return dict(data)
    fields: dict[str, Any] = {}
    for name, value in data.items():
        field = ALIASES.get(name, name)
        if field in fields and fields[field] != value:
            raise InvalidModelConfigException.of(
                "ModelConfig", field, f"is given twice, as {fields[field]!r} and {value!r}", value
            )
        fields[field] = os.fspath(value) if isinstance(value, PurePath) else value
    return fields
