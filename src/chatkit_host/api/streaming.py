"""Starts a turn and follows its log: as a stream for the client, or to its end for one answer."""

import asyncio
import hashlib
import re
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar, get_args

import orjson
from starlette.requests import Request
from starlette.responses import Response

from chatkit_host.api.host import Host
from chatkit_host.api.plain_reading import PlainReader
from chatkit_host.api.sse import Encode, TailResponse, sent_event, until_the_client_leaves
from chatkit_host.engine.openings import Asking, Opening
from chatkit_host.engine.ports import WhenBusy
from chatkit_host.engine.sending import Accepted, Sending, accept
from chatkit_host.errors import BadRequest, InvalidInput
from chatkit_host.ids import TurnId

Reader = TypeVar("Reader", bound=PlainReader)

EncoderFor = Callable[[str, TurnId], Encode]
"""An encoder for one turn, by the ids of its thread and of itself."""

Open = Callable[[Asking], Awaitable[Opening]]
"""Checks a request and says what becomes true when it is accepted."""

_KEY = re.compile(r"[\x21-\x7e]{1,255}\Z")


def sending_of(
    host: Host, request: Request, body: bytes, *, thread_id: str | None, metadata: dict[str, Any] | None = None
) -> Sending:
    """What the headers say about repeats and about a thread that is busy. ChatKit clients may name a request in its metadata."""
    key = request.headers.get("idempotency-key")
    if key is not None and not _KEY.match(key):
        raise InvalidInput("An Idempotency-Key has 1 to 255 visible ASCII characters.")
    named = (metadata or {}).get("client_request_id")
    if key is None and isinstance(named, str) and _KEY.match(named):
        key = named
    return Sending(
        request_hash=hashlib.sha256(request.scope["path"].encode() + b"\0" + body).hexdigest(),
        key=key,
        thread_id=thread_id,
        when_busy=_when_busy(request.headers.get("chatkit-when-busy"), host.when_busy),
    )


async def stream_turn(
    host: Host, request: Request, asking: Asking, sending: Sending, open_: Open, encoder_for: EncoderFor
) -> Response:
    accepted = await _accept(host, request, asking, sending, open_)
    stays = accepted.joined or _comes_back(host, request, sending)

    def left() -> None:
        if not stays:
            host.turns.stop(asking.owner, accepted.turn_id, "disconnect")

    return TailResponse(
        host.turns.follow(asking.owner, accepted.turn_id),
        encoder_for(accepted.thread_id, accepted.turn_id),
        headers=turn_headers(accepted),
        left=left,
        tells_the_end=_resumes(request),
    )


async def read_turn(
    host: Host, request: Request, asking: Asking, sending: Sending, open_: Open, reader_for: Callable[[str], Reader]
) -> tuple[Accepted, Reader]:
    """Returns when the turn has ended and the reader, made for its thread, has read all of it.

    A client that leaves before stops it, unless it will come back.
    """
    accepted = await _accept(host, request, asking, sending, open_)
    reader = reader_for(accepted.thread_id)
    reading = asyncio.ensure_future(_read(host, asking, accepted.turn_id, reader))
    leaving = asyncio.ensure_future(until_the_client_leaves(request.receive))
    try:
        await asyncio.wait({reading, leaving}, return_when=asyncio.FIRST_COMPLETED)
        if not reading.done() and not accepted.joined and not _comes_back(host, request, sending):
            host.turns.stop(asking.owner, accepted.turn_id, "disconnect")
        await reading
    finally:
        leaving.cancel()
        reading.cancel()
        await asyncio.wait({reading, leaving})
    return accepted, reader


def turn_headers(accepted: Accepted) -> dict[str, str]:
    return {"ChatKit-Turn": accepted.turn_id, "ChatKit-Thread": accepted.thread_id}


def json_event(turn_id: TurnId, seq: int, event: Any) -> bytes:
    """One JSON value as a server-sent event, with the cursor to go on from after it."""
    return sent_event(turn_id, seq, orjson.dumps(event))


def _comes_back(host: Host, request: Request, sending: Sending) -> bool:
    """Whether a closed connection is a lost one. A plain client has no other way to say "stop" than to close it; one that
    resumes, or can send again under its key, asks for a stop in words."""
    return sending.key is not None or host.keeps_turns or _resumes(request)


def _resumes(request: Request) -> bool:
    return request.headers.get("chatkit-resume") == "1"


def _when_busy(given: str | None, otherwise: WhenBusy) -> WhenBusy:
    if given is None:
        return otherwise
    for policy in get_args(WhenBusy):
        if policy == given:
            return policy
    raise InvalidInput("ChatKit-When-Busy is reject, queue or interrupt.")


async def _accept(host: Host, request: Request, asking: Asking, sending: Sending, open_: Open) -> Accepted:
    """A message that has to wait is not taken from a client that has left meanwhile."""
    if sending.when_busy == "reject":
        return await accept(host.turns, asking, sending, open_)
    accepting = asyncio.ensure_future(accept(host.turns, asking, sending, open_))
    leaving = asyncio.ensure_future(until_the_client_leaves(request.receive))
    try:
        await asyncio.wait({accepting, leaving}, return_when=asyncio.FIRST_COMPLETED)
        if accepting.done():
            return accepting.result()
    finally:
        accepting.cancel()
        leaving.cancel()
        await asyncio.wait({accepting, leaving})
    raise BadRequest("The client left before its message was taken.")


async def _read(host: Host, asking: Asking, turn_id: TurnId, reader: PlainReader) -> None:
    async for batch in host.turns.follow(asking.owner, turn_id):
        reader.read(batch)
