"""Whether this process lives, and whether it should get requests."""

from collections.abc import Awaitable, Callable

import orjson
from fastapi import APIRouter
from starlette.responses import Response

from chatkit_host.errors import HostError

Ready = Callable[[], Awaitable[None]]
"""Raises a `HostError` that says why not."""


def health_router(ready: Ready) -> APIRouter:
    router = APIRouter()

    @router.get("/health")
    async def health() -> dict[str, str]:
        """The process answers."""
        return {"status": "healthy"}

    @router.get("/health/ready")
    async def readiness() -> Response:
        """The process takes new messages: its database is there and up to date, and it is not about to stop."""
        try:
            await ready()
        except HostError as error:
            body = {"status": "not_ready", "code": error.code, "message": error.message}
            return Response(orjson.dumps(body), status_code=503, media_type="application/json")
        return Response(b'{"status":"ready"}', media_type="application/json")

    return router
