"""A connection serves one request after the other, as long as both sides keep it."""

import asyncio
import time
from collections.abc import Callable, Coroutine
from typing import Any

import pytest
from support.waiting import until
from support.wire import (
    CHUNKED,
    EVENTS,
    HEAD,
    SAID,
    SIZED,
    Talk,
    always,
    once,
    passes,
    said,
    wire_endpoint,
)

from chatkit_host.agent.models import http
from chatkit_host.agent.models.http import HttpPool, open_stream
from chatkit_host.agent.models.watch import Patience, Watch
from chatkit_host.errors import ModelUnavailable


@pytest.mark.parametrize("answer", [SIZED, CHUNKED], ids=["length", "chunks"])
async def test_one_connection_serves_many_requests(answer: bytes, pool: HttpPool) -> None:
    async with wire_endpoint(always(answer)) as endpoint:
        for _ in range(3):
            assert await said(pool, endpoint.url) == SAID
        assert (endpoint.connections, len(endpoint.requests)) == (1, 3)
        await pool.close()
        await until(lambda: endpoint.open == 0, 1)


async def test_two_requests_at_once_have_two_connections(pool: HttpPool) -> None:
    async with wire_endpoint(always(CHUNKED)) as endpoint:
        for _ in range(2):
            assert await asyncio.gather(*(said(pool, endpoint.url) for _ in range(5))) == [SAID] * 5
        assert endpoint.connections == 5
        await pool.close()


@pytest.mark.parametrize(
    "answer",
    [
        SIZED.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n", 1),
        SIZED.replace(b"HTTP/1.1", b"HTTP/1.0"),
        HEAD + b"\r\n" + EVENTS,
        SIZED + SIZED,
        SIZED + b"x",
        CHUNKED[:-2] + b"x",
    ],
    ids=["close", "HTTP/1.0", "no length", "second answer", "more", "no end"],
)
async def test_a_connection_that_cannot_be_used_again_is_closed(answer: bytes, pool: HttpPool) -> None:
    async def script(talk: Talk) -> None:
        await talk.hear()
        await talk.say(answer)
        await talk.left()

    async with wire_endpoint(script) as endpoint:
        for asked in (1, 2):
            assert await said(pool, endpoint.url) == SAID
            assert endpoint.connections == asked
            await until(lambda: endpoint.open == 0, 1)


async def test_an_endpoint_that_closes_an_idle_connection_is_asked_once_on_another(pool: HttpPool) -> None:
    async with wire_endpoint(once(CHUNKED)) as endpoint:
        assert await said(pool, endpoint.url) == SAID
        await until(lambda: endpoint.open == 0, 1)
        await passes()
        started = time.monotonic()
        assert await said(pool, endpoint.url, retry_seconds=5) == SAID
        assert time.monotonic() - started < 1
        assert (endpoint.connections, len(endpoint.requests)) == (2, 2)


async def test_a_request_that_crosses_the_end_of_its_connection_goes_to_another_at_once(pool: HttpPool) -> None:
    """What has waited may be closed while the request is under way. That is no failure, whatever the number that waits."""

    async def script(talk: Talk) -> None:
        await talk.hear()
        await talk.say(CHUNKED)
        if endpoint.connections < 4:
            await talk.hear()
        else:
            await talk.left()

    async with wire_endpoint(script) as endpoint:
        assert await asyncio.gather(*(said(pool, endpoint.url) for _ in range(3))) == [SAID] * 3
        started = time.monotonic()
        assert await said(pool, endpoint.url, retry_seconds=5) == SAID
        assert time.monotonic() - started < 1
        assert (endpoint.connections, len(endpoint.requests)) == (4, 5)
        await pool.close()


async def test_half_an_answer_on_a_used_connection_is_a_failure_like_any_other(pool: HttpPool) -> None:
    async def script(talk: Talk) -> None:
        await talk.hear()
        await talk.say(CHUNKED)
        await talk.hear()
        await talk.say(HEAD)

    async with wire_endpoint(script) as endpoint:
        assert await said(pool, endpoint.url) == SAID
        with pytest.raises(ModelUnavailable):
            await said(pool, endpoint.url, retries=0)
        assert endpoint.connections == 1


async def test_a_connection_on_which_the_endpoint_speaks_unasked_is_given_up(pool: HttpPool) -> None:
    speak, spoken = asyncio.Event(), asyncio.Event()

    async def script(talk: Talk) -> None:
        await talk.hear()
        await talk.say(CHUNKED)
        if endpoint.connections == 1:
            await speak.wait()
            await talk.say(SIZED)
            spoken.set()
        await talk.left()

    async with wire_endpoint(script) as endpoint:
        assert await said(pool, endpoint.url) == SAID
        speak.set()
        await spoken.wait()
        await until(lambda: endpoint.open == 0, 1)
        assert await said(pool, endpoint.url) == SAID
        assert (endpoint.connections, len(endpoint.requests)) == (2, 2)
        await pool.close()


async def test_an_answer_that_is_not_read_to_its_end_is_not_used_again(pool: HttpPool) -> None:
    async def script(talk: Talk) -> None:
        await talk.hear()
        await talk.say(HEAD + b"Transfer-Encoding: chunked\r\n\r\n%x\r\n%b\r\n" % (len(EVENTS), EVENTS))
        await talk.left()

    patience = Patience()
    async with wire_endpoint(script) as endpoint:
        assert await said(pool, endpoint.url) == SAID  # its last chunk does not come
        await until(lambda: endpoint.open == 0, 1)
        with Watch(patience) as watch:
            stream = await open_stream(pool, endpoint.url, {}, {}, patience, watch)
            stream.close()
        await until(lambda: endpoint.open == 0, 1)
        assert endpoint.connections == 2


async def test_a_connection_waits_for_its_next_request_only_so_long(
    pool: HttpPool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http, "_IDLE_SECONDS", 0.15)
    async with wire_endpoint(always(CHUNKED)) as endpoint:
        started = time.monotonic()
        await asyncio.gather(*(said(pool, endpoint.url) for _ in range(3)))
        while time.monotonic() - started < 0.3:
            await said(pool, endpoint.url)  # one of them is used again and again
            await asyncio.sleep(0.01)
        assert (endpoint.connections, endpoint.open) == (3, 1)
        await until(lambda: endpoint.open == 0, 1)


async def test_a_closed_pool_keeps_no_connection_and_can_be_used_again(pool: HttpPool) -> None:
    async with wire_endpoint(always(CHUNKED)) as endpoint:
        patience = Patience()
        with Watch(patience) as watch:
            stream = await open_stream(pool, endpoint.url, {}, {}, patience, watch)
            assert await stream.read() == SAID
            await pool.close()
            await stream.finish()
            stream.close()
        await until(lambda: endpoint.open == 0, 1)
        assert await said(pool, endpoint.url) == SAID
        await pool.close()
        await until(lambda: endpoint.open == 0, 1)


@pytest.mark.parametrize("is_closed", [True, False], ids=["closed", "left open"])
async def test_a_pool_serves_one_loop_after_the_other(is_closed: bool, pool: HttpPool) -> None:
    """A connection that waits in a loop which goes on is closed there."""

    async def use() -> None:
        async with wire_endpoint(always(CHUNKED)) as endpoint:
            for _ in range(2):
                assert await said(pool, endpoint.url) == SAID
            assert endpoint.connections == 1
            await pool.close()

    async with wire_endpoint(always(CHUNKED)) as endpoint:
        assert await said(pool, endpoint.url) == SAID
        if is_closed:
            await pool.close()
        await _in_another_loop(use)
        await until(lambda: endpoint.open == 0, 1)
        assert await said(pool, endpoint.url) == SAID
        await pool.close()


@pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning")
async def test_a_pool_that_was_left_open_in_a_loop_that_has_ended_serves_the_next(pool: HttpPool) -> None:
    async def use() -> None:
        async with wire_endpoint(always(CHUNKED)) as endpoint:
            assert await said(pool, endpoint.url) == SAID

    await _in_another_loop(use)
    async with wire_endpoint(always(CHUNKED)) as endpoint:
        assert await said(pool, endpoint.url) == SAID
        await pool.close()


async def _in_another_loop(work: Callable[[], Coroutine[Any, Any, None]]) -> None:
    kind = type(asyncio.get_running_loop())

    def run() -> None:
        with asyncio.Runner(loop_factory=kind) as runner:
            runner.run(work())

    await asyncio.to_thread(run)


async def test_a_stream_of_another_loop_gives_its_connection_to_nobody(pool: HttpPool) -> None:
    patience = Patience()

    async def use() -> None:
        async with wire_endpoint(always(CHUNKED)) as endpoint:
            assert await said(pool, endpoint.url) == SAID
            await passes()

    async with wire_endpoint(always(CHUNKED)) as endpoint:
        with Watch(patience) as watch:
            stream = await open_stream(pool, endpoint.url, {}, {}, patience, watch)
            await _in_another_loop(use)
            assert await stream.read() == SAID
            await stream.finish()
            stream.close()
        await until(lambda: endpoint.open == 0, 1)
