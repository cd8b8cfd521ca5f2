"""An agent with one tool, whose effects can be counted, and which takes as long as a test wants.

For `chatkit-host serve noting_agent.py:agent` (or `:by_mcp`, see `support.noting_mcp_server`), with the directory of its notes in NOTES.
"""

import asyncio
import os
from pathlib import Path

from agents import Agent, function_tool


@function_tool
async def note(cell: str) -> str:
    """Takes a note."""
    notes = Path(os.environ["NOTES"])
    with (notes / f"{cell}.noted").open("a") as file:
        file.write("noted\n")
    while (notes / f"{cell}.wait").exists():  # noqa: ASYNC110 - it is another process that removes it
        await asyncio.sleep(0.02)
    return "noted"


agent = Agent(name="Notes", instructions="Take notes.", tools=[note])
by_mcp = Agent(name="Notes", instructions="Take notes.")
"""Whose tool is an MCP server's."""
