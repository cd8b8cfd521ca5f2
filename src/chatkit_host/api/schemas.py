"""What the OpenAPI description cannot find out by itself: bodies that we read ourselves, event streams, errors."""

from collections.abc import Mapping
from itertools import count
from typing import Any, get_args

from pydantic import BaseModel, TypeAdapter
from pydantic.json_schema import GenerateJsonSchema

from chatkit_host.api.errors import ErrorAnswer
from chatkit_host.engine.ports import WhenBusy

Responses = dict[int | str, dict[str, Any]]

_REASONS = {
    400: "The body is not JSON.",
    401: "A valid access token is required.",
    403: "The API key is not for this, the token names no tenant, or the request names another user.",
    404: "There is no such record, or it is somebody else's.",
    409: "It does not fit the current state. If an answer is being written in the thread, `turn_id` says which.",
    410: "What is asked for is no longer kept.",
    413: "The body is too large.",
    415: "The body is not application/json.",
    422: "A value is not allowed.",
    429: "The user is sending too fast, the server is asking its model too often, or too many tokens from there were refused.",
    500: "Something went wrong on the server.",
    502: "The model failed.",
    503: "The server or the model cannot be reached right now.",
    504: "The model, or the answer as a whole, took too long.",
}
CALLERS = (401, 403, 429, 503)
"""What every route that has a caller may answer."""
REFUSALS = (*CALLERS, 400, 404, 409, 413, 415, 422)
"""What every surface that takes messages may answer instead of beginning a turn."""
_SENDING: tuple[tuple[str, str, dict[str, Any]], ...] = (
    (
        "Idempotency-Key",
        "A name for this request. Sent again, it joins the same answer; under it, another request is refused.",
        {"pattern": "^[!-~]{1,255}$"},
    ),
    (
        "ChatKit-When-Busy",
        "What becomes of the message while an answer is being written in its thread.",
        {"enum": list(get_args(WhenBusy))},
    ),
    (
        "ChatKit-Resume",
        "`1`: the answer goes on when the connection is lost; the client comes back for it, see `/api/turns`.",
        {},
    ),
)
COMPONENTS = "#/components/schemas/"
NOT_BLANK = {"minLength": 1, "pattern": r"\S"}
"""Of a text that must show something, in a JSON schema."""


def errors(*statuses: int) -> Responses:
    """By reference: of a model FastAPI would make a field for each status of each route, which takes half of the time that routes take."""
    content = {"application/json": {"schema": {"$ref": f"{COMPONENTS}{ErrorAnswer.__name__}"}}}
    return {status: {"description": _REASONS[status], "content": content} for status in sorted(statuses)}


def json_body(schema: dict[str, Any], *, required: bool = True) -> dict[str, Any]:
    """For `openapi_extra`: the body of a route that reads it itself."""
    return {"requestBody": {"required": required, "content": {"application/json": {"schema": schema}}}}


def sends(schema: dict[str, Any]) -> dict[str, Any]:
    """The same for a route that takes a message: with the headers that say how (`streaming.sending_of`)."""
    headers = [
        {"name": name, "in": "header", "required": False, "description": text, "schema": {"type": "string", **shape}}
        for name, text, shape in _SENDING
    ]
    return {**json_body(schema), "parameters": headers}


def event_stream(schema: dict[str, Any], description: str, *, last: str | None = None) -> Responses:
    """A 200 of server-sent events; `schema` is that of the JSON in a `data:` line, `last` what the last line has instead."""
    data: dict[str, Any] = {"type": "string", "contentMediaType": "application/json", "contentSchema": schema}
    if last is not None:
        data = {"anyOf": [data, {"const": last}]}
    event = {"type": "object", "properties": {"data": data, "id": {"type": "string"}}, "required": ["data"]}
    # `itemSchema` is OpenAPI 3.2's word for one event of a stream.
    return {200: {"description": description, "content": {"text/event-stream": {"itemSchema": event}}}}


def schema_of(
    shape: type[BaseModel] | TypeAdapter[Any], generator: type[GenerateJsonSchema] = GenerateJsonSchema
) -> dict[str, Any]:
    """A JSON schema in one piece: references would point to where OpenAPI does not look. Not for types that hold themselves.

    What is returned stands for it: `in_full` makes it, which takes longer than all else about a route, when somebody asks for the
    description.
    """
    name = f"{COMPONENTS}later.{next(_numbers)}"
    _later[name] = shape, generator
    return {"$ref": name}


_later: dict[str, tuple[type[BaseModel] | TypeAdapter[Any], type[GenerateJsonSchema]]] = {}
_numbers = count()


def in_full(description: Any) -> Any:
    """With the schemas in the places of what stands for them."""
    match description:
        case {"$ref": str(name)} if name in _later:
            shape, generator = _later[name]
            adapter = shape if isinstance(shape, TypeAdapter) else TypeAdapter(shape)
            schema = adapter.json_schema(schema_generator=generator)
            return _in_one_piece(schema, schema.pop("$defs", {}))
        case dict():
            return {name: in_full(value) for name, value in description.items()}
        case list():
            return [in_full(value) for value in description]
        case _:
            return description


def _in_one_piece(schema: Any, known: Mapping[str, Any]) -> Any:
    match schema:
        case {"$ref": str(reference), **more}:
            return {**_in_one_piece(known[reference.rpartition("/")[2]], known), **more}
        case {"discriminator": {"mapping": _}, **rest}:
            return _in_one_piece(rest, known)
        case dict():  # without what is null, as FastAPI describes everything else
            return {name: _in_one_piece(value, known) for name, value in schema.items() if value is not None}
        case list():
            return [_in_one_piece(value, known) for value in schema]
        case _:
            return schema
