"""What a retry or an edit took the place of is kept as a version, in both databases; somebody else's chatkit Store keeps none."""

import asyncio
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import pytest
from chatkit.types import SDKHiddenContextItem, ThreadItem, UserMessageItem
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.memory_store import MemoryStore
from support.turns import (
    ALICE,
    BOB,
    answer,
    answered_thread,
    begun_turn,
    end_turn,
    ids,
    item_ids,
    later,
    new_thread,
    new_turn,
    question,
)

from chatkit_host.engine.ports import Lease, TerminalStatus, Versions
from chatkit_host.errors import NotFound, NotSupported, TurnRunning
from chatkit_host.ids import Owner
from chatkit_host.store.conversation_lists import DatabaseConversationLists
from chatkit_host.store.conversations import DatabaseConversations
from chatkit_host.store.database import Database
from chatkit_host.store.foreign import ForeignConversations
from chatkit_host.store.tables import items as items_table
from chatkit_host.store.tables import versions as versions_table


@pytest.fixture
def store(database: Database) -> DatabaseConversations:
    return DatabaseConversations(database)


def note(thread_id: str) -> SDKHiddenContextItem:
    return SDKHiddenContextItem(id=f"shcx_{later().timestamp()}", thread_id=thread_id, created_at=later(), content="!")


async def edited(
    store: DatabaseConversations,
    thread_id: str,
    item_id: str,
    *said: ThreadItem,
    status: TerminalStatus = "completed",
    owner: Owner = ALICE,
) -> UserMessageItem:
    """The message in its place, after an answer that ended like this."""
    thread = await store.load_thread(owner, thread_id)
    asked = question(thread_id, "Better asked.")
    lease = (
        await begun_turn(
            store,
            owner,
            thread,
            operation="retry",
            items=[asked],
            input_item_id=asked.id,
            supersedes_from=item_id,
        )
    ).lease
    await end_turn(store, lease, status, items=said)
    return asked


async def retried(
    store: DatabaseConversations, thread_id: str, item_id: str, *said: ThreadItem, status: TerminalStatus = "completed"
) -> Lease:
    thread = await store.load_thread(ALICE, thread_id)
    lease = (
        await begun_turn(
            store, thread=thread, operation="retry", items=[], input_item_id=item_id, supersedes_after=item_id
        )
    ).lease
    await end_turn(store, lease, status, items=said)
    return lease


async def test_an_edit_hides_the_message_and_all_that_followed(store: DatabaseConversations) -> None:
    thread = await answered_thread(store, questions=3)
    before = await item_ids(store, thread.id)
    said = answer(thread.id)
    asked = await edited(store, thread.id, before[2], said)
    assert await item_ids(store, thread.id) == [*before[:2], asked.id, said.id]
    (fork,) = await store.versions(ALICE, thread.id)
    assert (fork.item_id, len(fork.ids), fork.chosen) == (asked.id, 2, fork.ids[1])

    await store.choose_version(ALICE, thread.id, fork.ids[0])

    assert await item_ids(store, thread.id) == before
    assert await store.versions(ALICE, thread.id) == [Versions(item_id=before[2], ids=fork.ids, chosen=fork.ids[0])]
    await store.choose_version(ALICE, thread.id, fork.ids[0])
    assert await item_ids(store, thread.id) == before


async def test_the_first_message_can_be_edited(store: DatabaseConversations) -> None:
    thread = await answered_thread(store)
    before = await item_ids(store, thread.id)
    asked = await edited(store, thread.id, before[0], answer(thread.id))
    again = await edited(store, thread.id, asked.id, answer(thread.id))
    (fork,) = await store.versions(ALICE, thread.id)
    assert (fork.item_id, len(fork.ids), fork.chosen) == (again.id, 3, fork.ids[2])
    await store.choose_version(ALICE, thread.id, fork.ids[0])
    assert await item_ids(store, thread.id) == before


async def test_a_completed_retry_keeps_the_old_answer(store: DatabaseConversations) -> None:
    thread = await answered_thread(store, questions=2)
    before = await item_ids(store, thread.id)
    said = answer(thread.id, "Better.")
    await retried(store, thread.id, before[0], said)
    assert await item_ids(store, thread.id) == [before[0], said.id]
    (fork,) = await store.versions(ALICE, thread.id)
    assert (fork.item_id, len(fork.ids), fork.chosen) == (said.id, 2, fork.ids[1])
    await store.choose_version(ALICE, thread.id, fork.ids[0])
    assert await item_ids(store, thread.id) == before


@pytest.mark.parametrize("status", ["failed", "cancelled", "interrupted"])
async def test_a_retry_that_breaks_off_shows_the_old_answer_and_keeps_its_words(
    store: DatabaseConversations, status: TerminalStatus
) -> None:
    thread = await answered_thread(store)
    before = await item_ids(store, thread.id)
    partial = answer(thread.id, "Half an")
    lease = await retried(store, thread.id, before[0], partial, status=status)
    assert await item_ids(store, thread.id) == before
    (fork,) = await store.versions(ALICE, thread.id)
    assert (fork.ids[1], fork.chosen) == (lease.turn_id, fork.ids[0])
    await store.choose_version(ALICE, thread.id, lease.turn_id)
    assert await item_ids(store, thread.id) == [before[0], partial.id]


@pytest.mark.parametrize("status", ["failed", "cancelled", "interrupted"])
async def test_half_an_answer_to_an_edited_message_stays(store: DatabaseConversations, status: TerminalStatus) -> None:
    thread = await answered_thread(store)
    before = await item_ids(store, thread.id)
    partial = answer(thread.id, "Half an")
    asked = await edited(store, thread.id, before[0], partial, status=status)
    assert await item_ids(store, thread.id) == [asked.id, partial.id]
    (fork,) = await store.versions(ALICE, thread.id)
    await store.choose_version(ALICE, thread.id, fork.ids[0])
    assert await item_ids(store, thread.id) == before


@pytest.mark.parametrize("status", ["completed", "failed", "cancelled", "interrupted"])
async def test_half_an_answer_is_better_than_none(store: DatabaseConversations, status: TerminalStatus) -> None:
    new = await begun_turn(store)
    assert new.input_item_id is not None
    await end_turn(store, new.lease, "failed")
    partial = answer(new.thread.id, "Half an")
    await retried(store, new.thread.id, new.input_item_id, partial, status=status)
    assert await item_ids(store, new.thread.id) == [new.input_item_id, partial.id]
    assert await store.versions(ALICE, new.thread.id) == []


@pytest.mark.parametrize("status", ["failed", "cancelled", "interrupted"])
async def test_an_edit_without_an_answer_shows_the_earlier_version_and_is_not_lost(
    store: DatabaseConversations, status: TerminalStatus
) -> None:
    thread = await answered_thread(store, questions=2)
    before = await item_ids(store, thread.id)
    aside = [note(thread.id)] if status == "cancelled" else []
    asked = await edited(store, thread.id, before[2], *aside, status=status)
    assert await item_ids(store, thread.id) == before
    (fork,) = await store.versions(ALICE, thread.id)
    assert (fork.item_id, fork.chosen) == (before[2], fork.ids[0])
    await store.choose_version(ALICE, thread.id, fork.ids[1])
    assert await item_ids(store, thread.id) == [*before[:2], asked.id, *ids(aside)]


@pytest.mark.parametrize("status", ["completed", "failed", "cancelled", "interrupted"])
async def test_a_retry_that_said_nothing_leaves_nothing(store: DatabaseConversations, status: TerminalStatus) -> None:
    thread = await answered_thread(store)
    before = await item_ids(store, thread.id)
    await retried(store, thread.id, before[0], note(thread.id), status=status)
    assert await item_ids(store, thread.id) == before
    assert await store.versions(ALICE, thread.id) == []


async def test_what_was_never_answered_has_no_version_to_keep(store: DatabaseConversations) -> None:
    new = await begun_turn(store)
    asked, thread_id = new.input_item_id, new.thread.id
    assert asked is not None
    await end_turn(store, new.lease, "cancelled", items=[note(thread_id)])
    said = answer(thread_id)
    await retried(store, thread_id, asked, said)
    assert await item_ids(store, thread_id) == [asked, said.id]
    assert await store.versions(ALICE, thread_id) == []


async def test_no_version_is_chosen_while_an_answer_is_written(store: DatabaseConversations) -> None:
    thread = await answered_thread(store)
    before = await item_ids(store, thread.id)
    await edited(store, thread.id, before[0], answer(thread.id))
    (fork,) = await store.versions(ALICE, thread.id)
    shown = await item_ids(store, thread.id)
    running = await begun_turn(store, thread=thread)
    with pytest.raises(TurnRunning) as refused:
        await store.choose_version(ALICE, thread.id, fork.ids[0])
    assert refused.value.turn_id == running.lease.turn_id
    assert (await item_ids(store, thread.id))[: len(shown)] == shown


async def test_choosing_and_sending_at_once_leaves_one_path(store: DatabaseConversations) -> None:
    thread = await answered_thread(store)
    before = await item_ids(store, thread.id)
    await edited(store, thread.id, before[0], answer(thread.id))
    (fork,) = await store.versions(ALICE, thread.id)
    shown = await item_ids(store, thread.id)
    asked = question(thread.id)

    async def send() -> None:
        new = await begun_turn(store, thread=thread, items=[asked], input_item_id=asked.id)
        await end_turn(store, new.lease)

    outcomes = await asyncio.gather(store.choose_version(ALICE, thread.id, fork.ids[0]), send(), return_exceptions=True)
    assert outcomes[1] is None
    path = before if outcomes[0] is None else shown
    # Chosen before the message came, or after its turn had ended: either way one path is shown, and the message is in one of them.
    found = [await item_ids(store, thread.id)]
    for version in fork.ids:
        await store.choose_version(ALICE, thread.id, version)
        found.append(await item_ids(store, thread.id))
    assert found[0] in ([*path, asked.id], path)
    assert sorted(map(len, found[1:])) == [2, 3]
    assert [asked.id in one for one in found[1:]].count(True) == 1


async def test_versions_are_nobody_elses(store: DatabaseConversations) -> None:
    thread, other = await answered_thread(store), await answered_thread(store)
    (asked, _) = before = await item_ids(store, thread.id)
    await edited(store, thread.id, asked, answer(thread.id))
    (fork,) = await store.versions(ALICE, thread.id)
    shown = await item_ids(store, thread.id)
    for owner, thread_id in ((BOB, thread.id), (ALICE, "thr_unknown")):
        with pytest.raises(NotFound):
            await store.versions(owner, thread_id)
        with pytest.raises(NotFound):
            await store.choose_version(owner, thread_id, fork.ids[0])
    for thread_id, version in ((thread.id, "ver_unknown"), (other.id, fork.ids[0])):
        with pytest.raises(NotFound):
            await store.choose_version(ALICE, thread_id, version)
    for item_id in ("msg_unknown", before[1], (await item_ids(store, other.id))[0]):
        with pytest.raises(NotFound):
            await store.begin_turn(new_turn(thread, operation="retry", supersedes_from=item_id))
    assert await item_ids(store, thread.id) == shown


async def test_a_version_inside_one_that_is_not_shown_is_not_found(store: DatabaseConversations) -> None:
    thread = await answered_thread(store, questions=2)
    before = await item_ids(store, thread.id)
    await edited(store, thread.id, before[2], answer(thread.id))
    (inner,) = await store.versions(ALICE, thread.id)
    await edited(store, thread.id, before[0], answer(thread.id))
    with pytest.raises(NotFound):
        await store.choose_version(ALICE, thread.id, inner.ids[0])
    (outer,) = await store.versions(ALICE, thread.id)
    await store.choose_version(ALICE, thread.id, outer.ids[0])
    assert [fork.ids for fork in await store.versions(ALICE, thread.id)] == [outer.ids, inner.ids]
    await store.choose_version(ALICE, thread.id, inner.ids[0])
    assert await item_ids(store, thread.id) == before


async def test_a_form_that_was_answered_in_another_version_does_not_tell_of_it(store: DatabaseConversations) -> None:
    """An item that stays in sight may have been written anew by a turn that does not."""
    thread = await answered_thread(store)
    (asked, form) = await item_ids(store, thread.id)
    second = await begun_turn(store, thread=thread)
    assert second.input_item_id is not None
    await end_turn(store, second.lease, items=[answer(thread.id, "other")])
    filled = new_turn(thread, operation="structured_input", items=[answer(thread.id, "filled", id=form)])
    await store.begin_turn(filled)
    secret = [{"role": "assistant", "content": "secret"}]
    await end_turn(store, filled.lease, items=[answer(thread.id, "secret")], transcript=secret)
    assert "secret" in str(await store.past_turns(ALICE, thread.id, limit=50))
    await edited(store, thread.id, second.input_item_id, answer(thread.id))
    past = await store.past_turns(ALICE, thread.id, limit=50)
    assert "secret" not in str(past)
    assert {asked, form} <= {item.id for turn in past for item in turn.items}


async def test_a_fork_outlives_the_item_before_it(store: DatabaseConversations) -> None:
    thread = await answered_thread(store, questions=2)
    before = await item_ids(store, thread.id)
    asked = await edited(store, thread.id, before[2], answer(thread.id))
    new = await begun_turn(store, thread=thread)
    await end_turn(store, new.lease, removed_items=[before[1]])
    await edited(store, thread.id, asked.id, answer(thread.id))
    (fork,) = await store.versions(ALICE, thread.id)
    assert len(fork.ids) == 3
    await store.choose_version(ALICE, thread.id, fork.ids[0])
    assert await item_ids(store, thread.id) == [before[0], *before[2:]]


async def test_a_thread_goes_with_all_of_its_versions(store: DatabaseConversations, database: Database) -> None:
    thread = await answered_thread(store)
    await edited(store, thread.id, (await item_ids(store, thread.id))[0], answer(thread.id))
    await store.delete_thread(ALICE, thread.id)
    for table in (items_table, versions_table):
        found = await database.reading(lambda r, table=table: r.all(table.select()))
        assert [row for row in found if row.thread_id == thread.id] == []


@pytest.mark.parametrize("status", ["completed", "failed"])
@pytest.mark.parametrize("has_versions", [False, True])
async def test_a_retry_that_the_release_before_began_is_settled(
    store: DatabaseConversations, database: Database, status: TerminalStatus, has_versions: bool
) -> None:
    """It hid what it supersedes under the turn's own id, and knew of no versions."""
    thread = await answered_thread(store)
    asked = (await item_ids(store, thread.id))[0]
    if has_versions:
        await retried(store, thread.id, asked, answer(thread.id))
    before = await item_ids(store, thread.id)
    retry = new_turn(thread, operation="retry", input_item_id=asked)
    await store.begin_turn(retry)
    hide = (
        items_table.update()
        .where(items_table.c.thread_id == thread.id, items_table.c.id == before[1])
        .values(superseded_by=retry.lease.turn_id)
    )
    await database.writing(lambda w: w.run(hide))
    said = [answer(thread.id, "Better.")] if status == "completed" else []
    await end_turn(store, retry.lease, status, items=said)
    shown = [asked, *ids(said)] if said else before
    assert await item_ids(store, thread.id) == shown
    counts = [len(fork.ids) for fork in await store.versions(ALICE, thread.id)]
    assert counts == ([2 + has_versions] if said else [2] * has_versions)


async def test_somebody_elses_store_keeps_no_versions(database: Database) -> None:
    theirs = MemoryStore()
    store = ForeignConversations(theirs, DatabaseConversations(database), {"user_id": ALICE})
    thread = await answered_thread(store)
    before = await item_ids(store, thread.id)
    for refused in (
        store.versions(ALICE, thread.id),
        store.choose_version(ALICE, thread.id, "ver_1"),
        store.begin_turn(new_turn(thread, operation="retry", supersedes_from=before[0])),
    ):
        with pytest.raises(NotSupported):
            await refused
    assert await item_ids(store, thread.id) == before
    assert await store.open_turn(ALICE, thread.id) is None


# Any order.


@dataclass
class Tail:
    """Items, and what follows them in several versions."""

    items: list[ThreadItem] = field(default_factory=list)
    forks: "list[Tail]" = field(default_factory=list)
    chosen: int = 0

    def path(self) -> "Iterator[Tail]":
        yield self
        if self.forks:
            yield from self.forks[self.chosen].path()

    def split(self, at: int) -> None:
        self.forks, self.chosen, self.items = [Tail(self.items[at:], self.forks, self.chosen)], 0, self.items[:at]

    def leaves(self) -> "Iterator[list[int]]":
        """The choices that lead to each path there is."""
        if not self.forks:
            yield []
        for number, version in enumerate(self.forks):
            for further in version.leaves():
                yield [number, *further]


class Talk:
    """A thread in the store, and as it should be."""

    def __init__(self, store: DatabaseConversations) -> None:
        self.store = store
        self.thread = new_thread()
        self.root = Tail()
        self.notes = set[str]()
        self.begun = False

    @property
    def shown(self) -> list[ThreadItem]:
        return [item for tail in self.root.path() for item in tail.items]

    def place_of(self, item_id: str) -> tuple[list[Tail], int]:
        """The tails that lead to the item, and where it stands in the last."""
        way: list[Tail] = []
        for tail in self.root.path():
            way.append(tail)
            if item_id in ids(tail.items):
                return way, ids(tail.items).index(item_id)
        raise AssertionError(item_id)

    async def turn(self, kind: str, at: int, outcome: str) -> None:
        asked = [item for item in self.shown if isinstance(item, UserMessageItem)]
        said: list[ThreadItem] = [] if outcome == "silent" else [answer(self.thread.id, f"says {later().timestamp()}")]
        if outcome == "stopped":
            said = [note(self.thread.id)]
            self.notes.add(said[0].id)
        status: TerminalStatus = {"silent": "failed", "broken": "failed", "stopped": "cancelled"}.get(outcome, "completed")  # type: ignore[assignment]  # fmt: skip
        if kind == "send" or not asked:
            message = question(self.thread.id)
            await self._run(status, said, items=[message], input_item_id=message.id, operation="message")
            list(self.root.path())[-1].items += [message, *said]
            return
        target = asked[at % len(asked)]
        is_kept = outcome in ("completed", "broken")
        if kind == "retry":
            await self._run(status, said, input_item_id=target.id, supersedes_after=target.id, operation="retry")
            if is_kept:
                self._retried(target.id, said, is_whole=outcome == "completed")
            return
        message = question(self.thread.id)
        await self._run(
            status, said, items=[message], input_item_id=message.id, supersedes_from=target.id, operation="retry"
        )
        self._edited(target.id, Tail([message, *said]), is_kept)

    def _retried(self, target: str, said: list[ThreadItem], *, is_whole: bool) -> None:
        way, place = self.place_of(target)
        tail = way[-1]
        rest = [item for item in tail.items[place + 1 :] if item.id not in self.notes]
        if not rest and not tail.forks:
            tail.items[place + 1 :] = said
            return
        if place + 1 < len(tail.items) or not tail.forks:
            tail.split(place + 1)
        tail.forks.append(Tail(said))
        if is_whole:
            tail.chosen = len(tail.forks) - 1

    def _edited(self, target: str, version: Tail, is_kept: bool) -> None:
        way, place = self.place_of(target)
        tail = way[-1]
        if place == 0 and len(way) > 1:
            tail = way[-2]
        else:
            tail.split(place)
        tail.forks.append(version)
        if is_kept:
            tail.chosen = len(tail.forks) - 1

    async def _run(self, status: TerminalStatus, said: Sequence[ThreadItem], **fields: Any) -> None:
        new = new_turn(self.thread, creates_thread=not self.begun, **fields)
        self.begun = True
        await self.store.begin_turn(new)
        spoken = [item for item in said if item.id not in self.notes]
        transcript = [{"role": "assistant", "content": item.id} for item in spoken]
        await end_turn(self.store, new.lease, status, items=said, transcript=transcript)

    async def choose(self, at: int, which: int) -> None:
        forked = [tail for tail in self.root.path() if tail.forks]
        if forked:
            place = at % len(forked)
            tail = forked[place]
            tail.chosen = which % len(tail.forks)
            fork = (await self.store.versions(ALICE, self.thread.id))[place]
            await self.store.choose_version(ALICE, self.thread.id, fork.ids[tail.chosen])

    async def check(self, lists: DatabaseConversationLists) -> None:
        shown = ids(self.shown)
        assert await item_ids(self.store, self.thread.id) == shown
        told = set(re.findall(r"[\w.]+", str(await self.store.past_turns(ALICE, self.thread.id, limit=500))))
        written = {item.id for item in _all_items(self.root)}
        assert {item_id for item_id in written if item_id in told} == set(shown)
        overview = await lists.overview(ALICE, self.thread.id)
        assert overview.message_count == len([item_id for item_id in shown if item_id not in self.notes])
        assert [
            (fork.item_id, len(fork.ids), fork.ids.index(fork.chosen))
            for fork in await self.store.versions(ALICE, self.thread.id)
        ] == list(self._forks())

    def _forks(self) -> Iterator[tuple[str | None, int, int]]:
        path = list(self.root.path())
        for place, tail in enumerate(path):
            if tail.forks:
                rest = [item.id for later_tail in path[place + 1 :] for item in later_tail.items]
                yield next((each for each in rest if each not in self.notes), None), len(tail.forks), tail.chosen

    async def go(self, choices: list[int]) -> None:
        """To the path of those choices, from the outermost fork inwards."""
        tail, depth = self.root, 0
        for number in choices:
            tail.chosen = number
            fork = (await self.store.versions(ALICE, self.thread.id))[depth]
            await self.store.choose_version(ALICE, self.thread.id, fork.ids[number])
            tail, depth = tail.forks[number], depth + 1


def _all_items(tail: Tail) -> list[ThreadItem]:
    return [*tail.items, *(item for version in tail.forks for item in _all_items(version))]


_KINDS: list[Literal["send", "edit", "retry", "choose"]] = ["send", "edit", "retry", "choose"]
_STEPS = st.tuples(
    st.sampled_from(_KINDS),
    st.integers(0, 3),
    st.sampled_from(["completed", "broken", "silent", "stopped"]),
)


@settings(
    max_examples=25,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(steps=st.lists(_STEPS, min_size=3, max_size=9))
async def test_in_any_order_one_path_is_shown_and_every_version_can_be_reached(
    database: Database, steps: list[tuple[str, int, str]]
) -> None:
    store, lists = DatabaseConversations(database), DatabaseConversationLists(database)
    talk = Talk(store)
    await talk.turn("send", 0, "completed")
    for kind, at, outcome in steps:
        if kind == "choose":
            await talk.choose(at, at + len(outcome))
        else:
            await talk.turn(kind, at, outcome)
        await talk.check(lists)
    for choices in list(talk.root.leaves()):
        await talk.go(choices)
        await talk.check(lists)
