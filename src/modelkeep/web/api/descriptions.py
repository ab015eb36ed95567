"""What is said of a model, as HTML that is safe to show."""

from __future__ import annotations

from fastapi import Response
from pydantic import BaseModel

from modelkeep.app.description import describe
from modelkeep.web.context import Context
from modelkeep.web.errors import declared
from modelkeep.web.keys import config_of
from modelkeep.web.replies import json_reply
from modelkeep.web.router import Router
from modelkeep.web.routes import API, Routes

router = Router(prefix=f"{API}/model/record/i")
ROUTES = Routes("descriptions", router)


class DescriptionFacts(BaseModel):
    """What is said of a model.

    Attributes:
        text: As it was written, HTML or Markdown; may hold anything.
        html: The same as HTML without anything active: its links lead to the web, and it has no
            pictures, styles and scripts.
        source: Who says it: ``record`` or ``site``.
    """

    text: str
    html: str
    source: str


@router.get("/{key:path}/description", response_model=DescriptionFacts, responses=declared(404))
def get_model_description(context: Context, key: str) -> Response:
    """Return what is said of a model, as it was written and as safe HTML."""
    return json_reply(describe(context.manager, config_of(context, key)).to_json())
