"""Installs: ``/api/v1/model/record/import``, and ``sync``."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Header, Request, Response
from pydantic import BaseModel, JsonValue

from modelkeep.app import import_jobs as installs
from modelkeep.app.job_kinds.sync import SyncDetails
from modelkeep.errors import UnknownInstallJobException
from modelkeep.sources.model_source import ModelSource
from modelkeep.web.api.tasks import TaskFacts, begun
from modelkeep.web.checked import CheckedBody, JobNumber
from modelkeep.web.context import Context
from modelkeep.web.errors import declared, error_reply
from modelkeep.web.hints import over_http
from modelkeep.web.replies import json_reply, no_content
from modelkeep.web.router import Router
from modelkeep.web.routes import API, Routes

router = Router(prefix=f"{API}/model/record")
ROUTES = Routes("imports", router)


class ImportRequest(CheckedBody):
    """What to install.

    Attributes:
        source: A source by its fields, or what a person would type for it: a path, a link, the
            name of a repository.
        config: Fields of the record that win over what is identified.
    """

    source: ModelSource | str
    config: dict[str, JsonValue] | None = None


class InstallJobFacts(BaseModel):
    """An install job.

    Attributes:
        config_in: The fields that were asked for.
        config_out: The record that it made.
        download_parts: The downloads of its files, where this server does them.
        error: What went wrong.
        hint: What to do next.
    """

    id: int
    status: str
    config_in: dict[str, Any]
    config_out: dict[str, Any] | None
    inplace: bool
    source: dict[str, Any]
    local_path: str
    bytes: int
    total_bytes: int
    source_metadata: dict[str, Any] | None
    download_parts: list[dict[str, Any]]
    error_type: str | None
    error: str | None
    hint: str


@router.post(
    "/import",
    status_code=201,
    response_model=InstallJobFacts,
    responses=declared(400, 403, 404, 409, 415, 424, 429, 503),
)
def import_model_record(context: Context, body: ImportRequest) -> Response:
    """Begin an install; follow its job for what comes of it."""
    return json_reply(
        installs.begin_import(context.manager, body.source, body.config).to_json(), 201
    )


@router.get("/import", response_model=list[InstallJobFacts])
def list_model_install_jobs(context: Context) -> Response:
    """Return the install jobs of every process and of earlier runs, the oldest first."""
    return json_reply(over_http([job.to_json() for job in installs.import_jobs(context.manager)]))


@router.get("/import/{number}", response_model=InstallJobFacts, responses=declared(404))
def get_model_install_job(context: Context, number: JobNumber) -> Response:
    """Return one install job."""
    return json_reply(over_http(installs.import_job(context.manager, number).to_json()))


@router.delete("/import/{number}", status_code=201, response_model=None, responses=declared(415))
def cancel_model_install_job(context: Context, number: JobNumber) -> Response:
    """Stop an install for good; what it has put on the disk is removed."""
    try:
        installs.cancel_import(context.manager, number)
    except UnknownInstallJobException as error:  # the specification's status for it
        return error_reply(error, status=415)
    return json_reply(None, 201)


@router.patch("/import", status_code=204, response_model=None)
def prune_model_install_jobs(context: Context) -> Response:
    """Forget the installs that have ended."""
    installs.prune_imports(context.manager)
    return no_content()


@router.post(
    "/import/{number}/pause", response_model=InstallJobFacts, responses=declared(400, 404, 409)
)
def pause_model_install_job(context: Context, number: JobNumber) -> Response:
    """Hold an install until it is resumed."""
    return json_reply(over_http(installs.pause_import(context.manager, number).to_json()))


@router.post(
    "/import/{number}/resume",
    response_model=InstallJobFacts,
    responses=declared(400, 404, 409, 415),
)
def resume_model_install_job(context: Context, number: JobNumber) -> Response:
    """Let an install go on."""
    return json_reply(over_http(installs.resume_import(context.manager, number).to_json()))


@router.post(
    "/import/{number}/retry", response_model=InstallJobFacts, responses=declared(400, 404, 409, 415)
)
def retry_model_install_job(context: Context, number: JobNumber) -> Response:
    """Start an install again that failed or was cancelled."""
    return json_reply(over_http(installs.retry_import(context.manager, number).to_json()))


@router.patch(
    "/sync",
    status_code=204,
    response_model=None,
    responses={**declared(429), 202: {"model": TaskFacts}},
)
def sync_models_to_config(
    context: Context, request: Request, prefer: Annotated[str | None, Header()] = None
) -> Response:
    """Register new files in all roots, find moved ones again, mark missing ones.

    With ``Prefer: respond-async`` a task does it.
    """
    wishes = (prefer or "").lower().replace(";", ",").split(",")
    if "respond-async" in (wish.strip() for wish in wishes):
        return begun(context, request, "sync", SyncDetails(), "all roots")
    context.manager.installer.sync_to_config()
    return no_content()
