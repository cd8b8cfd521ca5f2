"""The one place where a library's error, an HTTP status or a provider's complaint becomes one of ours.

What a provider says is read to tell the kinds apart and goes no further: our messages never quote it.
"""

import asyncio
import re
import sys
from collections.abc import Iterator, Mapping
from typing import Any

import orjson

from chatkit_host.errors import (
    ContentRefused,
    ContextTooLong,
    GuardrailTripped,
    InternalFailure,
    MaxTurnsReached,
    ModelError,
    ModelIncomplete,
    ModelNotFound,
    ModelOutputInvalid,
    ModelRateLimited,
    ModelRefusedCredentials,
    ModelTimeout,
    ModelUnavailable,
    TurnFailed,
)

_QUOTA_USED_UP = "The model provider's quota for this server is used up. Tell the operator."
_NOT_ACCEPTED = "The model provider did not accept the request. Tell the operator."

# What providers write, in their `code`, `type` or `message`, by what it means.
_SAID: tuple[tuple[re.Pattern[str], type[TurnFailed], str | None], ...] = (
    (
        re.compile(
            r"context_length_exceeded|context_window_exceeded|maximum context length|context window|context length|"
            r"prompt is too long|input is too long|too many (input )?tokens|exceeds the maximum number of (input )?tokens|"
            r"input token count .{0,40}exceeds|reduce the length"
        ),
        ContextTooLong,
        None,
    ),
    (
        re.compile(r"content_filter|content_policy|content management policy|responsible ai|safety system"),
        ContentRefused,
        None,
    ),
    (
        re.compile(r"insufficient_quota|billing|credit balance|payment required"),
        ModelRefusedCredentials,
        _QUOTA_USED_UP,
    ),
    (re.compile(r"invalid_api_key|api_key_invalid|api key not valid|incorrect api key"), ModelRefusedCredentials, None),
    (re.compile(r"model_not_found|model .{0,120}(does not exist|not found|is not supported)"), ModelNotFound, None),
)
_RATE_WORDS = re.compile(r"rate.?limit|resource_exhausted|too many requests|overloaded|throttl")
_SERVER_WORDS = re.compile(r"server_error|internal|unavailable|bad gateway|overloaded")
_BODY_READ = 16_384


def as_turn_failure(error: BaseException) -> TurnFailed:
    """Our error for whatever ended a turn; itself if it is ours already, also when a library has wrapped it."""
    for link in _chain(error):
        if isinstance(link, TurnFailed):
            return link
    return (
        _from_agents(error) or _from_openai(error) or _from_aiohttp(error) or _from_runtime(error) or InternalFailure()
    )


def from_status(status: int, body: bytes | str = b"") -> TurnFailed:
    """Our error for a model endpoint's HTTP status and the start of its body."""
    said = _lowered(body)
    for pattern, kind, message in _SAID:
        if 400 <= status < 500 and pattern.search(said):
            return kind(message)
    match status:
        case 401 | 403:
            return ModelRefusedCredentials()
        case 402:
            return ModelRefusedCredentials(_QUOTA_USED_UP)
        case 404:
            return ModelNotFound()
        case 408 | 504:
            return ModelTimeout()
        case 413:
            return ContextTooLong()
        case 429:
            return ModelRateLimited()
        case _ if status >= 500:
            return ModelUnavailable()
        case _:
            return ModelError(_NOT_ACCEPTED)


def from_payload(payload: Mapping[str, Any]) -> TurnFailed:
    """Our error for an error object sent inside a 200: `{"error": {"message", "code", "type"}}` and its dialects."""
    error = payload.get("error", payload)
    if not isinstance(error, Mapping):
        error = {"message": error}
    code = error.get("code") or error.get("status")
    if isinstance(code, str) and code.isdigit():
        code = int(code)
    body = _dumped(error)
    if isinstance(code, int) and 400 <= code < 600:
        return from_status(code, body)
    said = _lowered(body)
    for pattern, kind, message in _SAID:
        if pattern.search(said):
            return kind(message)
    if _RATE_WORDS.search(said):
        return ModelRateLimited()
    if _SERVER_WORDS.search(said):
        return ModelUnavailable()
    return ModelError()


def _chain(error: BaseException) -> Iterator[BaseException]:
    seen: set[int] = set()
    waiting = [error]
    while waiting:
        link = waiting.pop()
        if id(link) in seen:
            continue
        seen.add(id(link))
        yield link
        if isinstance(link, BaseExceptionGroup):
            waiting.extend(reversed(link.exceptions))
        if link.__cause__ is not None:
            waiting.append(link.__cause__)


def _from_agents(error: BaseException) -> TurnFailed | None:
    agents = sys.modules.get("agents.exceptions")
    if agents is None or not isinstance(error, agents.AgentsException):
        return None
    match error:
        case agents.MaxTurnsExceeded():
            return MaxTurnsReached()
        case (
            agents.InputGuardrailTripwireTriggered()
            | agents.OutputGuardrailTripwireTriggered()
            | agents.ToolInputGuardrailTripwireTriggered()
            | agents.ToolOutputGuardrailTripwireTriggered()
        ):
            return GuardrailTripped()
        case agents.ModelRefusalError():
            return ContentRefused()
        case agents.ModelTimeoutError():
            return ModelTimeout()
        case agents.ModelBehaviorError():
            return ModelOutputInvalid()
        case agents.ToolTimeoutError():
            return TurnFailed("A tool took too long, so the answer could not be finished. Try again.")
        case _:
            return InternalFailure()


def _from_openai(error: BaseException) -> TurnFailed | None:
    """openai's errors, and LiteLLM's, most of which inherit from them."""
    litellm = sys.modules.get("litellm.exceptions")
    if litellm is not None and "openai" in sys.modules:
        match error:
            case litellm.ContextWindowExceededError():
                return ContextTooLong()
            case litellm.ContentPolicyViolationError():
                return ContentRefused()
            case litellm.BudgetExceededError():
                return ModelRefusedCredentials(_QUOTA_USED_UP)
            case litellm.MidStreamFallbackError(original_exception=BaseException() as original):
                return as_turn_failure(original)
            case _:
                pass
    openai = sys.modules.get("openai")
    if openai is None or not isinstance(error, openai.OpenAIError):
        return None
    match error:
        case openai.APITimeoutError():
            return ModelTimeout()
        case openai.APIStatusError():
            return from_status(error.status_code, str(error))
        case openai.APIConnectionError():
            return ModelUnavailable()
        case openai.APIResponseValidationError():
            return ModelOutputInvalid()
        case openai.LengthFinishReasonError():
            return ModelIncomplete()
        case openai.ContentFilterFinishReasonError():
            return ContentRefused()
        case openai.APIError():
            status = getattr(error, "status_code", None)
            return from_status(status, str(error)) if isinstance(status, int) else from_payload({"error": str(error)})
        case _:
            return ModelError()


def _from_aiohttp(error: BaseException) -> TurnFailed | None:
    aiohttp = sys.modules.get("aiohttp")
    if aiohttp is None or not isinstance(error, aiohttp.ClientError):
        return None
    match error:
        case aiohttp.ServerTimeoutError():
            return ModelTimeout()
        case aiohttp.ClientPayloadError():
            return ModelIncomplete()
        case aiohttp.ClientResponseError() if error.status >= 400:
            return from_status(error.status)
        case aiohttp.ClientResponseError() | aiohttp.InvalidURL():
            return ModelOutputInvalid()
        case _:
            return ModelUnavailable()


def _from_runtime(error: BaseException) -> TurnFailed | None:
    match error:
        case asyncio.TimeoutError():
            return ModelTimeout()
        case ConnectionError():
            return ModelUnavailable()
        case _:
            return None


def _lowered(body: bytes | str) -> str:
    start = body[:_BODY_READ]
    return (start.decode("utf-8", "replace") if isinstance(start, bytes) else start).lower()


def _dumped(value: Any) -> bytes:
    try:
        return orjson.dumps(value)
    except (TypeError, ValueError):
        return repr(value).encode("utf-8", "replace")
