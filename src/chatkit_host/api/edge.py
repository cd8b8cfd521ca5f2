"""The layer around everything of ours: a request id on everything, headers that every answer has, and an answer even to the unexpected."""

import re
from collections.abc import Sequence

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from chatkit_host.api.errors import request_id, unexpected
from chatkit_host.ids import new_id

EXTENSIONS = (
    "turn-id",
    "heartbeat",
    "tool-calls",
    "partial-answers",
    "resume",
    "cancel",
    "idempotency",
    "when-busy",
    "running-turn",
    "search",
)
"""What every server of ours does beyond the ChatKit protocol, for clients to find out."""

_GIVEN_ID = re.compile(r"[A-Za-z0-9._-]{1,64}\Z")


class Edge:
    def __init__(self, app: ASGIApp, *, further_extensions: Sequence[str] = ()) -> None:
        self._app = app
        self._extensions = ", ".join((*EXTENSIONS, *further_extensions))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        given = Headers(scope=scope).get("x-request-id", "")
        token = request_id.set(given if _GIVEN_ID.match(given) else new_id("request"))
        started = False

        async def send_with_headers(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                headers = MutableHeaders(scope=message)
                headers["X-Request-ID"] = request_id.get()
                headers["ChatKit-Extensions"] = self._extensions
                headers["X-Content-Type-Options"] = "nosniff"
                headers.setdefault("Cache-Control", "no-store")
            await send(message)

        try:
            await self._app(scope, receive, send_with_headers)
        except Exception as error:
            if started:
                raise  # too late for an answer; the server logs it and cuts the connection
            await unexpected(error)(scope, receive, send_with_headers)
        finally:
            request_id.reset(token)
