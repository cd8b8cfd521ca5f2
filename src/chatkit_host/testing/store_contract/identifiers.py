"""Identifiers that are made by the store. The SDK's own have 32 random bits: one in a hundred meets another at 9,300 items."""

from typing import get_args

from chatkit.store import StoreItemType

from chatkit_host.testing.store_contract.case import World, case

_ITEM_TYPES: tuple[StoreItemType, ...] = get_args(StoreItemType)


@case("identifiers")
async def thread_ids_are_unique(w: World) -> None:
    assert len({w.store.generate_thread_id(w.alice) for _ in range(20_000)}) == 20_000


@case("identifiers")
async def item_ids_are_unique(w: World) -> None:
    thread = w.thread()
    assert len({w.store.generate_item_id("message", thread, w.alice) for _ in range(20_000)}) == 20_000


@case("identifiers")
async def ids_are_too_long_to_guess(w: World) -> None:
    thread = w.thread()
    made = [w.store.generate_thread_id(w.alice)]
    made += [w.store.generate_item_id(kind, thread, w.alice) for kind in _ITEM_TYPES]
    assert [len(each) >= 22 for each in made] == [True] * len(made), f"128 bits take 22 characters or more: {made}"


@case("identifiers")
async def every_type_of_item_gets_an_id_that_can_be_stored(w: World) -> None:
    thread = await w.saved_thread()
    items = [w.answer(thread, id=w.store.generate_item_id(kind, thread, w.alice)) for kind in _ITEM_TYPES]
    await w.add(thread, *items)
    assert await w.item_ids(thread) == [item.id for item in items]


@case("identifiers")
async def a_generated_thread_id_can_be_stored(w: World) -> None:
    thread = await w.saved_thread(id=w.store.generate_thread_id(w.alice))
    assert (await w.store.load_thread(thread.id, w.alice)).id == thread.id
