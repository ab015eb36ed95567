"""The words that call up what an adapter learned."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from modelkeep.core.phrases import kept_phrases

#: Fields in which trainers state what calls up an adapter.
_PHRASE_FIELDS = (
    *("modelspec.trigger_phrase", "modelspec.trigger_words", "trained_words"),
    *("ss_trigger_words", "ss_trigger_word", "ssmd_keywords", "trigger_words", "trigger_word"),
)
#: What trainers write where there is no phrase.
_NO_PHRASE = frozenset({"", "none", "null", "n/a"})


def trigger_phrases(metadata: Mapping[str, str]) -> tuple[str, ...]:
    """Return the words that call up what an adapter learned, where the header is sure."""
    stated = [p for field in _PHRASE_FIELDS for p in _stated_phrases(metadata.get(field, ""))]
    if stated:
        return kept_phrases(stated)
    return kept_phrases(_trained_phrases(metadata.get("ss_tag_frequency", "")))


def _stated_phrases(text: str) -> Iterator[str]:
    """Yield the phrases of one field: a text, commas and all, or a list in JSON."""
    try:
        listed = json.loads(text) if text.lstrip().startswith("[") else None
    except (ValueError, RecursionError):
        listed = None  # a phrase may begin with a bracket
    for phrase in listed if isinstance(listed, list) else [text]:
        if isinstance(phrase, str) and phrase.strip().casefold() not in _NO_PHRASE:
            yield phrase


def _trained_phrases(frequencies: str) -> list[str]:
    """Return the phrase of the training folders if all have one and captions bear it out."""
    try:
        folders = json.loads(frequencies) if frequencies else None
    except (ValueError, RecursionError):
        return []  # free text of a trainer, not the model's structure: nothing to report
    if not isinstance(folders, dict) or not folders:
        return []
    phrases = {_folder_phrase(name) for name in folders}
    tags: dict[str, float] = {}
    for counts in folders.values():
        for tag, count in _counts(counts):
            tags[tag] = tags.get(tag, 0) + count
    phrase = phrases.pop()
    if phrases or not phrase or tags.get(phrase, 0) < max(tags.values(), default=1):
        return []
    return [phrase]


def _folder_phrase(name: str) -> str:
    repeats, _, phrase = name.partition("_")
    return phrase.strip().casefold() if repeats.isdecimal() else ""


def _counts(counts: Any) -> Iterator[tuple[str, float]]:
    for tag, count in counts.items() if isinstance(counts, dict) else ():
        if isinstance(count, int | float):
            yield tag.strip().casefold(), count
