"""`/api/mcp`: the to-do list for other people's agents, over MCP. The SDK speaks the protocol; here it meets the house."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from typing import Any, Protocol

from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from chatkit_host.api.callers import AuthFailures, address_of
from chatkit_host.api.errors import error_answer, unexpected
from chatkit_host.errors import HostError, RateLimited, Unavailable


class McpServer(Protocol):
    app: Any
    """A Starlette application with the paths that it is asked for."""

    def running(self) -> AbstractAsyncContextManager[None]: ...


class McpSurface:
    """Loads the MCP server when it is first called, and runs it until the application ends."""

    def __init__(self, load: Callable[[], Awaitable[McpServer]], failures: AuthFailures) -> None:
        self._load = load
        self._failures = failures
        self._server: asyncio.Future[ASGIApp] | None = None
        self._called = asyncio.Event()
        self._closing = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def routes(self, path: str, metadata_path: str | None) -> list[Route]:
        """`metadata_path`: where clients find out who gives tokens out."""
        # Without sessions there is nothing to listen to (GET) and nothing to end (DELETE).
        calls = [Route(each, endpoint=_Endpoint(self._call), methods=["POST"]) for each in (path, f"{path}/")]
        return calls if metadata_path is None else [*calls, Route(metadata_path, endpoint=_Endpoint(self._tell))]

    def open(self) -> None:
        loop = asyncio.get_running_loop()
        self._server = loop.create_future()
        self._task = loop.create_task(self._run(self._server), name="MCP server")

    async def close(self) -> None:
        self._closing.set()
        self._called.set()
        if self._task is not None:
            await asyncio.wait({self._task})

    async def _run(self, opened: asyncio.Future[ASGIApp]) -> None:
        """In one task from beginning to end, as the SDK's task group wants it."""
        await self._called.wait()
        if self._closing.is_set():
            _give_up(opened)
            return
        try:
            server = await self._load()
            server.app.add_exception_handler(Exception, _in_our_words)
            async with server.running():
                opened.set_result(server.app)
                await self._closing.wait()
        except Exception as error:
            if opened.done():
                raise
            unexpected(error)
            _give_up(opened)

    async def _call(self, scope: Scope, receive: Receive, send: Send) -> None:
        scope = {**scope, "path": scope["path"].rstrip("/")}
        if "authorization" not in Headers(scope=scope):
            await self._serve(scope, receive, send)
            return
        counted = _Counted(send, self._failures, address_of(scope))
        await self._serve(scope, receive, counted)
        if counted.refusal is not None:
            await error_answer(counted.refusal)(scope, receive, send)

    async def _tell(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Who gives tokens out is for everybody to know, whatever they show."""
        headers = [(name, value) for name, value in scope["headers"] if name != b"authorization"]
        await self._serve({**scope, "headers": headers}, receive, send)

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self._server is None:
            raise Unavailable
        self._called.set()
        app = await asyncio.shield(self._server)
        try:
            await app(scope, receive, send)
        except Exception as error:  # noqa: BLE001 - Starlette has had it answered (`_in_our_words`) and raises it again
            if not isinstance(error, HostError):
                unexpected(error)


def _give_up(opened: asyncio.Future[ASGIApp]) -> None:
    opened.set_exception(Unavailable())
    opened.exception()  # seen, also where nobody waits


class _Endpoint:
    """Starlette gives a function a `Request` and an object the bare ASGI call."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._app(scope, receive, send)


class _Counted:
    """Sends what it is given, except that the last of too many 401s is held back for a `RateLimited`."""

    def __init__(self, send: Send, failures: AuthFailures, address: str) -> None:
        self._send = send
        self._failures = failures
        self._address = address
        self.refusal: RateLimited | None = None

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start" and message["status"] == 401:
            try:
                self._failures.count(self._address)
            except RateLimited as refusal:
                self.refusal = refusal
        if self.refusal is None:
            await self._send(message)


async def _in_our_words(request: Request, error: Exception) -> Response:
    return error_answer(error if isinstance(error, HostError) else HostError("Something went wrong on the server."))
