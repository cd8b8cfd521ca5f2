"""Tasks in memory: a `TaskStore` for tests, with the waits of a real one."""

import asyncio
from collections import defaultdict
from dataclasses import replace
from datetime import date, datetime
from typing import Any

from chatkit_host.errors import InvalidInput, NotFound
from chatkit_host.ids import Owner
from chatkit_host.text import folded
from chatkit_host.todo.tasks import PRIORITIES, Task, TaskChanges, TaskPage, TaskQuery


class MemoryTaskStore:
    def __init__(self) -> None:
        self._tasks: defaultdict[Owner, dict[str, Task]] = defaultdict(dict)

    async def add(self, owner: Owner, task: Task) -> None:
        await asyncio.sleep(0)
        self._tasks[owner].setdefault(task.id, task)

    async def get(self, owner: Owner, task_id: str) -> Task:
        await asyncio.sleep(0)
        return self._find(owner, task_id)

    async def find(self, owner: Owner, query: TaskQuery) -> TaskPage:
        await asyncio.sleep(0)
        if query.limit < 1:
            raise InvalidInput
        mine = list(self._tasks[owner].values())
        if query.order == "desc":
            mine.reverse()
        mine.sort(key=lambda task: _key(task, query), reverse=query.order == "desc")
        if query.sort == "due":
            mine.sort(key=lambda task: task.due_date is None)
        start = 0 if query.after is None else mine.index(self._find(owner, query.after)) + 1
        wanted = [task for task in mine[start:] if _is_wanted(task, query)]
        return TaskPage(data=wanted[: query.limit], has_more=len(wanted) > query.limit)

    async def count(self, owner: Owner) -> int:
        await asyncio.sleep(0)
        return len(self._tasks[owner])

    async def change(self, owner: Owner, task_id: str, changes: TaskChanges, now: datetime) -> Task:
        await asyncio.sleep(0)
        changed = replace(self._find(owner, task_id), **changes, updated_at=now)
        self._tasks[owner][task_id] = changed
        return changed

    async def delete(self, owner: Owner, task_id: str) -> Task:
        await asyncio.sleep(0)
        task = self._find(owner, task_id)
        del self._tasks[owner][task_id]
        return task

    def _find(self, owner: Owner, task_id: str) -> Task:
        task = self._tasks[owner].get(task_id)
        if task is None:
            raise NotFound
        return task


def _key(task: Task, query: TaskQuery) -> Any:
    match query.sort:
        case "created":
            return 0
        case "due":
            return task.due_date or date.max
        case "priority":
            return PRIORITIES.index(task.priority)
        case "title":
            return folded(task.title)


def _is_wanted(task: Task, query: TaskQuery) -> bool:
    due, text = task.due_date, folded(query.text or "")
    return (
        (query.status == "all" or task.completed == (query.status == "completed"))
        and (query.priority is None or task.priority == query.priority)
        and (query.due_after is None or (due is not None and due > query.due_after))
        and (query.due_before is None or (due is not None and due < query.due_before))
        and (not query.without_due_date or due is None)
        and (text in folded(task.title) or text in folded(task.description or ""))
    )
