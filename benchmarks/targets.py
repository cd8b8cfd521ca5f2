"""An agent for the server under test: its tools come from where the server is told to find them."""

from agents import Agent


def without_tools() -> Agent[None]:
    return Agent(name="assistant", instructions="You help.")
