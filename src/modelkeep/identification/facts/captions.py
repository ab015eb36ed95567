"""The captions of a training set: how often tags occur in them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from modelkeep.core.training import MOST_CHARACTERS, MOST_TAGS
from modelkeep.identification.facts.stated import (
    entries,
    stated_count,
    stated_json,
    stated_text,
)

#: How often tags occur, by the folder of the training set.
Captions = Mapping[str, Mapping[str, int]]


def read_captions(metadata: Mapping[str, str]) -> Captions:
    """Return the table of tags that a trainer wrote; empty where there is none."""
    stated = stated_json(metadata.get("ss_tag_frequency", ""))
    return {folder: dict(_counts(tags)) for folder, tags in entries(stated)}


def top_tags(captions: Captions) -> dict[str, int]:
    """Return the most frequent tags of all folders, the most frequent first."""
    counts: dict[str, int] = {}
    for tags in captions.values():
        for tag, count in tags.items():
            counts[tag] = counts.get(tag, 0) + count
    found: dict[str, int] = {}
    for tag, count in sorted(counts.items(), key=lambda pair: (-pair[1], pair[0])):
        if (name := stated_text(tag, MOST_CHARACTERS)) and count:
            found.setdefault(name, count)
        if len(found) == MOST_TAGS:
            break
    return found


def training_phrase(captions: Captions) -> str | None:
    """Return the phrase of the training folders if all have one and the captions bear it out."""
    phrases = {_folder_phrase(folder) for folder in captions}
    if len(phrases) != 1:
        return None
    [phrase] = phrases
    counts: dict[str, int] = {}
    for tags in captions.values():
        for tag, count in tags.items():
            counts[tag.casefold()] = counts.get(tag.casefold(), 0) + count
    is_borne_out = counts.get(phrase, 0) >= max(counts.values(), default=1)
    return phrase if phrase and is_borne_out else None


def _folder_phrase(name: str) -> str:
    repeats, _, phrase = name.partition("_")
    return phrase.strip().casefold() if repeats.isdecimal() else ""


def _counts(counts: Any) -> Iterator[tuple[str, int]]:
    for tag, count in entries(counts):
        if (number := stated_count(count)) is not None and not isinstance(count, str):
            yield tag.strip(), number
