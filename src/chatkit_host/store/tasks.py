"""The Todo example's tasks in the database."""

from datetime import datetime

from chatkit_host.ids import Owner
from chatkit_host.store.database import Database
from chatkit_host.store.queries import tasks
from chatkit_host.todo.tasks import Task, TaskChanges, TaskPage, TaskQuery


class DatabaseTasks:
    """Fulfils `todo.tasks.TaskStore`. Every method may raise `DatabaseUnavailable`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, owner: Owner, task: Task) -> None:
        await self._database.writing(lambda w: tasks.add(w, owner, task))

    async def get(self, owner: Owner, task_id: str) -> Task:
        return await self._database.reading(lambda r: tasks.load(r, owner, task_id))

    async def find(self, owner: Owner, query: TaskQuery) -> TaskPage:
        return await self._database.reading(lambda r: tasks.find(r, owner, query))

    async def count(self, owner: Owner) -> int:
        return await self._database.reading(lambda r: tasks.count(r, owner))

    async def change(self, owner: Owner, task_id: str, changes: TaskChanges, now: datetime) -> Task:
        return await self._database.writing(lambda w: tasks.change(w, owner, task_id, changes, now))

    async def delete(self, owner: Owner, task_id: str) -> Task:
        return await self._database.writing(lambda w: tasks.delete(w, owner, task_id))
