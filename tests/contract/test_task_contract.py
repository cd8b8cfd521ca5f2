"""`TaskStore`, every implementation: in memory and in both databases."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import date
from typing import Any, get_args

import pytest
from support.turns import ALICE, BOB, later

from chatkit_host.errors import Conflict, InvalidInput, NotFound
from chatkit_host.ids import Owner, TaskId, new_id
from chatkit_host.store.database import Database
from chatkit_host.store.tasks import DatabaseTasks
from chatkit_host.todo.memory import MemoryTaskStore
from chatkit_host.todo.service import TodoService
from chatkit_host.todo.tasks import TASKS_PER_OWNER, Task, TaskOrder, TaskQuery, TaskSort, TaskStore

ALL = TaskQuery(limit=100)


@pytest.fixture(params=["memory", "sqlite", "postgresql"])
def kind(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture
async def store(kind: str, request: pytest.FixtureRequest) -> AsyncIterator[TaskStore]:
    if kind == "memory":
        yield MemoryTaskStore()
        return
    database = Database.open(request.getfixturevalue("database_url"))
    yield DatabaseTasks(database)
    await asyncio.wait_for(database.close(), 10)


def _task(title: str = "Buy milk", **fields: Any) -> Task:
    now = later()
    return Task(**{"id": TaskId(new_id("todo")), "title": title, "created_at": now, "updated_at": now, **fields})


async def _added(store: TaskStore, *tasks: Task) -> list[Task]:
    for task in tasks:
        await store.add(ALICE, task)
    return list(tasks)


async def _titles(store: TaskStore, **query: Any) -> list[str]:
    page = await store.find(ALICE, TaskQuery(**{"limit": 100, **query}))
    return [task.title for task in page.data]


async def test_a_task_is_kept_whole(store: TaskStore) -> None:
    task = _task(
        description="Two, 🥛", completed=True, priority="high", due_date=date(2026, 12, 24), completed_at=later()
    )
    await store.add(ALICE, task)
    assert await store.get(ALICE, task.id) == task


async def test_tasks_are_found_in_the_order_of_adding(store: TaskStore) -> None:
    moment = later()
    tasks = [_task(f"Task {number}", created_at=moment, completed=number % 2 == 0) for number in range(5)]
    await _added(store, *tasks)
    await store.add(BOB, _task("Bob's"))
    page = await store.find(ALICE, ALL)
    assert (list(page.data), page.has_more, page.after) == (tasks, False, None)
    page = await store.find(ALICE, TaskQuery(limit=2))
    assert (list(page.data), page.has_more, page.after) == (tasks[:2], True, tasks[1].id)
    assert list((await store.find(ALICE, TaskQuery(limit=10, status="completed"))).data) == tasks[::2]
    assert list((await store.find(ALICE, TaskQuery(limit=10, status="pending"))).data) == tasks[1::2]
    assert list((await store.find(ALICE, TaskQuery(limit=10, order="desc"))).data) == tasks[::-1]
    with pytest.raises(InvalidInput):
        await store.find(ALICE, TaskQuery(limit=0))


async def test_tasks_are_counted_for_each_owner(store: TaskStore) -> None:
    await _added(store, _task(), _task(completed=True))
    await store.add(BOB, _task())
    assert (await store.count(ALICE), await store.count(BOB)) == (2, 1)


async def test_tasks_are_sorted_alike_everywhere(store: TaskStore) -> None:
    await _added(
        store,
        _task("banana", priority="high", due_date=date(2026, 12, 2)),
        _task("Äpfel", priority="low"),
        _task("Apple pie", priority="high", due_date=date(2026, 12, 1)),
        _task("zebra", due_date=date(2026, 12, 2)),
        _task("Éclair"),
    )
    assert await _titles(store, sort="title") == ["Äpfel", "Apple pie", "banana", "Éclair", "zebra"]
    assert await _titles(store, sort="title", order="desc") == ["zebra", "Éclair", "banana", "Apple pie", "Äpfel"]
    assert await _titles(store, sort="due") == ["Apple pie", "banana", "zebra", "Äpfel", "Éclair"]
    assert await _titles(store, sort="due", order="desc") == ["zebra", "banana", "Apple pie", "Éclair", "Äpfel"]
    assert await _titles(store, sort="priority") == ["Äpfel", "zebra", "Éclair", "banana", "Apple pie"]
    assert await _titles(store, sort="priority", order="desc") == ["Apple pie", "banana", "Éclair", "zebra", "Äpfel"]


async def test_tasks_are_filtered_by_priority_and_due_date(store: TaskStore) -> None:
    await _added(
        store,
        *(_task(f"{day}.", due_date=date(2026, 12, day), priority="high" if day == 2 else "low") for day in (1, 2, 3)),
        _task("never", completed=True),
    )
    assert await _titles(store, priority="high") == ["2."]
    assert await _titles(store, due_before=date(2026, 12, 3)) == ["1.", "2."]
    assert await _titles(store, due_after=date(2026, 12, 1), due_before=date(2026, 12, 3)) == ["2."]
    assert await _titles(store, due_after=date.max) == []
    assert await _titles(store, due_before=date.min) == []
    assert await _titles(store, without_due_date=True) == ["never"]
    assert await _titles(store, without_due_date=True, status="pending") == []


async def test_text_is_found_whatever_its_case_and_accents(store: TaskStore) -> None:
    task, *_ = await _added(
        store,
        _task("Call the Ärztin", description="About 100% of it"),
        _task("under_score", description="C:\\temp"),
        _task("دُکان سے دودھ"),
    )
    for text in ("arztin", "ÄRZTIN", "the Ärz", "100%", "of IT"):
        assert await _titles(store, text=text) == [task.title], text
    assert await _titles(store, text="r_s") == ["under_score"]
    assert await _titles(store, text="\\") == ["under_score"]
    assert await _titles(store, text="دکان") == ["دُکان سے دودھ"]
    assert await _titles(store, text="%") == [task.title]
    for text in ("nothing like it", "'; DROP TABLE tasks", "\0"):
        assert await _titles(store, text=text) == [], text
    now = later()
    await store.change(ALICE, task.id, {"title": "Rest", "description": None}, now)
    assert await _titles(store, text="arztin") == []
    assert await _titles(store, text="100%") == []
    assert await _titles(store, text="rest") == ["Rest"]


@pytest.mark.parametrize("sort", get_args(TaskSort))
@pytest.mark.parametrize("order", get_args(TaskOrder))
async def test_pages_by_cursor_have_each_task_once(store: TaskStore, sort: TaskSort, order: TaskOrder) -> None:
    priorities = ("low", "medium", "high")
    await _added(
        store,
        *(
            _task(
                f"Task {number % 4}",
                priority=priorities[number % 3],
                due_date=date(2026, 12, number % 5) if number % 5 else None,
            )
            for number in range(17)
        ),
    )
    whole = list((await store.find(ALICE, TaskQuery(limit=100, sort=sort, order=order))).data)
    assert len({task.id for task in whole}) == 17
    paged: list[Task] = []
    after: str | None = None
    while True:
        page = await store.find(ALICE, TaskQuery(limit=4, sort=sort, order=order, after=after))
        paged += page.data
        if not page.has_more:
            break
        after = page.after
    assert paged == whole


async def test_a_cursor_may_be_a_task_that_no_longer_fits_the_filter(store: TaskStore) -> None:
    tasks = await _added(store, *(_task(f"Task {number}") for number in range(4)))
    await store.change(ALICE, tasks[1].id, {"completed": True}, later())
    assert await _titles(store, status="pending", after=tasks[1].id) == ["Task 2", "Task 3"]


async def test_changing_a_task_leaves_what_is_not_named(store: TaskStore) -> None:
    task = _task(description="Two", priority="low", due_date=date(2026, 12, 24))
    await store.add(ALICE, task)
    now = later()
    done = await store.change(ALICE, task.id, {"completed": True, "completed_at": now}, now)
    assert done == replace(task, completed=True, completed_at=now, updated_at=now)
    bare = await store.change(ALICE, task.id, {"description": None, "due_date": None, "title": "Oat milk"}, now)
    assert bare == replace(done, description=None, due_date=None, title="Oat milk")
    assert await store.get(ALICE, task.id) == bare


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
async def test_text_that_a_database_cannot_hold_is_replaced(store: TaskStore) -> None:
    task = _task()
    await store.add(ALICE, task)
    assert (await store.change(ALICE, task.id, {"title": "a\0b"}, later())).title == "a\ufffdb"


async def test_a_deleted_task_is_returned_and_gone(store: TaskStore) -> None:
    task = _task()
    await store.add(ALICE, task)
    assert await store.delete(ALICE, task.id) == task
    assert await store.count(ALICE) == 0
    with pytest.raises(NotFound):
        await store.get(ALICE, task.id)
    with pytest.raises(NotFound):
        await store.delete(ALICE, task.id)
    with pytest.raises(NotFound):
        await store.find(ALICE, TaskQuery(limit=10, after=task.id))


async def test_a_foreign_task_is_as_unknown_as_one_that_never_was(store: TaskStore) -> None:
    task = _task()
    await store.add(ALICE, task)
    for task_id in (task.id, "task_unknown"):
        for answer in (
            store.get(BOB, task_id),
            store.change(BOB, task_id, {"title": "Bob's"}, later()),
            store.delete(BOB, task_id),
            store.find(BOB, TaskQuery(limit=10, after=task_id)),
        ):
            with pytest.raises(NotFound):
                await answer
    assert list((await store.find(ALICE, ALL)).data) == [task]
    assert list((await store.find(BOB, ALL)).data) == []


async def test_tasks_added_at_once_are_all_there(store: TaskStore) -> None:
    tasks = [_task(f"Task {number}") for number in range(20)]
    await asyncio.gather(*(store.add(ALICE, task) for task in tasks))
    found = (await store.find(ALICE, ALL)).data
    assert sorted(task.id for task in found) == sorted(task.id for task in tasks)
    assert list((await store.find(ALICE, ALL)).data) == list(found)


class FullStore(MemoryTaskStore):
    async def count(self, owner: Owner) -> int:
        return TASKS_PER_OWNER - (owner != ALICE)


async def test_a_list_has_an_end() -> None:
    todo = TodoService(FullStore())
    with pytest.raises(Conflict, match="10,000 tasks"):
        await todo.add(ALICE, "One more")
    assert (await todo.add(BOB, "The last one")).title == "The last one"
