"""Tasks in memory: a `TaskStore` for tests, with the waits of a real one."""

import asyncio
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from chatkit_host.errors import NotFound
from chatkit_host.ids import Owner
from chatkit_host.todo.tasks import Task, TaskChanges, TaskFilter


class MemoryTaskStore:
    def __init__(self) -> None:
        self._tasks: defaultdict[Owner, dict[str, Task]] = defaultdict(dict)

    async def add(self, owner: Owner, task: Task) -> None:
        await asyncio.sleep(0)
        self._tasks[owner][task.id] = task

    async def get(self, owner: Owner, task_id: str) -> Task:
        await asyncio.sleep(0)
        return self._find(owner, task_id)

    async def list(self, owner: Owner, *, status: TaskFilter, limit: int) -> Sequence[Task]:
        await asyncio.sleep(0)
        wanted = {"all": (False, True), "pending": (False,), "completed": (True,)}[status]
        return [task for task in self._tasks[owner].values() if task.completed in wanted][:limit]

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
