"""A turn's event log as a `text/event-stream` response: a reader with a cursor, nothing more."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from chatkit_host.engine.ports import LogEvent
from chatkit_host.ids import TurnId

HEARTBEAT = b": ping\n\n"
"""A comment: proxies see life, clients see nothing."""

_GOES_ON_ELSEWHERE = b": this server stops, the answer goes on: come back with your cursor\nretry: 500\n\n"

_TIME_TO_TAKE_SECONDS = 60.0
"""How long a reader may take for what it is sent; then it is cut off, and may come back with its cursor."""

Encode = Callable[[Sequence[LogEvent]], bytes]


def encode_chatkit(turn_id: TurnId, batch: Sequence[LogEvent]) -> bytes:
    """What ChatKit's SDK sends, each event with the cursor to go on from after it."""
    name = turn_id.encode()
    return b"".join(
        b"id: %b:%d\ndata: %b\n\n" % (name, event.seq, event.data) for event in batch if not event.is_host_event
    )


class TailResponse(Response):
    """Sends batches as they come, until the turn ends or the client leaves.

    `left` is called when the client closes the connection before the end; the response never ends a turn by itself.
    """

    media_type = "text/event-stream"
    charset = "utf-8"

    def __init__(
        self,
        batches: AsyncIterator[Sequence[LogEvent]],
        encode: Encode,
        *,
        headers: Mapping[str, str],
        left: Callable[[], object],
    ) -> None:
        super().__init__(headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no", **headers})
        del self.headers["content-length"]
        self._batches = batches
        self._encode = encode
        self._left = left

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        sending = asyncio.ensure_future(self._send(send))
        leaving = asyncio.ensure_future(until_the_client_leaves(receive))
        try:
            await asyncio.wait({sending, leaving}, return_when=asyncio.FIRST_COMPLETED)
            if not sending.done():
                self._left()
        finally:
            leaving.cancel()
            sending.cancel()
            await asyncio.wait({sending, leaving})
        if not sending.cancelled() and (error := sending.exception()) is not None:
            if isinstance(error, OSError):  # a `TimeoutError` is one
                self._left()  # the socket broke before the server told us, or nobody reads from it
            else:
                raise error

    async def _send(self, send: Send) -> None:
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        last: LogEvent | None = None
        async for batch in self._batches:
            last = batch[-1] if batch else last
            body = self._encode(batch) if batch else HEARTBEAT
            if body:
                async with asyncio.timeout(_TIME_TO_TAKE_SECONDS):
                    await send({"type": "http.response.body", "body": body, "more_body": True})
        if last is not None and not last.is_the_end:
            await send({"type": "http.response.body", "body": _GOES_ON_ELSEWHERE, "more_body": True})
        await send({"type": "http.response.body", "body": b"", "more_body": False})


async def until_the_client_leaves(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
