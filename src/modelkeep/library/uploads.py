"""Uploads: folders in staging that receive a model's file from another program, piece by piece.

Each has a file that says what is expected and how much has come and is on the disk for good. So an
upload goes on after a crash, in whichever process is asked next. Another one says how much has come
while the system still brings it to the disk: that outlives the process, but not the machine, and is
not believed after the next boot. One that nobody went on with for a day is a leftover.
"""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from modelkeep.core.names import is_inside, safe_name
from modelkeep.core.plain import from_plain, to_plain
from modelkeep.disk import paths
from modelkeep.disk.notes import remove_work_folder
from modelkeep.disk.open_files import alone_in
from modelkeep.download.control_file import boot_id
from modelkeep.errors import StorageError, UnknownJobIDException
from modelkeep.jobs.state import StateDatabase
from modelkeep.jobs.states import JobState

#: What is known of an upload, in its folder.
INFO_FILE = ".upload.json"
#: The boot of the machine, and how much had come by then.
_COME_FILE = ".come"
PREFIX = "upload-"
KEPT_SECONDS = 24 * 3600.0
_INFO_BYTES = 64 * 1024


@dataclass(frozen=True, slots=True)
class Upload:
    """One file that is on its way, or has come.

    Attributes:
        folder: Where it is; nothing else lies there.
        name: Of the file.
        length: Bytes that it will have.
        offset: Bytes that have come: those on the disk for good, and until the next boot of the
            machine those that are on their way to it.
        config: Fields of the record that win over what is identified.
        sha256: What it must have, 64 hex characters.
        told: What the client said of it, in its own words.
        begun_at, changed_at: Seconds since the epoch.
        job: Number of its install, once that has begun.
    """

    folder: Path
    name: str
    length: int
    offset: int = 0
    config: Mapping[str, str] = field(default_factory=dict)
    sha256: str | None = None
    told: str = ""
    begun_at: float = 0.0
    changed_at: float = 0.0
    job: int | None = None

    @classmethod
    def begin(cls, staging: Path, name: str, length: int, **fields: object) -> Upload:
        """Make the folder of a new upload, and the empty file.

        Raises:
            StorageError: the disk refuses.
        """
        folder = staging / f"{PREFIX}{secrets.token_hex(16)}"
        now = time.time()
        made = from_plain(
            cls,
            {
                **to_plain(cls(folder, safe_name(name), length, begun_at=now, changed_at=now)),
                **to_plain(fields),
            },
        )
        paths.make_own_folder(staging)
        paths.make_folder(folder)
        made.write()
        paths.make_file(made.path)
        paths.fsync(folder)
        return made

    @property
    def id(self) -> str:
        """The word that names it."""
        return self.folder.name.removeprefix(PREFIX)

    @property
    def path(self) -> Path:
        """The file."""
        return self.folder / self.name

    @property
    def is_complete(self) -> bool:
        """All bytes have come."""
        return self.offset == self.length

    @property
    def expires_at(self) -> float:
        """When it is a leftover, seconds since the epoch."""
        return self.changed_at + KEPT_SECONDS

    def write(self) -> None:
        """Store what is known of it, for good."""
        text = json.dumps({**to_plain(self), "folder": ""})
        paths.write_file(self.folder / INFO_FILE, text.encode())

    def taken(self, end: int) -> Upload:
        """Note that all up to an offset has come, but is on its way to the disk; return it so.

        Raises:
            StorageError: what came before is lost, or the disk refuses.
        """
        with alone_in(self.folder):
            self._check_that_nothing_is_lost()
            text = f"{boot_id()} {end}"
            paths.write_file(self.folder / _COME_FILE, text.encode(), durable=False)
        return replace(self, offset=end)

    def settled(self, end: int) -> Upload:
        """Store that all up to an offset is on the disk for good; return it so.

        Raises:
            StorageError: what came before is lost, or the disk refuses.
        """
        with alone_in(self.folder):
            self._check_that_nothing_is_lost()
            stored = _stored_in(self.folder)
            if stored is not None and stored.offset < end:
                replace(stored, offset=end, changed_at=time.time()).write()
        return replace(self, offset=end)

    def lost(self) -> None:
        """Go back to what is on the disk for good: the disk refused what came since."""
        with alone_in(self.folder):
            paths.remove_file(self.folder / _COME_FILE)

    def _check_that_nothing_is_lost(self) -> None:
        now = upload_in(self.folder)
        if now is None or now.offset < self.offset:
            raise StorageError(
                f"The disk refused a part of the upload {self.id}",
                hint="Ask for the offset with HEAD, and send again from there.",
            )

    def with_job(self, job: int) -> Upload:
        """Store that its install has begun; return what is known now."""
        with alone_in(self.folder):
            after = replace(self, job=job, changed_at=time.time())
            after.write()
        return after

    def remove(self) -> None:
        """Remove it with all that has come."""
        with alone_in(self.folder):
            remove_work_folder(self.folder)


def upload_in(folder: Path) -> Upload | None:
    """Return the upload that a folder is for; None where it is for none, or cannot be read."""
    found = _stored_in(folder)
    if found is None or found.job is not None:
        return found
    return replace(found, offset=min(found.length, max(found.offset, _come_to(folder))))


def _come_to(folder: Path) -> int:
    """Return how much had come in this run of the machine, on the disk or not; 0 if unknown."""
    try:
        boot, _, end = (folder / _COME_FILE).read_text(encoding="ascii").partition(" ")
        return int(end) if boot and boot == boot_id() else 0
    except (OSError, ValueError):
        return 0


def _stored_in(folder: Path) -> Upload | None:
    if not folder.name.startswith(PREFIX) or folder.is_symlink():
        return None
    try:
        with (folder / INFO_FILE).open("rb") as file:
            data = json.loads(file.read(_INFO_BYTES))
        found = from_plain(Upload, {**data, "folder": str(folder)})
    except (OSError, ValueError, TypeError):
        return None
    return found if found.name == safe_name(found.name) else None


def uploads_in(staging: Path) -> Iterator[Upload]:
    """Yield the uploads of a staging folder."""
    try:
        folders = sorted(staging.glob(f"{PREFIX}*"))
    except OSError:
        return
    for folder in folders:
        if (found := upload_in(folder)) is not None:
            yield found


def is_in_use(upload: Upload, state: StateDatabase) -> bool:
    """Tell whether the install of an upload is not over."""
    if upload.job is None:
        return False
    try:
        status: JobState = state.jobs.get(upload.job).status
    except UnknownJobIDException:  # removed from the list
        return False
    return not status.is_final


def expired_uploads(staging: Path, state: StateDatabase) -> list[Upload]:
    """Return the uploads that are leftovers now."""
    now = time.time()
    found = [each for each in uploads_in(staging) if each.expires_at < now]
    return [each for each in found if not is_in_use(each, state)]


def is_uploaded(path: Path, staging: Path) -> bool:
    """Tell whether a path is the file of an upload."""
    return is_inside(path, staging) and (
        (found := upload_in(staging / path.relative_to(staging).parts[0])) is not None
        and path == found.path
    )
