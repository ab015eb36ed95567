"""``Resolver``: from what a caller asks for to what is loaded, remembered while nothing changes."""

from __future__ import annotations

import hashlib
import json
import os
import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from modelkeep.core.configs import ModelConfigBase
from modelkeep.core.names import shown
from modelkeep.errors import CorruptModelError, SourceError, UnreadableSourceError
from modelkeep.library.library import Library
from modelkeep.load.changes import Contents, check_files, check_presence
from modelkeep.load.model_cache import PartKey
from modelkeep.load.plan import LoadPlan
from modelkeep.load.planner import PlannedPart, Planner
from modelkeep.load.ports import Device
from modelkeep.load.precision import Precision, precision_for

#: Requests that are remembered.
_REMEMBERED = 1024


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a caller asks for.

    Attributes:
        key: Of the record.
        part: Name of the part; empty for a model that is one thing.
        device: ``auto``, ``cpu``, ``cuda:1`` ...
        precision: ``auto``, or the name of one.
        replaced: Names of parts, and keys of the models that stand in for them.
        accepts_changed: Files that changed are taken for right.
    """

    key: str
    part: str
    device: str
    precision: str
    replaced: tuple[tuple[str, str], ...] = ()
    accepts_changed: bool = False


@dataclass(frozen=True, slots=True)
class Resolved:
    """What will be loaded.

    Attributes:
        record: The model that was asked for.
        part: Name of the part that was asked for; empty for a model that is one thing.
        planned: The part, of whichever model it is.
        contents: What it is made of.
        key: Of the part in the cache, on its device.
        bytes: Memory that it will take.
    """

    record: ModelConfigBase
    part: str
    planned: PlannedPart
    contents: Contents
    device: Device
    precision: Precision
    key: PartKey
    bytes: int

    @property
    def name(self) -> str:
        """What messages call it."""
        return f"{self.part} of {self.record.name}" if self.part else self.record.name


class Resolver:
    """Finds the plan, the contents and the key of what callers ask for.

    While neither the catalogue nor the files change, asking again costs one question to the
    catalogue and one ``stat`` of each file.

    Args:
        library: Where the models are recorded.
        planner: Plans parts.
        device: Returns a device by its name.
    """

    def __init__(self, library: Library, planner: Planner, device: Callable[[str], Device]) -> None:
        self._library = library
        self._planner = planner
        self._device = device
        self._lock = threading.Lock()
        self._known: dict[Wanted, tuple[int, Resolved]] = {}

    def parts(self, key: str) -> tuple[str, ...]:
        """Return the names of the parts of a model; none where it is one thing.

        Raises:
            UnknownModelException: there is no such record.
            ModelNotFoundException: its files are not there.
            InvalidModelException: it cannot be loaded.
        """
        record = self._library.records.get_model(key)
        try:
            return self._planner.parts(record)
        except (CorruptModelError, SourceError):
            check_presence(self._library, record)
            raise

    def resolve(self, wanted: Wanted) -> Resolved:
        """Return what will be loaded.

        Raises:
            UnknownModelException: there is no such record.
            ModelNotFoundException: its files are not there.
            ChangedModelError: its files are not those that were recorded.
            InvalidModelException: it cannot be loaded, or has no such part.
            UnreadableSourceError: this user may not read its files.
            DeviceError: there is no such device.
        """
        counter = self._library.records.change_counter()
        asked = replace(wanted, accepts_changed=False) if wanted.accepts_changed else wanted
        known = self._known.get(asked)
        if known is not None and known[0] == counter and known[1].contents.is_current():
            return known[1]
        resolved = self._resolve(wanted)
        with self._lock:
            self._known.pop(asked, None)
            self._known[asked] = (counter, resolved)
            if len(self._known) > _REMEMBERED:
                del self._known[next(iter(self._known))]
        return resolved

    def _resolve(self, wanted: Wanted) -> Resolved:
        record = self._library.records.get_model(wanted.key)
        device = self._device(wanted.device)
        try:
            planned = self._planner.plan(record, wanted.part, dict(wanted.replaced))
        except (CorruptModelError, SourceError):
            check_presence(self._library, record)
            raise
        except PermissionError as error:
            raise _unreadable(record, error) from error
        plan = planned.plan
        precision = precision_for(
            wanted.precision, device.name, plan.stored, planned.record.base, plan.part
        )
        contents = check_files(
            self._library, planned.record, plan.files, accept=wanted.accepts_changed
        )
        key = PartKey(
            _digest(contents, plan), plan.part, precision.value if plan.tensors else "", device.name
        )
        size = plan.bytes_in(precision)
        return Resolved(record, wanted.part, planned, contents, device, precision, key, size)


def _unreadable(record: ModelConfigBase, error: PermissionError) -> UnreadableSourceError:
    """Return the error for a folder of a model whose files this user may not see."""
    place = Path(error.filename or record.path)
    closed = (folder for folder in reversed(place.parents) if not os.access(folder, os.X_OK))
    folder = shown(next(closed, place))
    return UnreadableSourceError(
        f"{record.name} cannot be loaded: {folder} cannot be read by this user",
        hint=f"Grant read access, for example: chmod u+rx {folder}",
    )


def _digest(contents: Contents, plan: LoadPlan) -> str:
    """Return the hash of all that a part is made of: files, class, config."""
    recipe = [
        contents.hash, plan.library, plan.class_name, plan.strip, plan.conversion,
        dict(plan.config), dict(plan.details),
    ]  # fmt: skip
    return hashlib.sha256(json.dumps(recipe, sort_keys=True, default=str).encode()).hexdigest()
