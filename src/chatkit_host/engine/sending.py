"""A request that starts a turn, sent again or sent while another is answered: join, wait, make way, or refuse."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace

from chatkit_host.engine.openings import Asking, Opening
from chatkit_host.engine.ports import Turn, WhenBusy
from chatkit_host.engine.turns import Turns
from chatkit_host.errors import HostError, KeyUsedBefore, TurnRunning
from chatkit_host.ids import Owner, TurnId


@dataclass(frozen=True, slots=True, kw_only=True)
class Sending:
    """How a request came."""

    request_hash: str
    key: str | None = None
    """The client's own name for it, under which it may send it again."""
    thread_id: str | None = None
    """The thread that it goes to, if there is one yet."""
    when_busy: WhenBusy = "reject"


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepted:
    turn_id: TurnId
    thread_id: str
    joined: bool = False
    """It was sent before: this is the turn that answers it."""


async def accept(
    turns: Turns, asking: Asking, sending: Sending, open_: Callable[[Asking], Awaitable[Opening]]
) -> Accepted:
    """Starts the turn that `open_` describes, or finds the one that the same request has started.

    The same: it has the same key, or, without one, it is what its thread is answering right now. Raises what `open_` and
    `Turns.start` raise; `KeyUsedBefore` when the key came with another request, `Gone` when it was answered long ago.
    """
    if sending.when_busy == "queue" and sending.thread_id is not None:
        async with turns.line(asking.owner, sending.thread_id):
            return await _accept(turns, asking, sending, open_)
    return await _accept(turns, asking, sending, open_)


async def _accept(
    turns: Turns, asking: Asking, sending: Sending, open_: Callable[[Asking], Awaitable[Opening]]
) -> Accepted:
    patience = asyncio.get_running_loop().time() + turns.limits.seconds
    while True:
        try:
            opening = await open_(asking)
            turn_id = await turns.start(asking, opening, key=sending.key, request_hash=sending.request_hash)
            return Accepted(turn_id=turn_id, thread_id=opening.thread.id)
        except HostError as refused:
            if (same := await _sent_before(turns, asking.owner, sending)) is not None:
                await turns.check_kept(same)
                return Accepted(turn_id=same.id, thread_id=same.thread_id, joined=True)
            if not isinstance(refused, TurnRunning) or sending.when_busy == "reject":
                raise
            if not await _out_of_the_way(turns, asking.owner, sending, refused.turn_id, patience):
                raise
        asking = replace(asking, now=turns.clock())


async def _sent_before(turns: Turns, owner: Owner, sending: Sending) -> Turn | None:
    if sending.key is not None:
        turn = await turns.of_key(owner, sending.key)
        if turn is not None and turn.request_hash != sending.request_hash:
            raise KeyUsedBefore
        return turn
    if sending.thread_id is None:
        return None  # two threads may well begin with the same words
    turn = await turns.open_in(owner, sending.thread_id)
    return turn if turn is not None and turn.request_hash == sending.request_hash else None


async def _out_of_the_way(turns: Turns, owner: Owner, sending: Sending, turn_id: str, patience: float) -> bool:
    if sending.when_busy == "interrupt":
        await turns.cancel(owner, turn_id)
    return await turns.until_ended(owner, turn_id, patience - asyncio.get_running_loop().time())
