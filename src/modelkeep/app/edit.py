"""Editing a record with ``FIELD=VALUE`` words: what they mean and what they change."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal, Self

from modelkeep.app.records import refuse_unstorable
from modelkeep.core import limits
from modelkeep.core.configs import ModelConfigFactory
from modelkeep.core.taxonomy import type_from_words
from modelkeep.errors import UsageError
from modelkeep.identification.known_families import base_from_words
from modelkeep.library.new_records import format_for

if TYPE_CHECKING:
    from modelkeep.app.manager import ModelManager
    from modelkeep.core.configs import ModelConfigBase

_PHRASES = "trigger_phrases"
#: The user's own tags, which are stored beside the record.
_TAGS = "tags"
_KINDS = ("type", "base", "format")
#: What can be edited, in the words of ``show``; those that records call otherwise, see below.
WORDS = (
    "name", *_KINDS, "variant", "prediction_type", "lineage", "fits", "vae", "config",
    "description", "source", "triggers", _TAGS,
)  # fmt: skip
#: Words that records call otherwise.
_FIELD_OF = {"triggers": _PHRASES}
_WORD_OF = {field: word for word, field in _FIELD_OF.items()}
#: Two more that loading needs and ``show`` leaves out.
_EDITABLE = {*(_FIELD_OF.get(word, word) for word in WORDS), "upcast_attention", "ztsnr_training"}
#: Lists whose items hold no commas, so that commas may separate them.
_SIMPLE_LISTS = frozenset({"fits", _TAGS})
_LISTS = _SIMPLE_LISTS | {_PHRASES}
#: Fields without which there is no record.
_NEEDED = frozenset({"name", *_KINDS})
#: Fields that say why a model is what it is, and what its header says beside that.
_NOT_SHOWN = frozenset({"evidence", "identified", "training"})
_CHANGE = re.compile(r"([^=]*?)([+-]?=)(.*)", re.DOTALL)
_FOR_EXAMPLE = 'For example: name="My model"'


@dataclass(frozen=True, slots=True)
class FieldChange:
    """One word of the command.

    Attributes:
        field: As records call it.
        how: ``=`` sets, ``+=`` adds to a list, ``-=`` takes out of it.
        value: Text, or the items of a list; None clears.
    """

    field: str
    how: Literal["=", "+=", "-="]
    value: str | tuple[str, ...] | None

    def after(self, earlier: Self | None) -> Self:
        """Return this change with the items of an earlier one of the same list."""
        if earlier is None or not (earlier.value and self.value):
            return self
        return replace(self, value=(*earlier.value, *self.value))

    def applied(self, current: Sequence[str]) -> str | tuple[str, ...] | None:
        """Return the new value of the field, given the items that its list has.

        Raises:
            UsageError: an item to take out is not in the list.
        """
        if self.how == "=" or not isinstance(self.value, tuple):
            return self.value
        if self.how == "+=":
            return tuple(dict.fromkeys((*current, *self.value)))
        for item in self.value:
            if item not in current:
                raise UsageError(
                    f"{word_of(self.field)} has no {item!r}",
                    hint=f"The current value is {value_text(list(current))}",
                )
        return tuple(item for item in current if item not in self.value)


@dataclass(frozen=True, slots=True)
class RecordChange:
    """A record before and after a change, and the user's own tags.

    Attributes:
        kept: Fields that differ from what the model was identified as, because somebody set them.
    """

    before: ModelConfigBase
    after: ModelConfigBase
    tags_before: tuple[str, ...] = ()
    tags_after: tuple[str, ...] = ()
    kept: tuple[str, ...] = ()

    @property
    def key(self) -> str:
        """Key of the record."""
        return self.after.key

    def to_json(self) -> dict[str, Any]:
        """Return the record as it is now."""
        return self.after.to_json()

    def changed(self) -> dict[str, tuple[Any, Any]]:
        """Return old and new value of each field that differs, in the words of people."""
        old = {**self.before.to_json(), _TAGS: list(self.tags_before)}
        new = {**self.after.to_json(), _TAGS: list(self.tags_after)}
        return {
            word_of(name): (old.get(name), new.get(name))
            for name in dict.fromkeys((*new, *old))
            if name not in _NOT_SHOWN and (old.get(name) or None) != (new.get(name) or None)
        }

    def __str__(self) -> str:
        changes = [
            f"{word} {value_text(old)} -> {value_text(new)}"
            for word, (old, new) in self.changed().items()
        ]
        if self.kept:
            words = ", ".join(map(word_of, self.kept))
            changes = [*(changes or ["unchanged"]), f"kept as you set it: {words}"]
        if len(changes) > 1:
            return "\n  ".join([f"{self.after.name}:", *changes])
        return f"{self.after.name}: {''.join(changes) or 'unchanged'}"


def read_changes(words: Iterable[str]) -> list[FieldChange]:
    """Read ``FIELD=VALUE``, ``FIELD+=ITEM`` and ``FIELD-=ITEM``; an empty value clears a field.

    A list is given item by item (``triggers="a, b" triggers="c"``) or as a JSON array.

    Raises:
        UsageError: one is not of that form, or names what cannot be edited.
    """
    found: dict[tuple[str, str], FieldChange] = {}
    for change in map(_read_change, words):
        place = change.field, change.how
        if place in found and change.field not in _LISTS:
            raise UsageError(f"{word_of(change.field)} is given twice", hint="Give it once.")
        found[place] = change.after(found.get(place))
    return list(found.values())


def edit(
    manager: ModelManager,
    name: str,
    changes: Sequence[FieldChange],
    seen: frozenset[str] | None = None,
) -> RecordChange:
    """Change fields of a record, and the user's own tags.

    The format follows a new type, so that the two fit.

    Args:
        manager: Of the library.
        name: What a person calls the model.
        changes: What changes.
        seen: Change fields only while the record is of one of these versions; see
            ``record_version``. Tags are stored beside it.

    Raises:
        UsageError: the model has no such field, or a value makes no sense.
        UnknownModelException: there is no such model.
        StaleRecordError: it is of no version in ``seen``.
        InvalidModelConfigException: a value does not fit.
    """
    before = manager.find(name)
    tags = tuple(sorted(manager.metadata.tags(before.key).hand))
    changed = _applied(changes, before, tags)
    refuse_unstorable(changed)
    fields = {field: value for field, value in changed.items() if field != _TAGS}
    after: ModelConfigBase = before
    if fields:  # before the tags, which cannot be refused
        after = manager.installer.edit(before.key, fields, seen=seen)
    if _TAGS in changed:
        manager.metadata.set_tags(before.key, changed[_TAGS] or ())
    return RecordChange(before, after, tags, tuple(sorted(manager.metadata.tags(before.key).hand)))


def planned(manager: ModelManager, name: str, changes: Sequence[FieldChange]) -> RecordChange:
    """Return what ``edit`` would do; nothing is changed.

    Raises:
        UsageError: the model has no such field, or a value makes no sense.
        UnknownModelException: there is no such model.
        InvalidModelConfigException: a value does not fit.
    """
    before = manager.find(name)
    tags = tuple(sorted(manager.metadata.tags(before.key).hand))
    changed = _applied(changes, before, tags)
    new_tags = tuple(sorted(changed.pop(_TAGS, tags) or ()))
    after: ModelConfigBase = before
    if changed:
        after = ModelConfigFactory.make_config({**dict(before), **changed})
    return RecordChange(before, after, tags, new_tags)


def _applied(
    changes: Sequence[FieldChange], before: ModelConfigBase, tags: tuple[str, ...]
) -> dict[str, Any]:
    """Return the new values of the fields that changes name, and of those that go with them."""
    changed: dict[str, Any] = {c.field: c.value for c in changes if c.field in _KINDS}
    if "type" in changed and "format" not in changed:
        changed["format"] = format_for(changed["type"], before)
    known = ModelConfigFactory.class_for({**dict(before), **changed}).model_fields
    values: dict[str, Any] = {**dict(before), _TAGS: tags}
    for change in changes:
        if change.field not in {*known, _TAGS}:
            fields = [word for word in WORDS if _FIELD_OF.get(word, word) in {*known, _TAGS}]
            raise UsageError(
                f"{before.name} has no field {word_of(change.field)!r}",
                hint=f"Its fields are: {', '.join(fields)}",
            )
        value = change.applied(values.get(change.field) or ())
        if value is None and change.field != _TAGS:
            value = known[change.field].default
        values[change.field] = changed[change.field] = value
    if len(changed.get(_PHRASES, ())) > limits.PHRASES:
        raise UsageError(
            f"A model has at most {limits.PHRASES:,} trigger phrases", hint="Remove some."
        )
    return changed


def _read_change(word: str) -> FieldChange:
    found = _CHANGE.fullmatch(word)
    if found is None or not found[1]:
        raise UsageError(f"{word!r} is not FIELD=VALUE", hint=_FOR_EXAMPLE)
    field = _FIELD_OF.get(found[1], found[1])
    how: Any = found[2]
    if field not in _EDITABLE:
        raise UsageError(
            f"{found[1]!r} cannot be edited", hint=f"Fields that can: {', '.join(WORDS)}"
        )
    text = found[3]
    if field in _LISTS:
        return FieldChange(field, how, _items(field, text) if text.strip() else None)
    if how != "=":
        lists = ", ".join(sorted(map(word_of, _LISTS)))
        raise UsageError(f"{field} is no list", hint=f"{how} is for lists: {lists}")
    if not text.strip() and field in _NEEDED:
        raise UsageError(f"{field} cannot be empty", hint=_FOR_EXAMPLE)
    if field == "type":
        text = type_from_words(text) or text
    if field == "base":
        text = base_from_words(text) or text
    return FieldChange(field, how, text or None)


def _items(field: str, text: str) -> tuple[str, ...]:
    """Return the items of a list: of a JSON array, or the text as one, whatever it holds."""
    items: Any = [text]
    if text.lstrip().startswith("["):
        try:
            items = json.loads(text)
        except ValueError as error:
            if text.lstrip().startswith('["'):
                raise UsageError(
                    f"{word_of(field)} is not valid JSON: {error}",
                    hint=f'For example: {word_of(field)}=\'["one", "two"]\'',
                ) from error
    if not isinstance(items, list) or not all(isinstance(item, str) for item in items):
        raise UsageError(
            f"{word_of(field)} takes texts only",
            hint=f'For example: {word_of(field)}=\'["one", "two"]\'',
        )
    if field in _SIMPLE_LISTS:
        items = [part.strip() for item in items for part in item.split(",")]
    for item in items:
        if len(item) > limits.PHRASE_CHARACTERS:
            raise UsageError(
                f"An item of {word_of(field)} has {len(item):,} characters;"
                f" at most {limits.PHRASE_CHARACTERS:,} are kept",
                hint="Shorten it or split it into several.",
            )
    return tuple(dict.fromkeys(item for item in items if item.strip()))


def word_of(field: str) -> str:
    """Return what people call a field of records."""
    return _WORD_OF.get(field, field)


def value_text(value: object) -> str:
    """Return a value of a field as people are shown it."""
    return json.dumps(value, ensure_ascii=False) if value not in (None, [], "") else "(none)"
