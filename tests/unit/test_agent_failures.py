"""Whatever a library raises becomes one of our errors, and none of its words come along."""

import json

import aiohttp
import httpx2
import openai
import pytest
from agents.exceptions import MaxTurnsExceeded, ModelBehaviorError, ModelRefusalError, UserError

from chatkit_host.agent.failures import as_turn_failure, from_payload, from_status
from chatkit_host.agent.models.attempts import retry_after_seconds
from chatkit_host.errors import (
    ContentRefused,
    ContextTooLong,
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

SECRET = "sk-secret"
_REQUEST = httpx2.Request("POST", "https://example.com")


def _status(kind: type[openai.APIStatusError], status: int) -> openai.APIStatusError:
    return kind(SECRET, response=httpx2.Response(status, request=_REQUEST), body=None)


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (MaxTurnsExceeded(SECRET), MaxTurnsReached),
        (ModelBehaviorError(SECRET), ModelOutputInvalid),
        (ModelRefusalError(SECRET), ContentRefused),
        (UserError(SECRET), InternalFailure),
        (TimeoutError(SECRET), ModelTimeout),
        (ConnectionRefusedError(SECRET), ModelUnavailable),
        (aiohttp.ServerDisconnectedError(SECRET), ModelUnavailable),
        (aiohttp.ClientPayloadError(SECRET), ModelIncomplete),
        (_status(openai.RateLimitError, 429), ModelRateLimited),
        (_status(openai.AuthenticationError, 401), ModelRefusedCredentials),
        (_status(openai.InternalServerError, 500), ModelUnavailable),
        (openai.APITimeoutError(_REQUEST), ModelTimeout),
        (openai.APIConnectionError(message=SECRET, request=_REQUEST), ModelUnavailable),
        (ValueError(SECRET), InternalFailure),
        (ExceptionGroup(SECRET, [ModelTimeout()]), ModelTimeout),
    ],
)
def test_each_library_error_has_its_kind(error: Exception, kind: type[TurnFailed]) -> None:
    failure = as_turn_failure(error)
    assert type(failure) is kind
    assert SECRET not in failure.message


def test_our_own_error_is_found_inside_a_wrapper() -> None:
    own, wrapper = ContextTooLong(), UserError("wrapped")
    wrapper.__cause__ = own
    assert as_turn_failure(wrapper) is own


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (400, {"code": "context_length_exceeded"}, ContextTooLong),
        (400, {"message": "prompt is too long: 9 tokens > 8 maximum"}, ContextTooLong),
        (400, {"code": "content_filter"}, ContentRefused),
        (400, {"status": "INVALID_ARGUMENT", "message": "API key not valid."}, ModelRefusedCredentials),
        (400, {"message": "Unknown parameter"}, ModelError),
        (402, {}, ModelRefusedCredentials),
        (403, {}, ModelRefusedCredentials),
        (404, {}, ModelNotFound),
        (408, {}, ModelTimeout),
        (413, {}, ContextTooLong),
        (429, {"code": "rate_limit_exceeded"}, ModelRateLimited),
        (429, {"code": "insufficient_quota"}, ModelRefusedCredentials),
        (302, {}, ModelError),
        (503, {}, ModelUnavailable),
        (529, {}, ModelUnavailable),
    ],
)
def test_statuses(status: int, body: dict[str, str], kind: type[TurnFailed]) -> None:
    assert type(from_status(status, json.dumps({"error": body}))) is kind


@pytest.mark.parametrize(
    ("payload", "kind"),
    [
        ({"error": {"code": 429}}, ModelRateLimited),
        ({"error": {"code": "503"}}, ModelUnavailable),
        ({"error": {"code": "server_error"}}, ModelUnavailable),
        ({"error": "overloaded_error"}, ModelRateLimited),
        ({"error": {"message": "too many tokens"}}, ContextTooLong),
        ({"object": "error", "message": "?", "code": 400}, ModelError),
        ({"error": {}}, ModelError),
    ],
)
def test_errors_inside_a_200(payload: dict[str, object], kind: type[TurnFailed]) -> None:
    assert type(from_payload(payload)) is kind


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after": "7"}, 7.0),
        ({"retry-after-ms": "250", "retry-after": "7"}, 0.25),
        ({"retry-after": "Thu, 01 Jan 1970 00:01:40 GMT"}, 40.0),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "inf"}, None),
        ({}, None),
    ],
)
def test_retry_after(headers: dict[str, str], seconds: float | None) -> None:
    assert retry_after_seconds(headers, now=lambda: 60.0) == seconds
