"""What the OpenAPI description cannot find out by itself: bodies that we read ourselves, event streams, errors."""

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, TypeAdapter
from pydantic.json_schema import GenerateJsonSchema

from chatkit_host.api.errors import ErrorAnswer

Responses = dict[int | str, dict[str, Any]]

_REASONS = {
    400: "The body is not JSON.",
    401: "A valid access token is required.",
    403: "The request names another user than its token.",
    404: "There is no such thread, or it is somebody else's.",
    409: "An answer is being written in this thread (`turn_id` says which), or the thread takes no messages.",
    413: "The body is too large.",
    415: "The body is not application/json.",
    422: "A value is not allowed.",
    429: "The user is sending too fast, or the server is asking its model too often.",
    500: "Something went wrong on the server.",
    502: "The model failed.",
    503: "The server or the model cannot be reached right now.",
    504: "The model, or the answer as a whole, took too long.",
}
REFUSALS = (400, 401, 404, 409, 413, 415, 422, 429, 503)
"""What every surface that takes messages may answer instead of beginning a turn."""


def errors(*statuses: int) -> Responses:
    return {status: {"model": ErrorAnswer, "description": _REASONS[status]} for status in sorted(statuses)}


def json_body(schema: dict[str, Any]) -> dict[str, Any]:
    """For `openapi_extra`: the body of a route that reads it itself."""
    return {"requestBody": {"required": True, "content": {"application/json": {"schema": schema}}}}


def event_stream(schema: dict[str, Any], description: str, *, or_json: bool = False) -> Responses:
    """A 200 of server-sent events; `schema` is that of the JSON in a `data:` line."""
    content: dict[str, Any] = {"text/event-stream": {"schema": schema}}
    if or_json:
        content["application/json"] = {"schema": {}}
    return {200: {"description": description, "content": content}}


def schema_of(
    shape: type[BaseModel] | TypeAdapter[Any], generator: type[GenerateJsonSchema] = GenerateJsonSchema
) -> dict[str, Any]:
    """A JSON schema in one piece: references would point to where OpenAPI does not look. Not for types that hold themselves."""
    adapter = shape if isinstance(shape, TypeAdapter) else TypeAdapter(shape)
    schema = adapter.json_schema(schema_generator=generator)
    return _in_one_piece(schema, schema.pop("$defs", {}))


def _in_one_piece(schema: Any, known: Mapping[str, Any]) -> Any:
    match schema:
        case {"$ref": str(reference), **more}:
            return {**_in_one_piece(known[reference.rpartition("/")[2]], known), **more}
        case {"discriminator": {"mapping": _}, **rest}:
            return _in_one_piece(rest, known)
        case dict():
            return {name: _in_one_piece(value, known) for name, value in schema.items()}
        case list():
            return [_in_one_piece(value, known) for value in schema]
        case _:
            return schema
