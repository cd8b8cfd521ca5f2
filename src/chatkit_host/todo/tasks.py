"""A task, and the store that keeps one owner's tasks."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal, Protocol, TypedDict

from chatkit_host.ids import Owner, TaskId

Priority = Literal["low", "medium", "high"]
TaskFilter = Literal["all", "pending", "completed"]

TITLE_LENGTH = 200
DESCRIPTION_LENGTH = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    id: TaskId
    title: str
    description: str | None = None
    completed: bool = False
    priority: Priority = "medium"
    due_date: date | None = None
    created_at: datetime
    updated_at: datetime
    completed_at: datetime | None = None


class TaskChanges(TypedDict, total=False):
    """Fields to set; absent ones stay as they are."""

    title: str
    description: str | None
    completed: bool
    completed_at: datetime | None
    priority: Priority
    due_date: date | None


class TaskStore(Protocol):
    """Tasks of one owner. A foreign id is as unknown as one that never was: `NotFound`."""

    async def add(self, owner: Owner, task: Task) -> None: ...

    async def get(self, owner: Owner, task_id: str) -> Task: ...

    async def list(self, owner: Owner, *, status: TaskFilter, limit: int) -> Sequence[Task]:
        """Oldest first, by the order in which they were added."""
        ...

    async def change(self, owner: Owner, task_id: str, changes: TaskChanges, now: datetime) -> Task: ...

    async def delete(self, owner: Owner, task_id: str) -> Task:
        """Returns what was deleted."""
        ...
