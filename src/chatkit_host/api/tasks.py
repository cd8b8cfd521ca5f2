"""`/api/tasks`: the to-do list over REST, by the same rules as the assistant's tools."""

import re
from datetime import date, datetime
from typing import Annotated, Any, Literal

from fastapi import Query
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StrictBool, WithJsonSchema
from starlette.requests import Request

from chatkit_host.api.host import Host
from chatkit_host.api.rest import QueryParameters, RestRouter, known_id, read_json, title_schema
from chatkit_host.api.schemas import errors, json_body, schema_of
from chatkit_host.auth.identity import User
from chatkit_host.errors import InvalidInput
from chatkit_host.text import is_safe
from chatkit_host.todo.service import Due, TodoService
from chatkit_host.todo.tasks import (
    DESCRIPTION_LENGTH,
    TITLE_LENGTH,
    Priority,
    Task,
    TaskFilter,
    TaskOrder,
    TaskQuery,
    TaskSort,
)


def _written_as_a_day(given: str) -> str:
    """Pydantic takes numbers and times for dates as well."""
    if not re.fullmatch(r"\d{4}-\d{2}-\d{2}", given, re.ASCII):
        raise ValueError("must be a date such as 2026-12-01")
    return given


DueDate = Annotated[
    str,
    Field(max_length=40),
    WithJsonSchema({"anyOf": [{"type": "string", "format": "date"}, {"const": ""}], "description": "Empty for none."}),
]
Day = Annotated[date, BeforeValidator(_written_as_a_day)]
Title = Annotated[str, Field(json_schema_extra=title_schema(TITLE_LENGTH))]


class TaskAnswer(BaseModel):
    id: str
    title: str
    description: str | None
    completed: bool
    priority: Priority
    due_date: date | None
    created_at: datetime
    updated_at: datetime
    completed_at: datetime | None


class TaskPageAnswer(BaseModel):
    data: list[TaskAnswer]
    has_more: bool
    after: str | None
    """Ask with this `after` for what follows; null when nothing does."""


class TaskDeleted(BaseModel):
    status: Literal["deleted"] = "deleted"
    id: str


class NewTask(BaseModel):
    title: Title
    description: Annotated[str | None, Field(json_schema_extra={"maxLength": DESCRIPTION_LENGTH})] = None
    priority: Priority | None = None
    due_date: DueDate | None = None


class TaskReplacement(NewTask):
    """All of a task: what is left out becomes the usual, but a task is completed or reopened only when `completed` is given."""

    completed: StrictBool | None = None


class TaskPatch(BaseModel):
    """What is left out stays as it is; null removes a description or due date."""

    model_config = ConfigDict(json_schema_extra={"minProperties": 1})

    title: Title = ""
    description: Annotated[str | None, Field(json_schema_extra={"maxLength": DESCRIPTION_LENGTH})] = None
    priority: Priority | None = None
    due_date: DueDate | None = None
    completed: StrictBool = False


class TaskListQuery(QueryParameters):
    status: TaskFilter = "all"
    priority: Priority | None = None
    due: Due | None = None
    """Counted from today in UTC; `overdue` tasks are not completed, `week` is today and the six days after it."""
    due_before: Day | None = None
    """Exclusive."""
    due_after: Day | None = None
    """Exclusive."""
    q: Annotated[str | None, Field(max_length=200)] = None
    """In the title or the description, whatever the case and the accents."""
    sort: TaskSort = "created"
    order: TaskOrder | None = None
    """`desc` for priorities, else `asc`, unless given."""
    limit: Annotated[int, Field(ge=1, le=100)] = 50
    after: str | None = None


def tasks_router(host: Host, service: TodoService) -> RestRouter:
    router = RestRouter("/api/tasks", "tasks")
    caller = host.needs("tasks")

    @router.answer("GET", "", responses=errors(404))
    async def list_tasks(asked: Annotated[TaskListQuery, Query()], user: User = caller) -> TaskPageAnswer:
        """A page of the list. `after` is the id of the last task of the page before."""
        page = await service.find(user.owner, _query(asked), due=asked.due)
        return TaskPageAnswer(data=[_answer(task) for task in page.data], has_more=page.has_more, after=page.after)

    @router.answer(
        "POST",
        "",
        status_code=201,
        openapi_extra=json_body(schema_of(NewTask)),
        responses=errors(400, 409, 413, 415),
    )
    async def add_task(request: Request, user: User = caller) -> TaskAnswer:
        new = await read_json(request, host.limits, NewTask)
        task = await service.add(
            user.owner, new.title, description=new.description, priority=new.priority, due_date=new.due_date
        )
        return _answer(task)

    @router.answer("GET", "/{task_id}", responses=errors(404))
    async def show_task(task_id: str, user: User = caller) -> TaskAnswer:
        return _answer(await service.get(user.owner, task_id))

    @router.answer(
        "PATCH",
        "/{task_id}",
        openapi_extra=json_body(schema_of(TaskPatch)),
        responses=errors(400, 404, 413, 415),
    )
    async def change_task(request: Request, task_id: str, user: User = caller) -> TaskAnswer:
        patch = await read_json(request, host.limits, TaskPatch)
        edit: Any = patch.model_dump(include=patch.model_fields_set)
        return _answer(await service.update(user.owner, task_id, **edit))

    @router.answer(
        "PUT",
        "/{task_id}",
        openapi_extra=json_body(schema_of(TaskReplacement)),
        responses=errors(400, 404, 413, 415),
    )
    async def replace_task(request: Request, task_id: str, user: User = caller) -> TaskAnswer:
        whole = await read_json(request, host.limits, TaskReplacement)
        edit: Any = whole.model_dump(exclude={"completed"} if whole.completed is None else set())
        return _answer(await service.update(user.owner, task_id, **edit))

    @router.answer("DELETE", "/{task_id}", responses=errors(404))
    async def delete_task(task_id: str, user: User = caller) -> TaskDeleted:
        return TaskDeleted(id=(await service.delete(user.owner, task_id)).id)

    @router.answer("POST", "/{task_id}/complete", responses=errors(404))
    async def complete_task(task_id: str, user: User = caller) -> TaskAnswer:
        """Completing a task twice changes nothing."""
        return _answer((await service.complete(user.owner, task_id)).task)

    @router.answer("POST", "/{task_id}/reopen", responses=errors(404))
    async def reopen_task(task_id: str, user: User = caller) -> TaskAnswer:
        """Reopening an open task changes nothing."""
        return _answer(await service.reopen(user.owner, task_id))

    @router.answer("PATCH", "/{task_id}/complete", responses=errors(404))
    async def toggle_task(task_id: str, user: User = caller) -> TaskAnswer:
        """Completes an open task, reopens a completed one."""
        task = await service.get(user.owner, task_id)
        return _answer(await service.update(user.owner, task_id, completed=not task.completed))

    return router


def _query(asked: TaskListQuery) -> TaskQuery:
    if asked.due is not None and (asked.due_before is not None or asked.due_after is not None):
        raise InvalidInput("Give either `due` or a range of dates.")
    if asked.q is not None and not is_safe(asked.q):
        raise InvalidInput("Text must not contain NUL characters.")
    return TaskQuery(
        status=asked.status,
        priority=asked.priority,
        due_after=asked.due_after,
        due_before=asked.due_before,
        text=asked.q,
        sort=asked.sort,
        order=asked.order or ("desc" if asked.sort == "priority" else "asc"),
        limit=asked.limit,
        after=None if asked.after is None else known_id(asked.after),
    )


def _answer(task: Task) -> TaskAnswer:
    return TaskAnswer(
        id=task.id,
        title=task.title,
        description=task.description,
        completed=task.completed,
        priority=task.priority,
        due_date=task.due_date,
        created_at=task.created_at,
        updated_at=task.updated_at,
        completed_at=task.completed_at,
    )
