"""Uploads: a model's file comes from another program in pieces, and is installed at the end."""

from __future__ import annotations

import hmac
import logging
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from modelkeep.app.upload_piece import UploadPiece
from modelkeep.core import limits
from modelkeep.core.hashing import hash_file
from modelkeep.core.taxonomy import type_from_words
from modelkeep.errors import (
    JobError,
    ModelKeepError,
    SourceNotFoundError,
    UnknownJobIDException,
    UsageError,
)
from modelkeep.identification.known_families import base_from_words
from modelkeep.install.prepare import make_room
from modelkeep.library.destination import LinkMode
from modelkeep.library.uploads import (
    PREFIX,
    Upload,
    expired_uploads,
    is_in_use,
    upload_in,
    uploads_in,
)
from modelkeep.sources.local import LocalModelSource

if TYPE_CHECKING:
    from modelkeep.app.manager import ModelManager

#: Fields of the record that a client may give.
_FIELDS = ("name", "type", "base", "variant", "description")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_ID = re.compile(r"[0-9a-f]{32}")
_MOST = 256

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class UploadView:
    """An upload, and what became of it.

    Attributes:
        status: ``uploading``, or that of its install.
        key: Of the record, once it is installed.
        error: Why it could not be installed.
    """

    upload: Upload
    status: str
    key: str | None = None
    error: str | None = None

    def to_json(self) -> dict[str, Any]:
        """Return it as plain values."""
        return {
            "id": self.upload.id,
            "filename": self.upload.name,
            "length": self.upload.length,
            "offset": self.upload.offset,
            "begun": self.upload.begun_at,
            "expires": self.upload.expires_at,
            "status": self.status,
            "job": self.upload.job,
            "key": self.key,
            "error": self.error,
        }


def begin(manager: ModelManager, length: int, facts: Mapping[str, str], told: str = "") -> Upload:
    """Begin an upload; the trash makes room where that is needed.

    Args:
        manager: Of the library.
        length: Bytes that will come.
        facts: What the client says: ``filename``, ``sha256`` and fields of the record.
        told: The same in its own words.

    Raises:
        UsageError: a fact makes no sense.
        JobError: too many uploads are under way.
        NoSpaceError: there is no room for it.
        StorageError: the disk refuses.
    """
    staging = manager.settings.staging_dir
    for upload in expired_uploads(staging, manager.installer.library.state):
        upload.remove()
    others = list(uploads_in(staging))
    if len(others) >= _MOST:
        raise JobError(f"{_MOST} uploads are under way", hint="Finish or remove some of them.")
    pending = sum(other.length - other.offset for other in others)
    make_room(manager.installer.library, length + pending, manager.settings.models_dir)
    sha256 = facts.get("sha256", "").lower() or None
    if sha256 is not None and not _SHA256.fullmatch(sha256):
        raise UsageError("sha256 is not 64 hex digits", hint="Drop it, or send the right one.")
    name = facts.get("filename", "").replace("\\", "/").rpartition("/")[2] or "model"
    config = _config(facts)
    return Upload.begin(staging, name, length, config=config, sha256=sha256, told=told)


def find(manager: ModelManager, number: str) -> Upload:
    """Return an upload.

    Raises:
        SourceNotFoundError: there is none, or it has expired.
    """
    staging = manager.settings.staging_dir
    found = upload_in(staging / f"{PREFIX}{number}") if _ID.fullmatch(number) else None
    if found is None:
        raise SourceNotFoundError(
            f"There is no upload {number}", hint="Begin a new one; uploads expire after a day."
        )
    return found


def view(manager: ModelManager, upload: Upload) -> UploadView:
    """Return an upload with what became of its install."""
    if upload.job is None:
        return UploadView(upload, "uploading")
    try:
        row = manager.installer.library.state.jobs.get(upload.job)
    except UnknownJobIDException:  # removed from the list
        return UploadView(upload, "unknown")
    return UploadView(upload, row.status.value, row.key, row.error)


def views(manager: ModelManager) -> list[UploadView]:
    """Return all uploads, those that have come among them until they expire."""
    return [view(manager, each) for each in uploads_in(manager.settings.staging_dir)]


def remove(manager: ModelManager, upload: Upload) -> None:
    """Remove an upload with all that has come.

    Raises:
        JobError: somebody is sending a piece, or it is being installed.
    """
    if is_in_use(upload, manager.installer.library.state):
        raise JobError(
            f"The upload {upload.id} is being installed", hint=f"Cancel the job {upload.job} first."
        )
    with UploadPiece(upload):
        upload.remove()


def finish(manager: ModelManager, upload: Upload) -> Upload:
    """Begin the install of an upload that has come, once; return what is known now.

    Raises:
        UsageError: it has another hash than was said; it is removed.
        TooManyJobsError: too many installs are open; an empty piece tries again.
        StorageError: the disk refuses.
    """
    if not upload.is_complete or upload.job is not None:
        return upload
    with UploadPiece(upload) as piece:
        upload = piece.upload
        if upload.job is not None:
            return upload
        piece.cut_off()
        _check_hash(upload)
        source = LocalModelSource(path=upload.path)
        config = {"source": f"upload:{upload.name}", **upload.config}
        job = manager.installer.import_model(
            source, config, link=LinkMode.Move, at_most=limits.QUEUED_INSTALLS
        )
        return upload.with_job(job.id)


def finish_all(manager: ModelManager) -> None:
    """Begin the installs of uploads that have come and that a process left which died."""
    for upload in uploads_in(manager.settings.staging_dir):
        try:
            finish(manager, upload)
        except ModelKeepError as error:
            _log.warning("The upload %s is not installed: %s", upload.name, error)


def _check_hash(upload: Upload) -> None:
    if upload.sha256 is None:
        return
    found = hash_file(upload.path, ("sha256",)).sha256 or ""
    if not hmac.compare_digest(found, upload.sha256):
        upload.remove()
        raise UsageError(
            f"{upload.name} has the sha256 {found} and not {upload.sha256}; it was removed",
            hint="Send it again.",
        )


def _config(facts: Mapping[str, str]) -> dict[str, str]:
    """Return the fields of the record that a client gave, in our own words."""
    given = {name: facts[name] for name in _FIELDS if facts.get(name)}
    if "type" in given:
        given["type"] = type_from_words(given["type"]) or given["type"]
    if "base" in given:
        given["base"] = base_from_words(given["base"]) or given["base"]
    return given
