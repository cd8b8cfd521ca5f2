"""The five tools over a to-do list: what a caller may say, and the JSON that it is told. The agent and MCP offer the same.

Who calls comes first and is bound on the server: no tool has a parameter for it that a model could fill.
"""

import inspect
import json
import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import Field

from chatkit_host.errors import HostError
from chatkit_host.ids import Owner
from chatkit_host.todo.service import TaskEdit, TodoService
from chatkit_host.todo.tasks import DESCRIPTION_LENGTH, Priority, Task, TaskFilter

LISTED_TASKS = 100
OUTPUT_BYTES = 32 * 1024
"""The most that a tool says to the model: long lists would push the conversation out of its view."""

Tool = Callable[..., Awaitable[str]]
"""Takes its `Caller` first, then what that says."""

_EXCERPT_LENGTH = 80

_log = logging.getLogger(__name__)

TaskIdArgument = Annotated[str, Field(description="The id of the task, as listed.")]


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    owner: Owner
    """Whose list it is."""
    call: str | None = None
    """The name of this call, unique in the world: made again, it has no second effect."""


class TodoTools:
    """Each method is one tool: its name, its docstring and its annotations are what callers see."""

    def __init__(self, service: TodoService) -> None:
        self._service = service

    def all(self) -> Sequence[Tool]:
        return self.add_task, self.list_tasks, self.complete_task, self.delete_task, self.update_task

    async def add_task(
        self,
        caller: Caller,
        title: Annotated[str, Field(description="What is to be done, in 1 to 200 characters.")],
        description: Annotated[str | None, Field(description="Details, up to 1000 characters.")] = None,
        priority: Annotated[Priority | None, Field(description="low, medium (the usual one) or high.")] = None,
        due_date: Annotated[str | None, Field(description="The day it is due, as YYYY-MM-DD.")] = None,
    ) -> str:
        """Add a task to the user's to-do list."""
        task = await self._service.add(
            caller.owner, title, description=description, priority=priority, due_date=due_date, effect=caller.call
        )
        return _result(task, "created")

    async def list_tasks(
        self,
        caller: Caller,
        status: Annotated[
            TaskFilter | None, Field(description="Which tasks: all (the usual choice), pending or completed.")
        ] = None,
    ) -> str:
        """List the user's tasks with their ids, oldest first."""
        return _listing(await self._service.list(caller.owner, status=status or "all", limit=LISTED_TASKS + 1))

    async def complete_task(self, caller: Caller, task_id: TaskIdArgument) -> str:
        """Mark a task as completed."""
        completion = await self._service.complete(caller.owner, task_id)
        if completion.was_completed:
            return _result(completion.task, "completed", note="It had been completed before. Nothing was changed.")
        return _result(completion.task, "completed")

    async def delete_task(self, caller: Caller, task_id: TaskIdArgument) -> str:
        """Delete a task for good."""
        return _result(await self._service.delete(caller.owner, task_id), "deleted")

    async def update_task(
        self,
        caller: Caller,
        task_id: TaskIdArgument,
        title: Annotated[str | None, Field(description="The new title, in 1 to 200 characters.")] = None,
        description: Annotated[
            str | None, Field(description="The new description, up to 1000 characters; an empty string removes it.")
        ] = None,
        priority: Annotated[Priority | None, Field(description="low, medium or high.")] = None,
        due_date: Annotated[
            str | None, Field(description="The day it is due, as YYYY-MM-DD; an empty string removes it.")
        ] = None,
    ) -> str:
        """Change a task. What is null or left out stays as it is."""
        edit = TaskEdit()
        if title is not None:
            edit["title"] = title
        if description is not None:
            edit["description"] = description
        if priority is not None:
            edit["priority"] = priority
        if due_date is not None:
            edit["due_date"] = due_date
        return _result(await self._service.update(caller.owner, task_id, **edit), "updated")


def offered_as(
    call: Callable[..., Any], tool: Tool, *, first: inspect.Parameter | None = None, returns: Any = str
) -> Any:
    """`call`, which knows its caller, in the shape of `tool`: its name, its words and its parameters, with `first` for the caller."""
    shape = inspect.signature(tool)
    said = [parameter for name, parameter in shape.parameters.items() if name != "caller"]
    parameters = [*([first] if first is not None else []), *said]
    offered: Any = call
    offered.__name__ = offered.__qualname__ = tool.__name__
    offered.__doc__ = tool.__doc__
    offered.__signature__ = shape.replace(parameters=parameters, return_annotation=returns)
    offered.__annotations__ = {each.name: each.annotation for each in parameters} | {"return": returns}
    return offered


def failure(error: Exception) -> str:
    """What a caller is told when a tool fails: never the text of an exception, unless it is ours and written to be read."""
    if isinstance(error, HostError):
        return _error(error.code, error.message)
    # The text of the exception may hold what the user wrote.
    _log.error("A tool of the to-do assistant failed: %s", type(error).__name__)
    return _error("internal", "The to-do list did not respond. Tell the user that it did not work.")


def bad_arguments() -> str:
    return _error(
        "invalid_input",
        "The arguments do not fit the tool. Send one JSON object with the tool's parameters, one operation per call.",
    )


def _error(code: str, message: str) -> str:
    return _json({"error": {"code": code, "message": message}})


def _result(task: Task, status: str, **note: str) -> str:
    return _json({"task_id": task.id, "status": status, "title": task.title, **note})


def _listing(tasks: Sequence[Task]) -> str:
    """The tasks as an array; when not all of them fit, descriptions are shortened first, and a last entry tells what is missing."""
    shown, note = tasks[:LISTED_TASKS], ""
    if len(tasks) > LISTED_TASKS:
        note = f"Only the oldest {LISTED_TASKS} tasks are listed. There are more."
    listing = _rows(shown, DESCRIPTION_LENGTH, note)
    if _size(listing) > OUTPUT_BYTES:
        note = f"{note} Long descriptions are shortened.".strip()
        listing = _rows(shown, _EXCERPT_LENGTH, note)
    while _size(listing) > OUTPUT_BYTES:
        shown = shown[: len(shown) * 9 // 10]
        note = f"Only the oldest {len(shown)} tasks are listed, with long descriptions shortened. There are more."
        listing = _rows(shown, _EXCERPT_LENGTH, note)
    return listing


def _rows(tasks: Sequence[Task], description_length: int, note: str) -> str:
    rows = [_row(task, description_length) for task in tasks]
    return _json([*rows, {"note": note}] if note else rows)


def _row(task: Task, description_length: int) -> dict[str, Any]:
    description = task.description
    if description is not None and len(description) > description_length:
        description = f"{description[:description_length]}…"
    return {
        "id": task.id,
        "title": task.title,
        "description": description,
        "completed": task.completed,
        "priority": task.priority,
        "due_date": task.due_date.isoformat() if task.due_date else None,
        "created_at": f"{task.created_at:%Y-%m-%dT%H:%M:%SZ}",
    }


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _size(text: str) -> int:
    return len(text.encode())
