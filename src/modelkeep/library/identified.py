"""What a model was identified as, kept beside what its record says: the difference is by hand."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from typing import Any

from modelkeep.core.configs import ModelConfigBase
from modelkeep.core.taxonomy import BaseModelType

#: Fields that say what a model is: identification fills them, and people may set them.
FIELDS = (
    *("type", "base", "format", "variant", "prediction_type", "upcast_attention"),
    *("repo_variant", "lineage", "fits", "quantization"),
)
_PHRASES = "trigger_phrases"
_DEFAULTS = {"variant": "normal", "upcast_attention": False}


def as_identified(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Return what is kept of the fields that identification filled, as JSON has them."""
    told = ((name, fields.get(name)) for name in FIELDS)
    phrases = {_PHRASES: _plain(found)} if (found := fields.get(_PHRASES)) else {}
    return {name: _plain(value) for name, value in told if value is not None} | phrases


def has_other_phrases(config: ModelConfigBase) -> bool:
    """Tell whether the trigger phrases are others than the header told: of people or a site."""
    return bool(_plain(config.trigger_phrases) != (config.identified or {}).get(_PHRASES, []))


def is_cleared(config: ModelConfigBase, name: str) -> bool:
    """Tell whether a field is empty that identification had filled."""
    return not getattr(config, name) and bool((config.identified or {}).get(name))


def set_by_hand(config: ModelConfigBase) -> frozenset[str]:
    """Return the fields of what a model is that somebody set or cleared."""
    before = config.identified
    if before is None:
        return frozenset()
    known = type(config).model_fields
    now = {name: _plain(getattr(config, name)) for name in FIELDS if name in known}
    if config.base is BaseModelType.Unknown:  # nobody said which
        del now["base"]
    if not before:  # no rule knew the model, so its format only follows from its type
        del now["format"]
    return frozenset(
        name for name, value in now.items() if value != before.get(name, _DEFAULTS.get(name))
    )


def _plain(value: Any) -> Any:
    if isinstance(value, tuple):
        return [_plain(one) for one in value]
    return value.value if isinstance(value, Enum) else value
