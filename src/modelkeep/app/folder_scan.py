"""What a scan has found in a folder, for people who choose what becomes of it."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from modelkeep.app import roots
from modelkeep.app.found_places import scannable
from modelkeep.app.job_kinds.scan import ScanDetails
from modelkeep.app.tasks import TaskView, begin_task, one_task
from modelkeep.core.names import path_to_text, text_to_path
from modelkeep.core.taxonomy import ModelType, type_label
from modelkeep.errors import UnknownJobIDException, UsageError
from modelkeep.scan.report import ScanStatus
from modelkeep.sources.layouts.layout import load_layouts, recognise

if TYPE_CHECKING:
    from modelkeep.app.manager import ModelManager

#: Findings that a page lists of each sort.
LISTED = 500
_FOUND, _UNKNOWN, _ERROR = "found", "unknown", "error"
#: What becomes of models that are chosen: in place, or by these ways into the library.
_REGISTER, _FOLLOW = "register", "follow"
_WAYS = ("copy", "move", "hardlink", "reflink")


@dataclass(frozen=True, slots=True)
class FolderScan:
    """A scan that somebody looks at.

    Attributes:
        task: It.
        folder: What was scanned.
        label: Name of the program whose folder it is; empty where it is of none.
        is_over: It has ended.
        found: Models that are not in the library: place in the report and finding.
        unknown, failed: What no rule knows, and what is broken.
        counts: Of each status.
    """

    task: TaskView
    folder: str
    label: str
    is_over: bool
    found: tuple[tuple[int, Mapping[str, Any]], ...]
    unknown: tuple[Mapping[str, Any], ...]
    failed: tuple[Mapping[str, Any], ...]
    counts: Mapping[str, int]

    @property
    def new(self) -> int:
        """How many models are not in the library, also those that are not listed."""
        return self.counts.get(_FOUND, 0)

    def to_json(self) -> dict[str, Any]:
        """Return it as plain values."""
        return {
            "task": self.task.to_json(),
            "folder": self.folder,
            "label": self.label,
            "counts": dict(self.counts),
        }


def begin_scan(manager: ModelManager, text: str) -> int:
    """Begin to look into a folder, and return the number of the task; nothing is changed.

    Args:
        manager: Of the library.
        text: A path.

    Raises:
        SourceNotFoundError: nothing is there that may be scanned.
        TooManyJobsError: so many tasks wait or run that this one is not taken.
    """
    what = path_to_text(scannable(manager, text))
    return begin_task(manager, "scan", ScanDetails(what), what).row.id


def folder_scan(manager: ModelManager, number: int) -> FolderScan:
    """Return a scan of a folder that changes nothing.

    Raises:
        UnknownJobIDException: there is none with this number.
    """
    task = one_task(manager, number)
    asked = json.loads(task.row.details or "{}").get("request") or {}
    what = asked.get("what")
    if task.row.kind != "scan" or not what or asked.get("register") or asked.get("install"):
        raise UnknownJobIDException(f"No scan {number}", hint="Scan the folder again.")
    result = task.to_json()["result"] or {}
    findings = list(enumerate(result.get("findings", ())))
    of = {
        status: [(n, one) for n, one in findings if one["status"] == status][:LISTED]
        for status in (_FOUND, _UNKNOWN, _ERROR)
    }
    layout = recognise(text_to_path(what), load_layouts())
    return FolderScan(
        task,
        what,
        "" if layout.name == "plain" else layout.label,
        task.row.status.is_final,
        tuple(sorted(of[_FOUND], key=lambda pair: _order(pair[1]))),
        tuple(one for _, one in of[_UNKNOWN]),
        tuple(one for _, one in of[_ERROR]),
        {status.value: 0 for status in ScanStatus} | result.get("counts", {}),
    )


def take(
    manager: ModelManager, number: int, chosen: Collection[int] | None, way: str, root: str = ""
) -> int:
    """Begin to register or install what a scan has found; return the number of the task.

    Args:
        manager: Of the library.
        number: Of the scan.
        chosen: Places in its report; all that it found when None.
        way: ``register`` in place, ``follow`` the folder as a root, or ``copy``, ``move``,
            ``hardlink``, ``reflink`` into the library.
        root: With ``follow``, the name of the root.

    Raises:
        UnknownJobIDException: there is no such scan.
        UsageError: nothing is chosen, or it makes no sense.
        SourceNotFoundError: the folder is gone, or may not be scanned any more.
    """
    scan = folder_scan(manager, number)
    folder = scannable(manager, scan.folder)
    if way == _FOLLOW:
        roots.add(manager, root, folder, layout=None, readonly=False)
        return _begin(manager, ScanDetails(root, register=True), root)
    only = None
    if chosen is not None:
        only = [one["path"] for n, one in scan.found if n in chosen]
        if not only:
            raise UsageError("Nothing was chosen", hint="Tick the models that you want.")
    if way == _REGISTER:
        details = ScanDetails(scan.folder, register=True, only=only)
    elif way in _WAYS:
        details = ScanDetails(scan.folder, install=True, link=way, only=only)
    else:
        raise UsageError(f"{way!r} is no way to take models", hint="Load the page again.")
    return _begin(manager, details, scan.folder)


def usual_root_name(manager: ModelManager, scan: FolderScan) -> str:
    """Return a name for the folder of a scan as a root that no root has."""
    word = scan.label or Path(scan.folder).name
    plain = "".join(letter for letter in word.lower() if letter.isascii() and letter.isalnum())
    name, taken = (plain or "models")[:24], {*manager.records.roots.named, "models"}
    if len(name) > 1 and name not in taken:
        return name
    return next(made for n in range(2, 1000) if (made := f"{name}{n}") not in taken)


def _begin(manager: ModelManager, details: ScanDetails, about: str) -> int:
    details.request()  # refuses what makes no sense at once
    return begin_task(manager, "scan", details, about).row.id


def _order(finding: Mapping[str, Any]) -> tuple[str, str]:
    kind = finding.get("type")
    label = type_label(ModelType(kind)) if kind else ""
    return label, str(finding.get("name") or finding["path"]).lower()
