"""Many at once: nothing is lost, and the order is one that everyone sees."""

import asyncio

from chatkit_host.testing.store_contract.case import World, case


@case("concurrency")
async def items_added_at_once_are_all_there(w: World) -> None:
    thread = await w.saved_thread()
    items = [w.answer(thread, f"Answer {number}.") for number in range(40)]
    await asyncio.gather(*(w.store.add_thread_item(thread.id, item, w.alice) for item in items))
    assert sorted(await w.item_ids(thread)) == sorted(item.id for item in items)


@case("concurrency")
async def items_added_at_once_have_one_order(w: World) -> None:
    thread = await w.saved_thread()
    items = [w.answer(thread, created_at=thread.created_at) for _ in range(30)]
    await asyncio.gather(*(w.store.add_thread_item(thread.id, item, w.alice) for item in items))
    ids = await w.item_ids(thread)
    assert await w.item_ids(thread) == ids
    assert await w.item_ids(thread, limit=4) == ids
    assert await w.item_ids(thread, "desc", limit=7) == ids[::-1]


@case("concurrency")
async def each_of_several_writers_keeps_its_own_order(w: World) -> None:
    thread = await w.saved_thread()
    written = await asyncio.gather(*(w.added_answers(thread, 8) for _ in range(4)))
    ids = await w.item_ids(thread)
    for own in written:
        assert [item_id for item_id in ids if item_id in own] == own


@case("concurrency")
async def writers_of_several_threads_do_not_mix(w: World) -> None:
    threads = [await w.saved_thread() for _ in range(4)]
    written = await asyncio.gather(*(w.added_answers(thread, 5) for thread in threads))
    assert [await w.item_ids(thread) for thread in threads] == list(written)


@case("concurrency")
async def one_item_added_by_many_at_once_is_one(w: World) -> None:
    thread = await w.saved_thread()
    item = w.answer(thread)
    await asyncio.gather(*(w.store.add_thread_item(thread.id, item, w.alice) for _ in range(10)))
    assert await w.item_ids(thread) == [item.id]


@case("concurrency")
async def one_thread_saved_by_many_at_once_is_one(w: World) -> None:
    thread = w.thread()
    await asyncio.gather(
        *(w.store.save_thread(thread.model_copy(update={"title": str(n)}), w.alice) for n in range(10))
    )
    assert await w.thread_ids() == [thread.id]


@case("concurrency")
async def an_item_is_there_once_adding_it_has_returned(w: World) -> None:
    thread = await w.saved_thread()

    async def add_and_look() -> None:
        (item_id,) = await w.added_answers(thread, 1)
        assert item_id in await w.item_ids(thread)
        assert (await w.store.load_item(thread.id, item_id, w.alice)).id == item_id

    await asyncio.gather(*(add_and_look() for _ in range(12)))


@case("concurrency")
async def paging_while_others_write_repeats_nothing(w: World) -> None:
    thread = await w.saved_thread()
    ids = await w.added_answers(thread, 20)
    met, _ = await asyncio.gather(w.item_ids(thread, limit=3), w.added_answers(thread, 20))
    assert met[:20] == ids
    assert len(met) == len(set(met))


@case("concurrency")
async def deleting_a_thread_while_others_write_leaves_nothing_behind(w: World) -> None:
    thread = await w.saved_thread()
    await asyncio.gather(
        *(w.store.add_thread_item(thread.id, w.answer(thread), w.alice) for _ in range(5)),
        w.store.delete_thread(thread.id, w.alice),
        return_exceptions=True,
    )
    await w.store.save_thread(thread, w.alice)
    await asyncio.gather(w.store.delete_thread(thread.id, w.alice))
    await w.store.save_thread(thread, w.alice)
    assert await w.item_ids(thread) == []
