"""``make_app``: the application of a server, with all routes, behind all checks."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from fastapi import FastAPI
from starlette.types import ASGIApp

import modelkeep
from modelkeep.web.context import WebContext
from modelkeep.web.description import describe
from modelkeep.web.error_pages import as_page
from modelkeep.web.errors import answer_errors
from modelkeep.web.fresh_roots import FreshRoots
from modelkeep.web.guard.chain import guarded
from modelkeep.web.head_requests import HeadRequests
from modelkeep.web.routes import add_routes


def make_app(context: WebContext, folders: Iterable[Path] = ()) -> ASGIApp:
    """Return the application of a server.

    Args:
        context: What its routes share.
        folders: Folders with more routes.
    """
    routes = context.traffic.noting_routes(HeadRequests(make_api(context, folders)))
    routes = FreshRoots(routes, context)
    return context.traffic.counting(guarded(routes, context))


def make_api(context: WebContext, folders: Iterable[Path] = ()) -> FastAPI:
    """Return the application without its checks: the routes and how errors are answered."""
    app = FastAPI(
        title="modelkeep",
        version=modelkeep.__version__,
        docs_url=None,  # both pages load scripts from elsewhere
        redoc_url=None,
        openapi_url="/openapi.json",
        redirect_slashes=False,
    )
    app.state.context = context
    answer_errors(app, as_page)
    add_routes(app, folders)
    describe(app)
    return app
