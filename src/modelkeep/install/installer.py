"""``Installer``: carries out installs from source to record.

A model of this disk is planned, prepared and committed. A model of a site is looked up and fetched
first; from then on it goes the same way.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from modelkeep.core.configs import ModelConfigBase
from modelkeep.core.events import EventBus
from modelkeep.core.hashing import Progress, no_progress, only_stopping, stop_when
from modelkeep.core.reading import printable
from modelkeep.core.taxonomy import RecordState
from modelkeep.disk.notes import remove_work_folder
from modelkeep.errors import (
    JobCancelledError,
    ModelKeepError,
    UnknownModelException,
)
from modelkeep.install import commit
from modelkeep.install.fetch import ModelFetch
from modelkeep.install.fetch_folder import FetchFolder, claimed_folders
from modelkeep.install.job import ModelInstallJob
from modelkeep.install.network import Network
from modelkeep.install.plan import Plan
from modelkeep.install.planning import plan_fetched, plan_local, plan_remote
from modelkeep.install.reinstall import reinstall, reregister
from modelkeep.jobs.control import JobControl
from modelkeep.jobs.states import JobState
from modelkeep.library.broken import BrokenModel, find_broken
from modelkeep.library.destination import LinkMode, destination_of
from modelkeep.library.duplicates import (
    contents_sign,
    find_same,
    find_same_remote,
    refuse_recorded,
)
from modelkeep.library.library import Library
from modelkeep.sources.local import LocalModelSource
from modelkeep.sources.site import RemoteModel
from modelkeep.sources.string_like import StringLikeSource

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Installed:
    """What became of a plan.

    Attributes:
        same_as: Its key, if a model with the same bytes was there before.
        is_repaired: The record was there before, without its right bytes.
    """

    record: ModelConfigBase
    same_as: str | None = None
    is_repaired: bool = False


class Installer:
    """Plans and carries out installs, in the thread that calls.

    Args:
        library: Where models go to.
        bus: Takes the events.
    """

    def __init__(self, library: Library, network: Network, bus: EventBus | None = None) -> None:
        self.library, self._network, self._bus = library, network, bus

    def plan(
        self,
        source: StringLikeSource,
        config: Mapping[str, Any],
        *,
        link: LinkMode | None = None,
        to: str | None = None,
    ) -> Plan:
        """Say what installing a source would do; see ``plan_local`` and ``plan_remote``."""
        if isinstance(source, LocalModelSource):
            return plan_local(self.library, source, config, link=link, to=to)
        return plan_remote(self.library, self._network.sites, source, config, to=to)

    def run(self, job: ModelInstallJob, control: JobControl) -> None:
        """Carry out a job, and store the result in it.

        Args:
            job: The job.
            control: Says when to stop.

        Raises:
            JobCancelledError: it was asked to stop; of one that is cancelled nothing stays.
            ModelKeepError: it could not be installed; what was fetched stays for another try.
        """
        if not isinstance(job.source, LocalModelSource):
            self._run_remote(job, control)
            return
        control.enter_stage()
        plan = plan_local(
            self.library,
            job.source,
            job.config_in,
            link=job.link,
            to=job.to,
            progress=stop_when(lambda: control.is_stopped),
        )
        job.total_bytes = plan.total_bytes or 0

        def count(done: int) -> None:
            job.bytes = min(job.bytes + done, job.total_bytes)

        progress = stop_when(lambda: control.is_stopped, count)
        progress(0)
        self._settle(job, self.carry_out(plan, progress, job.id))

    @staticmethod
    def _settle(job: ModelInstallJob, done: Installed) -> None:
        job.config_out, job.same_as = done.record, done.same_as
        job.is_repaired = done.is_repaired

    def carry_out(
        self, plan: Plan, progress: Progress = no_progress, job: int | None = None
    ) -> Installed:
        """Do what a plan says with files that are here.

        A record whose files are missing or damaged, and that had these bytes, gets them back.

        Args:
            plan: What to do.
            progress: Told of every piece; may raise to stop.
            job: Number of the job that it is done for.

        Raises:
            ModelKeepError: it could not be done; everything is as it was before.
        """
        sign = contents_sign(plan.files) if plan.files else b""
        with self.library.locks.contents(sign, lambda: progress(0)):
            hashing = only_stopping(progress)
            same = None if plan.inplace else find_same(self.library, plan.files, hashing)
            if same is not None:
                with suppress(UnknownModelException):  # removed since: it is installed anew
                    return Installed(self.library.records.get_model(same), same)
            broken = self.find_broken(plan, hashing)
            if broken is None:
                if plan.path is not None and plan.remote is None:
                    refuse_recorded(self.library, plan.path)
                return Installed(self._install(plan, progress, job))
            if plan.inplace or not broken.bad:
                record = reregister(self.library, plan, broken)
            else:
                record = reinstall(self.library, plan, broken, progress, job=job)
            if not broken.bad and broken.config.state is RecordState.PRESENT:
                return Installed(record, record.key)  # its files were only written again
            return Installed(record, is_repaired=True)

    def find_broken(self, plan: Plan, progress: Progress = no_progress) -> BrokenModel | None:
        """Return the record that gets its bytes back by a plan, or None."""
        if plan.path is None:
            return None
        found = find_broken(self.library, plan.path, plan.files, progress)
        if found is not None and plan.inplace and not found.bad and plan.target != found.top:
            return None  # it needs nothing, and this is another copy
        return found

    def discard(self, job: ModelInstallJob) -> None:
        """Remove the downloaded files of a job that is cancelled while it does not run.

        What cannot be removed now is a leftover, which doctor finds.
        """
        if job.fetch_folder is None:
            return
        try:
            with self.library.locks.fetching(job.fetch_folder, _give_up):
                self._remove_unless_claimed(job.fetch_folder, job)
        except ModelKeepError as error:
            _log.warning(
                "The files downloaded for %s could not be removed yet: %s", job.source, error
            )

    def _install(self, plan: Plan, progress: Progress, job: int | None) -> ModelConfigBase:
        if plan.inplace:
            return commit.register(self.library, plan)
        try:
            return commit.install(self.library, plan, progress, job=job)
        except Exception as error:
            config, _ = plan.require_known()
            if not self.library.is_recorded(config.key):
                raise
            _log.warning("Installed, but cleanup is left for the next start: %s", error)
            return self.library.records.get_model(config.key)

    # -- models of sites

    def _run_remote(self, job: ModelInstallJob, control: JobControl) -> None:
        control.check()
        remote = self._look_up(job, control)
        home = destination_of(self.library, job.to)
        folder = FetchFolder.of(home, remote, self.library.settings.verify)
        job.fetched = folder.top
        with self._alone(job, folder, control) as same:
            if same is not None:
                control.enter_stage()
                job.config_out, job.same_as = self.library.records.get_model(same), same
            else:
                fetch = ModelFetch(self.library, self._network, folder, job, control, self._bus)
                with self._network.sites.explaining(remote):
                    sha256 = fetch.run()
                preview = fetch.preview()
                control.check()
                control.enter_stage()
                plan = plan_fetched(
                    self.library, folder, job.config_in, sha256=sha256, preview=preview
                )
                job.total_bytes = plan.total_bytes or 0
                progress = stop_when(lambda: control.wanted in {"pause", "cancel"})
                self._settle(job, self.carry_out(plan, progress, job.id))
            if job.same_as is not None:
                self._remove_unless_claimed(folder.path, job)

    def _look_up(self, job: ModelInstallJob, control: JobControl) -> RemoteModel:
        """Return what the site says of a model; a job that was begun before has its revision."""
        if job.remote is None:
            sites = self._network.sites
            if sites.context.client.transport.is_ours:
                sites = sites.until(lambda: control.is_stopped)
            job.remote = sites.look_up(job.pinned or job.source)
        control.check()
        job.pinned = job.remote.source
        job.source_metadata = job.remote.metadata
        job.total_bytes = sum(file.size or 0 for file in job.remote.files)
        return job.remote

    @contextmanager
    def _alone(
        self, job: ModelInstallJob, folder: FetchFolder, control: JobControl
    ) -> Iterator[str | None]:
        """Let one job at a time fetch into a folder, and have a cancelled one leave nothing.

        Gives the key of the model, where the library has one with these bytes.
        """
        begun, has_waited = time.time(), False

        def waiting() -> None:
            nonlocal has_waited
            has_waited = True
            control.check()

        with self.library.locks.fetching(folder.path, waiting):
            job.fetch_folder = folder.path
            control.save()  # which revision is fetched and where to, before anything is made
            try:
                same = find_same_remote(self.library, folder.remote)
                if same is None and has_waited:
                    same = self._installed_since(job, begun)
                yield same
            except BaseException:
                if control.is_cancelled:
                    self._remove_unless_claimed(folder.path, job)
                raise

    def _installed_since(self, job: ModelInstallJob, begun: float) -> str | None:
        """Return what another job has made of the same source while this one waited for it."""
        text = printable(str(job.source))
        for row in reversed(self.library.state.jobs.all("install")):
            is_it = row.id != job.id and row.source == text and row.key is not None
            if is_it and row.status is JobState.COMPLETED and (row.ended_at or 0) >= begun:
                return row.key if self.library.records.exists(row.key or "") else None
        return None

    def _remove_unless_claimed(self, folder: Path, job: ModelInstallJob) -> None:
        """Remove what was fetched, unless another job needs it."""
        others = [row for row in self.library.state.jobs.all("install") if row.id != job.id]
        if folder not in claimed_folders(others):
            remove_work_folder(folder)


def _give_up() -> None:
    raise JobCancelledError("another job needs it")
