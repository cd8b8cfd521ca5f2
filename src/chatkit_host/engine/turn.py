"""One turn, told once: ask the responder, fold what it says, keep it, finish in exactly one state.

The turn was accepted before (see `openings`): its user message is in the database and its first events are in the log.
"""

import asyncio
import logging
from contextlib import nullcontext
from dataclasses import dataclass
from time import monotonic
from typing import Literal

from chatkit.errors import CustomStreamError, ErrorCode, StreamError
from chatkit.types import (
    AssistantMessageContent,
    AssistantMessageItem,
    ErrorEvent,
    SDKHiddenContextItem,
    ThreadItem,
    ThreadItemRemovedEvent,
    ThreadMetadata,
)

from chatkit_host.clock import Clock
from chatkit_host.engine import events as wire
from chatkit_host.engine.fold import as_it_can_be_kept
from chatkit_host.engine.log import TurnLog
from chatkit_host.engine.ports import Lease, TerminalStatus, ThreadStore, TurnEnd
from chatkit_host.engine.recorder import Recorder
from chatkit_host.engine.report import TurnReport, words_of
from chatkit_host.engine.responder import Responder, Run, TurnInput
from chatkit_host.errors import (
    DatabaseUnavailable,
    HostError,
    InternalFailure,
    LeaseLost,
    TurnFailed,
    TurnTimeout,
)
from chatkit_host.ids import new_id

_log = logging.getLogger(__name__)

StopReason = Literal["cancel", "disconnect", "shutdown", "release", "thread_deleted", "broken"]
"""`release`: another worker may go on with it."""

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
    """Begins to answer when it is made; `run`, in a task that no request owns, sees it through once its message is in the database.
    `stop` asks it to end early; it still finishes properly.

    Only a turn that is released does not end: all of it is written, for another worker.
    """

    def __init__(
        self,
        lease: Lease,
        turn: TurnInput,
        run: Run,
        responder: Responder,
        log: TurnLog,
        store: ThreadStore,
        *,
        known: ThreadMetadata,
        clock: Clock,
        seconds: float,
        left_ending: asyncio.Semaphore,
    ) -> None:
        """`known`: the turn's thread as it is in the store. `left_ending`: for how many of those whose clients left write their ends
        at a time."""
        self.lease = lease
        self.log = log
        self._turn = turn
        self._run = run
        self._responder = responder
        self._clock = clock
        self._seconds = seconds
        self._left_ending = left_ending
        self._stop_reason: StopReason | None = None
        loop = asyncio.get_running_loop()
        self._given_up = loop.create_future()
        self._recorder = Recorder(lease, turn.thread, log, store, known=known)
        self._began = monotonic()
        self.report: TurnReport | None = None
        """Once the turn has ended."""
        self._answering = loop.create_task(self._respond(), name=f"answer {lease.turn_id}")

    def refuse(self) -> None:
        """Instead of `run`: its message did not come into the database after all. Nothing of it stays."""
        self._answering.cancel()
        self._answering.add_done_callback(_seen)
        self.log.leave()

    def stop(self, reason: StopReason) -> None:
        """Returns at once. The first reason counts: what the responder does when it is stopped is not stopped in turn."""
        if self._stop_reason is not None:
            return
        self._stop_reason = reason
        if not self._answering.done():
            self._answering.cancel()
            asyncio.get_running_loop().call_later(_TIME_TO_STOP_SECONDS, self._give_up)

    async def run(self) -> None:
        outcome = await self._answer()
        status = outcome.end.status
        is_released = self._stop_reason == "release" and status == "interrupted"
        try:
            if is_released:
                await self._recorder.settle()
            else:
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
            if not is_released:
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
        either = {answering, self._given_up}
        await asyncio.wait(either, timeout=self._seconds, return_when=asyncio.FIRST_COMPLETED)
        if answering.done() or self._given_up.done():
            return True
        answering.cancel()
        await asyncio.wait({answering}, timeout=_TIME_TO_STOP_SECONDS)
        return False

    def _give_up(self) -> None:
        if not self._given_up.done():
            self._given_up.set_result(None)

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
            case "shutdown" | "release" | "broken" | None:
                return _Outcome(end=TurnEnd(status="interrupted"))

    # -- finish ----------------------------------------------------------------------------------

    async def _finish(self, outcome: _Outcome) -> None:
        """Closes what is open, then says how it ended: items, events, transcript and state in one transaction."""
        is_kept = await self._responder_kept_it(outcome)
        async with self._left_ending if self._stop_reason == "disconnect" else nullcontext():
            await self._end(outcome, is_kept=is_kept)

    async def _end(self, outcome: _Outcome, *, is_kept: bool) -> None:
        kept: list[ThreadItem] = []
        events: list[bytes] = []
        if not is_kept:
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


def _seen(task: asyncio.Task[None]) -> None:
    if not task.cancelled():
        task.exception()


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
