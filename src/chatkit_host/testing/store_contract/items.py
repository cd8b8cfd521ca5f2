"""Items: one by one."""

from datetime import UTC

from chatkit.types import AssistantMessageContent

from chatkit_host.testing.store_contract.case import NOON, World, assert_not_found, case


@case("items")
async def an_added_item_is_loaded_whole(w: World) -> None:
    thread = await w.saved_thread()
    item = w.question(thread, quoted_text="As you said")
    await w.add(thread, item)
    assert await w.store.load_item(thread.id, item.id, w.alice) == item


@case("items")
async def an_unknown_item_is_not_found(w: World) -> None:
    thread = await w.saved_thread()
    await assert_not_found(w.store.load_item(thread.id, "msg_unknown", w.alice))


@case("items")
async def an_item_of_an_unknown_thread_is_not_found(w: World) -> None:
    await assert_not_found(w.store.load_item("thr_unknown", "msg_unknown", w.alice))


@case("items")
async def an_item_is_not_found_in_another_thread(w: World) -> None:
    thread, other = await w.saved_thread(), await w.saved_thread()
    (item_id,) = await w.added_answers(thread, 1)
    await assert_not_found(w.store.load_item(other.id, item_id, w.alice))


@case("items")
async def items_of_one_thread_are_not_in_another(w: World) -> None:
    thread, other = await w.saved_thread(), await w.saved_thread()
    ids, others = await w.added_answers(thread, 2), await w.added_answers(other, 1)
    assert (await w.item_ids(thread), await w.item_ids(other)) == (ids, others)


@case("items")
async def one_id_in_two_threads_is_two_items(w: World) -> None:
    # Some models give every message the same id, and the SDK passes it on.
    thread, other = await w.saved_thread(), await w.saved_thread()
    here, there = w.answer(thread, "Here", id="__fake_id__"), w.answer(other, "There", id="__fake_id__")
    await w.add(thread, here)
    await w.add(other, there)
    assert await w.store.load_item(thread.id, "__fake_id__", w.alice) == here
    assert await w.store.load_item(other.id, "__fake_id__", w.alice) == there
    await w.store.delete_thread_item(thread.id, "__fake_id__", w.alice)
    assert await w.store.load_item(other.id, "__fake_id__", w.alice) == there


@case("items")
async def an_item_is_created_when_it_says(w: World) -> None:
    thread = await w.saved_thread()
    item = w.answer(thread, created_at=NOON)
    await w.add(thread, item)
    created_at = (await w.store.load_item(thread.id, item.id, w.alice)).created_at
    assert created_at.tzinfo is not None, "a naive time means another moment in each browser"
    assert created_at == NOON


@case("items")
async def an_item_with_a_local_time_without_a_zone_means_the_same_moment(w: World) -> None:
    thread = await w.saved_thread()
    item = w.answer(thread, created_at=NOON.astimezone().replace(tzinfo=None))
    await w.add(thread, item)
    assert (await w.store.load_item(thread.id, item.id, w.alice)).created_at.astimezone(UTC) == NOON


@case("items")
async def changing_a_loaded_item_changes_nothing_stored(w: World) -> None:
    thread = await w.saved_thread()
    item = w.answer(thread, "Noon.")
    await w.add(thread, item)
    loaded = await w.store.load_item(thread.id, item.id, w.alice)
    assert loaded.type == "assistant_message"
    loaded.content[0].text += " Or so."
    assert await w.store.load_item(thread.id, item.id, w.alice) == item


@case("items")
async def changing_a_listed_item_changes_nothing_stored(w: World) -> None:
    thread = await w.saved_thread()
    item = w.answer(thread, "Noon.")
    await w.add(thread, item)
    listed = (await w.store.load_thread_items(thread.id, None, 20, "asc", w.alice)).data[0]
    assert listed.type == "assistant_message"
    listed.content.append(AssistantMessageContent(text="More."))
    assert (await w.store.load_thread_items(thread.id, None, 20, "asc", w.alice)).data == [item]


@case("items")
async def changing_an_item_after_adding_changes_nothing_stored(w: World) -> None:
    thread = await w.saved_thread()
    item = w.answer(thread, "Noon.")
    await w.add(thread, item)
    item.content[0].text = "Changed"
    loaded = await w.store.load_item(thread.id, item.id, w.alice)
    assert loaded.type == "assistant_message"
    assert loaded.content[0].text == "Noon."


@case("items")
async def a_large_item_is_kept(w: World) -> None:
    thread = await w.saved_thread()
    item = w.answer(thread, "0123456789abcdef" * 65_536)
    await w.add(thread, item)
    assert await w.store.load_item(thread.id, item.id, w.alice) == item
