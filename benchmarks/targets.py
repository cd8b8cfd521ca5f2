"""An agent for the server under test: its tools come from where the server is told to find them."""

from agents import Agent, function_tool


def without_tools() -> Agent[None]:
    return Agent(name="assistant", instructions="You help.")


@function_tool
def list_tasks() -> str:
    """Lists the tasks."""
    return '{"tasks":[]}'


def with_a_function() -> Agent[None]:
    return Agent(name="assistant", instructions="You help.", tools=[list_tasks])
