"""``/jobs``: what is being done, what was done, and a page for each job."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Annotated, Any, get_args
from urllib.parse import urlencode

from fastapi import Query, Request, Response

from modelkeep.app import jobs as actions
from modelkeep.app.job_list import Shown, job_list, one_job
from modelkeep.app.job_report import job_report
from modelkeep.app.kinds import base_choices, type_choices
from modelkeep.app.manager import ModelManager
from modelkeep.app.query import read_base, read_type
from modelkeep.core.names import counted
from modelkeep.web.acting import acted
from modelkeep.web.checked import JobNumber
from modelkeep.web.context import Context
from modelkeep.web.frame import lead_to, page
from modelkeep.web.guard.forms import read_form
from modelkeep.web.notices import Notice
from modelkeep.web.router import Router
from modelkeep.web.routes import Routes

router = Router(include_in_schema=False)
ROUTES = Routes("jobs", router)

#: Jobs that have ended: as many at first, and as many more with each step.
_STEP = 50
_MOST = 1_000
_PAGES = 100_000

_ACTIONS: Mapping[str, Callable[[ModelManager, int], object]] = {
    "pause": actions.pause,
    "resume": actions.resume,
    "cancel": actions.cancel,
    "forget": actions.forget,
}


@router.get("/jobs")
def jobs_page(
    request: Request,
    context: Context,
    show: str = "all",
    limit: Annotated[int, Query(ge=1, le=_MOST)] = _STEP,
    skip: Annotated[int, Query(ge=0, le=_PAGES)] = 0,
) -> Response:
    """Show the jobs of every process: those that run first, then those that ended, latest first."""
    shown: Shown = next((name for name in get_args(Shown) if name == show), "all")
    listed = job_list(context.manager, shown, limit, skip)
    return page(
        request,
        "jobs.html",
        title="Jobs",
        section="jobs",
        listed=listed,
        running=listed.running,
        shown=shown,
        skip=skip,
        more=_more(limit, skip) if listed.is_more else "",
        types=type_choices(),
        bases=base_choices(),
    )


@router.get("/jobs/running")
def running_page(request: Request, context: Context) -> Response:
    """Show how many jobs run; the menu of every page follows it."""
    count = context.manager.jobs.count_open()
    return page(request, "jobs_running.html", title="Running jobs", section="jobs", running=count)


@router.get("/jobs/{number}")
def job_page(
    request: Request,
    context: Context,
    number: JobNumber,
    status: str = "",
    part: Annotated[int, Query(ge=1, le=_PAGES)] = 1,
) -> Response:
    """Show one job with all of its files, and a page of its report."""
    job = one_job(context.manager, number)
    report = job_report(context.manager, number, status=status, page=part)
    return page(
        request,
        "job.html",
        title=job.title,
        section="jobs",
        job=job,
        report=report,
        only=status,
        types=type_choices(),
        bases=base_choices(),
    )


@router.post("/jobs/clear")
async def clear_jobs(request: Request, context: Context) -> Response:
    """Forget the jobs that have ended."""
    form = await read_form(request)

    def clear() -> Notice:
        count = context.manager.jobs.prune()
        return Notice(f"{counted(count, 'job')} removed from the list", "What they made stays.")

    return await acted(request, context, clear, form.get("here", "/jobs"))


@router.post("/jobs/{number}/retry")
async def retry_job(request: Request, context: Context, number: JobNumber) -> Response:
    """Begin a job again, with the type and the base of the form where it has them."""
    form = await read_form(request)
    return await _do(request, context, form, lambda: _retry(context.manager, number, form))


@router.post("/jobs/{number}/{action}")
async def act_on_job(
    request: Request, context: Context, number: JobNumber, action: str
) -> Response:
    """Pause, resume, cancel or forget a job."""
    form = await read_form(request)
    act = _ACTIONS.get(action)
    if act is None:
        return lead_to(request, context.notices, "/jobs", None)
    if action == "forget" and form.get("here", "").startswith(f"/jobs/{number}"):
        form["here"] = "/jobs"
    return await _do(request, context, form, lambda: act(context.manager, number))


def _more(limit: int, skip: int) -> str:
    """Return the parameters that show more jobs: a longer list, and after the longest a next."""
    if limit + _STEP <= _MOST:
        more = {"limit": limit + _STEP, "skip": skip}
    else:
        more = {"skip": skip + limit}
    return urlencode({name: value for name, value in more.items() if value})


def _retry(manager: ModelManager, number: int, form: Mapping[str, str]) -> object:
    changes: dict[str, Any] = {}
    if form.get("type"):
        changes["type"] = read_type(form["type"])
    if form.get("base"):
        changes["base"] = read_base(form["base"])
    return actions.retry(manager, number, changes)


async def _do(
    request: Request, context: Context, form: Mapping[str, str], act: Callable[[], object]
) -> Response:
    def quietly() -> None:  # the list itself shows what became of it
        act()

    return await acted(request, context, quietly, form.get("here", "/jobs"))
