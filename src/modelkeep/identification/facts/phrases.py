"""The words that call up what an adapter learned."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping

from modelkeep.core.phrases import kept_phrases
from modelkeep.identification.facts.captions import Captions, read_captions, training_phrase

#: Fields in which trainers state what calls up an adapter.
_PHRASE_FIELDS = (
    *("modelspec.trigger_phrase", "modelspec.trigger_words", "trained_words"),
    *("ss_trigger_words", "ss_trigger_word", "ssmd_keywords", "trigger_words", "trigger_word"),
)
#: What trainers write where there is no phrase.
_NO_PHRASE = frozenset({"", "none", "null", "n/a"})


def trigger_phrases(
    metadata: Mapping[str, str], captions: Captions | None = None
) -> tuple[str, ...]:
    """Return the words that call up what an adapter learned, where the header is sure.

    Args:
        metadata: Of the header.
        captions: Its table of tags, where that was read before.
    """
    stated = [p for field in _PHRASE_FIELDS for p in _stated_phrases(metadata.get(field, ""))]
    if stated:
        return kept_phrases(stated)
    phrase = training_phrase(read_captions(metadata) if captions is None else captions)
    return kept_phrases([phrase] if phrase else [])


def _stated_phrases(text: str) -> Iterator[str]:
    """Yield the phrases of one field: a text, commas and all, or a list in JSON."""
    try:
        listed = json.loads(text) if text.lstrip().startswith("[") else None
    except (ValueError, RecursionError):
        listed = None  # a phrase may begin with a bracket
    for phrase in listed if isinstance(listed, list) else [text]:
        if isinstance(phrase, str) and phrase.strip().casefold() not in _NO_PHRASE:
            yield phrase
