"""What an action on many models would touch, counted before it begins; nothing is changed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from modelkeep.app.bulk import keys_of
from modelkeep.core.roots import MODELS_ROOT
from modelkeep.errors import UnknownModelException

if TYPE_CHECKING:
    from modelkeep.app.manager import ModelManager
    from modelkeep.enrich.report import Question

#: Models that are named.
_NAMED = 8


class _SizedRecord(msgspec.Struct):
    """What is read of a record."""

    key: str
    name: str
    root: str
    path: str
    size: int | None = None


@dataclass(frozen=True, slots=True)
class BulkPlan:
    """Which models an action is about.

    Attributes:
        keys: Of the models that are there.
        named: What the first of them are called.
        size: Bytes of all their files, as far as they are known.
        going: Models whose files go to the trash when they are removed.
        going_size: Bytes of those.
        gone: Models that were asked for and are not there any more.
    """

    keys: tuple[str, ...]
    named: tuple[str, ...]
    size: int
    going: int
    going_size: int
    gone: int = 0

    @property
    def staying(self) -> int:
        """Models of which only the record goes when they are removed."""
        return len(self.keys) - self.going

    def to_json(self) -> dict[str, Any]:
        """Return it as plain values."""
        return asdict(self)


def plan_of_keys(manager: ModelManager, keys: Sequence[str]) -> BulkPlan:
    """Return what an action on these models is about."""
    return _plan(manager, _records(manager, keys), len(keys))


def plan_of_filter(manager: ModelManager, text: str) -> BulkPlan:
    """Return what an action on all models is about that a search finds.

    Args:
        manager: Of the library.
        text: The query string of the search.

    Raises:
        UsageError: a parameter does not exist, or is of pages.
    """
    return plan_of_keys(manager, keys_of(manager, text))


def questions(manager: ModelManager, keys: Sequence[str], *, again: bool) -> list[Question]:
    """Return what sites would be asked about these models; nothing is sent."""
    from modelkeep.app.enrich import plan

    return list(plan(manager, keys, without=(), again=again).questions)


def _records(manager: ModelManager, keys: Iterable[str]) -> Iterator[_SizedRecord]:
    for key in keys:
        try:
            yield msgspec.json.decode(manager.records.get_json(key), type=_SizedRecord)
        except UnknownModelException:
            continue


def _plan(manager: ModelManager, found: Iterable[_SizedRecord], asked: int) -> BulkPlan:
    keys: list[str] = []
    named: list[str] = []
    size = going = going_size = 0
    ours: dict[Path, bool] = {}  # a folder has many models, and each look at one reads the disk
    for model in found:
        keys.append(model.key)
        if len(named) < _NAMED:
            named.append(model.name)
        size += model.size or 0
        if _is_ours(manager, model, ours):
            going += 1
            going_size += model.size or 0
    return BulkPlan(tuple(keys), tuple(named), size, going, going_size, asked - len(keys))


def _is_ours(manager: ModelManager, model: _SizedRecord, known: dict[Path, bool]) -> bool:
    if model.root != MODELS_ROOT:
        return False
    path = manager.settings.models_dir / model.path
    if path.parent not in known:
        known[path.parent] = manager.installer.library.is_ours(path)
    return known[path.parent]
