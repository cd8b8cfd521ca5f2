"""A model that the user's agent brings along, made to speak into the turn like our own clients.

Its stream events are heard where they arise, inside the run loop's own step, so text and tool calls keep their order.
"""

from collections.abc import AsyncIterator
from contextlib import aclosing
from copy import copy
from dataclasses import replace
from typing import Any

from agents import Agent, Handoff, Model, RunContextWrapper, Tool
from agents.items import ModelResponse, TResponseStreamEvent

from chatkit_host.agent.lane import Lane
from chatkit_host.ids import new_id
from chatkit_host.text import SafeDeltas


def for_one_run(agent: Agent[Any], lane: Lane) -> Agent[Any]:
    """A copy of the agent, and of the agents it hands over to, whose own `Model` objects are heard.

    Also without such: the SDK compares the tools of an agent with those of every other run of the same agent, again and again.
    """
    return _heard(agent, lane, {})


def _heard(agent: Agent[Any], lane: Lane, seen: dict[int, Agent[Any]]) -> Agent[Any]:
    if id(agent) not in seen:
        own = seen[id(agent)] = copy(agent)  # `clone` would check anew what is as it was
        if isinstance(agent.model, Model):
            own.model = HeardModel(agent.model, lane)
        own.handoffs = [_heard_handoff(other, lane, seen) for other in agent.handoffs]
        if not agent.mcp_servers and type(agent).get_mcp_tools is Agent.get_mcp_tools:
            own.__dict__["get_mcp_tools"] = _no_tools  # the SDK's would load all of MCP to say the same
    return seen[id(agent)]


async def _no_tools(_: RunContextWrapper[Any]) -> list[Tool]:
    return []


def _heard_handoff(
    other: Agent[Any] | Handoff[Any, Any], lane: Lane, seen: dict[int, Agent[Any]]
) -> Agent[Any] | Handoff[Any, Any]:
    if isinstance(other, Agent):
        return _heard(other, lane, seen)

    async def invoke(context: RunContextWrapper[Any], arguments: str) -> Any:
        return _heard(await other.on_invoke_handoff(context, arguments), lane, seen)

    return replace(other, on_invoke_handoff=invoke)


class HeardModel(Model):
    def __init__(self, model: Model, lane: Lane) -> None:
        self._model = model
        self._lane = lane

    async def get_response(self, *args: Any, **kwargs: Any) -> ModelResponse:
        return await self._model.get_response(*args, **kwargs)

    async def stream_response(self, *args: Any, **kwargs: Any) -> AsyncIterator[TResponseStreamEvent]:
        stream = self._model.stream_response(*args, **kwargs)
        speaker = _Speaker(self._lane) if self._lane.is_open else None
        async with aclosing(stream) as events:  # type: ignore[type-var]  # models return async generators
            async for event in events:
                if speaker is not None:
                    await speaker.hear(event)
                yield event

    def get_retry_advice(self, request: Any) -> Any:
        return self._model.get_retry_advice(request)

    async def close(self) -> None:
        await self._model.close()


class _Speaker:
    """Says one response's events on the lane, under item ids of ours: providers' ids repeat (`__fake_id__`)."""

    def __init__(self, lane: Lane) -> None:
        self._lane = lane
        self._messages: dict[int, str] = {}
        self._thoughts: dict[int, str] = {}
        self._safe: dict[str, SafeDeltas] = {}

    async def hear(self, event: Any) -> None:
        match event.type:
            case "response.output_text.delta" | "response.refusal.delta":
                item_id = self._id(self._messages, event.output_index)
                if text := self._safe.setdefault(item_id, SafeDeltas()).feed(event.delta):
                    self._lane.text(item_id, text)
            case "response.output_text.annotation.added":
                given = event.annotation
                self._lane.annotation(
                    self._id(self._messages, event.output_index),
                    given if isinstance(given, dict) else given.model_dump(),
                )
            case "response.reasoning_summary_text.delta" | "response.reasoning_text.delta":
                item_id = self._id(self._thoughts, event.output_index)
                if text := self._safe.setdefault(item_id, SafeDeltas()).feed(event.delta):
                    self._lane.reasoning(item_id, text)
            case "response.output_item.done":
                await self._finish(event.output_index)
            case "response.completed":
                for index in [*self._messages, *self._thoughts]:
                    await self._finish(index)
            case _:
                pass

    async def _finish(self, index: int) -> None:
        if (message := self._messages.pop(index, None)) is not None:
            if rest := self._safe[message].finish() if message in self._safe else "":
                self._lane.text(message, rest)
            await self._lane.message_done(message)
        if (thought := self._thoughts.pop(index, None)) is not None:
            await self._lane.reasoning_done(thought)

    def _id(self, ids: dict[int, str], index: int) -> str:
        return ids.setdefault(index, new_id("message"))
