"""Prepare: free space, then collect the files of a plan in staging and verify them."""

from __future__ import annotations

import logging
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from modelkeep.core import limits
from modelkeep.core.hashing import Progress, only_stopping
from modelkeep.core.names import safe_name, shown
from modelkeep.disk import paths
from modelkeep.errors import NoSpaceError, SourceChangedError, StorageError
from modelkeep.install.plan import Plan
from modelkeep.library.destination import LinkMode
from modelkeep.library.freed import freed_bytes
from modelkeep.library.inventory import SourceFile, list_files
from modelkeep.library.library import Library
from modelkeep.library.removal import purge

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Staged:
    """A model assembled in its staging folder.

    Attributes:
        blake3: Full hash of each file by its name in the model, where its bytes were read.
    """

    top: Path
    blake3: dict[str, str]


def stage(
    plan: Plan,
    folder: Path,
    progress: Progress,
    *,
    verify: bool,
    only: Collection[str] | None = None,
) -> Staged:
    """Put the files of ``plan`` together in ``folder``, synced and verified.

    Args:
        plan: What to install; its files are here, and it is not in place.
        folder: Staging folder of this install; made here.
        progress: Told of every piece; may raise to stop.
        verify: Read every copy back and compare.
        only: Names of the files that are needed; all of them when None.

    Raises:
        StorageError: the disk refused, or cannot do the way of linking that was asked for.
        SourceChangedError: the source is not what was planned with.
    """
    paths.make_own_folder(folder.parent)
    # The name of the folder around a file can be a hint to what it is: it is kept.
    _, target = plan.require_known()
    around = plan.path.parent.name if plan.path is not None else ""
    inner = folder / safe_name(around)
    paths.make_folder(inner)
    top = inner / target.name
    hashes: dict[str, str] = {}
    check_unchanged(plan)
    stager = _Stager(plan.link or LinkMode.Copy, progress, verify=verify)
    if plan.is_folder:
        paths.make_folder(top)
    for file in plan.files:
        if only is not None and file.name not in only:
            continue
        place = top / file.name if file.name else top
        paths.make_folder(place.parent)
        digest = stager.put(file, place)
        if digest:
            hashes[file.name] = digest
    check_unchanged(plan)
    paths.sync_folders(folder)
    return Staged(top, hashes)


def make_room(library: Library, needed: int, top: Path) -> None:
    """Empty the trash, the oldest first, until ``needed`` bytes are free for a copy.

    Args:
        library: Whose trash it is.
        needed: Bytes of the copy.
        top: Where it goes; only the trash of ``models_dir`` is emptied, and only for itself.

    Raises:
        NoSpaceError: that was not enough.
    """
    if not needed:
        return
    wanted = needed + limits.SPACE_RESERVE_BYTES
    trash_dir = library.settings.trash_dir
    is_ours = top == library.settings.models_dir
    entries = [
        entry for entry in library.trash.entries() if is_ours and entry.folder.parent == trash_dir
    ]
    free = paths.free_space(top)
    all_of_it = freed_bytes(path for entry in entries for path in entry.waiting)
    if free + all_of_it >= wanted:  # else it would go for nothing
        for entry in entries:
            if free >= wanted:
                break
            if not entry.frees:
                continue
            _log.warning("Deleted %s from the trash to free space", entry.name)
            purge(library, entry)
            free = paths.free_space(top)
    if free < wanted:
        raise NoSpaceError(
            f"{needed:,} bytes are needed on the disk of {shown(top)}; "
            f"{free:,} are free and {limits.SPACE_RESERVE_BYTES:,} stay in reserve",
            hint="Free some space or use --link hardlink or --inplace.",
        )


class _Stager:
    """Brings files over one way; remembers what the file system cannot do."""

    def __init__(self, link: LinkMode, progress: Progress, *, verify: bool) -> None:
        self._link = link
        self._progress = progress
        self._verify = verify
        self._may_share = link is not LinkMode.Hardlink

    def put(self, file: SourceFile, target: Path) -> str | None:
        """Bring one file over; return its BLAKE3 when its bytes passed through here."""
        if self._link in {LinkMode.Hardlink, LinkMode.Move}:
            if paths.hardlink_file(file.path, target):
                self._progress(file.size)
                return None
            if self._link is LinkMode.Hardlink:
                raise _cannot(self._link, file, target)
        if self._may_share:
            if paths.reflink_file(file.path, target):
                self._progress(file.size)
                return None
            self._may_share = False
        if self._link is LinkMode.Reflink:
            raise _cannot(self._link, file, target)
        digest = paths.copy_file(file.path, target, self._progress)
        if self._verify:
            paths.verify_copy(target, digest, only_stopping(self._progress))
        return digest


def check_unchanged(plan: Plan) -> None:
    """Compare the files of a plan with what is there now.

    Raises:
        SourceChangedError: one was changed or removed, or another one came.
    """
    if plan.path is None:
        return
    planned, now = (
        {file.name: file for file in files} for files in (plan.files, list_files(plan.path))
    )
    for name in sorted({*planned, *now}):
        before, after = planned.get(name), now.get(name)
        if before is None or after is None or _stamp(before) != _stamp(after):
            raise SourceChangedError(
                f"{shown(plan.path / name)} changed while it was being installed",
                hint="Wait until the program writing it is done, then try again.",
            )


def _stamp(file: SourceFile) -> tuple[int, int, int]:
    return file.size, file.mtime_ns, file.inode


def _cannot(link: LinkMode, file: SourceFile, target: Path) -> StorageError:
    what = "hard links" if link is LinkMode.Hardlink else "shared blocks"
    return StorageError(
        f"{shown(file.path)} cannot be installed into {shown(target.parent)} by {link}: "
        f"these disks do not support {what}",
        hint="Use --link copy instead.",
    )
