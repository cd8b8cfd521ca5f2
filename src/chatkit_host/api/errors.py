"""Every error as the same small JSON: `{"error": {"code", "message", "request_id", ...}}`."""

import logging
from collections.abc import Callable
from contextvars import ContextVar

import orjson
from fastapi import FastAPI
from pydantic import BaseModel, ConfigDict
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Match

from chatkit_host.auth.bearer import challenge
from chatkit_host.errors import HostError, RateLimited, TurnFailed, Unauthorized, Unavailable

_log = logging.getLogger(__name__)

request_id: ContextVar[str] = ContextVar("request_id", default="")

RETRY_AFTER = {"Retry-After": "5"}
"""In seconds, where nobody knows better."""
_METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")
_HTTP_CODES = {404: "not_found", 405: "method_not_allowed", 413: "too_large", 415: "unsupported_media_type"}
_HTTP_WORDS = {
    404: "There is nothing at this address.",
    405: "This address does not take that method.",
    415: "Send the request as application/json.",
}

_STATUS_OF_TURNS = {"model_rate_limited": 429, "model_unavailable": 503, "cancelled": 409, "interrupted": 503}
"""How a turn that failed is told as a status, where that differs from its error's own."""


class ErrorDetails(BaseModel):
    model_config = ConfigDict(use_attribute_docstrings=True)

    code: str
    """Stable, for programs."""
    message: str
    """A sentence for the user."""
    request_id: str
    thread_id: str | None = None
    """Where the failed answer, as far as it came, is kept."""
    turn_id: str | None = None
    """The turn that failed, or the one that is still running."""


class ErrorAnswer(BaseModel):
    """What every error answers with."""

    error: ErrorDetails


def error_answer(error: HostError) -> Response:
    headers = {}
    if isinstance(error, Unauthorized):
        headers["WWW-Authenticate"] = challenge(error)
    if isinstance(error, Unavailable):
        headers |= RETRY_AFTER
    if isinstance(error, RateLimited):
        headers["Retry-After"] = str(error.retry_after)
    return _answer(error.status, error.code, error.message, error.details, headers)


def http_code(error: HTTPException) -> str:
    return _HTTP_CODES.get(error.status_code, "http_error")


def http_error_answer(error: HTTPException) -> Response:
    message = _HTTP_WORDS.get(error.status_code, "The request could not be answered.")
    return _answer(error.status_code, http_code(error), message, {}, dict(error.headers or {}))


def turn_error_answer(code: str, message: str, details: dict[str, str], headers: dict[str, str]) -> Response:
    """A turn that did not complete, where the answer is JSON."""
    status = _STATUS_OF_TURNS.get(code) or _statuses(HostError).get(code, TurnFailed.status)
    if status in (429, 503):
        headers = headers | RETRY_AFTER
    return _answer(status, code, message, details, headers)


def _statuses(kind: type[HostError]) -> dict[str, int]:
    statuses = {kind.code: kind.status}
    for narrower in kind.__subclasses__():
        statuses |= _statuses(narrower)
    return statuses


def add_error_handlers(app: FastAPI, count: Callable[[str], None] = lambda code: None) -> None:
    """`count` is told the code of each."""

    @app.exception_handler(HostError)
    async def _ours(request: Request, error: HostError) -> Response:
        count(error.code)
        return error_answer(error)

    @app.exception_handler(HTTPException)
    async def _routing(request: Request, error: HTTPException) -> Response:
        if error.status_code == 405:
            error.headers = {**(error.headers or {}), "Allow": ", ".join(_methods_at(app, request))}
        count(http_code(error))
        return http_error_answer(error)


def _methods_at(app: FastAPI, request: Request) -> list[str]:
    """Of all routes with this path; a router tells of the first that it finds."""
    return [
        method
        for method in _METHODS
        if any(route.matches({**request.scope, "method": method})[0] is Match.FULL for route in app.router.routes)
    ]


def unexpected(error: Exception) -> Response:
    """The last resort: the log has the exception, the client does not."""
    _log.error("a request failed unexpectedly", exc_info=error, extra={"request_id": request_id.get()})
    return error_answer(HostError("Something went wrong on the server."))


def _answer(status: int, code: str, message: str, details: dict[str, str], headers: dict[str, str]) -> Response:
    body = {"error": {"code": code, "message": message, "request_id": request_id.get(), **details}}
    return Response(orjson.dumps(body), status_code=status, media_type="application/json", headers=headers)
