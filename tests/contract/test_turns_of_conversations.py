"""The turn half of `ConversationStore`: ours in both databases, and ours beside somebody else's chatkit Store."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from chatkit.types import ClientToolCallItem, ThreadItem
from support.memory_store import MemoryStore
from support.turns import (
    ALICE,
    BOB,
    NOON,
    answer,
    answered_thread,
    begun_turn,
    end_turn,
    events,
    ids,
    item_ids,
    later,
    new_lease,
    new_thread,
    new_turn,
    question,
)

from chatkit_host.engine.ports import (
    ConversationStore,
    Lease,
    LogEvent,
    NewTurn,
    PastTurn,
    TerminalStatus,
    TurnEnd,
    TurnWrite,
    Words,
)
from chatkit_host.errors import AlreadySent, Conflict, InvalidInput, LeaseLost, NotFound, TurnRunning
from chatkit_host.store.conversations import DatabaseConversations
from chatkit_host.store.database import Database
from chatkit_host.store.foreign import ForeignConversations

Stores = tuple[ConversationStore, ConversationStore]
ENDS: list[TerminalStatus] = ["completed", "failed", "cancelled", "interrupted"]


async def test_everything_of_a_new_turn_is_there_at_once(conversations: Stores) -> None:
    store, _ = conversations
    new = await begun_turn(store, events=events(1, 3))
    turn = await store.load_turn(ALICE, new.lease.turn_id)
    assert (turn.status, turn.operation, turn.last_seq, turn.usage) == ("running", "message", 3, None)
    assert (turn.created_at, turn.finished_at, turn.input_item_id) == (new.created_at, None, new.input_item_id)
    assert turn.lease == new.lease
    assert turn.is_open
    assert await store.open_turn(ALICE, new.thread.id) == turn
    assert await item_ids(store, new.thread.id) == [new.input_item_id]
    assert await store.read_events(ALICE, new.lease.turn_id, after=0) == events(1, 3)


async def test_a_second_turn_is_told_which_one_is_running(conversations: Stores) -> None:
    store, _ = conversations
    new = await begun_turn(store)
    second = question(new.thread.id, "Hello?")
    with pytest.raises(TurnRunning) as running:
        await begun_turn(store, thread=new.thread, items=[second])
    assert running.value.turn_id == new.lease.turn_id
    assert await item_ids(store, new.thread.id) == [new.input_item_id]


async def test_a_commit_is_told_of_only_when_nothing_is_in_its_way(conversations: Stores) -> None:
    store, _ = conversations
    told: list[str] = []
    new = new_turn(new_thread(), creates_thread=True)
    await store.begin_turn(new, committing=lambda: told.append("begun"))
    assert told == ([] if isinstance(store, ForeignConversations) else ["begun"])
    told.clear()

    for refused in (new_turn(new.thread), new_turn(new_thread()), new_turn(new_thread(), BOB)):
        with pytest.raises((TurnRunning, NotFound)):
            await store.begin_turn(refused, committing=lambda: told.append("refused"))
    assert told == []


async def test_of_many_that_begin_at_once_one_does(conversations: Stores) -> None:
    store, _ = conversations
    thread = await answered_thread(store)
    turns = [new_turn(thread, items=[question(thread.id)]) for _ in range(8)]
    outcomes = await asyncio.gather(*(store.begin_turn(new) for new in turns), return_exceptions=True)
    begun = [new for new, outcome in zip(turns, outcomes, strict=True) if outcome is None]
    assert len(begun) == 1
    refusals = [outcome for outcome in outcomes if outcome is not None]
    assert [type(refusal) for refusal in refusals] == [TurnRunning] * 7
    assert {getattr(refusal, "turn_id", None) for refusal in refusals} == {begun[0].lease.turn_id}
    assert len(await item_ids(store, thread.id)) == 3


@pytest.mark.parametrize("status", ENDS)
async def test_a_thread_whose_turn_has_ended_takes_another(conversations: Stores, status: TerminalStatus) -> None:
    store, _ = conversations
    new = await begun_turn(store)
    await end_turn(store, new.lease, status, usage={"input_tokens": 3})
    turn = await store.load_turn(ALICE, new.lease.turn_id)
    assert (turn.status, turn.is_open, turn.usage) == (status, False, {"input_tokens": 3})
    assert turn.error_code == ("internal" if status == "failed" else None)
    assert turn.finished_at is not None
    assert await store.open_turn(ALICE, new.thread.id) is None
    await begun_turn(store, thread=new.thread)


async def test_a_turn_in_an_unknown_thread_is_not_found(conversations: Stores) -> None:
    store, _ = conversations
    with pytest.raises(NotFound):
        await store.begin_turn(new_turn(new_thread()))


async def test_items_removed_at_the_beginning_are_gone(conversations: Stores) -> None:
    store, _ = conversations
    thread = await answered_thread(store)
    asked, said = await item_ids(store, thread.id)
    new = await begun_turn(store, thread=thread, removed_items=[said, "msg_never_saved"])
    assert await item_ids(store, thread.id) == [asked, new.input_item_id]


async def test_an_item_replaced_at_the_beginning_keeps_its_place(conversations: Stores) -> None:
    store, _ = conversations
    new = await begun_turn(store)
    call = ClientToolCallItem(
        id="tc_1", thread_id=new.thread.id, created_at=later(), call_id="c", name="n", arguments={}
    )
    last = answer(new.thread.id)
    await end_turn(store, new.lease, items=[call, last])
    done = call.model_copy(update={"status": "completed", "output": {"rows": 1}})
    await begun_turn(store, thread=new.thread, operation="client_tool_output", items=[done], input_item_id=None)
    assert await item_ids(store, new.thread.id) == [new.input_item_id, "tc_1", last.id]
    assert await store.load_item(ALICE, new.thread.id, "tc_1") == done


async def test_what_a_turn_writes_is_there_together(conversations: Stores) -> None:
    store, _ = conversations
    new = await begun_turn(store, events=events(1, 1))
    said = answer(new.thread.id, "Half")
    await store.write_turn(new.lease, TurnWrite(events=events(2, 4), items=[said]))
    whole = said.model_copy(update={"content": answer(new.thread.id, "Whole").content})
    await store.write_turn(
        new.lease,
        TurnWrite(
            events=events(5, 5),
            items=[whole],
            usage={"input_tokens": 1, "output_tokens": 2},
            thread_changes={"title": "Named"},
            end=TurnEnd(status="completed"),
        ),
    )
    assert await store.read_events(ALICE, new.lease.turn_id, after=0) == events(1, 5)
    assert await item_ids(store, new.thread.id) == [new.input_item_id, said.id]
    assert await store.load_item(ALICE, new.thread.id, said.id) == whole
    assert (await store.load_thread(ALICE, new.thread.id)).title == "Named"
    turn = await store.load_turn(ALICE, new.lease.turn_id)
    assert (turn.status, turn.last_seq, turn.usage) == ("completed", 5, {"input_tokens": 1, "output_tokens": 2})


async def test_removing_an_item_that_was_never_saved_is_fine(conversations: Stores) -> None:
    store, _ = conversations
    new = await begun_turn(store)
    said = answer(new.thread.id)
    await store.write_turn(new.lease, TurnWrite(items=[said]))
    await store.write_turn(new.lease, TurnWrite(removed_items=[said.id, "msg_never_saved"]))
    assert await item_ids(store, new.thread.id) == [new.input_item_id]


async def test_writing_the_same_events_again_is_harmless(conversations: Stores) -> None:
    store, _ = conversations
    new = await begun_turn(store, events=events(1, 1))
    for _ in range(2):
        await store.write_turn(new.lease, TurnWrite(events=events(2, 4)))
    await store.write_turn(new.lease, TurnWrite(events=events(2, 6)))
    await store.write_turn(new.lease, TurnWrite(events=events(2, 4)))
    assert await store.read_events(ALICE, new.lease.turn_id, after=0) == events(1, 6)
    assert (await store.load_turn(ALICE, new.lease.turn_id)).last_seq == 6


async def test_logs_are_written_together_and_lost_leases_left_out(conversations: Stores) -> None:
    store, _ = conversations
    held, again, ended = [await begun_turn(store, events=events(1, 1)) for _ in range(3)]
    await store.write_turn(again.lease, TurnWrite(events=events(2, 3)))
    await end_turn(store, ended.lease)
    foreign = replace(held.lease, owner=BOB)
    groups = [(new.lease, events(2, 5)) for new in (ended, again, held)]

    assert await store.write_logs(groups) == {held.lease.turn_id, again.lease.turn_id}
    assert await store.write_logs([(foreign, events(6, 6)), (new_lease("thr_unknown"), events(1, 1))]) == set()
    assert await store.write_logs([]) == set()
    for new in (held, again):
        assert await store.read_events(ALICE, new.lease.turn_id, after=0) == events(1, 5)
        assert (await store.load_turn(ALICE, new.lease.turn_id)).last_seq == 5
    assert await store.read_events(ALICE, ended.lease.turn_id, after=0) == events(1, 1)


async def test_logs_and_leases_of_many_turns_are_written_at_once(conversations: Stores) -> None:
    """Also in PostgreSQL, where rows that are taken in two orders are a deadlock."""
    store, _ = conversations
    leases = [(await begun_turn(store)).lease for _ in range(20)]

    async def write(order: int) -> None:
        for first in range(1, 31, 3):
            assert len(await store.write_logs([(lease, events(first, first + 2)) for lease in leases[::order]])) == 20

    async def renew(order: int) -> None:
        for _ in range(10):
            assert len(await store.renew_leases(leases[::order], 60.0)) == 20

    async with asyncio.timeout(30), asyncio.TaskGroup() as group:
        for order in (1, -1):
            group.create_task(write(order))
            group.create_task(renew(order))
    for lease in leases:
        assert await store.read_events(ALICE, lease.turn_id, after=0) == events(1, 30)


async def test_events_are_read_from_any_cursor(conversations: Stores) -> None:
    store, _ = conversations
    new = await begun_turn(store, events=events(1, 1))
    for first, last in ((2, 9), (10, 10), (11, 64), (65, 70)):
        await store.write_turn(new.lease, TurnWrite(events=events(first, last)))
    for after in range(71):
        assert await store.read_events(ALICE, new.lease.turn_id, after=after) == events(after + 1, 70)


async def test_a_reader_gets_at_least_as_many_events_as_it_asks_for(conversations: Stores) -> None:
    store, _ = conversations
    new = await begun_turn(store)
    for first in range(1, 40, 3):
        await store.write_turn(new.lease, TurnWrite(events=events(first, first + 2)))
    for limit in (1, 2, 7, 39):
        read = await store.read_events(ALICE, new.lease.turn_id, after=1, limit=limit)
        assert len(read) >= min(limit, 38)
        assert read == events(2, 1 + len(read))
    with pytest.raises(InvalidInput):
        await store.read_events(ALICE, new.lease.turn_id, after=0, limit=0)


async def test_events_are_bytes_for_bytes(conversations: Stores) -> None:
    store, _ = conversations
    new = await begun_turn(store)
    data = '{"type":"notice","message":"a\\nb\\u0000 \\\\ \u2028 😀 %s :x $1"}'.encode()
    await store.write_turn(new.lease, TurnWrite(events=[LogEvent(seq=1, data=data)]))
    assert await store.read_events(ALICE, new.lease.turn_id, after=0) == [LogEvent(seq=1, data=data)]


async def test_a_foreign_turn_is_as_unknown_as_one_that_never_was(conversations: Stores) -> None:
    store, bobs = conversations
    new = await begun_turn(store, events=events(1, 2))
    for turn_id in (new.lease.turn_id, "turn_unknown"):
        with pytest.raises(NotFound):
            await bobs.load_turn(BOB, turn_id)
        with pytest.raises(NotFound):
            await bobs.read_events(BOB, turn_id, after=0)
    assert await bobs.open_turn(BOB, new.thread.id) is None


@pytest.mark.parametrize(
    "change",
    [{"worker": "worker-2"}, {"attempt": 2}, {"owner": BOB}, {"turn_id": "turn_unknown"}],
    ids=["another worker", "another attempt", "another owner", "another turn"],
)
async def test_a_write_under_another_lease_is_refused(conversations: Stores, change: dict[str, str]) -> None:
    store, _ = conversations
    new = await begun_turn(store, events=events(1, 1))
    lease = new.lease
    parts = {"turn_id": lease.turn_id, "thread_id": lease.thread_id, "owner": lease.owner, "worker": lease.worker}
    with pytest.raises(LeaseLost):
        await store.write_turn(
            Lease(**{**parts, **change}),  # pyright: ignore[reportArgumentType]
            TurnWrite(events=events(2, 2), items=[answer(new.thread.id)], end=TurnEnd(status="completed")),
        )
    assert await store.read_events(ALICE, lease.turn_id, after=0) == events(1, 1)
    assert await item_ids(store, new.thread.id) == [new.input_item_id]
    assert (await store.load_turn(ALICE, lease.turn_id)).is_open


@pytest.mark.parametrize("status", ENDS)
async def test_a_turn_that_has_ended_takes_no_more(conversations: Stores, status: TerminalStatus) -> None:
    store, _ = conversations
    new = await begun_turn(store, events=events(1, 1))
    await end_turn(store, new.lease, status)
    for write in (TurnWrite(events=events(2, 2)), TurnWrite(end=TurnEnd(status="completed")), TurnWrite()):
        with pytest.raises(LeaseLost):
            await store.write_turn(new.lease, write)
    assert (await store.load_turn(ALICE, new.lease.turn_id)).status == status
    assert await store.read_events(ALICE, new.lease.turn_id, after=0) == events(1, 1)


# Retry.


async def _retried(store: ConversationStore) -> tuple[list[str], Lease]:
    """A thread of two questions, the first asked again. Its four items' ids, and the lease."""
    thread = await answered_thread(store, questions=2)
    before = await item_ids(store, thread.id)
    retry = new_turn(thread, operation="retry", supersedes_after=before[0], input_item_id=before[0])
    await store.begin_turn(retry)
    return before, retry.lease


async def test_what_a_retry_sets_aside_is_out_of_sight(conversations: Stores) -> None:
    store, _ = conversations
    before, lease = await _retried(store)
    assert await item_ids(store, lease.thread_id) == before[:1]
    for item_id in before[1:]:
        with pytest.raises(NotFound):
            await store.load_item(ALICE, lease.thread_id, item_id)
        with pytest.raises(NotFound):
            await store.save_feedback(ALICE, lease.thread_id, [item_id], "positive")
    assert [ids(past.items) for past in await store.past_turns(ALICE, lease.thread_id, limit=50)] == [before[:1]]


async def test_a_completed_retry_takes_the_place_of_the_old_answer(conversations: Stores) -> None:
    store, _ = conversations
    before, lease = await _retried(store)
    better = answer(lease.thread_id, "Better.")
    await end_turn(store, lease, items=[better])
    assert await item_ids(store, lease.thread_id) == [before[0], better.id]


@pytest.mark.parametrize("status", ["failed", "cancelled", "interrupted"])
async def test_a_retry_that_does_not_complete_brings_the_old_answer_back(
    conversations: Stores, status: TerminalStatus
) -> None:
    store, _ = conversations
    before, lease = await _retried(store)
    await end_turn(store, lease, status)
    assert await item_ids(store, lease.thread_id) == before


async def test_a_retry_whose_worker_died_brings_the_old_answer_back(conversations: Stores) -> None:
    store, _ = conversations
    thread = await answered_thread(store)
    before = await item_ids(store, thread.id)
    await store.begin_turn(new_turn(thread, operation="retry", supersedes_after=before[0], lease_seconds=-1.0))
    (dead,) = await store.expired_turns()
    lease = await store.take_over(dead, "worker-2", 60.0)
    assert lease is not None
    await end_turn(store, lease, "interrupted")
    assert await item_ids(store, thread.id) == before


async def test_a_retry_after_an_unknown_item_is_not_found(conversations: Stores) -> None:
    store, bobs = conversations
    thread, other = await answered_thread(store), await answered_thread(store)
    for item_id in ("msg_unknown", (await item_ids(store, other.id))[0]):
        with pytest.raises(NotFound):
            await store.begin_turn(new_turn(thread, operation="retry", supersedes_after=item_id))
    mine = await item_ids(store, thread.id)
    with pytest.raises(NotFound):
        await bobs.begin_turn(new_turn(thread, BOB, operation="retry", supersedes_after=mine[0]))
    assert await item_ids(store, thread.id) == mine
    assert await store.open_turn(ALICE, thread.id) is None


# Leases.


async def test_a_lease_that_ran_out_is_found_and_taken_over_once(conversations: Stores) -> None:
    store, _ = conversations
    dead, _alive = await begun_turn(store, lease_seconds=-1.0), await begun_turn(store)
    (expired,) = await store.expired_turns()
    assert expired.lease == dead.lease
    outcomes = await asyncio.gather(*(store.take_over(expired, f"worker-{n}", 60.0) for n in range(2, 8)))
    (lease,) = [outcome for outcome in outcomes if outcome is not None]
    assert (lease.attempt, lease.turn_id, lease.owner) == (2, dead.lease.turn_id, ALICE)
    assert await store.expired_turns() == []
    with pytest.raises(LeaseLost):
        await store.write_turn(dead.lease, TurnWrite(events=events(1, 1)))
    await end_turn(store, lease, "interrupted")


async def test_a_lease_that_is_held_is_not_taken_over(conversations: Stores) -> None:
    store, _ = conversations
    new = await begun_turn(store, lease_seconds=-1.0)
    (expired,) = await store.expired_turns()
    assert await store.renew_leases([new.lease], 60.0) == {new.lease.turn_id}
    assert await store.take_over(expired, "worker-2", 60.0) is None
    assert await store.expired_turns() == []


async def test_leases_that_were_lost_are_not_renewed(conversations: Stores) -> None:
    store, _ = conversations
    held, ended, taken = [await begun_turn(store) for _ in range(3)]
    expired = await begun_turn(store, lease_seconds=-1.0)
    await end_turn(store, ended.lease)
    (dead,) = await store.expired_turns()
    assert dead.id == expired.lease.turn_id
    await store.take_over(dead, "worker-2", 60.0)
    leases = [held.lease, ended.lease, expired.lease, taken.lease, new_lease("thr_unknown")]
    assert await store.renew_leases(leases, 60.0) == {held.lease.turn_id, taken.lease.turn_id}
    assert await store.renew_leases([], 60.0) == set()


async def test_an_ended_turn_does_not_expire(conversations: Stores) -> None:
    store, _ = conversations
    new = await begun_turn(store, lease_seconds=-1.0)
    await end_turn(store, new.lease)
    assert await store.expired_turns() == []


# What only one database can promise.


async def test_past_turns_are_grouped_by_the_turn_that_wrote_them(database: Database) -> None:
    store = DatabaseConversations(database)
    first = await begun_turn(store)
    said = answer(first.thread.id)
    transcript = [{"role": "user", "content": "?"}, {"role": "assistant", "content": "Noon."}]
    await end_turn(store, first.lease, items=[said], transcript=transcript)
    second = await begun_turn(store, thread=first.thread)
    assert first.input_item_id is not None
    assert await store.past_turns(ALICE, first.thread.id, limit=50) == [
        PastTurn(
            turn_id=first.lease.turn_id,
            status="completed",
            items=[Words(first.input_item_id, "user", "What is the time?")],
            transcript=transcript,
        ),
        PastTurn(
            turn_id=second.lease.turn_id,
            status="running",
            items=[Words(str(second.input_item_id), "user", "What is the time?")],
            transcript=None,
        ),
    ]
    (newest,) = await store.past_turns(ALICE, first.thread.id, limit=1)
    assert newest.turn_id == second.lease.turn_id


async def test_a_turn_that_replaced_an_old_item_is_told_once_and_in_its_place(database: Database) -> None:
    store = DatabaseConversations(database)
    thread = new_thread()
    first = await begun_turn(store, thread=thread, creates_thread=True)
    one, two = answer(thread.id, "One"), answer(thread.id, "Two")
    await end_turn(store, first.lease, items=[one, two], transcript=[{"role": "assistant"}])
    action = new_turn(thread, operation="action")
    await store.begin_turn(action)
    three = answer(thread.id, "Three")
    await end_turn(store, action.lease, items=[one, three])
    past = await store.past_turns(ALICE, thread.id, limit=50)
    assert [turn.turn_id for turn in past] == [first.lease.turn_id, action.lease.turn_id]
    # The answer of the first is in its transcript; the action has none.
    assert [ids(turn.items)[1:] for turn in past] == [[], [three.id]]
    assert one.id == ids(past[1].items)[0]


async def test_history_has_the_answer_of_a_retry_and_not_the_one_before_it(database: Database) -> None:
    store = DatabaseConversations(database)
    thread = new_thread()
    first = await begun_turn(store, thread=thread, creates_thread=True)
    await end_turn(store, first.lease, items=[answer(thread.id)], transcript=[{"role": "assistant", "content": "old"}])
    asked, _ = await item_ids(store, thread.id)
    retry = new_turn(thread, operation="retry", supersedes_after=asked, input_item_id=asked)
    await store.begin_turn(retry)
    (before,) = await store.past_turns(ALICE, thread.id, limit=50)
    assert (before.turn_id, ids(before.items), before.transcript) == (None, [asked], None)
    await end_turn(store, retry.lease, items=[answer(thread.id)], transcript=[{"role": "assistant", "content": "new"}])
    question_alone, answered = await store.past_turns(ALICE, thread.id, limit=50)
    assert (question_alone.turn_id, ids(question_alone.items)) == (None, [asked])
    assert (answered.turn_id, answered.transcript) == (
        retry.lease.turn_id,
        [{"role": "assistant", "content": "new"}],
    )


async def test_a_thread_with_an_id_that_is_taken_is_refused(database: Database) -> None:
    store = DatabaseConversations(database)
    thread = await answered_thread(store)
    for owner in (ALICE, BOB):
        with pytest.raises(Conflict):
            await store.begin_turn(new_turn(thread, owner, creates_thread=True))
    assert len(await item_ids(store, thread.id)) == 2


async def test_a_refused_turn_leaves_nothing_behind(database: Database) -> None:
    store = DatabaseConversations(database)
    thread = await answered_thread(store)
    before = await item_ids(store, thread.id)
    with pytest.raises(NotFound):
        await store.begin_turn(
            new_turn(thread, items=[question(thread.id)], removed_items=before, supersedes_after="msg_unknown")
        )
    assert await item_ids(store, thread.id) == before


async def test_many_turns_at_once_keep_their_events_apart(database: Database) -> None:
    store = DatabaseConversations(database)

    async def run() -> None:
        new = await begun_turn(store, events=events(1, 1))
        for first in range(2, 30, 4):
            await store.write_turn(new.lease, TurnWrite(events=events(first, first + 3)))
        await end_turn(store, new.lease, items=[answer(new.thread.id)])
        assert await store.read_events(ALICE, new.lease.turn_id, after=0) == events(1, 29)

    await asyncio.gather(*(run() for _ in range(20)))


# What somebody else's Store makes harder.


async def test_a_turn_whose_beginning_their_store_refuses_has_failed(database: Database) -> None:
    class Refusing(MemoryStore):
        async def add_thread_item(self, thread_id: str, item: ThreadItem, context: Any) -> None:
            raise RuntimeError("their database is full")

    store = ForeignConversations(Refusing(), DatabaseConversations(database), {"user_id": ALICE})
    thread = new_thread()
    new = new_turn(thread, creates_thread=True, items=[question(thread.id)])
    with pytest.raises(RuntimeError, match="their database is full"):
        await store.begin_turn(new)
    turn = await store.load_turn(ALICE, new.lease.turn_id)
    assert (turn.status, turn.error_code) == ("failed", "internal")


async def test_what_a_retry_took_out_of_their_store_survives_this_process(database: Database) -> None:
    theirs, turns = MemoryStore(), DatabaseConversations(database)
    store = ForeignConversations(theirs, turns, {"user_id": ALICE})
    before, lease = await _retried(store)
    assert len(theirs.items[lease.thread_id]) == 1
    of_another_process = ForeignConversations(theirs, DatabaseConversations(database), {"user_id": ALICE})
    await end_turn(of_another_process, lease, "interrupted")
    assert await item_ids(store, lease.thread_id) == before


async def test_event_logs_of_long_ago_are_forgotten_and_nothing_else(conversations: Stores) -> None:
    """Ids tell when they were made, so for this test "long ago" begins tomorrow."""
    store, _ = conversations
    ended = [await begun_turn(store, events=events(1, 3)) for _ in range(3)]
    for new in ended:
        await end_turn(store, new.lease, items=[answer(new.thread.id)])
    running = await begun_turn(store, events=events(1, 3))
    tomorrow = datetime.now(UTC) + timedelta(days=1)

    assert await store.forget_events(NOON - timedelta(days=1000), limit=10) == 0
    assert await store.forget_events(tomorrow, limit=2) == 2
    assert await store.forget_events(tomorrow, limit=2) == 1
    assert await store.forget_events(tomorrow, limit=2) == 0

    for new in ended:
        assert await store.read_events(ALICE, new.lease.turn_id, after=0) == []
        assert (await store.load_turn(ALICE, new.lease.turn_id)).status == "completed"
        assert len(await item_ids(store, new.thread.id)) == 2
    assert len(await store.read_events(ALICE, running.lease.turn_id, after=0)) == 3


async def test_an_owner_has_one_turn_for_a_key(conversations: Stores) -> None:
    store, bobs = conversations
    first = await begun_turn(store, idempotency_key="k", request_hash="h")

    with pytest.raises(AlreadySent):
        await begun_turn(store, idempotency_key="k", request_hash="h")
    await begun_turn(bobs, BOB, idempotency_key="k", request_hash="h")

    same = await store.turn_of_key(ALICE, "k")
    assert same is not None
    assert (same.id, same.request_hash) == (first.lease.turn_id, "h")
    assert await store.turn_of_key(ALICE, "other") is None
    assert len((await store.load_threads(ALICE, limit=10, after=None, order="asc")).data) == 1


async def test_released_turns_can_be_taken_over_at_once(conversations: Stores) -> None:
    store, bobs = conversations
    one, other = await begun_turn(store), await begun_turn(store)
    of_another = await begun_turn(bobs, BOB)

    await store.release_turns("worker-1", [one.lease.turn_id])
    assert [turn.id for turn in await store.expired_turns()] == [one.lease.turn_id]
    assert await store.workers() == {"worker-1"}
    await store.release_turns("worker-1")

    assert {turn.id for turn in await store.expired_turns()} == {
        one.lease.turn_id,
        other.lease.turn_id,
        of_another.lease.turn_id,
    }


async def test_a_transcript_is_read_as_it_was_last_written(conversations: Stores) -> None:
    store, bobs = conversations
    new = await begun_turn(store)
    said = [{"role": "assistant", "content": "Noon."}]

    assert await store.load_transcript(ALICE, new.lease.turn_id) == []
    await store.write_turn(new.lease, TurnWrite(transcript=said))
    assert await store.load_transcript(ALICE, new.lease.turn_id) == said
    await store.write_turn(new.lease, TurnWrite(transcript=[]))
    assert await store.load_transcript(ALICE, new.lease.turn_id) == []
    with pytest.raises(NotFound):
        await bobs.load_transcript(BOB, new.lease.turn_id)


async def test_what_a_dead_workers_turn_left_comes_before_a_message_that_arrives_as_that_turn_is_ended(
    database: Database,
) -> None:
    """Somebody else's Store keeps the order in which it is given items."""

    class EndsOneJustThen(DatabaseConversations):
        ends: Lease | None = None

        async def reserve_turn(self, new: NewTurn, *, set_aside: Sequence[ThreadItem] = ()) -> None:
            if (lease := self.ends) is not None:
                self.ends = None
                end = TurnEnd(status="interrupted")
                await self.end_for_owner(lease, TurnWrite(items=[answer(lease.thread_id, "Half")], end=end))
            await super().reserve_turn(new, set_aside=set_aside)

    turns = EndsOneJustThen(database)
    store = ForeignConversations(MemoryStore(), turns, {"user_id": ALICE})
    dead = await begun_turn(store)
    turns.ends = dead.lease

    new = await begun_turn(store, thread=dead.thread)

    page = await store.load_items(ALICE, dead.thread.id, limit=10, after=None, order="asc", hidden=True)
    assert [item.type for item in page.data] == ["user_message", "assistant_message", "user_message"]
    assert page.data[-1].id == new.input_item_id
