"""Two users. Bob knows all of Alice's ids, and it gets him nothing."""

from chatkit.store import NotFoundError
from chatkit.types import ThreadMetadata

from chatkit_host.testing.store_contract.case import World, assert_not_found, case, refused_or_ignored


async def _assert_untouched(w: World, thread: ThreadMetadata, item_ids: list[str]) -> None:
    """Alice has what she had, and Bob has nothing."""
    assert await w.store.load_thread(thread.id, w.alice) == thread
    assert await w.item_ids(thread) == item_ids
    assert await w.thread_ids() == [thread.id]
    assert (await w.store.load_threads(20, None, "desc", w.bob)).data == []
    await assert_not_found(w.store.load_thread(thread.id, w.bob))


@case("owners")
async def a_foreign_thread_is_not_found(w: World) -> None:
    thread = await w.saved_thread()
    await assert_not_found(w.store.load_thread(thread.id, w.bob))


@case("owners")
async def foreign_threads_are_not_listed(w: World) -> None:
    thread = await w.saved_thread()
    bobs = w.thread()
    await w.store.save_thread(bobs, w.bob)
    assert [each.id for each in (await w.store.load_threads(20, None, "desc", w.bob)).data] == [bobs.id]
    assert await w.thread_ids() == [thread.id]


@case("owners")
async def a_foreign_thread_is_no_cursor(w: World) -> None:
    await w.store.save_thread(w.thread(), w.bob)
    thread = await w.saved_thread()
    await w.store.save_thread(w.thread(), w.bob)
    try:
        page = await w.store.load_threads(20, thread.id, "desc", w.bob)
    except NotFoundError:
        return
    assert page.data == [], "the position of a foreign thread can be told from a page"


@case("owners")
async def saving_a_foreign_thread_changes_nothing(w: World) -> None:
    thread = await w.saved_thread(title="Alice's")
    await refused_or_ignored(w.store.save_thread(thread.model_copy(update={"title": "Bob's"}), w.bob))
    await _assert_untouched(w, thread, [])


@case("owners")
async def deleting_a_foreign_thread_changes_nothing(w: World) -> None:
    thread = await w.saved_thread()
    ids = await w.added_answers(thread, 2)
    await refused_or_ignored(w.store.delete_thread(thread.id, w.bob))
    await _assert_untouched(w, thread, ids)


@case("owners")
async def foreign_items_are_not_listed(w: World) -> None:
    thread = await w.saved_thread()
    ids = await w.added_answers(thread, 2)
    for after in (None, ids[0]):
        try:
            page = await w.store.load_thread_items(thread.id, after, 20, "asc", w.bob)
        except NotFoundError:
            continue
        assert page.data == []


@case("owners")
async def a_foreign_item_is_not_found(w: World) -> None:
    thread = await w.saved_thread()
    (item_id,) = await w.added_answers(thread, 1)
    await assert_not_found(w.store.load_item(thread.id, item_id, w.bob))


@case("owners")
async def adding_to_a_foreign_thread_changes_nothing(w: World) -> None:
    thread = await w.saved_thread()
    ids = await w.added_answers(thread, 1)
    await refused_or_ignored(w.store.add_thread_item(thread.id, w.answer(thread), w.bob))
    await _assert_untouched(w, thread, ids)


@case("owners")
async def adding_a_foreign_item_again_changes_nothing(w: World) -> None:
    thread = await w.saved_thread()
    item = w.answer(thread, "Alice's")
    await w.add(thread, item)
    await refused_or_ignored(w.store.add_thread_item(thread.id, w.answer(thread, "Bob's", id=item.id), w.bob))
    assert await w.store.load_item(thread.id, item.id, w.alice) == item


@case("owners")
async def saving_a_foreign_item_changes_nothing(w: World) -> None:
    thread = await w.saved_thread()
    item = w.answer(thread, "Alice's")
    await w.add(thread, item)
    await refused_or_ignored(w.store.save_item(thread.id, w.answer(thread, "Bob's", id=item.id), w.bob))
    assert await w.store.load_item(thread.id, item.id, w.alice) == item
    await _assert_untouched(w, thread, [item.id])


@case("owners")
async def deleting_a_foreign_item_changes_nothing(w: World) -> None:
    thread = await w.saved_thread()
    ids = await w.added_answers(thread, 2)
    await refused_or_ignored(w.store.delete_thread_item(thread.id, ids[0], w.bob))
    await _assert_untouched(w, thread, ids)


@case("owners")
async def a_foreign_item_does_not_come_along_with_an_own_thread(w: World) -> None:
    thread, bobs = await w.saved_thread(), w.thread()
    await w.store.save_thread(bobs, w.bob)
    (item_id,) = await w.added_answers(thread, 1)
    await assert_not_found(w.store.load_item(bobs.id, item_id, w.bob))
    await w.store.delete_thread_item(bobs.id, item_id, w.bob)
    assert await w.item_ids(thread) == [item_id]


@case("attachments", "a_foreign_attachment_is_not_found")
async def _(w: World) -> None:
    attachment = w.attachment()
    await w.store.save_attachment(attachment, w.alice)
    await assert_not_found(w.store.load_attachment(attachment.id, w.bob))


@case("attachments", "saving_a_foreign_attachment_changes_nothing")
async def _(w: World) -> None:
    attachment = w.attachment()
    await w.store.save_attachment(attachment, w.alice)
    await refused_or_ignored(w.store.save_attachment(attachment.model_copy(update={"name": "bob.txt"}), w.bob))
    assert await w.store.load_attachment(attachment.id, w.alice) == attachment
    await assert_not_found(w.store.load_attachment(attachment.id, w.bob))


@case("attachments", "deleting_a_foreign_attachment_changes_nothing")
async def _(w: World) -> None:
    attachment = w.attachment()
    await w.store.save_attachment(attachment, w.alice)
    await refused_or_ignored(w.store.delete_attachment(attachment.id, w.bob))
    assert await w.store.load_attachment(attachment.id, w.alice) == attachment
