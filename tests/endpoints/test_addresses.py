"""A name may have several addresses, of which some cannot be reached: IPv6 ones in a container, as a rule."""

import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import pytest
from support.wire import CHUNKED, SAID, always, said, wire_endpoint

from chatkit_host.agent.models.http import HttpPool
from chatkit_host.errors import ModelUnavailable


@pytest.fixture
def anyio_backend() -> str:
    """The one that looks names up in Python, where that can be answered by a test."""
    return "asyncio"


@contextmanager
def silent(host: str, port: int) -> Iterator[None]:
    """Nobody accepts there and the queue is full, so that whoever connects hears nothing, not even a refusal."""
    with ExitStack() as open_sockets:
        listener = open_sockets.enter_context(socket.socket())
        listener.bind((host, port))
        listener.listen(0)
        for _ in range(4):
            waiting = open_sockets.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex((host, port))
        yield


def addresses(monkeypatch: pytest.MonkeyPatch, *hosts: str) -> None:
    def found(host: str, port: int, *_: Any, **__: Any) -> list[Any]:
        return [(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", (each, port)) for each in hosts]

    monkeypatch.setattr(socket, "getaddrinfo", found)


async def test_an_address_that_is_silent_holds_up_the_next_for_a_moment_only(
    monkeypatch: pytest.MonkeyPatch, pool: HttpPool
) -> None:
    async with wire_endpoint(always(CHUNKED)) as endpoint:
        addresses(monkeypatch, "127.0.0.2", "127.0.0.1")
        with silent("127.0.0.2", endpoint.port):
            assert await said(pool, f"http://model.test:{endpoint.port}/v1", connect_seconds=2.0) == SAID
        await pool.close()


async def test_an_address_that_refuses_is_left_for_the_next(monkeypatch: pytest.MonkeyPatch, pool: HttpPool) -> None:
    async with wire_endpoint(always(CHUNKED)) as endpoint:
        addresses(monkeypatch, "127.0.0.3", "127.0.0.1")
        assert await said(pool, f"http://model.test:{endpoint.port}/v1") == SAID
        await pool.close()


async def test_a_name_without_an_address_is_a_model_that_cannot_be_reached(
    monkeypatch: pytest.MonkeyPatch, pool: HttpPool
) -> None:
    def unknown(*_: Any, **__: Any) -> list[Any]:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    with pytest.raises(ModelUnavailable):
        await said(pool, "http://model.test/v1", retries=0)
