"""``record_version``: what tells one state of a record from every other."""

from __future__ import annotations

import hashlib

from modelkeep.errors import StaleRecordError

_BYTES = 12


def record_version(record: bytes) -> str:
    """Return a short text for a record as ``get_json`` gives it: another one after any change."""
    return hashlib.blake2b(record, digest_size=_BYTES).hexdigest()


def refuse_stale(key: str, record: bytes, seen: frozenset[str]) -> None:
    """Raise unless a record is as somebody has seen it.

    Args:
        key: Of the record.
        record: As it is now.
        seen: Versions that will do.

    Raises:
        StaleRecordError: it was changed since.
    """
    if record_version(record) not in seen:
        raise StaleRecordError(
            f"The record {key!r} was changed since it was read",
            hint="Read it again and repeat the change.",
        )
