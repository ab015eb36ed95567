"""Trigger phrases: kept as stated, with their commas, within limits."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from itertools import islice

from modelkeep.core import limits

_log = logging.getLogger(__name__)
#: Characters of a phrase that a message quotes.
_QUOTED = 40


def kept_phrases(stated: Iterable[str]) -> tuple[str, ...]:
    """Return phrases as they are stated, each once; blank ones are left out.

    What exceeds the limits is cut, with a warning.
    """
    distinct = dict.fromkeys(phrase for each in stated if (phrase := each.strip()))
    if (more := len(distinct) - limits.PHRASES) > 0:
        _log.warning(
            "Only the first %d trigger phrases are kept, not %d more", limits.PHRASES, more
        )
    return tuple(dict.fromkeys(_kept(phrase) for phrase in islice(distinct, limits.PHRASES)))


def _kept(phrase: str) -> str:
    most = limits.PHRASE_CHARACTERS
    if len(phrase) <= most:
        return phrase
    begin = phrase[:_QUOTED]
    _log.warning("A trigger phrase was cut to %d of %d characters: %s...", most, len(phrase), begin)
    return phrase[:most].rstrip()
