"""What is kept of a thread's past is told like what is read anew, whoever has changed the thread meanwhile."""

import asyncio
import random
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from chatkit.types import SDKHiddenContextItem, ThreadMetadata, UserMessageItem
from support.turns import (
    ALICE,
    answer,
    answered_thread,
    begun_turn,
    end_turn,
    ids,
    later,
    new_thread,
    new_turn,
    question,
)

from chatkit_host.agent.transcript import model_input
from chatkit_host.engine.ports import Lease, PastTurn, TerminalStatus, TurnWrite
from chatkit_host.errors import NotFound
from chatkit_host.ids import new_id
from chatkit_host.store import past
from chatkit_host.store.conversations import DatabaseConversations
from chatkit_host.store.database import Database
from chatkit_host.store.past import Pasts
from chatkit_host.store.queries import items

ALL = 500
ENDS: list[TerminalStatus] = ["completed", "completed", "failed", "cancelled", "interrupted"]
Reads = list[tuple[int, int]]
"""The position after which was read, and how many items came."""


on_sqlite = pytest.mark.parametrize("kind", ["sqlite"])
"""Threads in PostgreSQL do not count what changes in them, and nothing of them is kept."""


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> Reads:
    seen: Reads = []
    newest = items.newest

    def watched(*args: Any, **kwargs: Any) -> Sequence[items.Newest]:
        rows = newest(*args, **kwargs)
        seen.append((kwargs.get("after", 0), len(rows)))
        return rows

    monkeypatch.setattr(past.items, "newest", watched)
    return seen


def told(turns: Sequence[PastTurn]) -> list[dict[str, Any]]:
    """What the model is told, without the call ids, which are made of the turns' ids."""
    return model_input(turns, None, tokens=10**6)


@on_sqlite
async def test_a_turn_reads_what_has_come_since_the_last(database: Database, reads: Reads) -> None:
    store = DatabaseConversations(database)
    thread = await answered_thread(store, questions=3)
    for turn in range(3):
        reads.clear()
        await store.past_turns(ALICE, thread.id, limit=ALL)
        await store.past_turns(ALICE, thread.id, limit=ALL)
        before = 6 + 2 * turn
        assert reads == ([(0, 6), (6, 0), (0, 6)] if turn == 0 else [(before - 2, 2), (before, 0), (0, before)])
        new = await begun_turn(store, thread=thread)
        await end_turn(store, new.lease, items=[answer(thread.id)], transcript=[{"role": "assistant", "content": "1"}])


@on_sqlite
async def test_what_is_still_being_answered_is_read_again(database: Database, reads: Reads) -> None:
    store = DatabaseConversations(database)
    thread = await answered_thread(store)
    new = await begun_turn(store, thread=thread)
    assert [turn.status for turn in await store.past_turns(ALICE, thread.id, limit=ALL)] == ["completed", "running"]
    await store.write_turn(new.lease, TurnWrite(items=[answer(thread.id, "One.")]))
    (_, running) = await store.past_turns(ALICE, thread.id, limit=ALL)
    assert len(running.items) == 2
    await end_turn(
        store, new.lease, items=[answer(thread.id, "Two.")], transcript=[{"role": "assistant", "content": "1"}]
    )
    (_, ended) = await store.past_turns(ALICE, thread.id, limit=ALL)
    assert (ended.status, ended.transcript) == ("completed", [{"role": "assistant", "content": "1"}])
    assert reads == [(0, 3), (2, 2), (2, 3)]


async def test_what_was_changed_elsewhere_is_told_as_it_is_now(database: Database) -> None:
    here, elsewhere = DatabaseConversations(database), DatabaseConversations(database)
    thread = await answered_thread(here, questions=2)
    await here.past_turns(ALICE, thread.id, limit=ALL)
    (first, *_) = (await here.load_items(ALICE, thread.id, limit=1, after=None, order="asc")).data
    assert isinstance(first, UserMessageItem)

    await elsewhere.save_item(ALICE, thread.id, question(thread.id, "Not that.", id=first.id))
    assert told(await here.past_turns(ALICE, thread.id, limit=ALL))[0] == {"role": "user", "content": "Not that."}

    new = await begun_turn(elsewhere, thread=thread)
    await end_turn(elsewhere, new.lease, removed_items=[first.id])
    assert "Not that." not in str(await here.past_turns(ALICE, thread.id, limit=ALL))


async def test_nothing_is_told_of_a_deleted_thread_whose_id_came_again(database: Database) -> None:
    here, elsewhere = DatabaseConversations(database), DatabaseConversations(database)
    thread = await answered_thread(here)
    await here.past_turns(ALICE, thread.id, limit=ALL)
    await elsewhere.delete_thread(ALICE, thread.id)
    with pytest.raises(NotFound):
        await here.past_turns(ALICE, thread.id, limit=ALL)
    again = new_thread(id=thread.id)
    for number, text in enumerate(("Who?", "Where?")):
        asked = question(again.id, text)
        new = new_turn(again, creates_thread=number == 0, items=[asked], input_item_id=asked.id)
        await elsewhere.begin_turn(new)
        await end_turn(elsewhere, new.lease, items=[answer(again.id)])
    said = [entry["content"] for entry in told(await here.past_turns(ALICE, thread.id, limit=ALL))]
    assert said == ["Who?", "Noon.", "Where?", "Noon."]


@on_sqlite
async def test_threads_that_were_not_talked_in_for_long_are_read_again(database: Database, reads: Reads) -> None:
    store = DatabaseConversations(database)
    threads = [await answered_thread(store) for _ in range(3)]
    pasts = Pasts(most_characters=1300)  # of two threads

    async def read(thread: ThreadMetadata) -> int:
        reads.clear()
        await database.reading(lambda r: pasts.of(r, ALICE, thread.id, limit=ALL))
        return reads[0][0]

    assert [await read(thread) for thread in threads] == [0, 0, 0]
    assert await read(threads[2]) == 2
    assert await read(threads[0]) == 0


@on_sqlite
async def test_a_thread_that_would_drive_out_the_others_is_not_kept(database: Database, reads: Reads) -> None:
    store = DatabaseConversations(database)
    small, large = await answered_thread(store), await answered_thread(store, questions=5)
    pasts = Pasts(most_characters=1300)
    for thread in (small, large, large, small):
        await database.reading(lambda r, thread_id=thread.id: pasts.of(r, ALICE, thread_id, limit=ALL))
    assert [after for after, _ in reads] == [0, 0, 0, 2, 0]


async def test_items_that_no_turn_wrote_are_told_together(database: Database) -> None:
    store = DatabaseConversations(database)
    thread = await answered_thread(store)
    one, two = (answer(thread.id, text) for text in ("One.", "Two."))
    moment = later()
    for item in (one, two):
        await database.writing(
            lambda w, item=item: items.save(w, ALICE, thread.id, [item], turn_id=None, moment=moment)
        )
        kept = await store.past_turns(ALICE, thread.id, limit=ALL)
        assert kept == await DatabaseConversations(database).past_turns(ALICE, thread.id, limit=ALL)
    assert ids(kept[-1].items) == [one.id, two.id]


async def test_no_answer_is_lost_or_told_twice_where_two_read_together(database: Database) -> None:
    store = DatabaseConversations(database)
    thread = await answered_thread(store, questions=2)
    for number in range(6):
        new = await begun_turn(store, thread=thread)
        reading = asyncio.gather(*(store.past_turns(ALICE, thread.id, limit=ALL) for _ in range(4)))
        await end_turn(store, new.lease, items=[answer(thread.id)], transcript=[{"role": "assistant", "content": "1"}])
        assert [len(turns) for turns in await reading] == [3 + number] * 4
        assert await store.past_turns(ALICE, thread.id, limit=ALL) == await DatabaseConversations(database).past_turns(
            ALICE, thread.id, limit=ALL
        )


class Walk:
    """All that can happen to a thread, at random, through one store or another."""

    def __init__(self, database: Database, seed: int) -> None:
        self.random = random.Random(seed)
        self.warm = DatabaseConversations(database)
        self.database = database
        self.thread = new_thread()
        self.begun = False
        self.open: list[Lease] = []

    @property
    def any_store(self) -> DatabaseConversations:
        return self.random.choice([self.warm, DatabaseConversations(self.database)])

    async def _shown(self) -> list[Any]:
        if not self.begun:
            return []
        return (await self.warm.load_items(ALICE, self.thread.id, limit=ALL, after=None, order="asc", hidden=True)).data

    async def _begin(self, **fields: Any) -> None:
        new = new_turn(self.thread, creates_thread=not self.begun, **fields)
        await self.any_store.begin_turn(new)
        self.begun = True
        self.open.append(new.lease)

    async def ask(self) -> None:
        asked = question(self.thread.id, f"Asks {later()}?")
        imported = [answer(self.thread.id, f"Said before {later()}.")] if self.random.random() < 0.2 else []
        await self._begin(items=[*imported, asked], input_item_id=asked.id)

    async def act(self) -> None:
        shown = await self._shown()
        replaced = self.random.choice(shown) if shown and self.random.random() < 0.5 else None
        await self._begin(
            operation="action", items=[answer(self.thread.id, f"Acts {later()}.", id=replaced.id)] if replaced else []
        )

    async def ask_again(self) -> None:
        asked = [item for item in await self._shown() if isinstance(item, UserMessageItem)]
        if asked:
            target = self.random.choice(asked)
            if self.random.random() < 0.5:
                await self._begin(operation="retry", input_item_id=target.id, supersedes_after=target.id)
            else:
                new = question(self.thread.id, f"Asks otherwise {later()}?")
                await self._begin(operation="retry", items=[new], input_item_id=new.id, supersedes_from=target.id)

    async def say(self) -> None:
        """Something of a running turn, or its end."""
        lease = self.open[0]
        said: list[Any] = [answer(self.thread.id, f"Says {later()}.") for _ in range(self.random.randrange(3))]
        if self.random.random() < 0.2:
            note = SDKHiddenContextItem(
                id=new_id("sdk_hidden_context"), thread_id=self.thread.id, created_at=later(), content="A note."
            )
            said.append(note)
        shown = await self._shown()
        removed = [self.random.choice(shown).id] if shown and self.random.random() < 0.1 else []
        transcript = (
            [{"role": "assistant", "content": item.id} for item in said] if self.random.random() < 0.8 else None
        )
        if self.random.random() < 0.5:
            await self.any_store.write_turn(lease, TurnWrite(items=said, removed_items=removed, transcript=transcript))
            return
        self.open.remove(lease)
        status = self.random.choice(ENDS)
        await end_turn(self.any_store, lease, status, items=said, removed_items=removed, transcript=transcript)

    async def change(self) -> None:
        messages = [item for item in await self._shown() if isinstance(item, UserMessageItem)]
        if messages:
            target = self.random.choice(messages)
            await self.any_store.save_item(
                ALICE, self.thread.id, question(self.thread.id, f"Meant {later()}?", id=target.id)
            )

    async def choose(self) -> None:
        if forks := await self.warm.versions(ALICE, self.thread.id):
            await self.any_store.choose_version(
                ALICE, self.thread.id, self.random.choice(self.random.choice(forks).ids)
            )

    async def step(self) -> None:
        step: Callable[[], Any]
        if self.open:
            step = self.random.choice([self.say, self.say, self.say, self.change])
        elif not self.begun:
            step = self.ask
        else:
            step = self.random.choice(
                [self.ask, self.ask, self.ask, self.act, self.ask_again, self.change, self.choose]
            )
        await step()

    async def check(self) -> None:
        limit = self.random.choice([1, 2, 5, 13, ALL, ALL])
        anew = await DatabaseConversations(self.database).past_turns(ALICE, self.thread.id, limit=ALL)
        kept = await self.warm.past_turns(ALICE, self.thread.id, limit=limit)
        if limit == ALL:
            assert kept == anew
            assert told(kept) == told(anew)
        else:  # of some turns not all items are among the last
            told_of = [(turn.turn_id, turn.status, turn.transcript) for turn in kept]
            assert told_of == [(turn.turn_id, turn.status, turn.transcript) for turn in anew[len(anew) - len(kept) :]]
            assert bool(kept) == bool(anew)


@pytest.mark.parametrize("seed", range(6))
async def test_what_is_kept_is_told_like_what_is_read_anew(database: Database, seed: int) -> None:
    walk = Walk(database, seed)
    for _ in range(60):
        await walk.step()
        await walk.check()
