"""`/api/mcp` is loaded by its first call, once, and whoever calls it while it closes is told so."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from chatkit_host.api.callers import AuthFailures
from chatkit_host.api.errors import add_error_handlers
from chatkit_host.api.mcp import McpSurface
from chatkit_host.errors import Unavailable


class Server:
    def __init__(self) -> None:
        async def answer(request: Request) -> PlainTextResponse:
            return PlainTextResponse("here")

        self.app = Starlette(routes=[Route("/api/mcp", answer, methods=["POST"])])
        self.runs = 0

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        self.runs += 1
        yield
        self.runs -= 1


class House:
    """The surface as an application offers it."""

    def __init__(self, *, fails: bool = False) -> None:
        self.server, self.loads, self.may_load = Server(), 0, asyncio.Event()
        self.surface = McpSurface(self._load, AuthFailures())
        app = FastAPI(openapi_url=None)
        app.router.routes.extend(self.surface.routes("/api/mcp", None))
        add_error_handlers(app)
        self.client = httpx.AsyncClient(
            transport=httpx.ASGITransport(app, raise_app_exceptions=False), base_url="http://house"
        )
        self._fails = fails

    async def _load(self) -> Any:
        self.loads += 1
        await self.may_load.wait()
        if self._fails:
            raise ImportError
        return self.server

    async def call(self) -> int:
        return (await self.client.post("/api/mcp")).status_code


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


async def test_the_first_call_loads_it_and_the_others_wait_for_that() -> None:
    house = House()
    house.surface.open()
    await asyncio.sleep(0.01)
    assert house.loads == 0

    calls = [asyncio.create_task(house.call()) for _ in range(3)]
    await asyncio.sleep(0.01)
    calls.pop().cancel()  # whoever does not wait takes nothing from the others
    house.may_load.set()

    assert await asyncio.gather(*calls) == [200, 200]
    assert (house.loads, house.server.runs) == (1, 1)
    await house.surface.close()
    assert house.server.runs == 0


async def test_what_cannot_be_loaded_is_not_there() -> None:
    house = House(fails=True)
    house.surface.open()
    house.may_load.set()

    assert [await house.call(), await house.call()] == [503, 503]
    assert house.loads == 1
    await house.surface.close()


async def test_a_call_while_it_closes_or_after_is_refused() -> None:
    house = House()
    assert await house.call() == 503, "it is not open yet"
    house.surface.open()
    await asyncio.sleep(0)

    call = asyncio.create_task(house.surface._serve({}, _nothing, _nothing))
    await asyncio.sleep(0)  # it waits for the server, which has not begun to load
    await house.surface.close()

    with pytest.raises(Unavailable):
        await call
    assert await house.call() == 503
    assert house.loads == 0


async def _nothing(*_: Any) -> Any:
    pytest.fail("nothing is read or sent")
