"""What people choose from: the types and the bases, each with what it is called."""

from __future__ import annotations

from modelkeep.core.taxonomy import BaseModelType, ModelType, type_label
from modelkeep.identification.known_families import base_names

#: Of a type or a base: its value, and what people call it.
Choice = tuple[str, str]


def type_choices() -> list[Choice]:
    """Return all types that can be chosen, by what they are called."""
    known = (one for one in ModelType if one is not ModelType.Unknown)
    return sorted(((one.value, type_label(one)) for one in known), key=_by_label)


def base_choices() -> list[Choice]:
    """Return all bases that a family names, by what they are called."""
    labels = base_names().labels
    return sorted(((str(base), label) for base, label in labels.items()), key=_by_label)


def label_of_type(value: str) -> str:
    """Return what people call a type."""
    return type_label(ModelType(value))


def label_of_base(value: str) -> str:
    """Return what people call a base."""
    return base_names().label(BaseModelType(value))


def _by_label(choice: Choice) -> str:
    return choice[1].casefold()
