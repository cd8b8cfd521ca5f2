"""Every error as the same small JSON: `{"error": {"code", "message", "request_id", ...}}`."""

import logging
from contextvars import ContextVar

import orjson
from fastapi import FastAPI
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from chatkit_host.auth.bearer import challenge
from chatkit_host.errors import HostError, Unauthorized, Unavailable

_log = logging.getLogger(__name__)

request_id: ContextVar[str] = ContextVar("request_id", default="")

_RETRY_AFTER_SECONDS = "5"
_HTTP_CODES = {404: "not_found", 405: "method_not_allowed", 413: "too_large", 415: "unsupported_media_type"}
_HTTP_WORDS = {
    404: "There is nothing at this address.",
    405: "This address does not take that method.",
    415: "Send the request as application/json.",
}


def error_answer(error: HostError) -> Response:
    headers = {}
    if isinstance(error, Unauthorized):
        headers["WWW-Authenticate"] = challenge(error)
    if isinstance(error, Unavailable):
        headers["Retry-After"] = _RETRY_AFTER_SECONDS
    return _answer(error.status, error.code, error.message, error.details, headers)


def add_error_handlers(app: FastAPI) -> None:
    @app.exception_handler(HostError)
    async def _ours(request: Request, error: HostError) -> Response:
        return error_answer(error)

    @app.exception_handler(HTTPException)
    async def _routing(request: Request, error: HTTPException) -> Response:
        code = _HTTP_CODES.get(error.status_code, "http_error")
        message = _HTTP_WORDS.get(error.status_code, "The request could not be answered.")
        return _answer(error.status_code, code, message, {}, dict(error.headers or {}))


def unexpected(error: Exception) -> Response:
    """The last resort: the log has the exception, the client does not."""
    _log.error("a request failed unexpectedly", exc_info=error, extra={"request_id": request_id.get()})
    return error_answer(HostError("Something went wrong on the server."))


def _answer(status: int, code: str, message: str, details: dict[str, str], headers: dict[str, str]) -> Response:
    body = {"error": {"code": code, "message": message, "request_id": request_id.get(), **details}}
    return Response(orjson.dumps(body), status_code=status, media_type="application/json", headers=headers)
