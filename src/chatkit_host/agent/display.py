"""How an agent's run looks in ChatKit: messages, thoughts, and every tool call as a task of a workflow.

Fed from two sides, each in the order in which things happen: model clients speak into it (`Lane`), and the run tells of tools.
Items have our ids; one workflow holds neighbouring thoughts and tool calls, and a message closes it.
"""

import asyncio
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from chatkit.types import (
    Annotation,
    AssistantMessageContent,
    AssistantMessageContentPartAnnotationAdded,
    AssistantMessageContentPartDone,
    AssistantMessageItem,
    CustomSummary,
    DurationSummary,
    FileSource,
    Task,
    ThoughtTask,
    ThreadItemAddedEvent,
    ThreadItemDoneEvent,
    ThreadItemRemovedEvent,
    ThreadItemReplacedEvent,
    ThreadItemUpdatedEvent,
    ThreadStreamEvent,
    URLSource,
    Workflow,
    WorkflowItem,
    WorkflowTaskAdded,
    WorkflowTaskUpdated,
)

from chatkit_host.agent.tool_tasks import finished_task, looks_failed, redacted, started_task
from chatkit_host.clock import Clock
from chatkit_host.engine.events import is_hidden
from chatkit_host.engine.responder import TurnEvents
from chatkit_host.ids import ThreadId, new_id

_THOUGHT_PAUSE_SECONDS = 0.25
"""A thought is sent whole each time it grows: four times a second, not once per token."""


@dataclass(slots=True)
class _Message:
    created_at: datetime
    parts: list[str] = field(default_factory=list)
    annotations: list[Annotation] = field(default_factory=list)

    @property
    def text(self) -> str:
        return "".join(self.parts)


@dataclass(slots=True)
class _Thought:
    index: int
    parts: list[str] = field(default_factory=list)
    shown_at: float = 0.0


@dataclass(slots=True)
class _Workflow:
    item: WorkflowItem
    started_at: float
    calls: dict[str, tuple[int, str, str]] = field(default_factory=dict)
    """Running tool calls: index of the task, tool, arguments."""
    thoughts: dict[str, _Thought] = field(default_factory=dict)


class Display:
    """The lane of one turn, and what is shown of its tools."""

    def __init__(self, events: TurnEvents, thread_id: ThreadId, clock: Clock, *, show_reasoning: bool = True) -> None:
        self._events = events
        self._thread_id = thread_id
        self._clock = clock
        self._show_reasoning = show_reasoning
        self._messages: dict[str, _Message] = {}
        self._workflow: _Workflow | None = None
        self._interrupted: dict[str, _Workflow] = {}
        """Workflows that were closed while a tool call of theirs ran, by call."""
        self._tools_running = 0
        self.last_words = ""
        """What the last finished message says."""
        self._shown: list[str] = []

    # -- what the model says (Lane) --------------------------------------------------------------

    @property
    def is_open(self) -> bool:
        return self._tools_running == 0

    def text(self, item_id: str, delta: str) -> None:
        message = self._messages.get(item_id) or self._start_message(item_id)
        message.parts.append(delta)
        self._events.text(item_id, delta)

    def refusal(self, item_id: str, delta: str) -> None:
        self.text(item_id, delta)

    def annotation(self, item_id: str, annotation: dict[str, Any]) -> None:
        known = _annotation(annotation)
        if known is None:
            return
        message = self._messages.get(item_id) or self._start_message(item_id)
        update = AssistantMessageContentPartAnnotationAdded(
            content_index=0, annotation_index=len(message.annotations), annotation=known
        )
        message.annotations.append(known)
        self._events.show(ThreadItemUpdatedEvent(item_id=item_id, update=update))

    def reasoning(self, item_id: str, delta: str) -> None:
        if not self._show_reasoning:
            return
        workflow = self._workflow or self._start_workflow("reasoning")
        thought = workflow.thoughts.get(item_id)
        now = asyncio.get_running_loop().time()
        if thought is None:
            thought = workflow.thoughts[item_id] = _Thought(len(workflow.item.workflow.tasks), [delta], now)
            self._add_task(workflow, ThoughtTask(content=delta, status_indicator="loading"))
            return
        thought.parts.append(delta)
        if now - thought.shown_at >= _THOUGHT_PAUSE_SECONDS:
            thought.shown_at = now
            self._set_task(
                workflow, thought.index, ThoughtTask(content="".join(thought.parts), status_indicator="loading")
            )

    async def reasoning_done(self, item_id: str) -> None:
        workflow = self._workflow
        if workflow is not None and (thought := workflow.thoughts.pop(item_id, None)) is not None:
            whole = ThoughtTask(content="".join(thought.parts), status_indicator="complete")
            self._set_task(workflow, thought.index, whole)

    async def message_done(self, item_id: str) -> None:
        message = self._messages.pop(item_id, None)
        if message is None:
            return
        content = AssistantMessageContent(text=message.text, annotations=message.annotations)
        self._events.show(
            ThreadItemUpdatedEvent(
                item_id=item_id, update=AssistantMessageContentPartDone(content_index=0, content=content)
            )
        )
        self.last_words = message.text
        item = AssistantMessageItem(
            id=item_id, thread_id=self._thread_id, created_at=message.created_at, content=[content]
        )
        self._events.finish(ThreadItemDoneEvent(item=item))

    # -- what the run does -----------------------------------------------------------------------

    def tool_started(self, call_id: str, name: str, arguments: str) -> None:
        self._tools_running += 1
        self._events.tool_started(call_id, name, redacted(arguments))
        workflow = self._workflow or self._start_workflow("custom")
        workflow.calls[call_id] = (len(workflow.item.workflow.tasks), name, arguments)
        self._add_task(workflow, started_task(name, arguments))

    async def tool_finished(self, call_id: str, name: str, result: str) -> None:
        self._tools_running -= 1
        failed = looks_failed(result)
        self._events.tool_finished(call_id, name, redacted(result), failed=failed)
        closed = self._interrupted.pop(call_id, None)
        workflow = closed or self._workflow
        if workflow is None or call_id not in workflow.calls:
            return
        index, name, arguments = workflow.calls.pop(call_id)
        task = finished_task(name, arguments, result, failed=failed)
        if closed is None:
            self._set_task(workflow, index, task)
        else:
            workflow.item.workflow.tasks[index] = task
            await self._events.send(ThreadItemReplacedEvent(item=workflow.item))

    async def present(self, event: ThreadStreamEvent) -> None:
        """Something that a tool shows. An item of its own comes after the steps so far, on the screen as in the thread."""
        if isinstance(event, ThreadItemAddedEvent | ThreadItemDoneEvent) and not is_hidden(event.item):
            self._close_workflow()
        await self._events.send(event)

    def step(self, task: Task) -> None:
        """Something that happened at the provider (a web search, a handoff), as a finished task."""
        self._add_task(self._workflow or self._start_workflow("custom"), task)

    async def close(self) -> None:
        """The run is over: whatever was started is done."""
        for item_id in list(self._messages):
            await self.message_done(item_id)
        self._close_workflow()

    async def take_back(self) -> None:
        """A guardrail tripped: nothing of this answer stays."""
        self._messages.clear()
        self._workflow = None
        for item_id in self._shown:
            await self._events.send(ThreadItemRemovedEvent(item_id=item_id))

    def unfinished_text(self) -> str:
        """What was said and not done, for the transcript."""
        return "".join(message.text for message in self._messages.values())

    @property
    def has_spoken(self) -> bool:
        return bool(self._shown)

    # -- inside ----------------------------------------------------------------------------------

    def _start_message(self, item_id: str) -> _Message:
        self._close_workflow()
        message = self._messages[item_id] = _Message(self._clock())
        self._shown.append(item_id)
        self._events.begin_message(item_id, message.created_at)
        return message

    def _start_workflow(self, kind: Any) -> _Workflow:
        item = WorkflowItem(
            id=new_id("workflow"),
            thread_id=self._thread_id,
            created_at=self._clock(),
            workflow=Workflow(type=kind, tasks=[]),
        )
        self._workflow = _Workflow(item, asyncio.get_running_loop().time())
        self._shown.append(item.id)
        self._events.show(ThreadItemAddedEvent(item=item))
        return self._workflow

    def _add_task(self, workflow: _Workflow, task: Task) -> None:
        tasks = workflow.item.workflow.tasks
        tasks.append(task)
        update = WorkflowTaskAdded(task_index=len(tasks) - 1, task=task)
        self._events.show(ThreadItemUpdatedEvent(item_id=workflow.item.id, update=update))

    def _set_task(self, workflow: _Workflow, index: int, task: Task) -> None:
        workflow.item.workflow.tasks[index] = task
        update = WorkflowTaskUpdated(task_index=index, task=task)
        self._events.show(ThreadItemUpdatedEvent(item_id=workflow.item.id, update=update))

    def _close_workflow(self) -> None:
        workflow, self._workflow = self._workflow, None
        if workflow is None:
            return
        self._interrupted |= dict.fromkeys(workflow.calls, workflow)
        seconds = asyncio.get_running_loop().time() - workflow.started_at
        shown = workflow.item.workflow
        if shown.type == "reasoning":
            shown.summary = DurationSummary(duration=max(1, round(seconds)))
        else:
            steps = len(shown.tasks)
            shown.summary = CustomSummary(
                title=(getattr(shown.tasks[0], "title", None) or "Done") if steps == 1 else f"{steps} steps"
            )
        self._events.show(ThreadItemDoneEvent(item=workflow.item))


def _annotation(given: dict[str, Any]) -> Annotation | None:
    """A citation in the Responses API's words as ChatKit's; None for kinds that it cannot show."""
    match given:
        case {"type": "url_citation", "url": str(url)}:
            source = URLSource(title=str(given.get("title") or url), url=url)
            return Annotation(source=source, index=given.get("end_index"))
        case {"type": "file_citation" | "container_file_citation", "filename": str(name)}:
            source = FileSource(title=name, filename=name)
            return Annotation(source=source, index=given.get("index") or given.get("end_index"))
        case _:
            return None
