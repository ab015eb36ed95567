"""``Parts``: all files of one model on their way, through the download queue."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
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
from modelkeep.sources.site import RemoteFile

#: How often somebody who waits looks whether the install shall stop, seconds.
_LOOK_SECONDS = 0.1


class Parts:
    """The downloads of one install.

    Args:
        job: The install; its progress is kept up to date.
        folder: Where the files come to.
        files: Those that are to be fetched.
        queue: Fetches them.
        bus: Takes the events.
        verify: Sizes and hashes that the site promised are demanded.
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
        self._job = job
        self._queue = queue
        self._bus = bus
        self._lock = threading.Condition()
        self._here = job.bytes
        self._over: set[DownloadPart] = set()
        self._parts = {name: _part(folder, file, verify=verify) for name, file in files.items()}
        self._known_total = sum(file.size or 0 for file in folder.remote.files)

    def fetch(self, check: Callable[[], None]) -> dict[str, str]:
        """Fetch all files; return the sha256 of those that were compared with one, by name.

        Args:
            check: Called several times a second; raises to stop.

        Raises:
            DownloadError: one could not be fetched; the others stop and keep what has come.
        """
        parts = list(self._parts.values())
        self._job.download_parts = set(parts)
        try:
            for part in parts:  # all of them, before any can be the last one
                self._submit(part)
            self._wait(check)
        finally:
            self._leave()
        return {
            name: sha256.lower()
            for name, part in self._parts.items()
            if part.is_verified and part.request and (sha256 := part.request.hashes.get("sha256"))
        }

    def _submit(self, part: DownloadPart) -> None:
        self._queue.submit_download_job(
            part,
            on_start=self._started,
            on_progress=self._progressed,
            on_complete=self._ended,
            on_cancelled=self._ended,
            on_error=self._ended,
        )
        part.add_event_handler(self._looked_at)

    def _wait(self, check: Callable[[], None]) -> None:
        while True:
            with self._lock:
                self._lock.wait_for(self._is_settled, _LOOK_SECONDS)
                is_settled = self._is_settled()
            check()
            if is_settled:
                break
        failed = [part for part in self._parts.values() if not part.complete]
        if failed:  # those that were still on their way say nothing of why
            raise _failure(
                min(failed, key=lambda part: (part.exception is None, not part.cancelled))
            )

    def _is_settled(self) -> bool:
        """Tell whether all have come, or one does not go on."""
        parts = self._parts.values()
        return len(self._over) == len(parts) or any(
            part.paused or part.errored or part.cancelled for part in parts
        )

    def _leave(self) -> None:
        """Have those that have not ended stop; what has come stays."""
        for part in self._parts.values():
            if part.id >= 0 and not part.in_terminal_state:
                self._queue.cancel_job(part)
        with self._lock:
            self._lock.wait_for(
                lambda: all(part.id < 0 or part.in_terminal_state for part in self._parts.values()),
                1.0,
            )

    # -- news, in the threads of the parts

    def _started(self, part: DownloadJobBase) -> None:
        del part
        with self._lock:
            if self._job.waiting:
                self._job.status = InstallStatus.DOWNLOADING

    def _progressed(self, part: DownloadJobBase) -> None:
        del part
        with self._lock:
            self._count()
            told = [_told(each) for each in self._parts.values()]
            done, total = self._job.bytes, self._job.total_bytes
        events.install_downloading(
            self._bus,
            self._job.id,
            printable(str(self._job.source)),
            path_to_text(self._job.local_path),
            done=done,
            total=total,
            parts=told,
        )

    def _ended(self, part: DownloadJobBase) -> None:
        if isinstance(part, DownloadPart):
            with self._lock:
                self._over.add(part)
                self._count()
                self._lock.notify_all()

    def _looked_at(self, part: DownloadJobBase) -> None:
        if part.paused:
            with self._lock:
                self._lock.notify_all()

    def _count(self) -> None:
        parts = self._parts.values()
        self._job.bytes = self._here + sum(part.bytes for part in parts)
        self._job.total_bytes = max(
            self._known_total, self._here + sum(part.total_bytes for part in parts)
        )


def _part(folder: FetchFolder, file: RemoteFile, *, verify: bool) -> DownloadPart:
    asked = folder.remote.request_for(file)
    if not verify:
        asked = replace(asked, size=None, hashes={})
    part = DownloadPart.model_validate(
        {
            "source": file.url,
            "dest": folder.place_of(file),
            "size": asked.size,
            "hashes": dict(asked.hashes),
            "preserve_partial_downloads": True,
        }
    )
    return part.ask(asked)


def _told(part: DownloadPart) -> dict[str, object]:
    """Return what an event says of one part; the document and the code name its link apart."""
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
            f"The download of {name} was cancelled", hint="Begin the install again."
        )
    if part.paused:
        return DownloadPausedError(f"The download of {name} was paused")
    return DownloadError(f"{name} was not fetched", hint="Begin the install again.")
