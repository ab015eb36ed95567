"""The sites that models come from: searching them, and the tokens for them."""

from __future__ import annotations

from typing import Annotated

from fastapi import Path, Query, Response
from pydantic import BaseModel, SecretStr

from modelkeep.app import search, tokens
from modelkeep.app.query import read_base, read_type
from modelkeep.web.checked import CheckedBody
from modelkeep.web.context import Context
from modelkeep.web.errors import declared
from modelkeep.web.replies import json_reply, no_content
from modelkeep.web.router import Router
from modelkeep.web.routes import API, Routes

router = Router(prefix=API)
ROUTES = Routes("sites", router)

_NAME, _WORDS, _MOST_HITS = 64, 1_000, 100

SiteName = Annotated[str, Path(max_length=_NAME, description="Such as huggingface or civitai")]
Word = Annotated[str | None, Query(max_length=_NAME)]


class SearchHit(BaseModel):
    """A model that a site has.

    Attributes:
        source: What an install takes.
    """

    number: int
    source: str
    name: str
    author: str
    site: str
    type: str | None
    base: str | None
    size: int | None
    downloads: int | None
    page: str


class SiteTokenName(BaseModel):
    """A site for which there is a token."""

    site: str


class SiteTokenBody(CheckedBody):
    """A token for a site; it is never sent back."""

    token: SecretStr


@router.get("/sites/search", response_model=list[SearchHit], responses=declared(400, 403, 424, 502))
def search_sites(
    context: Context,
    *,
    q: Annotated[str, Query(min_length=1, max_length=_WORDS, description="Words to look for")],
    site: Word = None,
    kind: Annotated[str | None, Query(alias="type", max_length=_NAME)] = None,
    base: Word = None,
    limit: Annotated[int, Query(ge=1, le=_MOST_HITS)] = 20,
) -> Response:
    """Search the sites for models."""
    hits = search.search(
        context.manager,
        q,
        site,
        type=read_type(kind) if kind else None,
        base=read_base(base) if base else None,
        limit=limit,
    )
    return json_reply([hit.to_json() for hit in hits])


@router.get("/site_tokens", response_model=list[SiteTokenName])
def list_site_tokens(context: Context) -> Response:
    """Return the sites for which there are tokens; of the tokens themselves nothing is sent."""
    names = dict.fromkeys(one.key for one in tokens.tokens(context.manager))
    return json_reply([{"site": name} for name in names])


@router.put(
    "/site_tokens/{site}", status_code=204, response_model=None, responses=declared(400, 403)
)
def set_site_token(context: Context, site: SiteName, body: SiteTokenBody) -> Response:
    """Store a token for a site, in the config folder of the user who runs the server."""
    tokens.store(context.manager, site, body.token.get_secret_value())
    return no_content()


@router.delete(
    "/site_tokens/{site}", status_code=204, response_model=None, responses=declared(400, 403)
)
def remove_site_token(context: Context, site: SiteName) -> Response:
    """Delete the stored token of a site, if there is one."""
    tokens.remove(context.manager, site)
    return no_content()
