"""The simple dialect of `POST /chatkit`: `{"message": ..., "thread_id": ...}` in, an event stream that ends with `[DONE]` out."""

from collections.abc import Sequence
from typing import Annotated, Any, Literal

import orjson
from chatkit.types import InferenceOptions, ThreadAddUserMessageParams, ThreadCreateParams
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter
from starlette.requests import Request
from starlette.responses import Response

from chatkit_host.api.body import check_message, parse, text_message
from chatkit_host.api.dialect import Dialect
from chatkit_host.api.host import Host
from chatkit_host.api.plain_reading import PlainReader
from chatkit_host.api.schemas import NOT_BLANK, schema_of
from chatkit_host.api.sse import sent_event
from chatkit_host.api.streaming import json_event, sending_of, stream_turn
from chatkit_host.auth.identity import User
from chatkit_host.engine import openings
from chatkit_host.engine.openings import Asking, Opening
from chatkit_host.engine.ports import LogEvent
from chatkit_host.ids import TurnId

WORKING = "Working on it…\n"
"""Said once the message is kept, so that a client has something to show before the model begins."""

_LAST = "[DONE]"


class SimpleMessage(BaseModel):
    """A message in the simple dialect."""

    model_config = ConfigDict(use_attribute_docstrings=True)

    message: str = Field(json_schema_extra=NOT_BLANK)
    thread_id: str | None = None
    """The thread to go on with; a new one if there is none."""


class ThreadEvent(BaseModel):
    """The first event: where the conversation goes on."""

    type: Literal["thread"] = "thread"
    thread_id: str


class ThinkingEvent(BaseModel):
    """What the model thinks, as it grows. The first one only says that the message was taken."""

    type: Literal["thinking"] = "thinking"
    content: str


class TextEvent(BaseModel):
    """The answer, as it grows: to be appended."""

    type: Literal["text"] = "text"
    content: str


class ToolCallEvent(BaseModel):
    """A tool is called."""

    type: Literal["tool_call"] = "tool_call"
    id: str
    name: str
    args: Any


class ToolResultEvent(BaseModel):
    """What that call gave."""

    type: Literal["tool_result"] = "tool_result"
    id: str
    name: str
    result: Any


class ErrorEvent(BaseModel):
    """The last event of an answer that failed or was stopped; no `[DONE]` follows. What was said stays in the thread."""

    type: Literal["error"] = "error"
    code: str
    message: str


SimpleEvent = Annotated[
    ThreadEvent | ThinkingEvent | TextEvent | ToolCallEvent | ToolResultEvent | ErrorEvent, Field(discriminator="type")
]

_MESSAGE = TypeAdapter(SimpleMessage)


def simple_dialect(host: Host) -> Dialect:
    async def answer(request: Request, user: User, body: bytes) -> Response:
        asked = parse(body, _MESSAGE)
        given = text_message(asked.message, InferenceOptions())
        check_message(given, host.limits)

        async def open_(asking: Asking) -> Opening:
            if asked.thread_id is None:
                return await openings.new_thread(asking, ThreadCreateParams(input=given))
            return await openings.message(asking, ThreadAddUserMessageParams(thread_id=asked.thread_id, input=given))

        sending = sending_of(host, request, body, thread_id=asked.thread_id)
        return await stream_turn(host, request, await host.asking(request, user), sending, open_, SimpleEncoder)

    return Dialect(
        recognises=_has_a_message_and_no_type,
        answer=answer,
        request_schema=schema_of(SimpleMessage),
        event_schema=schema_of(TypeAdapter(SimpleEvent)),
        last_data=_LAST,
    )


class SimpleEncoder(PlainReader):
    """A turn's log in the simple dialect."""

    def __init__(self, thread_id: str, turn_id: TurnId) -> None:
        super().__init__()
        self._turn_id = turn_id
        self._lines = list[bytes]()
        self._send(type="thread", thread_id=thread_id)
        self._send(type="thinking", content=WORKING)

    def __call__(self, events: Sequence[LogEvent]) -> bytes:
        self.read(events)
        encoded = b"".join(self._lines)
        self._lines.clear()
        return encoded

    def text(self, delta: str) -> None:
        self._send(type="text", content=delta)

    def thought(self, delta: str) -> None:
        self._send(type="thinking", content=delta)

    def tool_started(self, call_id: str, name: str, arguments: Any) -> None:
        self._send(type="tool_call", id=call_id, name=name, args=arguments)

    def tool_finished(self, call_id: str, name: str, result: Any) -> None:
        self._send(type="tool_result", id=call_id, name=name, result=result)

    def completed(self) -> None:
        self._lines.append(sent_event(self._turn_id, self.seq, _LAST.encode()))

    def failed(self, code: str, message: str) -> None:
        self._send(type="error", code=code, message=message)

    def _send(self, **event: Any) -> None:
        self._lines.append(json_event(self._turn_id, self.seq, event))


def _has_a_message_and_no_type(body: bytes) -> bool:
    if b'"message"' not in body:
        return False
    try:
        given = orjson.loads(body)
    except orjson.JSONDecodeError:
        return False
    return isinstance(given, dict) and "message" in given and "type" not in given
