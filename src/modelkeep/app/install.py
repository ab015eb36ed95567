"""Installing models, in this process or in a background process."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from modelkeep.app.outcomes import error_json
from modelkeep.app.text import source_text
from modelkeep.core.commands import command
from modelkeep.core.names import path_to_text, shown, size_text
from modelkeep.core.reading import printable
from modelkeep.errors import JobCancelledError, ModelKeepError, UsageError
from modelkeep.identification.known_families import kind_label

if TYPE_CHECKING:
    from pathlib import Path

    from modelkeep.app.manager import ModelManager
    from modelkeep.app.plan import InstallRequest
    from modelkeep.core.configs import ModelConfigBase
    from modelkeep.install.job import ModelInstallJob
    from modelkeep.install.plan import Plan
    from modelkeep.sources.string_like import StringLikeSource


@dataclass(frozen=True, slots=True)
class InstallResult:
    """The result for one source.

    Attributes:
        status: ``completed``, ``error``, ``cancelled``, ``interrupted`` or ``waiting``.
        path: Where it is.
        job: Number of the job that another process does.
    """

    source: str
    status: str
    record: ModelConfigBase | None = None
    path: Path | None = None
    is_known: bool = False
    is_repaired: bool = False
    error: Exception | None = None
    job: int | None = None

    @property
    def key(self) -> str | None:
        """Key of the record."""
        return self.record.key if self.record else None

    def to_json(self) -> dict[str, Any]:
        """Return it as plain values."""
        return {
            "source": source_text(self.source),
            "status": self.status,
            "key": self.key,
            "path": path_to_text(self.path) if self.path else None,
            "already_there": self.is_known,
            "repaired": self.is_repaired,
            "error": error_json(self.error) if self.error is not None else None,
            **({"job": self.job} if self.job is not None else {}),
        }

    def __str__(self) -> str:
        record = self.record
        if record is None or self.path is None:
            return ""
        if self.is_known:
            name = f"{record.name} {record.key}"
            return f"{printable(self.source)} is already in the library: {name}"
        repaired = " (its files are back)" if self.is_repaired else ""
        return (
            f"{kind_label(record.type, record.base)}: {record.name}{repaired}\n"
            f"  key   {record.key}\n"
            f"  path  {shown(self.path)} ({size_text(record.size)})"
        )


def begin(
    manager: ModelManager,
    source: StringLikeSource,
    request: InstallRequest,
    plan: Plan | None = None,
) -> ModelInstallJob:
    """Begin an install and return its job.

    Args:
        manager: Of the library.
        source: What to install.
        request: How.
        plan: Of a remote source: its site is not asked again.

    Raises:
        ModelKeepError: it cannot be installed; said before anything is downloaded.
    """
    if plan is not None and plan.refusal is not None:
        raise plan.refusal
    return manager.installer.import_model(
        source, dict(request.overrides), link=request.link, to=request.to, plan=plan
    )


def result_of(manager: ModelManager, source: str, job: ModelInstallJob) -> InstallResult:
    """Return what became of a job that has ended well.

    Raises:
        ModelKeepError: it failed, or was cancelled by another process.
    """
    if job.cancelled:
        raise JobCancelledError(
            f"The install of {printable(source)} was cancelled by another process",
            hint=f"Restart it with: modelkeep retry {job.id}",
        )
    if job.exception is not None or job.config_out is None:
        raise job.exception or ModelKeepError(f"The install of {printable(source)} did not finish")
    record = job.config_out
    return InstallResult(
        source,
        "completed",
        record,
        manager.path_of(record),
        is_known=bool(job.same_as),
        is_repaired=job.is_repaired,
    )


def not_applied(job: ModelInstallJob) -> Iterator[str]:
    """Yield what was asked for and not done, since the record was there before."""
    record = job.config_out
    if record is None or not (job.is_repaired or job.same_as):
        return
    if job.config_in:
        names = " and ".join(f"--{name}" for name in job.config_in)
        were = "was" if len(job.config_in) == 1 else "were"
        changes = [f"{name}={value}" for name, value in job.config_in.items()]
        apply = command("edit", record.key[:8], *changes)
        yield f"{names} {were} not applied. To apply it: {apply}"
    if job.to is not None and job.to != record.root:
        yield (
            f"--to {job.to} was not applied: the model is in {record.root or 'another folder'}."
            f" To install it there, remove it first: {command('remove', record.key[:8])}"
        )


def leave(manager: ModelManager, source: StringLikeSource, request: InstallRequest) -> int:
    """Store an install and start a process of its own for it; return the number of the job.

    Raises:
        UsageError: it needs a secret, and those are not stored.
    """
    if getattr(source, "access_token", None) or getattr(source, "has_secrets", False):
        raise UsageError(
            f"{printable(str(source))} needs a token, and --no-wait cannot pass it to another "
            "process",
            hint="Store it with: modelkeep token set SITE. Or drop --no-wait.",
        )
    number = manager.installer.leave_job(
        source, request.overrides, link=request.link, to=request.to
    )
    root = os.fspath(manager.settings.root)
    command = [sys.executable, "-m", "modelkeep", "--root", root, "resume", str(number)]
    subprocess.Popen(  # noqa: S603 - it is this very program
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    return number
