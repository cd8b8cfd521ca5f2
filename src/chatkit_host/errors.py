"""Everything that can go wrong, in words.

HostError
├── BadRequest 400            ├── TooLarge 413          ├── Unavailable 503
├── Unauthorized 401          ├── InvalidInput 422      │   └── DatabaseUnavailable
├── Forbidden 403             │   └── KeyUsedBefore     └── TurnFailed 502
├── NotFound 404              ├── NotSupported 422          ├── ModelError and its kinds
├── RateLimited 429           └── Conflict 409              ├── MaxTurnsReached, GuardrailTripped
└── Gone 410                      ├── TurnRunning           └── InternalFailure
                                  ├── AlreadySent
                                  └── ThreadNotActive

An error's docstring is its default message. A message is written for the user: it never holds text
of another exception, of a request, or of a provider. Library errors are mapped to these in one place each
(`agent/failures.py`, `store/failures.py`, `auth/`).
"""

import inspect
from typing import ClassVar


class HostError(Exception):
    """Something went wrong."""

    status: ClassVar[int] = 500
    code: ClassVar[str] = "internal"
    allow_retry: ClassVar[bool] = False

    def __init__(self, message: str | None = None) -> None:
        self.message = message or inspect.cleandoc(type(self).__doc__ or "").split("\n\n")[0]
        super().__init__(self.message)

    @property
    def details(self) -> dict[str, str]:
        """Further fields of the JSON error."""
        return {}


class BadRequest(HostError):
    """The request could not be read."""

    status = 400
    code = "bad_request"


class Unauthorized(HostError):
    """A valid access token is required."""

    status = 401
    code = "unauthorized"


class Forbidden(HostError):
    """This is not allowed for the current user."""

    status = 403
    code = "forbidden"


class NotFound(HostError):
    """There is no such record."""

    status = 404
    code = "not_found"


class Gone(HostError):
    """The events of this answer are no longer kept. Load its thread: everything that was said is there."""

    status = 410
    code = "gone"


class Conflict(HostError):
    """The request does not fit the current state."""

    status = 409
    code = "conflict"


class TurnRunning(Conflict):
    """An answer is still being written in this thread. Wait for it to end, or stop it."""

    code = "turn_running"

    def __init__(self, turn_id: str) -> None:
        super().__init__()
        self.turn_id = turn_id

    @property
    def details(self) -> dict[str, str]:
        return {"turn_id": self.turn_id}


class AlreadySent(Conflict):
    """This request was sent before."""

    code = "already_sent"


class ThreadNotActive(Conflict):
    """This thread does not accept messages."""

    code = "thread_not_active"


class TooLarge(HostError):
    """The request is too large."""

    status = 413
    code = "too_large"


class InvalidInput(HostError):
    """The request has a value that is not allowed."""

    status = 422
    code = "invalid_input"


class KeyUsedBefore(InvalidInput):
    """This idempotency key belongs to another request. Give each request a key of its own."""

    code = "idempotency_mismatch"


class RateLimited(HostError):
    """You are sending too fast. Try again in a moment."""

    status = 429
    code = "rate_limited"
    allow_retry = True

    def __init__(self, message: str | None = None, *, retry_after: int = 1) -> None:
        super().__init__(message)
        self.retry_after = retry_after
        """In seconds."""


class NotSupported(HostError):
    """This server does not support the operation."""

    status = 422
    code = "not_supported"


class Unavailable(HostError):
    """The service cannot answer right now. Try again in a moment."""

    status = 503
    code = "unavailable"
    allow_retry = True


class DatabaseUnavailable(Unavailable):
    """The database cannot be reached right now. Try again in a moment."""

    code = "database_unavailable"


class LeaseLost(HostError):
    """Another worker has taken this turn over."""

    status = 409
    code = "lease_lost"


class TurnFailed(HostError):
    """The answer could not be finished."""

    status = 502
    code = "turn_failed"
    allow_retry = True
    is_said: ClassVar[bool] = False
    """Told to the user as the assistant's own words, which stay in the thread, instead of as an error."""


class InternalFailure(TurnFailed):
    """Something went wrong while writing the answer. Try again."""

    status = 500
    code = "internal"


class TurnTimeout(TurnFailed):
    """The answer took too long and was stopped."""

    status = 504
    code = "turn_timeout"


class MaxTurnsReached(TurnFailed):
    """This took more steps than allowed, so I stopped here. Ask again with a smaller request."""

    code = "max_turns"
    allow_retry = False
    is_said = True


class GuardrailTripped(TurnFailed):
    """I can't help with that request."""

    code = "guardrail"
    allow_retry = False
    is_said = True


class ModelError(TurnFailed):
    """The model could not answer. Try again."""

    code = "model_error"


class ModelRateLimited(ModelError):
    """The model is receiving too many requests right now. Try again in a moment."""

    code = "model_rate_limited"


class ModelRefusedCredentials(ModelError):
    """The model provider refused this server's credentials. Tell the operator."""

    code = "model_auth"
    allow_retry = False


class ModelNotFound(ModelError):
    """The configured model does not exist at the provider. Tell the operator."""

    code = "model_not_found"
    allow_retry = False


class ModelUnavailable(ModelError):
    """The model cannot be reached right now. Try again in a moment."""

    code = "model_unavailable"


class ModelTimeout(ModelError):
    """The model stopped responding. Try again."""

    status = 504
    code = "model_timeout"


class ModelIncomplete(ModelError):
    """The model's answer broke off before its end. Try again."""

    code = "model_incomplete"


class ModelOutputInvalid(ModelError):
    """The model sent something that could not be understood. Try again."""

    code = "model_output_invalid"


class ContextTooLong(ModelError):
    """This conversation is too long for the model. Start a new one."""

    code = "context_too_long"
    allow_retry = False


class ContentRefused(ModelError):
    """The model's provider declined to answer this for policy reasons."""

    code = "content_refused"
    allow_retry = False
