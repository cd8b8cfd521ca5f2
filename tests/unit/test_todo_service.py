"""The rules of tasks, which hold whoever asks."""

import asyncio
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatkit_host.errors import InvalidInput, NotFound
from chatkit_host.ids import Owner
from chatkit_host.text import is_safe
from chatkit_host.todo.memory import MemoryTaskStore
from chatkit_host.todo.service import Completion, TodoService
from chatkit_host.todo.tasks import Task

ALICE, BOB = Owner("alice"), Owner("bob")
START = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


class Clock:
    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> datetime:
        return self.now

    def pass_by(self, **time: float) -> None:
        self.now += timedelta(**time)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def todo(clock: Clock) -> TodoService:
    return TodoService(MemoryTaskStore(), clock)


# --- adding


async def test_an_added_task_is_stored_as_it_was_given(todo: TodoService):
    task = await todo.add(ALICE, "Buy milk", description="Two litres", priority="high", due_date="2026-12-01")
    assert task == Task(
        id=task.id,
        title="Buy milk",
        description="Two litres",
        priority="high",
        due_date=date(2026, 12, 1),
        created_at=START,
        updated_at=START,
    )
    assert task.id.startswith("task_")
    assert await todo.get(ALICE, task.id) == task


async def test_a_task_needs_nothing_but_a_title(todo: TodoService):
    task = await todo.add(ALICE, "Buy milk", description="", priority=None, due_date=" ")
    assert (task.description, task.priority, task.due_date, task.completed) == (None, "medium", None, False)


FAMILY = "\U0001f468\u200d\U0001f469\u200d\U0001f467"
PERSIAN = "می\u200cخواهم"


@pytest.mark.parametrize(
    ("given_title", "title"),
    [
        ("  Buy \t milk\r\n now\u00a0\u2028 ", "Buy milk now"),
        ("Buy\x00 \x1bmilk\x7f", "Buy milk"),
        ("Buy\u200b mi\u00adlk\ufeff", "Buy milk"),
        ("\u202eklim yuB\u202c\u2066", "klim yuB"),
        ("Tag\U000e0041\U000e0042", "Tag"),
        ("a\u200db\u200c", "ab"),
        (f"Visit {FAMILY}", f"Visit {FAMILY}"),
        (PERSIAN, PERSIAN),
        (f"{PERSIAN}\u200c\u202e", PERSIAN),
        ("é\u200d\u200dé", "éé"),
        ("half a pair \ud83d", "half a pair \ufffd"),
        ("a pair \ud83d\ude00", "a pair \U0001f600"),
        ('<b>bold</b> & "quoted"; DROP TABLE tasks;--', '<b>bold</b> & "quoted"; DROP TABLE tasks;--'),
        ("x" * 200, "x" * 200),
        (" " * 500 + "x" + "\u200b" * 500, "x"),
    ],
)
async def test_a_title_is_one_visible_line(todo: TodoService, given_title: str, title: str):
    assert (await todo.add(ALICE, given_title)).title == title


@pytest.mark.parametrize("title", ["", "   ", "\n\t", "\u200b\u202e\x00", "\ufeff", "\u200d", "\u3164\ufe0f"])
async def test_a_title_that_shows_nothing_is_refused(todo: TodoService, title: str):
    with pytest.raises(InvalidInput, match="A task needs a title"):
        await todo.add(ALICE, title)


async def test_a_title_that_is_too_long_is_refused(todo: TodoService):
    with pytest.raises(InvalidInput, match="longer than 200 characters"):
        await todo.add(ALICE, "x" * 201)


async def test_a_description_keeps_its_lines(todo: TodoService):
    task = await todo.add(ALICE, "Shop", description=" milk\r\n\tbread\u200b\rcheese\x00\u2028ham\x07\n")
    assert task.description == "milk\n\tbread\ncheese\nham"


async def test_a_description_has_at_most_a_thousand_characters(todo: TodoService):
    assert len((await todo.add(ALICE, "x", description="d" * 1000)).description or "") == 1000
    with pytest.raises(InvalidInput, match="longer than 1000 characters"):
        await todo.add(ALICE, "x", description="d" * 1001)


@given(st.text(st.characters(codec=None), max_size=400))
def test_any_text_becomes_a_safe_title_or_is_refused(text: str):
    def add(title: str) -> str:
        return asyncio.run(TodoService(MemoryTaskStore()).add(ALICE, title)).title

    try:
        title = add(text)
    except InvalidInput:
        return
    assert is_safe(title)
    assert 0 < len(title) <= 200
    assert title == " ".join(title.split())
    assert add(title) == title


@pytest.mark.parametrize(
    ("due_date", "expected"),
    [
        ("2026-12-01", date(2026, 12, 1)),
        (" 2028-02-29 ", date(2028, 2, 29)),
        (date(2026, 1, 1), date(2026, 1, 1)),
        (datetime(2026, 1, 1, 23, tzinfo=UTC), date(2026, 1, 1)),
        (None, None),
        ("", None),
    ],
)
async def test_a_due_date_is_a_day(todo: TodoService, due_date: Any, expected: date | None):
    due = (await todo.add(ALICE, "x", due_date=due_date)).due_date
    assert due == expected
    assert not isinstance(due, datetime)


@pytest.mark.parametrize(
    "due_date",
    [
        "tomorrow",
        "2026-13-01",
        "2026-02-30",
        "20261201",
        "2026-W49-2",
        "2026-12-01T10:00:00Z",
        "01.12.2026",
        "0000-01-01",
        "٢٠٢٦-١٢-٠١",
    ],
)
async def test_a_due_date_that_is_no_day_is_refused(todo: TodoService, due_date: str):
    with pytest.raises(InvalidInput, match="2026-12-01"):
        await todo.add(ALICE, "x", due_date=due_date)


async def test_an_unknown_priority_or_status_is_refused(todo: TodoService):
    unknown: Any = "urgent"
    with pytest.raises(InvalidInput, match="low, medium or high"):
        await todo.add(ALICE, "x", priority=unknown)
    with pytest.raises(InvalidInput, match="all, pending or completed"):
        await todo.list(ALICE, status=unknown)


# --- listing


async def test_tasks_are_listed_oldest_first_and_by_status(todo: TodoService):
    first, second, third = [await todo.add(ALICE, title) for title in ("first", "second", "third")]
    done = (await todo.complete(ALICE, second.id)).task
    assert list(await todo.list(ALICE)) == [first, done, third]
    assert list(await todo.list(ALICE, status="pending")) == [first, third]
    assert list(await todo.list(ALICE, status="completed")) == [done]


@pytest.mark.parametrize(("limit", "length"), [(2, 2), (0, 1), (-5, 1), (10**9, 3)])
async def test_a_limit_is_kept_in_bounds(todo: TodoService, limit: int, length: int):
    for title in ("first", "second", "third"):
        await todo.add(ALICE, title)
    assert len(await todo.list(ALICE, limit=limit)) == length


# --- completing


async def test_completing_says_whether_it_changed_anything(todo: TodoService, clock: Clock):
    task = await todo.add(ALICE, "x")
    clock.pass_by(hours=1)
    first = await todo.complete(ALICE, task.id)
    clock.pass_by(hours=1)
    second = await todo.complete(ALICE, task.id)
    assert first == Completion(task=first.task, was_completed=False)
    assert (first.task.completed, first.task.completed_at) == (True, START + timedelta(hours=1))
    assert second == Completion(task=first.task, was_completed=True)


async def test_a_reopened_task_is_as_it_was(todo: TodoService):
    task = await todo.add(ALICE, "x")
    await todo.complete(ALICE, task.id)
    assert await todo.reopen(ALICE, task.id) == task
    assert await todo.reopen(ALICE, task.id) == task


# --- changing


async def test_an_update_changes_what_it_names_and_nothing_else(todo: TodoService, clock: Clock):
    task = await todo.add(ALICE, "Buy milk", description="Two litres", priority="high", due_date="2026-12-01")
    clock.pass_by(minutes=5)
    changed = await todo.update(ALICE, task.id, title="  Buy  oat milk ")
    assert (changed.title, changed.description, changed.priority, changed.due_date) == (
        "Buy oat milk",
        "Two litres",
        "high",
        date(2026, 12, 1),
    )
    assert (changed.created_at, changed.updated_at) == (START, START + timedelta(minutes=5))


async def test_none_clears_what_can_be_absent(todo: TodoService):
    task = await todo.add(ALICE, "Buy milk", description="Two litres", priority="high", due_date="2026-12-01")
    cleared = await todo.update(ALICE, task.id, description=None, priority=None, due_date=None)
    assert (cleared.title, cleared.description, cleared.priority, cleared.due_date) == (
        "Buy milk",
        None,
        "medium",
        None,
    )
    with pytest.raises(InvalidInput, match="needs a title"):
        await todo.update(ALICE, task.id, title=None)


async def test_an_update_may_complete_and_reopen(todo: TodoService, clock: Clock):
    task = await todo.add(ALICE, "x")
    clock.pass_by(minutes=1)
    done = await todo.update(ALICE, task.id, completed=True, title="y")
    assert (done.title, done.completed, done.completed_at) == ("y", True, START + timedelta(minutes=1))
    clock.pass_by(minutes=1)
    again = await todo.update(ALICE, task.id, completed=True, title="z")
    assert (again.title, again.completed_at) == ("z", done.completed_at)
    reopened = await todo.update(ALICE, task.id, completed=False)
    assert (reopened.completed, reopened.completed_at) == (False, None)


async def test_an_update_without_changes_is_refused(todo: TodoService):
    task = await todo.add(ALICE, "x")
    with pytest.raises(InvalidInput, match="Nothing to change"):
        await todo.update(ALICE, task.id)


async def test_a_refused_update_changes_nothing(todo: TodoService):
    task = await todo.add(ALICE, "x")
    with pytest.raises(InvalidInput):
        await todo.update(ALICE, task.id, title="new", due_date="someday")
    assert await todo.get(ALICE, task.id) == task


async def test_a_deleted_task_is_gone(todo: TodoService):
    task = await todo.add(ALICE, "x")
    assert await todo.delete(ALICE, task.id) == task
    assert list(await todo.list(ALICE)) == []
    with pytest.raises(NotFound):
        await todo.delete(ALICE, task.id)


# --- owners and ids


async def test_a_foreign_task_is_as_unknown_as_one_that_never_was(todo: TodoService):
    task = await todo.add(ALICE, "private")
    messages = set()
    for task_id in (task.id, "task_00000000000070000000000000000000", "", "1", "a" * 10_000, "nul\x00", "\ud800"):
        for attempt in (
            todo.get(BOB, task_id),
            todo.complete(BOB, task_id),
            todo.reopen(BOB, task_id),
            todo.update(BOB, task_id, title="mine now"),
            todo.delete(BOB, task_id),
        ):
            with pytest.raises(NotFound) as caught:
                await attempt
            messages.add(caught.value.message)
    assert messages == {"There is no task with this id. List the tasks to see their ids."}
    assert list(await todo.list(BOB)) == []
    assert await todo.get(ALICE, task.id) == task


class PostgresLikeStore(MemoryTaskStore):
    """Like PostgreSQL, fails on text that is not UTF-8 or holds a NUL."""

    async def get(self, owner: Owner, task_id: str) -> Task:
        if "\x00" in task_id.encode().decode():
            raise RuntimeError("invalid byte sequence")
        return await super().get(owner, task_id)


@pytest.mark.parametrize("task_id", ["nul\x00", "\ud800"])
async def test_an_id_that_a_database_refuses_is_unknown(task_id: str):
    with pytest.raises(NotFound):
        await TodoService(PostgresLikeStore()).get(ALICE, task_id)


async def test_today_is_the_day_of_the_clock(todo: TodoService, clock: Clock):
    clock.pass_by(hours=12)
    assert todo.today() == date(2026, 11, 22)


async def test_a_wish_by_the_same_name_is_granted_once() -> None:
    service = TodoService(MemoryTaskStore(), lambda: START)

    first = await service.add(ALICE, "buy milk", effect="turn_1/call_1")
    again = await service.add(ALICE, "buy oat milk", effect="turn_1/call_1")
    other = await service.add(ALICE, "buy milk", effect="turn_1/call_2")
    bobs = await service.add(BOB, "buy milk", effect="turn_1/call_1")

    assert again == first
    assert len({first.id, other.id, bobs.id}) == 3
    assert [task.title for task in await service.list(ALICE)] == ["buy milk", "buy milk"]
