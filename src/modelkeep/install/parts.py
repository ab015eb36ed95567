"""``Parts``: the downloads of all files of one model."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import replace

from modelkeep.core import events
from modelkeep.core.events import EventBus
from modelkeep.core.names import path_to_text
from modelkeep.core.reading import printable
from modelkeep.download.job import DownloadJobBase
from modelkeep.download.part import DownloadPart
from modelkeep.download.queue_base import DownloadQueueServiceBase
from modelkeep.errors import (
    DownloadError,
    DownloadJobCancelledException,
    DownloadPausedError,
)
from modelkeep.http.urls import redacted
from modelkeep.install.fetch_folder import FetchFolder
from modelkeep.install.job import InstallStatus, ModelInstallJob
from modelkeep.jobs.control import JobControl
from modelkeep.sources.site import RemoteFile

#: How long cancelled downloads are waited for, seconds.
_CANCEL_SECONDS = 1.0


class Parts:
    """The downloads of one install.

    Args:
        job: The install; its progress is kept up to date.
        folder: Where the files come to.
        files: Those that are to be fetched, by their place in the model.
        bus: Takes the events.
        verify: Demand the sizes and hashes that the site promised.
    """

    def __init__(
        self,
        job: ModelInstallJob,
        folder: FetchFolder,
        files: Mapping[str, RemoteFile],
        *,
        queue: DownloadQueueServiceBase,
        bus: EventBus | None,
        verify: bool,
    ) -> None:
        self._job, self._queue, self._bus = job, queue, bus
        self._changed = threading.Condition()
        self._fetched_before = job.bytes
        self._ended: set[DownloadJobBase] = set()
        self._parts = {name: _part(folder, file, verify=verify) for name, file in files.items()}
        self._known_total = sum(file.size or 0 for file in folder.remote.files)

    def fetch(self, control: JobControl) -> dict[str, str]:
        """Fetch all files; return the sha256 of those that were compared with one, by name.

        Args:
            control: Says when to stop.

        Raises:
            DownloadError: one could not be fetched; the others stop and keep their bytes.
            JobCancelledError: the install was asked to stop.
        """
        parts = list(self._parts.values())
        self._job.download_parts = set(parts)
        try:
            for part in parts:  # all of them, before any can be the last one
                self._submit(part)
            with control.watched(self._wake), self._changed:
                self._changed.wait_for(lambda: self._is_settled() or control.is_stopped)
            control.check()
            failed = [part for part in parts if not part.complete]
            if failed:  # those that are still on their way say nothing of why
                raise _failure(
                    min(failed, key=lambda part: (part.exception is None, not part.cancelled))
                )
        finally:
            self._cancel_unfinished()
        return {
            name: sha256.lower()
            for name, part in self._parts.items()
            if part.is_verified and part.request and (sha256 := part.request.hashes.get("sha256"))
        }

    def _submit(self, part: DownloadPart) -> None:
        self._queue.submit_download_job(
            part,
            on_progress=self._note_progress,
            on_complete=self._note_end,
            on_cancelled=self._note_end,
            on_error=self._note_end,
        )
        part.add_event_handler(self._note_state)

    def _is_settled(self) -> bool:
        """Tell whether all have come, or one does not go on."""
        parts = self._parts.values()
        return len(self._ended) == len(parts) or any(
            part.paused or part.errored or part.cancelled for part in parts
        )

    def _cancel_unfinished(self) -> None:
        """Stop the downloads that have not ended; downloaded bytes stay."""
        for part in self._parts.values():
            if part.id >= 0 and not part.in_terminal_state:
                self._queue.cancel_job(part)
        with self._changed:
            self._changed.wait_for(
                lambda: all(part.id < 0 or part.in_terminal_state for part in self._parts.values()),
                _CANCEL_SECONDS,
            )

    def _wake(self) -> None:
        with self._changed:
            self._changed.notify_all()

    # -- called in the threads of the downloads

    def _note_progress(self, part: DownloadJobBase) -> None:
        del part
        with self._changed:
            self._count()
            parts = [_part_json(each) for each in self._parts.values()]
            done, total = self._job.bytes, self._job.total_bytes
        events.install_downloading(
            self._bus,
            self._job.id,
            printable(str(self._job.source)),
            path_to_text(self._job.local_path),
            done=done,
            total=total,
            parts=parts,
        )

    def _note_end(self, part: DownloadJobBase) -> None:
        with self._changed:
            self._ended.add(part)
            self._count()
            self._changed.notify_all()

    def _note_state(self, part: DownloadJobBase) -> None:
        with self._changed:
            if part.running and self._job.waiting:
                self._job.status = InstallStatus.DOWNLOADING
        if part.paused:
            self._wake()

    def _count(self) -> None:
        parts, before = self._parts.values(), self._fetched_before
        self._job.bytes = before + sum(part.bytes for part in parts)
        total = before + sum(part.total_bytes for part in parts)
        self._job.total_bytes = max(self._known_total, total)


def _part(folder: FetchFolder, file: RemoteFile, *, verify: bool) -> DownloadPart:
    request = folder.remote.request_for(file)
    if not verify:
        request = replace(request, size=None, hashes={})
    part = DownloadPart.model_validate(
        {
            "source": file.url,
            "dest": folder.place_of(file),
            "size": request.size,
            "hashes": dict(request.hashes),
            "preserve_partial_downloads": True,
        }
    )
    return part.ask(request)


def _part_json(part: DownloadPart) -> dict[str, object]:
    """Return what an event says of one part: the specification gives its link two names."""
    link = printable(redacted(str(part.source)))
    return {
        "source": link,
        "url": link,
        "local_path": path_to_text(part.download_path or part.dest),
        "bytes": part.bytes,
        "total_bytes": part.total_bytes,
    }


def _failure(part: DownloadPart) -> BaseException:
    """Return why a part did not come."""
    if part.exception is not None:
        return part.exception
    name = part.dest.name
    if part.cancelled:
        return DownloadJobCancelledException(
            f"The download of {name} was cancelled", hint="Restart the install."
        )
    if part.paused:
        return DownloadPausedError(f"The download of {name} was paused")
    return DownloadError(f"{name} was not downloaded", hint="Restart the install.")
