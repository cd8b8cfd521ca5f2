"""A turn whose model is asked while its message is still being written."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextvars import Context, ContextVar
from pathlib import Path

import pytest
from chatkit.types import AssistantMessageContent, AssistantMessageItem, ThreadItemDoneEvent
from support.turns import ALICE, NOON, item_ids, new_thread, question
from support.waiting import until

from chatkit_host.engine.openings import Asking, Opening
from chatkit_host.engine.ports import Lease, LogEvent, NewTurn, Operation, TurnWrite
from chatkit_host.engine.responder import Responder, TurnEvents, TurnInput
from chatkit_host.engine.turns import Turns
from chatkit_host.errors import DatabaseUnavailable
from chatkit_host.ids import TurnId, new_id
from chatkit_host.store.conversations import DatabaseConversations
from chatkit_host.store.database import Database
from chatkit_host.store.migrate import migrate


class SlowToCommit(DatabaseConversations):
    """Commits beginnings when it is let, or fails to; counts what else is written."""

    def __init__(self, database: Database) -> None:
        super().__init__(database)
        self.may_commit = asyncio.Event()
        self.fails = False
        self.has_more_written = False

    async def begin_turn(self, new: NewTurn, *, committing: Callable[[], object] = lambda: None) -> None:
        await asyncio.to_thread(Context().run, committing)
        await self.may_commit.wait()
        if self.fails:
            raise DatabaseUnavailable
        await super().begin_turn(new)

    async def write_turn(self, lease: Lease, write: TurnWrite) -> None:
        self.has_more_written = True
        await super().write_turn(lease, write)

    async def write_logs(self, groups: Sequence[tuple[Lease, Sequence[LogEvent]]]) -> set[TurnId]:
        self.has_more_written = True
        return await super().write_logs(groups)


TRACE: ContextVar[str] = ContextVar("trace", default="none")


class Early(Responder):
    """Waits for its model in vain."""

    asks_early = True

    def __init__(self) -> None:
        self.was_asked = self.had_an_effect = self.is_over = False
        self.trace = ""

    async def respond(self, turn: TurnInput, events: TurnEvents) -> None:
        self.was_asked = True
        self.trace = TRACE.get()
        try:
            await self.say(turn, events)
        finally:
            self.is_over = True

    async def say(self, turn: TurnInput, events: TurnEvents) -> None:
        await asyncio.Event().wait()


class Chatty(Early):
    """Speaks, and comes to no end."""

    async def say(self, turn: TurnInput, events: TurnEvents) -> None:
        item_id = new_id("message")
        events.begin_message(item_id, NOON)
        events.text(item_id, "Noon.")
        await asyncio.Event().wait()


class Hasty(Early):
    """Answers as soon as it is asked, and has an effect once what it said is safe."""

    async def say(self, turn: TurnInput, events: TurnEvents) -> None:
        content = AssistantMessageContent(text="Noon.")
        item = AssistantMessageItem(id=new_id("message"), thread_id=turn.thread.id, created_at=NOON, content=[content])
        events.begin_message(item.id, NOON)
        events.text(item.id, "Noon.")
        await events.settle()
        self.had_an_effect = True
        await events.send(ThreadItemDoneEvent(item=item))


class Patient(Hasty):
    asks_early = False


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[SlowToCommit]:
    url = f"sqlite:///{tmp_path}/beginnings.db"
    await migrate(url)
    database = Database.open(url)
    yield SlowToCommit(database)
    await database.close()


@pytest.fixture
async def turns(store: SlowToCommit) -> AsyncIterator[Turns]:
    turns = Turns(store, worker="worker-1", clock=lambda: NOON)
    yield turns
    await turns.close()


def starting(
    turns: Turns, store: SlowToCommit, responder: Responder, operation: Operation = "message"
) -> asyncio.Task[TurnId]:
    thread = new_thread()
    asked = question(thread.id)
    opening = Opening(
        operation=operation,
        thread=thread,
        run=responder.respond,
        first_events=[b'{"type":"notice"}'],
        creates_thread=True,
        user_message=asked,
        items=(asked,),
    )
    asking = Asking(owner=ALICE, context=None, store=store, responder=responder, now=NOON)
    return asyncio.ensure_future(turns.start(asking, opening))


async def test_the_model_is_asked_while_the_message_is_written_and_nothing_else_is_done(
    turns: Turns, store: SlowToCommit
) -> None:
    responder = Hasty()
    starting_turn = starting(turns, store, responder)
    await until(lambda: responder.was_asked)
    await asyncio.sleep(3 * turns.limits.log.flush_seconds)  # by then a log that may be written is
    assert not starting_turn.done()
    assert (responder.had_an_effect, store.has_more_written, turns.count) == (False, False, 0)

    store.may_commit.set()
    turn_id = await starting_turn
    told = [event async for batch in turns.follow(ALICE, turn_id) for event in batch]
    await until(lambda: turns.count == 0)

    assert responder.had_an_effect
    turn = await store.load_turn(ALICE, turn_id)
    assert turn.status == "completed"
    assert len(await item_ids(store, turn.thread_id)) == 2
    assert await store.read_events(ALICE, turn_id, after=0) == told
    assert [event.seq for event in told] == list(range(1, len(told) + 1))


async def test_what_is_said_meanwhile_is_written_later(turns: Turns, store: SlowToCommit) -> None:
    starting_turn = starting(turns, store, Chatty())
    await asyncio.sleep(3 * turns.limits.log.flush_seconds)
    assert not store.has_more_written

    store.may_commit.set()
    turn_id = await starting_turn
    await until(lambda: store.has_more_written)
    assert turns.stop(ALICE, turn_id, "cancel")


@pytest.mark.parametrize("kind", [Early, Chatty, Hasty])
async def test_of_a_message_that_cannot_be_written_nothing_stays(
    turns: Turns, store: SlowToCommit, kind: type[Early]
) -> None:
    responder = kind()
    store.fails = True
    starting_turn = starting(turns, store, responder)
    await until(lambda: responder.was_asked)
    await asyncio.sleep(3 * turns.limits.log.flush_seconds)

    store.may_commit.set()
    with pytest.raises(DatabaseUnavailable):
        await starting_turn
    await until(lambda: responder.is_over)
    assert (responder.had_an_effect, store.has_more_written, turns.count) == (False, False, 0)


@pytest.mark.parametrize("kind", [Early, Patient])
async def test_an_answer_is_written_in_the_context_of_its_request(
    turns: Turns, store: SlowToCommit, kind: type[Early]
) -> None:
    responder = kind()
    store.may_commit.set()
    TRACE.set("of this request")
    await starting(turns, store, responder)
    await until(lambda: responder.was_asked)
    assert responder.trace == "of this request"


async def test_a_responder_that_is_not_made_for_it_waits(turns: Turns, store: SlowToCommit) -> None:
    responder = Patient()
    starting_turn = starting(turns, store, responder)
    await asyncio.sleep(3 * turns.limits.log.flush_seconds)
    assert not responder.was_asked

    store.may_commit.set()
    await starting_turn
    await until(lambda: responder.had_an_effect)


async def test_what_changes_the_past_is_written_first(turns: Turns, store: SlowToCommit) -> None:
    responder = Hasty()
    starting_turn = starting(turns, store, responder, "retry")
    await asyncio.sleep(3 * turns.limits.log.flush_seconds)
    assert not responder.was_asked

    store.may_commit.set()
    await starting_turn
    await until(lambda: responder.had_an_effect)
