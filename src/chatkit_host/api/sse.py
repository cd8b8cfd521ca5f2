"""A turn's event log as a `text/event-stream` response: a reader with a cursor, nothing more."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence

from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from chatkit_host.engine.ports import LogEvent
from chatkit_host.ids import TurnId

HEARTBEAT = b": ping\n\n"
"""A comment: proxies see life, clients see nothing."""

_GOES_ON_ELSEWHERE = b": this server stops, the answer goes on: come back with your cursor\nretry: 500\n\n"

END = b": end\n\n"
"""A comment too, the last of a stream whose answer is over. A stream that ends without it broke off, or goes on elsewhere."""

_SENT = b"id: %b:%d\ndata: %b\n\n"

_TAILS = "chatkit_host.tails"
_OVER_BY_THEN = ("fastapi_inner_astack", "fastapi_function_astack", "fastapi_middleware_astack")
"""What FastAPI keeps in the scope for the time of the request proper."""

_TIME_TO_TAKE_SECONDS = 60.0
"""How long a reader may take for what it is sent; then it is cut off, and may come back with its cursor."""

Encode = Callable[[Sequence[LogEvent]], bytes]


def encode_chatkit(turn_id: TurnId, batch: Sequence[LogEvent]) -> bytes:
    """What ChatKit's SDK sends, each event with the cursor to go on from after it."""
    name = turn_id.encode()
    return b"".join([_SENT % (name, event.seq, event.data) for event in batch if not event.is_host_event])


def sent_event(turn_id: TurnId, seq: int, data: bytes) -> bytes:
    return _SENT % (turn_id.encode(), seq, data)


class TailResponse(Response):
    """Sends batches as they come, until the turn ends or the client leaves.

    `left` is called when the client closes the connection before the end; the response never ends a turn by itself.
    `tells_the_end`: whether the client looks for `END`. `is_over`: the turn has ended, and the client has read all of it.
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
        tells_the_end: bool,
        is_over: bool = False,
    ) -> None:
        super().__init__(headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no", **headers})
        del self.headers["content-length"]
        self._batches = batches
        self._encode = encode
        self._left = left
        self._tells_the_end = tells_the_end
        self._is_over = is_over
        self._sending_since: float | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        if (tails := scope.get(_TAILS)) is not None:
            tails.append(self)
        else:
            await self.follow(receive, send)

    async def follow(self, receive: Receive, send: Send) -> None:
        sending = asyncio.ensure_future(self._send(send))
        leaving = asyncio.ensure_future(self._until_the_client_leaves(receive, sending))
        try:
            ended: set[asyncio.Task[None]] = set()
            while not ended:
                # Looked at now and then: a timer for each event would cost more than the event.
                ended, _ = await asyncio.wait(
                    {sending, leaving}, timeout=_TIME_TO_TAKE_SECONDS / 4, return_when=asyncio.FIRST_COMPLETED
                )
                if not ended and self._takes_too_long:
                    self._left()
                    break
        finally:
            leaving.cancel()
            sending.cancel()
            await asyncio.wait({sending, leaving})
        if not sending.cancelled() and (error := sending.exception()) is not None:
            if isinstance(error, OSError):
                self._left()  # the socket broke before the server told us
            else:
                raise error

    async def _until_the_client_leaves(self, receive: Receive, sending: asyncio.Future[None]) -> None:
        """Says so itself: where thousands leave at once, their models are to hear of it before anything is cleared away."""
        await until_the_client_leaves(receive)
        if not sending.done():
            self._left()

    async def _send(self, send: Send) -> None:
        last: LogEvent | None = None
        now = asyncio.get_running_loop().time
        async for batch in self._batches:
            last = batch[-1] if batch else last
            body = self._encode(batch) if batch else HEARTBEAT
            if body:
                self._sending_since = now()
                await send({"type": "http.response.body", "body": body, "more_body": True})
                self._sending_since = None
        is_over = self._is_over if last is None else last.is_the_end
        if last is not None and not is_over:
            await send({"type": "http.response.body", "body": _GOES_ON_ELSEWHERE, "more_body": True})
        end = END if is_over and self._tells_the_end else b""
        await send({"type": "http.response.body", "body": end, "more_body": False})

    @property
    def _takes_too_long(self) -> bool:
        since = self._sending_since
        return since is not None and asyncio.get_running_loop().time() - since > _TIME_TO_TAKE_SECONDS


class Tails:
    """The outermost layer: follows answers when all other layers are done with the request, which have no say in what is sent then.

    Each of them would hold memory for as long as the answer takes, and be asked about every event of it.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        tails: list[TailResponse] = []
        scope[_TAILS] = tails
        await self._app(scope, receive, send)
        if tails:
            for name in _OVER_BY_THEN:
                scope.pop(name, None)
            await tails.pop().follow(receive, send)


async def until_the_client_leaves(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
