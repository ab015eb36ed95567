"""``InstallWorker``: the queues of install jobs and the threads that work on them.

Local models are installed by one thread, one after the other. Remote ones are looked up and
fetched side by side, each by a thread of its own; how they are put in place is one after the
other again, since whoever carries them out lets one at a time do that.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from modelkeep.core import events
from modelkeep.core.events import EventBus
from modelkeep.core.reading import printable
from modelkeep.errors import (
    JobCancelledError,
    ModelKeepError,
    ServiceInactiveException,
    UnknownInstallJobException,
)
from modelkeep.install.details import interrupted, job_details
from modelkeep.install.job import InstallStatus, JobList, ModelInstallJob
from modelkeep.install.line import JobLine
from modelkeep.jobs.state import StateDatabase
from modelkeep.jobs.wishes import JobWish, wishes
from modelkeep.library.link import LinkMode
from modelkeep.sources.site import RemoteModel
from modelkeep.sources.string_like import StringLikeSource

#: Remote models that are looked up and fetched at the same time.
_REMOTE_AT_ONCE = 8
#: How often the wishes of other processes are looked for.
_LISTEN_SECONDS = 0.25

_log = logging.getLogger(__name__)


class WorkerControl:
    """How a job that an ``InstallWorker`` runs is asked to stop, and how it reports.

    Args:
        job: The job.
        worker: What runs it.
    """

    def __init__(self, job: ModelInstallJob, worker: InstallWorker) -> None:
        self._job, self._worker = job, worker

    @property
    def wanted(self) -> str:
        """What was asked for."""
        if self._job.is_stop_requested:
            return self._job.wish.value
        return "interrupt" if self._worker.is_stopping and not self._job.is_local else "run"

    @property
    def is_stopped(self) -> bool:
        """Whether the job shall stop."""
        return self.wanted != "run"

    @property
    def is_cancelled(self) -> bool:
        """Whether the job shall stop for good."""
        return self._job.is_cancel_requested

    def check(self) -> None:
        """Stop here if that was asked for.

        Raises:
            JobCancelledError: it was.
        """
        if self.is_stopped:
            raise JobCancelledError(
                f"The install of {printable(str(self._job.source))} was asked to stop",
                hint=f"Begin it again with: modelkeep retry {self._job.id}",
            )

    def pause(self) -> None:
        """Have the job end soon and keep what it has."""
        self._job.wish = JobWish.PAUSE

    def cancel(self) -> None:
        """Have the job end soon and take back what it has done."""
        self._job.cancel()

    def enter_stage(self) -> None:
        """Tell that the model is being put in place."""
        self._worker.running(self._job)


class InstallWorker:
    """Runs install jobs in daemon threads.

    Args:
        state: Where jobs are stored.
        owner: Name of this process there.
        bus: Takes the install events.
        carry_out: Does the work of a job and sets what came of it; may raise.
        let_go: Takes away what a job has brought that is cancelled while it is paused;
            raises nothing.
    """

    def __init__(
        self,
        state: StateDatabase,
        owner: str,
        bus: EventBus | None,
        carry_out: Callable[[ModelInstallJob], None],
        let_go: Callable[[ModelInstallJob], None],
    ) -> None:
        self._state = state
        self._owner = owner
        self._bus = bus
        self._carry_out, self._let_go = carry_out, let_go
        self._local = JobLine("modelkeep-install", 1, self._work)
        self._remote = JobLine("modelkeep-remote", _REMOTE_AT_ONCE, self._work)
        self._changed = threading.Condition()
        self._is_running = False
        self._listener: threading.Thread | None = None
        self._stopping = threading.Event()
        # How jobs ended, where that is not stored yet: a full disk may refuse it for a while.
        self._ends: dict[int, dict[str, Any]] = {}
        # Jobs whose pause was taken back: they may have begun to stop, and go on then.
        self._withdrawn: set[int] = set()
        self._jobs: dict[int, ModelInstallJob] = {}

    @property
    def jobs(self) -> list[ModelInstallJob]:
        """The jobs of this process, the oldest first."""
        with self._changed:
            return list(self._jobs.values())

    @property
    def is_running(self) -> bool:
        """It was started and not stopped."""
        return self._is_running

    @property
    def is_stopping(self) -> bool:
        """It was asked to end: what can be gone on with later is put down."""
        return self._stopping.is_set()

    def start(self) -> None:
        """Begin to work."""
        self._stopping.clear()
        self._is_running = True
        self._listener = threading.Thread(target=self._listen, name="modelkeep-wishes", daemon=True)
        self._listener.start()

    def stop(self) -> None:
        """End after what is being put in place; what is being fetched is kept for the next time.

        Waiting jobs of this disk are cancelled, those from the network wait for the next time;
        paused ones stay paused.
        """
        if not self._is_running:
            return
        self._stopping.set()
        for job in self.jobs:
            if job.waiting and not job.is_begun and job.is_local:
                self.cancel(job)
        self._local.end()
        self._remote.end()
        if self._listener is not None and self._listener is not threading.current_thread():
            self._listener.join()  # it may be writing down how a job ended
        self._is_running = False
        self._save_ends()

    def submit(
        self,
        source: StringLikeSource,
        config: Mapping[str, Any],
        link: LinkMode | None,
        to: str | None = None,
        *,
        remote: RemoteModel | None = None,
    ) -> ModelInstallJob:
        """Store a new job and put it at the end of the queue.

        Args:
            source: Where the model comes from.
            config: Fields that override what is identified.
            link: How the files of a local model get to their place.
            to: Name of the root that they go into.
            remote: What the site of a remote model said, where it was asked already.

        Raises:
            ServiceInactiveException: nobody works on the queue.
        """
        if not self._is_running:
            raise ServiceInactiveException(
                "The install service is not running", hint="Call start() first."
            )
        number = self._state.jobs.add(
            printable(str(source)), self._owner, job_details(source, config, link, to)
        )
        job = ModelInstallJob(number, source, dict(config), link, to)
        job.remote, job.pinned = remote, remote.source if remote is not None else None
        return self.take(job)

    def take(self, job: ModelInstallJob) -> ModelInstallJob:
        """Put a job that is stored already, as ours, at the end of the queue."""
        self._ends.pop(job.id, None)
        with self._changed:
            self._jobs.pop(job.id, None)
            self._jobs[job.id] = job
        self._put(job)
        return job

    def by_source(self, source: StringLikeSource | str | Path) -> list[ModelInstallJob]:
        """Return the jobs of one source."""
        return [job for job in self.jobs if job.source == source]

    def by_id(self, number: int) -> ModelInstallJob:
        """Return one job.

        Raises:
            UnknownInstallJobException: there is none with this id.
        """
        with self._changed:
            job = self._jobs.get(number)
        if job is not None:
            return job
        raise UnknownInstallJobException(
            f"There is no install job {number}", hint="modelkeep jobs lists those that are there."
        )

    def cancel(self, job: ModelInstallJob) -> None:
        """Stop a job: at once while it waits, very soon while somebody works on it."""
        job.cancel()
        was_paused = job.paused
        if self._leave_queue(job, InstallStatus.CANCELLED):
            if was_paused:
                self._let_go(job)
            self._end(job, InstallStatus.CANCELLED)

    def pause(self, job: ModelInstallJob) -> None:
        """Hold a job; a copy is taken back, what was fetched stays."""
        if job.wish is JobWish.RUN:
            job.wish = JobWish.PAUSE
            if self._leave_queue(job, InstallStatus.PAUSED):
                self._state.jobs.update(job.id, status=job.status.value)

    def resume(self, job: ModelInstallJob) -> None:
        """Put a paused job at the end of the queue again."""
        if job.wish is JobWish.PAUSE:
            self._withdrawn.add(job.id)
            job.wish = JobWish.RUN
            with self._changed:
                is_parked = job.paused
                if is_parked:
                    job.status = InstallStatus.WAITING
            if is_parked:
                self._state.jobs.update(job.id, status=job.status.value)
                self._put(job)

    def _put(self, job: ModelInstallJob) -> None:
        (self._local if job.is_local else self._remote).put(job)

    def _leave_queue(self, job: ModelInstallJob, status: InstallStatus) -> bool:
        """Give a job that is not being worked on another status; tell whether it is so."""
        with self._changed:
            is_idle = (job.waiting and not job.is_begun) or job.paused
            if is_idle:
                job.status = status
                self._changed.notify_all()
            return is_idle

    def _listen(self) -> None:
        """Do what other processes wish of our jobs."""
        while not self._stopping.wait(_LISTEN_SECONDS):
            self._save_ends()
            open_jobs = {job.id: job for job in self.jobs if not job.in_terminal_state}
            if not open_jobs:
                continue
            for job in open_jobs.values():
                if job.paused and job.is_cancel_requested:
                    self.cancel(job)
            try:
                for number, wanted in wishes(self._state, self._owner).items():
                    if number in open_jobs:
                        self._obey(open_jobs[number], wanted)
            except ModelKeepError as error:
                _log.warning("What others wish of our jobs could not be read: %s", error)

    def _obey(self, job: ModelInstallJob, wanted: JobWish) -> None:
        if wanted is job.wish:
            return
        if wanted is JobWish.CANCEL:
            self.cancel(job)
        elif wanted is JobWish.PAUSE:
            self.pause(job)
        else:
            self.resume(job)

    def prune(self) -> list[int]:
        """Forget the jobs that have ended; return their ids."""
        with self._changed:
            ended = [number for number, job in self._jobs.items() if job.in_terminal_state]
            for number in ended:
                del self._jobs[number]
        return ended

    def wait(self, timeout: float | None) -> JobList:
        """Wait until all jobs have ended or are paused, or for ``timeout`` seconds."""
        with self._changed:
            self._changed.wait_for(
                lambda: all(job.is_settled or job.paused for job in self._jobs.values()),
                timeout=timeout,
            )
            return JobList(self._jobs.values())

    def _work(self, job: ModelInstallJob) -> None:
        """Take up a job that comes off a queue, unless it was cancelled or paused meanwhile."""
        with self._changed:
            is_mine = job.waiting and not job.is_begun
            job.is_begun = job.is_begun or is_mine
        if is_mine:
            self._run(job)

    def running(self, job: ModelInstallJob) -> None:
        """Note that a job is being identified, put in place and recorded."""
        with self._changed:
            job.status = InstallStatus.RUNNING
        self._state.jobs.update(job.id, status=job.status.value)
        events.install_running(self._bus, job.id, printable(str(job.source)))

    def _run(self, job: ModelInstallJob) -> None:
        """Do a job; whatever it raises ends that job alone."""
        try:
            self._carry_out(job)
        except JobCancelledError as error:
            self._stopped(job, error)
        except BaseException as error:  # noqa: BLE001 - the thread must outlive any job
            if job.is_cancel_requested and isinstance(error, ModelKeepError):
                self._end(job, InstallStatus.CANCELLED)  # whatever else went wrong meanwhile
                return
            if not isinstance(error, ModelKeepError):
                _log.exception("The install of %s failed", printable(str(job.source)))
            job.exception = error
            self._end(job, InstallStatus.ERROR)
        else:
            job.bytes = job.total_bytes
            self._end(job, InstallStatus.COMPLETED)

    def _stopped(self, job: ModelInstallJob, error: JobCancelledError) -> None:
        """A job was taken back or put down because somebody asked for it."""
        if job.wish is not JobWish.PAUSE and self.is_stopping:
            job.exception = interrupted(job.source)
            self._end(job, InstallStatus.ERROR)
            return
        is_withdrawn = job.wish is JobWish.RUN and job.id in self._withdrawn
        self._withdrawn.discard(job.id)
        if job.wish is not JobWish.PAUSE and not is_withdrawn:
            job.exception = None if job.is_cancel_requested else error
            self._end(job, InstallStatus.CANCELLED)
            return
        if job.is_local:
            job.bytes = 0
        self._state.jobs.update(job.id, status=InstallStatus.PAUSED.value, bytes=job.bytes)
        with self._changed:
            job.is_begun = False
            job.status = InstallStatus.PAUSED
            self._changed.notify_all()
        self._look_again(job)

    def _look_again(self, job: ModelInstallJob) -> None:
        """Do what was asked for while a job was on its way to being paused."""
        if job.wish is JobWish.CANCEL:
            self.cancel(job)
        elif job.wish is JobWish.RUN:
            job.wish = JobWish.PAUSE
            self.resume(job)

    def _end(self, job: ModelInstallJob, status: InstallStatus) -> None:
        """Store how a job ended, tell the bus, then let those go on who wait for it."""
        self._store_end(job, status)
        job.status = status
        source = printable(str(job.source))
        if status is InstallStatus.COMPLETED:
            key = job.config_out.key if job.config_out else ""
            events.install_completed(self._bus, job.id, source, key, job.total_bytes)
        elif status is InstallStatus.CANCELLED:
            events.install_cancelled(self._bus, job.id, source)
        else:
            error_type, error = job.error_type or "", job.error or ""
            events.install_error(self._bus, job.id, source, error_type, error)
        with self._changed:
            job.is_settled = True
            self._changed.notify_all()

    def _store_end(self, job: ModelInstallJob, status: InstallStatus) -> None:
        self._ends[job.id] = {
            "status": status.value,
            "key": job.config_out.key if job.config_out else None,
            "error_type": job.error_type,
            "error": printable(str(job.exception)) if job.exception else None,
            "hint": printable(job.hint) or None,
            "bytes": job.bytes,
            "total_bytes": job.total_bytes,
            "ended_at": time.time(),
        }
        self._save_ends()
        if job.id in self._ends:
            _log.warning("The end of job %s is stored as soon as that can be done", job.id)

    def _save_ends(self) -> None:
        for number, fields in list(self._ends.items()):
            try:
                self._state.jobs.update(number, **fields)
            except ModelKeepError as error:
                _log.debug("The end of job %s could not be stored: %s", number, error)
            else:
                self._ends.pop(number, None)
