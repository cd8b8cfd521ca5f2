"""Runs an agent on a model the way a turn does, and records what the lane and the tools saw."""

import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from agents import Agent, RunConfig, Runner, function_tool

from chatkit_host.agent.failures import as_turn_failure
from chatkit_host.agent.models.routing import Models
from chatkit_host.errors import TurnFailed


@dataclass(frozen=True, slots=True)
class Path:
    name: str
    models: Callable[..., Models]

    @property
    def is_litellm(self) -> bool:
        return self.name.startswith("litellm")


class RecordingLane:
    """Satisfies `Lane`."""

    def __init__(self) -> None:
        self.is_open = True
        self.calls: list[tuple[str, str]] = []
        self.texts: dict[str, str] = {}
        self.thoughts: dict[str, str] = {}
        self.refusals: dict[str, str] = {}
        self.annotations: list[dict[str, Any]] = []
        self.done: list[str] = []
        self.has_spoken = asyncio.Event()

    @property
    def said(self) -> str:
        return "".join(self.texts.values())

    @property
    def thought(self) -> str:
        return "".join(self.thoughts.values())

    def text(self, item_id: str, delta: str) -> None:
        self._add("text", self.texts, item_id, delta)

    def refusal(self, item_id: str, delta: str) -> None:
        self._add("refusal", self.refusals, item_id, delta)

    def annotation(self, item_id: str, annotation: dict[str, Any]) -> None:
        self.annotations.append(annotation)

    def reasoning(self, item_id: str, delta: str) -> None:
        self._add("reasoning", self.thoughts, item_id, delta)

    async def message_done(self, item_id: str) -> None:
        self.done.append(item_id)

    async def reasoning_done(self, item_id: str) -> None:
        self.done.append(item_id)

    def _add(self, kind: str, into: dict[str, str], item_id: str, delta: str) -> None:
        assert delta, "an empty delta"
        self.calls.append((kind, delta))
        self.has_spoken.set()
        into[item_id] = into.get(item_id, "") + delta


@dataclass(slots=True)
class Outcome:
    lane: RecordingLane
    failure: TurnFailed | None = None
    error: BaseException | None = None
    final_output: str | None = None
    items: list[Any] = field(default_factory=list)
    """The conversation so far, as input of a next turn."""
    usage: Any = None
    events: list[Any] = field(default_factory=list)


class Tasks:
    """Real function tools over a list, so that what ran can be counted."""

    def __init__(self) -> None:
        self.tasks: dict[str, dict[str, Any]] = {}
        self.ran: list[str] = []

    def tools(self) -> list[Any]:
        @function_tool
        async def add_task(title: str) -> str:
            """Adds a task."""
            self.ran.append("add_task")
            task_id = f"task_{len(self.tasks) + 1}"
            self.tasks[task_id] = {"id": task_id, "title": title, "completed": False}
            return json.dumps({"task_id": task_id, "status": "created", "title": title})

        @function_tool
        async def list_tasks(status: str = "all") -> str:
            """Lists tasks."""
            self.ran.append("list_tasks")
            return json.dumps(list(self.tasks.values()))

        @function_tool
        async def complete_task(task_id: str) -> str:
            """Completes a task."""
            self.ran.append("complete_task")
            self.tasks[task_id]["completed"] = True
            return json.dumps({"task_id": task_id, "status": "completed", "title": self.tasks[task_id]["title"]})

        @function_tool
        async def delete_task(task_id: str) -> str:
            """Deletes a task."""
            self.ran.append("delete_task")
            task = self.tasks.pop(task_id, {"title": "?"})
            return json.dumps({"task_id": task_id, "status": "deleted", "title": task["title"]})

        return [add_task, list_tasks, complete_task, delete_task]


async def run_turn(
    models: Models,
    prompt: str,
    *,
    tasks: Tasks | None = None,
    history: list[Any] | None = None,
    lane: RecordingLane | None = None,
    bound: bool = True,
) -> Outcome:
    """One streamed run of an agent with the Todo tools. Failures are translated as a turn would."""
    lane = lane or RecordingLane()
    agent = Agent(name="Todo", instructions="Be brief.", tools=(tasks or Tasks()).tools())
    run_config = RunConfig(model_provider=models.bound(lane) if bound else models, tracing_disabled=True)
    outcome = Outcome(lane=lane)
    result = Runner.run_streamed(agent, [*(history or []), {"role": "user", "content": prompt}], run_config=run_config)
    try:
        async for event in result.stream_events():
            outcome.events.append(event)
        outcome.final_output = result.final_output
    except Exception as error:  # noqa: BLE001 - a turn translates every failure
        outcome.error = error
        outcome.failure = as_turn_failure(error)
    finally:
        result.cancel()
    outcome.items = result.to_input_list()
    outcome.usage = result.context_wrapper.usage
    return outcome
