"""Whether this process lives, and whether it should get requests."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Literal

from fastapi import APIRouter
from pydantic import BaseModel
from starlette.responses import Response

from chatkit_host.api.errors import RETRY_AFTER
from chatkit_host.errors import HostError

Ready = Callable[[], Awaitable[None]]
"""Raises a `HostError` that says why not."""


class Healthy(BaseModel):
    status: Literal["healthy"] = "healthy"


class IsReady(BaseModel):
    status: Literal["ready"] = "ready"


class IsNotReady(BaseModel):
    status: Literal["not_ready"] = "not_ready"
    code: str
    message: str


def health_router(ready: Ready) -> APIRouter:
    router = APIRouter()

    @router.get("/health")
    async def health() -> Healthy:
        """The process answers."""
        return Healthy()

    @router.get(
        "/health/ready",
        response_model=IsReady,
        responses={503: {"model": IsNotReady, "description": "It is not ready; `code` says why."}},
    )
    async def readiness() -> Response:
        """The process takes new messages: its database is there and up to date, and it is not about to stop."""
        try:
            await ready()
        except HostError as error:
            return _answer(503, IsNotReady(code=error.code, message=error.message), RETRY_AFTER)
        return _answer(200, IsReady())

    return router


def _answer(status: int, body: BaseModel, headers: Mapping[str, str] | None = None) -> Response:
    return Response(body.model_dump_json(), status_code=status, media_type="application/json", headers=headers)
