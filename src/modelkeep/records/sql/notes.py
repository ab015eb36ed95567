"""What lists show beside records: when they were added, and whose pictures are to be hidden."""

from __future__ import annotations

from collections.abc import Collection
from functools import cache
from typing import Any

from sqlalchemy import Select, bindparam, exists, func, or_, select

from modelkeep.records.facts import MATURE_TAGS
from modelkeep.records.listing import RecordNote
from modelkeep.records.sql import schema
from modelkeep.records.sql.database import Transaction, chunks

#: How Civitai's word for it stands in the metadata; in a text its quotes would be escaped.
_SAID = '"nsfw":true'


def notes_on(transaction: Transaction, keys: Collection[str]) -> dict[str, RecordNote]:
    """Return what is shown beside each of the records that are there."""
    found: dict[str, RecordNote] = {}
    for some in chunks(list(keys)):
        for key, created_at, is_mature in transaction.rows(_notes(), {"keys_": some}):
            found[key] = RecordNote(float(created_at), bool(is_mature))
    return found


@cache
def _notes() -> Select[Any]:
    model, metadata, tag = schema.model.c, schema.metadata.c, schema.tag.c
    says_site = exists().where(
        metadata.model_key == model.key, func.instr(metadata.metadata, _SAID) > 0
    )
    says_tag = exists().where(
        schema.model_tag.c.model_key == model.key,
        schema.model_tag.c.tag_id == tag.id,
        func.lower(tag.text).in_(MATURE_TAGS),
    )
    wanted = model.key.in_(bindparam("keys_", expanding=True))
    return select(model.key, model.created_at, or_(says_site, says_tag)).where(wanted)
