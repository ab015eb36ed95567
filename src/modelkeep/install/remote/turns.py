"""``RemoteTurns``: what is done for an install from the network, from its source to its record."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Callable
from pathlib import Path

from modelkeep.core.configs import ModelConfigBase
from modelkeep.core.events import EventBus
from modelkeep.core.hashing import Progress, hash_file, stop_when
from modelkeep.core.names import shown, text_to_path
from modelkeep.core.reading import printable
from modelkeep.disk import paths
from modelkeep.disk.notes import remove_work_folder
from modelkeep.errors import (
    DownloadJobCancelledException,
    DownloadPausedError,
    JobCancelledError,
    ModelKeepError,
    StorageError,
    UnknownJobIDException,
)
from modelkeep.install.details import stored_source
from modelkeep.install.incoming import make_room
from modelkeep.install.job import InstallStatus, ModelInstallJob
from modelkeep.install.plan import Plan
from modelkeep.install.planning import plan_fetched
from modelkeep.install.remote.folder import FetchFolder, as_detail, claimed_folders
from modelkeep.install.remote.network import Network
from modelkeep.install.remote.parts import Parts
from modelkeep.install.remote.same import find_same_remote
from modelkeep.install.worker import InstallWorker
from modelkeep.jobs.owner import locked
from modelkeep.jobs.wishes import JobWish
from modelkeep.library.home import Home, home_of
from modelkeep.library.library import Library
from modelkeep.library.remote_preview import SUFFIX, fetch_preview_of
from modelkeep.sources.site import RemoteFile, RemoteModel

#: The picture beside the files that come.
_PICTURE = f".preview{SUFFIX}"

Install = Callable[[Plan, Progress, ModelInstallJob], tuple[ModelConfigBase, str | None]]

_log = logging.getLogger(__name__)


class RemoteTurns:
    """Carries out install jobs from the network, each in the thread that calls.

    Args:
        library: Where models go to.
        network: Asks the sites and fetches the files.
        bus: Takes the events.
        worker: Has the jobs.
        install: Puts a model in place whose files are here.
    """

    def __init__(
        self,
        library: Library,
        network: Network,
        bus: EventBus | None,
        worker: InstallWorker,
        *,
        install: Install,
    ) -> None:
        self._library, self._network, self._bus = library, network, bus
        self._worker, self._install = worker, install

    def carry_out(self, job: ModelInstallJob) -> None:
        """Look a model up, fetch its files, and put it in place.

        Raises:
            JobCancelledError: it was asked to stop; of one that is cancelled nothing stays.
            ModelKeepError: it could not be installed; what has come stays for another try.
        """
        self._check(job)
        remote = self._looked_up(job)
        home = home_of(self._library, job.to)
        folder = FetchFolder.of(home, remote, self._library.settings.verify)
        job.fetched = folder.top
        begun = time.time()
        has_waited = False

        def waiting() -> None:
            nonlocal has_waited
            has_waited = True
            self._check(job)

        with locked(self._lock_of(folder.path), meanwhile=waiting):
            self._claim(job, folder)
            try:
                same = find_same_remote(self._library, remote)
                if same is None and has_waited:
                    same = self._installed_meanwhile(job, begun)
                if same is not None:
                    self._end_as(job, same, folder)
                else:
                    self._bring(job, folder, home)
            except BaseException:
                if job.is_cancel_requested:
                    self._drop(job, folder)
                raise

    def let_go(self, job: ModelInstallJob) -> None:
        """Remove what has come for a job that is cancelled while nobody works on it.

        What cannot be removed now is a leftover, which doctor finds.
        """
        try:
            details = self._library.state.jobs.get(job.id).details
            if "fetch" not in details:
                return
            path = text_to_path(details["fetch"])
            with locked(self._lock_of(path), meanwhile=_give_up):
                others = [
                    row for row in self._library.state.jobs.all("install") if row.id != job.id
                ]
                if path not in claimed_folders(others):
                    remove_work_folder(path)
        except ModelKeepError as error:
            _log.warning("What has come for %s stays for now: %s", job.source, error)

    def _lock_of(self, folder: Path) -> Path:
        lock = self._library.settings.state_path.parent / "locks" / f"{folder.name}.lock"
        paths.make_folder(lock.parent)
        return lock

    # -- before anything is fetched

    def _looked_up(self, job: ModelInstallJob) -> RemoteModel:
        if job.remote is None:
            sites = self._network.sites
            if sites.context.client.transport.is_ours:
                sites = sites.until(lambda: self._is_to_stop(job))
            job.remote = sites.look_up(job.pinned or job.source)
        self._check(job)
        job.pinned = job.remote.source
        job.source_metadata = job.remote.metadata
        job.total_bytes = sum(file.size or 0 for file in job.remote.files)
        return job.remote

    def _claim(self, job: ModelInstallJob, folder: FetchFolder) -> None:
        """Write down which revision is fetched and where to, before anything is made."""
        state = self._library.state
        try:
            details = dict(state.jobs.get(job.id).details)
        except UnknownJobIDException:  # pruned by somebody else meanwhile
            return
        details |= {"fetch": as_detail(folder)}
        if job.pinned is not None:
            details["pinned"] = stored_source(job.pinned)
        state.jobs.update(job.id, details=json.dumps(details), total_bytes=job.total_bytes)

    def _installed_meanwhile(self, job: ModelInstallJob, begun: float) -> str | None:
        """Return what another job has made of the same source while this one waited for it."""
        text = printable(str(job.source))
        for row in reversed(self._library.state.jobs.all("install")):
            is_it = row.id != job.id and row.source == text and row.key is not None
            if is_it and row.status == InstallStatus.COMPLETED and (row.ended_at or 0) >= begun:
                return row.key if self._library.records.exists(row.key or "") else None
        return None

    def _end_as(self, job: ModelInstallJob, same: str, folder: FetchFolder) -> None:
        self._worker.running(job)
        job.config_out, job.same_as = self._library.records.get_model(same), same
        self._drop(job, folder)

    # -- fetching

    def _bring(self, job: ModelInstallJob, folder: FetchFolder, home: Home) -> None:
        sha256 = self._fetch(job, folder, home)
        job.bytes = job.total_bytes
        preview = self._preview(job, folder)
        progress = stop_when(lambda: job.is_stop_requested)
        self._check(job)
        self._worker.running(job)
        folder.tidy()
        plan = plan_fetched(
            self._library,
            folder.remote,
            folder.top,
            job.config_in,
            home=home,
            fetched=folder.path,
            sha256=sha256,
            preview=preview,
        )
        job.total_bytes = plan.total_bytes or 0
        job.config_out, job.same_as = self._install(plan, progress, job)
        if job.same_as is not None:
            self._drop(job, folder)

    def _fetch(self, job: ModelInstallJob, folder: FetchFolder, home: Home) -> dict[str, str]:
        """Have all files come; return the sha256 of those that were compared, by name."""
        verify = self._library.settings.verify
        remote = folder.remote
        missing = [file for file in remote.files if not folder.has(file)]
        if verify != "off":
            make_room(self._library, sum(file.size or 0 for file in missing), home.top)
        folder.make()
        job.bytes = sum(file.size or 0 for file in remote.files if file not in missing)
        missing = [file for file in missing if not self._bring_cached(job, folder, file)]
        known = {
            _name(remote, file): file.hashes["sha256"].lower()
            for file in remote.files
            if file not in missing and verify == "strict" and "sha256" in file.hashes
        }
        if not missing:
            return known
        parts = Parts(
            job,
            folder,
            {_name(remote, file): file for file in missing},
            queue=self._network.queue,
            bus=self._bus,
            verify=verify != "off",
        )
        try:
            return {**known, **parts.fetch(lambda: self._check(job))}
        except DownloadPausedError as error:
            job.wish = JobWish.PAUSE  # somebody has paused a part: the rest waits with it
            raise JobCancelledError(str(error)) from error
        except DownloadJobCancelledException:
            job.cancel()  # somebody has cancelled a part: the rest is of no use
            raise

    def _bring_cached(self, job: ModelInstallJob, folder: FetchFolder, file: RemoteFile) -> bool:
        """Copy a file that another program's cache has; tell whether it is what it should be."""
        sha256 = file.hashes.get("sha256")
        if file.cached is None or sha256 is None:
            return False
        place = folder.place_of(file)
        draft = place.with_name(f"{place.name}.cached")
        progress = stop_when(lambda: self._is_to_stop(job))
        try:
            paths.remove_file(draft)
            if not paths.reflink_file(file.cached, draft):
                paths.copy_file(file.cached, draft, progress)
            if hash_file(draft, ("sha256",), progress).sha256 == sha256.lower():
                paths.publish(draft, place)
                job.bytes += file.size or 0
                return True
            _log.warning("%s is not what its name says, so it is fetched", shown(file.cached))
        except (StorageError, OSError) as error:
            _log.warning("%s is fetched, not taken from a cache: %s", place.name, error)
        paths.remove_file(draft)
        return False

    def _preview(self, job: ModelInstallJob, folder: FetchFolder) -> Path | None:
        """Fetch the picture that may be shown; None where there is none, or it does not come."""
        if folder.remote.preview is None or "preview" in job.config_in:
            return None
        place = folder.path / _PICTURE
        if place.is_file():
            return place
        client = self._network.sites.context.client.until(lambda: self._is_to_stop(job))
        found = fetch_preview_of(folder.remote, client, place)
        self._check(job)
        return found

    # -- stopping

    def _is_to_stop(self, job: ModelInstallJob) -> bool:
        return job.is_stop_requested or self._worker.is_stopping

    def _check(self, job: ModelInstallJob) -> None:
        if self._is_to_stop(job):
            raise JobCancelledError(
                f"The install of {printable(str(job.source))} was asked to stop",
                hint=f"Begin it again with: modelkeep retry {job.id}",
            )

    def _drop(self, job: ModelInstallJob, folder: FetchFolder) -> None:
        """Remove what has come, unless another job needs it."""
        others = [row for row in self._library.state.jobs.all("install") if row.id != job.id]
        if folder.path not in claimed_folders(others):
            folder.remove()


def _give_up() -> None:
    raise JobCancelledError("another job needs it")


def _name(remote: RemoteModel, file: RemoteFile) -> str:
    return file.path if remote.is_folder else ""
