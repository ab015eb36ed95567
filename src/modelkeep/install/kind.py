"""``InstallKind``: installs as jobs of an engine.

Local models are installed one after the other. Those from the network are looked up and fetched
side by side.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from modelkeep.core import events
from modelkeep.core.events import EventBus
from modelkeep.core.reading import printable
from modelkeep.errors import InterruptedInstallError, JobCancelledError, SecretNeededError
from modelkeep.install.details import LACKS_LINK, Fields, InstallDetails
from modelkeep.install.job import InstallStatus, ModelInstallJob
from modelkeep.jobs.control import JobControl
from modelkeep.jobs.job_events import JobEvent
from modelkeep.jobs.kinds import AtStop, JobKind, Pool
from modelkeep.jobs.rows import JobRow
from modelkeep.jobs.states import JobState
from modelkeep.sources.local import LocalModelSource
from modelkeep.sources.string_like import StringLikeSource

#: One model of this disk is copied at a time; so many from the network are fetched.
_LOCAL = Pool("local installs", 1)
_REMOTE = Pool("remote installs", 8)

_STATUS = {
    JobState.IDLE: InstallStatus.WAITING,
    JobState.WAITING: InstallStatus.WAITING,
    JobState.RUNNING: InstallStatus.WAITING,  # until files come, or it is put in place
    JobState.PAUSED: InstallStatus.PAUSED,
    JobState.COMPLETED: InstallStatus.COMPLETED,
    JobState.ERROR: InstallStatus.ERROR,
    JobState.CANCELLED: InstallStatus.CANCELLED,
}

_FINAL = frozenset({JobEvent.COMPLETED, JobEvent.CANCELLED, JobEvent.ERROR})


class InstallKind(JobKind[ModelInstallJob]):
    """Stores, runs and reports install jobs.

    Args:
        bus: Takes the events; none are sent when None.
        install: Does the work of a job and sets what came of it; may raise.
        discard: Removes what has been fetched for a job that does not run.
        drop_unneeded: Removes what has been fetched for jobs, unless others need it.
        restore_source: Makes a source from the network of what was stored of it.
    """

    name = "install"

    def __init__(
        self,
        bus: EventBus | None,
        install: Callable[[ModelInstallJob, JobControl], None],
        *,
        discard: Callable[[ModelInstallJob], None],
        drop_unneeded: Callable[[Sequence[JobRow]], None],
        restore_source: Callable[[Fields], StringLikeSource],
    ) -> None:
        self._bus = bus
        self._install = install
        self._discard, self._drop_unneeded = discard, drop_unneeded
        self._restore_source = restore_source

    # -- what is stored

    def source_of(self, job: ModelInstallJob) -> str:
        """Return the source as text."""
        return printable(str(job.source))

    def encode(self, job: ModelInstallJob) -> str:
        """Return the details, without tokens and links with secrets."""
        return InstallDetails.of(job).encode()

    def decode(self, row: JobRow) -> ModelInstallJob:
        """Return the install that a row describes, to be begun again.

        Raises:
            SecretNeededError: its link held a secret, and those are not stored.
            UnsupportedSourceError: the site of its source is not known any more.
        """
        details = InstallDetails.decode(row.details)
        source = self._source_in(details, row)
        job = ModelInstallJob(row.id, source, dict(details.config), details.link, details.to)
        job.fetch_folder = details.fetch
        if details.pinned:
            job.pinned = self._restore_source(details.pinned)
        return job

    def _source_in(self, details: InstallDetails, row: JobRow) -> StringLikeSource:
        if details.remote is None:
            path = details.path or row.source
            return LocalModelSource(path=path, inplace=details.inplace)
        if details.remote.get(LACKS_LINK):
            raise SecretNeededError(
                f"The install of {row.source} needs its link again: it holds a secret, and"
                " secrets are not stored",
                hint="Enter it again: modelkeep install LINK",
            )
        return self._restore_source(details.remote)

    def key_of(self, job: ModelInstallJob) -> str | None:
        """Return the key of the record."""
        return job.config_out.key if job.config_out else None

    def error_of(self, job: ModelInstallJob) -> tuple[str | None, str | None, str | None]:
        """Return the error as the job names it."""
        error = printable(str(job.exception)) if job.exception else None
        return job.error_type, error, printable(job.hint) or None

    # -- how it runs

    def run(self, job: ModelInstallJob, control: JobControl) -> None:
        """Install a model.

        Raises:
            ModelKeepError: it could not be done; everything is as it was before.
        """
        try:
            self._install(job, control)
        except JobCancelledError:
            if job.is_local:  # what was copied was taken back
                job.bytes = 0
            raise
        job.bytes = job.total_bytes

    def pool_of(self, job: ModelInstallJob) -> Pool:
        """Return the pool of local installs, or that of those from the network."""
        return _LOCAL if job.is_local else _REMOTE

    def attach(self, job: ModelInstallJob, cancel: Callable[[], None]) -> None:
        """Have the job's own ``cancel`` work."""
        job.on_cancel(cancel)

    def show(self, job: ModelInstallJob, state: JobState) -> None:
        """Set the status of the job."""
        job.status = _STATUS[state]
        job.is_begun = state is JobState.RUNNING or state.is_final

    def discard(self, job: ModelInstallJob) -> None:
        """Remove what has been fetched."""
        self._discard(job)

    def enter_stage(self, job: ModelInstallJob) -> None:
        """Note that the model is being identified, put in place and recorded."""
        job.status = InstallStatus.RUNNING

    def at_stop(self, job: ModelInstallJob) -> AtStop:
        """Finish local installs; leave those from the network to the next run."""
        return AtStop.FINISH if job.is_local else AtStop.INTERRUPT

    def interruption(self, job: ModelInstallJob) -> InterruptedInstallError:
        """Return the error that marks an install to be continued by a later run."""
        return InterruptedInstallError(
            f"The install of {self.source_of(job)} was interrupted; downloaded data is kept",
            hint="Continue with: modelkeep resume --all",
        )

    # -- who listens

    def has_listeners(self, job: ModelInstallJob) -> bool:
        """Tell every install to its end: only then is its job settled."""
        del job
        return True

    def notify(self, job: ModelInstallJob, event: JobEvent) -> None:
        """Send the specification's events."""
        source = self.source_of(job)
        if event is JobEvent.STAGE:
            events.install_running(self._bus, job.id, source)
        elif event is JobEvent.COMPLETED:
            key = self.key_of(job) or ""
            events.install_completed(self._bus, job.id, source, key, job.total_bytes)
        elif event is JobEvent.CANCELLED:
            events.install_cancelled(self._bus, job.id, source)
        elif event is JobEvent.ERROR:
            error_type, error = job.error_type or "", job.error or ""
            events.install_error(self._bus, job.id, source, error_type, error)
        if event in _FINAL:
            job.is_settled = True

    # -- jobs of earlier runs and of other processes

    def was_interrupted(self, row: JobRow) -> bool:
        """Tell whether an install was left by a process that stopped or died."""
        return row.error_type == InterruptedInstallError.__name__

    def restore(self, row: JobRow, known: ModelInstallJob | None) -> ModelInstallJob:
        """Return a new job for each try."""
        del known
        return self.decode(row)

    def change(self, job: ModelInstallJob, changes: Mapping[str, Any]) -> None:
        """Have fields of the record win over what is identified, and over those given before."""
        job.config_in |= changes

    def discard_stored(self, row: JobRow) -> None:
        """Remove what a cancelled install of a dead process has fetched."""
        self._drop_unneeded([row])

    def forget(self, rows: Sequence[JobRow]) -> None:
        """Remove what was kept for another try of these installs."""
        self._drop_unneeded(rows)
