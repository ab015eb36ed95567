"""Verifications as jobs: every byte of models is read and compared."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from modelkeep.app.job_kinds.task import Findings, Task, TaskKind
from modelkeep.errors import ModelKeepError
from modelkeep.jobs.kinds import Job, JobPlugin

if TYPE_CHECKING:
    from modelkeep.jobs.control import JobControl
    from modelkeep.library.verify import ModelCheck


@dataclass(frozen=True)
class VerifyDetails:
    """Which models to read.

    Attributes:
        keys: Of models; when None all, or those that the next three name.
        only_new, max_age, restart: As of ``SweepOptions``.
        accept: Take the bytes of the models in ``keys`` for right as they are.
        limit_rate: Bytes a second at most.
    """

    keys: Sequence[str] | None = None
    only_new: bool = False
    max_age: float | None = None
    restart: bool = False
    accept: bool = False
    limit_rate: float | None = None


class VerifyKind(TaskKind[VerifyDetails]):
    """Reads models whole and compares their hashes with the recorded ones."""

    name = "verify"
    details = VerifyDetails
    unit = "bytes"

    def run(self, job: Job[VerifyDetails], control: JobControl) -> None:
        """Verify; a sweep that is stopped goes on where it was."""
        report = Findings()
        counter = _Counter(control)
        run = self._named if job.details.keys is not None else self._swept
        try:
            for check in run(job.details, counter, report):
                is_kept = not check.is_well or job.details.keys is not None
                report.add(check.verdict.value, check.to_json(), is_kept=is_kept)
        finally:
            if isinstance(job, Task):
                job.result = report.to_json()

    def _named(
        self, asked: VerifyDetails, counter: _Counter, report: Findings
    ) -> Iterator[ModelCheck]:
        from modelkeep.app.outcomes import error_json
        from modelkeep.app.verify import verify

        records = self.manager.records
        for key in asked.keys or ():
            counter.control.check()
            try:
                model = records.get_model(key)
                counter.total += model.size or 0
                yield verify(
                    self.manager,
                    model,
                    accept=asked.accept,
                    limit_rate=asked.limit_rate,
                    progress=counter.add,
                    sleep=counter.control.sleep,
                )
            except ModelKeepError as error:
                counter.control.check()  # it was stopped, and nothing is wrong
                report.add("error", {"key": key, "status": "error", "error": error_json(error)})

    def _swept(
        self, asked: VerifyDetails, counter: _Counter, report: Findings
    ) -> Iterator[ModelCheck]:
        from modelkeep.app.verify import SweepOptions, checks, sweep

        del report
        found = sweep(self.manager, SweepOptions(asked.only_new, asked.max_age, asked.restart))
        counter.total = found.size
        yield from checks(
            found,
            limit_rate=asked.limit_rate,
            progress=counter.add,
            settle=lambda _: None,
            sleep=counter.control.sleep,
        )


class _Counter:
    """Reports the bytes that were read, and stops the reader where that was asked for."""

    def __init__(self, control: JobControl) -> None:
        self.control = control
        self.total = self._done = 0

    def add(self, size: int) -> None:
        self.control.check()
        self._done += size
        self.control.report(self._done, max(self.total, self._done))


KIND = JobPlugin("verify", VerifyKind)
