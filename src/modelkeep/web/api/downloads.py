"""Downloads: ``/api/v1/download_queue``."""

from __future__ import annotations

from fastapi import Response
from pydantic import AnyHttpUrl, BaseModel, Field, SecretStr

from modelkeep.app import download_jobs as downloads
from modelkeep.web.checked import CheckedBody, JobNumber
from modelkeep.web.context import Context
from modelkeep.web.errors import declared
from modelkeep.web.hints import over_http
from modelkeep.web.replies import json_reply, no_content
from modelkeep.web.router import Router
from modelkeep.web.routes import API, Routes

router = Router(prefix=f"{API}/download_queue")
ROUTES = Routes("downloads", router)

_PRIORITY = 1_000_000


class DownloadBody(CheckedBody):
    """What to download.

    Attributes:
        source: A link.
        dest: A folder, or the file that it makes.
        priority: Lower ones run first.
        access_token: Sent to the host of the link, and to no other.
    """

    source: AnyHttpUrl
    dest: str = Field(min_length=1)
    priority: int = Field(default=10, ge=-_PRIORITY, le=_PRIORITY)
    access_token: SecretStr | None = None


class DownloadJobFacts(BaseModel):
    """A download.

    Attributes:
        job_started, job_ended: ISO 8601, in UTC.
        error: What went wrong.
        hint: What to do next.
    """

    id: int
    priority: int
    source: str
    dest: str
    status: str
    download_path: str | None
    job_started: str | None
    job_ended: str | None
    content_type: str | None
    bytes: int
    total_bytes: int
    error_type: str | None
    error: str | None
    hint: str


@router.get("/", response_model=list[DownloadJobFacts])
def list_downloads(context: Context) -> Response:
    """Return the downloads of every process and of earlier runs, and the parts of installs."""
    return json_reply(
        over_http([job.to_json() for job in downloads.download_jobs(context.manager)])
    )


@router.patch("/", status_code=204, response_model=None)
def prune_downloads(context: Context) -> Response:
    """Forget the downloads that have ended."""
    downloads.prune_downloads(context.manager)
    return no_content()


@router.post("/i/", response_model=DownloadJobFacts, responses=declared(400, 403, 503))
def download(context: Context, body: DownloadBody) -> Response:
    """Begin a download; follow its job for what comes of it."""
    token = body.access_token.get_secret_value() if body.access_token else None
    job = downloads.begin_download(
        context.manager, str(body.source), body.dest, priority=body.priority, token=token
    )
    return json_reply(over_http(job.to_json()))


@router.get("/i/{number}", response_model=DownloadJobFacts, responses=declared(404))
def get_download_job(context: Context, number: JobNumber) -> Response:
    """Return one download."""
    return json_reply(over_http(downloads.download_job(context.manager, number).to_json()))


@router.delete("/i/{number}", status_code=204, response_model=None, responses=declared(404))
def cancel_download_job(context: Context, number: JobNumber) -> Response:
    """Stop a download for good; what has arrived of it is removed."""
    downloads.cancel_download(context.manager, number)
    return no_content()


@router.delete("/i", status_code=204, response_model=None)
def cancel_all_download_jobs(context: Context) -> Response:
    """Stop all downloads for good."""
    downloads.cancel_downloads(context.manager)
    return no_content()


@router.post(
    "/i/{number}/pause", response_model=DownloadJobFacts, responses=declared(400, 404, 409)
)
def pause_download_job(context: Context, number: JobNumber) -> Response:
    """Hold a download until it is started again."""
    return json_reply(over_http(downloads.pause_download(context.manager, number).to_json()))


@router.post(
    "/i/{number}/start", response_model=DownloadJobFacts, responses=declared(400, 404, 409)
)
def start_download_job(context: Context, number: JobNumber) -> Response:
    """Start a download that is paused or was not started; one that failed begins again."""
    return json_reply(over_http(downloads.start_download(context.manager, number).to_json()))
