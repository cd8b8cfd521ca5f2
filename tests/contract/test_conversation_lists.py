"""`ConversationLists` in both databases: what a list tells is what is there."""

from collections.abc import Sequence

import pytest
from chatkit.types import ClosedStatus, HiddenContextItem
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
    later,
    new_thread,
    question,
)

from chatkit_host.engine.conversation_lists import PREVIEW_LENGTH, ConversationLists, Overview
from chatkit_host.engine.ports import TurnWrite
from chatkit_host.errors import Conflict, InvalidInput, NotFound, NotSupported
from chatkit_host.ids import Owner
from chatkit_host.store.conversation_lists import DatabaseConversationLists, ForeignConversationLists
from chatkit_host.store.conversations import DatabaseConversations
from chatkit_host.store.database import AnySelect, Database, Read
from chatkit_host.store.foreign import ForeignConversations


@pytest.fixture
def lists(database: Database) -> DatabaseConversationLists:
    return DatabaseConversationLists(database)


@pytest.fixture
def store(database: Database) -> DatabaseConversations:
    return DatabaseConversations(database)


async def _all(lists: ConversationLists, limit: int, owner: Owner = ALICE) -> list[Overview]:
    found: list[Overview] = []
    after: str | None = None
    while True:
        page = await lists.page(owner, limit=limit, after=after)
        found += page.data
        if not page.has_more:
            assert page.after is None
            return found
        assert page.after == page.data[-1].id
        after = page.after


async def test_an_overview_tells_what_is_there(store: DatabaseConversations, lists: DatabaseConversationLists) -> None:
    thread = new_thread(title="Groceries", status=ClosedStatus(reason="enough"))
    asked = question(thread.id, "What   is\n\nthe time? " + "x" * 300)
    new = await begun_turn(store, thread=thread, creates_thread=True, items=[asked], input_item_id=asked.id)
    page = await lists.page(ALICE, limit=5)
    expected = Overview(
        id=thread.id,
        title="Groceries",
        status="closed",
        created_at=thread.created_at,
        updated_at=new.created_at,
        preview="What is the time? " + "x" * (PREVIEW_LENGTH - 19) + "…",
        message_count=1,
        running_turn_id=new.lease.turn_id,
    )
    assert (list(page.data), page.has_more, page.after) == ([expected], False, None)
    assert await lists.overview(ALICE, thread.id) == expected

    await end_turn(store, new.lease, items=[answer(thread.id, "Noon.")])
    (ended,) = (await lists.page(ALICE, limit=5)).data
    assert (ended.preview, ended.message_count, ended.running_turn_id) == ("Noon.", 2, None)
    assert ended.updated_at >= expected.updated_at


async def test_an_empty_conversation_is_in_the_list(lists: DatabaseConversationLists) -> None:
    thread = new_thread(title="Later")
    await lists.create(ALICE, thread)
    (listed,) = (await lists.page(ALICE, limit=5)).data
    assert (listed.id, listed.preview, listed.message_count) == (thread.id, None, 0)
    for owner in (ALICE, BOB):
        with pytest.raises(Conflict):
            await lists.create(owner, thread)
    assert (await lists.page(BOB, limit=5)).data == []


async def test_hidden_items_and_tool_calls_are_no_messages(
    store: DatabaseConversations, lists: DatabaseConversationLists
) -> None:
    thread = await answered_thread(store)
    new = await begun_turn(store, thread=thread)
    secret = HiddenContextItem(id="hcx_1", thread_id=thread.id, created_at=later(), content="secret")
    await end_turn(store, new.lease, items=[answer(thread.id, "Seen."), secret])
    overview = await lists.overview(ALICE, thread.id)
    assert (overview.preview, overview.message_count) == ("Seen.", 4)


async def test_what_a_retry_set_aside_does_not_count(
    store: DatabaseConversations, lists: DatabaseConversationLists
) -> None:
    thread = await answered_thread(store)
    (asked, _) = (await store.load_items(ALICE, thread.id, limit=5, after=None, order="asc")).data
    again = await begun_turn(
        store, thread=thread, operation="retry", items=[], input_item_id=asked.id, supersedes_after=asked.id
    )
    overview = await lists.overview(ALICE, thread.id)
    assert (overview.preview, overview.message_count) == ("What is the time?", 1)
    await end_turn(store, again.lease, "failed")
    overview = await lists.overview(ALICE, thread.id)
    assert (overview.preview, overview.message_count) == ("Noon.", 2)


async def test_pages_have_each_conversation_once(
    store: DatabaseConversations, lists: DatabaseConversationLists
) -> None:
    threads = [await answered_thread(store) for _ in range(7)]
    moment = later()
    tied = [new_thread(created_at=moment) for _ in range(4)]
    for thread in tied:
        await lists.create(ALICE, thread)
    await answered_thread(store, BOB)
    whole = ids((await lists.page(ALICE, limit=100)).data)
    assert sorted(whole) == sorted(ids(threads) + ids(tied))
    for limit in (1, 2, 3, 11):
        assert ids(await _all(lists, limit)) == whole
        assert ids((await lists.page(ALICE, limit=limit, offset=2)).data) == whole[2 : 2 + limit]


async def test_what_is_said_meanwhile_repeats_nothing(
    store: DatabaseConversations, lists: DatabaseConversationLists
) -> None:
    threads = [await answered_thread(store) for _ in range(6)]
    expected = ids(threads)[::-1]
    page = await lists.page(ALICE, limit=2)
    seen = ids(page.data)
    while page.has_more:
        await answered_thread(store)
        new = await begun_turn(store, thread=next(thread for thread in threads if thread.id == seen[0]))
        await end_turn(store, new.lease)
        page = await lists.page(ALICE, limit=2, after=page.after)
        seen += ids(page.data)
    assert seen == expected


async def test_a_foreign_conversation_is_as_unknown_as_one_that_never_was(
    store: DatabaseConversations, lists: DatabaseConversationLists
) -> None:
    thread = await answered_thread(store)
    for thread_id in (thread.id, "thr_unknown"):
        with pytest.raises(NotFound):
            await lists.overview(BOB, thread_id)
        with pytest.raises(NotFound):
            await lists.page(BOB, limit=5, after=thread_id)
    assert (await lists.page(BOB, limit=5)).data == []
    with pytest.raises(InvalidInput):
        await lists.page(ALICE, limit=0)


async def test_a_page_is_one_statement(
    store: DatabaseConversations, lists: DatabaseConversationLists, monkeypatch: pytest.MonkeyPatch
) -> None:
    threads = [await answered_thread(store, questions=3) for _ in range(5)]
    statements: list[object] = []
    real_all, real_first = Read.all, Read.first

    def counted_all(self: Read, statement: AnySelect) -> Sequence[object]:
        statements.append(statement)
        return real_all(self, statement)

    def counted_first(self: Read, statement: AnySelect) -> object:
        statements.append(statement)
        return real_first(self, statement)

    monkeypatch.setattr(Read, "all", counted_all)
    monkeypatch.setattr(Read, "first", counted_first)
    page = await lists.page(ALICE, limit=3, after=threads[-1].id)
    assert [overview.message_count for overview in page.data] == [6, 6, 6]
    assert len(statements) == 1


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    steps=st.lists(st.sampled_from(["ask", "fail", "retry", "retry and fail", "hide", "save", "remove"]), max_size=8)
)
async def test_the_count_always_equals_the_counted_truth(database: Database, steps: list[str]) -> None:
    store, lists = DatabaseConversations(database), DatabaseConversationLists(database)
    thread = await answered_thread(store)
    for step in steps:
        await _do(step, store, thread.id)
        shown = (await store.load_items(ALICE, thread.id, limit=1000, after=None, order="asc")).data
        messages = [item for item in shown if item.type in ("user_message", "assistant_message")]
        overview = await lists.overview(ALICE, thread.id)
        assert overview.message_count == len(messages)
        texts = ["".join(part.text for part in item.content) for item in messages[-1:]]  # pyright: ignore[reportAttributeAccessIssue]
        assert overview.preview == (texts[0] if texts else None)


async def _do(step: str, store: DatabaseConversations, thread_id: str) -> None:
    thread = await store.load_thread(ALICE, thread_id)
    shown = (await store.load_items(ALICE, thread_id, limit=1000, after=None, order="asc")).data
    asked = next((item for item in reversed(shown) if item.type == "user_message"), None)
    match step:
        case "ask" | "fail":
            new = await begun_turn(store, thread=thread)
            said = answer(thread_id, f"Answer {new.lease.turn_id}")
            await store.write_turn(new.lease, TurnWrite(items=[said]))
            await end_turn(store, new.lease, "completed" if step == "ask" else "failed", items=[said])
        case "retry" | "retry and fail" if asked is not None:
            new = await begun_turn(
                store, thread=thread, operation="retry", items=[], input_item_id=asked.id, supersedes_after=asked.id
            )
            await end_turn(store, new.lease, "completed" if step == "retry" else "failed", items=[answer(thread_id)])
        case "hide":
            new = await begun_turn(store, thread=thread)
            hidden = HiddenContextItem(id=f"hcx_{later()}", thread_id=thread_id, created_at=later(), content="x")
            await end_turn(store, new.lease, items=[hidden])
        case "save" if asked is not None:
            await store.save_item(ALICE, thread_id, question(thread_id, "Replaced?", id=asked.id))
        case "remove" if shown:
            new = await begun_turn(store, thread=thread)
            await end_turn(store, new.lease, removed_items=[shown[-1].id])
        case _:
            pass


@pytest.mark.parametrize("kind", ["sqlite"])
async def test_of_somebody_elses_store_a_list_tells_what_that_store_knows(database: Database) -> None:
    theirs, turns, context = MemoryStore(), DatabaseConversations(database), {"user_id": ALICE}
    conversations = ForeignConversations(theirs, turns, context)
    lists = ForeignConversationLists(theirs, conversations, context)
    thread = new_thread(title="Theirs")
    await lists.create(ALICE, thread)
    new = await begun_turn(conversations, thread=thread)
    (listed,) = (await lists.page(ALICE, limit=5)).data
    assert (listed.id, listed.title, listed.preview, listed.message_count) == (thread.id, "Theirs", None, None)
    assert (await lists.overview(ALICE, thread.id)).running_turn_id == new.lease.turn_id
    for refused in (lists.search(ALICE, "x", limit=5), lists.page(ALICE, limit=5, offset=1)):
        with pytest.raises(NotSupported):
            await refused
