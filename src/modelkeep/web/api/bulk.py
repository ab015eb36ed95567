"""``/api/v1/model/record/bulk``: one action on many models."""

from __future__ import annotations

from typing import Annotated, Any, Self

from fastapi import Request, Response
from pydantic import BaseModel, Field, model_validator

from modelkeep.app.bulk import BulkAction, BulkRequest, entries, keys_of
from modelkeep.app.job_kinds.bulk import BulkDetails
from modelkeep.core.names import counted
from modelkeep.web.api.tasks import TaskFacts, begun
from modelkeep.web.checked import CheckedBody
from modelkeep.web.context import Context
from modelkeep.web.errors import declared
from modelkeep.web.hints import over_http
from modelkeep.web.replies import json_reply
from modelkeep.web.router import Router
from modelkeep.web.routes import API, Routes

router = Router(prefix=f"{API}/model/record")
ROUTES = Routes("bulk", router)

_KEYS = 50_000
_TAGS = 100
Words = Annotated[list[str], Field(max_length=1_000)]


class BulkBody(CheckedBody):
    """What to do with which models; ``keys`` or ``filter`` names them.

    Attributes:
        keys: Of the models.
        filter: A search: its query string, or its parameters, of which some take several values.
            All models that it finds are meant.
        dry_run: Change nothing; return what would be done.
        tags: Of ``tag`` and ``untag``.
        type, base, format, variant: Of ``retype``.
        reset: Of ``reidentify``: also reset what people set.
        again: Of ``enrich``: ask also about what was asked lately.
        yes: Of ``enrich``: send hashes also to sites that nobody has allowed to receive them.
        keep_files: Of ``remove``: only the records.
        everywhere: Of ``remove``: also files outside the models folder.
        now: Of ``remove``: past the trash.
    """

    action: BulkAction
    keys: Annotated[list[str], Field(max_length=_KEYS)] | None = None
    filter: str | dict[str, str | Words] | None = None
    dry_run: bool = False
    tags: Annotated[list[str], Field(max_length=_TAGS)] = Field(default_factory=list)
    type: str | None = None
    base: str | None = None
    format: str | None = None
    variant: str | None = None
    reset: bool = False
    again: bool = False
    yes: bool = False
    keep_files: bool = False
    everywhere: bool = False
    now: bool = False

    @model_validator(mode="after")
    def _names_models(self) -> Self:
        if (self.keys is None) is (self.filter is None):
            raise ValueError("either keys or filter has to name the models")
        return self

    def parameters(self) -> list[tuple[str, str]] | str:
        """Return the filter as the parameters of a search."""
        if not isinstance(self.filter, dict):
            return self.filter or ""
        pairs = [
            (name, [value] if isinstance(value, str) else value)
            for name, value in self.filter.items()
        ]
        return [(name, value) for name, values in pairs for value in values]


class BulkEntries(BaseModel):
    """What would become of each model."""

    entries: list[dict[str, Any]]


@router.post(
    "/bulk",
    status_code=202,
    response_model=TaskFacts,
    responses={**declared(400, 429), 200: {"model": BulkEntries}},
)
def bulk_change(context: Context, request: Request, body: BulkBody) -> Response:
    """Begin one action on many models; with ``dry_run`` return what it would do to each."""
    keys = body.keys
    if keys is None:
        keys = keys_of(context.manager, body.parameters())
    fields = body.model_dump(exclude={"keys", "filter", "dry_run"})
    asked = BulkRequest(keys=list(dict.fromkeys(keys)), **fields)
    if body.dry_run:
        found = entries(context.manager, asked, is_dry=True)
        return json_reply(over_http({"entries": [entry.to_json() for entry in found]}))
    about = f"{asked.action} {counted(len(asked.keys), 'model')}"
    return begun(context, request, "bulk", BulkDetails.of(asked), about)
