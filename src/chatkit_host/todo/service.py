"""What can be done with tasks. REST, the assistant's tools and MCP all go through here, so that one set of rules holds."""

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any, Literal, TypedDict, Unpack, get_args

from chatkit_host.clock import Clock, utc_now
from chatkit_host.errors import Conflict, InvalidInput, NotFound
from chatkit_host.ids import Owner, TaskId, id_of, new_id
from chatkit_host.text import is_safe, visible
from chatkit_host.todo.tasks import (
    DESCRIPTION_LENGTH,
    TASKS_PER_OWNER,
    TITLE_LENGTH,
    Priority,
    Task,
    TaskChanges,
    TaskFilter,
    TaskPage,
    TaskQuery,
    TaskStore,
)

Due = Literal["overdue", "today", "week", "none"]
"""`overdue`: before today and not completed; `week`: today and the six days after it; `none`: without a due date."""

LIST_LIMIT = 1000
DEFAULT_PRIORITY: Priority = "medium"

_TASK_ID_LENGTH = 64
_ISO_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


class TaskEdit(TypedDict, total=False):
    """Fields to change; absent ones stay as they are. None removes a description or due date, and makes the priority the usual one."""

    title: str | None
    description: str | None
    priority: Priority | None
    due_date: date | str | None
    completed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Completion:
    task: Task
    was_completed: bool
    """It had been completed before, and keeps its time of completion."""


class TodoService:
    """Every method raises `InvalidInput` or `NotFound` with a sentence that tells the caller what to do instead."""

    def __init__(self, store: TaskStore, clock: Clock = utc_now) -> None:
        self._store = store
        self._clock = clock

    async def add(
        self,
        owner: Owner,
        title: str,
        *,
        description: str | None = None,
        priority: Priority | None = None,
        due_date: date | str | None = None,
        effect: str | None = None,
    ) -> Task:
        """`effect`: a name for this wish. A second one by that name adds nothing and returns what the first one added."""
        now = self._clock()
        task = Task(
            id=TaskId(new_id("todo") if effect is None else id_of("todo", f"{owner}\0{effect}")),
            title=_title(title),
            description=_description(description),
            priority=_priority(priority),
            due_date=_due_date(due_date),
            created_at=now,
            updated_at=now,
        )
        # Several at once may each see one place left; the limit is against floods, not a number to rely on.
        if await self._store.count(owner) >= TASKS_PER_OWNER:
            raise Conflict(f"The list is full: it has {TASKS_PER_OWNER:,} tasks. Delete some that are done.")
        await self._store.add(owner, task)
        return task if effect is None else await self._store.get(owner, task.id)

    async def list(self, owner: Owner, *, status: TaskFilter = "all", limit: int = LIST_LIMIT) -> Sequence[Task]:
        """The oldest `limit` tasks, oldest first."""
        if status not in get_args(TaskFilter):
            raise InvalidInput("The status must be all, pending or completed.")
        page = await self._store.find(owner, TaskQuery(status=status, limit=max(1, min(limit, LIST_LIMIT))))
        return page.data

    async def find(self, owner: Owner, query: TaskQuery, *, due: Due | None = None) -> TaskPage:
        """`due` replaces what `query` says of due dates, counted from today in UTC."""
        if due == "overdue" and query.status == "completed":
            return TaskPage(data=[], has_more=False)
        if due is not None:
            query = replace(query, **_due(due, self.today()))
        with _naming_the_task(query.after or ""):
            return await self._store.find(owner, query)

    async def get(self, owner: Owner, task_id: str) -> Task:
        with _naming_the_task(task_id):
            return await self._store.get(owner, task_id)

    async def complete(self, owner: Owner, task_id: str) -> Completion:
        """Completing a task twice changes nothing."""
        task = await self.get(owner, task_id)
        if task.completed:
            return Completion(task=task, was_completed=True)
        return Completion(task=await self.update(owner, task_id, completed=True), was_completed=False)

    async def reopen(self, owner: Owner, task_id: str) -> Task:
        """Reopening an open task changes nothing."""
        return await self.update(owner, task_id, completed=False)

    async def update(self, owner: Owner, task_id: str, **edit: Unpack[TaskEdit]) -> Task:
        if not edit:
            raise InvalidInput("Nothing to change: give a title, description, priority, due date or completed.")
        now = self._clock()
        changes = _changes(edit)
        if "completed" in changes:
            current = await self.get(owner, task_id)
            if changes["completed"] == current.completed:
                del changes["completed"]
            else:
                changes["completed_at"] = now if changes["completed"] else None
            if not changes:
                return current
        with _naming_the_task(task_id):
            return await self._store.change(owner, task_id, changes, now)

    async def delete(self, owner: Owner, task_id: str) -> Task:
        """Returns what was deleted."""
        with _naming_the_task(task_id):
            return await self._store.delete(owner, task_id)

    def today(self) -> date:
        """In UTC: what a relative due date such as "tomorrow" counts from."""
        return self._clock().date()


def _due(due: Due, today: date) -> dict[str, Any]:
    day = timedelta(days=1)
    anything: dict[str, Any] = {"due_after": None, "due_before": None, "without_due_date": False}
    match due:
        case "overdue":
            return anything | {"due_before": today, "status": "pending"}
        case "today":
            return anything | {"due_after": today - day, "due_before": today + day}
        case "week":
            return anything | {"due_after": today - day, "due_before": today + 7 * day}
        case "none":
            return anything | {"without_due_date": True}


@contextmanager
def _naming_the_task(task_id: str) -> Iterator[None]:
    unknown = "There is no task with this id. List the tasks to see their ids."
    # PostgreSQL refuses such text; it is no task's id in any database.
    if not is_safe(task_id) or len(task_id) > _TASK_ID_LENGTH:
        raise NotFound(unknown)
    try:
        yield
    except NotFound as error:
        raise NotFound(unknown) from error


def _changes(edit: TaskEdit) -> TaskChanges:
    changes = TaskChanges()
    if "title" in edit:
        changes["title"] = _title(edit["title"])
    if "description" in edit:
        changes["description"] = _description(edit["description"])
    if "priority" in edit:
        changes["priority"] = _priority(edit["priority"])
    if "due_date" in edit:
        changes["due_date"] = _due_date(edit["due_date"])
    if "completed" in edit:
        changes["completed"] = edit["completed"]
    return changes


def _title(text: str | None) -> str:
    title = " ".join(visible(text or "").split())
    if not title:
        raise InvalidInput("A task needs a title.")
    if len(title) > TITLE_LENGTH:
        raise InvalidInput(f"The title is longer than {TITLE_LENGTH} characters. Put the details into the description.")
    return title


def _description(text: str | None) -> str | None:
    description = visible(text or "").strip()
    if len(description) > DESCRIPTION_LENGTH:
        raise InvalidInput(f"The description is longer than {DESCRIPTION_LENGTH} characters.")
    return description or None


def _priority(priority: str | None) -> Priority:
    for known in get_args(Priority):
        if known == (priority or DEFAULT_PRIORITY):
            return known
    raise InvalidInput("The priority must be low, medium or high.")


def _due_date(due_date: date | str | None) -> date | None:
    if isinstance(due_date, datetime):
        return due_date.date()
    if isinstance(due_date, date):
        return due_date
    text = (due_date or "").strip()
    if not text:
        return None
    try:
        # `fromisoformat` alone reads 20261201 and 2026-W49-2 too.
        if _ISO_DATE.fullmatch(text):
            return date.fromisoformat(text)
    except ValueError:
        pass
    raise InvalidInput("The due date must be a date such as 2026-12-01.")
