"""Records as JSON text, and back.

The second wall against what a database cannot hold: the engine makes text safe when it arrives, and here nothing unsafe
gets past. Nothing is left out, not even None: `hidden_context_item` requires a content that may be None.
"""

import json
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any, get_args

import orjson
from chatkit.types import ActiveStatus, Attachment, ThreadItem, ThreadStatus
from pydantic import BaseModel, TypeAdapter
from pydantic_core import PydanticSerializationError, from_json

from chatkit_host.clock import as_utc
from chatkit_host.engine.ports import Words
from chatkit_host.text import safe_text, safe_value

HIDDEN_KINDS = ("hidden_context_item", "sdk_hidden_context")
"""Items that no client sees."""

_NUL = "\\u0000"


def item_json(item: ThreadItem) -> str:
    """`item` with its time in UTC."""
    moment = as_utc(item.created_at)
    if moment != item.created_at or item.created_at.tzinfo is not moment.tzinfo:
        item = item.model_copy(update={"created_at": moment})
    return _model_json(item)


def item_from(kind: str, payload: str) -> ThreadItem:
    return _reader(kind)(payload)


def past_items(rows: Sequence[tuple[str, str]]) -> list[ThreadItem | Words]:
    """The items of `(kind, payload)`, those that are words alone as such."""
    try:
        documents = orjson.loads(f"[{','.join([payload for _, payload in rows])}]")
    except ValueError:  # nested deeper than the quick one goes
        return [item_from(kind, payload) for kind, payload in rows]
    return [
        _words(kind, document) or item_from(kind, payload)
        for (kind, payload), document in zip(rows, documents, strict=True)
    ]


def _words(kind: str, message: dict[str, Any]) -> Words | None:
    if kind == "assistant_message":
        return Words(message["id"], "assistant", _text(message["content"]))
    if kind != "user_message" or message.get("quoted_text") or message.get("attachments"):
        return None
    for part in message["content"]:
        if part["type"] != "input_text":
            return None
    return Words(message["id"], "user", _text(message["content"]))


def _text(parts: list[dict[str, Any]]) -> str:
    return parts[0]["text"] if len(parts) == 1 else "".join([part["text"] for part in parts])


def items_json(items: Sequence[ThreadItem]) -> str:
    return "[" + ",".join(item_json(item) for item in items) + "]"


def items_from(payload: str) -> list[ThreadItem]:
    return _adapter(list[ThreadItem]).validate_json(payload)


def attachment_json(attachment: Attachment) -> str:
    return _model_json(attachment)


def attachment_from(payload: str) -> Attachment:
    return _adapter(Attachment).validate_json(payload)


def status_json(status: ThreadStatus) -> str:
    return _ACTIVE if type(status) is ActiveStatus else _model_json(status)


def status_from(payload: str) -> ThreadStatus:
    if payload == _ACTIVE:
        return ActiveStatus()
    return _adapter(ThreadStatus).validate_json(payload)


def value_json(value: Any) -> str:
    """Any JSON value; strings are made safe."""
    try:
        text = orjson.dumps(value).decode()
    except TypeError:
        # A lone surrogate, an integer of more than 64 bits, or a key that is no string.
        return json.dumps(safe_value(value), ensure_ascii=False)
    return json.dumps(safe_value(value), ensure_ascii=False) if _NUL in text else text


def value_from(payload: str) -> Any:
    try:
        return from_json(payload)
    except ValueError:
        return json.loads(payload)  # nested deeper than the quick one goes


def values_from(payloads: Sequence[str]) -> list[Any]:
    try:
        return from_json(f"[{','.join(payloads)}]")
    except ValueError:
        return [value_from(payload) for payload in payloads]


def safe(text: str | None) -> str | None:
    return None if text is None else safe_text(text)


def _model_json(model: BaseModel) -> str:
    try:
        text = model.model_dump_json()
    except PydanticSerializationError:
        text = _NUL
    if _NUL not in text:
        return text
    return model.model_validate(safe_value(model.model_dump())).model_dump_json()


@cache
def _reader(kind: str) -> Callable[[str], ThreadItem]:
    """As the model's `model_validate_json`, without the steps on its way; a conversation has hundreds of items."""
    return _item_models()[kind].__pydantic_validator__.validate_json


@cache
def _item_models() -> dict[str, Any]:
    """By kind. Reading a known kind through its own model saves building the union's validator at start."""
    models = get_args(get_args(ThreadItem)[0])
    return {model.model_fields["type"].default: model for model in models}


@cache
def _adapter(kind: Any) -> TypeAdapter[Any]:
    return TypeAdapter(kind)


_ACTIVE = _model_json(ActiveStatus())
