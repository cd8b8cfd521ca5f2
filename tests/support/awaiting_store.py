"""A chatkit Store as an application would bring one: in memory, scoped by owner, and every call waits for a round trip.

The waiting is what counts. Stores that never give up the event loop hide what happens when a request is cancelled.
"""

import asyncio
from collections.abc import Sequence
from typing import Any, TypeVar

from chatkit.store import NotFoundError, Store
from chatkit.types import Attachment, Page, ThreadItem, ThreadMetadata
from pydantic import BaseModel

Record = TypeVar("Record", bound=BaseModel)

UNSTORABLE = "unstorable"
"""Items whose ids start like this make the store fail, as a database does that is full."""
SLOW = "slow"
"""Items whose ids start like this take the store a while."""


class AwaitingStore(Store[Any]):
    """Records are copied on the way in and out. Threads are listed in the order in which they were made."""

    def __init__(self) -> None:
        self._threads: dict[tuple[str, str], ThreadMetadata] = {}
        self._items: dict[tuple[str, str], dict[str, ThreadItem]] = {}
        self._attachments: dict[tuple[str, str], Attachment] = {}

    async def load_thread(self, thread_id: str, context: Any) -> ThreadMetadata:
        await _round_trip()
        return _found(self._threads, (context.owner, thread_id)).model_copy(deep=True)

    async def save_thread(self, thread: ThreadMetadata, context: Any) -> None:
        await _round_trip()
        columns = {name: getattr(thread, name) for name in ThreadMetadata.model_fields}
        self._threads[context.owner, thread.id] = ThreadMetadata(**columns).model_copy(deep=True)
        self._items.setdefault((context.owner, thread.id), {})

    async def load_threads(self, limit: int, after: str | None, order: str, context: Any) -> Page[ThreadMetadata]:
        await _round_trip()
        return _page([t for (owner, _), t in self._threads.items() if owner == context.owner], limit, after, order)

    async def delete_thread(self, thread_id: str, context: Any) -> None:
        await _round_trip()
        _found(self._threads, (context.owner, thread_id))
        del self._threads[context.owner, thread_id]
        del self._items[context.owner, thread_id]

    async def load_thread_items(
        self, thread_id: str, after: str | None, limit: int, order: str, context: Any
    ) -> Page[ThreadItem]:
        await _round_trip()
        return _page(list(_found(self._items, (context.owner, thread_id)).values()), limit, after, order)

    async def load_item(self, thread_id: str, item_id: str, context: Any) -> ThreadItem:
        await _round_trip()
        return _found(_found(self._items, (context.owner, thread_id)), item_id).model_copy(deep=True)

    async def add_thread_item(self, thread_id: str, item: ThreadItem, context: Any) -> None:
        await _round_trip()
        if item.id.startswith(UNSTORABLE):
            raise RuntimeError("the disk is full")
        if item.id.startswith(SLOW):
            await asyncio.sleep(0.3)
        _found(self._items, (context.owner, thread_id))[item.id] = item.model_copy(deep=True)

    async def save_item(self, thread_id: str, item: ThreadItem, context: Any) -> None:
        await self.add_thread_item(thread_id, item, context)

    async def delete_thread_item(self, thread_id: str, item_id: str, context: Any) -> None:
        await _round_trip()
        _found(self._items, (context.owner, thread_id)).pop(item_id, None)

    async def load_attachment(self, attachment_id: str, context: Any) -> Attachment:
        await _round_trip()
        return _found(self._attachments, (context.owner, attachment_id)).model_copy(deep=True)

    async def save_attachment(self, attachment: Attachment, context: Any) -> None:
        await _round_trip()
        self._attachments[context.owner, attachment.id] = attachment.model_copy(deep=True)

    async def delete_attachment(self, attachment_id: str, context: Any) -> None:
        await _round_trip()
        _found(self._attachments, (context.owner, attachment_id))
        del self._attachments[context.owner, attachment_id]


async def _round_trip() -> None:
    for _ in range(2):
        await asyncio.sleep(0)


def _found(records: dict[Any, Any], key: Any) -> Any:
    if key not in records:
        raise NotFoundError
    return records[key]


def _page(records: Sequence[Record], limit: int, after: str | None, order: str) -> Page[Record]:
    ordered = list(records) if order == "asc" else list(reversed(records))
    ids = [getattr(record, "id", None) for record in ordered]
    if after is not None and after not in ids:
        raise NotFoundError
    rest = ordered[ids.index(after) + 1 :] if after is not None else ordered
    data = [record.model_copy(deep=True) for record in rest[:limit]]
    has_more = len(rest) > limit
    return Page(data=data, has_more=has_more, after=getattr(data[-1], "id", None) if has_more else None)
