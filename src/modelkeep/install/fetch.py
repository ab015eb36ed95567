"""``ModelFetch``: brings all files of a remote model into its folder, verified."""

from __future__ import annotations

import logging
from pathlib import Path

from modelkeep.core.events import EventBus
from modelkeep.core.hashing import hash_file, stop_when
from modelkeep.core.names import shown
from modelkeep.disk import paths
from modelkeep.errors import (
    DownloadJobCancelledException,
    StorageError,
)
from modelkeep.install.fetch_folder import FetchFolder
from modelkeep.install.job import ModelInstallJob
from modelkeep.install.network import Network
from modelkeep.install.parts import Parts
from modelkeep.install.prepare import make_room
from modelkeep.jobs.control import JobControl
from modelkeep.library.library import Library
from modelkeep.library.remote_preview import SUFFIX, fetch_preview_of
from modelkeep.sources.site import RemoteFile

#: The picture beside the files that come.
_PICTURE = f".preview{SUFFIX}"

_log = logging.getLogger(__name__)


class ModelFetch:
    """Downloads one model.

    Args:
        library: Where it will go.
        folder: Where the files come to.
        job: Its progress is kept up to date.
        control: Says when to stop.
        bus: Takes the events.
    """

    def __init__(  # noqa: PLR0917 - what a fetch has to do with
        self,
        library: Library,
        network: Network,
        folder: FetchFolder,
        job: ModelInstallJob,
        control: JobControl,
        bus: EventBus | None,
    ) -> None:
        self._library, self._network, self._folder = library, network, folder
        self._job, self._control, self._bus = job, control, bus

    def run(self) -> dict[str, str]:
        """Have all files come; return the sha256 of those that were compared, by name.

        What an earlier run has fetched is kept, what another program's cache has is copied.

        Raises:
            DownloadError: a file could not be fetched; the others stop and keep their bytes.
            NoSpaceError: there is no room for them.
            JobCancelledError: the job or one of its files was cancelled.
            DownloadPausedError: a file was paused, which pauses the others.
        """
        verify, job, folder = self._library.settings.verify, self._job, self._folder
        files = folder.files
        missing = {name: file for name, file in files.items() if not folder.has(file)}
        if verify != "off":
            make_room(
                self._library, sum(file.size or 0 for file in missing.values()), folder.home.top
            )
        folder.make()
        job.bytes = sum(file.size or 0 for name, file in files.items() if name not in missing)
        missing = {name: f for name, f in missing.items() if not self._copy_cached(f)}
        known = {
            name: file.hashes["sha256"].lower()
            for name, file in files.items()
            if name not in missing and verify == "strict" and "sha256" in file.hashes
        }
        if missing:
            known |= self._download(missing, verify=verify != "off")
        folder.tidy()
        job.bytes = job.total_bytes
        return known

    def preview(self) -> Path | None:
        """Fetch the picture that may be shown; None where there is none, or it does not come."""
        if self._folder.remote.preview is None or "preview" in self._job.config_in:
            return None
        place = self._folder.path / _PICTURE
        if place.is_file():
            return place
        client = self._network.sites.context.client.until(lambda: self._control.is_stopped)
        return fetch_preview_of(self._folder.remote, client, place)

    def _download(self, files: dict[str, RemoteFile], *, verify: bool) -> dict[str, str]:
        parts = Parts(
            self._job, self._folder, files, queue=self._network.queue, bus=self._bus, verify=verify
        )
        try:
            return parts.fetch(self._control)
        except DownloadJobCancelledException:
            self._control.cancel()  # a part was cancelled: the rest is useless
            raise

    def _copy_cached(self, file: RemoteFile) -> bool:
        """Copy a file that another program's cache has; tell whether it is what it should be."""
        sha256 = file.hashes.get("sha256")
        if file.cached is None or sha256 is None:
            return False
        place = self._folder.place_of(file)
        draft = place.with_name(f"{place.name}.cached")
        progress = stop_when(lambda: self._control.is_stopped)
        try:
            paths.remove_file(draft)
            if not paths.reflink_file(file.cached, draft):
                paths.copy_file(file.cached, draft, progress)
            if hash_file(draft, ("sha256",), progress).sha256 == sha256.lower():
                paths.publish(draft, place)
                self._job.bytes += file.size or 0
                return True
            _log.warning("%s does not match its name; downloading it again", shown(file.cached))
        except (StorageError, OSError) as error:
            _log.warning("downloading %s instead of using a cache: %s", place.name, error)
        paths.remove_file(draft)
        return False
