"""What the offline demo remembers of a conversation: the request, and the tasks that tools have told of."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownTask:
    id: str
    title: str
    completed: bool = False
    priority: str | None = None
    due_date: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What one tool call came to."""

    name: str
    tasks: tuple[ShownTask, ...] = ()
    status: str | None = None
    error: str | None = None


@dataclass(slots=True)
class History:
    request: str = ""
    previous_request: str = ""
    was_asked_which: bool = False
    results: list[Result] = field(default_factory=list)
    """Of the tools called since the user spoke."""
    listed: tuple[ShownTask, ...] = ()
    """The list as it was last read."""
    mentioned: tuple[ShownTask, ...] = ()
    """What “it” and “them” mean: the tasks last acted on, or else last listed."""

    @property
    def has_listed_now(self) -> bool:
        return any(result.name == "list_tasks" for result in self.results)


def read_history(messages: Sequence[Mapping[str, Any]]) -> History:
    history = History()
    names: dict[str, str] = {}
    said = ""
    for message in messages:
        match message.get("role"):
            case "user":
                history.previous_request, history.request = history.request, text_of(message.get("content"))
                history.was_asked_which = said.startswith("Which one do you mean?")
                history.results = []
            case "assistant":
                for call in message.get("tool_calls") or ():
                    names[str(call.get("id"))] = str((call.get("function") or {}).get("name"))
                said = text_of(message.get("content")) or said
            case "tool":
                result = read_result(names.get(str(message.get("tool_call_id")), ""), text_of(message.get("content")))
                history.results.append(result)
                _remember(history, result)
            case _:
                pass
    return history


def _remember(history: History, result: Result) -> None:
    if result.error:
        return
    if result.name == "list_tasks":
        history.listed = history.mentioned = result.tasks
    elif result.status == "deleted":
        gone = {task.id for task in result.tasks}
        history.mentioned = tuple(task for task in history.mentioned if task.id not in gone)
        history.listed = tuple(task for task in history.listed if task.id not in gone)
    elif result.tasks:
        acted = [earlier for earlier in history.results[:-1] if earlier.name != "list_tasks" and not earlier.error]
        history.mentioned = tuple(task for earlier in (*acted, result) for task in earlier.tasks)


def text_of(content: Any) -> str:
    if isinstance(content, str):
        return content
    if isinstance(content, Iterable) and not isinstance(content, Mapping):
        return "".join(str(part.get("text") or "") for part in content if isinstance(part, Mapping))
    return ""


def read_result(name: str, output: str) -> Result:
    """A tool's JSON, also in the envelopes in which MCP sends it."""
    values = list(_unwrapped(output))
    for value in values:
        if "error" in value:
            error = value["error"]
            message = error.get("message") if isinstance(error, Mapping) else error
            return Result(name=name, error=str(message or "The tool failed."))
    tasks = tuple(_task(value) for value in values if value.get("id") or value.get("task_id"))
    if not tasks and name != "list_tasks":
        return Result(name=name, error="The tool failed.")
    status = next((str(value["status"]) for value in values if value.get("status")), None)
    return Result(name=name, tasks=tasks, status=None if name == "list_tasks" else status)


def _unwrapped(value: Any) -> Iterable[Mapping[str, Any]]:
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except ValueError:
            return
    if isinstance(value, list):
        for item in value:
            yield from _unwrapped(item)
    elif isinstance(value, Mapping):
        if value.get("type") in ("text", "input_text", "output_text") and "text" in value:
            yield from _unwrapped(value["text"])
        elif len(value) <= 2 and (inner := value.get("result", value.get("tasks"))) is not None:
            yield from _unwrapped(inner)
        else:
            yield value


def _task(value: Mapping[str, Any]) -> ShownTask:
    due_date = value.get("due_date")
    return ShownTask(
        id=str(value.get("task_id") or value.get("id")),
        title=str(value.get("title") or "that task"),
        completed=bool(value.get("completed")),
        priority=value.get("priority"),
        due_date=str(due_date) if due_date else None,
    )


def messages_from_items(items: str | Sequence[Any]) -> list[dict[str, Any]]:
    """Input items of the Responses API as the messages that `decide` reads."""
    if isinstance(items, str):
        return [{"role": "user", "content": items}]
    messages: list[dict[str, Any]] = []
    for item in items:
        match item.get("type"):
            case "function_call":
                call = {"id": item["call_id"], "function": {"name": item["name"], "arguments": item["arguments"]}}
                messages.append({"role": "assistant", "content": None, "tool_calls": [call]})
            case "function_call_output":
                output = item.get("output")
                messages.append({"role": "tool", "tool_call_id": item.get("call_id"), "content": text_of(output)})
            case "message" | None if item.get("role"):
                messages.append({"role": item["role"], "content": text_of(item.get("content"))})
            case _:
                pass
    return messages
