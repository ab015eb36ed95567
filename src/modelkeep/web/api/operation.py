"""For those who run the server: ``/metrics``, and ``/api``, a page that lists all routes."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse, PlainTextResponse

from modelkeep.web.context import Context
from modelkeep.web.routes import Routes

router = APIRouter()
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
    from modelkeep.web.route_page import route_page

    prefix = str(request.scope.get("root_path", ""))
    return HTMLResponse(route_page(request.app.openapi(), prefix))
