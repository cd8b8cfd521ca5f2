"""Our chatkit Store against the contract that we publish."""

from collections.abc import AsyncIterator

import pytest
from support.memory_store import MemoryStore

from chatkit_host.store.chatkit_store import DatabaseStore
from chatkit_host.testing import StoreCase, store_cases


@pytest.fixture
async def store(shared_url: str) -> AsyncIterator[DatabaseStore]:
    store = DatabaseStore.open(shared_url)
    yield store
    await store.close()


@pytest.mark.parametrize("case", store_cases(), ids=str)
async def test_the_database_fulfils_the_contract(case: StoreCase, store: DatabaseStore) -> None:
    await case.run(lambda: store)


@pytest.mark.parametrize("case", store_cases(), ids=str)
async def test_the_memory_double_fulfils_the_contract(case: StoreCase) -> None:
    await case.run(MemoryStore)


def test_the_suite_has_the_size_that_it_claims() -> None:
    assert len(store_cases()) >= 150
    assert len({str(case) for case in store_cases()}) == len(store_cases())
    assert {case.topic for case in store_cases(without=["owners", "server"])}.isdisjoint({"owners", "server"})


async def test_the_owner_may_be_told_by_a_function(shared_url: str) -> None:
    store = DatabaseStore.open(shared_url, owner_of=lambda context: f"tenant-{context}")
    await next(case for case in store_cases(without=["threads"])).run(lambda: store, context_for=lambda user: user)
    await store.close()


@pytest.mark.parametrize("context", [None, {}, {"owner": ""}, object()])
async def test_a_context_without_an_owner_is_refused(shared_url: str, context: object) -> None:
    store = DatabaseStore.open(shared_url)
    with pytest.raises(TypeError, match="owner_of"):
        await store.load_thread("thr_1", context)
    await store.close()
