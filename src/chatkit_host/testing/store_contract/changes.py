"""Items that change: upserts that keep their place, deletions that leave the rest."""

from chatkit.types import EndOfTurnItem, HiddenContextItem, Workflow, WorkflowItem

from chatkit_host.testing.store_contract.case import World, assert_not_found, case


@case("items")
async def adding_an_item_twice_keeps_one(w: World) -> None:
    # The SDK adds an unfinished workflow at the end of a turn, and again when the next one finishes it.
    thread = await w.saved_thread()
    item = w.answer(thread, "Half")
    await w.add(thread, item, item.model_copy(deep=True))
    assert await w.item_ids(thread) == [item.id]


@case("items")
async def adding_an_item_again_replaces_it(w: World) -> None:
    thread = await w.saved_thread()
    workflow = WorkflowItem(**w.item_fields(thread), workflow=Workflow(type="reasoning", tasks=[], expanded=True))
    finished = workflow.model_copy(update={"workflow": Workflow(type="reasoning", tasks=[], expanded=False)})
    await w.add(thread, workflow, finished)
    assert await w.store.load_item(thread.id, workflow.id, w.alice) == finished


@case("items")
async def adding_an_item_again_keeps_its_place(w: World) -> None:
    thread = await w.saved_thread()
    first, second = w.answer(thread, "One"), w.answer(thread, "Two")
    await w.add(thread, first, second, first.model_copy(update={"created_at": w.later()}))
    assert await w.item_ids(thread) == [first.id, second.id]


@case("items")
async def saving_an_item_replaces_it(w: World) -> None:
    thread = await w.saved_thread()
    item = w.answer(thread, "Before")
    await w.add(thread, item)
    after = w.answer(thread, "After", id=item.id, created_at=item.created_at)
    await w.store.save_item(thread.id, after, w.alice)
    assert await w.store.load_item(thread.id, item.id, w.alice) == after


@case("items")
async def saving_an_item_keeps_its_place(w: World) -> None:
    thread = await w.saved_thread()
    ids = await w.added_answers(thread, 3)
    await w.store.save_item(thread.id, w.answer(thread, "Changed", id=ids[1]), w.alice)
    assert await w.item_ids(thread) == ids


@case("items")
async def saving_an_unknown_item_adds_it(w: World) -> None:
    thread = await w.saved_thread()
    ids = await w.added_answers(thread, 1)
    item = w.answer(thread, "New")
    await w.store.save_item(thread.id, item, w.alice)
    assert await w.item_ids(thread) == [*ids, item.id]
    assert await w.store.load_item(thread.id, item.id, w.alice) == item


@case("items")
async def saving_the_same_item_twice_changes_nothing(w: World) -> None:
    thread = await w.saved_thread()
    item = w.answer(thread)
    for _ in range(2):
        await w.store.save_item(thread.id, item, w.alice)
    assert (await w.store.load_thread_items(thread.id, None, 20, "asc", w.alice)).data == [item]


@case("items")
async def an_item_can_become_one_of_another_kind(w: World) -> None:
    thread = await w.saved_thread()
    item = w.answer(thread)
    await w.add(thread, item)
    marker = EndOfTurnItem(id=item.id, thread_id=thread.id, created_at=item.created_at)
    await w.store.save_item(thread.id, marker, w.alice)
    assert (await w.store.load_thread_items(thread.id, None, 20, "asc", w.alice)).data == [marker]


@case("items")
async def a_deleted_item_is_not_found(w: World) -> None:
    thread = await w.saved_thread()
    (item_id,) = await w.added_answers(thread, 1)
    await w.store.delete_thread_item(thread.id, item_id, w.alice)
    await assert_not_found(w.store.load_item(thread.id, item_id, w.alice))
    assert await w.item_ids(thread) == []


@case("items")
async def deleting_an_item_that_is_not_there_is_fine(w: World) -> None:
    # A guardrail removes items that were announced and never saved.
    thread = await w.saved_thread()
    ids = await w.added_answers(thread, 1)
    await w.store.delete_thread_item(thread.id, "msg_never_saved", w.alice)
    assert await w.item_ids(thread) == ids


@case("items")
async def deleting_an_item_twice_is_fine(w: World) -> None:
    thread = await w.saved_thread()
    ids = await w.added_answers(thread, 2)
    for _ in range(2):
        await w.store.delete_thread_item(thread.id, ids[0], w.alice)
    assert await w.item_ids(thread) == ids[1:]


@case("items")
async def deleting_an_item_leaves_the_order_of_the_others(w: World) -> None:
    thread = await w.saved_thread()
    ids = await w.added_answers(thread, 4)
    await w.store.delete_thread_item(thread.id, ids[1], w.alice)
    assert await w.item_ids(thread, limit=2) == [ids[0], ids[2], ids[3]]


@case("items")
async def an_item_added_after_a_deletion_is_last(w: World) -> None:
    thread = await w.saved_thread()
    ids = await w.added_answers(thread, 3)
    await w.store.delete_thread_item(thread.id, ids[2], w.alice)
    new = await w.added_answers(thread, 2)
    assert await w.item_ids(thread) == [*ids[:2], *new]


@case("items")
async def hidden_items_are_listed_for_the_server(w: World) -> None:
    thread = await w.saved_thread()
    hidden = HiddenContextItem(**w.item_fields(thread), content={"tapped": "button"})
    await w.add(thread, w.question(thread), hidden)
    assert (await w.store.load_thread_items(thread.id, None, 1, "desc", w.alice)).data == [hidden]
