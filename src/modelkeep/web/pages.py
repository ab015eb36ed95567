"""Pages: templates, filled in."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from fastapi.responses import HTMLResponse

if TYPE_CHECKING:
    from jinja2 import Environment


def page_reply(template: str, status: int = 200, **values: Any) -> HTMLResponse:
    """Return a page.

    Args:
        template: Name of a file in ``templates``.
        status: Of HTTP.
        values: What it shows; all text is escaped.
    """
    text = _environment().get_template(template).render(values)
    return HTMLResponse(text, status, headers={"Cache-Control": "no-store"})


@cache
def _environment() -> Environment:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    return Environment(
        loader=PackageLoader("modelkeep.web"), autoescape=True, undefined=StrictUndefined
    )
