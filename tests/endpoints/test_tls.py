"""Endpoints that are spoken to in TLS."""

import asyncio
import ssl
import threading
from pathlib import Path

import pytest
from support.waiting import until
from support.wire import (
    EVENTS,
    SAID,
    SIZED,
    Authority,
    Talk,
    always,
    line_and_headers,
    said,
    wire_endpoint,
)

from chatkit_host.agent.models.http import HttpPool
from chatkit_host.errors import ModelUnavailable


@pytest.mark.usefixtures("_is_known")
async def test_a_connection_in_tls_is_used_again(pool: HttpPool, tls: ssl.SSLContext) -> None:
    async with wire_endpoint(always(SIZED), tls=tls) as endpoint:
        url = f"https://localhost:{endpoint.port}/v1"
        for _ in range(3):
            assert await said(pool, url) == SAID
        assert endpoint.connections == 1
        assert line_and_headers(endpoint.requests[0])[1]["Host"] == f"localhost:{endpoint.port}"
        await pool.close()
        await until(lambda: endpoint.open == 0, 1)


@pytest.mark.usefixtures("_is_known")
async def test_nobody_waits_while_the_trusted_certificates_are_read(
    pool: HttpPool, tls: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    read_in: list[threading.Thread] = []
    read = ssl.create_default_context

    def noticed() -> ssl.SSLContext:
        read_in.append(threading.current_thread())
        return read()

    monkeypatch.setattr(ssl, "create_default_context", noticed)
    async with wire_endpoint(always(SIZED), tls=tls) as endpoint:
        for _ in range(2):
            assert await said(pool, f"https://localhost:{endpoint.port}/v1") == SAID
    assert len(read_in) == 1
    assert read_in[0] is not threading.current_thread()


@pytest.mark.usefixtures("_is_known")
async def test_a_connection_in_tls_that_the_endpoint_closes_is_not_used_again(
    pool: HttpPool, tls: ssl.SSLContext
) -> None:
    async def script(talk: Talk) -> None:
        await talk.hear()
        await talk.say(SIZED)

    async with wire_endpoint(script, tls=tls) as endpoint:
        for asked in (1, 2, 3):
            assert await said(pool, f"https://localhost:{endpoint.port}/v1") == SAID
            assert (endpoint.connections, len(endpoint.requests)) == (asked, asked)


@pytest.mark.usefixtures("_is_known")
@pytest.mark.parametrize("at_once", [True, False], ids=["at once", "in pieces"])
async def test_a_body_in_tls_may_end_with_its_connection(at_once: bool, pool: HttpPool, tls: ssl.SSLContext) -> None:
    answer = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n" + EVENTS[:22]

    async def script(talk: Talk) -> None:
        await talk.hear()
        await talk.say(*([answer] if at_once else [answer[at : at + 10] for at in range(0, len(answer), 10)]))

    async with wire_endpoint(script, tls=tls) as endpoint:
        assert await said(pool, f"https://localhost:{endpoint.port}/v1") == SAID


@pytest.mark.usefixtures("_is_known")
async def test_an_endpoint_in_tls_notices_when_nobody_waits_any_more(pool: HttpPool, tls: ssl.SSLContext) -> None:
    reached = asyncio.Event()

    async def script(talk: Talk) -> None:
        await talk.hear()
        await talk.say(SIZED[:-10])
        reached.set()
        await talk.left()

    async with wire_endpoint(script, tls=tls) as endpoint:
        task = asyncio.ensure_future(said(pool, f"https://localhost:{endpoint.port}/v1"))
        await reached.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await until(lambda: endpoint.open == 0, 1)


@pytest.mark.usefixtures("_is_known")
async def test_an_endpoint_in_tls_waits_for_a_slow_reader(pool: HttpPool, tls: ssl.SSLContext) -> None:
    sent, whole = 0, bytes(range(256)) * 256 * 256  # 16 MiB

    async def script(talk: Talk) -> None:
        nonlocal sent
        await talk.hear()
        await talk.say(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(whole))
        for at in range(0, len(whole), 65_536):
            talk.writer.write(whole[at : at + 65_536])
            await talk.writer.drain()
            sent = at

    async with wire_endpoint(script, tls=tls) as endpoint:
        connection, keep = await pool.post(f"https://localhost:{endpoint.port}/", {}, b"", connect_seconds=5)
        seen = -1
        while seen != sent:
            seen = sent
            await asyncio.sleep(0.05)
        assert sent < len(whole) * 3 // 4
        assert await connection.read_up_to(len(whole)) == whole
        assert await connection.read() == b""
        assert connection.can_be_asked is False or endpoint.open
        keep()


@pytest.mark.usefixtures("_is_known")
async def test_a_host_with_the_certificate_of_another_is_refused(pool: HttpPool, tls: ssl.SSLContext) -> None:
    async with wire_endpoint(always(SIZED), tls=tls) as endpoint:
        with pytest.raises(ModelUnavailable):
            await said(pool, f"https://127.0.0.1:{endpoint.port}/v1")
        assert endpoint.requests == []


async def test_a_certificate_of_an_unknown_authority_is_refused(
    pool: HttpPool, tls: ssl.SSLContext, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(Authority(tmp_path).path))
    async with wire_endpoint(always(SIZED), tls=tls) as endpoint:
        with pytest.raises(ModelUnavailable):
            await said(pool, f"https://localhost:{endpoint.port}/v1")
        assert endpoint.requests == []


@pytest.mark.usefixtures("_is_known")
async def test_an_endpoint_that_does_not_speak_tls_is_unavailable(pool: HttpPool) -> None:
    async def script(talk: Talk) -> None:
        await talk.say(b"HTTP/1.1 400 Bad Request\r\n\r\n")

    async with wire_endpoint(script) as endpoint:
        with pytest.raises(ModelUnavailable):
            await said(pool, f"https://localhost:{endpoint.port}/v1")


async def test_an_ipv6_address_is_an_endpoint(pool: HttpPool) -> None:
    async with wire_endpoint(always(SIZED), host="::1") as endpoint:
        assert await said(pool, endpoint.url) == SAID
        assert line_and_headers(endpoint.requests[0])[1]["Host"] == f"[::1]:{endpoint.port}"
        await pool.close()
