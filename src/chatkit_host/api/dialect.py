"""Another way to ask at an address that already has a protocol."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from chatkit_host.auth.identity import User


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    recognises: Callable[[bytes], bool]
    """Whether a request's body is in this dialect."""
    answer: Callable[[Request, User, bytes], Awaitable[Response]]
    """Answers such a body for that user."""
    request_schema: dict[str, Any]
    event_schema: dict[str, Any]
    """Of the JSON in an event."""
    last_data: str
    """What the last event of an answer has instead of JSON."""
