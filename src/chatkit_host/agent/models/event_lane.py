"""A lane that turns speech into the Responses API's stream events, for whoever calls our models without a turn."""

from dataclasses import dataclass, field
from typing import Any

from agents.items import TResponseStreamEvent
from openai.types.responses import (
    Response,
    ResponseContentPartAddedEvent,
    ResponseContentPartDoneEvent,
    ResponseCreatedEvent,
    ResponseOutputItem,
    ResponseOutputItemAddedEvent,
    ResponseOutputItemDoneEvent,
    ResponseOutputMessage,
    ResponseOutputRefusal,
    ResponseOutputText,
    ResponseOutputTextAnnotationAddedEvent,
    ResponseReasoningItem,
    ResponseReasoningSummaryPartAddedEvent,
    ResponseReasoningSummaryPartDoneEvent,
    ResponseReasoningSummaryTextDeltaEvent,
    ResponseReasoningSummaryTextDoneEvent,
    ResponseRefusalDeltaEvent,
    ResponseRefusalDoneEvent,
    ResponseTextDeltaEvent,
    ResponseTextDoneEvent,
)
from openai.types.responses.response_reasoning_item import Summary

from chatkit_host.agent.models.built import built


@dataclass(slots=True)
class _Part:
    kind: str
    pieces: list[str] = field(default_factory=list)
    annotations: list[Any] = field(default_factory=list)

    @property
    def value(self) -> ResponseOutputText | ResponseOutputRefusal:
        text = "".join(self.pieces)
        if self.kind == "refusal":
            return ResponseOutputRefusal(type="refusal", refusal=text)
        # openai's own way, which makes objects of the annotations
        return ResponseOutputText.model_construct(
            type="output_text", text=text, annotations=self.annotations, logprobs=[]
        )


@dataclass(slots=True)
class _Item:
    index: int
    parts: list[_Part] = field(default_factory=list)


class EventLane:
    """Satisfies `Lane`. `drain` gives the events since the last drain, numbered through."""

    is_open = True

    def __init__(self, model: str) -> None:
        self._items: dict[str, _Item] = {}
        self._indexes = 0
        self._events: list[TResponseStreamEvent] = []
        self.sequence_number = 0
        response = built(
            Response, id="", object="response", created_at=0.0, model=model, status="in_progress", output=[], tools=[]
        )
        self._add(ResponseCreatedEvent, "response.created", response=response)

    def drain(self) -> list[TResponseStreamEvent]:
        events, self._events = self._events, []
        return events

    def text(self, item_id: str, delta: str) -> None:
        item, part = self._message_part(item_id, "output_text")
        self._add(
            ResponseTextDeltaEvent, "response.output_text.delta", item_id, item, content=True, delta=delta, logprobs=[]
        )
        part.pieces.append(delta)

    def refusal(self, item_id: str, delta: str) -> None:
        item, part = self._message_part(item_id, "refusal")
        self._add(ResponseRefusalDeltaEvent, "response.refusal.delta", item_id, item, content=True, delta=delta)
        part.pieces.append(delta)

    def annotation(self, item_id: str, annotation: dict[str, Any]) -> None:
        item, part = self._message_part(item_id, "output_text")
        self._add(
            ResponseOutputTextAnnotationAddedEvent,
            "response.output_text.annotation.added",
            item_id,
            item,
            content=True,
            annotation=annotation,
            annotation_index=len(part.annotations),
        )
        part.annotations.append(annotation)

    def reasoning(self, item_id: str, delta: str) -> None:
        item = self._items.get(item_id)
        if item is None:
            thought = ResponseReasoningItem(id=item_id, type="reasoning", summary=[], status="in_progress")
            item = self._open(item_id, thought)
            item.parts.append(_Part("summary_text"))
            part = Summary(type="summary_text", text="")
            self._add(
                ResponseReasoningSummaryPartAddedEvent,
                "response.reasoning_summary_part.added",
                item_id,
                item,
                summary_index=0,
                part=part,
            )
        self._add(
            ResponseReasoningSummaryTextDeltaEvent,
            "response.reasoning_summary_text.delta",
            item_id,
            item,
            summary_index=0,
            delta=delta,
        )
        item.parts[-1].pieces.append(delta)

    async def message_done(self, item_id: str) -> None:
        item = self._items.pop(item_id, None)
        if item is None:
            return
        if item.parts:
            self._close_part(item_id, item)
        content = [part.value for part in item.parts]
        message = built(
            ResponseOutputMessage, id=item_id, type="message", role="assistant", status="completed", content=content
        )
        self._add(ResponseOutputItemDoneEvent, "response.output_item.done", None, item, item=message)

    async def reasoning_done(self, item_id: str) -> None:
        item = self._items.pop(item_id, None)
        if item is None:
            return
        text = "".join(item.parts[-1].pieces)
        summary = Summary(type="summary_text", text=text)
        done: tuple[tuple[Any, str, dict[str, Any]], ...] = (
            (ResponseReasoningSummaryTextDoneEvent, "response.reasoning_summary_text.done", {"text": text}),
            (ResponseReasoningSummaryPartDoneEvent, "response.reasoning_summary_part.done", {"part": summary}),
        )
        for kind, name, values in done:
            self._add(kind, name, item_id, item, summary_index=0, **values)
        thought = ResponseReasoningItem(id=item_id, type="reasoning", summary=[summary], status="completed")
        self._add(ResponseOutputItemDoneEvent, "response.output_item.done", None, item, item=thought)

    def whole(self, value: ResponseOutputItem) -> None:
        """An item that is not spoken: a tool call."""
        item = _Item(self._indexes)
        self._indexes += 1
        self._add(ResponseOutputItemAddedEvent, "response.output_item.added", None, item, item=value)
        self._add(ResponseOutputItemDoneEvent, "response.output_item.done", None, item, item=value)

    def _message_part(self, item_id: str, kind: str) -> tuple[_Item, _Part]:
        item = self._items.get(item_id)
        if item is None:
            message = ResponseOutputMessage(
                id=item_id, type="message", role="assistant", status="in_progress", content=[]
            )
            item = self._open(item_id, message)
        if not item.parts or item.parts[-1].kind != kind:
            if item.parts:
                self._close_part(item_id, item)
            item.parts.append(_Part(kind))
            self._add(
                ResponseContentPartAddedEvent,
                "response.content_part.added",
                item_id,
                item,
                content=True,
                part=item.parts[-1].value,
            )
        return item, item.parts[-1]

    def _close_part(self, item_id: str, item: _Item) -> None:
        value = item.parts[-1].value
        if isinstance(value, ResponseOutputRefusal):
            self._add(
                ResponseRefusalDoneEvent,
                "response.refusal.done",
                item_id,
                item,
                content=True,
                refusal=value.refusal,
            )
        else:
            self._add(
                ResponseTextDoneEvent,
                "response.output_text.done",
                item_id,
                item,
                content=True,
                text=value.text,
                logprobs=[],
            )
        self._add(ResponseContentPartDoneEvent, "response.content_part.done", item_id, item, content=True, part=value)

    def _open(self, item_id: str, value: Any) -> _Item:
        item = self._items[item_id] = _Item(self._indexes)
        self._indexes += 1
        self._add(ResponseOutputItemAddedEvent, "response.output_item.added", None, item, item=value)
        return item

    def _add(
        self,
        kind: Any,
        name: str,
        item_id: str | None = None,
        of: _Item | None = None,
        content: bool = False,
        **values: Any,
    ) -> None:
        if item_id is not None:
            values["item_id"] = item_id
        if of is not None:
            values["output_index"] = of.index
            if content:
                values["content_index"] = len(of.parts) - 1
        self._events.append(built(kind, type=name, sequence_number=self.sequence_number, **values))
        self.sequence_number += 1
