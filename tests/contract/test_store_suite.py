"""The published suite finds the mistakes that Stores in the wild make."""

from typing import Any

import pytest
from chatkit.types import ThreadItem, ThreadMetadata
from support.memory_store import MemoryStore

from chatkit_host.testing import store_cases


class AppendsTwice(MemoryStore):
    async def add_thread_item(self, thread_id: str, item: ThreadItem, context: Any) -> None:
        self.items[thread_id].pop(item.id, None)
        await super().add_thread_item(thread_id, item, context)


class OrdersByTime(MemoryStore):
    async def load_thread_items(self, thread_id: str, after: str | None, limit: int, order: str, context: Any) -> Any:
        ordered = sorted(self.items.get(thread_id, {}).values(), key=lambda item: (item.created_at, item.id))
        self.items[thread_id] = {item.id: item for item in ordered}
        return await super().load_thread_items(thread_id, after, limit, order, context)


class StartsOver(MemoryStore):
    async def load_thread_items(self, thread_id: str, after: str | None, limit: int, order: str, context: Any) -> Any:
        known = after if after in self.items.get(thread_id, {}) else None
        return await super().load_thread_items(thread_id, known, limit, order, context)


class GivesLiveObjects(MemoryStore):
    async def load_thread(self, thread_id: str, context: Any) -> ThreadMetadata:
        return self._own(self.threads, thread_id, context)


class IgnoresTheOwner(MemoryStore):
    @staticmethod
    def _own(records: dict[str, tuple[str, Any]], record_id: str, context: Any) -> Any:
        return MemoryStore._own(records, record_id, {"user_id": records.get(record_id, ("nobody",))[0]})


class KeepsItemsInThreads(MemoryStore):
    async def save_thread(self, thread: ThreadMetadata, context: Any) -> None:
        await super().save_thread(thread, context)
        self.threads[thread.id] = (context["user_id"], thread.model_copy(deep=True))


class UpdatesOnly(MemoryStore):
    async def save_item(self, thread_id: str, item: ThreadItem, context: Any) -> None:
        if item.id in self.items.get(thread_id, {}):
            await super().save_item(thread_id, item, context)


class LeavesOutNone(MemoryStore):
    async def load_item(self, thread_id: str, item_id: str, context: Any) -> ThreadItem:
        item = await super().load_item(thread_id, item_id, context)
        return type(item).model_validate_json(item.model_dump_json(exclude_none=True))


class GuessableIds(MemoryStore):
    def generate_thread_id(self, context: Any) -> str:
        return super().generate_thread_id(context)[-8:]


@pytest.mark.parametrize(
    "mistake",
    [
        *(AppendsTwice, OrdersByTime, StartsOver, GivesLiveObjects, IgnoresTheOwner, KeepsItemsInThreads),
        *(UpdatesOnly, LeavesOutNone, GuessableIds),
    ],
)
async def test_the_suite_finds(mistake: type[MemoryStore]) -> None:
    found: list[str] = []
    for case in store_cases():
        try:
            await case.run(mistake)
        except Exception:  # noqa: BLE001 - whatever a broken store raises
            found.append(str(case))
    assert found
    assert len(found) < len(store_cases()) / 2, "a case fails for its own reason"
