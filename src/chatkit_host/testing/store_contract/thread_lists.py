"""Lists of threads, page by page."""

from chatkit_host.testing.store_contract.case import NOON, World, assert_nothing_follows, case


async def _threads(w: World, count: int, **fields: object) -> list[str]:
    """Ids of new threads, oldest first."""
    return [(await w.saved_thread(**fields)).id for _ in range(count)]


@case("threads")
async def a_new_user_has_no_threads(w: World) -> None:
    page = await w.store.load_threads(20, None, "desc", w.alice)
    assert (page.data, page.has_more) == ([], False)


@case("threads")
async def the_newest_thread_is_first(w: World) -> None:
    ids = await _threads(w, 3)
    assert await w.thread_ids("desc") == ids[::-1]


@case("threads")
async def ascending_is_the_other_way_round(w: World) -> None:
    ids = await _threads(w, 3)
    assert await w.thread_ids("asc") == ids


@case("threads")
async def pages_of_threads_have_neither_gaps_nor_repeats(w: World) -> None:
    ids = await _threads(w, 7)
    assert await w.thread_ids("desc", limit=3) == ids[::-1]


@case("threads")
async def ascending_pages_of_threads_have_neither_gaps_nor_repeats(w: World) -> None:
    ids = await _threads(w, 7)
    assert await w.thread_ids("asc", limit=2) == ids


@case("threads")
async def threads_of_the_same_moment_are_all_listed_once(w: World) -> None:
    ids = await _threads(w, 6, created_at=NOON)
    for order in ("asc", "desc"):
        assert sorted(await w.thread_ids(order, limit=2)) == sorted(ids)


@case("threads")
async def a_full_page_of_threads_may_be_the_last(w: World) -> None:
    await _threads(w, 3)
    page = await w.store.load_threads(3, None, "desc", w.alice)
    assert (len(page.data), page.has_more) == (3, False)


@case("threads")
async def a_page_of_threads_may_be_one(w: World) -> None:
    ids = await _threads(w, 3)
    assert await w.thread_ids("desc", limit=1) == ids[::-1]


@case("threads")
async def a_page_says_where_it_ended(w: World) -> None:
    ids = await _threads(w, 3)
    page = await w.store.load_threads(2, None, "desc", w.alice)
    assert (page.has_more, page.after) == (True, ids[1])


@case("threads")
async def listed_threads_carry_their_columns(w: World) -> None:
    thread = await w.saved_thread(title="Groceries", metadata={"colour": "green"})
    assert (await w.store.load_threads(20, None, "desc", w.alice)).data == [thread]


@case("threads")
async def an_unknown_thread_as_cursor_does_not_start_over(w: World) -> None:
    await _threads(w, 2)
    await assert_nothing_follows(w.store.load_threads(20, "thr_unknown", "desc", w.alice))


@case("threads")
async def a_new_thread_does_not_disturb_older_pages(w: World) -> None:
    ids = await _threads(w, 4)
    first = await w.store.load_threads(2, None, "desc", w.alice)
    await w.saved_thread()
    second = await w.store.load_threads(2, first.after, "desc", w.alice)
    assert [thread.id for thread in second.data] == [ids[1], ids[0]]
