"""The Todo example's tasks in the database."""

from collections.abc import Sequence
from datetime import datetime

from chatkit_host.ids import Owner
from chatkit_host.store.database import Database
from chatkit_host.store.queries import tasks
from chatkit_host.todo.tasks import Task, TaskChanges, TaskFilter


class DatabaseTasks:
    """Fulfils `todo.tasks.TaskStore`. Every method may raise `DatabaseUnavailable`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, owner: Owner, task: Task) -> None:
        await self._database.writing(lambda w: tasks.add(w, owner, task))

    async def get(self, owner: Owner, task_id: str) -> Task:
        return await self._database.reading(lambda r: tasks.load(r, owner, task_id))

    async def list(self, owner: Owner, *, status: TaskFilter, limit: int) -> Sequence[Task]:
        return await self._database.reading(lambda r: tasks.listed(r, owner, status=status, limit=limit))

    async def change(self, owner: Owner, task_id: str, changes: TaskChanges, now: datetime) -> Task:
        return await self._database.writing(lambda w: tasks.change(w, owner, task_id, changes, now))

    async def delete(self, owner: Owner, task_id: str) -> Task:
        return await self._database.writing(lambda w: tasks.delete(w, owner, task_id))
