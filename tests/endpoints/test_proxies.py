"""Endpoints behind the proxy that the environment names."""

import asyncio
import ssl
from base64 import b64encode

import pytest
from support.waiting import until
from support.wire import (
    SAID,
    SIZED,
    Authority,
    Script,
    Talk,
    always,
    line_and_headers,
    said,
    wire_endpoint,
)

from chatkit_host.agent.models.http import HttpPool
from chatkit_host.errors import ModelUnavailable

OPENED = b"HTTP/1.1 200 Connection established\r\n\r\n"


class ConnectProxy:
    """Opens tunnels to one port of this machine, whatever the host it is asked for."""

    def __init__(self, port: int, *, answer: bytes = OPENED, credentials: str | None = None) -> None:
        self._port, self._answer, self._credentials = port, answer, credentials
        self.refused = 0

    async def __call__(self, talk: Talk) -> None:
        line, headers = line_and_headers(await talk.hear())
        assert line.startswith("CONNECT ")
        if self._credentials is not None:
            expected = f"Basic {b64encode(self._credentials.encode()).decode()}"
            if headers.get("Proxy-Authorization") != expected:
                self.refused += 1
                await talk.say(
                    b"HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic\r\nContent-Length: 0\r\n\r\n"
                )
                return
        reader, writer = await asyncio.open_connection("127.0.0.1", self._port)
        try:
            await talk.say(self._answer)
            await asyncio.gather(_pump(talk.reader, writer), _pump(reader, talk.writer))
        finally:
            writer.close()


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while data := await reader.read(65_536):
            writer.write(data)
            await writer.drain()
    finally:
        writer.close()


async def test_plain_http_through_a_proxy_is_asked_for_by_its_whole_url(
    pool: HttpPool, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with wire_endpoint(always(SIZED)) as proxy:
        monkeypatch.setenv("http_proxy", f"http://ann:w%C3%B6rd@127.0.0.1:{proxy.port}")
        for _ in range(2):
            assert await said(pool, "http://me:too@bücher.example/v1?a=b") == SAID
        assert proxy.connections == 1
        line, headers = line_and_headers(proxy.requests[0])
        assert line == "POST http://xn--bcher-kva.example/v1?a=b HTTP/1.1"
        assert headers["Host"] == "xn--bcher-kva.example"
        assert headers["Proxy-Authorization"] == f"Basic {b64encode('ann:wörd'.encode()).decode()}"
        assert headers["Authorization"] == f"Basic {b64encode(b'me:too').decode()}"
        await pool.close()


@pytest.mark.usefixtures("_is_known")
@pytest.mark.parametrize(
    "answer",
    [
        OPENED,
        b"HTTP/1.0 200 OK\r\nVia: a proxy\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"HTTP/1.1 204 No Content\r\n\r\n",
        b"HTTP/1.1 100 Continue\r\n\r\n" + OPENED,
    ],
    ids=["1.1", "1.0", "length", "chunked", "204", "100"],
)
async def test_tls_goes_through_a_proxy_in_a_tunnel(
    answer: bytes, pool: HttpPool, authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with (
        wire_endpoint(always(SIZED), tls=authority.server("model.example")) as endpoint,
        wire_endpoint(ConnectProxy(endpoint.port, answer=answer)) as proxy,
    ):
        monkeypatch.setenv("https_proxy", f"http://127.0.0.1:{proxy.port}")
        for _ in range(3):
            assert await said(pool, "https://me:too@model.example/v1") == SAID
        assert (proxy.connections, endpoint.connections) == (1, 1)
        line, headers = line_and_headers(proxy.requests[0])
        assert line == "CONNECT model.example:443 HTTP/1.1"
        assert headers == {"Host": "model.example:443", "User-Agent": "chatkit-host"}
        line, headers = line_and_headers(endpoint.requests[0])
        assert line == "POST /v1 HTTP/1.1"
        assert headers["Host"] == "model.example"
        assert "Proxy-Authorization" not in headers
        await pool.close()
        await until(lambda: proxy.open == endpoint.open == 0, 1)


@pytest.mark.usefixtures("_is_known")
@pytest.mark.parametrize(("given", "failures"), [("ann:word@", 0), ("ann:other@", 1), ("", 1)])
async def test_a_proxy_may_ask_who_is_there(
    given: str, failures: int, pool: HttpPool, tls: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with wire_endpoint(always(SIZED), tls=tls) as endpoint:
        asked = ConnectProxy(endpoint.port, credentials="ann:word")
        async with wire_endpoint(asked) as proxy:
            monkeypatch.setenv("https_proxy", f"http://{given}127.0.0.1:{proxy.port}")
            url = f"https://localhost:{endpoint.port}/v1"
            if failures:
                with pytest.raises(ModelUnavailable):
                    await said(pool, url, retries=0)
            else:
                assert await said(pool, url) == SAID
            assert asked.refused == failures
            assert endpoint.connections == 1 - failures
            await pool.close()
            await until(lambda: proxy.open == 0, 1)


@pytest.mark.usefixtures("_is_known")
async def test_a_proxy_cannot_pass_for_the_endpoint(
    pool: HttpPool, tls: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with (
        wire_endpoint(always(SIZED), tls=tls) as endpoint,
        wire_endpoint(ConnectProxy(endpoint.port)) as proxy,
    ):
        monkeypatch.setenv("https_proxy", f"http://127.0.0.1:{proxy.port}")
        with pytest.raises(ModelUnavailable):
            await said(pool, "https://model.example/v1")
        assert endpoint.requests == []
        await until(lambda: proxy.open == 0, 1)


async def _hangs_up(talk: Talk) -> None:
    await talk.hear()


async def _hangs_up_in_the_handshake(talk: Talk) -> None:
    await talk.hear()
    await talk.say(OPENED)
    await talk.reader.read(1)


async def _says_what_is_no_tls(talk: Talk) -> None:
    await talk.hear()
    await talk.say(OPENED + b"Welcome to the hotel")
    await talk.say(b"Welcome to the hotel")
    await talk.left()


@pytest.mark.usefixtures("_is_known")
@pytest.mark.parametrize("script", [_hangs_up, _hangs_up_in_the_handshake, _says_what_is_no_tls])
async def test_a_tunnel_that_breaks_is_unavailable(
    script: Script, pool: HttpPool, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with wire_endpoint(script) as proxy:
        monkeypatch.setenv("https_proxy", f"http://127.0.0.1:{proxy.port}")
        with pytest.raises(ModelUnavailable):
            await said(pool, "https://model.example/v1")
        await until(lambda: proxy.open == 0, 1)


@pytest.mark.usefixtures("_is_known")
@pytest.mark.parametrize("answer", [b"", OPENED], ids=["asked", "in the handshake"])
async def test_a_proxy_notices_when_nobody_waits_any_more(
    answer: bytes, pool: HttpPool, monkeypatch: pytest.MonkeyPatch
) -> None:
    reached = asyncio.Event()

    async def script(talk: Talk) -> None:
        await talk.hear()
        await talk.say(answer)
        if answer:
            await talk.reader.read(1)
        reached.set()
        await talk.left()

    async with wire_endpoint(script) as proxy:
        monkeypatch.setenv("https_proxy", f"http://127.0.0.1:{proxy.port}")
        task = asyncio.ensure_future(said(pool, "https://model.example/v1"))
        await asyncio.wait_for(reached.wait(), 2)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await until(lambda: proxy.open == 0, 1)


@pytest.mark.usefixtures("_is_known")
@pytest.mark.parametrize("scheme", ["http", "https"])
async def test_a_proxy_that_is_to_be_spoken_to_in_tls_is(
    scheme: str, pool: HttpPool, tls: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its credentials are not for everybody to read."""
    async with wire_endpoint(always(SIZED), tls=tls) as endpoint:
        script = always(SIZED) if scheme == "http" else ConnectProxy(endpoint.port)
        async with wire_endpoint(script, tls=tls) as proxy:
            monkeypatch.setenv(f"{scheme}_proxy", f"https://ann:word@localhost:{proxy.port}")
            for _ in range(2):
                assert await said(pool, f"{scheme}://localhost:{endpoint.port}/v1") == SAID
            assert proxy.connections == 1
            assert endpoint.connections == (scheme == "https")
            await pool.close()
            await until(lambda: proxy.open == 0, 1)


async def test_what_no_proxy_names_is_asked_directly(pool: HttpPool, monkeypatch: pytest.MonkeyPatch) -> None:
    async with wire_endpoint(always(SIZED)) as endpoint, wire_endpoint(always(b"")) as proxy:
        monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{proxy.port}")
        monkeypatch.setenv("no_proxy", "localhost,127.0.0.1")
        assert await said(pool, endpoint.url) == SAID
        assert (endpoint.connections, proxy.connections) == (1, 0)
        await pool.close()
