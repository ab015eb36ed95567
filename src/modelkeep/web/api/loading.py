"""Models in the memory of the server: ``/api/v1/model/load``."""

from __future__ import annotations

from typing import Annotated, Literal

import anyio.to_thread
from fastapi import Query, Response
from pydantic import BaseModel, Field

from modelkeep.app import load as loads
from modelkeep.web.checked import CheckedBody
from modelkeep.web.context import Context, WebContext
from modelkeep.web.errors import declared
from modelkeep.web.keys import config_of
from modelkeep.web.replies import json_reply
from modelkeep.web.router import Router
from modelkeep.web.routes import API, Routes

router = Router(prefix=f"{API}/model/load")
ROUTES = Routes("loading", router)

_NAME = 64
_FAILURES = declared(400, 404, 409, 415, 424, 503, 507)

SubmodelName = Annotated[
    str | None, Query(max_length=_NAME, description="Part of a main model; all of it without")
]


class LoadTarget(CheckedBody):
    """What is loaded, and how.

    Attributes:
        key: Of the model.
        submodel: Of a main model: unet, vae, text_encoder ...
        device: ``auto``, ``cpu``, ``cuda:1`` ...; the setting when null.
        precision: ``auto``, ``float32``, ``float16``, ``bfloat16``; the setting when null.
    """

    key: str = Field(min_length=1)
    submodel: str | None = Field(default=None, max_length=_NAME)
    device: str | None = Field(default=None, max_length=_NAME)
    precision: str | None = Field(default=None, max_length=_NAME)

    def options(
        self, *, accepts: bool = False, keep_alive: float | str | None = None
    ) -> loads.LoadOptions:
        """Return them as the load service takes them."""
        return loads.LoadOptions(
            self.submodel or "", self.device, self.precision, accepts, keep_alive
        )


class LoadBody(LoadTarget):
    """What is loaded, and how long it stays.

    Attributes:
        keep_alive: Seconds that it stays in memory, or ``forever``; the setting when null.
        accept_changed: Take files for right that changed since they were recorded.
    """

    keep_alive: Annotated[float, Field(ge=0, le=10**9)] | Literal["forever"] | None = None
    accept_changed: bool = False


class LoadedFacts(BaseModel):
    """What a load gave.

    Attributes:
        seconds: How long it took.
        cached: It was in memory already.
    """

    key: str
    submodel: str | None
    class_: str = Field(alias="class")
    device: str
    dtype: str
    bytes: int
    seconds: float
    cached: bool


class InMemoryFacts(BaseModel):
    """A part of a model that is in memory.

    Attributes:
        mapped: Of its bytes, those of mapped files.
        users: How many use it now.
        seconds: How long it took to load.
        idle: Seconds since nobody uses it; 0 while somebody does.
    """

    key: str
    name: str
    submodel: str | None
    class_: str = Field(alias="class")
    device: str
    dtype: str
    bytes: int
    mapped: int
    users: int
    seconds: float
    idle: float


class ForecastFacts(BaseModel):
    """What loading would take.

    Attributes:
        would_go: Parts that would leave memory for it.
    """

    key: str
    submodel: str | None
    class_: str = Field(alias="class")
    device: str
    dtype: str
    bytes: int
    read_bytes: int
    loaded: bool
    fits: bool
    would_go: list[str]


class EvictedFacts(BaseModel):
    """How many parts left memory, and the bytes that became free."""

    parts: int
    bytes: int


@router.get("", response_model=list[InMemoryFacts])
def list_loaded_models(context: Context) -> Response:
    """Return the parts of models that are in memory."""
    return json_reply([one.to_json() for one in loads.loaded(context.manager)])


@router.get("/stats", response_model=list[dict[str, str | int | float]])
def get_load_stats(context: Context) -> Response:
    """Return what the memory of each device did since the server started."""
    return json_reply([one.to_json() for one in loads.stats(context.manager)])


@router.post("", response_model=LoadedFacts, responses=_FAILURES)
async def load_model(context: Context, body: LoadBody) -> Response:
    """Load a model, and answer when it is in memory; events tell how far it is.

    Few are loaded at a time; who asks for one that is just being loaded gets the same.
    """
    return await anyio.to_thread.run_sync(_load, context, body, limiter=context.loading)


def _load(context: WebContext, body: LoadBody) -> Response:
    config_of(context, body.key)
    options = body.options(accepts=body.accept_changed, keep_alive=body.keep_alive)
    [found] = loads.load(context.manager, body.key, options)
    return json_reply(found.to_json())


@router.post("/peek", response_model=ForecastFacts, responses=_FAILURES)
def peek_at_load(context: Context, body: LoadTarget) -> Response:
    """Return what loading a model would take; nothing is loaded."""
    config_of(context, body.key)
    return json_reply(loads.preview(context.manager, body.key, body.options()).to_json())


@router.delete("", response_model=EvictedFacts)
def clear_loaded_models(context: Context) -> Response:
    """Take everything out of memory that nobody uses."""
    return json_reply(loads.evict(context.manager).to_json())


@router.delete("/{key:path}", response_model=EvictedFacts, responses=declared(404))
def evict_model(context: Context, key: str, submodel: SubmodelName = None) -> Response:
    """Take a model out of memory; who uses it keeps it to the end."""
    key = config_of(context, key).key
    return json_reply(loads.evict(context.manager, key, submodel).to_json())
