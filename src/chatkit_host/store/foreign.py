"""Conversations in somebody's own chatkit Store, with our turns and event logs beside it.

Two stores have no common transaction. Theirs is written first and ours says when it is done, so that an event never tells
of an item that is not there; what is left of a crash in between is a turn without an end, which the reaper closes.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import Any, TypeVar

from chatkit.store import NotFoundError, Store
from chatkit.types import Attachment, FeedbackKind, Page, ThreadItem, ThreadMetadata

from chatkit_host.engine.ports import (
    Lease,
    LogEvent,
    ModelItem,
    NewTurn,
    Order,
    PastTurn,
    ThreadChanges,
    Turn,
    TurnEnd,
    TurnWrite,
    Versions,
)
from chatkit_host.errors import Conflict, InternalFailure, InvalidInput, LeaseLost, NotFound, NotSupported
from chatkit_host.ids import Owner, TurnId
from chatkit_host.store.payloads import HIDDEN_KINDS
from chatkit_host.store.turns import DatabaseTurns, ItemsWait

Result = TypeVar("Result")

_PAGE = 100


class ForeignConversations:
    """Fulfils `engine.ports.ConversationStore` for one request context, as far as another Store lets it.

    Differences: a page without hidden items may be short though there is more; `past_turns` knows no turns; an item that a
    failed retry brings back stands where their Store puts an added item; a thread's columns are read, changed and saved. Versions
    cannot be kept: a retry that completes deletes the old answer, and an edit is refused.
    """

    def __init__(self, store: Store[Any], turns: DatabaseTurns, context: Any) -> None:
        self._store = store
        self._turns = turns
        self._context = context

    async def load_thread(self, owner: Owner, thread_id: str) -> ThreadMetadata:
        return await _theirs(self._store.load_thread(thread_id, self._context))

    async def load_threads(self, owner: Owner, *, limit: int, after: str | None, order: Order) -> Page[ThreadMetadata]:
        _check_limit(limit)
        return await _theirs(self._store.load_threads(limit, after, order, self._context))

    async def load_items(
        self, owner: Owner, thread_id: str, *, limit: int, after: str | None, order: Order, hidden: bool = False
    ) -> Page[ThreadItem]:
        _check_limit(limit)
        await self.load_thread(owner, thread_id)
        if after is None:
            await self._bring_home(owner, thread_id)
        page = await self._items(thread_id, after, limit, order)
        if hidden:
            return page
        return page.model_copy(update={"data": [item for item in page.data if item.type not in HIDDEN_KINDS]})

    async def load_item(self, owner: Owner, thread_id: str, item_id: str) -> ThreadItem:
        return await _theirs(self._store.load_item(thread_id, item_id, self._context))

    async def save_item(self, owner: Owner, thread_id: str, item: ThreadItem) -> None:
        await self.load_item(owner, thread_id, item.id)
        await _theirs(self._store.save_item(thread_id, item, self._context))

    async def change_thread(self, owner: Owner, thread_id: str, changes: ThreadChanges) -> ThreadMetadata:
        thread = (await self.load_thread(owner, thread_id)).model_copy(update=dict(changes))
        await _theirs(self._store.save_thread(thread, self._context))
        return thread

    async def delete_thread(self, owner: Owner, thread_id: str) -> None:
        await self.load_thread(owner, thread_id)
        await _theirs(self._store.delete_thread(thread_id, self._context))
        await self._turns.forget_thread(owner, thread_id)

    async def load_attachment(self, owner: Owner, attachment_id: str) -> Attachment:
        return await _theirs(self._store.load_attachment(attachment_id, self._context))

    async def save_attachment(self, owner: Owner, attachment: Attachment) -> None:
        await _theirs(self._store.save_attachment(attachment, self._context))

    async def delete_attachment(self, owner: Owner, attachment_id: str) -> None:
        attachment = await self.load_attachment(owner, attachment_id)
        if attachment.thread_id is not None:
            raise Conflict("A message uses this attachment.")
        await _theirs(self._store.delete_attachment(attachment_id, self._context))

    async def save_feedback(self, owner: Owner, thread_id: str, item_ids: Sequence[str], kind: FeedbackKind) -> None:
        await self.load_thread(owner, thread_id)
        for item_id in item_ids:
            if (await self.load_item(owner, thread_id, item_id)).type in HIDDEN_KINDS:
                raise NotFound
        await self._turns.record_feedback(owner, thread_id, item_ids, kind)

    async def versions(self, owner: Owner, thread_id: str) -> list[Versions]:
        raise _keeps_no_versions()

    async def choose_version(self, owner: Owner, thread_id: str, version_id: str) -> None:
        raise _keeps_no_versions()

    async def begin_turn(self, new: NewTurn, *, committing: Callable[[], object] = lambda: None) -> None:
        """Reserves the turn and then writes theirs; when that fails, the turn has failed and the error goes on. What is theirs may
        refuse until the last moment, so that `committing` is never called."""
        if new.supersedes_from is not None:
            raise _keeps_no_versions()
        owner, thread_id = new.lease.owner, new.lease.thread_id
        if not new.creates_thread:
            await self.load_thread(owner, thread_id)
        for attachment in new.attachments:
            if (await self.load_attachment(owner, attachment.id)).thread_id not in (None, thread_id):
                raise NotFound
        set_aside = await self._reserve(new)
        try:
            await self._write_beginning(new, set_aside)
        except BaseException:
            # Also when the request was cancelled: a turn that nobody runs would keep its thread busy until it expires.
            await asyncio.shield(asyncio.ensure_future(self.write_turn(new.lease, TurnWrite(end=_FAILED))))
            raise

    async def _reserve(self, new: NewTurn) -> Sequence[ThreadItem]:
        """What the turn sets aside. Items that a dead worker's turn has left are home by then, however late that turn was ended."""
        owner, thread_id = new.lease.owner, new.lease.thread_id
        while True:
            await self._bring_home(owner, thread_id)
            set_aside = await self._items_after(thread_id, new.supersedes_after) if new.supersedes_after else []
            try:
                await self._turns.reserve_turn(new, set_aside=set_aside)
            except ItemsWait:
                continue
            return set_aside

    async def write_turn(self, lease: Lease, write: TurnWrite) -> None:
        if write.items or write.removed_items or write.thread_changes or write.end:
            set_aside = await self._turns.items_set_aside(lease)
            try:
                await self._write_theirs(lease, write, set_aside)
            except NotFound as gone:
                raise LeaseLost from gone
        await self._turns.write_log(lease, write)

    async def end_for_owner(self, lease: Lease, write: TurnWrite) -> None:
        await self._turns.end_for_owner(lease, write)

    async def load_turn(self, owner: Owner, turn_id: str) -> Turn:
        return await self._turns.load_turn(owner, turn_id)

    async def turn_of_key(self, owner: Owner, idempotency_key: str) -> Turn | None:
        return await self._turns.turn_of_key(owner, idempotency_key)

    async def open_turn(self, owner: Owner, thread_id: str) -> Turn | None:
        return await self._turns.open_turn(owner, thread_id)

    async def read_events(self, owner: Owner, turn_id: str, *, after: int, limit: int = 1000) -> list[LogEvent]:
        return await self._turns.read_events(owner, turn_id, after=after, limit=limit)

    async def past_turns(self, owner: Owner, thread_id: str, *, limit: int) -> list[PastTurn]:
        """One group: their Store does not say which turn wrote an item."""
        page = await self.load_items(owner, thread_id, limit=limit, after=None, order="desc", hidden=True)
        if not page.data:
            return []
        return [PastTurn(turn_id=None, status=None, items=list(reversed(page.data)), transcript=None)]

    async def ask_to_cancel(self, owner: Owner, turn_id: str) -> Turn:
        return await self._turns.ask_to_cancel(owner, turn_id)

    async def asked_to_cancel(self, worker: str) -> set[TurnId]:
        return await self._turns.asked_to_cancel(worker)

    async def write_logs(self, groups: Sequence[tuple[Lease, Sequence[LogEvent]]]) -> set[TurnId]:
        return await self._turns.write_logs(groups)

    async def renew_leases(self, leases: Sequence[Lease], seconds: float) -> set[TurnId]:
        return await self._turns.renew_leases(leases, seconds)

    async def workers(self) -> set[str]:
        return await self._turns.workers()

    async def release_turns(self, worker: str, turn_ids: Sequence[TurnId] | None = None) -> None:
        await self._turns.release_turns(worker, turn_ids)

    async def forget_events(self, ended_before: datetime, *, limit: int) -> int:
        return await self._turns.forget_events(ended_before, limit=limit)

    async def load_transcript(self, owner: Owner, turn_id: str) -> list[ModelItem]:
        return await self._turns.load_transcript(owner, turn_id)

    async def expired_turns(self) -> list[Turn]:
        return await self._turns.expired_turns()

    async def take_over(self, turn: Turn, worker: str, seconds: float) -> Lease | None:
        return await self._turns.take_over(turn, worker, seconds)

    async def _bring_home(self, owner: Owner, thread_id: str) -> None:
        """Stores what a server that died could not: nobody but the owner's requests has the context for it."""
        turn_ids, items = await self._turns.waiting_items(owner, thread_id)
        if turn_ids:
            await self._save_items(thread_id, items)
            await self._turns.nothing_waits(owner, turn_ids)

    async def _write_beginning(self, new: NewTurn, set_aside: Sequence[ThreadItem]) -> None:
        thread_id = new.lease.thread_id
        if new.creates_thread:
            await _theirs(self._store.save_thread(new.thread, self._context))
        for attachment in new.attachments:
            bound = attachment.model_copy(update={"thread_id": thread_id})
            await _theirs(self._store.save_attachment(bound, self._context))
        await self._remove_items(thread_id, [item.id for item in set_aside])
        await self._remove_items(thread_id, new.removed_items)
        await self._save_items(thread_id, new.items)

    async def _write_theirs(self, lease: Lease, write: TurnWrite, set_aside: Sequence[ThreadItem]) -> None:
        await self._save_items(lease.thread_id, write.items)
        await self._remove_items(lease.thread_id, write.removed_items)
        if write.thread_changes:
            await self.change_thread(lease.owner, lease.thread_id, write.thread_changes)
        if write.end is not None and write.end.status != "completed":
            await self._save_items(lease.thread_id, set_aside)

    async def _save_items(self, thread_id: str, items: Sequence[ThreadItem]) -> None:
        """Not every Store's `save_item` adds, nor does every `add_thread_item` replace."""
        for item in items:
            try:
                await self._store.load_item(thread_id, item.id, self._context)
            except NotFoundError:
                await _theirs(self._store.add_thread_item(thread_id, item, self._context))
            else:
                await _theirs(self._store.save_item(thread_id, item, self._context))

    async def _remove_items(self, thread_id: str, item_ids: Sequence[str]) -> None:
        for item_id in item_ids:
            try:
                await self._store.delete_thread_item(thread_id, item_id, self._context)
            except NotFoundError:
                continue  # it is gone, which was the wish

    async def _items_after(self, thread_id: str, item_id: str) -> list[ThreadItem]:
        await _theirs(self._store.load_item(thread_id, item_id, self._context))
        later: list[ThreadItem] = []
        page = await self._items(thread_id, item_id, _PAGE, "asc")
        later += page.data
        while page.has_more and page.data:
            page = await self._items(thread_id, page.data[-1].id, _PAGE, "asc")
            later += page.data
        return later

    async def _items(self, thread_id: str, after: str | None, limit: int, order: Order) -> Page[ThreadItem]:
        return await _theirs(self._store.load_thread_items(thread_id, after, limit, order, self._context))


_FAILED = TurnEnd(status="failed", error_code=InternalFailure.code)


def _keeps_no_versions() -> NotSupported:
    return NotSupported("This server's store keeps no versions of a conversation.")


async def _theirs(answer: Awaitable[Result]) -> Result:
    try:
        return await answer
    except NotFoundError as error:
        raise NotFound from error


def _check_limit(limit: int) -> None:
    if limit < 1:
        raise InvalidInput("A page has at least one entry.")
