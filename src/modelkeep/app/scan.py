"""Scanning folders and syncing roots, and the report of both."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from modelkeep.app.text import Table, one_line
from modelkeep.core.commands import command
from modelkeep.core.names import counted, shown, size_text, text_to_path
from modelkeep.core.taxonomy import RecordState, type_label
from modelkeep.errors import UsageError
from modelkeep.identification.known_families import base_label
from modelkeep.records.listing import RecordFilter
from modelkeep.scan.report import ScanFinding, ScanStatus, ScanSummary
from modelkeep.scan.scanner import ScanAction

if TYPE_CHECKING:
    from modelkeep.app.manager import ModelManager
    from modelkeep.library.destination import LinkMode
    from modelkeep.scan.scanner import Scan
    from modelkeep.scan.sync import Sync

#: Sidecars that could not be read and the like, of which there may be many.
_FEW_REMARKS = 3
#: Findings of one kind that are listed for people.
_LISTED = 20
_SHOWN = (
    ScanStatus.UNKNOWN,
    ScanStatus.ERROR,
    ScanStatus.POSSIBLE,
    ScanStatus.CHANGED,
    ScanStatus.MISSING,
    ScanStatus.OFFLINE,
    ScanStatus.HELD,
)
_SCANNED = (
    (ScanStatus.FOUND, "not in the library"),
    (ScanStatus.REGISTERED, "registered"),
    (ScanStatus.INSTALLED, "installed"),
    (ScanStatus.KNOWN, "already in the library"),
    (ScanStatus.UNKNOWN, "unknown"),
    (ScanStatus.ERROR, "with an error"),
)
_SYNCED = (
    (ScanStatus.REGISTERED, "registered"),
    (ScanStatus.MOVED, "moved"),
    (ScanStatus.PRESENT, "back"),
    (ScanStatus.MISSING, "missing now"),
    (ScanStatus.CHANGED, "changed"),
    (ScanStatus.UNKNOWN, "unknown"),
    (ScanStatus.ERROR, "with an error"),
)
#: Reasons for skipping that are no words to count with, as one and as many.
_SKIPPED = {
    "not a weight file": ("file without weights", "files without weights"),
    "a pipe": ("pipe", "pipes"),
    "a socket": ("socket", "sockets"),
    "a device": ("device", "devices"),
    "another name of a file": ("second name of a file", "second names of files"),
    "link to a scanned folder": ("link to a scanned folder", "links to scanned folders"),
    "link to nothing": ("link to nothing", "links to nothing"),
    "folder seen already": ("folder seen already", "folders seen already"),
    "removed from the library": ("removed from the library",) * 2,
}
_MARKED = {
    RecordState.MISSING: ScanStatus.MISSING,
    RecordState.CHANGED: ScanStatus.CHANGED,
}
#: Gets the numbers so far, often.
Watcher = Callable[[ScanSummary], None]


@dataclass(frozen=True, slots=True)
class ScanRequest:
    """What to scan, and what to do with what is found.

    Attributes:
        what: A folder, a file, or the name of a root; all roots when None.
        register: Register the models where they are.
        install: Copy the models into the library.
        link: With ``install``, how files get there.
        layout: Whose folder it is; recognised when None.
        only: Paths of the models in the folder that are wanted; all of them when None.
    """

    what: str | None = None
    register: bool = False
    install: bool = False
    link: LinkMode | None = None
    layout: str | None = None
    only: tuple[str, ...] | None = None

    def __post_init__(self) -> None:
        if self.register and self.install:
            raise UsageError(
                "--register and --install cannot be used together", hint="Choose one of them."
            )
        if self.link is not None and not self.install:
            raise UsageError("--link needs --install", hint="Add --install or drop --link.")

    @property
    def action(self) -> ScanAction:
        """What is done with what is found."""
        if self.install:
            return ScanAction.INSTALL
        return ScanAction.REGISTER if self.register else ScanAction.REPORT


@dataclass(slots=True)
class ScanReport:
    """The report of a scan.

    Attributes:
        listed: The first findings of each kind that people have to look at.
    """

    listed: dict[ScanStatus, list[ScanFinding]] = field(
        default_factory=lambda: {status: [] for status in _SHOWN}
    )

    def add(self, finding: ScanFinding) -> None:
        """Take a finding in."""
        kept = self.listed.get(finding.status)
        if kept is not None and len(kept) < _LISTED:
            kept.append(finding)

    def lines(self, summary: ScanSummary) -> Iterator[str]:
        """Give what people have to look at, and what was skipped and why."""
        for status, findings in self.listed.items():
            for finding in findings:
                yield f"{status}: {shown(finding.path)}"
                yield f"  {one_line(_without_path(finding))}"
                if finding.hint:
                    yield f"  {one_line(finding.hint)}"
            if (more := summary.statuses[status] - len(findings)) > 0:
                yield f"{status}: {more:,} more; --json lists all"
        if skipped := Counter(summary.skipped).most_common():
            yield f"Skipped: {', '.join(_skipped(count, reason) for reason, count in skipped)}"


def scan(manager: ModelManager, request: ScanRequest, watch: Watcher) -> Scan:
    """Return a scan, to go through."""
    return manager.installer.scanner.scan(
        request.what,
        layout=request.layout,
        action=request.action,
        link=request.link,
        watch=watch,
        only=None if request.only is None else [text_to_path(each) for each in request.only],
    )


def sync(
    manager: ModelManager,
    confirm: Callable[[str], bool],
    watch: Watcher,
    *,
    again: bool = False,
    accept: bool = False,
) -> Sync:
    """Return a sync of all roots, to go through.

    Args:
        manager: Of the library.
        confirm: Confirms marking so many models as missing.
        watch: Gets the numbers so far.
        again: Tell also what an earlier sync has told.
        accept: Accept the problems of files that are not models of the library.
    """
    return manager.installer.scanner.sync(confirm=confirm, watch=watch, again=again, accept=accept)


def sync_notes(manager: ModelManager, summary: ScanSummary) -> Iterator[str]:
    """Give what is as an earlier sync has told it, and how to see it."""
    for state, status in _MARKED.items():
        count = manager.records.count(RecordFilter(states=(state.value,)))
        if (still := count - summary.statuses[status]) > 0:
            listed = command("list", "--state", state.value)
            verb = "is" if still == 1 else "are"
            yield f"{counted(still, 'model')} {verb} still {state}. List them with: {listed}"
    if summary.accepted:
        yield f"Accepted {counted(summary.accepted, 'problem')}."
    elif summary.known:
        verb = "is" if summary.known == 1 else "are"
        yield (
            f"{counted(summary.known, 'known problem')} {verb} not listed again. List them with:"
            f" {command('sync', '--all')}. Accept them with: {command('sync', '--accept')}"
        )


def progress_text(summary: ScanSummary) -> str:
    """Return how far a scan is, in one line."""
    return (
        f"{summary.files:,} files in {summary.folders:,} folders, {summary.candidates:,} models"
        f" looked at, {summary.headers:,} of them read"
    )


def kinds_table(summary: ScanSummary) -> Table:
    """Return the models by type and base as a table."""
    kinds = sorted(summary.kinds.items(), key=lambda item: (item[0][0], item[0][1]))
    rows = [(type_label(t), base_label(b), f"{count:,}") for (t, b), count in kinds]
    return Table.of(("TYPE", "BASE", "MODELS"), rows)


def scanned_text(summary: ScanSummary) -> str:
    """Return what became of all candidates of a scan."""
    text = f"{counted(summary.files, 'file')}: {_counts(summary, _SCANNED) or 'no models'}"
    size = f"\nThe new models take {size_text(summary.bytes)}." if summary.bytes else ""
    return text + size


def synced_text(summary: ScanSummary) -> str:
    """Return what a sync changed."""
    return f"{counted(summary.files, 'file')}: {_counts(summary, _SYNCED) or 'nothing changed'}"


def summary_notes(summary: ScanSummary, *, verbose: bool) -> Iterator[str]:
    """Give what could not be taken into account: the first few, all of them with ``verbose``."""
    few = summary.warnings if verbose else summary.warnings[:_FEW_REMARKS]
    yield from few
    if (more := len(summary.warnings) - len(few)) > 0:
        yield f"{more:,} more; show them with -v."


def kept_text(request: ScanRequest, summary: ScanSummary) -> str:
    """Return what an interrupted scan has done and keeps; empty when it did nothing."""
    done = summary.stored + summary.statuses[ScanStatus.INSTALLED]
    return f"; {counted(done, 'model')} {request.action}ed" if done else ""


def next_steps(request: ScanRequest, summary: ScanSummary) -> list[str]:
    """Return what to type next."""
    if request.action is not ScanAction.REPORT or not summary.statuses[ScanStatus.FOUND]:
        return []
    name = [request.what] if request.what else []
    return [
        f"Register them where they are: {command('scan', *name, '--register')}",
        f"Copy them into the library: {command('scan', *name, '--install')}",
    ]


def again(request: ScanRequest) -> str:
    """Return the command that continues an interrupted scan."""
    words = [request.what] if request.what else []
    words += [] if request.action is ScanAction.REPORT else [f"--{request.action}"]
    words += ["--link", request.link.value] if request.link else []
    words += ["--layout", request.layout] if request.layout else []
    return command("scan", *words)


def _counts(summary: ScanSummary, words: tuple[tuple[ScanStatus, str], ...]) -> str:
    return ", ".join(f"{n:,} {word}" for status, word in words if (n := summary.statuses[status]))


def _skipped(count: int, reason: str) -> str:
    one, many = _SKIPPED.get(reason, (reason, f"{reason}s"))
    return f"{count:,} {one if count == 1 else many}"


def _without_path(finding: ScanFinding) -> str:
    for path in (shown(finding.path), str(finding.path)):
        if finding.error.startswith(f"{path} "):
            return finding.error.removeprefix(f"{path} ")
    return finding.error
