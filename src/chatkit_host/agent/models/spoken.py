"""What our models share: they speak into a turn's lane when they are bound to one, and as stream events otherwise."""

import copy
from abc import abstractmethod
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from dataclasses import dataclass
from functools import cache
from typing import Any, Self

from agents.agent_output import AgentOutputSchemaBase
from agents.exceptions import ModelBehaviorError
from agents.handoffs import Handoff
from agents.items import ModelResponse, TResponseInputItem, TResponseStreamEvent
from agents.model_settings import ModelSettings
from agents.models.default_models import get_default_model, get_default_model_settings
from agents.models.interface import Model, ModelTracing
from agents.tool import Tool
from agents.usage import Usage
from openai.types.responses import (
    ResponseCompletedEvent,
    ResponseOutputItem,
    ResponseOutputMessage,
    ResponseReasoningItem,
    ResponseUsage,
)
from openai.types.responses.response_prompt_param import ResponsePromptParam

from chatkit_host.agent.lane import Lane
from chatkit_host.agent.models.event_lane import EventLane
from chatkit_host.agent.models.speech import completed


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelRequest:
    """One call of a model, as the run loop asks for it."""

    instructions: str | None
    input: str | list[Any]
    """Text, or input items of the Responses API."""
    settings: ModelSettings
    tools: list[Tool]
    output_schema: AgentOutputSchemaBase | None
    handoffs: list[Handoff]

    def used_call_ids(self) -> list[str]:
        if isinstance(self.input, str):
            return []
        return [str(call_id) for item in self.input if (call_id := item.get("call_id"))]


@dataclass(slots=True)
class Answer:
    """Filled in by a model when its response has ended well."""

    output: list[ResponseOutputItem] | None = None
    usage: ResponseUsage | None = None
    in_steps: bool = False
    """Whether somebody looks at the lane after each burst."""


class SpokenModel(Model):
    """A model that answers by `_answer`."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._lane: Lane | None = None

    def bound(self, lane: Lane) -> Self:
        """The same model for one turn, speaking into its lane."""
        model = copy.copy(self)
        model._lane = lane
        return model

    @abstractmethod
    def _answer(self, request: ModelRequest, lane: Lane, answer: Answer) -> AsyncGenerator[None]:
        """Speaks into the lane, yields after each burst, and fills `answer` in; without an answer it raises."""

    async def stream_response(
        self,
        system_instructions: str | None,
        input: str | list[TResponseInputItem],
        model_settings: ModelSettings,
        tools: list[Tool],
        output_schema: AgentOutputSchemaBase | None,
        handoffs: list[Handoff],
        tracing: ModelTracing,
        *,
        previous_response_id: str | None = None,
        conversation_id: str | None = None,
        prompt: ResponsePromptParam | None = None,
    ) -> AsyncIterator[TResponseStreamEvent]:
        request = ModelRequest(
            instructions=system_instructions,
            input=input if isinstance(input, str) else list(input),
            settings=without_implied(model_settings, self.name),
            tools=tools,
            output_schema=output_schema,
            handoffs=handoffs,
        )
        answer = Answer()
        if self._lane is not None and self._lane.is_open:
            async with aclosing(self._answer(request, self._lane, answer)) as bursts:
                async for _ in bursts:
                    pass
                yield _completed(self.name, answer, 0)
            return
        events, answer.in_steps = EventLane(self.name), True
        async with aclosing(self._answer(request, events, answer)) as bursts:
            async for _ in bursts:
                for event in events.drain():
                    yield event
            for item in answer.output or []:
                if not isinstance(item, (ResponseOutputMessage, ResponseReasoningItem)):
                    events.whole(item)
            for event in events.drain():
                yield event
            yield _completed(self.name, answer, events.sequence_number)

    async def get_response(
        self,
        system_instructions: str | None,
        input: str | list[TResponseInputItem],
        model_settings: ModelSettings,
        tools: list[Tool],
        output_schema: AgentOutputSchemaBase | None,
        handoffs: list[Handoff],
        tracing: ModelTracing,
        *,
        previous_response_id: str | None = None,
        conversation_id: str | None = None,
        prompt: ResponsePromptParam | None = None,
    ) -> ModelResponse:
        model = copy.copy(self)
        model._lane = None
        events = model.stream_response(
            system_instructions, input, model_settings, tools, output_schema, handoffs, tracing
        )
        async for event in events:
            if isinstance(event, ResponseCompletedEvent):
                return as_model_response(event)
        raise ModelBehaviorError("The model's stream had no end.")


def _completed(model: str, answer: Answer, sequence_number: int) -> ResponseCompletedEvent:
    if answer.output is None or answer.usage is None:
        raise ModelBehaviorError("The model's stream had no end.")
    return completed(model, answer.output, answer.usage, sequence_number)


def as_model_response(answer: ResponseCompletedEvent) -> ModelResponse:
    response = answer.response
    return ModelResponse(output=response.output, usage=_usage(response.usage), response_id=response.id)


def _usage(usage: ResponseUsage | None) -> Usage:
    if usage is None:
        return Usage(requests=1)
    return Usage(
        requests=1,
        input_tokens=usage.input_tokens,
        output_tokens=usage.output_tokens,
        total_tokens=usage.total_tokens,
        input_tokens_details=usage.input_tokens_details,
        output_tokens_details=usage.output_tokens_details,
    )


@cache
def _implied(default_model: str) -> ModelSettings:
    return get_default_model_settings(default_model)


def without_implied(settings: ModelSettings, model: str) -> ModelSettings:
    """Without the reasoning effort and verbosity that the Agents SDK puts in for an agent that names no model.

    They suit the SDK's own default model; other models answer them with 400.
    """
    if settings.reasoning is None and settings.verbosity is None:
        return settings
    if model.lower().rsplit("/", 1)[-1] == get_default_model():
        return settings
    implied = _implied(get_default_model())
    changes: dict[str, Any] = {}
    if implied.reasoning is not None and settings.reasoning == implied.reasoning:
        changes["reasoning"] = None
    if implied.verbosity is not None and settings.verbosity == implied.verbosity:
        changes["verbosity"] = None
    if not changes or len(changes) < (implied.reasoning is not None) + (implied.verbosity is not None):
        return settings
    settings = copy.copy(settings)
    for name, value in changes.items():
        setattr(settings, name, value)
    return settings
