"""Routes for requests that count every microsecond."""

import inspect
from collections.abc import Callable, Coroutine
from typing import Any

from fastapi.params import Security
from fastapi.routing import APIRoute
from starlette.requests import Request
from starlette.responses import Response


class LeanRoute(APIRoute):
    """An endpoint of a request and its caller alone, `async (request, user=host.needs(...)) -> Response`, is called with just these.

    FastAPI would find out anew for each request that there is nothing more to find. Other endpoints are called as ever.
    """

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        endpoint, caller = self.endpoint, _caller_alone(self.endpoint)
        if caller is None:
            return super().get_route_handler()

        async def handle(request: Request) -> Response:
            return await endpoint(request, await caller(request))

        return handle


def _caller_alone(endpoint: Callable[..., Any]) -> Callable[[Request], Coroutine[Any, Any, Any]] | None:
    signature = inspect.signature(endpoint)
    match list(signature.parameters.values()):
        case [request, user] if request.annotation is Request and signature.return_annotation is Response:
            needed = user.default
            return needed.dependency if isinstance(needed, Security) else None
        case _:
            return None
