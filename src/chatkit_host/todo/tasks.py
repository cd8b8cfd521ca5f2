"""A task, and the store that keeps one owner's tasks."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal, Protocol, TypedDict

from chatkit_host.ids import Owner, TaskId

Priority = Literal["low", "medium", "high"]
TaskFilter = Literal["all", "pending", "completed"]
TaskSort = Literal["created", "due", "priority", "title"]
TaskOrder = Literal["asc", "desc"]

TITLE_LENGTH = 200
DESCRIPTION_LENGTH = 1000
TASKS_PER_OWNER = 10_000

PRIORITIES: tuple[Priority, ...] = ("low", "medium", "high")
"""In ascending order."""


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


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskQuery:
    """Which tasks, in which order. The defaults ask for all of them in the order in which they were added."""

    status: TaskFilter = "all"
    priority: Priority | None = None
    due_after: date | None = None
    """Exclusive, as `due_before` is; either leaves out tasks without a due date."""
    due_before: date | None = None
    without_due_date: bool = False
    text: str | None = None
    """In the title or the description, whatever the case and the accents; None for no such condition."""
    sort: TaskSort = "created"
    """Tasks that are equal in it are in the order of adding. Tasks without a due date come after those with one, in either order."""
    order: TaskOrder = "asc"
    limit: int
    after: str | None = None
    """The id of a task, exclusive; an unknown one is `NotFound`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskPage:
    data: Sequence[Task]
    has_more: bool

    @property
    def after(self) -> str | None:
        return self.data[-1].id if self.has_more and self.data else None


class TaskStore(Protocol):
    """Tasks of one owner. A foreign id is as unknown as one that never was: `NotFound`."""

    async def add(self, owner: Owner, task: Task) -> None: ...

    async def get(self, owner: Owner, task_id: str) -> Task: ...

    async def find(self, owner: Owner, query: TaskQuery) -> TaskPage:
        """A limit below 1 is `InvalidInput`."""
        ...

    async def count(self, owner: Owner) -> int: ...

    async def change(self, owner: Owner, task_id: str, changes: TaskChanges, now: datetime) -> Task: ...

    async def delete(self, owner: Owner, task_id: str) -> Task:
        """Returns what was deleted."""
        ...
