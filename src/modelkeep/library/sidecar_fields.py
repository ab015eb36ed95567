"""What sidecars state about a model, as fields of its record, metadata and tags."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from modelkeep.core.identity import Evidence, Identification
from modelkeep.core.names import path_to_text
from modelkeep.records.listing import NewRecord
from modelkeep.sources.sidecars.info import SidecarInfo

#: Fields of a record that are taken from sidecars as they are.
_COPIED = ("name", "description", "source")


def fields_of(info: SidecarInfo, found: Identification) -> dict[str, Any]:
    """Return the fields of a record that sidecars fill.

    What a model is comes from its header; name, description and trigger phrases from here.
    """
    fields = {name: value for name in _COPIED if (value := getattr(info, name))}
    phrases = tuple(dict.fromkeys((*info.trigger_phrases, *found.trigger_phrases)))
    if phrases != found.trigger_phrases:
        fields["trigger_phrases"] = phrases
    if info.written_by and (fields or info.base_hint or info.type_hint):
        fields["evidence"] = (*found.evidence, _evidence(info))
    if info.preview is not None:
        fields["preview"] = path_to_text(info.preview)
    return fields


def _evidence(info: SidecarInfo) -> Evidence:
    who = " and ".join(info.written_by)
    hints = ", ".join(hint for hint in (info.base_hint, info.type_hint) if hint)
    if hints:
        return Evidence("metadata", f"{who} says it is: {hints}")
    return Evidence("name", f"{who} gave name, words or source")


def with_extras(new: NewRecord, info: SidecarInfo) -> NewRecord:
    """Return a new record with the metadata of the sidecars, else with their tags."""
    if info.metadata is not None:
        return replace(new, metadata=info.metadata, tags=())
    return replace(new, metadata=None, tags=tuple(info.tags))
