"""Starts a turn and follows its log: as a stream for the client, or to its end for one answer."""

import asyncio
from collections.abc import Callable
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import Response

from chatkit_host.api.host import Host
from chatkit_host.api.plain_reading import PlainReader
from chatkit_host.api.sse import Encode, TailResponse, until_the_client_leaves
from chatkit_host.engine.openings import Asking, Opening
from chatkit_host.ids import TurnId

EncoderFor = Callable[[str, TurnId], Encode]
"""An encoder for one turn, by the ids of its thread and of itself."""


async def stream_turn(
    host: Host, asking: Asking, opening: Opening, encoder_for: EncoderFor, *, resumes: bool = False
) -> Response:
    """`resumes`: the client comes back when its connection drops, and asks for a stop in words."""
    turn_id = await host.turns.start(asking, opening)

    def left() -> None:
        # A plain client says "stop" by closing the connection; it has no other way.
        if not resumes:
            host.turns.stop(asking.owner, turn_id, "disconnect")

    return TailResponse(
        host.turns.follow(asking.owner, turn_id),
        encoder_for(opening.thread.id, turn_id),
        headers=turn_headers(opening.thread.id, turn_id),
        left=left,
    )


async def read_turn(host: Host, request: Request, asking: Asking, opening: Opening, reader: PlainReader) -> TurnId:
    """Returns when the turn has ended and `reader` has read all of it. A client that leaves before stops it."""
    turn_id = await host.turns.start(asking, opening)
    reading = asyncio.ensure_future(_read(host, asking, turn_id, reader))
    leaving = asyncio.ensure_future(until_the_client_leaves(request.receive))
    try:
        await asyncio.wait({reading, leaving}, return_when=asyncio.FIRST_COMPLETED)
        if not reading.done():
            host.turns.stop(asking.owner, turn_id, "disconnect")
        await reading
    finally:
        leaving.cancel()
        reading.cancel()
        await asyncio.wait({reading, leaving})
    return turn_id


def turn_headers(thread_id: str, turn_id: TurnId) -> dict[str, str]:
    return {"ChatKit-Turn": turn_id, "ChatKit-Thread": thread_id}


def data_line(event: Any) -> bytes:
    """One JSON value as a server-sent event."""
    return b"data: " + orjson.dumps(event) + b"\n\n"


async def _read(host: Host, asking: Asking, turn_id: TurnId, reader: PlainReader) -> None:
    async for batch in host.turns.follow(asking.owner, turn_id):
        reader.read(batch)
