"""What others say about a model, as fields of its record and as what is kept beside that."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from modelkeep.core.identity import Evidence, Identification
from modelkeep.core.names import path_to_text
from modelkeep.records.listing import NewRecord
from modelkeep.sources.sidecars.base import Said

#: Fields of a record that whoever knows a model may speak about.
_SPOKEN = ("name", "description", "source")


def fields_of(said: Said, found: Identification) -> dict[str, Any]:
    """Return the fields of a record in which others are believed.

    What a model is, its own header says; names, descriptions and trigger phrases are theirs.
    """
    fields = {name: value for name in _SPOKEN if (value := getattr(said, name))}
    phrases = tuple(dict.fromkeys((*said.trigger_phrases, *found.trigger_phrases)))
    if phrases != found.trigger_phrases:
        fields["trigger_phrases"] = phrases
    if said.said_by and (fields or said.base_hint or said.type_hint):
        fields["evidence"] = (*found.evidence, _evidence(said))
    if said.preview is not None:
        fields["preview"] = path_to_text(said.preview)
    return fields


def _evidence(said: Said) -> Evidence:
    who = " and ".join(said.said_by)
    hints = ", ".join(hint for hint in (said.base_hint, said.type_hint) if hint)
    if hints:
        return Evidence("metadata", f"{who} says it is: {hints}")
    return Evidence("name", f"{who} gave name, words or source")


def with_extras(new: NewRecord, said: Said) -> NewRecord:
    """Return a new record with what is said beside its fields: the site's answer, else tags."""
    if said.metadata is not None:
        return replace(new, metadata=said.metadata, tags=())
    return replace(new, metadata=None, tags=tuple(said.tags))
