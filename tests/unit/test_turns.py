"""Many turns that end at once."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from chatkit.types import ThreadItem, ThreadMetadata
from support.turns import ALICE, NOON, new_thread, question
from support.waiting import until

from chatkit_host.engine.openings import Asking, Opening
from chatkit_host.engine.ports import Lease, TurnWrite
from chatkit_host.engine.responder import Responder, TurnEvents, TurnInput
from chatkit_host.engine.turns import Turns
from chatkit_host.ids import TurnId
from chatkit_host.store.conversations import DatabaseConversations
from chatkit_host.store.database import Database
from chatkit_host.store.migrate import migrate

AT_ONCE = 4
MANY = 48


class GatedStore(DatabaseConversations):
    """Writes ends when it is let, and counts those that wait for it."""

    def __init__(self, database: Database) -> None:
        super().__init__(database)
        self.may_end = asyncio.Event()
        self.ending = self.most_ending = 0

    async def write_turn(self, lease: Lease, write: TurnWrite) -> None:
        if write.end is None:
            return await super().write_turn(lease, write)
        self.ending += 1
        self.most_ending = max(self.most_ending, self.ending)
        await self.may_end.wait()
        await super().write_turn(lease, write)
        self.ending -= 1
        return None


class Silent(Responder):
    """Says nothing until it is stopped; a handler of stops may hang."""

    def __init__(self) -> None:
        self.running = self.stopping = 0
        self.may_stop = asyncio.Event()
        self.may_stop.set()

    async def respond(self, turn: TurnInput, events: TurnEvents) -> None:
        self.running += 1
        try:
            await asyncio.Event().wait()
        finally:
            self.running -= 1

    async def stopped(self, thread: ThreadMetadata, pending: list[ThreadItem], context: Any) -> bool:
        self.stopping += 1
        await self.may_stop.wait()
        return False


class Tidy(Silent):
    """Takes its time to tidy up when it is stopped."""

    def __init__(self) -> None:
        super().__init__()
        self.tidying = 0
        self.has_tidied: bool | None = None
        self.may_tidy = asyncio.Event()

    async def respond(self, turn: TurnInput, events: TurnEvents) -> None:
        try:
            await super().respond(turn, events)
        finally:
            self.tidying += 1
            self.has_tidied = await self._tidied()

    async def _tidied(self) -> bool:
        try:
            await self.may_tidy.wait()
        except asyncio.CancelledError:
            return False
        return True


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[GatedStore]:
    url = f"sqlite:///{tmp_path}/turns.db"
    await migrate(url)
    database = Database.open(url)
    yield GatedStore(database)
    await database.close()


@pytest.fixture
async def turns(store: GatedStore) -> AsyncIterator[Turns]:
    turns = Turns(store, worker="worker-1", clock=lambda: NOON)
    yield turns
    store.may_end.set()
    await turns.close()


async def begun(turns: Turns, store: GatedStore, responder: Silent) -> TurnId:
    thread = new_thread()
    asked = question(thread.id)
    asking = Asking(owner=ALICE, context=None, store=store, responder=responder, now=NOON)
    opening = Opening(
        operation="message",
        thread=thread,
        run=responder.respond,
        first_events=(),
        creates_thread=True,
        user_message=asked,
        items=(asked,),
    )
    return await turns.start(asking, opening)


async def test_all_models_hear_that_their_clients_left_before_the_ends_of_many_turns_are_written(
    turns: Turns, store: GatedStore
) -> None:
    responder = Silent()
    begun_turns = [await begun(turns, store, responder) for _ in range(MANY)]
    await until(lambda: responder.running == MANY)

    for turn_id in begun_turns:
        assert turns.stop(ALICE, turn_id, "disconnect")
    await until(lambda: store.ending == AT_ONCE)
    assert responder.running == 0

    store.may_end.set()
    await until(lambda: turns.count == 0)
    assert store.most_ending == AT_ONCE
    ended = [await store.load_turn(ALICE, turn_id) for turn_id in begun_turns]
    assert {turn.status for turn in ended} == {"cancelled"}


async def test_turns_that_somebody_reads_all_end_at_once(turns: Turns, store: GatedStore) -> None:
    responder = Silent()
    begun_turns = [await begun(turns, store, responder) for _ in range(MANY)]

    for turn_id in begun_turns:
        assert turns.stop(ALICE, turn_id, "cancel")
    await until(lambda: store.ending == MANY)

    store.may_end.set()
    await until(lambda: turns.count == 0)


async def test_what_a_responder_does_when_it_is_stopped_is_not_stopped_in_turn(turns: Turns, store: GatedStore) -> None:
    store.may_end.set()
    responder = Tidy()
    turn_id = await begun(turns, store, responder)
    await until(lambda: responder.running == 1)

    assert turns.stop(ALICE, turn_id, "cancel")
    await until(lambda: responder.tidying == 1)
    assert turns.stop(ALICE, turn_id, "disconnect")
    await asyncio.sleep(0.02)
    assert responder.has_tidied is None

    responder.may_tidy.set()
    await until(lambda: turns.count == 0)
    assert responder.has_tidied is True
    assert (await store.load_turn(ALICE, turn_id)).status == "cancelled"


async def test_handlers_of_stops_that_hang_hold_up_nobody_else(turns: Turns, store: GatedStore) -> None:
    store.may_end.set()
    hanging = Silent()
    hanging.may_stop.clear()
    held = [await begun(turns, store, hanging) for _ in range(AT_ONCE)]
    for turn_id in held:
        turns.stop(ALICE, turn_id, "disconnect")
    await until(lambda: hanging.stopping == AT_ONCE)

    another = await begun(turns, store, Silent())
    turns.stop(ALICE, another, "disconnect")
    await until(lambda: turns.count == AT_ONCE)
    assert (await store.load_turn(ALICE, another)).status == "cancelled"
    assert all([(await store.load_turn(ALICE, turn_id)).is_open for turn_id in held])

    hanging.may_stop.set()
    await until(lambda: turns.count == 0)
