"""`/api/turns`: how far an answer is, its events from any point, and an honest stop. For pages that were reloaded, second tabs,
and clients whose network went away."""

from datetime import datetime
from functools import partial

from fastapi import APIRouter, Query
from pydantic import BaseModel
from starlette.requests import Request
from starlette.responses import Response

from chatkit_host.api.description import CHATKIT_EVENT
from chatkit_host.api.host import Host
from chatkit_host.api.schemas import CALLERS, errors, event_stream
from chatkit_host.api.sse import TailResponse, encode_chatkit
from chatkit_host.auth.identity import User
from chatkit_host.engine.ports import Turn, TurnStatus
from chatkit_host.errors import InvalidInput
from chatkit_host.ids import TurnId

_CURSOR = "^((turn_[0-9a-z]+:)?[0-9]{1,12})?$"


class TurnAnswer(BaseModel):
    """One answer and how far it is."""

    id: str
    thread_id: str
    status: TurnStatus
    attempt: int
    last_event: int
    """The sequence number of the newest event in the database."""
    error_code: str | None
    usage: dict[str, int] | None
    created_at: datetime
    finished_at: datetime | None


def turns_router(host: Host) -> APIRouter:
    router = APIRouter(prefix="/api/turns", tags=["turns"], responses=errors(*CALLERS, 404, 422))
    caller = host.needs("chat")

    @router.get("/{turn_id}")
    async def show(turn_id: str, user: User = caller) -> TurnAnswer:
        """The turn's state."""
        return _answer(await host.turns.load(user.owner, turn_id))

    @router.get(
        "/{turn_id}/events",
        response_class=Response,
        responses=event_stream(CHATKIT_EVENT, "ChatKit's events, each with its cursor as `id`.") | errors(410),
    )
    async def events(
        request: Request,
        turn_id: str,
        after: str | None = Query(None, json_schema_extra={"pattern": _CURSOR}),
        user: User = caller,
    ) -> Response:
        """The turn's ChatKit events past a cursor (`after`, or `Last-Event-ID`), then those to come, until it ends.

        Each has an `id` to go on from, and after the last one comes the comment `: end`: a stream without it broke off, or is to be
        gone on with elsewhere. Leaving does not stop the turn. An answer of long ago is 410: load its thread.
        """
        turn = await host.turns.load(user.owner, turn_id)
        cursor = _cursor(turn.id, after if after is not None else request.headers.get("last-event-id"))
        await host.turns.check_kept(turn, after=cursor)
        return TailResponse(
            host.turns.follow(user.owner, turn.id, after=cursor),
            partial(encode_chatkit, turn.id),
            headers={"ChatKit-Turn": turn.id},
            left=lambda: None,
            tells_the_end=True,
            is_over=not turn.is_open and cursor >= turn.last_seq,
        )

    @router.post("/{turn_id}/cancel")
    async def cancel(turn_id: str, user: User = caller) -> TurnAnswer:
        """Stops the answer, wherever it is being written. What was said is kept. Asking again is harmless."""
        return _answer(await host.turns.cancel(user.owner, turn_id))

    return router


def _cursor(turn_id: TurnId, given: str | None) -> int:
    """`turn_...:17` as in an event's id, or just `17`."""
    if not given:
        return 0
    turn, _, number = given.rpartition(":")
    if turn not in ("", turn_id) or not number.isdecimal() or len(number) > 12:
        raise InvalidInput("The cursor does not belong to this turn.")
    return int(number)


def _answer(turn: Turn) -> TurnAnswer:
    return TurnAnswer(
        id=turn.id,
        thread_id=turn.thread_id,
        status=turn.status,
        attempt=turn.attempt,
        last_event=turn.last_seq,
        error_code=turn.error_code,
        usage=turn.usage,
        created_at=turn.created_at,
        finished_at=turn.finished_at,
    )
