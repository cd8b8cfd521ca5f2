"""What the REST surfaces have in common: paths with and without a slash at the end, refusals in our own words, titles, ids."""

from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from fastapi import APIRouter
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from pydantic import BaseModel, ConfigDict, TypeAdapter
from starlette.requests import Request
from starlette.responses import Response

from chatkit_host.api.body import BodyLimits, parse, read_body
from chatkit_host.api.schemas import CALLERS, NOT_BLANK, errors
from chatkit_host.errors import InvalidInput, NotFound
from chatkit_host.text import is_safe, visible

Endpoint = TypeVar("Endpoint", bound=Callable[..., Any])
Body = TypeVar("Body", bound=BaseModel)

_ID_LENGTH = 200
_SHOWN_PROBLEMS = 3


class _Route(APIRoute):
    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()

        async def handle_or_refuse_in_words(request: Request) -> Response:
            try:
                return await handle(request)
            except RequestValidationError as error:
                raise _in_words(error) from None

        return handle_or_refuse_in_words


class RestRouter(APIRouter):
    def __init__(self, prefix: str, tag: str) -> None:
        super().__init__(prefix=prefix, tags=[tag], route_class=_Route, responses=errors(*CALLERS, 422))

    def answer(self, method: str, path: str, **described: Any) -> Callable[[Endpoint], Endpoint]:
        """The path as it is and with a slash: a redirect would lose the access token of some clients."""

        def add(endpoint: Endpoint) -> Endpoint:
            self.add_api_route(path, endpoint, methods=[method], **described)
            self.add_api_route(path + "/", endpoint, methods=[method], **{**described, "include_in_schema": False})
            return endpoint

        return add


class QueryParameters(BaseModel):
    """Of a request, as one model. FastAPI builds it where it knows what pydantic would warn of; built later, it would be in the log."""

    model_config = ConfigDict(defer_build=False)


async def read_json(request: Request, limits: BodyLimits, shape: type[Body]) -> Body:
    """An empty body is an empty object."""
    return parse(await read_body(request, limits) or b"{}", TypeAdapter(shape))


def known_id(given: str) -> str:
    """`NotFound` for what cannot be an id: databases refuse such text with errors of their own."""
    if not is_safe(given) or len(given) > _ID_LENGTH:
        raise NotFound
    return given


def title_schema(length: int) -> dict[str, Any]:
    """What a JSON schema can tell of `visible_line`."""
    return {**NOT_BLANK, "maxLength": length}


def visible_line(given: str, length: int, what: str = "title") -> str:
    """`given` on one line, without characters that cannot be seen: they can make it look like another."""
    line = " ".join(visible(given).split())
    if not line or len(line) > length:
        raise InvalidInput(f"A {what} has 1 to {length} visible characters.")
    return line


def _in_words(error: RequestValidationError) -> InvalidInput:
    problems = [f"{problem['loc'][-1]}: {problem['msg']}"[:200] for problem in error.errors()[:_SHOWN_PROBLEMS]]
    return InvalidInput(f"The request does not have the expected form: {'; '.join(problems)}.")
