"""Errors as answers: one shape, and the statuses of ``modelkeep.app.outcomes``."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Awaitable, Callable, Mapping
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel
from starlette.exceptions import HTTPException

from modelkeep.app.outcomes import error_json, outcome_of
from modelkeep.errors import ModelKeepError
from modelkeep.web.complaints import complaints
from modelkeep.web.hints import over_http
from modelkeep.web.replies import json_reply

Handler = Callable[[Request, Exception], Awaitable[Response]]

_log = logging.getLogger(__name__)


class ErrorFacts(BaseModel):
    """What went wrong.

    Attributes:
        code: The class of the error, or a word for those of HTTP.
        message: What happened.
        hint: What to do next; may be empty.
        details: Plain values, by kind of error; what is wrong with each field of a request.
    """

    code: str
    message: str
    hint: str = ""
    details: Any = None


class ErrorBody(BaseModel):
    """The body of every answer that tells of an error.

    Attributes:
        error: What went wrong.
        detail: The message, for programs that read what FastAPI writes; of a request that is not
            valid, the list of what is wrong.
    """

    error: ErrorFacts
    detail: Any


class AnswerError(Exception):
    """Ends a request with an answer of its own.

    Attributes:
        answer: Of HTTP.
    """

    def __init__(self, answer: Response) -> None:
        super().__init__(f"answered with {answer.status_code}")
        self.answer = answer


def declared(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Return the ``responses`` of a route that may answer with these errors.

    They name the schema of ``ErrorBody``: FastAPI would prepare the model for each of them anew.
    """
    named = {"$ref": f"#/components/schemas/{ErrorBody.__name__}"}
    return {
        status: {
            "description": HTTPStatus(status).phrase,
            "content": {"application/json": {"schema": named}},
        }
        for status in statuses
    }


def error_schemas() -> dict[str, Any]:
    """Return the schemas of the body of an error, by name."""
    found = ErrorBody.model_json_schema(ref_template="#/components/schemas/{model}")
    inner: dict[str, Any] = found.pop("$defs")
    return {ErrorBody.__name__: found, **inner}


def error_body(
    code: str, message: str, hint: str = "", details: Any = None, *, detail: Any = None
) -> dict[str, Any]:
    """Return the body of an answer that tells of an error."""
    facts = {"code": code, "message": message, "hint": hint, "details": details}
    return {"error": facts, "detail": message if detail is None else detail}


def error_reply(
    error: BaseException, headers: Mapping[str, str] | None = None, *, status: int | None = None
) -> Response:
    """Return the answer for an error of ours.

    Args:
        error: What went wrong.
        headers: More headers.
        status: Of HTTP; that of ``modelkeep.app.outcomes`` when None.
    """
    facts = over_http(error_json(error))
    body = error_body(facts["kind"], facts["message"], facts["hint"])
    return json_reply(body, status or outcome_of(error).http, headers=headers)


def answer_errors(app: FastAPI, as_page: Callable[[Handler], Handler]) -> None:
    """Have an application answer all errors in one shape.

    Args:
        app: It.
        as_page: Makes of a handler one that gives browsers a page with the same.
    """
    app.add_exception_handler(ModelKeepError, as_page(_ours))
    app.add_exception_handler(RequestValidationError, as_page(_invalid))
    app.add_exception_handler(HTTPException, as_page(_of_http))
    app.add_exception_handler(AnswerError, _answered)
    app.add_exception_handler(Exception, as_page(_unforeseen))


async def _answered(request: Request, error: Exception) -> Response:
    del request
    if not isinstance(error, AnswerError):
        raise error
    return error.answer


async def _ours(request: Request, error: Exception) -> Response:
    reply = error_reply(error)
    if reply.status_code >= HTTPStatus.INTERNAL_SERVER_ERROR:
        _log.warning("%s %s: %s", request.method, request.url.path, error)
    return reply


async def _invalid(request: Request, error: Exception) -> Response:
    del request
    wrong = complaints(error) if isinstance(error, RequestValidationError) else []
    listed = "; ".join(f"{'.'.join(e['loc'])}: {e['msg']}" for e in wrong[:5])
    body = error_body("InvalidRequest", f"Invalid request: {listed}", "", wrong, detail=wrong)
    return json_reply(body, HTTPStatus.UNPROCESSABLE_ENTITY)


async def _of_http(request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 500
    headers = getattr(error, "headers", None)
    phrase = HTTPStatus(status).phrase
    told = getattr(error, "detail", phrase)
    if isinstance(error.__cause__, RecursionError):
        told = "the body is nested too deeply"
    why = f" ({told})" if isinstance(told, str) and told != phrase else ""
    body = error_body(phrase.title().replace(" ", ""), f"{phrase}: {request.url.path}{why}")
    return json_reply(body, status, headers=headers)


async def _unforeseen(request: Request, error: Exception) -> Response:
    where = traceback.extract_tb(error.__traceback__)[-1]
    _log.error(
        "%s %s failed: %s in %s, line %s. With --verbose the log has the whole way there.",
        request.method,
        request.url.path,
        type(error).__name__,
        where.filename,
        where.lineno,
        exc_info=error,
    )
    body = error_body("InternalError", "The server failed to answer", "See the log of the server.")
    return json_reply(body, HTTPStatus.INTERNAL_SERVER_ERROR)
