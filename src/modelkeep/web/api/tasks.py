"""Tasks: scan, verify, enrich, doctor, and what became of them."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Request, Response
from pydantic import BaseModel, Field

from modelkeep.app import tasks
from modelkeep.app.job_kinds.doctor import DoctorDetails
from modelkeep.app.job_kinds.enrich import EnrichDetails
from modelkeep.app.job_kinds.scan import ScanDetails
from modelkeep.app.job_kinds.verify import VerifyDetails
from modelkeep.app.requested import requested_place
from modelkeep.core.names import counted
from modelkeep.library.destination import LinkMode
from modelkeep.web.checked import CheckedBody, JobNumber
from modelkeep.web.context import Context
from modelkeep.web.errors import declared
from modelkeep.web.hints import over_http
from modelkeep.web.replies import json_reply, no_content
from modelkeep.web.router import Router
from modelkeep.web.routes import API, Routes

router = Router(prefix=API)
ROUTES = Routes("tasks", router)

Keys = Annotated[list[str], Field(max_length=10_000)]


class TaskProgress(BaseModel):
    """How far a task is; ``total`` is null where that is not known."""

    done: int
    total: int | None
    unit: str


class TaskFacts(BaseModel):
    """A task.

    Attributes:
        kind: ``scan``, ``verify``, ``enrich``, ``doctor``, ``sync``, ``bulk`` or ``undo``.
        result: Its report: ``counts`` and, of one task, ``findings`` or ``entries``.
    """

    id: int
    kind: str
    source: str
    status: str
    progress: TaskProgress
    result: dict[str, Any] | None
    error: dict[str, Any] | None
    created_at: float
    ended_at: float | None


class ScanBody(CheckedBody):
    """What to scan, and what to do with what is found.

    Attributes:
        what: A folder, a file, or the name of a root; all roots when null.
        register: Register the models where they are.
        install: Copy the models into the library.
        link: With ``install``, how files get there.
        layout: Whose folder it is; recognised when null.
    """

    what: str | None = None
    register_: bool = Field(default=False, alias="register")
    install: bool = False
    link: LinkMode | None = None
    layout: str | None = None


class VerifyBody(CheckedBody):
    """Which models to read.

    Attributes:
        keys: Of models; all of them when null.
        only_new: Without keys, those whose hash is not known.
        max_age: Without keys, those that were not read for so many seconds.
        restart: Without keys, all of them, also those that an interrupted run has read.
        accept: Take the bytes of these models for right as they are.
        limit_rate: Bytes a second at most.
    """

    keys: Keys | None = None
    only_new: bool = False
    max_age: float | None = Field(default=None, ge=0, le=1e10, allow_inf_nan=False)
    restart: bool = False
    accept: bool = False
    limit_rate: float | None = Field(default=None, ge=1, le=1e15, allow_inf_nan=False)


class EnrichBody(CheckedBody):
    """Which models sites are asked about.

    Attributes:
        keys: Of models; all of them when null.
        without: Roots whose models are left out.
        again: Also what was asked lately.
        yes: Send hashes also to sites that nobody has allowed to receive them.
    """

    keys: Keys | None = None
    without: Annotated[list[str], Field(max_length=1_000)] = Field(default_factory=list)
    again: bool = False
    yes: bool = False


class DoctorBody(CheckedBody):
    """What the doctor does; with ``fix`` it repairs what can be."""

    fix: bool = False


@router.get("/tasks", response_model=list[TaskFacts])
def list_tasks(context: Context) -> Response:
    """Return the tasks of every process, the oldest first; of results only the numbers."""
    return json_reply(
        over_http([task.to_json(is_brief=True) for task in tasks.all_tasks(context.manager)])
    )


@router.get("/tasks/{number}", response_model=TaskFacts, responses=declared(404))
def get_task(context: Context, number: JobNumber) -> Response:
    """Return one task with its whole result."""
    return json_reply(over_http(tasks.one_task(context.manager, number).to_json()))


@router.delete("/tasks/{number}", status_code=204, response_model=None, responses=declared(404))
def cancel_task(context: Context, number: JobNumber) -> Response:
    """Stop a task for good; what it has done stays."""
    tasks.cancel_task(context.manager, number)
    return no_content()


@router.post(
    "/scan", status_code=202, response_model=TaskFacts, responses=declared(400, 403, 404, 429)
)
def scan(context: Context, request: Request, body: ScanBody | None = None) -> Response:
    """Begin a scan of folders."""
    body = body or ScanBody()
    link = body.link.value if body.link else None
    what = requested_place(context.manager, body.what)
    details = ScanDetails(what, body.register_, body.install, link, body.layout)
    details.request()  # refuses what makes no sense at once
    return begun(context, request, "scan", details, what or "all roots")


@router.post("/verify", status_code=202, response_model=TaskFacts, responses=declared(400, 429))
def verify(context: Context, request: Request, body: VerifyBody | None = None) -> Response:
    """Begin to read models whole and compare their hashes with the recorded ones."""
    body = body or VerifyBody()
    details = VerifyDetails(**body.model_dump())
    return begun(context, request, "verify", details, _about(body.keys))


@router.post("/enrich", status_code=202, response_model=TaskFacts, responses=declared(400, 429))
def enrich(context: Context, request: Request, body: EnrichBody | None = None) -> Response:
    """Begin to look models up on sites by their hashes."""
    body = body or EnrichBody()
    details = EnrichDetails(**body.model_dump())
    return begun(context, request, "enrich", details, _about(body.keys))


@router.post("/doctor", status_code=202, response_model=TaskFacts, responses=declared(429))
def doctor(context: Context, request: Request, body: DoctorBody | None = None) -> Response:
    """Begin to look for what is out of order in the library."""
    body = body or DoctorBody()
    return begun(context, request, "doctor", DoctorDetails(body.fix), "the library")


def begun(context: Context, request: Request, kind: str, details: Any, about: str) -> Response:
    """Begin a task and return the answer that names it."""
    task = tasks.begin_task(context.manager, kind, details, about)
    place = f"{request.scope.get('root_path', '')}{API}/tasks/{task.row.id}"
    return json_reply(over_http(task.to_json()), 202, headers={"Location": place})


def _about(keys: list[str] | None) -> str:
    return "all models" if keys is None else counted(len(keys), "model")
