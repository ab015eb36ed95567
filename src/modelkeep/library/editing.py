"""Editing a record by hand; sites never overwrite edited fields."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from modelkeep.core.aliases import without_aliases
from modelkeep.core.configs import ModelConfigBase
from modelkeep.jobs.hash_lookups import HashLookups
from modelkeep.library.library import Library
from modelkeep.library.new_records import check_base, check_form


def edit_record(
    library: Library,
    key: str,
    changes: Mapping[str, Any],
    *,
    seen: frozenset[str] | None = None,
) -> ModelConfigBase:
    """Change fields of a record, and remember that they were changed by hand.

    Args:
        library: That the record is in.
        key: Of the record.
        changes: The fields.
        seen: Change it only while it is of one of these versions; see ``record_version``.

    Raises:
        UnknownModelException: there is no such record.
        StaleRecordError: it is of no version in ``seen``.
        InvalidModelConfigException: a field is unknown, or a value does not fit.
    """
    fields = without_aliases(changes)
    if "base" in fields:
        check_base(fields["base"], library.known_bases)
    if "format" in fields:
        check_form(fields["format"], library.reach(library.records.get_model(key)))
    edited = library.records.update_model(key, fields, seen=seen)
    HashLookups(library.state).note_edit(key, fields)
    return edited
