"""Reads a request's body as a pydantic model, and refuses in words what cannot be read or stored."""

import math
import re
from dataclasses import dataclass
from typing import Any, TypeVar

from chatkit.types import InferenceOptions, UserMessageInput, UserMessageTextContent
from pydantic import BaseModel, TypeAdapter, ValidationError
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request

from chatkit_host.errors import BadRequest, InvalidInput, TooLarge

T = TypeVar("T")

_SHOWN_PROBLEMS = 3
_SUSPICIOUS = re.compile(rb"\\u0000|NaN|Infinity|[0-9][eE]|[0-9]{309}")
"""Without any of these, no text has a NUL and no number is beyond what a float can hold."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BodyLimits:
    body_bytes: int = 1_048_576
    text_characters: int = 32_000
    """Of one message, with what it quotes."""
    content_parts: int = 20
    attachments: int = 10
    earlier_messages: int = 1_000
    """How many messages said elsewhere a new thread may begin with."""


def text_message(text: str, options: InferenceOptions) -> UserMessageInput:
    """Plain text as a ChatKit message."""
    if not text.strip():
        raise InvalidInput("The message is empty.")
    return UserMessageInput(content=[UserMessageTextContent(text=text)], attachments=[], inference_options=options)


def check_message(given: UserMessageInput, limits: BodyLimits) -> None:
    """Refuses a message that is larger than people write."""
    characters = sum(len(part.text) for part in given.content) + len(given.quoted_text or "")
    if characters > limits.text_characters:
        raise InvalidInput(f"A message has at most {limits.text_characters} characters.")
    if len(given.content) > limits.content_parts:
        raise InvalidInput(f"A message has at most {limits.content_parts} parts.")
    if len(given.attachments) > limits.attachments:
        raise InvalidInput(f"A message has at most {limits.attachments} attachments.")


async def read_body(request: Request, limits: BodyLimits) -> bytes:
    """What browsers send across origins without asking first (forms, plain text) is refused."""
    kind = request.headers.get("content-type", "application/json").partition(";")[0]
    if kind.strip().lower() != "application/json":
        raise HTTPException(415)
    declared = request.headers.get("content-length", "")
    if declared.isdigit() and int(declared) > limits.body_bytes:
        raise TooLarge
    chunks, size = [], 0
    try:
        async for chunk in request.stream():
            size += len(chunk)
            if size > limits.body_bytes:
                raise TooLarge
            chunks.append(chunk)
    except ClientDisconnect as error:
        raise BadRequest from error
    return b"".join(chunks)


def parse(body: bytes, shape: TypeAdapter[T]) -> T:
    try:
        value = shape.validate_json(body)
    except ValidationError as error:
        raise _in_words(error) from None
    if _SUSPICIOUS.search(body):
        _refuse_unstorable(value.model_dump() if isinstance(value, BaseModel) else value)
    return value


def _in_words(error: ValidationError) -> BadRequest | InvalidInput:
    problems = error.errors(include_url=False, include_input=False, include_context=False)
    if any(problem["type"] == "json_invalid" for problem in problems):
        return BadRequest("The request is not valid JSON.")
    shown = "; ".join(_problem(problem) for problem in problems[:_SHOWN_PROBLEMS])
    return InvalidInput(f"The request does not have the expected form: {shown}.")


def _problem(problem: Any) -> str:
    place = ".".join(str(part) for part in problem["loc"])[:200]
    match problem["type"]:
        case "union_tag_invalid" | "union_tag_not_found":
            what = "unknown or missing type"
        case "missing":
            what = "is missing"
        case _:
            what = str(problem["msg"])[:200]
    return f"{place}: {what}" if place else what


def _refuse_unstorable(value: Any) -> None:
    match value:
        case str() if "\x00" in value:
            raise InvalidInput("Text must not contain NUL characters.")
        case float() if not math.isfinite(value):
            raise InvalidInput("Numbers must be finite.")
        case dict():
            for key, item in value.items():
                _refuse_unstorable(key)
                _refuse_unstorable(item)
        case list() | tuple():
            for item in value:
                _refuse_unstorable(item)
        case _:
            pass
