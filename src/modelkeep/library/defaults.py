"""``default_values``: what identifying and recording a model write where nobody says otherwise."""

from __future__ import annotations

from itertools import product
from pathlib import Path

from modelkeep.core.configs import ModelConfigBase
from modelkeep.core.identity import default_description
from modelkeep.core.names import path_to_text, safe_name


def default_values(config: ModelConfigBase, field: str, place: Path | None = None) -> set[str]:
    """Return the values that were written to a field of a record unless somebody gave another.

    Args:
        config: The record.
        field: ``name``, ``description`` or ``source``; no other field has such values.
        place: Where its files are.
    """
    if field == "source":  # a model that was recorded where it lies came from there
        return {path_to_text(place)} if place is not None else set()
    names = _names(config, place)
    if field == "name":
        return names
    if field == "description":
        found = config.identified or {}
        bases, types = {config.base, found.get("base")}, {config.type, found.get("type")}
        kinds = product(bases - {None}, types - {None}, {config.name, *names})
        return {default_description(*kind) for kind in kinds}
    return set()


def _names(config: ModelConfigBase, place: Path | None) -> set[str]:
    paths = [Path(config.path), Path(config.source or config.path), *([place] if place else [])]
    names = {text for path in paths for text in (path.name, path.stem)}
    return names | {safe_name(text) for text in names if text}
