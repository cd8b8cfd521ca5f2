"""What becomes of a turn whose worker is gone.

It goes on where nothing would be done twice: from the start when no tool was called, behind the last tool's result when every call
has one. Else, and after three tries, it ends as `interrupted`. Whatever was written of it is kept or taken back in words.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

import orjson
from chatkit.types import (
    AssistantMessageItem,
    ThreadItem,
    ThreadItemDoneEvent,
    ThreadItemRemovedEvent,
    ThreadItemReplacedEvent,
    WorkflowItem,
)

from chatkit_host.engine import events as wire
from chatkit_host.engine.fold import PendingItems, as_it_can_be_kept
from chatkit_host.engine.ports import LogEvent, ModelItem, Turn, TurnEnd, TurnStore, TurnWrite

MAX_ATTEMPTS = 3
_STILL_WANTED = timedelta(hours=1)
"""An answer that nobody has waited for this long is not begun again."""
_UNSEEN = 1_000_000
"""Readers may have seen events that the dead worker had not written. Those after it are numbered from so far on, so that no cursor
is ahead of them."""

Way = Literal["again", "on", "end"]
"""From the start, behind the last tool result, or not at all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Left:
    """What is in the database of a turn that was cut off."""

    turn: Turn
    events: Sequence[LogEvent]
    transcript: Sequence[ModelItem]
    """Without words at its end: they are said again."""
    pending: Sequence[ThreadItem]
    done: Sequence[ThreadItem]
    """Items of the answer that were finished."""
    said_last: Sequence[str] = ()
    """Messages that were finished after the last tool call."""
    calls: Mapping[str, bool]
    """Tool calls by their id: whether the result is there."""

    @property
    def next_seq(self) -> int:
        return self.turn.last_seq + 1 + _UNSEEN


async def what_is_left(store: TurnStore, turn: Turn) -> Left:
    events: list[LogEvent] = []
    while batch := await store.read_events(turn.owner, turn.id, after=events[-1].seq if events else 0):
        events += batch
    return told_by(turn, events, await store.load_transcript(turn.owner, turn.id))


def told_by(turn: Turn, events: Sequence[LogEvent], transcript: Sequence[ModelItem]) -> Left:
    pending, done, calls = PendingItems(), dict[str, ThreadItem](), dict[str, bool]()
    said_last: list[str] = []
    for event in events:
        match event.type:
            case "host.tool_call.started":
                calls[orjson.loads(event.data)["call_id"]] = False
                said_last.clear()
            case "host.tool_call.finished":
                calls[orjson.loads(event.data)["call_id"]] = True
            case _ if not event.is_host_event:
                decoded = wire.decode(event.data)
                pending.apply(decoded)
                match decoded:
                    case ThreadItemDoneEvent(item=item):
                        done[item.id] = item
                        if isinstance(item, AssistantMessageItem):
                            said_last.append(item.id)
                    case ThreadItemReplacedEvent(item=item) if item.id in done:
                        done[item.id] = item
                    case ThreadItemRemovedEvent(item_id=item_id):
                        done.pop(item_id, None)
                    case _:
                        pass
            case _:
                pass
    done.pop(turn.input_item_id or "", None)
    return Left(
        turn=turn,
        events=events,
        transcript=_without_last_words(transcript),
        pending=pending.all(),
        done=list(done.values()),
        said_last=[item_id for item_id in said_last if item_id in done],
        calls=calls,
    )


def _without_last_words(transcript: Sequence[ModelItem]) -> Sequence[ModelItem]:
    end = len(transcript)
    while end and transcript[end - 1].get("role") == "assistant":
        end -= 1
    return transcript[:end]


def way_on(left: Left, now: datetime) -> Way:
    turn = left.turn
    if turn.operation == "action" or turn.is_to_end or turn.attempt >= MAX_ATTEMPTS:
        return "end"
    if now - turn.created_at > _STILL_WANTED:
        return "end"
    if not left.calls:
        only_words = all(isinstance(item, AssistantMessageItem | WorkflowItem) for item in left.done)
        return "again" if only_words else "end"
    answered = {entry.get("call_id") for entry in left.transcript if entry.get("type") == "function_call_output"}
    called = {entry.get("call_id") for entry in left.transcript if entry.get("type") == "function_call"}
    ends_with_result = bool(left.transcript) and left.transcript[-1].get("type") == "function_call_output"
    return "on" if ends_with_result and all(left.calls.values()) and called == answered else "end"


def taken_back(left: Left) -> TurnWrite:
    """Nothing of the answer was said."""
    ids = [item.id for item in (*left.done, *left.pending)]
    lines = [_started_again(left), *(wire.encode(ThreadItemRemovedEvent(item_id=item_id)) for item_id in ids)]
    return TurnWrite(events=_numbered(left, lines), removed_items=[item.id for item in left.done], transcript=[])


def tidied(left: Left) -> TurnWrite:
    """What the tools did stays shown; words after it will be said again."""
    kept = [whole for item in left.pending if isinstance(item, WorkflowItem) and (whole := as_it_can_be_kept(item))]
    ids = {item.id for item in kept}
    broken_off = [item.id for item in left.pending if item.id not in ids]
    lines = [
        _started_again(left),
        *(wire.done(item) for item in kept),
        *(wire.encode(ThreadItemRemovedEvent(item_id=item_id)) for item_id in (*left.said_last, *broken_off)),
    ]
    return TurnWrite(events=_numbered(left, lines), items=kept, removed_items=left.said_last)


def end_of(left: Left) -> TurnWrite:
    """All that was written of the answer becomes its items."""
    kept = [whole for item in left.pending if (whole := as_it_can_be_kept(item)) is not None]
    status: Literal["cancelled", "interrupted"] = "cancelled" if left.turn.is_to_end else "interrupted"
    lines = [
        *(wire.done(item) for item in kept),
        wire.encode_host("host.turn.ended", status=status, code=None, message=None),
    ]
    return TurnWrite(events=_numbered(left, lines), items=kept, end=TurnEnd(status=status))


def _started_again(left: Left) -> bytes:
    return wire.encode_host("host.turn.started_again", attempt=left.turn.attempt + 1)


def _numbered(left: Left, lines: Sequence[bytes]) -> list[LogEvent]:
    return [LogEvent(seq=left.next_seq + index, data=line) for index, line in enumerate(lines)]
