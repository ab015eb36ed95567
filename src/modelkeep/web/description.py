"""The OpenAPI document says that a token is needed."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI


def describe_tokens(app: FastAPI) -> None:
    """Have the description of an application name the token, and what is open without one."""
    describe = app.openapi

    def with_tokens() -> dict[str, Any]:
        found = describe()
        schemes = found.setdefault("components", {}).setdefault("securitySchemes", {})
        schemes["token"] = {"type": "http", "scheme": "bearer"}
        found["security"] = [{"token": []}]
        for operation in found["paths"].get("/healthz", {}).values():
            operation["security"] = []
        return found

    app.openapi = with_tokens  # type: ignore[method-assign]  # as FastAPI's documentation says
