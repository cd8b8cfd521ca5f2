"""Tasks of the Todo example, in the order in which they were added."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from chatkit_host.errors import NotFound
from chatkit_host.ids import Owner, TaskId
from chatkit_host.store.database import AnyRow, Read, Write
from chatkit_host.store.payloads import safe
from chatkit_host.store.queries.pages import check_limit
from chatkit_host.store.tables import tasks
from chatkit_host.todo.tasks import Task, TaskChanges, TaskFilter

_SHOWN = [column for column in tasks.c if column.name not in ("owner", "position")]


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
        )
        .on_conflict_do_nothing(index_elements=[tasks.c.id])
    )


def load(r: Read, owner: Owner, task_id: str) -> Task:
    row = r.first(sa.select(*_SHOWN).where(_mine(owner, task_id)))
    if row is None:
        raise NotFound
    return _task(row)


def listed(r: Read, owner: Owner, *, status: TaskFilter, limit: int) -> Sequence[Task]:
    check_limit(limit)
    statement = sa.select(*_SHOWN).where(tasks.c.owner == owner)
    if status != "all":
        statement = statement.where(tasks.c.completed == (status == "completed"))
    return [_task(row) for row in r.all(statement.order_by(tasks.c.position, tasks.c.id).limit(limit))]


def change(w: Write, owner: Owner, task_id: str, changes: TaskChanges, now: datetime) -> Task:
    values: dict[str, Any] = {name: safe(value) if isinstance(value, str) else value for name, value in changes.items()}
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
