"""Events as the one line of JSON that the log keeps and every surface sends on.

ChatKit's own events are encoded as its SDK encodes them. A few facts have no ChatKit event; these are host events, see `HostEvent`.
"""

from datetime import datetime
from typing import Any, Literal

import orjson
from chatkit.types import (
    ActiveStatus,
    AssistantMessageContent,
    AssistantMessageItem,
    HiddenContextItem,
    Page,
    SDKHiddenContextItem,
    StreamOptions,
    StreamOptionsEvent,
    Thread,
    ThreadCreatedEvent,
    ThreadItem,
    ThreadItemAddedEvent,
    ThreadItemDoneEvent,
    ThreadItemUpdatedEvent,
    ThreadMetadata,
    ThreadStreamEvent,
    UserMessageItem,
)
from pydantic import BaseModel, ConfigDict, TypeAdapter
from pydantic_core import PydanticSerializationError

from chatkit_host.clock import as_utc
from chatkit_host.ids import ThreadId
from chatkit_host.text import safe_text, safe_value

HostEvent = Literal[
    "host.tool_call.started",  # call_id, name, arguments (JSON text)
    "host.tool_call.finished",  # call_id, name, result (text), failed (bool)
    "host.usage",  # input_tokens, output_tokens, ... so far in this turn
    "host.turn.started_again",  # attempt: a worker died, another goes on; what was said and not finished was taken back
    "host.turn.ended",  # status, code and message of the error if there was one; always the last event
]

OF_EVERY_TURN: tuple[type[BaseModel], ...] = (
    ThreadMetadata,
    UserMessageItem,
    AssistantMessageItem,
    ThreadCreatedEvent,
    StreamOptionsEvent,
    ThreadItemAddedEvent,
    ThreadItemUpdatedEvent,
    ThreadItemDoneEvent,
)
"""What is said in an answer of words."""

_EVENT: TypeAdapter[ThreadStreamEvent] = TypeAdapter(ThreadStreamEvent, config=ConfigDict(defer_build=True))


def encode(answer: BaseModel) -> bytes:
    """A ChatKit event, item, page or thread as the SDK puts it on the wire; text that UTF-8 cannot hold is replaced, not raised."""
    try:
        return answer.model_dump_json(by_alias=True, exclude_none=True, context={"exclude_metadata": True}).encode()
    except (PydanticSerializationError, UnicodeEncodeError):
        plain = answer.model_dump(by_alias=True, exclude_none=True, context={"exclude_metadata": True})
        return orjson.dumps(safe_value(plain), default=str)


def encode_host(event: HostEvent, **fields: Any) -> bytes:
    return orjson.dumps(safe_value({"type": event, **fields}))


def decode(data: bytes) -> ThreadStreamEvent:
    """A ChatKit event from the log. Host events have no type here: ask `LogEvent.is_host_event` first."""
    return _EVENT.validate_json(data)


def message_begun(item_id: str, thread_id: str, created_at: datetime) -> tuple[bytes, bytes]:
    """The events of a message in which nothing is said yet: the item, and its part for text. What `encode` makes of them, for a
    moment that somebody waits for: it goes through more code than a processor keeps at hand between two answers."""
    name, moment = orjson.dumps(item_id), orjson.dumps(as_utc(created_at), option=orjson.OPT_UTC_Z)
    # Put together here: bytes that orjson made keep the room they were written in, a kilobyte and more, for as long as the log does.
    return _ITEM_BEGUN % (name, orjson.dumps(thread_id), moment), _TEXT_BEGUN % name


_ITEM_BEGUN = b'{"type":"thread.item.added","item":{"id":%b,"thread_id":%b,"created_at":%b,"type":"assistant_message","content":[]}}'
_TEXT_BEGUN = (
    b'{"type":"thread.item.updated","item_id":%b,"update":{"type":"assistant_message.content_part.added","content_index":0,'
    b'"content":{"annotations":[],"text":"","type":"output_text"}}}'
)


class TextDeltaEncoder:
    """Encodes the deltas of one content part: everything but the text is done once."""

    def __init__(self, item_id: str, content_index: int) -> None:
        self._head = (
            b'{"type":"thread.item.updated","item_id":'
            + orjson.dumps(item_id)
            + b',"update":{"type":"assistant_message.content_part.text_delta","content_index":%d,"delta":'
            % content_index
        )

    def encode(self, delta: str) -> bytes:
        return self._head + orjson.dumps(delta) + b"}}"


def is_hidden(item: ThreadItem) -> bool:
    return isinstance(item, HiddenContextItem | SDKHiddenContextItem)


def owned_item(item: ThreadItem, thread_id: ThreadId) -> ThreadItem:
    """A copy that belongs to this thread and is stamped in aware UTC, whatever user code put there."""
    ours: dict[str, Any] = {"thread_id": thread_id, "created_at": as_utc(item.created_at)}
    if type(item) is AssistantMessageItem:  # the one of every answer: a deep copy takes five times as long
        return item.model_copy(update={**ours, "content": [own_content(part) for part in item.content]})
    return item.model_copy(update=ours, deep=True)


def own_content(content: AssistantMessageContent) -> AssistantMessageContent:
    """A copy that shares nothing which can change."""
    if content.annotations or type(content) is not AssistantMessageContent:
        return content.model_copy(deep=True)
    return AssistantMessageContent(text=content.text, annotations=[])


def thread_begun(thread: ThreadMetadata, items: Page[ThreadItem]) -> bytes:
    """The event of a new thread with these items. As with `message_begun`, somebody waits: of most threads it can be written down."""
    title = b"" if thread.title is None else b'"title":%b,' % orjson.dumps(safe_text(thread.title))
    is_plain = type(thread.status) is ActiveStatus and thread.allowed_image_domains is None and not items.data
    if not is_plain:
        return encode(ThreadCreatedEvent(thread=thread_answer(thread, items)))
    created_at = orjson.dumps(as_utc(thread.created_at), option=orjson.OPT_UTC_Z)
    return _THREAD_BEGUN % (title, orjson.dumps(safe_text(thread.id)), created_at)


_THREAD_BEGUN = (
    b'{"type":"thread.created","thread":{%b"id":%b,"created_at":%b,"status":{"type":"active"},"metadata":{},'
    b'"items":{"data":[],"has_more":false}}}'
)


_CAN_BE_CANCELLED = b'{"type":"stream_options","stream_options":{"allow_cancel":true}}'


def stream_options(options: StreamOptions) -> bytes:
    """The event that tells them."""
    if type(options) is StreamOptions and options.allow_cancel is True:
        return _CAN_BE_CANCELLED
    return encode(StreamOptionsEvent(stream_options=options))


def thread_answer(thread: ThreadMetadata, items: Page[ThreadItem] | None = None) -> Thread:
    """A thread as clients may see it: never its metadata, never a hidden item."""
    visible = items or Page[ThreadItem]()
    return Thread(
        id=thread.id,
        title=thread.title,
        created_at=as_utc(thread.created_at),
        status=thread.status,
        allowed_image_domains=thread.allowed_image_domains,
        items=visible.model_copy(update={"data": [item for item in visible.data if not is_hidden(item)]}),
    )


def done(item: ThreadItem) -> bytes:
    if type(item) is UserMessageItem:  # of every turn, while somebody waits
        return b'{"type":"thread.item.done","item":%b}' % encode(item)
    return encode(ThreadItemDoneEvent(item=item))
