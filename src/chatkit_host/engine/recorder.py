"""What a responder says, as it goes into the log: folded, encoded, stored when it is done."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from time import monotonic

from chatkit.types import (
    AssistantMessageContentPartTextDelta,
    ThreadItem,
    ThreadItemAddedEvent,
    ThreadItemDoneEvent,
    ThreadItemRemovedEvent,
    ThreadItemReplacedEvent,
    ThreadItemUpdatedEvent,
    ThreadMetadata,
    ThreadStreamEvent,
    ThreadUpdatedEvent,
    WidgetItem,
    WidgetRootUpdated,
)

from chatkit_host.engine import events as wire
from chatkit_host.engine.fold import PendingItems
from chatkit_host.engine.log import TurnLog
from chatkit_host.engine.patience import patiently
from chatkit_host.engine.ports import Lease, ModelItem, ThreadChanges, ThreadStore, TurnEnd, TurnWrite
from chatkit_host.errors import NotFound
from chatkit_host.text import safe_text


class Recorder:
    """Takes what the responder says: folds it, logs it, stores what is done. The `TurnEvents` of a running turn."""

    def __init__(
        self, lease: Lease, thread: ThreadMetadata, log: TurnLog, store: ThreadStore, *, known: ThreadMetadata
    ) -> None:
        """`known`: the thread as it is in the store; what the responder changes is found by comparing."""
        self.pending = PendingItems()
        self._lease = lease
        self._thread = thread
        self._known = known
        self._log = log
        self._store = store
        self._usage: dict[str, int] = {}
        self.first_text_at: float | None = None
        self.said: list[ThreadItem] = []

    @property
    def used(self) -> Mapping[str, int]:
        return self._usage

    def begin_message(self, item_id: str, created_at: datetime) -> None:
        thread_id = self._lease.thread_id
        self.pending.begin_message(item_id, thread_id, created_at)
        self._log.append_all(wire.message_begun(item_id, thread_id, created_at))

    def text(self, item_id: str, delta: str, content_index: int = 0) -> None:
        if self.first_text_at is None:
            self.first_text_at = monotonic()
        self.pending.text(item_id, content_index, delta)
        self._log.text(item_id, content_index, delta)

    def show(self, event: ThreadStreamEvent) -> None:
        match event:
            case ThreadItemAddedEvent():
                event = event.model_copy(update={"item": wire.owned_item(event.item, self._lease.thread_id)})
                self.pending.apply(event)
                if wire.is_hidden(event.item):
                    return
            case ThreadItemUpdatedEvent():
                self.pending.apply(event)
            case ThreadItemDoneEvent():
                done = self._done(event)
                if wire.is_hidden(done.item):
                    self._log.store(done.item)
                else:
                    self._log.append(wire.encode(done), done.item)
                return
            case _:
                pass
        self._log.append(wire.encode(event))

    def finish(self, event: ThreadItemDoneEvent) -> None:
        done = self._done(event)
        self._log.append_held(wire.encode(done), done.item)

    def _done(self, event: ThreadItemDoneEvent) -> ThreadItemDoneEvent:
        event = event.model_copy(update={"item": wire.owned_item(event.item, self._lease.thread_id)})
        self.pending.apply(event)
        self.said.append(event.item)
        return event

    async def send(self, event: ThreadStreamEvent) -> None:
        match event:
            case ThreadItemDoneEvent() | ThreadItemReplacedEvent():
                item = wire.owned_item(event.item, self._lease.thread_id)
                event = event.model_copy(update={"item": item})
                await self._save(event, items=[item], show=not wire.is_hidden(item))
                self.said.append(item)
            case ThreadItemRemovedEvent():
                await self._save(event, removed_items=[event.item_id], show=True)
            case ThreadItemUpdatedEvent(update=AssistantMessageContentPartTextDelta() as update):
                self.text(event.item_id, safe_text(update.delta), update.content_index)
            case ThreadItemUpdatedEvent(update=WidgetRootUpdated() as update):
                await self._change_widget(event, update)
            case _:
                self.show(event)
        await self.save_thread_changes()

    def tool_started(self, call_id: str, name: str, arguments: str) -> None:
        self._log.append(wire.encode_host("host.tool_call.started", call_id=call_id, name=name, arguments=arguments))

    def tool_finished(self, call_id: str, name: str, result: str, *, failed: bool = False) -> None:
        self._log.append(
            wire.encode_host("host.tool_call.finished", call_id=call_id, name=name, result=result, failed=failed)
        )

    def usage(self, counts: dict[str, int]) -> None:
        self._usage = counts
        self._log.remember(usage=counts)
        self._log.append(wire.encode_host("host.usage", **counts))

    def remember(self, transcript: Sequence[ModelItem]) -> None:
        self._log.remember(transcript=list(transcript))

    async def settle(self) -> None:
        await self._log.commit()

    async def save_thread_changes(self) -> None:
        """Saves the columns that the responder changed, and only those: a rename by the user in the meantime stays."""
        changes = self._thread_changes()
        if changes:
            await self._log.commit([await self._thread_updated(changes)], TurnWrite(thread_changes=changes))

    async def end(self, events: Sequence[bytes], items: Sequence[ThreadItem], end: TurnEnd) -> None:
        changes = self._thread_changes()
        if changes:
            events = [*events[:-1], await self._thread_updated(changes), events[-1]]
        self.said += items
        await self._log.commit(
            events,
            TurnWrite(items=items, thread_changes=changes or None, end=end),
        )

    async def _save(
        self,
        event: ThreadStreamEvent,
        *,
        items: Sequence[ThreadItem] = (),
        removed_items: Sequence[str] = (),
        show: bool,
    ) -> None:
        self.pending.apply(event)
        await self._log.commit(
            [wire.encode(event)] if show else [],
            TurnWrite(items=items, removed_items=removed_items),
        )

    async def _change_widget(self, event: ThreadItemUpdatedEvent, update: WidgetRootUpdated) -> None:
        """A widget of an earlier answer is stored as it was changed; one that is not done yet is stored when it is."""
        try:
            stored = await patiently(
                lambda: self._store.load_item(self._lease.owner, self._lease.thread_id, event.item_id)
            )
        except NotFound:
            stored = None
        if isinstance(stored, WidgetItem):
            changed = stored.model_copy(update={"widget": update.widget})
            await self._log.commit([wire.encode(event)], TurnWrite(items=[changed]))
        else:
            self.show(event)

    async def _thread_updated(self, changes: ThreadChanges) -> bytes:
        """The thread as it is now, the user's own changes included, with the responder's."""
        now = await patiently(lambda: self._store.load_thread(self._lease.owner, self._lease.thread_id))
        return wire.encode(ThreadUpdatedEvent(thread=wire.thread_answer(now.model_copy(update=dict(changes)))))

    def _thread_changes(self) -> ThreadChanges:
        """Asked after every event, as the SDK does; so nothing is copied unless something has changed."""
        changed = [name for name in _CHANGEABLE if getattr(self._thread, name) != getattr(self._known, name)]
        if not changed:
            return ThreadChanges()
        self._known = self._thread.model_copy(deep=True)
        return ThreadChanges(**{name: getattr(self._known, name) for name in changed})


_CHANGEABLE = ("title", "status", "allowed_image_domains", "metadata")
