"""Which fields of a record a site may fill in: those that the user has not edited.

A field is open while it is empty or says what identifying the model made of it, and stays so
while it says what the site said last time. One that the user has set or cleared is closed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from modelkeep.core.configs import ModelConfigBase
from modelkeep.core.hearsay import Hearsay
from modelkeep.core.taxonomy import BaseModelType
from modelkeep.identification.known_families import base_names
from modelkeep.identification.opinions import opinions_of, said
from modelkeep.library.defaults import default_values
from modelkeep.library.identified import is_cleared
from modelkeep.sources.site import RemoteModel
from modelkeep.sources.told import told_by_site

#: Fields that come from the files or the program, never from a site.
_NOT_THEIRS = frozenset(
    {
        "key", "path", "type", "base", "format", "size", "original_hash", "current_hash", "root",
        "state", "preview", "evidence",
    }
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of a record beside the record itself.

    Attributes:
        place: Where the model lies; None where its root is not registered.
        filled: What sites have filled in before, as plain values by field.
    """

    place: Path | None
    edited: frozenset[str] = frozenset()
    filled: Mapping[str, Any] = field(default_factory=dict)


def fields_to_fill(
    config: ModelConfigBase, remote: RemoteModel, label: str, known: Known
) -> dict[str, Any]:
    """Return the fields of a record that are to be changed, with their new values.

    Args:
        config: The record as it is.
        remote: What its site says.
        label: Who says so, for people.
        known: What else is known of the record.
    """
    offered = {**remote.fields, "name": remote.name, "source": str(remote.source)}
    fields = {
        name: _as_stored(value)
        for name, value in offered.items()
        if value
        and name not in _NOT_THEIRS
        and name in type(config).model_fields
        and getattr(config, name) != _as_stored(value)
        and _is_open(config, name, known)
    }
    names, kind = base_names(), (config.type, _found_base(config))
    told = Hearsay(told_by_site(replace(remote, site_label=label)).claims)
    claims = said(opinions_of(told, names), kind, names, besides=config.evidence)
    if new := tuple(claims):
        fields["evidence"] = (*config.evidence, *new)
    return fields


def _found_base(config: ModelConfigBase) -> BaseModelType:
    """Return the base that the model was found to be of, whatever somebody has set."""
    return BaseModelType((config.identified or {}).get("base", config.base))


def _as_stored(value: Any) -> Any:
    return tuple(value) if isinstance(value, list | tuple) else value


def _is_open(config: ModelConfigBase, name: str, known: Known) -> bool:
    if name in known.edited:
        return False
    if name in known.filled:
        return bool(config.to_json()[name] == known.filled[name])
    if is_cleared(config, name):
        return False
    current = getattr(config, name)
    return not current or current in default_values(config, name, known.place)
