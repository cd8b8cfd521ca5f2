"""Completes the OpenAPI description that FastAPI makes of the routes: ChatKit's types, and the headers of the answers."""

from collections.abc import Iterator
from functools import cache
from typing import Any

from chatkit.types import (
    Attachment,
    Page,
    SyncCustomActionResponse,
    Thread,
    ThreadItem,
    ThreadStreamEvent,
    TranscriptionResult,
)
from fastapi import FastAPI
from pydantic import BaseModel, ConfigDict, TypeAdapter

from chatkit_host.api.dialect import Dialect
from chatkit_host.api.errors import ErrorAnswer
from chatkit_host.api.schemas import COMPONENTS, Responses, event_stream, in_full
from chatkit_host.api.versions import VersionsAnswer

_SUMMARY = """\
Conversations with an assistant: over the ChatKit protocol, as simple events, as JSON. What one surface writes, every other shows.

Every error is an `ErrorAnswer`. Identifiers of others answer like those that never were."""
_EVENTS = (
    "To what names a `type`: ChatKit's events (`ThreadStreamEvent` of openai-chatkit). "
    "To a plain `message`: events that end with `data: [DONE]`. What has an answer of its own is answered with JSON."
)
_PREFIX = "ChatKit."
_PLACE = f"{COMPONENTS}{_PREFIX}"

_HEADERS = {
    "X-Request-ID": "The request's name in errors and in the server's log; the one it came with, if it had one.",
    "ChatKit-Extensions": "What this server does beyond the ChatKit protocol, separated by commas.",
}
_CHALLENGE = {"WWW-Authenticate": "`Bearer`, and what was wrong with the token."}
_LATER = {"Retry-After": "In how many seconds to try again."}
_TURN = {"ChatKit-Turn": "The answer's id, see `/api/turns`."}


class Done(BaseModel):
    """There is nothing to tell but that it was done."""

    model_config = ConfigDict(extra="forbid")


CHATKIT_EVENT = {"$ref": f"{_PLACE}ThreadStreamEvent"}
_SHAPES: dict[str, Any] = {
    "ThreadStreamEvent": ThreadStreamEvent,
    "Answer": Thread
    | Page[Thread]
    | Page[ThreadItem]
    | Attachment
    | SyncCustomActionResponse
    | TranscriptionResult
    | VersionsAnswer
    | Done,
}


def chatkit_answers(other: Dialect) -> Responses:
    """Of the ChatKit protocol, and of a dialect that is spoken at the same address."""
    answers = event_stream({"anyOf": [CHATKIT_EVENT, other.event_schema]}, _EVENTS, last=other.last_data)
    answers[200]["content"]["application/json"] = {"schema": {"$ref": f"{_PLACE}Answer"}}
    return answers


def describe(app: FastAPI) -> None:
    found = app.openapi

    @cache
    def openapi() -> dict[str, Any]:
        description = in_full(found())
        description["info"]["description"] = _SUMMARY
        description["components"]["schemas"] |= _errors() | _chatkit_types()
        for status, answer in _answers(description):
            answer.setdefault("headers", {}).update(_headers(status, answer))
        return description

    app.openapi = openapi


def _answers(description: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for operations in description["paths"].values():
        for operation in operations.values():
            yield from operation["responses"].items()


def _headers(status: str, answer: dict[str, Any]) -> dict[str, Any]:
    words = dict(_HEADERS)
    if status == "401":
        words |= _CHALLENGE
    if status in ("429", "503"):
        words |= _LATER
    if list(answer.get("content", ())) == ["text/event-stream"]:
        words |= _TURN
    return {
        name: {"description": text, "required": True, "schema": {"type": "string", "minLength": 1}}
        for name, text in words.items()
    }


def _errors() -> dict[str, Any]:
    schema = ErrorAnswer.model_json_schema(mode="serialization", ref_template=f"{COMPONENTS}{{model}}")
    return {**schema.pop("$defs", {}), ErrorAnswer.__name__: schema}


def _chatkit_types() -> dict[str, Any]:
    types: dict[str, Any] = {}
    for name, shape in _SHAPES.items():
        schema = TypeAdapter(shape).json_schema(mode="serialization", ref_template=f"{_PLACE}{{model}}")
        types |= {f"{_PREFIX}{each}": definition for each, definition in schema.pop("$defs").items()}
        types[f"{_PREFIX}{name}"] = schema
    return types
