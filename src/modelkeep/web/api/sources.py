"""What a source is, and what installing it would do: ``/api/v1/identify`` and ``/api/v1/plan``."""

from __future__ import annotations

from fastapi import Response
from pydantic import BaseModel, ConfigDict, JsonValue

from modelkeep.app import identify as identification
from modelkeep.app import plan as plans
from modelkeep.app.requested import requested_source
from modelkeep.sources.model_source import ModelSource
from modelkeep.web.checked import CheckedBody
from modelkeep.web.context import Context
from modelkeep.web.errors import declared
from modelkeep.web.hints import over_http
from modelkeep.web.replies import json_reply
from modelkeep.web.router import Router
from modelkeep.web.routes import API, Routes

router = Router(prefix=API)
ROUTES = Routes("sources", router)


class IdentifyBody(CheckedBody):
    """What to identify.

    Attributes:
        source: A source by its fields, or what a person would type for it: a path, a link, the
            name of a repository.
    """

    source: ModelSource | str


class PlanBody(IdentifyBody):
    """What would be installed.

    Attributes:
        config: Fields of the record that win over what is identified.
    """

    config: dict[str, JsonValue] | None = None


class IdentifiedFacts(BaseModel):
    """What a source is; the same as ``modelkeep identify --json`` prints.

    Attributes:
        type: ``unknown`` where no rule fits; null where nothing could be read.
        evidence: Why it is that.
        error: Why that is not known.
    """

    source: str
    type: str | None
    base: str | None
    format: str | None
    variant: str | None
    repo_variant: str | None
    prediction_type: str | None
    lineage: str | None
    fits: list[str] | None
    quantization: str | None
    missing: list[str]
    size: int | None
    name: str | None
    trigger_phrases: list[str]
    evidence: list[dict[str, str]]
    error: dict[str, str | list[str]] | None


class PlanFacts(BaseModel):
    """What an install would do; the same as ``modelkeep install --dry-run --json`` prints.

    Attributes:
        status: ``planned``, or ``error`` where it would be refused.
        path: Where the model would be.
        base: Of the model, where it is known.
        already_there: The library has the same bytes, as ``key``.
    """

    model_config = ConfigDict(extra="allow")

    status: str
    source: str
    path: str | None
    type: str
    base: str | None
    format: str | None
    name: str
    bytes: int | None
    needed_bytes: int
    free_bytes: int
    key: str | None
    already_there: bool
    error: dict[str, str] | None


@router.post("/identify", response_model=IdentifiedFacts, responses=declared(400, 403, 404, 415))
def identify(context: Context, body: IdentifyBody) -> Response:
    """Say what a source is, from headers and configs alone; nothing is changed.

    What is wrong with the model itself is in ``error``.
    """
    source = requested_source(context.manager, body.source)
    return json_reply(over_http(identification.answer(context.manager, source).to_json()))


@router.post(
    "/plan",
    response_model=PlanFacts,
    responses=declared(400, 403, 404, 409, 415, 424, 502, 503, 507),
)
def plan(context: Context, body: PlanBody) -> Response:
    """Say what installing a source would do; nothing is changed."""
    source = requested_source(context.manager, body.source)
    planned = plans.plan(context.manager, source, plans.InstallRequest(body.config or {}))
    return json_reply(over_http(planned.to_json()))
