"""Turns and their event logs in the database, whoever keeps the threads."""

from collections.abc import Sequence
from datetime import datetime

from chatkit.types import FeedbackKind, ThreadItem

from chatkit_host.engine.ports import Lease, LogEvent, ModelItem, NewTurn, Turn, TurnWrite
from chatkit_host.ids import Owner, TurnId
from chatkit_host.store.database import Database, Write
from chatkit_host.store.payloads import items_from, items_json
from chatkit_host.store.queries import events, feedback, turns
from chatkit_host.store.queries.deletion import delete_what_is_ours


class ItemsWait(Exception):
    """A turn has ended meanwhile and left items behind that belong before whatever comes now."""


class DatabaseTurns:
    """The half of `engine.ports.TurnStore` that touches no thread, and what it takes to put another Store beside it."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def load_turn(self, owner: Owner, turn_id: str) -> Turn:
        return await self._database.reading(lambda r: turns.load(r, owner, turn_id), is_one_statement=True)

    async def open_turn(self, owner: Owner, thread_id: str) -> Turn | None:
        return await self._database.reading(lambda r: turns.open_in(r, owner, thread_id), is_one_statement=True)

    async def turn_of_key(self, owner: Owner, idempotency_key: str) -> Turn | None:
        return await self._database.reading(lambda r: turns.of_key(r, owner, idempotency_key), is_one_statement=True)

    async def read_events(self, owner: Owner, turn_id: str, *, after: int, limit: int = 1000) -> list[LogEvent]:
        return await self._database.reading(
            lambda r: events.read(r, owner, turn_id, after=after, limit=limit), is_one_statement=True
        )

    async def ask_to_cancel(self, owner: Owner, turn_id: str) -> Turn:
        return await self._database.writing(lambda w: turns.ask_to_cancel(w, owner, turn_id))

    async def asked_to_cancel(self, worker: str) -> set[TurnId]:
        return await self._database.reading(lambda r: turns.asked_to_cancel(r, worker))

    async def renew_leases(self, leases: Sequence[Lease], seconds: float) -> set[TurnId]:
        if not leases:
            return set()
        return await self._database.writing(lambda w: turns.renew(w, leases, seconds))

    async def workers(self) -> set[str]:
        return await self._database.reading(turns.workers)

    async def release_turns(self, worker: str, turn_ids: Sequence[TurnId] | None = None) -> None:
        await self._database.writing(lambda w: turns.release(w, worker, turn_ids))

    async def forget_events(self, ended_before: datetime, *, limit: int) -> int:
        return await self._database.writing(lambda w: events.forget(w, ended_before, limit))

    async def load_transcript(self, owner: Owner, turn_id: str) -> list[ModelItem]:
        return await self._database.reading(lambda r: turns.transcript(r, owner, turn_id))

    async def expired_turns(self) -> list[Turn]:
        return await self._database.reading(turns.expired)

    async def take_over(self, turn: Turn, worker: str, seconds: float) -> Lease | None:
        return await self._database.writing(lambda w: turns.take_over(w, turn, worker, seconds))

    async def reserve_turn(self, new: NewTurn, *, set_aside: Sequence[ThreadItem] = ()) -> None:
        """The turn and its events of `new`, nothing else of it. Raises `AlreadySent`, `TurnRunning` and `ItemsWait`."""

        def reserve(w: Write) -> None:
            if w.repeated and turns.was_added(w, new.lease):
                return
            turns.add(w, new, set_aside=items_json(set_aside) if set_aside else None)
            if turns.waiting(w, new.lease.owner, new.lease.thread_id):
                raise ItemsWait
            if new.events:
                events.append(w, new.lease, new.events)

        await self._database.writing(reserve)

    async def write_log(self, lease: Lease, write: TurnWrite) -> None:
        """Events, transcript, usage and end of `write`, nothing else of it. Raises `LeaseLost`."""

        await self._database.writing(lambda w: turns.write(w, lease, write), is_one_statement=True)

    async def write_logs(self, groups: Sequence[tuple[Lease, Sequence[LogEvent]]]) -> set[TurnId]:
        return await self._database.writing(lambda w: turns.write_logs(w, groups), is_one_statement=True)

    async def end_for_owner(self, lease: Lease, write: TurnWrite) -> None:
        def leave(w: Write) -> None:
            set_aside = turns.set_aside(w, lease)
            items = [*(items_from(set_aside) if set_aside else []), *write.items]
            turns.write(w, lease, write, waiting=items_json(items) if items else None)

        await self._database.writing(leave)

    async def waiting_items(self, owner: Owner, thread_id: str) -> tuple[list[str], list[ThreadItem]]:
        """The turns that left items behind for the owner's next request, and the items."""
        rows = await self._database.reading(lambda r: turns.waiting(r, owner, thread_id))
        return [row.id for row in rows], [item for row in rows for item in items_from(row.set_aside)]

    async def nothing_waits(self, owner: Owner, turn_ids: Sequence[str]) -> None:
        await self._database.writing(lambda w: turns.nothing_waits(w, owner, turn_ids))

    async def items_set_aside(self, lease: Lease) -> list[ThreadItem]:
        """What was given to `reserve_turn`. Raises `LeaseLost` when the lease is not held."""
        payload = await self._database.reading(lambda r: turns.set_aside(r, lease))
        return [] if payload is None else items_from(payload)

    async def record_feedback(self, owner: Owner, thread_id: str, item_ids: Sequence[str], kind: FeedbackKind) -> None:
        """Without a look at whether the items are there."""
        await self._database.writing(lambda w: feedback.save(w, owner, thread_id, item_ids, kind))

    async def forget_thread(self, owner: Owner, thread_id: str) -> None:
        """Turns, events and feedback of a thread that is kept elsewhere."""
        await self._database.writing(lambda w: delete_what_is_ours(w, owner, thread_id))
