"""Staging: folders of installs that neither the journal nor a job refers to."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

from modelkeep.care.doctor.check import Check
from modelkeep.care.doctor.finding import Finding, Repair
from modelkeep.care.doctor.leftovers import settled_by_its_note
from modelkeep.care.doctor.library_state import LibraryState
from modelkeep.care.doctor.repairs import RepairTools
from modelkeep.care.doctor.tree import ModelsTree
from modelkeep.core.names import shown, size_text
from modelkeep.core.reading import printable
from modelkeep.disk.notes import FOREIGN_STAGING, left_in, remove_work_folder
from modelkeep.errors import JobError
from modelkeep.library.freed import freed_bytes
from modelkeep.library.uploads import Upload, expired_uploads, is_in_use, upload_in
from modelkeep.settings import Settings


def _find(library: LibraryState) -> Iterator[Finding]:
    """Every folder in staging is named by the journal, or by an install that downloads into it."""
    # The folders first: an install writes its folder in the journal before making it.
    folders = [folder for place in _places(library.settings) for folder in _folders_in(place)]
    known = library.work_folders | library.download_folders
    # Without a journal nobody knows whose a folder is, as long as somebody is at work.
    is_unknown = library.state is None and bool(library.living)
    for folder in folders:
        if folder in known:
            continue
        if (upload := upload_in(folder)) is not None:
            yield from _expired(upload, library, is_unknown=is_unknown)
            continue
        note = left_in(folder)
        if note is not None and not is_unknown:
            yield settled_by_its_note(folder, note)
            continue
        yield Finding(
            "staging_leftover",
            printable(folder),
            f"{shown(folder)} is left over from an interrupted install ({_size(folder)})",
            "It holds no model. doctor --fix removes it."
            if not is_unknown
            else "Run doctor again when no other modelkeep is running.",
            repair=None if is_unknown else _remove(folder),
        )


def _expired(upload: Upload, library: LibraryState, *, is_unknown: bool) -> Iterator[Finding]:
    """An upload is gone on with within a day."""
    is_over = upload.expires_at < time.time() and not is_unknown
    if is_over and (library.state is None or not is_in_use(upload, library.state)):
        yield Finding(
            "upload_expired",
            printable(upload.folder),
            f"The upload of {shown(upload.name)} was given up ({_size(upload.folder)})",
            "doctor --fix removes it.",
            repair=_drop(upload),
        )


def _drop(upload: Upload) -> Repair:
    def drop(tools: RepairTools) -> None:
        expired = expired_uploads(upload.folder.parent, tools.library.state)
        if upload.folder not in {each.folder for each in expired}:
            raise JobError("somebody has gone on with it", hint="Run doctor again.")
        upload.remove()

    return drop


def _places(settings: Settings) -> list[Path]:
    roots = settings.named_roots().named.values()
    others = [root.path / FOREIGN_STAGING for root in roots if not root.is_readonly]
    return [settings.staging_dir, *others]


def _folders_in(staging: Path) -> list[Path]:
    is_there = not staging.is_symlink() and staging.is_dir()
    return sorted(staging.iterdir()) if is_there else []


def _size(folder: Path) -> str:
    tree = ModelsTree(folder.parent)
    if folder.is_dir() and not folder.is_symlink():
        tree.enter(folder)
    return f"removing it frees {size_text(freed_bytes(tree.files))}"


def _remove(folder: Path) -> Repair:
    def remove(tools: RepairTools) -> None:
        state = tools.library.state
        named = {place for entry in state.journal.entries() for place in entry.note.places}
        if folder in named | tools.installs.folders_in_use(state):
            raise JobError("an install has started using it", hint="Wait until it ends.")
        remove_work_folder(folder)

    return remove


CHECK = Check("staging", position=70, find=_find)
