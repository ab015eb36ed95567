"""One action on many models: what it would do to each, and what it did."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal, get_args

import msgspec

from modelkeep.app.edit import FieldChange, edit, planned
from modelkeep.app.outcomes import error_json
from modelkeep.errors import ModelKeepError, UsageError

if TYPE_CHECKING:
    from modelkeep.app.edit import RecordChange
    from modelkeep.app.manager import ModelManager
    from modelkeep.app.remove import RemovalMode

BulkAction = Literal["tag", "untag", "retype", "reidentify", "enrich", "remove"]
ACTIONS: tuple[str, ...] = get_args(BulkAction)
#: What each action takes.
_TAKES: Mapping[str, frozenset[str]] = {
    "tag": frozenset({"tags"}),
    "untag": frozenset({"tags"}),
    "retype": frozenset({"type", "base", "format", "variant"}),
    "reidentify": frozenset({"reset"}),
    "enrich": frozenset({"again", "yes"}),
    "remove": frozenset({"keep_files", "everywhere", "now"}),
}
_KINDS = ("type", "base", "format", "variant")


class _Keyed(msgspec.Struct):
    """What is read of a record that a search finds."""

    key: str


@dataclass(frozen=True)
class BulkRequest:
    """What to do with which models.

    Attributes:
        keys: Of the models.
        action: One of ``ACTIONS``.
        tags: Of ``tag`` and ``untag``.
        type, base, format, variant: Of ``retype``: what to set; the format follows the type.
        reset: Of ``reidentify``: also reset what people set.
        again, yes: Of ``enrich``: ask also about what was asked lately; send hashes also to sites
            that nobody has allowed to receive them.
        keep_files, everywhere, now: Of ``remove``; as of ``RemovalMode``.
    """

    keys: Sequence[str]
    action: str
    tags: Sequence[str] = ()
    type: str | None = None
    base: str | None = None
    format: str | None = None
    variant: str | None = None
    reset: bool = False
    again: bool = False
    yes: bool = False
    keep_files: bool = False
    everywhere: bool = False
    now: bool = False

    def __post_init__(self) -> None:
        if self.action not in _TAKES:
            raise UsageError(
                f"Unknown action {self.action!r}", hint=f"Actions are: {', '.join(ACTIONS)}"
            )
        others = frozenset().union(*_TAKES.values()) - _TAKES[self.action]
        if wrong := sorted(name for name in others if getattr(self, name)):
            raise UsageError(
                f"{self.action} takes no {' and no '.join(wrong)}",
                hint=f"It takes: {', '.join(sorted(_TAKES[self.action]))}",
            )
        if self.action in {"tag", "untag"} and not self.tags:
            raise UsageError(f"{self.action} needs tags", hint='For example: "tags": ["favourite"]')
        if not all(tag.strip() for tag in self.tags):
            raise UsageError("A tag cannot be empty", hint="Leave out the empty ones.")
        if self.action == "retype" and not self._kinds():
            raise UsageError("retype needs a type or a base", hint='For example: "base": "sdxl"')
        self.mode()

    def mode(self) -> RemovalMode:
        """Return how models are removed.

        Raises:
            UsageError: the parts do not fit each other.
        """
        from modelkeep.app.remove import RemovalMode

        return RemovalMode(self.keep_files, self.everywhere, self.now)

    def changes(self, own_tags: Iterable[str]) -> list[FieldChange]:
        """Return what changes in a record whose user's own tags are these."""
        if self.action == "tag":
            return [FieldChange("tags", "+=", tuple(self.tags))]
        if self.action == "untag":
            there = tuple(tag for tag in self.tags if tag in set(own_tags))
            return [FieldChange("tags", "-=", there)] if there else []
        return [FieldChange(name, "=", value) for name, value in self._kinds().items()]

    def _kinds(self) -> dict[str, str]:
        given = {name: getattr(self, name) for name in _KINDS}
        return {name: value for name, value in given.items() if value}


@dataclass(frozen=True, slots=True)
class BulkEntry:
    """What became of one model, or would.

    Attributes:
        status: ``planned``, ``done``, ``unchanged`` or ``failed``; of ``enrich`` its own words.
        facts: More, by kind of action: ``changes`` holds old and new value of each field that
            changes; of ``reidentify`` also ``evidence``, why they do, and ``kept``, the fields that
            somebody set, each with that value and the one that the rules find.
        error: What went wrong.
    """

    key: str
    name: str | None
    status: str
    facts: Mapping[str, Any] = field(default_factory=dict)
    error: ModelKeepError | None = None

    def to_json(self) -> dict[str, Any]:
        """Return it as plain values."""
        error = error_json(self.error) if self.error is not None else None
        return {
            **self.facts,
            "key": self.key,
            "name": self.name,
            "status": self.status,
            "error": error,
        }


def keys_of(manager: ModelManager, parameters: Iterable[tuple[str, str]] | str) -> list[str]:
    """Return the keys of all models that a search finds.

    Args:
        manager: Of the library.
        parameters: Of the search, as in its address.

    Raises:
        UsageError: a parameter does not exist, or is of pages.
    """
    from modelkeep.app.query import ModelQuery

    query = ModelQuery.from_parameters(parameters)
    if query.limit is not None or query.after is not None or query.sort is not None:
        raise UsageError(
            "A filter of many models takes no limit, after or sort",
            hint="It is about all models that fit.",
        )
    if query.partner:
        from modelkeep.app import companions

        return companions.keys(manager, query)
    each = manager.records.each_json(query.where)
    return [msgspec.json.decode(record, type=_Keyed).key for record in each]


def entries(
    manager: ModelManager, request: BulkRequest, *, is_dry: bool = False
) -> Iterable[BulkEntry]:
    """Do what is asked for with one model after the other, and give what became of each.

    Args:
        manager: Of the library.
        request: What to do.
        is_dry: Change nothing; give what would be done.
    """
    if request.action == "enrich":
        yield from _planned_questions(manager, request) if is_dry else _enrich(manager, request)
        return
    act = {"reidentify": _reidentify, "remove": _remove}.get(request.action, _edit)
    for key in request.keys:
        try:
            yield act(manager, request, key, is_dry=is_dry)
        except ModelKeepError as error:
            yield BulkEntry(key, _name(manager, key), "failed", error=error)


def _edit(manager: ModelManager, request: BulkRequest, key: str, *, is_dry: bool) -> BulkEntry:
    record = manager.records.get_model(key)
    changes = request.changes(manager.metadata.tags(key).hand)
    act = planned if is_dry else edit
    return _changed(act(manager, record.key, changes), is_dry=is_dry)


def _reidentify(
    manager: ModelManager, request: BulkRequest, key: str, *, is_dry: bool
) -> BulkEntry:
    from modelkeep.app.model import reidentify

    key = manager.records.get_model(key).key
    change = reidentify(manager, key, reset=request.reset, is_dry=is_dry)
    entry = _changed(change, is_dry=is_dry)
    found, now = change.after.identified or {}, change.after.to_json()
    kept = {name: [now.get(name), found.get(name)] for name in change.kept}
    why = [asdict(reason) for reason in change.after.evidence] if entry.facts["changes"] else []
    return replace(entry, facts={**entry.facts, "kept": kept, "evidence": why})


def _remove(manager: ModelManager, request: BulkRequest, key: str, *, is_dry: bool) -> BulkEntry:
    from modelkeep.app.remove import Removable, preview, remove

    model = Removable(manager.records.get_model(key))
    act = preview if is_dry else remove
    facts = act(manager, model, request.mode()).to_json()
    return BulkEntry(key, model.name, "planned" if is_dry else "done", facts)


def _enrich(manager: ModelManager, request: BulkRequest) -> Iterable[BulkEntry]:
    from modelkeep.app.enrich import plan

    known = []
    for key in request.keys:
        if manager.records.exists(key):
            known.append(key)
        else:
            yield _unknown(manager, key)
    planned_ = plan(manager, known, without=(), again=request.again)
    with closing(manager.enricher.run(planned_, lambda _: request.yes)) as outcomes:
        for one in outcomes:
            facts = one.to_json()
            yield BulkEntry(one.key, one.name, facts.pop("status"), facts)


def _planned_questions(manager: ModelManager, request: BulkRequest) -> Iterable[BulkEntry]:
    """Give what would be asked about; what sites would say nobody knows before."""
    from modelkeep.app.enrich import plan

    known = [key for key in request.keys if manager.records.exists(key)]
    planned_ = plan(manager, known, without=(), again=request.again)
    sites = [question.to_json() for question in planned_.questions]
    settled = {one.key: one.to_json() for one in planned_.settled}
    for key in request.keys:
        if (name := _name(manager, key)) is None:
            yield _unknown(manager, key)
        elif (facts := settled.get(key)) is not None:
            yield BulkEntry(key, name, facts.pop("status"), facts)
        else:
            yield BulkEntry(key, name, "planned", {"sites": sites})


def _unknown(manager: ModelManager, key: str) -> BulkEntry:
    try:
        return BulkEntry(key, manager.records.get_model(key).name, "unchanged")
    except ModelKeepError as error:
        return BulkEntry(key, None, "failed", error=error)


def _name(manager: ModelManager, key: str) -> str | None:
    try:
        return manager.records.get_model(key).name
    except ModelKeepError:
        return None


def _changed(change: RecordChange, *, is_dry: bool) -> BulkEntry:
    before, after = _seen(change, is_after=False), _seen(change, is_after=True)
    changed = {
        name: [before.get(name), value]
        for name, value in after.items()
        if before.get(name) != value
    }
    status = "unchanged" if not changed else "planned" if is_dry else "done"
    return BulkEntry(change.key, change.after.name, status, {"changes": changed})


def _seen(change: RecordChange, *, is_after: bool) -> dict[str, Any]:
    record = change.after if is_after else change.before
    tags = change.tags_after if is_after else change.tags_before
    facts = record.to_json()
    for unseen in ("evidence", "identified", "training"):
        facts.pop(unseen, None)
    return {**facts, "tags": list(tags)}
