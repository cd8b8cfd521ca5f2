"""Conversations in the database: the engine's `ConversationStore`, each method one transaction."""

from collections.abc import Callable, Sequence

from chatkit.types import Attachment, FeedbackKind, Page, ThreadItem, ThreadMetadata

from chatkit_host.engine.ports import (
    Lease,
    NewTurn,
    Order,
    PastTurn,
    ThreadChanges,
    TurnWrite,
    Versions,
)
from chatkit_host.errors import Conflict, LeaseLost, NotFound, TurnRunning
from chatkit_host.ids import Owner
from chatkit_host.store.database import Database, Read, Write
from chatkit_host.store.past import Pasts
from chatkit_host.store.queries import attachments, events, feedback, items, threads, turns, versions
from chatkit_host.store.queries.deletion import delete_thread
from chatkit_host.store.turns import DatabaseTurns


class DatabaseConversations(DatabaseTurns):
    """Fulfils `engine.ports.ConversationStore`. Every method may raise `DatabaseUnavailable`, every limit below 1 `InvalidInput`."""

    def __init__(self, database: Database) -> None:
        super().__init__(database)
        self._pasts = Pasts()

    async def load_thread(self, owner: Owner, thread_id: str) -> ThreadMetadata:
        return await self._database.reading(lambda r: threads.load(r, owner, thread_id), is_one_statement=True)

    async def load_threads(self, owner: Owner, *, limit: int, after: str | None, order: Order) -> Page[ThreadMetadata]:
        return await self._database.reading(lambda r: threads.page(r, owner, limit=limit, after=after, order=order))

    async def load_items(
        self, owner: Owner, thread_id: str, *, limit: int, after: str | None, order: Order, hidden: bool = False
    ) -> Page[ThreadItem]:
        return await self._database.reading(
            lambda r: items.page(r, owner, thread_id, limit=limit, after=after, order=order, hidden=hidden)
        )

    async def load_item(self, owner: Owner, thread_id: str, item_id: str) -> ThreadItem:
        return await self._database.reading(lambda r: items.load(r, owner, thread_id, item_id), is_one_statement=True)

    async def save_item(self, owner: Owner, thread_id: str, item: ThreadItem) -> None:
        await self._database.writing(lambda w: items.replace(w, owner, thread_id, item))

    async def change_thread(self, owner: Owner, thread_id: str, changes: ThreadChanges) -> ThreadMetadata:
        return await self._database.writing(lambda w: threads.change(w, owner, thread_id, changes))

    async def delete_thread(self, owner: Owner, thread_id: str) -> None:
        await self._database.writing(lambda w: delete_thread(w, owner, thread_id))
        self._pasts.forget(owner, thread_id)

    async def load_attachment(self, owner: Owner, attachment_id: str) -> Attachment:
        return await self._database.reading(lambda r: attachments.load(r, owner, attachment_id))

    async def save_attachment(self, owner: Owner, attachment: Attachment) -> None:
        await self._database.writing(lambda w: attachments.save(w, owner, attachment))

    async def delete_attachment(self, owner: Owner, attachment_id: str) -> None:
        await self._database.writing(lambda w: attachments.delete_unused(w, owner, attachment_id))

    async def save_feedback(self, owner: Owner, thread_id: str, item_ids: Sequence[str], kind: FeedbackKind) -> None:
        def save(w: Write) -> None:
            threads.require(w, owner, thread_id)
            if not items.all_shown(w, owner, thread_id, item_ids):
                raise NotFound
            feedback.save(w, owner, thread_id, item_ids, kind)

        await self._database.writing(save)

    async def versions(self, owner: Owner, thread_id: str) -> list[Versions]:
        def look(r: Read) -> list[Versions]:
            if not (found := versions.in_sight(r, owner, thread_id)):
                threads.require(r, owner, thread_id)
            return found

        return await self._database.reading(look)

    async def choose_version(self, owner: Owner, thread_id: str, version_id: str) -> None:
        def choose(w: Write) -> None:
            # No turn begins in the thread while this holds its row.
            threads.hold(w, owner, thread_id)
            if (running := turns.open_in(w, owner, thread_id)) is not None:
                raise TurnRunning(running.id)
            versions.choose(w, owner, thread_id, version_id)

        await self._database.writing(choose)

    async def begin_turn(self, new: NewTurn, *, committing: Callable[[], object] = lambda: None) -> None:
        await self._database.writing(lambda w: _begin(w, new), committing=committing)

    async def write_turn(self, lease: Lease, write: TurnWrite) -> None:
        is_flush = not (write.items or write.removed_items or write.thread_changes or write.end)
        await self._database.writing(lambda w: _write(w, lease, write), is_one_statement=is_flush)

    async def past_turns(self, owner: Owner, thread_id: str, *, limit: int) -> list[PastTurn]:
        return await self._database.reading(lambda r: self._pasts.of(r, owner, thread_id, limit=limit))


def _begin(w: Write, new: NewTurn) -> None:
    lease = new.lease
    owner, thread_id, turn_id = lease.owner, lease.thread_id, lease.turn_id
    if w.repeated and turns.was_added(w, lease):
        return  # the commit had come through after all
    if new.creates_thread:
        if not threads.create(w, owner, new.thread, new.created_at, items=len(new.items)):
            raise Conflict
        first: int | None = 1
    else:
        first = threads.reserve_positions(w, owner, thread_id, len(new.items), new.created_at)
        if first is None:
            raise NotFound
    turns.add(w, new)
    for attachment in new.attachments:
        attachments.bind(w, owner, attachment, thread_id)
    if (fork := _fork(w, new)) is not None:
        versions.begin(w, owner, thread_id, fork, turn_id)
    if new.removed_items:
        items.delete(w, owner, thread_id, new.removed_items)
    asked = next((place for place, item in enumerate(new.items) if item.id == new.input_item_id), 0)
    if imported := new.items[:asked]:  # said elsewhere: no transcript of this turn tells of them
        items.save_at(w, owner, thread_id, imported, first=first, turn_id=None)
    if own := new.items[asked:]:
        items.save_at(w, owner, thread_id, own, first=first + asked, turn_id=turn_id)
    if new.events:
        events.append(w, lease, new.events)


def _write(w: Write, lease: Lease, write: TurnWrite) -> None:
    owner, thread_id, turn_id = lease.owner, lease.thread_id, lease.turn_id
    turn = turns.write(w, lease, write)
    if turn is None:
        return
    if write.items and not items.save(w, owner, thread_id, write.items, turn_id=turn_id, moment=w.moment()):
        raise LeaseLost
    if write.removed_items:
        items.delete(w, owner, thread_id, write.removed_items)
    if write.thread_changes:
        try:
            threads.change(w, owner, thread_id, write.thread_changes)
        except NotFound as gone:
            raise LeaseLost from gone
    if write.end is not None and turn.operation == "retry":
        is_completed = write.end.status == "completed"
        versions.settle(w, owner, thread_id, turn_id, input_item_id=turn.input_item_id, is_completed=is_completed)


def _fork(r: Read, new: NewTurn) -> int | None:
    """The position after which the turn writes another version."""
    owner, thread_id = new.lease.owner, new.lease.thread_id
    if new.supersedes_after is not None:
        return items.position(r, owner, thread_id, new.supersedes_after)
    if new.supersedes_from is None:
        return None
    # The item before may have been deleted since the message had its first version.
    before = items.position_before(r, owner, thread_id, new.supersedes_from)
    place = items.position(r, owner, thread_id, new.supersedes_from)
    return max(before, versions.fork_before(r, owner, thread_id, place))
