"""``changed_config``: a record with some of its fields changed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from modelkeep.core.aliases import without_aliases
from modelkeep.core.configs import ModelConfigBase, ModelConfigFactory


def changed_config(
    old: ModelConfigBase, changes: ModelConfigBase | Mapping[str, Any]
) -> ModelConfigBase:
    """Return ``old`` with the changes, in the class that its type and format now ask for.

    What only the old class has is dropped when the class changes, and what was left at the old
    class's default takes that of the new one.

    ``original_hash`` never changes once it is known.

    Raises:
        InvalidModelConfigException: the result would not be a valid config.
    """
    if isinstance(changes, ModelConfigBase):
        kept_hash = old.original_hash or changes.original_hash
        checked: ModelConfigBase = ModelConfigFactory.storable(changes)
        return checked.model_copy(update={"key": old.key, "original_hash": kept_hash})
    wanted = without_aliases(changes)
    if old.original_hash is not None:
        wanted.pop("original_hash", None)
    kept = old.model_dump()
    target = ModelConfigFactory.class_for({**kept, **wanted})
    if target is not type(old):
        kinds = {"type", "base", "format"}
        kept = {
            field: value
            for field, value in kept.items()
            if field in kinds
            or (field in target.model_fields and value != type(old).model_fields[field].default)
        }
    changed: ModelConfigBase = ModelConfigFactory.make_config(
        {**kept, **wanted}, key=old.key, dest_class=target
    )
    # An empty key is a key too, which make_config does not see.
    return changed.model_copy(update={"key": old.key})
