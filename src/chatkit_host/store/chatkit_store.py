"""A complete chatkit `Store` in the database, for anyone who has a `ChatKitServer`, with or without the rest of this host."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Self, TypeVar

from chatkit.store import NotFoundError, Store, StoreItemType
from chatkit.types import Attachment, Page, ThreadItem, ThreadMetadata

from chatkit_host.errors import NotFound
from chatkit_host.ids import Owner, new_id
from chatkit_host.store.database import Database, Read, Write
from chatkit_host.store.queries import attachments, items, threads
from chatkit_host.store.queries.deletion import delete_thread

Result = TypeVar("Result")


def owner_of_context(context: Any) -> str:
    """The `owner` or else the `user_id` of a context, as an attribute or a key. Raises `TypeError` when there is neither."""
    for name in ("owner", "user_id"):
        value = context.get(name) if isinstance(context, Mapping) else None
        value = getattr(context, name, None) if value is None else value
        if value is not None and str(value):
            return str(value)
    raise TypeError(
        "The request context says nothing about whose threads these are. Give it an attribute or a key 'owner' or 'user_id', "
        "or give the store a function: DatabaseStore.open(url, owner_of=lambda context: ...)."
    )


class DatabaseStore(Store[Any]):
    """Each owner sees their own records alone; a foreign id raises `chatkit.store.NotFoundError`, as an unknown one does.

    Items are ordered by the sequence in which they were added, threads by their last message. The tables are made by
    `chatkit_host.store.migrate`. Raises `DatabaseUnavailable` when the database cannot be reached.
    """

    def __init__(self, database: Database, *, owner_of: Callable[[Any], str] = owner_of_context) -> None:
        self._database = database
        self._owner_of = owner_of

    @classmethod
    def open(cls, url: str, *, owner_of: Callable[[Any], str] = owner_of_context) -> Self:
        """A store with a database of its own, which `close()` closes."""
        return cls(Database.open(url), owner_of=owner_of)

    @property
    def database(self) -> Database:
        return self._database

    async def close(self) -> None:
        await self._database.close()

    def generate_thread_id(self, context: Any) -> str:
        return new_id("thread")

    def generate_item_id(self, item_type: StoreItemType, thread: ThreadMetadata, context: Any) -> str:
        return new_id(item_type)

    async def load_thread(self, thread_id: str, context: Any) -> ThreadMetadata:
        owner = self._owner(context)
        return await self._read(lambda r: threads.load(r, owner, thread_id))

    async def save_thread(self, thread: ThreadMetadata, context: Any) -> None:
        """Column by column, so that the items of a `Thread` are left out. The owner never changes."""
        owner = self._owner(context)
        await self._write(lambda w: threads.save(w, owner, thread))

    async def load_threads(self, limit: int, after: str | None, order: str, context: Any) -> Page[ThreadMetadata]:
        owner = self._owner(context)
        return await self._read(lambda r: threads.page(r, owner, limit=limit, after=after, order=order))

    async def delete_thread(self, thread_id: str, context: Any) -> None:
        owner = self._owner(context)
        await self._write(lambda w: delete_thread(w, owner, thread_id))

    async def load_thread_items(
        self, thread_id: str, after: str | None, limit: int, order: str, context: Any
    ) -> Page[ThreadItem]:
        """Hidden items too: `ChatKitServer` filters them itself."""
        owner = self._owner(context)
        return await self._read(
            lambda r: items.page(r, owner, thread_id, limit=limit, after=after, order=order, hidden=True)
        )

    async def load_item(self, thread_id: str, item_id: str, context: Any) -> ThreadItem:
        owner = self._owner(context)
        return await self._read(lambda r: items.load(r, owner, thread_id, item_id))

    async def add_thread_item(self, thread_id: str, item: ThreadItem, context: Any) -> None:
        """The SDK adds some items twice; the second time replaces the first and keeps its place."""
        owner = self._owner(context)

        def add(w: Write) -> None:
            if not items.save(w, owner, thread_id, [item], turn_id=None, moment=w.moment()):
                raise NotFound

        await self._write(add)

    async def save_item(self, thread_id: str, item: ThreadItem, context: Any) -> None:
        await self.add_thread_item(thread_id, item, context)

    async def delete_thread_item(self, thread_id: str, item_id: str, context: Any) -> None:
        """An item that is not there is fine: the SDK removes items that it never saved."""
        owner = self._owner(context)
        await self._write(lambda w: items.delete(w, owner, thread_id, [item_id]))

    async def load_attachment(self, attachment_id: str, context: Any) -> Attachment:
        owner = self._owner(context)
        return await self._read(lambda r: attachments.load(r, owner, attachment_id))

    async def save_attachment(self, attachment: Attachment, context: Any) -> None:
        owner = self._owner(context)
        await self._write(lambda w: attachments.save(w, owner, attachment))

    async def delete_attachment(self, attachment_id: str, context: Any) -> None:
        owner = self._owner(context)
        await self._write(lambda w: attachments.delete(w, owner, attachment_id))

    def _owner(self, context: Any) -> Owner:
        return Owner(self._owner_of(context))

    async def _read(self, look: Callable[[Read], Result]) -> Result:
        return await _in_words_of_chatkit(self._database.reading(look))

    async def _write(self, change: Callable[[Write], Result]) -> Result:
        return await _in_words_of_chatkit(self._database.writing(change))


async def _in_words_of_chatkit(answer: Awaitable[Result]) -> Result:
    try:
        return await answer
    except NotFound as error:
        raise NotFoundError(error.message) from error
