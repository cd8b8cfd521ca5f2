"""Lists of conversations and the search through them: the engine's `ConversationLists`."""

from collections.abc import Sequence
from typing import Any, cast

from chatkit.store import Store
from chatkit.types import ThreadMetadata

from chatkit_host.clock import as_utc
from chatkit_host.engine.conversation_lists import Found, Overview, OverviewPage, Speaker
from chatkit_host.errors import Conflict, NotSupported
from chatkit_host.ids import Owner
from chatkit_host.store.database import AnyRow, Database, Read, Write
from chatkit_host.store.foreign import ForeignConversations
from chatkit_host.store.payloads import item_from
from chatkit_host.store.queries import conversation_lists, search, threads
from chatkit_host.store.queries.pages import check_limit
from chatkit_host.store.words import Terms, excerpt, said, terms


class DatabaseConversationLists:
    """Every method may raise `DatabaseUnavailable`, every limit below 1 is `InvalidInput`."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._matching = search.matching_in_sqlite if database.address.is_sqlite else search.matching_in_postgresql

    async def page(self, owner: Owner, *, limit: int, after: str | None = None, offset: int = 0) -> OverviewPage:
        return await self._database.reading(
            lambda r: conversation_lists.page(r, owner, limit=limit, after=after, offset=offset)
        )

    async def overview(self, owner: Owner, thread_id: str) -> Overview:
        return await self._database.reading(lambda r: conversation_lists.load(r, owner, thread_id))

    async def create(self, owner: Owner, thread: ThreadMetadata) -> None:
        def create(w: Write) -> None:
            if not threads.create(w, owner, thread, as_utc(thread.created_at)) and not w.repeated:
                raise Conflict

        await self._database.writing(create)

    async def search(self, owner: Owner, asked: str, *, limit: int) -> Sequence[Found]:
        wanted = terms(asked)
        if wanted is None:
            return []

        def find(r: Read) -> list[Found]:
            check_limit(limit)
            rows = search.find(r, owner, wanted, self._matching, limit=limit)
            return [_found(row, wanted) for row in rows]

        found = await self._database.reading(lambda r: None if search.is_behind(r) else find(r))
        if found is None:
            await self._database.writing(search.catch_up)
            found = await self._database.reading(find)
        return found


class ForeignConversationLists:
    """The same of a chatkit `Store` that somebody else wrote, for one request context: without what such a Store cannot tell.

    No previews, counts or search; `updated_at` is the time of creation, and the order is that Store's.
    """

    def __init__(self, store: Store[Any], conversations: ForeignConversations, context: Any) -> None:
        self._store = store
        self._conversations = conversations
        self._context = context

    async def page(self, owner: Owner, *, limit: int, after: str | None = None, offset: int = 0) -> OverviewPage:
        if offset:
            raise NotSupported("Conversations are listed by cursor here; use `after` instead of `offset`.")
        page = await self._conversations.load_threads(owner, limit=limit, after=after, order="desc")
        return OverviewPage(data=[_bare(thread) for thread in page.data], has_more=page.has_more)

    async def overview(self, owner: Owner, thread_id: str) -> Overview:
        thread = await self._conversations.load_thread(owner, thread_id)
        running = await self._conversations.open_turn(owner, thread_id)
        return _bare(thread, running_turn_id=None if running is None else running.id)

    async def create(self, owner: Owner, thread: ThreadMetadata) -> None:
        await self._store.save_thread(thread, self._context)

    async def search(self, owner: Owner, asked: str, *, limit: int) -> Sequence[Found]:
        raise NotSupported("Conversations cannot be searched here.")


def _bare(thread: ThreadMetadata, running_turn_id: str | None = None) -> Overview:
    return Overview(
        id=thread.id,
        title=thread.title,
        status=thread.status.type,
        created_at=as_utc(thread.created_at),
        updated_at=as_utc(thread.created_at),
        preview=None,
        message_count=None,
        running_turn_id=running_turn_id,
    )


def _found(row: AnyRow, wanted: Terms) -> Found:
    return Found(
        thread_id=row.thread_id,
        title=row.title,
        item_id=row.item_id,
        speaker=cast(Speaker, row.kind.removesuffix("_message")),
        created_at=row.created_at,
        excerpt=excerpt(said(item_from(row.kind, row.payload)), wanted),
    )
