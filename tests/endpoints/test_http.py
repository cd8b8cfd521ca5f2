"""How asking a model endpoint can end: by name, tried again where that can help, and with nothing left behind."""

import asyncio
import socket

import pytest
from support.waiting import until
from support.wire import (
    BEGUN,
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

from chatkit_host.agent.models.http import HttpPool, as_mid_stream_failure, open_stream
from chatkit_host.agent.models.watch import Patience, Watch
from chatkit_host.errors import (
    InternalFailure,
    ModelIncomplete,
    ModelOutputInvalid,
    ModelRateLimited,
    ModelRefusedCredentials,
    ModelTimeout,
    ModelUnavailable,
    TurnFailed,
)

REFUSED = b"HTTP/1.1 %b\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"


@pytest.mark.parametrize(
    ("answer", "failure", "asked"),
    [
        pytest.param(b"", ModelUnavailable, 3, id="nothing"),
        pytest.param(HEAD, ModelUnavailable, 3, id="half a head"),
        pytest.param(HEAD + b"X: " + b"x" * 200_000, ModelUnavailable, 3, id="a head without end"),
        pytest.param(b"220 mail.example ESMTP\r\n", ModelUnavailable, 3, id="not HTTP"),
        pytest.param(BEGUN, ModelUnavailable, 3, id="no body"),
        pytest.param(BEGUN + b"1", ModelUnavailable, 3, id="half a chunk header"),
        pytest.param(BEGUN + b"b\r\ndata: one\n", ModelUnavailable, 3, id="half an event"),
        pytest.param(BEGUN + b"what\r\n", ModelUnavailable, 3, id="no chunk"),
        pytest.param(SIZED[: -len(EVENTS)], ModelUnavailable, 3, id="a length, no body"),
        pytest.param(HEAD + b"Content-Encoding: br\r\n\r\nabc", ModelUnavailable, 3, id="unknown encoding"),
        pytest.param(HEAD + b"\r\n", ModelIncomplete, 1, id="an empty body"),
        pytest.param(HEAD + b"\r\n: hello\n\n", ModelIncomplete, 1, id="a comment"),
        pytest.param(b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n<html>", ModelOutputInvalid, 1, id="a page"),
        pytest.param(
            b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n{",
            ModelUnavailable,
            3,
            id="half of a JSON body",
        ),
        pytest.param(REFUSED % b"500 Internal Server Error", ModelUnavailable, 3, id="500"),
        pytest.param(REFUSED % b"429 Too Many\r\nRetry-After: 0", ModelRateLimited, 3, id="429"),
        pytest.param(REFUSED % b"401 Unauthorized", ModelRefusedCredentials, 1, id="401"),
        pytest.param((REFUSED % b"401 Unauthorized")[:-1], ModelRefusedCredentials, 1, id="401, half its body"),
        pytest.param(REFUSED % b"504 Gateway Timeout", ModelTimeout, 1, id="504"),
        pytest.param(REFUSED % b"302 Found\r\nLocation: /", TurnFailed, 1, id="302"),
    ],
)
async def test_what_fails_before_the_first_data_has_a_name_and_may_be_tried_again(
    answer: bytes, failure: type[TurnFailed], asked: int, pool: HttpPool
) -> None:
    async with wire_endpoint(once(answer)) as endpoint:
        with pytest.raises(failure):
            await said(pool, endpoint.url)
        assert (endpoint.connections, len(endpoint.requests)) == (asked, asked)
        assert len(set(endpoint.requests)) == 1


async def test_a_connection_that_is_reset_is_tried_again(pool: HttpPool) -> None:
    async def script(talk: Talk) -> None:
        await talk.hear()
        if endpoint.connections < 3:
            talk.reset()
        await talk.say(CHUNKED)

    async with wire_endpoint(script) as endpoint:
        assert await said(pool, endpoint.url) == SAID
        assert endpoint.connections == 3


async def test_an_endpoint_that_does_not_listen_is_unavailable(pool: HttpPool) -> None:
    async with wire_endpoint(always(CHUNKED)) as endpoint:
        pass
    with pytest.raises(ModelUnavailable):
        await said(pool, endpoint.url)


async def test_a_host_that_nobody_knows_is_unavailable(pool: HttpPool) -> None:
    with pytest.raises(ModelUnavailable):
        await said(pool, "http://nobody.invalid/v1", retries=0)


@pytest.mark.parametrize("answer", [b"", HEAD, BEGUN, BEGUN + b"7\r\n: wait\n\r\n"], ids=range(4))
async def test_silence_is_a_timeout_and_not_tried_again(answer: bytes, pool: HttpPool) -> None:
    async def script(talk: Talk) -> None:
        await talk.hear()
        await talk.say(answer)
        await talk.left()

    async with wire_endpoint(script) as endpoint:
        with pytest.raises(ModelTimeout):
            await said(pool, endpoint.url, first_seconds=0.05)
        assert len(endpoint.requests) == 1
        await until(lambda: endpoint.open == 0, 1)


@pytest.mark.parametrize(
    "rest", [b"", b"5", b"5\r\ndata", b"5\r\ndata:\r\n", b"what\r\n"], ids=["end", "size", "chunk", "chunk end", "not"]
)
async def test_what_breaks_off_after_the_first_data_is_incomplete(rest: bytes, pool: HttpPool) -> None:
    patience = Patience()
    async with wire_endpoint(once(BEGUN + b"b\r\ndata: one\n\n\r\n" + rest)) as endpoint:
        with Watch(patience) as watch:
            stream = await open_stream(pool, endpoint.url, {}, {}, patience, watch)
            assert await stream.read() == [b"one"]
            with pytest.raises(ConnectionError) as raised:
                await stream.read()
            stream.close()
        assert type(as_mid_stream_failure(raised.value)) is ModelIncomplete
        assert endpoint.connections == 1


async def test_what_is_taken_counts_as_heard_until_the_model_falls_silent(pool: HttpPool) -> None:
    async def script(talk: Talk) -> None:
        await talk.hear()
        await talk.say(BEGUN + b"b\r\ndata: one\n\n\r\n")
        for _ in range(8):
            await asyncio.sleep(0.05)
            await talk.say(b"b\r\ndata: two\n\n\r\n")
        await talk.left()

    taken: list[bytes] = []
    patience = Patience(idle_seconds=0.2)
    async with wire_endpoint(script) as endpoint:
        with Watch(patience) as watch:
            stream = await open_stream(pool, endpoint.url, {}, {}, patience, watch)

            def take(read: bytes) -> bool:
                taken.append(read)
                watch.heard()
                return True

            stream.offer(take)
            assert await stream.read() == [b"one"]
            with pytest.raises(ModelTimeout):
                await stream.read()
            stream.close()

    assert taken == [b"data: two\n\n"] * 8


async def test_half_an_event_is_not_offered(pool: HttpPool) -> None:
    async def script(talk: Talk) -> None:
        await talk.hear()
        await talk.say(BEGUN + b"b\r\ndata: one\n\n\r\n")
        for piece in (b"5\r\ndata:\r\n", b"6\r\n two\n\n\r\n", b"d\r\ndata: three\n\n\r\n0\r\n\r\n"):
            await asyncio.sleep(0.05)
            await talk.say(piece)

    offered: list[bytes] = []

    def take(read: bytes) -> bool:
        offered.append(read)
        return False

    patience = Patience()
    async with wire_endpoint(script) as endpoint:
        with Watch(patience) as watch:
            stream = await open_stream(pool, endpoint.url, {}, {}, patience, watch)
            stream.offer(take)
            assert [await stream.read() for _ in range(4)] == [[b"one"], [b"two"], [b"three"], []]
            stream.close()

    assert offered == [b"data:", b"data: three\n\n"]


async def test_a_request_that_cannot_be_sent_is_not_tried(pool: HttpPool) -> None:
    patience = Patience()
    async with wire_endpoint(always(CHUNKED)) as endpoint:
        with Watch(patience) as watch, pytest.raises(InternalFailure):
            await open_stream(pool, endpoint.url, {"X-Two": "a\r\nX-Three: b"}, {}, patience, watch)
        assert endpoint.connections == 0


async def test_an_endpoint_that_answers_before_it_has_heard_all_is_heard(pool: HttpPool) -> None:
    async def script(talk: Talk) -> None:
        await talk.reader.readuntil(b"\r\n\r\n")
        await talk.say(REFUSED % b"413 Too Large")
        await talk.left()

    patience = Patience()
    async with wire_endpoint(script) as endpoint:
        with Watch(patience) as watch, pytest.raises(TurnFailed) as raised:
            await open_stream(pool, endpoint.url, {}, {"input": "x" * 8_000_000}, patience, watch)
        assert raised.value.code == "context_too_long"


# -- a user who leaves ---------------------------------------------------------------------------


async def _cancelled(pool: HttpPool, url: str, reached: asyncio.Event) -> None:
    task = asyncio.ensure_future(said(pool, url, connect_seconds=5))
    await asyncio.wait_for(reached.wait(), 2)
    await passes()
    assert not task.done()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


@pytest.mark.parametrize(
    "answer",
    [b"", HEAD, BEGUN, BEGUN + b"b\r\ndata: one\n\n\r\n", REFUSED[:-2].replace(b"%b", b"500 No")],
    ids=["head", "half a head", "first data", "more data", "refusal"],
)
@pytest.mark.parametrize("is_used", [False, True], ids=["fresh", "used"])
async def test_the_endpoint_notices_when_nobody_waits_any_more(answer: bytes, is_used: bool, pool: HttpPool) -> None:
    reached = asyncio.Event()

    async def script(talk: Talk) -> None:
        if is_used:
            await talk.hear()
            await talk.say(CHUNKED)
        await talk.hear()
        await talk.say(answer)
        reached.set()
        await talk.left()

    async with wire_endpoint(script) as endpoint:
        if is_used:
            await said(pool, endpoint.url)
        await _cancelled(pool, endpoint.url, reached)
        await until(lambda: endpoint.open == 0, 1)
        assert endpoint.connections == 1


async def test_the_endpoint_notices_during_the_tls_handshake(pool: HttpPool) -> None:
    reached = asyncio.Event()

    async def script(talk: Talk) -> None:
        await talk.reader.read(1)
        reached.set()
        await talk.left()

    async with wire_endpoint(script) as endpoint:
        await _cancelled(pool, endpoint.url.replace("http:", "https:"), reached)
        await until(lambda: endpoint.open == 0, 1)


async def test_a_connection_that_is_never_made_is_given_up(pool: HttpPool) -> None:
    with socket.socket() as listening, socket.socket() as first, socket.socket() as second:
        listening.bind(("127.0.0.1", 0))
        listening.listen(0)
        for each in (first, second):  # the queue is full now
            each.setblocking(False)
            each.connect_ex(listening.getsockname())
        url = f"http://127.0.0.1:{listening.getsockname()[1]}/"
        with pytest.raises(ModelTimeout):
            await said(pool, url, connect_seconds=0.05)
        begun = asyncio.Event()
        begun.set()
        await _cancelled(pool, url, begun)


async def test_a_cancelled_reader_in_front_of_a_full_connection_leaves_nothing(pool: HttpPool) -> None:
    async def script(talk: Talk) -> None:
        await talk.hear()
        talk.writer.write(HEAD + b"\r\n")
        while True:
            talk.writer.write(EVENTS[:11] * 10_000)
            await talk.writer.drain()

    patience = Patience()
    async with wire_endpoint(script) as endpoint:
        with Watch(patience) as watch:
            stream = await open_stream(pool, endpoint.url, {}, {}, patience, watch)
            assert (await stream.read())[0] == b"one"
            await asyncio.sleep(0.05)
            stream.close()
        await until(lambda: endpoint.open == 0, 1)
