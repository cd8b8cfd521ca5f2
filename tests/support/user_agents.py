"""Agents as users write them; `python -m chatkit_host serve user_agents.py:NAME` serves one."""

import asyncio
from typing import Any

from agents import Agent, RunContextWrapper, StopAtTools, function_tool, handoff
from agents.testing import ScriptedModel, assistant_message
from chatkit.types import ThreadItemDoneEvent, WidgetItem
from chatkit.widgets import Card, Text

from chatkit_host import TurnContext
from chatkit_host.clock import utc_now
from chatkit_host.ids import new_id


@function_tool
async def price() -> str:
    """The price of the article."""
    return "42 crowns"


@function_tool
async def charge() -> str:
    """Charges the customer, slowly."""
    await asyncio.sleep(30)
    return "charged"


@function_tool(failure_error_function=None)
async def broken() -> str:
    """Always fails."""
    raise RuntimeError("secret-of-the-tool")


@function_tool
async def show(context: RunContextWrapper[TurnContext]) -> str:
    """Shows a card."""
    item: Any = WidgetItem(
        id=new_id("message"),
        thread_id=context.context.thread.id,
        created_at=utc_now(),
        widget=Card(children=[Text(value="A card")]),
    )
    await context.context.stream(ThreadItemDoneEvent(item=item))
    return "shown"


shop = Agent(name="Shop", instructions="You sell.", tools=[price, charge, broken, show])

terse = Agent(
    name="Terse",
    instructions="You sell.",
    tools=[price],
    tool_use_behavior=StopAtTools(stop_at_tool_names=["price"]),
)

clerk = Agent(
    name="Clerk", instructions="You answer.", model=ScriptedModel([[assistant_message("The clerk is here.")]])
)
desk = Agent(name="Desk", instructions="You hand over.", handoffs=[handoff(clerk)])
