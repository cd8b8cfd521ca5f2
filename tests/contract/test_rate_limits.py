"""How much one user may start, counted in the database: the same for all workers."""

import asyncio
from contextlib import AsyncExitStack

import pytest
import sqlalchemy as sa
from support.turns import ALICE, BOB, begun_turn, new_thread, new_turn

from chatkit_host.engine.ports import NewTurn, Quota, TurnEnd, TurnWrite
from chatkit_host.errors import NotFound, RateLimited, TurnRunning
from chatkit_host.ids import Owner
from chatkit_host.store.conversations import DatabaseConversations
from chatkit_host.store.database import Database
from chatkit_host.store.tables import message_rates, threads, turns


@pytest.fixture
def store(database: Database) -> DatabaseConversations:
    return DatabaseConversations(database)


async def sent(store: DatabaseConversations, owner: Owner = ALICE, *, quota: Quota) -> None:
    """A message and its answer, which ends at once."""
    turn = await begun_turn(store, owner, quota=quota)
    await store.write_turn(turn.lease, TurnWrite(end=TurnEnd(status="completed")))


async def refusal(store: DatabaseConversations, owner: Owner = ALICE, *, quota: Quota) -> RateLimited:
    with pytest.raises(RateLimited) as caught:
        await begun_turn(store, owner, quota=quota)
    return caught.value


async def pass_by(database: Database, seconds: float) -> None:
    """For the rates, time has passed."""
    await database.writing(lambda w: w.run(sa.update(message_rates).values(free_at=message_rates.c.free_at - seconds)))


TWO = Quota(messages_per_minute=2)


async def test_as_many_as_in_a_minute_may_come_at_once(store: DatabaseConversations) -> None:
    for _ in range(2):
        await sent(store, quota=TWO)
    error = await refusal(store, quota=TWO)
    assert (error.status, error.code) == (429, "rate_limited")
    assert 28 <= error.retry_after <= 30


async def test_what_is_refused_is_not_about_to_be_committed(store: DatabaseConversations) -> None:
    told: list[str] = []
    thread = new_thread()
    for said in ("first", "second"):
        new = new_turn(thread, creates_thread=said == "first", quota=TWO)
        await store.begin_turn(new, committing=lambda said=said: told.append(said))
        await store.write_turn(new.lease, TurnWrite(end=TurnEnd(status="completed")))
    with pytest.raises(RateLimited):
        await store.begin_turn(new_turn(thread, quota=TWO), committing=lambda: told.append("third"))
    assert told == ["first", "second"]


async def test_time_gives_back_one_after_the_other(store: DatabaseConversations, database: Database) -> None:
    for _ in range(2):
        await sent(store, quota=TWO)
    for _ in range(3):
        await pass_by(database, 30)
        await sent(store, quota=TWO)
        await refusal(store, quota=TWO)


async def test_waiting_longer_saves_up_no_more_than_a_minutes_worth(
    store: DatabaseConversations, database: Database
) -> None:
    await sent(store, quota=TWO)
    await pass_by(database, 3600)
    for _ in range(2):
        await sent(store, quota=TWO)
    await refusal(store, quota=TWO)


async def test_after_the_time_that_it_names_the_next_is_taken(store: DatabaseConversations, database: Database) -> None:
    for _ in range(2):
        await sent(store, quota=TWO)
    await pass_by(database, (await refusal(store, quota=TWO)).retry_after)
    await sent(store, quota=TWO)


async def test_one_users_messages_are_not_anothers(store: DatabaseConversations) -> None:
    for owner in (ALICE, BOB):
        for _ in range(2):
            await sent(store, owner, quota=TWO)
        await refusal(store, owner, quota=TWO)


async def test_what_is_refused_leaves_nothing_and_costs_nothing(
    store: DatabaseConversations, database: Database
) -> None:
    for _ in range(2):
        await sent(store, quota=TWO)
    before = await database.reading(lambda r: r.all(sa.select(message_rates)))
    for _ in range(5):
        await refusal(store, quota=TWO)
    assert await database.reading(lambda r: r.all(sa.select(message_rates))) == before
    for table in (turns, threads):
        assert len(await database.reading(lambda r, table=table: r.all(sa.select(table.c.id)))) == 2


async def test_a_send_that_fails_otherwise_costs_nothing(store: DatabaseConversations, database: Database) -> None:
    thread = (await begun_turn(store, quota=TWO)).thread
    before = await database.reading(lambda r: r.all(sa.select(message_rates)))
    with pytest.raises(TurnRunning):
        await begun_turn(store, thread=thread, quota=TWO)
    with pytest.raises(NotFound):
        await begun_turn(store, BOB, thread, quota=TWO)
    assert await database.reading(lambda r: r.all(sa.select(message_rates))) == before


async def test_zero_is_no_limit(store: DatabaseConversations) -> None:
    for _ in range(30):
        await sent(store, quota=Quota())


async def test_workers_that_count_at_the_same_time_agree(database_url: str) -> None:
    quota = Quota(messages_per_minute=10)
    async with AsyncExitStack() as stack:
        stores: list[DatabaseConversations] = []
        for _ in range(4):
            database = Database.open(database_url)
            stack.push_async_callback(database.close)
            stores.append(DatabaseConversations(database))
        results = await asyncio.gather(
            *(begun_turn(stores[number % 4], quota=quota) for number in range(24)), return_exceptions=True
        )
    assert sum(isinstance(result, NewTurn) for result in results) == 10
    assert sum(isinstance(result, RateLimited) for result in results) == 14


async def test_no_more_answers_at_once_than_allowed_over_all_workers(database_url: str) -> None:
    quota = Quota(concurrent_turns=3)
    async with AsyncExitStack() as stack:
        stores: list[DatabaseConversations] = []
        for _ in range(3):
            database = Database.open(database_url)
            stack.push_async_callback(database.close)
            stores.append(DatabaseConversations(database))
        results = await asyncio.gather(
            *(begun_turn(stores[number % 3], quota=quota) for number in range(12)), return_exceptions=True
        )
        turns_begun = [result for result in results if isinstance(result, NewTurn)]
        assert len(turns_begun) == 3
        assert sum(isinstance(result, RateLimited) for result in results) == 9

        await begun_turn(stores[0], BOB, quota=quota)
        await stores[1].write_turn(turns_begun[0].lease, TurnWrite(end=TurnEnd(status="cancelled")))
        await begun_turn(stores[2], quota=quota)
        assert (await refusal(stores[0], quota=quota)).retry_after > 0
