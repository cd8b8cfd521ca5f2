"""The thread half of `ConversationStore`: ours in both databases, and ours beside somebody else's chatkit Store."""

import asyncio

import pytest
from chatkit.types import ClosedStatus, HiddenContextItem
from support.turns import (
    ALICE,
    BOB,
    answer,
    answered_thread,
    attachment,
    begun_turn,
    end_turn,
    events,
    ids,
    item_ids,
    later,
    new_thread,
    new_turn,
    question,
)

from chatkit_host.engine.ports import ConversationStore, Order, TurnWrite
from chatkit_host.errors import Conflict, InvalidInput, LeaseLost, NotFound
from chatkit_host.store.conversations import DatabaseConversations
from chatkit_host.store.database import Database
from chatkit_host.store.tables import feedback

Stores = tuple[ConversationStore, ConversationStore]


async def test_a_thread_is_loaded_as_it_began(conversations: Stores) -> None:
    store, _ = conversations
    thread = new_thread(title="Groceries", metadata={"colour": "green"}, allowed_image_domains=["a.example"])
    await begun_turn(store, thread=thread, creates_thread=True)
    assert await store.load_thread(ALICE, thread.id) == thread


async def test_a_foreign_thread_is_as_unknown_as_one_that_never_was(conversations: Stores) -> None:
    store, bobs = conversations
    thread = await answered_thread(store)
    item_id = (await item_ids(store, thread.id))[0]
    for thread_id in (thread.id, "thr_unknown"):
        for answer_to_bob in (
            bobs.load_thread(BOB, thread_id),
            bobs.load_items(BOB, thread_id, limit=20, after=None, order="asc"),
            bobs.load_item(BOB, thread_id, item_id),
            bobs.change_thread(BOB, thread_id, {"title": "Bob's"}),
            bobs.delete_thread(BOB, thread_id),
            bobs.save_feedback(BOB, thread_id, [item_id], "positive"),
            bobs.past_turns(BOB, thread_id, limit=20),
            bobs.begin_turn(new_turn(new_thread(id=thread_id), BOB)),
        ):
            with pytest.raises(NotFound):
                await answer_to_bob
    assert await store.load_thread(ALICE, thread.id) == thread
    assert len(await item_ids(store, thread.id)) == 2


@pytest.mark.parametrize("order", ["asc", "desc"])
async def test_pages_of_threads_have_neither_gaps_nor_repeats(conversations: Stores, order: Order) -> None:
    store, _ = conversations
    threads = [await answered_thread(store) for _ in range(5)]
    expected = ids(threads) if order == "asc" else ids(threads)[::-1]
    listed: list[str] = []
    page = await store.load_threads(ALICE, limit=2, after=None, order=order)
    listed += ids(page.data)
    while page.has_more:
        page = await store.load_threads(ALICE, limit=2, after=page.after, order=order)
        listed += ids(page.data)
    assert listed == expected


async def test_an_unknown_cursor_is_not_found(conversations: Stores) -> None:
    store, _ = conversations
    thread = await answered_thread(store)
    with pytest.raises(NotFound):
        await store.load_threads(ALICE, limit=20, after="thr_unknown", order="desc")
    with pytest.raises(NotFound):
        await store.load_items(ALICE, thread.id, limit=20, after="msg_unknown", order="asc")


async def test_a_page_of_nothing_is_refused(conversations: Stores) -> None:
    store, _ = conversations
    thread = await answered_thread(store)
    for limit in (0, -1):
        with pytest.raises(InvalidInput):
            await store.load_threads(ALICE, limit=limit, after=None, order="desc")
        with pytest.raises(InvalidInput):
            await store.load_items(ALICE, thread.id, limit=limit, after=None, order="desc")
        with pytest.raises(InvalidInput):
            await store.past_turns(ALICE, thread.id, limit=limit)


async def test_hidden_items_show_only_when_asked_for(conversations: Stores) -> None:
    store, _ = conversations
    new = await begun_turn(store)
    hidden = HiddenContextItem(id="h_1", thread_id=new.thread.id, created_at=later(), content="secret")
    said = answer(new.thread.id)
    await store.write_turn(new.lease, TurnWrite(items=[hidden, said]))
    shown = await store.load_items(ALICE, new.thread.id, limit=20, after=None, order="asc")
    assert ids(shown.data) == [new.input_item_id, said.id]
    everything = await store.load_items(ALICE, new.thread.id, limit=20, after=None, order="asc", hidden=True)
    assert ids(everything.data) == [new.input_item_id, "h_1", said.id]


async def test_an_item_is_replaced_outside_a_turn_where_it_is(conversations: Stores) -> None:
    store, bobs = conversations
    thread = await answered_thread(store, questions=2)
    before = await item_ids(store, thread.id)
    new = answer(thread.id, "One o'clock.", id=before[1])
    with pytest.raises(NotFound):
        await bobs.save_item(BOB, thread.id, new)
    with pytest.raises(NotFound):
        await store.save_item(ALICE, thread.id, answer(thread.id, "Nowhere"))
    await store.save_item(ALICE, thread.id, new)
    assert await store.load_item(ALICE, thread.id, before[1]) == new
    assert await item_ids(store, thread.id) == before


async def test_changing_a_thread_leaves_what_is_not_named(conversations: Stores) -> None:
    store, _ = conversations
    thread = await answered_thread(store, title="Old", metadata={"kept": True}, allowed_image_domains=["a.example"])
    changed = await store.change_thread(ALICE, thread.id, {"title": "New"})
    assert changed == thread.model_copy(update={"title": "New"})
    changed = await store.change_thread(ALICE, thread.id, {"title": None, "status": ClosedStatus(reason="Done")})
    assert (changed.title, changed.status) == (None, ClosedStatus(reason="Done"))
    changed = await store.change_thread(ALICE, thread.id, {"allowed_image_domains": None, "metadata": {}})
    assert (changed.allowed_image_domains, changed.metadata) == (None, {})
    assert await store.load_thread(ALICE, thread.id) == changed
    assert await store.change_thread(ALICE, thread.id, {}) == changed


async def test_deleting_a_thread_ends_the_right_to_write_its_turn(conversations: Stores) -> None:
    store, _ = conversations
    new = await begun_turn(store, events=events(1, 2))
    await store.delete_thread(ALICE, new.thread.id)
    for write in (TurnWrite(events=events(3, 3)), TurnWrite(items=[answer(new.thread.id)])):
        with pytest.raises(LeaseLost):
            await store.write_turn(new.lease, write)
    with pytest.raises(NotFound):
        await store.load_turn(ALICE, new.lease.turn_id)
    with pytest.raises(NotFound):
        await store.read_events(ALICE, new.lease.turn_id, after=0)
    with pytest.raises(NotFound):
        await store.delete_thread(ALICE, new.thread.id)


async def test_feedback_on_an_unknown_item_saves_none(conversations: Stores, database: Database) -> None:
    store, _ = conversations
    thread = await answered_thread(store)
    known = await item_ids(store, thread.id)
    with pytest.raises(NotFound):
        await store.save_feedback(ALICE, thread.id, [known[1], "msg_unknown"], "positive")
    assert await _feedback(database) == []


async def test_the_last_word_on_each_item_counts(conversations: Stores, database: Database) -> None:
    store, _ = conversations
    thread = await answered_thread(store)
    asked, said = await item_ids(store, thread.id)
    await store.save_feedback(ALICE, thread.id, [asked, said, said], "positive")
    await store.save_feedback(ALICE, thread.id, [said], "negative")
    assert sorted(await _feedback(database)) == sorted([(asked, "positive"), (said, "negative")])
    await store.delete_thread(ALICE, thread.id)
    assert await _feedback(database) == []


async def _feedback(database: Database) -> list[tuple[str, str]]:
    rows = await database.reading(lambda r: r.all(feedback.select()))
    return [(row.item_id, row.kind) for row in rows]


async def test_a_foreign_attachment_is_unknown(conversations: Stores) -> None:
    store, bobs = conversations
    mine = attachment(metadata={"pages": 3})
    await store.save_attachment(ALICE, mine)
    assert await store.load_attachment(ALICE, mine.id) == mine
    for answer_to_bob in (
        bobs.load_attachment(BOB, mine.id),
        bobs.save_attachment(BOB, mine.model_copy(update={"name": "bob.txt"})),
        bobs.delete_attachment(BOB, mine.id),
    ):
        with pytest.raises(NotFound):
            await answer_to_bob
    assert await store.load_attachment(ALICE, mine.id) == mine
    with pytest.raises(NotFound):
        await store.load_attachment(ALICE, "atc_unknown")


async def test_an_attachment_that_no_message_uses_can_be_deleted(conversations: Stores) -> None:
    store, _ = conversations
    mine = attachment()
    await store.save_attachment(ALICE, mine)
    await store.delete_attachment(ALICE, mine.id)
    with pytest.raises(NotFound):
        await store.load_attachment(ALICE, mine.id)
    with pytest.raises(NotFound):
        await store.delete_attachment(ALICE, mine.id)


async def test_an_attachment_of_a_sent_message_cannot_be_deleted(conversations: Stores) -> None:
    store, _ = conversations
    mine = attachment()
    await store.save_attachment(ALICE, mine)
    new = await begun_turn(store, attachments=[mine])
    assert (await store.load_attachment(ALICE, mine.id)).thread_id == new.thread.id
    with pytest.raises(Conflict):
        await store.delete_attachment(ALICE, mine.id)


async def test_an_attachment_of_another_thread_is_refused_with_everything(conversations: Stores) -> None:
    store, _ = conversations
    mine = attachment()
    await store.save_attachment(ALICE, mine)
    await begun_turn(store, attachments=[mine])
    thread = new_thread()
    with pytest.raises(NotFound):
        await begun_turn(store, thread=thread, creates_thread=True, attachments=[mine])
    with pytest.raises(NotFound):
        await store.load_thread(ALICE, thread.id)
    assert await store.open_turn(ALICE, thread.id) is None


async def test_a_foreign_attachment_is_refused_with_everything(conversations: Stores) -> None:
    store, bobs = conversations
    mine = attachment()
    await store.save_attachment(ALICE, mine)
    thread = new_thread()
    with pytest.raises(NotFound):
        await begun_turn(bobs, BOB, thread, creates_thread=True, attachments=[mine])
    with pytest.raises(NotFound):
        await bobs.load_thread(BOB, thread.id)
    assert (await store.load_attachment(ALICE, mine.id)).thread_id is None


# What only one database can promise.


async def test_a_thread_is_listed_by_its_last_message_and_not_by_its_name(database: Database) -> None:
    store = DatabaseConversations(database)
    first, second = await answered_thread(store), await answered_thread(store)
    await store.change_thread(ALICE, first.id, {"title": "Renamed"})
    assert ids((await store.load_threads(ALICE, limit=20, after=None, order="desc")).data) == [second.id, first.id]
    await end_turn(store, (await begun_turn(store, thread=first)).lease, items=[answer(first.id)])
    assert ids((await store.load_threads(ALICE, limit=20, after=None, order="desc")).data) == [first.id, second.id]


async def test_a_rename_survives_a_running_turn(database: Database) -> None:
    store = DatabaseConversations(database)
    new = await begun_turn(store)
    await store.change_thread(ALICE, new.thread.id, {"title": "Mine"})
    await end_turn(store, new.lease, items=[answer(new.thread.id)], thread_changes={"metadata": {"by": "the turn"}})
    loaded = await store.load_thread(ALICE, new.thread.id)
    assert (loaded.title, loaded.metadata) == ("Mine", {"by": "the turn"})


async def test_deleting_a_thread_deletes_its_attachments(database: Database) -> None:
    store = DatabaseConversations(database)
    mine = attachment()
    await store.save_attachment(ALICE, mine)
    new = await begun_turn(store, attachments=[mine])
    await store.delete_thread(ALICE, new.thread.id)
    with pytest.raises(NotFound):
        await store.load_attachment(ALICE, mine.id)


async def test_feedback_on_a_hidden_item_is_as_unknown_as_the_item(database: Database) -> None:
    store = DatabaseConversations(database)
    new = await begun_turn(store)
    hidden = HiddenContextItem(id="h_1", thread_id=new.thread.id, created_at=later(), content="secret")
    await end_turn(store, new.lease, items=[hidden])
    with pytest.raises(NotFound):
        await store.save_feedback(ALICE, new.thread.id, ["h_1"], "positive")


async def test_unsafe_text_is_made_safe_at_the_last_wall(conversations: Stores) -> None:
    store, _ = conversations
    new = await begun_turn(store)
    said = answer(new.thread.id, "a\0b\ud800c\ud83d\ude00")
    await end_turn(
        store,
        new.lease,
        items=[said],
        events=events(1, 1),
        transcript=[{"role": "assistant", "content": "a\0b\ud800"}],
        usage={"input_tokens": 2**70},
        thread_changes={"title": "a\0b", "metadata": {"k\0": "\udfff"}},
    )
    loaded = await store.load_item(ALICE, new.thread.id, said.id)
    assert loaded == answer(new.thread.id, "a\ufffdb\ufffdc😀", id=said.id, created_at=said.created_at)
    thread = await store.load_thread(ALICE, new.thread.id)
    assert (thread.title, thread.metadata) == ("a\ufffdb", {"k\ufffd": "\ufffd"})
    assert (await store.load_turn(ALICE, new.lease.turn_id)).usage == {"input_tokens": 2**70}


async def test_deleting_a_thread_while_turns_begin_leaves_no_turn_behind(database: Database) -> None:
    store = DatabaseConversations(database)
    for _ in range(5):
        thread = await answered_thread(store)
        begun = [new_turn(thread, items=[question(thread.id)]) for _ in range(3)]
        await asyncio.gather(
            *(store.begin_turn(new) for new in begun), store.delete_thread(ALICE, thread.id), return_exceptions=True
        )
        with pytest.raises(NotFound):
            await store.load_thread(ALICE, thread.id)
        assert await store.open_turn(ALICE, thread.id) is None
