"""One turn, told once: ask the responder, fold what it says, keep it, finish in exactly one state.

The turn was accepted before (see `openings`): its user message is in the database and its first events are in the log.
"""

import asyncio
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from time import monotonic
from typing import Literal

from chatkit.errors import CustomStreamError, ErrorCode, StreamError
from chatkit.types import (
    AssistantMessageContent,
    AssistantMessageContentPartTextDelta,
    AssistantMessageItem,
    ErrorEvent,
    SDKHiddenContextItem,
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

from chatkit_host.clock import Clock
from chatkit_host.engine import events as wire
from chatkit_host.engine.fold import PendingItems, as_it_can_be_kept
from chatkit_host.engine.log import TurnLog
from chatkit_host.engine.ports import Lease, ModelItem, TerminalStatus, ThreadChanges, ThreadStore, TurnEnd, TurnWrite
from chatkit_host.engine.report import TurnReport, words_of
from chatkit_host.engine.responder import Responder, Run, TurnInput
from chatkit_host.errors import (
    DatabaseUnavailable,
    HostError,
    InternalFailure,
    LeaseLost,
    NotFound,
    TurnFailed,
    TurnTimeout,
)
from chatkit_host.ids import new_id
from chatkit_host.text import safe_text

_log = logging.getLogger(__name__)

StopReason = Literal["cancel", "disconnect", "shutdown", "thread_deleted", "broken"]

STOP_NOTE = "The user cancelled the stream. Stop responding to the prior request."
"""What the model is told of a stop, in the SDK's words, so that converters written for it recognise them."""

_TIME_TO_STOP_SECONDS = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class _Outcome:
    end: TurnEnd
    error: ErrorEvent | None = None
    last_words: str | None = None
    """Said as the assistant instead of shown as an error."""


class RunningTurn:
    """Runs in a task that no request owns. `stop` asks it to end early; it still finishes properly."""

    def __init__(
        self,
        lease: Lease,
        turn: TurnInput,
        run: Run,
        responder: Responder,
        log: TurnLog,
        store: ThreadStore,
        *,
        clock: Clock,
        seconds: float,
    ) -> None:
        self.lease = lease
        self.log = log
        self._turn = turn
        self._run = run
        self._responder = responder
        self._clock = clock
        self._seconds = seconds
        self._answering: asyncio.Task[None] | None = None
        self._stop_reason: StopReason | None = None
        self._given_up = asyncio.Event()
        self._recorder = _Recorder(lease, turn.thread, log, store)
        self._began = monotonic()
        self.report: TurnReport | None = None
        """Once the turn has ended."""

    def stop(self, reason: StopReason) -> None:
        """The first reason counts. Returns at once."""
        if self._stop_reason is None:
            self._stop_reason = reason
        if self._answering is not None and not self._answering.done():
            self._answering.cancel()
            asyncio.get_running_loop().call_later(_TIME_TO_STOP_SECONDS, self._given_up.set)

    async def run(self) -> None:
        outcome = await self._answer()
        status = outcome.end.status
        try:
            await self._finish(outcome)
        except LeaseLost:
            status = "interrupted"
            _log.warning("the turn was taken over or its thread is gone", extra={"turn_id": self.lease.turn_id})
            self._abandon(outcome)
        except DatabaseUnavailable:
            _log.error("the end of the turn could not be written", extra={"turn_id": self.lease.turn_id})
            self._abandon(outcome)
        except Exception:  # noqa: BLE001 - a Store of the user's own, at the turn's boundary
            _log.exception("the end of the turn could not be written", extra={"turn_id": self.lease.turn_id})
            self._abandon(outcome)
        finally:
            self.report = self._reported(status, outcome.end.error_code)
            await self.log.close()

    def _reported(self, status: TerminalStatus, error_code: str | None) -> TurnReport:
        recorder, question = self._recorder, self._turn.user_message
        return TurnReport(
            turn_id=self.lease.turn_id,
            thread_id=self.lease.thread_id,
            status=status,
            error_code=error_code,
            seconds=monotonic() - self._began,
            first_text_seconds=None if recorder.first_text_at is None else recorder.first_text_at - self._began,
            usage=recorder.used,
            question="" if question is None else words_of(question),
            answer="\n".join(filter(None, map(words_of, recorder.said))),
        )

    # -- answer ----------------------------------------------------------------------------------

    async def _answer(self) -> _Outcome:
        if self._stop_reason is not None:
            return self._stopped()
        self._answering = asyncio.get_running_loop().create_task(self._respond(), name=f"answer {self.lease.turn_id}")
        in_time = await self._until_it_ends(self._answering)
        if not self._answering.done():
            _log.error("the responder does not stop when cancelled", extra={"turn_id": self.lease.turn_id})
        if self._stop_reason is not None and not _succeeded(self._answering):
            return self._stopped()
        if not in_time:
            return _failed(TurnTimeout())
        if self._answering.cancelled():
            return _failed(InternalFailure())
        return self._judge(self._answering.exception())

    async def _respond(self) -> None:
        await self._run(self._turn, self._recorder)
        await self._recorder.save_thread_changes()

    async def _until_it_ends(self, answering: asyncio.Task[None]) -> bool:
        """Waits for the end, for the time limit, or until it is clear that a stop is ignored. False: the time limit."""
        given_up = asyncio.get_running_loop().create_task(self._given_up.wait())
        try:
            await asyncio.wait({answering, given_up}, timeout=self._seconds, return_when=asyncio.FIRST_COMPLETED)
            if answering.done() or self._given_up.is_set():
                return True
            answering.cancel()
            await asyncio.wait({answering}, timeout=_TIME_TO_STOP_SECONDS)
            return False
        finally:
            given_up.cancel()

    def _judge(self, error: BaseException | None) -> _Outcome:
        match error:
            case None:
                return _Outcome(end=TurnEnd(status="completed"))
            case CustomStreamError():
                shown = ErrorEvent(code="custom", message=error.message, allow_retry=error.allow_retry)
                return _Outcome(end=TurnEnd(status="failed", error_code="custom"), error=shown)
            case StreamError():
                shown = ErrorEvent(code=error.code, allow_retry=error.allow_retry)
                return _Outcome(end=TurnEnd(status="failed", error_code=error.code.value), error=shown)
            case TurnFailed() if error.is_said:
                return _Outcome(end=TurnEnd(status="failed", error_code=error.code), last_words=error.message)
            case HostError():
                unforeseen = error if error.code == InternalFailure.code else None
                _log.warning(
                    "the turn failed: %s", error.code, extra={"turn_id": self.lease.turn_id}, exc_info=unforeseen
                )
                return _failed(error)
            case _:
                _log.error(
                    "the responder raised %s",
                    type(error).__name__,
                    extra={"turn_id": self.lease.turn_id},
                    exc_info=error,
                )
                shown = ErrorEvent(code=ErrorCode.STREAM_ERROR, allow_retry=True)
                return _Outcome(end=TurnEnd(status="failed", error_code=InternalFailure.code), error=shown)

    def _stopped(self) -> _Outcome:
        match self._stop_reason:
            case "cancel" | "disconnect" | "thread_deleted":
                return _Outcome(end=TurnEnd(status="cancelled"))
            case "shutdown" | "broken" | None:
                return _Outcome(end=TurnEnd(status="interrupted"))

    # -- finish ----------------------------------------------------------------------------------

    async def _finish(self, outcome: _Outcome) -> None:
        """Closes what is open, then says how it ended: items, events, transcript and state in one transaction."""
        kept: list[ThreadItem] = []
        events: list[bytes] = []
        if not await self._responder_kept_it(outcome):
            for item in self._recorder.pending.all():
                whole = as_it_can_be_kept(item)
                if whole is None:
                    events.append(wire.encode(ThreadItemRemovedEvent(item_id=item.id)))
                else:
                    kept.append(whole)
                    events.append(wire.done(whole))
            if outcome.end.status == "cancelled":
                kept.append(self._stop_note())
        if outcome.last_words is not None:
            kept.append(self._message(outcome.last_words))
            events.append(wire.done(kept[-1]))
        if outcome.error is not None:
            events.append(wire.encode(outcome.error))
        events.append(_ended(outcome))
        await self._recorder.end(events, kept, outcome.end)

    async def _responder_kept_it(self, outcome: _Outcome) -> bool:
        """A ChatKitServer may have its own idea of what a stop leaves behind."""
        if outcome.end.status != "cancelled" or self._stop_reason == "thread_deleted":
            return False
        pending = self._recorder.pending.all()
        try:
            async with asyncio.timeout(_TIME_TO_STOP_SECONDS):
                return await self._responder.stopped(self._turn.thread, pending, self._turn.context)
        except Exception:  # noqa: BLE001 - user code at the turn's boundary
            _log.exception("the responder failed in handling a stop", extra={"turn_id": self.lease.turn_id})
            return False

    def _stop_note(self) -> SDKHiddenContextItem:
        return SDKHiddenContextItem(
            id=new_id("sdk_hidden_context"),
            thread_id=self.lease.thread_id,
            created_at=self._clock(),
            content=STOP_NOTE,
        )

    def _message(self, text: str) -> AssistantMessageItem:
        return AssistantMessageItem(
            id=new_id("message"),
            thread_id=self.lease.thread_id,
            created_at=self._clock(),
            content=[AssistantMessageContent(text=text)],
        )

    def _abandon(self, outcome: _Outcome) -> None:
        """Readers are told that it failed: an end that was not written is none."""
        told = outcome if outcome.error is not None else _failed(InternalFailure())
        assert told.error is not None
        self.log.abandon([wire.encode(told.error), _ended(told)])


def _succeeded(task: asyncio.Task[None]) -> bool:
    return task.done() and not task.cancelled() and task.exception() is None


def _failed(error: HostError) -> _Outcome:
    return _Outcome(
        end=TurnEnd(status="failed", error_code=error.code),
        error=ErrorEvent(code="custom", message=error.message, allow_retry=error.allow_retry),
    )


def _ended(outcome: _Outcome) -> bytes:
    message = outcome.error.message if outcome.error is not None else None
    return wire.encode_host("host.turn.ended", status=outcome.end.status, code=outcome.end.error_code, message=message)


class _Recorder:
    """Takes what the responder says: folds it, logs it, stores what is done. The `TurnEvents` of a running turn."""

    def __init__(self, lease: Lease, thread: ThreadMetadata, log: TurnLog, store: ThreadStore) -> None:
        self.pending = PendingItems()
        self._lease = lease
        self._thread = thread
        self._known = thread.model_copy(deep=True)
        self._log = log
        self._store = store
        self._usage: dict[str, int] = {}
        self.first_text_at: float | None = None
        self.said: list[ThreadItem] = []

    @property
    def used(self) -> Mapping[str, int]:
        return self._usage

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
                item = wire.owned_item(event.item, self._lease.thread_id)
                event = event.model_copy(update={"item": item})
                self.pending.apply(event)
                self.said.append(item)
                if wire.is_hidden(item):
                    self._log.store(item)
                else:
                    self._log.append(wire.encode(event), item)
                return
            case _:
                pass
        self._log.append(wire.encode(event))

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
            stored = await self._store.load_item(self._lease.owner, self._lease.thread_id, event.item_id)
        except NotFound:
            stored = None
        if isinstance(stored, WidgetItem):
            changed = stored.model_copy(update={"widget": update.widget})
            await self._log.commit([wire.encode(event)], TurnWrite(items=[changed]))
        else:
            self.show(event)

    async def _thread_updated(self, changes: ThreadChanges) -> bytes:
        """The thread as it is now, the user's own changes included, with the responder's."""
        now = await self._store.load_thread(self._lease.owner, self._lease.thread_id)
        return wire.encode(ThreadUpdatedEvent(thread=wire.thread_answer(now.model_copy(update=dict(changes)))))

    def _thread_changes(self) -> ThreadChanges:
        """Asked after every event, as the SDK does; so nothing is copied unless something has changed."""
        changed = [name for name in _CHANGEABLE if getattr(self._thread, name) != getattr(self._known, name)]
        if not changed:
            return ThreadChanges()
        self._known = self._thread.model_copy(deep=True)
        return ThreadChanges(**{name: getattr(self._known, name) for name in changed})


_CHANGEABLE = ("title", "status", "allowed_image_domains", "metadata")
