"""A way past the framework for requests that somebody waits for: those that an answer begins with.

Between a request and its endpoint, FastAPI and Starlette go through about a hundred and fifty functions that have nothing to say here. A
processor that was idle meanwhile has none of them at hand, which costs the first word a tenth of its time (decision 0011).
"""

import inspect
from collections.abc import Callable, Coroutine, Mapping
from typing import Any

from fastapi import APIRouter
from fastapi.params import Security
from fastapi.routing import APIRoute
from starlette._utils import get_route_path
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from chatkit_host.api.errors import error_answer, http_code, http_error_answer
from chatkit_host.errors import HostError

Endpoint = Callable[[Request], Coroutine[Any, Any, Response]]


class LeanRoute(APIRoute):
    """An endpoint of a request and its caller alone, `async (request, user=host.needs(...)) -> Response`, is called with just these.

    FastAPI would find out anew for each request that there is nothing more to find. Other endpoints are called as ever.
    """

    def get_route_handler(self) -> Endpoint:
        return lean_endpoint(self) or super().get_route_handler()


def lean_endpoint(route: APIRoute) -> Endpoint | None:
    endpoint, caller = route.endpoint, _caller_alone(route.endpoint)
    if caller is None:
        return None

    async def handle(request: Request) -> Response:
        return await endpoint(request, await caller(request))

    return handle


def posts_of(*routers: APIRouter) -> dict[str, Endpoint]:
    """The endpoints of lean routes that are posted to, by their paths, where those are without parameters."""
    lean = [route for router in routers for route in router.routes if isinstance(route, LeanRoute)]
    return {
        route.path: endpoint
        for route in lean
        if "POST" in (route.methods or ()) and "{" not in route.path and (endpoint := lean_endpoint(route)) is not None
    }


class LeanPosts:
    """The innermost layer before the framework's own: takes the posts that it knows straight to their endpoints."""

    def __init__(self, app: ASGIApp, *, posts: Mapping[str, Endpoint], failed: Callable[[str], None]) -> None:
        """`failed` is told the code of each error that is answered here."""
        self._app = app
        self._posts = posts
        self._failed = failed

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if (endpoint := self._endpoint(scope)) is None:
            await self._app(scope, receive, send)
            return
        try:
            response = await endpoint(Request(scope, receive, send))
        except HostError as error:
            self._failed(error.code)
            response = error_answer(error)
        except HTTPException as error:
            self._failed(http_code(error))
            response = http_error_answer(error)
        await response(scope, receive, send)

    def _endpoint(self, scope: Scope) -> Endpoint | None:
        if scope["type"] != "http" or scope["method"] != "POST" or "fastapi.telemetry" in scope:
            return None  # what is traced is told its route by the framework
        return self._posts.get(get_route_path(scope))


def _caller_alone(endpoint: Callable[..., Any]) -> Callable[[Request], Coroutine[Any, Any, Any]] | None:
    signature = inspect.signature(endpoint)
    match list(signature.parameters.values()):
        case [request, user] if request.annotation is Request and signature.return_annotation is Response:
            needed = user.default
            return needed.dependency if isinstance(needed, Security) else None
        case _:
            return None
