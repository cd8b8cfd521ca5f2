"""A small chatkit Store that keeps everything in memory, and awaits as a real one does."""

import asyncio
from typing import Any

from chatkit.store import NotFoundError, Store, StoreItemType
from chatkit.types import Attachment, Page, ThreadItem, ThreadMetadata
from pydantic import BaseModel

from chatkit_host.clock import as_utc
from chatkit_host.ids import new_id
from chatkit_host.text import safe_value


class MemoryStore(Store[Any]):
    """Owners are `context["user_id"]`. Each method gives way to other tasks once, so that what they may break shows."""

    def __init__(self) -> None:
        self.threads: dict[str, tuple[str, ThreadMetadata]] = {}
        self.items: dict[str, dict[str, ThreadItem]] = {}
        self.attachments: dict[str, tuple[str, Attachment]] = {}

    def generate_thread_id(self, context: Any) -> str:
        return new_id("thread")

    def generate_item_id(self, item_type: StoreItemType, thread: ThreadMetadata, context: Any) -> str:
        return new_id(item_type)

    async def load_thread(self, thread_id: str, context: Any) -> ThreadMetadata:
        await asyncio.sleep(0)
        return _copy(self._own(self.threads, thread_id, context))

    async def save_thread(self, thread: ThreadMetadata, context: Any) -> None:
        await asyncio.sleep(0)
        if thread.id in self.threads:
            self._own(self.threads, thread.id, context)
        columns = ThreadMetadata(**safe_value(thread.model_dump(exclude={"items"})))
        self.threads[thread.id] = (context["user_id"], _copy(columns))
        self.items.setdefault(thread.id, {})

    async def load_threads(self, limit: int, after: str | None, order: str, context: Any) -> Page[ThreadMetadata]:
        await asyncio.sleep(0)
        own = [thread for owner, thread in self.threads.values() if owner == context["user_id"]]
        return _page(own, limit, after, order)

    async def delete_thread(self, thread_id: str, context: Any) -> None:
        await asyncio.sleep(0)
        self._own(self.threads, thread_id, context)
        del self.threads[thread_id], self.items[thread_id]

    async def load_thread_items(
        self, thread_id: str, after: str | None, limit: int, order: str, context: Any
    ) -> Page[ThreadItem]:
        await asyncio.sleep(0)
        self._own(self.threads, thread_id, context)
        return _page(list(self.items[thread_id].values()), limit, after, order)

    async def load_item(self, thread_id: str, item_id: str, context: Any) -> ThreadItem:
        await asyncio.sleep(0)
        self._own(self.threads, thread_id, context)
        if item_id not in self.items[thread_id]:
            raise NotFoundError(item_id)
        return _copy(self.items[thread_id][item_id])

    async def add_thread_item(self, thread_id: str, item: ThreadItem, context: Any) -> None:
        await asyncio.sleep(0)
        self._own(self.threads, thread_id, context)
        self.items[thread_id][item.id] = _copy(item)

    async def save_item(self, thread_id: str, item: ThreadItem, context: Any) -> None:
        await self.add_thread_item(thread_id, item, context)

    async def delete_thread_item(self, thread_id: str, item_id: str, context: Any) -> None:
        await asyncio.sleep(0)
        self._own(self.threads, thread_id, context)
        self.items[thread_id].pop(item_id, None)

    async def load_attachment(self, attachment_id: str, context: Any) -> Attachment:
        await asyncio.sleep(0)
        return _copy(self._own(self.attachments, attachment_id, context))

    async def save_attachment(self, attachment: Attachment, context: Any) -> None:
        await asyncio.sleep(0)
        if attachment.id in self.attachments:
            self._own(self.attachments, attachment.id, context)
        self.attachments[attachment.id] = (context["user_id"], _copy(attachment))

    async def delete_attachment(self, attachment_id: str, context: Any) -> None:
        await asyncio.sleep(0)
        self._own(self.attachments, attachment_id, context)
        del self.attachments[attachment_id]

    @staticmethod
    def _own(records: dict[str, tuple[str, Any]], record_id: str, context: Any) -> Any:
        owner, record = records.get(record_id, (None, None))
        if owner != context["user_id"]:
            raise NotFoundError(record_id)
        return record


def _copy(record: Any) -> Any:
    fields = safe_value(record.model_dump())
    if "created_at" in fields:
        fields["created_at"] = as_utc(fields["created_at"])
    return type(record).model_validate(fields)


def _page(records: list[Any], limit: int, after: str | None, order: str) -> Page[Any]:
    ordered: list[BaseModel] = records[::-1] if order == "desc" else records
    ids = [record.id for record in records[:: -1 if order == "desc" else 1]]
    if after is not None and after not in ids:
        raise NotFoundError(after)
    start = 0 if after is None else ids.index(after) + 1
    has_more = len(ids) > start + limit
    data = [_copy(record) for record in ordered[start : start + limit]]
    return Page(data=data, has_more=has_more, after=data[-1].id if has_more else None)
