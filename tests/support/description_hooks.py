"""Loaded by Schemathesis: ids that exist, what a JSON schema cannot say, and what strangers must not see.

See `tests/api/test_description.py`.
"""

import json
import os
import zlib
from typing import Any

import schemathesis
from schemathesis import Case, CheckContext, HookContext, Response
from schemathesis.core.failures import Failure
from schemathesis.generation.meta import TestPhase

from chatkit_host.text import visible

CANARY = os.environ["CANARY"]
HERS: dict[str, str] = json.loads(os.environ["HERS"])
"""Ids of her records, by the names that parameters and fields have for them."""
IS_OWNER = os.environ["IS_OWNER"] == "1"

BEYOND_SCHEMAS = (
    # NUL is a character in JSON, and in no database.
    "Text must not contain NUL characters.",
    # Of a list of messages, it is the last that counts.
    "The message is empty.",
    "The last message must be the user's.",
    # A cursor is of one turn.
    "The cursor does not belong to this turn.",
    # A key is of one request.
    "This idempotency key belongs to another request.",
    # Which models there are is the operator's choice.
    "The model ",
)
BEYOND_CHATKITS_SCHEMAS = (
    # Its types know a default for what tells them apart.
    "unknown or missing type",
    # They do not know the lengths of names.
    "A name has ",
    # Nor that audio is base64.
    "The audio is not valid base64.",
    # Nor what a server offers, or what a thread is waiting for.
    "This server does not ",
    "No client tool call is waiting for a result in this thread.",
)
EXCLUSIVE = (("after", "offset"), ("due", "due_before"), ("due", "due_after"))
DELETES = ("DELETE", "threads.delete", "attachments.delete")


@schemathesis.hook
def before_call(context: HookContext, case: Case, kwargs: dict[str, Any]) -> None:
    """Three of four ids are hers, unless it is she who would delete what the other requests need, or who goes on with an answer."""
    body: Any = case.body
    if case.meta is not None and case.meta.phase.name is TestPhase.STATEFUL:
        return
    if IS_OWNER and (case.method in DELETES or (isinstance(body, dict) and body.get("type") in DELETES)):
        return
    case.path_parameters = _with_hers(case.path_parameters)
    case.query = _with_hers(case.query)
    case.body = _with_hers(case.body)


def _with_hers(value: Any) -> Any:
    match value:
        case dict():
            return {key: _hers(key, item) if isinstance(item, str) else _with_hers(item) for key, item in value.items()}
        case list():
            return [_with_hers(item) for item in value]
        case _:
            return value


def _hers(name: str, given: str) -> str:
    return HERS[name] if name in HERS and zlib.crc32(given.encode("utf-8", "replace")) % 4 else given


@schemathesis.check
def strangers_see_and_use_nothing(ctx: CheckContext, response: Response, case: Case) -> None:
    if not IS_OWNER:
        assert CANARY not in response.text, "her record was shown"
        names_hers = any(value in HERS.values() for value in (case.path_parameters or {}).values())
        assert not names_hers or response.status_code >= 400, "her record was used"


@schemathesis.hook
def filter_failure(context: HookContext, failure: Failure, case: Case, response: Response) -> bool:
    return not _is_excused(failure, case, response)


def _is_excused(failure: Failure, case: Case, response: Response) -> bool:
    operation = f"{case.operation.method.upper()} {case.operation.path}"
    match failure.code:
        case "ST201":
            return (
                # ChatKit's own types take `false` for 0 and "5" for 5, and clients of its SDK's server may count on it.
                operation == "POST /chatkit"
                # Its body may be left out, which Schemathesis counts as a body that is missing.
                or (operation == "POST /api/conversations" and response.request.body is None)
            )
        case "ST202":
            return response.status_code == 422 and _is_beyond_schemas(case, operation, response.json()["error"])
        case "ST205":
            # To other methods the last part of this path is an id like any other, of nothing.
            return case.operation.path == "/api/conversations/search"
        case "ST401":
            # Whoever shows too many bad tokens is told to wait, instead of what is wrong with the next.
            return "429 Too Many Requests" in failure.message
        case _:
            return False


def _is_beyond_schemas(case: Case, operation: str, error: Any) -> bool:
    """Whether a value is refused although the schema allows it, because a schema cannot say the rule."""
    body: Any = case.body if isinstance(case.body, dict) else {}
    query: Any = case.query or {}
    return (
        # OpenAPI cannot say that a parameter excludes another.
        any(one in query and other in query for one, other in EXCLUSIVE)
        # A schema can ask for a sign (\S), and not that it be visible.
        or any(isinstance(text := body.get(name), str) and not visible(text) for name in ("title", "name"))
        or any(words in error["message"] for words in BEYOND_SCHEMAS)
        or (operation == "POST /chatkit" and any(words in error["message"] for words in BEYOND_CHATKITS_SCHEMAS))
    )
