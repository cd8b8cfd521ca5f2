"""Trying a model call again: only while nothing has been heard of it, only for what a repetition can cure."""

import asyncio
import logging
import random
import time
from collections.abc import Awaitable, Callable, Mapping
from email.utils import parsedate_to_datetime
from itertools import count
from typing import TypeVar

from chatkit_host.agent.failures import as_turn_failure
from chatkit_host.agent.models.watch import Patience
from chatkit_host.errors import ModelRateLimited, ModelUnavailable, TurnFailed

_logger = logging.getLogger(__name__)

T = TypeVar("T")


class Refused(Exception):
    """An endpoint's error status: what it means, and how long it asks to be left alone."""

    def __init__(self, failure: TurnFailed, retry_after: float | None) -> None:
        super().__init__(failure.code)
        self.failure = failure
        self.retry_after = retry_after


async def until_it_answers(attempt: Callable[[], Awaitable[T]], patience: Patience) -> T:
    """The result of the first attempt that succeeds, or one of our errors."""
    for tried in count():
        try:
            return await attempt()
        except Exception as error:  # noqa: BLE001 - every failure of a model call is translated here
            failure = error.failure if isinstance(error, Refused) else as_turn_failure(error)
            note_failure(failure, error)
            delay = _delay(tried, _asked_to_wait(error), patience)
            if tried >= patience.retries or not isinstance(failure, (ModelRateLimited, ModelUnavailable)):
                delay = None
        # Raised outside the handler and without a cause: the library's error quotes the provider.
        if delay is None:
            raise failure
        _logger.info("trying the model again in %.2f s", delay)
        await asyncio.sleep(delay)
    raise AssertionError("unreachable")


def note_failure(failure: TurnFailed, error: BaseException) -> None:
    """For the operator: what kind of error it was. Its text may quote the conversation, so that only in debug logs."""
    _logger.warning("a model call failed: %s (%s)", failure.code, type(error).__name__)
    _logger.debug("the model's error", exc_info=error)


def retry_after_seconds(headers: Mapping[str, str], now: Callable[[], float] = time.time) -> float | None:
    """What `Retry-After` (seconds or a date) or `retry-after-ms` asks for."""
    milliseconds = headers.get("retry-after-ms")
    if milliseconds is not None and (value := _number(milliseconds)) is not None:
        return value / 1000
    asked = headers.get("retry-after") or headers.get("Retry-After")
    if asked is None:
        return None
    if (value := _number(asked)) is not None:
        return value
    try:
        return max(0.0, parsedate_to_datetime(asked).timestamp() - now())
    except ValueError:
        return None


def _number(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if 0 <= value < float("inf") else None


def _asked_to_wait(error: Exception) -> float | None:
    if isinstance(error, Refused):
        return error.retry_after
    # LiteLLM keeps the provider's headers apart from a response that it made up itself.
    headers = getattr(error, "litellm_response_headers", None) or getattr(
        getattr(error, "response", None), "headers", None
    )
    return retry_after_seconds(headers) if headers is not None else None


def _delay(tried: int, asked: float | None, patience: Patience) -> float | None:
    """None when the provider asks for more patience than a waiting user has: better to say so at once."""
    if asked is not None and asked > patience.longest_retry_seconds:
        return None
    own = patience.retry_seconds * 2**tried * random.uniform(0.5, 1.0)
    return max(own, asked or 0.0)
