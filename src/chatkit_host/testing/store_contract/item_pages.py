"""The order of items, and paging through them in both directions."""

from datetime import timedelta

from chatkit.store import NotFoundError

from chatkit_host.testing.store_contract.case import NOON, World, assert_nothing_follows, case


@case("items")
async def an_empty_thread_has_an_empty_page(w: World) -> None:
    thread = await w.saved_thread()
    page = await w.store.load_thread_items(thread.id, None, 20, "desc", w.alice)
    assert (page.data, page.has_more) == ([], False)


@case("items")
async def an_unknown_thread_has_no_items(w: World) -> None:
    await assert_nothing_follows(w.store.load_thread_items("thr_unknown", None, 20, "asc", w.alice))


@case("items")
async def items_come_in_the_order_of_adding(w: World) -> None:
    thread = await w.saved_thread()
    ids = await w.added_answers(thread, 5)
    assert await w.item_ids(thread) == ids


@case("items")
async def descending_is_the_other_way_round(w: World) -> None:
    thread = await w.saved_thread()
    ids = await w.added_answers(thread, 5)
    assert await w.item_ids(thread, "desc") == ids[::-1]


@case("items")
async def items_of_the_same_moment_keep_the_order_of_adding(w: World) -> None:
    thread = await w.saved_thread()
    ids = await w.added_answers(thread, 6, created_at=NOON)
    assert await w.item_ids(thread, "asc") == ids
    assert await w.item_ids(thread, "desc") == ids[::-1]


@case("items")
async def pages_of_items_of_the_same_moment_have_neither_gaps_nor_repeats(w: World) -> None:
    thread = await w.saved_thread()
    ids = await w.added_answers(thread, 7, created_at=NOON)
    assert await w.item_ids(thread, "asc", limit=2) == ids
    assert await w.item_ids(thread, "desc", limit=2) == ids[::-1]


@case("items")
async def a_clock_that_was_set_back_does_not_change_the_order(w: World) -> None:
    thread = await w.saved_thread()
    items = [w.answer(thread, created_at=NOON - timedelta(hours=number)) for number in range(4)]
    await w.add(thread, *items)
    assert await w.item_ids(thread, limit=3) == [item.id for item in items]


@case("items")
async def ascending_pages_have_neither_gaps_nor_repeats(w: World) -> None:
    thread = await w.saved_thread()
    ids = await w.added_answers(thread, 23)
    assert await w.item_ids(thread, "asc", limit=5) == ids


@case("items")
async def descending_pages_have_neither_gaps_nor_repeats(w: World) -> None:
    thread = await w.saved_thread()
    ids = await w.added_answers(thread, 23)
    assert await w.item_ids(thread, "desc", limit=5) == ids[::-1]


@case("items")
async def a_page_may_be_one_item(w: World) -> None:
    thread = await w.saved_thread()
    ids = await w.added_answers(thread, 3)
    assert await w.item_ids(thread, "asc", limit=1) == ids
    assert await w.item_ids(thread, "desc", limit=1) == ids[::-1]


@case("items")
async def a_full_page_may_be_the_last(w: World) -> None:
    thread = await w.saved_thread()
    await w.added_answers(thread, 4)
    page = await w.store.load_thread_items(thread.id, None, 4, "asc", w.alice)
    assert (len(page.data), page.has_more) == (4, False)


@case("items")
async def a_limit_beyond_the_end_is_fine(w: World) -> None:
    thread = await w.saved_thread()
    ids = await w.added_answers(thread, 3)
    page = await w.store.load_thread_items(thread.id, ids[0], 1000, "asc", w.alice)
    assert ([item.id for item in page.data], page.has_more) == (ids[1:], False)


@case("items")
async def a_cursor_is_exclusive(w: World) -> None:
    thread = await w.saved_thread()
    ids = await w.added_answers(thread, 4)
    page = await w.store.load_thread_items(thread.id, ids[1], 20, "asc", w.alice)
    assert [item.id for item in page.data] == ids[2:]


@case("items")
async def a_cursor_goes_in_the_direction_of_the_order(w: World) -> None:
    thread = await w.saved_thread()
    ids = await w.added_answers(thread, 4)
    page = await w.store.load_thread_items(thread.id, ids[2], 20, "desc", w.alice)
    assert [item.id for item in page.data] == [ids[1], ids[0]]


@case("items")
async def nothing_follows_the_last_item(w: World) -> None:
    thread = await w.saved_thread()
    ids = await w.added_answers(thread, 2)
    page = await w.store.load_thread_items(thread.id, ids[-1], 20, "asc", w.alice)
    assert (page.data, page.has_more) == ([], False)


@case("items")
async def an_unknown_item_as_cursor_does_not_start_over(w: World) -> None:
    thread = await w.saved_thread()
    await w.added_answers(thread, 2)
    for order in ("asc", "desc"):
        await assert_nothing_follows(w.store.load_thread_items(thread.id, "msg_unknown", 20, order, w.alice))


@case("items")
async def an_item_of_another_thread_is_no_cursor(w: World) -> None:
    thread, other = await w.saved_thread(), await w.saved_thread()
    await w.added_answers(thread, 2)
    (foreign,) = await w.added_answers(other, 1)
    await assert_nothing_follows(w.store.load_thread_items(thread.id, foreign, 20, "asc", w.alice))


@case("items")
async def the_last_two_items_are_the_newest(w: World) -> None:
    # How the SDK looks for the response that a message continues.
    thread = await w.saved_thread()
    ids = await w.added_answers(thread, 5)
    page = await w.store.load_thread_items(thread.id, None, 2, "desc", w.alice)
    assert [item.id for item in page.data] == [ids[4], ids[3]]


@case("items")
async def a_retry_finds_its_message_behind_sixty_items(w: World) -> None:
    # How the SDK looks for what to delete: twenty at a time from the end, deleting as it goes.
    thread = await w.saved_thread()
    question = w.question(thread)
    await w.add(thread, question)
    await w.added_answers(thread, 60)
    after = None
    later: list[str] = []
    while question.id not in later:
        page = await w.store.load_thread_items(thread.id, after, 20, "desc", w.alice)
        assert page.data
        later += [item.id for item in page.data]
        after = page.after
    for item_id in later[: later.index(question.id)]:
        await w.store.delete_thread_item(thread.id, item_id, w.alice)
    assert await w.item_ids(thread) == [question.id]


@case("items")
async def an_item_added_while_paging_back_is_not_met(w: World) -> None:
    thread = await w.saved_thread()
    ids = await w.added_answers(thread, 4)
    page = await w.store.load_thread_items(thread.id, None, 2, "desc", w.alice)
    await w.added_answers(thread, 1)
    rest = await w.store.load_thread_items(thread.id, page.after, 20, "desc", w.alice)
    assert [item.id for item in rest.data] == [ids[1], ids[0]]


@case("items")
async def a_deleted_cursor_does_not_start_over(w: World) -> None:
    thread = await w.saved_thread()
    ids = await w.added_answers(thread, 3)
    await w.store.delete_thread_item(thread.id, ids[1], w.alice)
    try:
        page = await w.store.load_thread_items(thread.id, ids[1], 20, "asc", w.alice)
    except NotFoundError:
        return
    assert ids[0] not in [item.id for item in page.data]
