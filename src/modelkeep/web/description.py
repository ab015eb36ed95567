"""The OpenAPI document says that a token is needed, and that errors are JSON."""

from __future__ import annotations

from functools import cache
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from modelkeep.web.errors import error_schemas
from modelkeep.web.routes import made_routes

_JSON = "application/json"


def describe(app: FastAPI) -> None:
    """Have the description of an application name the token, and what is open without one.

    It is made when it is first asked for, as the routes are.
    """

    @cache
    def described() -> dict[str, Any]:
        found = get_openapi(title=app.title, version=app.version, routes=made_routes(app))
        parts = found.setdefault("components", {})
        parts.setdefault("schemas", {}).update(error_schemas())
        parts.setdefault("securitySchemes", {})["token"] = {"type": "http", "scheme": "bearer"}
        found["security"] = [{"token": []}]
        for operation in found["paths"].get("/healthz", {}).values():
            operation["security"] = []
        for path in found["paths"].values():
            for operation in path.values():
                _have_errors_be_json(operation["responses"])
        return found

    app.openapi = described  # type: ignore[method-assign]  # as FastAPI's documentation says


def _have_errors_be_json(responses: dict[str, Any]) -> None:
    """Describe errors as they are sent, also where the answer itself is a page or text."""
    for status, response in responses.items():
        content = response.get("content", {})
        if int(status) >= HTTPStatus.BAD_REQUEST and content and _JSON not in content:
            response["content"] = {_JSON: next(iter(content.values()))}
