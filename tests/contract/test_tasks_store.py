"""`TaskStore` in both databases."""

import asyncio
from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from support.turns import ALICE, BOB, later

from chatkit_host.errors import InvalidInput, NotFound
from chatkit_host.ids import TaskId, new_id
from chatkit_host.store.database import Database
from chatkit_host.store.tasks import DatabaseTasks
from chatkit_host.todo.tasks import Task


@pytest.fixture
def store(database: Database) -> DatabaseTasks:
    return DatabaseTasks(database)


def _task(title: str = "Buy milk", **fields: Any) -> Task:
    now = later()
    return Task(**{"id": TaskId(new_id("todo")), "title": title, "created_at": now, "updated_at": now, **fields})


async def test_a_task_is_kept_whole(store: DatabaseTasks) -> None:
    task = _task(
        description="Two, 🥛", completed=True, priority="high", due_date=date(2026, 12, 24), completed_at=later()
    )
    await store.add(ALICE, task)
    assert await store.get(ALICE, task.id) == task


async def test_tasks_are_listed_in_the_order_of_adding(store: DatabaseTasks) -> None:
    moment = later()
    tasks = [_task(f"Task {number}", created_at=moment, completed=number % 2 == 0) for number in range(5)]
    for task in tasks:
        await store.add(ALICE, task)
    await store.add(BOB, _task("Bob's"))
    assert list(await store.list(ALICE, status="all", limit=10)) == tasks
    assert list(await store.list(ALICE, status="all", limit=2)) == tasks[:2]
    assert list(await store.list(ALICE, status="completed", limit=10)) == tasks[::2]
    assert list(await store.list(ALICE, status="pending", limit=10)) == tasks[1::2]
    with pytest.raises(InvalidInput):
        await store.list(ALICE, status="all", limit=0)


async def test_changing_a_task_leaves_what_is_not_named(store: DatabaseTasks) -> None:
    task = _task(description="Two", priority="low", due_date=date(2026, 12, 24))
    await store.add(ALICE, task)
    now = later()
    done = await store.change(ALICE, task.id, {"completed": True, "completed_at": now}, now)
    assert done == replace(task, completed=True, completed_at=now, updated_at=now)
    bare = await store.change(ALICE, task.id, {"description": None, "due_date": None, "title": "a\0b"}, now)
    assert bare == replace(done, description=None, due_date=None, title="a\ufffdb")
    assert await store.get(ALICE, task.id) == bare


async def test_a_deleted_task_is_returned_and_gone(store: DatabaseTasks) -> None:
    task = _task()
    await store.add(ALICE, task)
    assert await store.delete(ALICE, task.id) == task
    with pytest.raises(NotFound):
        await store.get(ALICE, task.id)
    with pytest.raises(NotFound):
        await store.delete(ALICE, task.id)


async def test_a_foreign_task_is_as_unknown_as_one_that_never_was(store: DatabaseTasks) -> None:
    task = _task()
    await store.add(ALICE, task)
    for task_id in (task.id, "task_unknown"):
        for answer in (
            store.get(BOB, task_id),
            store.change(BOB, task_id, {"title": "Bob's"}, later()),
            store.delete(BOB, task_id),
        ):
            with pytest.raises(NotFound):
                await answer
    assert list(await store.list(ALICE, status="all", limit=10)) == [task]


async def test_tasks_added_at_once_are_all_there(store: DatabaseTasks) -> None:
    tasks = [_task(f"Task {number}") for number in range(20)]
    await asyncio.gather(*(store.add(ALICE, task) for task in tasks))
    listed = await store.list(ALICE, status="all", limit=100)
    assert sorted(task.id for task in listed) == sorted(task.id for task in tasks)
    assert list(await store.list(ALICE, status="all", limit=100)) == list(listed)
