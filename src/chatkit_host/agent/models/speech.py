"""One response as it is spoken: tells it to a lane, and keeps what the run loop needs at its end."""

import time
from collections.abc import Mapping
from typing import Any

from openai.types.responses import (
    Response,
    ResponseCompletedEvent,
    ResponseFunctionToolCall,
    ResponseOutputItem,
    ResponseOutputMessage,
    ResponseOutputRefusal,
    ResponseOutputText,
    ResponseReasoningItem,
    ResponseUsage,
)
from openai.types.responses.response_reasoning_item import Content, Summary
from openai.types.responses.response_usage import InputTokensDetails, OutputTokensDetails

from chatkit_host.agent.lane import Lane
from chatkit_host.agent.models.built import built
from chatkit_host.agent.models.chat_fold import Said
from chatkit_host.ids import new_id

# The key by which the Agents SDK recognises reasoning that goes back to its model in the field `reasoning`.
_REPLAY_FIELD = "_chat_completions_reasoning_field"


class Speech:
    """Reasoning ends where text begins; the message ends with `end`, which is only called after a terminal reason."""

    def __init__(self, lane: Lane) -> None:
        self._lane = lane
        self._message_id: str | None = None
        self._thought_id: str | None = None
        self._thoughts: list[tuple[str, list[str]]] = []
        self._text: list[str] = []
        self._refusal: list[str] = []

    async def say(self, said: Said) -> None:
        channel, delta = said
        if channel == "reasoning":
            if self._thought_id is None:
                self._thought_id = new_id("workflow")
                self._thoughts.append((self._thought_id, []))
            self._thoughts[-1][1].append(delta)
            self._lane.reasoning(self._thought_id, delta)
            return
        if self._thought_id is not None:
            await self._end_thought()
        if self._message_id is None:
            self._message_id = new_id("message")
        if channel == "text":
            self.text(delta)
        else:
            self._refusal.append(delta)
            self._lane.refusal(self._message_id, delta)

    @property
    def is_in_text(self) -> bool:
        """What comes next may go on with `text`."""
        return self._thought_id is None and self._message_id is not None

    def text(self, delta: str) -> None:
        """The same as `say`, where the message says more."""
        assert self._message_id is not None
        self._text.append(delta)
        self._lane.text(self._message_id, delta)

    def annotate(self, annotation: dict[str, Any]) -> None:
        if self._message_id is not None:
            self._lane.annotation(self._message_id, annotation)

    async def end(self) -> None:
        if self._thought_id is not None:
            await self._end_thought()
        if self._message_id is not None:
            await self._lane.message_done(self._message_id)

    def reasoning_items(
        self, model: str, field: str | None = None, blocks: list[dict[str, Any]] | None = None
    ) -> list[ResponseOutputItem]:
        """In the forms in which the Agents SDK's converter gives them back to the model that thought them."""
        items: list[ResponseOutputItem] = []
        provider_data: dict[str, Any] = {"model": model}
        if field == "reasoning":
            provider_data[_REPLAY_FIELD] = "reasoning"
        if blocks:
            provider_data["thinking_blocks"] = blocks
        for thought_id, pieces in self._thoughts:
            text = "".join(pieces)
            item = built(
                ResponseReasoningItem,
                id=thought_id,
                type="reasoning",
                summary=[] if field == "reasoning" else [Summary(text=text, type="summary_text")],
                content=[Content(text=text, type="reasoning_text")] if field == "reasoning" else None,
                provider_data=provider_data,
            )
            items.append(item)
        if blocks and not items:
            items.append(
                built(
                    ResponseReasoningItem,
                    id=new_id("workflow"),
                    type="reasoning",
                    summary=[],
                    provider_data=provider_data,
                )
            )
        return items

    def message_items(self) -> list[ResponseOutputItem]:
        if self._message_id is None:
            return []
        content: list[ResponseOutputText | ResponseOutputRefusal] = []
        if self._text:
            content.append(
                built(ResponseOutputText, type="output_text", text="".join(self._text), annotations=[], logprobs=[])
            )
        if self._refusal:
            content.append(ResponseOutputRefusal(type="refusal", refusal="".join(self._refusal)))
        return [
            built(
                ResponseOutputMessage,
                id=self._message_id,
                type="message",
                role="assistant",
                status="completed",
                content=content,
            )
        ]

    async def _end_thought(self) -> None:
        thought_id, self._thought_id = self._thought_id, None
        if thought_id is not None:
            await self._lane.reasoning_done(thought_id)


def function_call(
    call_id: str, name: str, arguments: str, provider_data: dict[str, Any] | None = None
) -> ResponseFunctionToolCall:
    extra: dict[str, Any] = {"provider_data": provider_data} if provider_data else {}
    return built(
        ResponseFunctionToolCall,
        id=new_id("tool_call"),
        type="function_call",
        call_id=call_id,
        name=name,
        arguments=arguments,
        status="completed",
        **extra,
    )


def completed(
    model: str, output: list[ResponseOutputItem], usage: ResponseUsage, sequence_number: int = 0
) -> ResponseCompletedEvent:
    """The one event the run loop cannot do without. Nothing in it is validated again: every part was built here."""
    response = built(
        Response,
        id=new_id("request").replace("req_", "resp_"),
        object="response",
        created_at=time.time(),
        model=model,
        status="completed",
        output=output,
        usage=usage,
        tools=[],
        tool_choice="auto",
        parallel_tool_calls=True,
    )
    return built(ResponseCompletedEvent, type="response.completed", response=response, sequence_number=sequence_number)


def chat_usage(usage: Mapping[str, Any] | None) -> ResponseUsage:
    """Token counts of a chat completion; zeros where the provider tells none."""
    counts = usage or {}
    sent, received = _count(counts, "prompt_tokens"), _count(counts, "completion_tokens")
    prompt_details, completion_details = (
        _mapping(counts.get("prompt_tokens_details")),
        _mapping(counts.get("completion_tokens_details")),
    )
    return token_usage(
        sent,
        received,
        total=_count(counts, "total_tokens") or sent + received,
        cached=_count(prompt_details, "cached_tokens") or _count(counts, "prompt_cache_hit_tokens"),
        reasoning=_count(completion_details, "reasoning_tokens"),
    )


def token_usage(
    sent: int, received: int, *, total: int | None = None, cached: int = 0, reasoning: int = 0
) -> ResponseUsage:
    return built(
        ResponseUsage,
        input_tokens=sent,
        output_tokens=received,
        total_tokens=sent + received if total is None else total,
        input_tokens_details=built(InputTokensDetails, cached_tokens=cached, cache_write_tokens=0),
        output_tokens_details=built(OutputTokensDetails, reasoning_tokens=reasoning),
    )


def _count(counts: Mapping[str, Any], key: str) -> int:
    value = counts.get(key)
    return value if isinstance(value, int) and value > 0 else 0


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
