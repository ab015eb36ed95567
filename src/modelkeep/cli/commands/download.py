"""``download``: files from links, without installing them."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from modelkeep.cli.output import Bar
from modelkeep.cli.session import Session
from modelkeep.cli.tokens import read_token
from modelkeep.cli.words import named, status_of
from modelkeep.core.names import path_to_text, shown, size_text
from modelkeep.errors import EXIT_INTERRUPTED, ModelKeepError, UsageError

if TYPE_CHECKING:
    from modelkeep.download.job import DownloadJobBase
    from modelkeep.download.queue import DownloadQueueService

_LINKS = ("http://", "https://")
#: Progress is told so often in JSON, seconds.
_TELL_SECONDS = 1.0


def download(
    ctx: typer.Context,
    words: Annotated[
        list[str],
        typer.Argument(
            metavar="URL... [DEST]",
            help="Links, then the folder or the file they go to (this folder when left out).",
            show_default=False,
        ),
    ],
    sha256: Annotated[
        str | None, typer.Option(metavar="HEX", help="What the bytes must be; one link only.")
    ] = None,
    segments: Annotated[
        int | None, typer.Option(metavar="N", min=1, max=64, help="Connections for one file.")
    ] = None,
    priority: Annotated[int, typer.Option(metavar="N", help="Lower ones come first.")] = 10,
    token: Annotated[
        str | None,
        typer.Option(metavar="TOKEN", help="For the host of the link: - reads it, @FILE too."),
    ] = None,
) -> int:
    """Fetch files from links: several connections, resumed after a break, checked."""
    session = ctx.ensure_object(Session)
    links, dest = _parted(words)
    if sha256 is not None and len(links) > 1:
        raise UsageError("--sha256 is for one link", hint="Fetch them one by one.")
    if segments is not None:
        session.options["segments"] = segments
    asked: dict[str, Any] = {"access_token": read_token(session, token), "priority": priority}
    if sha256 is not None:
        asked["hashes"] = {"sha256": sha256.strip().lower()}
    queue = session.manager.downloads
    jobs = [_submit(queue, link, dest, len(links) > 1, asked) for link in links]
    is_interrupted = _watch(session, queue, jobs)
    failed = sum(_tell_end(session, job) for job in jobs)
    if is_interrupted:
        session.say("Go on with the same command: what has come is kept.")
        return EXIT_INTERRUPTED
    return status_of(failed, len(jobs))


def _parted(words: Sequence[str]) -> tuple[list[str], Path]:
    links, dest = list(words), "."
    if not words[-1].lower().startswith(_LINKS):
        *links, dest = words
    wrong = [link for link in links if not link.lower().startswith(_LINKS)]
    if wrong or not links:
        raise UsageError(
            f"{named(wrong[0] if wrong else dest)} is no link",
            hint="modelkeep download URL... DEST, with links that begin with https://",
        )
    return links, Path(dest)


def _submit(
    queue: DownloadQueueService, link: str, dest: Path, is_one_of_many: bool, asked: dict[str, Any]
) -> DownloadJobBase:
    job = queue.make_job(
        link, dest, is_folder=is_one_of_many, preserve_partial_downloads=True, **asked
    )
    queue.submit_download_job(job)
    return job


def _watch(session: Session, queue: DownloadQueueService, jobs: Sequence[DownloadJobBase]) -> bool:
    """Draw how far all are until they have ended; return whether Ctrl-C paused them."""
    told = time.monotonic()
    label = jobs[0].dest.name if len(jobs) == 1 else f"{len(jobs)} files"
    try:
        with Bar(label or "download", is_shown=not session.quiet) as bar:
            while any(job.waiting or job.running for job in jobs):
                bar.show(sum(job.bytes for job in jobs), sum(job.total_bytes for job in jobs))
                if session.json and time.monotonic() - told >= _TELL_SECONDS:
                    told = time.monotonic()
                    for job in jobs:
                        _tell_json(session, job)
                time.sleep(0.02)
    except KeyboardInterrupt:
        queue.pause_all_jobs()
        queue.join(5)
        return True
    return False


def _tell_end(session: Session, job: DownloadJobBase) -> bool:
    """Print what came of a job; tell whether it failed."""
    if session.json:
        _tell_json(session, job)
    if job.complete:
        if session.quiet:
            session.print(path_to_text(job.download_path or job.dest))
        elif not session.json:
            size = size_text(job.total_bytes)
            checked = "" if getattr(job, "is_verified", False) else ", no hash to check it by"
            session.print(f"{shown(job.download_path or job.dest)} ({size}{checked})")
        return False
    if isinstance(job.exception, ModelKeepError):
        session.report(job.exception, named(str(job.source)))
    return True


def _tell_json(session: Session, job: DownloadJobBase) -> None:
    path = job.download_path
    session.print_json(
        {
            "source": named(str(job.source)),
            "status": job.status.value,
            "bytes": job.bytes,
            "total_bytes": job.total_bytes,
            "path": path_to_text(path) if path else None,
            "error": str(job.exception) if job.exception else None,
        }
    )
