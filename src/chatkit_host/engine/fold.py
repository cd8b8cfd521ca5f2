"""Items that were started and are not done: what their events add up to.

A running turn folds as it speaks; whoever has to end a turn for a dead worker folds the log. Both get the same items.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from chatkit.types import (
    AssistantMessageContent,
    AssistantMessageContentPartAdded,
    AssistantMessageContentPartAnnotationAdded,
    AssistantMessageContentPartDone,
    AssistantMessageContentPartTextDelta,
    AssistantMessageItem,
    ThreadItem,
    ThreadItemAddedEvent,
    ThreadItemDoneEvent,
    ThreadItemRemovedEvent,
    ThreadItemReplacedEvent,
    ThreadItemUpdate,
    ThreadItemUpdatedEvent,
    ThreadStreamEvent,
    Workflow,
    WorkflowItem,
    WorkflowTaskAdded,
    WorkflowTaskUpdated,
)

from chatkit_host.clock import as_utc
from chatkit_host.engine.events import decode, own_content
from chatkit_host.engine.ports import LogEvent


@dataclass(frozen=True, slots=True)
class _Begun:
    """An assistant message of which nothing but its text is known yet. Most are done before anyone wants to see them half said."""

    thread_id: str
    created_at: datetime


class PendingItems:
    def __init__(self) -> None:
        self._items: dict[str, ThreadItem | _Begun] = {}
        self._deltas: defaultdict[tuple[str, int], list[str]] = defaultdict(list)

    def begin_message(self, item_id: str, thread_id: str, created_at: datetime) -> None:
        """The same as applying that an assistant message with one empty part for text is added."""
        self._items[item_id] = _Begun(thread_id, created_at)

    def apply(self, event: ThreadStreamEvent) -> None:
        """The item of a `ThreadItemAddedEvent` is given away: it is the one that grows."""
        match event:
            case ThreadItemAddedEvent():
                self._items[event.item.id] = event.item
            case ThreadItemDoneEvent() | ThreadItemReplacedEvent():
                self._forget(event.item.id)
            case ThreadItemRemovedEvent():
                self._forget(event.item_id)
            case ThreadItemUpdatedEvent():
                self._update(event.item_id, event.update)
            case _:
                pass

    def apply_all(self, events: Iterable[LogEvent]) -> None:
        for event in events:
            if not event.is_host_event:
                self.apply(decode(event.data))

    def text(self, item_id: str, content_index: int, delta: str) -> None:
        """The same as applying a text delta; cheap, because most events are one."""
        self._deltas[item_id, content_index].append(delta)

    def item(self, item_id: str) -> ThreadItem | None:
        """The item as it stands. What is returned is the caller's to keep as long as no further event arrives."""
        item = self._items.get(item_id)
        if isinstance(item, _Begun):
            item = self._items[item_id] = _empty_message(item_id, item)
        if isinstance(item, AssistantMessageItem):
            self._join_deltas(item)
        return item

    def all(self) -> list[ThreadItem]:
        """In the order in which they were started."""
        return [item for item_id in list(self._items) if (item := self.item(item_id)) is not None]

    def _forget(self, item_id: str) -> None:
        self._items.pop(item_id, None)
        for key in [key for key in self._deltas if key[0] == item_id]:
            del self._deltas[key]

    def _join_deltas(self, item: AssistantMessageItem) -> None:
        for key in [key for key in self._deltas if key[0] == item.id]:
            _content(item, key[1]).text += "".join(self._deltas.pop(key))

    def _update(self, item_id: str, update: ThreadItemUpdate) -> None:
        if isinstance(update, AssistantMessageContentPartTextDelta):
            self.text(item_id, update.content_index, update.delta)
            return
        match self.item(item_id), update:
            case AssistantMessageItem() as message, (
                AssistantMessageContentPartAdded() | AssistantMessageContentPartDone()
            ):
                _content(message, update.content_index)
                message.content[update.content_index] = own_content(update.content)
            case AssistantMessageItem() as message, AssistantMessageContentPartAnnotationAdded():
                _content(message, update.content_index).annotations.insert(update.annotation_index, update.annotation)
            case WorkflowItem() as item, WorkflowTaskAdded():
                item.workflow.tasks.append(update.task)
            case WorkflowItem() as item, WorkflowTaskUpdated():
                if update.task_index < len(item.workflow.tasks):
                    item.workflow.tasks[update.task_index] = update.task
            case _:
                pass  # widgets and images arrive whole in their `done`


def _empty_message(item_id: str, begun: _Begun) -> AssistantMessageItem:
    part = AssistantMessageContent(text="", annotations=[])
    return AssistantMessageItem(
        id=item_id, thread_id=begun.thread_id, created_at=as_utc(begun.created_at), content=[part]
    )


def _content(message: AssistantMessageItem, index: int) -> AssistantMessageContent:
    """The content part at `index`; an update may arrive before the part was announced."""
    while len(message.content) <= index:
        message.content.append(AssistantMessageContent(text="", annotations=[]))
    return message.content[index]


def as_it_can_be_kept(item: ThreadItem) -> ThreadItem | None:
    """What of an unfinished item is worth keeping when its turn ends early; None for nothing."""
    match item:
        case AssistantMessageItem():
            return item if any(part.text.strip() for part in item.content) else None
        case WorkflowItem() if item.workflow.tasks:
            return item.model_copy(update={"workflow": _at_rest(item.workflow)})
        case _:
            return None


def _at_rest(workflow: Workflow) -> Workflow:
    """No task is left spinning."""
    tasks = [
        task.model_copy(update={"status_indicator": "none"}) if task.status_indicator == "loading" else task
        for task in workflow.tasks
    ]
    return workflow.model_copy(update={"tasks": tasks})
