"""Threads: columns kept, copies given."""

from datetime import UTC, timedelta

from chatkit.types import ActiveStatus, ClosedStatus, LockedStatus, Page, Thread, ThreadItem, ThreadMetadata

from chatkit_host.testing.store_contract.case import NOON, World, assert_not_found, case


@case("threads")
async def a_saved_thread_is_loaded_whole(w: World) -> None:
    thread = await w.saved_thread(
        title="Groceries", metadata={"colour": "green"}, allowed_image_domains=["images.example"]
    )
    assert await w.store.load_thread(thread.id, w.alice) == thread


@case("threads")
async def an_unknown_thread_is_not_found(w: World) -> None:
    await assert_not_found(w.store.load_thread("thr_unknown", w.alice))


@case("threads")
async def a_thread_needs_no_title(w: World) -> None:
    thread = await w.saved_thread()
    assert (await w.store.load_thread(thread.id, w.alice)).title is None


@case("threads")
async def saving_again_replaces_the_columns(w: World) -> None:
    thread = await w.saved_thread(title="Old", metadata={"old": 1})
    new = thread.model_copy(update={"title": "New", "metadata": {"new": 2}, "allowed_image_domains": ["a.example"]})
    await w.store.save_thread(new, w.alice)
    assert await w.store.load_thread(thread.id, w.alice) == new


@case("threads")
async def saving_again_makes_no_second_thread(w: World) -> None:
    thread = await w.saved_thread(title="Old")
    await w.store.save_thread(thread.model_copy(update={"title": "New"}), w.alice)
    assert await w.thread_ids() == [thread.id]


@case("threads")
async def a_title_can_be_taken_back(w: World) -> None:
    thread = await w.saved_thread(title="Old", allowed_image_domains=["a.example"])
    await w.store.save_thread(thread.model_copy(update={"title": None, "allowed_image_domains": None}), w.alice)
    loaded = await w.store.load_thread(thread.id, w.alice)
    assert (loaded.title, loaded.allowed_image_domains) == (None, None)


@case("threads")
async def a_new_thread_is_active(w: World) -> None:
    thread = await w.saved_thread()
    assert (await w.store.load_thread(thread.id, w.alice)).status == ActiveStatus()


@case("threads")
async def a_locked_thread_stays_locked_with_its_reason(w: World) -> None:
    thread = await w.saved_thread(status=LockedStatus(reason="Waiting for a person."))
    assert (await w.store.load_thread(thread.id, w.alice)).status == LockedStatus(reason="Waiting for a person.")


@case("threads")
async def a_closed_thread_stays_closed(w: World) -> None:
    thread = await w.saved_thread()
    await w.store.save_thread(thread.model_copy(update={"status": ClosedStatus()}), w.alice)
    assert (await w.store.load_thread(thread.id, w.alice)).status == ClosedStatus()


@case("threads")
async def nested_metadata_comes_back_as_it_was(w: World) -> None:
    metadata = {"nothing": None, "deep": {"list": [1, 2.5, "three", None, True]}, "empty": {}, "naïve": "ключ"}
    thread = await w.saved_thread(metadata=metadata)
    assert (await w.store.load_thread(thread.id, w.alice)).metadata == metadata


@case("threads")
async def an_empty_list_of_image_domains_is_not_none(w: World) -> None:
    thread = await w.saved_thread(allowed_image_domains=[])
    assert (await w.store.load_thread(thread.id, w.alice)).allowed_image_domains == []


@case("threads")
async def a_thread_is_created_when_it_says(w: World) -> None:
    thread = await w.saved_thread(created_at=NOON)
    created_at = (await w.store.load_thread(thread.id, w.alice)).created_at
    assert created_at.tzinfo is not None, "a naive time means another moment in each browser"
    assert created_at == NOON


@case("threads")
async def a_local_time_without_a_zone_means_the_same_moment(w: World) -> None:
    thread = await w.saved_thread(created_at=NOON.astimezone().replace(tzinfo=None))
    created_at = (await w.store.load_thread(thread.id, w.alice)).created_at
    assert created_at.astimezone(UTC) == NOON


@case("threads")
async def a_thread_that_comes_with_items_is_saved_without_them(w: World) -> None:
    # The SDK saves a `Thread` once a responder has changed the title of a new thread, and builds a `Thread` of what is loaded.
    thread = w.thread(title="Groceries")
    items = Page[ThreadItem](data=[w.question(thread)], has_more=False)
    await w.store.save_thread(Thread(**thread.model_dump(), items=items), w.alice)
    loaded = await w.store.load_thread(thread.id, w.alice)
    assert "items" not in loaded.model_dump()
    assert Thread(**loaded.model_dump(), items=items).items == items


@case("threads")
async def saving_a_thread_leaves_its_items(w: World) -> None:
    thread = await w.saved_thread()
    ids = await w.added_answers(thread, 2)
    await w.store.save_thread(Thread(**thread.model_dump(), items=Page[ThreadItem]()), w.alice)
    assert await w.item_ids(thread) == ids


@case("threads")
async def changing_a_loaded_thread_changes_nothing_stored(w: World) -> None:
    thread = await w.saved_thread(title="Groceries", metadata={"deep": {"count": 1}})
    loaded = await w.store.load_thread(thread.id, w.alice)
    loaded.title = "Changed"
    loaded.metadata["deep"]["count"] = 2
    again = await w.store.load_thread(thread.id, w.alice)
    assert (again.title, again.metadata) == ("Groceries", {"deep": {"count": 1}})


@case("threads")
async def changing_a_thread_after_saving_changes_nothing_stored(w: World) -> None:
    thread = await w.saved_thread(title="Groceries", metadata={"deep": {"count": 1}})
    thread.title = "Changed"
    thread.metadata["deep"]["count"] = 2
    again = await w.store.load_thread(thread.id, w.alice)
    assert (again.title, again.metadata) == ("Groceries", {"deep": {"count": 1}})


@case("threads")
async def changing_a_listed_thread_changes_nothing_stored(w: World) -> None:
    await w.saved_thread(title="Groceries")
    (await w.store.load_threads(20, None, "desc", w.alice)).data[0].title = "Changed"
    assert (await w.store.load_threads(20, None, "desc", w.alice)).data[0].title == "Groceries"


@case("threads")
async def a_deleted_thread_is_not_found(w: World) -> None:
    thread = await w.saved_thread()
    await w.store.delete_thread(thread.id, w.alice)
    await assert_not_found(w.store.load_thread(thread.id, w.alice))
    assert await w.thread_ids() == []


@case("threads")
async def deleting_a_thread_deletes_its_items(w: World) -> None:
    thread = await w.saved_thread()
    (item_id,) = await w.added_answers(thread, 1)
    await w.store.delete_thread(thread.id, w.alice)
    await assert_not_found(w.store.load_item(thread.id, item_id, w.alice))
    await w.store.save_thread(thread, w.alice)
    assert await w.item_ids(thread) == []


@case("threads")
async def deleting_a_thread_leaves_the_others(w: World) -> None:
    gone, stays = await w.saved_thread(), await w.saved_thread(title="Stays")
    ids = await w.added_answers(stays, 2)
    await w.store.delete_thread(gone.id, w.alice)
    assert await w.store.load_thread(stays.id, w.alice) == stays
    assert await w.item_ids(stays) == ids


@case("threads")
async def a_thread_of_long_ago_is_a_thread(w: World) -> None:
    thread = await w.saved_thread(created_at=NOON - timedelta(days=20_000))
    loaded: ThreadMetadata = await w.store.load_thread(thread.id, w.alice)
    assert loaded.created_at == thread.created_at
