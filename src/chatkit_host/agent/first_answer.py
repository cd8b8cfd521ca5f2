"""The first answer of a run, asked for before there is a run.

Most turns are one call of the model that is answered in words. The Agents SDK's run loop costs such a turn more than everything else
does, so the first call is made without it. Where that answer calls for more, the loop takes over, and hears it as the first of its own.
"""

from collections.abc import AsyncIterator, Callable
from contextlib import aclosing
from copy import copy
from functools import cache, lru_cache
from inspect import isawaitable, signature
from types import FunctionType
from typing import Any, TypeVar
from weakref import WeakSet

from agents import Agent, FunctionTool, Model, ModelProvider, RunContextWrapper
from agents.exceptions import ModelBehaviorError
from agents.items import ModelResponse, TResponseStreamEvent
from agents.model_settings import ModelSettings
from agents.models.interface import ModelTracing
from agents.tool import Tool
from agents.usage import Usage
from openai.types.responses import (
    ResponseCompletedEvent,
    ResponseOutputItem,
    ResponseOutputMessage,
    ResponseOutputText,
    ResponseReasoningItem,
)

Instructions = TypeVar("Instructions", bound=Callable[..., Any])

_READING_NOTHING: WeakSet[Callable[..., Any]] = WeakSet()


def can_be_asked_first(agent: Agent[Any], *, is_traced: bool) -> bool:
    """Whether the run loop would do nothing before its first call of the model but what `first_answer` does as well."""
    return (
        type(agent) is Agent
        and not isinstance(agent.model, Model)
        and not (agent.handoffs or agent.input_guardrails or agent.output_guardrails)
        and agent.hooks is agent.prompt is agent.output_type is None
        and agent.model_settings.retry is agent.model_settings.timeout is None
        and not is_traced
    )


def has_fixed_tools(agent: Agent[Any]) -> bool:
    """The same whoever asks. The SDK would ask each of them in a task of its own."""
    if agent.mcp_servers:
        return False
    for tool in agent.tools:  # noqa: SIM110 - `all` would go in and out of a generator for each
        if getattr(tool, "is_enabled", True) is not True:
            return False
    return True


def reads_no_record(instructions: Instructions) -> Instructions:
    """Marks a function that gives instructions without a look at what is stored."""
    _READING_NOTHING.add(instructions)
    return instructions


def can_be_asked_early(agent: Agent[Any]) -> bool:
    """Whether no code of the user's own has a say in what `first_answer` asks: it might look for the message in the database."""
    written = agent.instructions
    return has_fixed_tools(agent) and (
        isinstance(written, str | None) or (isinstance(written, FunctionType) and written in _READING_NOTHING)
    )


async def first_answer(
    agent: Agent[Any],
    settings: ModelSettings,
    conversation: list[Any],
    context: Any,
    models: ModelProvider,
    asked_model: str | None,
) -> ResponseCompletedEvent | None:
    """What the model answers, spoken on its lane; None, and nothing asked, where the tools are for the run loop to arrange.

    `asked_model` is asked instead of the agent's own.
    """
    tools, instructions = await _tools_and_instructions(agent, conversation, context)
    names = {tool.name for tool in tools if isinstance(tool, FunctionTool)}
    if len(names) < len(tools):
        return None
    name = asked_model or agent.model
    model = models.get_model(name if isinstance(name, str) else None)
    events = model.stream_response(
        instructions,
        conversation,
        settings,
        tools,
        None,
        [],
        ModelTracing.DISABLED,
        previous_response_id=None,
        conversation_id=None,
        prompt=None,
    )
    async with aclosing(events) as said:  # type: ignore[type-var]  # models return async generators
        async for event in said:
            if isinstance(event, ResponseCompletedEvent):
                return event
    raise ModelBehaviorError("The model's stream had no end.")


def is_all(answer: ResponseCompletedEvent) -> bool:
    """Words, and thoughts at most: the run loop would have nothing left to do."""
    output = answer.response.output
    return any(_says_something(item) for item in output) and all(
        isinstance(item, ResponseReasoningItem) or _says_something(item) for item in output
    )


class AnsweredModels(ModelProvider):
    """A run's models, of which the first that is asked has answered already."""

    def __init__(self, models: ModelProvider, answer: ResponseCompletedEvent) -> None:
        self._models = models
        self._answer: ResponseCompletedEvent | None = answer

    def get_model(self, model_name: str | None) -> Model:
        model = self._models.get_model(model_name)
        if self._answer is None:
            return model
        answer, self._answer = self._answer, None
        return _Answered(model, answer)


class _Answered(Model):
    """Of the run loop's first call only; it gets its model anew for each."""

    def __init__(self, model: Model, answer: ResponseCompletedEvent) -> None:
        self._model = model
        self._answer = answer

    async def get_response(self, *args: Any, **kwargs: Any) -> ModelResponse:
        return await self._model.get_response(*args, **kwargs)

    async def stream_response(self, *args: Any, **kwargs: Any) -> AsyncIterator[TResponseStreamEvent]:
        yield self._answer


async def _tools_and_instructions(
    agent: Agent[Any], conversation: list[Any], context: Any
) -> tuple[list[Tool], str | None]:
    are_fixed, written = has_fixed_tools(agent), agent.instructions
    if are_fixed and isinstance(written, str | None):
        return agent.tools, written
    asking = RunContextWrapper(context=context, usage=_nothing_used(), turn_input=list(conversation))
    tools = agent.tools if are_fixed else await agent.get_all_tools(asking)
    return tools, await _instructions(agent, asking)


def _nothing_used() -> Usage:
    """A new one without what pydantic looks at each time."""
    usage = copy(_no_usage())
    usage.request_usage_entries = []
    return usage


@cache
def _no_usage() -> Usage:
    return Usage()


async def _instructions(agent: Agent[Any], asking: RunContextWrapper[Any]) -> str | None:
    """As `agent.get_system_prompt`, which looks at the signature of a function each time."""
    written = agent.instructions
    if not isinstance(written, FunctionType) or not _takes_context_and_agent(written):
        return await agent.get_system_prompt(asking)
    instructions = written(asking, agent)
    return instructions if isinstance(instructions, str) or not isawaitable(instructions) else await instructions


@lru_cache(64)
def _takes_context_and_agent(written: FunctionType) -> bool:
    return len(signature(written).parameters) == 2


def _says_something(item: ResponseOutputItem) -> bool:
    return (
        isinstance(item, ResponseOutputMessage)
        and any(isinstance(part, ResponseOutputText) and part.text for part in item.content)
        and all(isinstance(part, ResponseOutputText) for part in item.content)
    )
