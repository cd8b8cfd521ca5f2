"""Agents for the server under test: their tools come from where the server is told to find them."""

from typing import Any

from agents import Agent

from chatkit_host.agent.todo_assistant import todo_agent
from chatkit_host.todo.service import TodoService
from chatkit_host.todo.tasks import TaskPage


def without_tools() -> Agent[None]:
    return Agent(name="assistant", instructions="You help.")


class _NothingKept:
    """Of a `TaskStore` what `list_tasks` asks for, without a database."""

    async def find(self, *_: object) -> TaskPage:
        return TaskPage(data=[], has_more=False)


def with_functions() -> Agent[Any]:
    """The Todo assistant with function tools that answer at once."""
    store: Any = _NothingKept()
    return todo_agent(TodoService(store))
