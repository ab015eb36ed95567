"""``form_of``: the fields of a model that people edit, as texts and choices; what they changed."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from modelkeep.app.edit import FieldChange, read_changes
from modelkeep.core.configs import ModelConfigFactory
from modelkeep.core.taxonomy import (
    BaseModelType,
    ModelFormat,
    ModelType,
    SchedulerPredictionType,
    format_label,
    type_label,
)
from modelkeep.errors import InvalidModelConfigException
from modelkeep.identification.known_families import base_label
from modelkeep.library.defaults import default_values

if TYPE_CHECKING:
    from modelkeep.app.manager import ModelManager
    from modelkeep.core.configs import ModelConfigBase

Way = Literal["line", "lines", "text", "choice"]
_TAGS, _TRIGGERS = "tags", "triggers"
#: Fields in the order in which people look at them, and how each is edited.
_WAYS: Mapping[str, Way] = {
    "name": "line",
    _TRIGGERS: "lines",
    _TAGS: "line",
    "description": "text",
    "type": "choice",
    "base": "choice",
    "format": "choice",
    "variant": "line",
    "prediction_type": "choice",
    "lineage": "line",
    "fits": "line",
    "source": "line",
    "vae": "line",
    "config": "line",
    "upcast_attention": "choice",
    "ztsnr_training": "choice",
}
_TRUTHS = (("false", "no"), ("true", "yes"))


@dataclass(frozen=True, slots=True)
class FormField:
    """One field of a model.

    Attributes:
        word: What people call it.
        way: ``line``: one line; ``lines``: one line for each item; ``text``; ``choice``.
        text: Its value.
        choices: Of a choice, values and what people call them.
    """

    word: str
    way: Way
    text: str
    choices: tuple[tuple[str, str], ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Return it as plain values."""
        return {"word": self.word, "text": self.text, "choices": [list(c) for c in self.choices]}


def form_of(manager: ModelManager, record: ModelConfigBase) -> tuple[FormField, ...]:
    """Return the fields that a model has and people edit, in their order."""
    tags = sorted(manager.metadata.tags(record.key).hand)
    bases = manager.installer.library.known_bases
    return tuple(
        FormField(word, way, _text(record, word, tags), tuple(_choices(record, word, bases)))
        for word, way in _WAYS.items()
        if word in {_TAGS, _TRIGGERS} or word in type(record).model_fields
    )


def changes_in(fields: Iterable[FormField], given: Mapping[str, str]) -> list[FieldChange]:
    """Return what somebody changed in a form.

    Args:
        fields: As the record has them now.
        given: Texts by word; fields that are not given stay. ``tags_were``: the tags that were
            there to be changed; what others did to tags meanwhile stays.

    Raises:
        UsageError: a value makes no sense.
    """
    words: list[str] = []
    for field in fields:
        text = given.get(field.word)
        if text is None or plain(text) == field.text:
            continue
        if field.word == _TAGS:
            words += _tag_changes(field.text, given.get("tags_were", field.text), text)
        elif field.word == _TRIGGERS:
            lines = [line.strip() for line in plain(text).split("\n") if line.strip()]
            words.append(f"{field.word}={json.dumps(lines)}")
        else:
            words.append(f"{field.word}={plain(text)}")
    return read_changes(words)


def plain(text: str) -> str:
    """Return a text as records have it: browsers end lines as Windows does."""
    return text.replace("\r\n", "\n").strip()


def _tag_changes(now: str, before: str, after: str) -> Iterator[str]:
    there, were, wanted = (_items(text) for text in (now, before, after))
    if added := [tag for tag in wanted if tag not in were]:
        yield f"tags+={','.join(added)}"
    if gone := [tag for tag in were if tag not in wanted and tag in there]:
        yield f"tags-={','.join(gone)}"


def _items(text: str) -> list[str]:
    return [item.strip() for item in text.split(",") if item.strip()]


def _text(record: ModelConfigBase, word: str, tags: list[str]) -> str:
    if word == _TAGS:
        return ", ".join(tags)
    if word == _TRIGGERS:
        return plain("\n".join(record.trigger_phrases))
    value = record.to_json().get(word)
    if word == "description" and value in default_values(record, word):
        return ""  # nobody wrote it
    if isinstance(value, bool):
        return str(value).lower()
    return ", ".join(value) if isinstance(value, list) else plain(str(value or ""))


def _choices(
    record: ModelConfigBase, word: str, bases: Iterable[BaseModelType]
) -> Iterator[tuple[str, str]]:
    if word == "type":
        yield from ((kind.value, type_label(kind)) for kind in ModelType)
    elif word == "base":
        named = ((base.value, base_label(base)) for base in {*bases, record.base})
        yield from sorted(named, key=lambda pair: pair[1].casefold())
    elif word == "format":
        yield from ((f.value, format_label(f)) for f in _formats(record))
    elif word == "prediction_type":
        yield "", "not stated"
        yield from ((each.value, each.value) for each in SchedulerPredictionType)
    elif word in {"upcast_attention", "ztsnr_training"}:
        yield from _TRUTHS


def _formats(record: ModelConfigBase) -> Iterator[ModelFormat]:
    """Give the formats that models of its type may have."""
    for each in ModelFormat:
        try:
            ModelConfigFactory.class_for({**dict(record), "format": each})
        except InvalidModelConfigException:
            continue
        yield each
