"""Tasks of the Todo example."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any, get_args

import sqlalchemy as sa

from chatkit_host.errors import NotFound
from chatkit_host.ids import Owner, TaskId
from chatkit_host.store.database import AnyRow, Read, Write
from chatkit_host.store.payloads import safe
from chatkit_host.store.prepared import Prepared
from chatkit_host.store.queries.pages import check_limit, following
from chatkit_host.store.tables import tasks
from chatkit_host.text import folded
from chatkit_host.todo.tasks import PRIORITIES, Task, TaskChanges, TaskFilter, TaskPage, TaskQuery

_SHOWN = [
    column for column in tasks.c if column.name not in ("owner", "position", "folded_title", "folded_description")
]


def _mine(owner: Owner, task_id: str) -> sa.ColumnElement[bool]:
    return sa.and_(tasks.c.id == task_id, tasks.c.owner == owner)


def add(w: Write, owner: Owner, task: Task) -> None:
    """Adding the same task again leaves it as it is."""
    last = sa.select(sa.func.coalesce(sa.func.max(tasks.c.position), 0) + 1).where(tasks.c.owner == owner)
    w.run(
        w.insert(tasks)
        .values(
            id=task.id,
            owner=owner,
            position=last.scalar_subquery(),
            title=safe(task.title),
            description=safe(task.description),
            completed=task.completed,
            priority=task.priority,
            due_date=task.due_date,
            created_at=task.created_at,
            updated_at=task.updated_at,
            completed_at=task.completed_at,
            folded_title=folded(safe(task.title) or ""),
            folded_description=folded(safe(task.description) or ""),
        )
        .on_conflict_do_nothing(index_elements=[tasks.c.id])
    )


def load(r: Read, owner: Owner, task_id: str) -> Task:
    row = r.first(sa.select(*_SHOWN).where(_mine(owner, task_id)))
    if row is None:
        raise NotFound
    return _task(row)


def find(r: Read, owner: Owner, query: TaskQuery) -> TaskPage:
    check_limit(query.limit)
    if query == TaskQuery(status=query.status, limit=query.limit):
        rows = r.all(_OLDEST[query.status], {"of_owner": owner, "at_most": query.limit + 1})
    else:
        rows = _matching(r, owner, query)
    return TaskPage(data=[_task(row) for row in rows[: query.limit]], has_more=len(rows) > query.limit)


def _oldest(status: TaskFilter) -> Prepared:
    """What assistants ask for, time and again."""
    statement = sa.select(*_SHOWN).where(tasks.c.owner == sa.bindparam("of_owner"), *_of_status(status))
    in_order = statement.order_by(tasks.c.position, tasks.c.id)
    return Prepared(lambda _: in_order.limit(sa.bindparam("at_most", type_=sa.Integer)))


def _matching(r: Read, owner: Owner, query: TaskQuery) -> Sequence[AnyRow]:
    keys = _keys(query)
    position = None
    if query.after is not None:
        position = r.first(sa.select(*keys).where(_mine(owner, query.after)))
        if position is None:
            raise NotFound
    statement = sa.select(*_SHOWN).where(tasks.c.owner == owner, *_conditions(query))
    return r.all(following(statement, keys, position, query.order, query.limit))


def count(r: Read, owner: Owner) -> int:
    row = r.first(sa.select(sa.func.count()).select_from(tasks).where(tasks.c.owner == owner))
    return 0 if row is None else row[0]


def change(w: Write, owner: Owner, task_id: str, changes: TaskChanges, now: datetime) -> Task:
    values: dict[str, Any] = {name: safe(value) if isinstance(value, str) else value for name, value in changes.items()}
    for name in ("title", "description"):
        if name in values:
            values[f"folded_{name}"] = folded(values[name] or "")
    rows = w.returning(
        sa.update(tasks).where(_mine(owner, task_id)).values(**values, updated_at=now).returning(*_SHOWN)
    )
    if not rows:
        raise NotFound
    return _task(rows[0])


def delete(w: Write, owner: Owner, task_id: str) -> Task:
    rows = w.returning(sa.delete(tasks).where(_mine(owner, task_id)).returning(*_SHOWN))
    if not rows:
        raise NotFound
    return _task(rows[0])


def _keys(query: TaskQuery) -> list[sa.ColumnElement[Any]]:
    adding: list[sa.ColumnElement[Any]] = [tasks.c.position, tasks.c.id]
    match query.sort:
        case "created":
            return adding
        case "due":
            # Last in either order.
            never = date.max if query.order == "asc" else date.min
            return [sa.func.coalesce(tasks.c.due_date, sa.literal(never, sa.Date)), *adding]
        case "priority":
            ranks = {priority: rank for rank, priority in enumerate(PRIORITIES)}
            return [sa.case(ranks, value=tasks.c.priority), *adding]
        case "title":
            return [tasks.c.folded_title, *adding]


def _of_status(status: TaskFilter) -> list[sa.ColumnElement[bool]]:
    return [] if status == "all" else [tasks.c.completed == (status == "completed")]


def _conditions(query: TaskQuery) -> list[sa.ColumnElement[bool]]:
    conditions = _of_status(query.status)
    if query.priority is not None:
        conditions.append(tasks.c.priority == query.priority)
    if query.due_after is not None:
        conditions.append(tasks.c.due_date > query.due_after)
    if query.due_before is not None:
        conditions.append(tasks.c.due_date < query.due_before)
    if query.without_due_date:
        conditions.append(tasks.c.due_date.is_(None))
    if text := folded(safe(query.text) or ""):
        conditions.append(
            sa.or_(
                tasks.c.folded_title.contains(text, autoescape=True),
                tasks.c.folded_description.contains(text, autoescape=True),
            )
        )
    return conditions


_OLDEST = {status: _oldest(status) for status in get_args(TaskFilter)}


def _task(row: AnyRow) -> Task:
    return Task(
        id=TaskId(row.id),
        title=row.title,
        description=row.description,
        completed=row.completed,
        priority=row.priority,
        due_date=row.due_date,
        created_at=row.created_at,
        updated_at=row.updated_at,
        completed_at=row.completed_at,
    )
