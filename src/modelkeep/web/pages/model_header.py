"""``/models/{key}/header``: the tensors of a model's weights, and what else their header says."""

from __future__ import annotations

from fastapi import Request, Response

from modelkeep.app.files import files_of
from modelkeep.app.header import header_page
from modelkeep.identification.readers.weights import is_weight
from modelkeep.web.context import Context
from modelkeep.web.frame import page
from modelkeep.web.keys import InPath
from modelkeep.web.model_pages import ModelAddress
from modelkeep.web.pages.model import model_below
from modelkeep.web.router import Router
from modelkeep.web.routes import Routes

router = Router(include_in_schema=False)
ROUTES = Routes("model_header", router)

_PAGE = 100
_MOST_DIGITS = 7


@router.get("/models/{key:path}/header")
def header_of_model(request: Request, context: Context, key: InPath) -> Response:
    """Show a part of the header; nothing in the file is run."""
    record = model_below(request, context, key, "/header")
    asked = request.query_params
    name, text, after = asked.get("file", ""), asked.get("q", ""), asked.get("after", "")
    is_number = after.isascii() and after.isdigit() and len(after) <= _MOST_DIGITS
    begin = int(after) if is_number else 0
    found = header_page(context.manager, record, name, after=begin, limit=_PAGE, text=text[:200])
    files = [file.name for file in files_of(context.manager, record)]
    return page(
        request,
        "model_header.html",
        title=f"Weights of {record.name}",
        section="library",
        at=ModelAddress.asked(request, record.key),
        model=record,
        header=found,
        files=[file for file in files if is_weight(file)] or files,
        chosen=name,
        text=text,
        begin=begin,
        before=max(begin - _PAGE, 0),
    )
