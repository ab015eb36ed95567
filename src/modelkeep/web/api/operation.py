"""For those who run the server: ``/metrics``, and ``/api``, a page that lists all routes."""

from __future__ import annotations

from fastapi import Request, Response
from fastapi.responses import HTMLResponse, PlainTextResponse

import modelkeep
from modelkeep.web.context import Context
from modelkeep.web.guard.asked import asked_of
from modelkeep.web.rendering import page_reply
from modelkeep.web.route_page import listed_routes
from modelkeep.web.router import Router
from modelkeep.web.routes import Routes

router = Router()
ROUTES = Routes("operation", router)

_METRICS = "text/plain; version=1.0.0; charset=utf-8"


@router.get("/metrics", response_class=PlainTextResponse)
def get_metrics(context: Context) -> Response:
    """Return the numbers of the server, as Prometheus reads them."""
    from modelkeep.web.metrics import metrics_text

    return Response(metrics_text(context), headers={"content-type": _METRICS})


@router.get("/api", response_class=HTMLResponse)
def list_routes(request: Request) -> Response:
    """Return a page that lists all routes."""
    return page_reply(
        "routes.html",
        version=modelkeep.__version__,
        prefix=asked_of(request.scope).prefix,
        groups=listed_routes(request.app.openapi()).items(),
    )
