"""An endpoint on loopback that says, byte by byte, what a test lets it say, and what a client leaves behind."""

import asyncio
import contextlib
import gc
import os
import re
import socket
import ssl
import struct
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from support.waiting import until

from chatkit_host.agent.models.http import HttpPool, open_stream
from chatkit_host.agent.models.watch import Patience, Watch

LOOPS = (
    pytest.param(("asyncio", {"use_uvloop": False}), id="asyncio"),
    pytest.param(("asyncio", {"use_uvloop": True}), id="uvloop"),
)


EVENTS = b"data: one\n\ndata: two\n\ndata: [DONE]\n\n"
SAID = [b"one", b"two"]
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"
SIZED = HEAD + b"Content-Length: %d\r\n\r\n" % len(EVENTS) + EVENTS
BEGUN = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"
CHUNKED = BEGUN + b"%x\r\n%b\r\n0\r\n\r\n" % (len(EVENTS), EVENTS)


async def said(pool: HttpPool, url: str, **changes: float) -> list[bytes]:
    """The events of one answer, read to its end."""
    changes = {"first_seconds": 5.0, "idle_seconds": 5.0, "retry_seconds": 0.001, **changes}
    patience = Patience(**changes)  # pyright: ignore[reportArgumentType] - `retries` is a whole number
    with Watch(patience) as watch:
        stream = await open_stream(pool, url, {}, {"model": "m"}, patience, watch)
        events: list[bytes] = []
        try:
            while read := await stream.read():
                events += read
            await stream.finish()
        finally:
            stream.close()
    return events


def line_and_headers(request: bytes) -> tuple[str, dict[str, str]]:
    line, *headers = request.partition(b"\r\n\r\n")[0].decode().split("\r\n")
    return line, dict(header.split(": ", 1) for header in headers)


class Talk:
    """One connection, from the endpoint's side."""

    def __init__(self, endpoint: "WireEndpoint", reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._endpoint, self.reader, self.writer = endpoint, reader, writer

    async def hear(self) -> bytes:
        """One whole request."""
        head = await self.reader.readuntil(b"\r\n\r\n")
        length = re.search(rb"(?i)\r\ncontent-length: (\d+)", head)
        request = head + await self.reader.readexactly(int(length[1]) if length else 0)
        self._endpoint.requests.append(request)
        return request

    async def say(self, *pieces: bytes) -> None:
        """Each piece in a write of its own, which the client reads before the next."""
        for piece in pieces:
            self.writer.write(piece)
            await self.writer.drain()
            await passes()

    async def left(self) -> None:
        """Until the client has closed the connection."""
        with contextlib.suppress(ConnectionError):
            while await self.reader.read(65_536):
                pass

    def reset(self) -> None:
        """Ends the connection with RST instead of FIN."""
        connection = self.writer.get_extra_info("socket")
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.writer.transport.abort()


Script = Callable[[Talk], Awaitable[object]]


class WireEndpoint:
    def __init__(self, server: asyncio.Server, host: str) -> None:
        self.port = server.sockets[0].getsockname()[1]
        self.host = f"[{host}]" if ":" in host else host
        self.requests: list[bytes] = []
        self.connections = 0
        self.open = 0

    @property
    def url(self) -> str:
        return f"http://{self.host}:{self.port}/v1/chat"


@contextlib.asynccontextmanager
async def wire_endpoint(
    script: Script, *, tls: ssl.SSLContext | None = None, host: str = "127.0.0.1"
) -> AsyncIterator[WireEndpoint]:
    """`script` is played on every connection, which ends with it."""
    tasks: set[asyncio.Task[None]] = set()

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        tasks.add(task)
        endpoint.connections += 1
        endpoint.open += 1
        try:
            await script(Talk(endpoint, reader, writer))
        except (asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            pass
        finally:
            endpoint.open -= 1
            tasks.discard(task)
            writer.close()

    server = await asyncio.start_server(connected, host, 0, ssl=tls)
    endpoint = WireEndpoint(server, host)
    try:
        yield endpoint
    finally:
        server.close()
        for task in tasks:
            task.cancel()
        await passes()
        await until(lambda: not tasks, 5)


def always(*pieces: bytes) -> Script:
    """Answers every request on a connection with the same bytes."""

    async def script(talk: Talk) -> None:
        while True:
            await talk.hear()
            await talk.say(*pieces)

    return script


def once(*pieces: bytes) -> Script:
    """Answers one request and closes the connection."""

    async def script(talk: Talk) -> None:
        await talk.hear()
        await talk.say(*pieces)

    return script


async def passes() -> None:
    """What was written to loopback is read by the other side: every pass of the loop looks at the sockets once."""
    for _ in range(4):
        await asyncio.sleep(0)


def _tasks() -> set[Any]:
    return {task for task in asyncio.all_tasks() if "TestRunner" not in repr(task)}  # anyio's run tests and fixtures


def _sockets() -> int:
    names = list[str]()
    for number in os.listdir("/proc/self/fd"):
        with contextlib.suppress(OSError):
            names.append(os.readlink(f"/proc/self/fd/{number}"))
    return sum(name.startswith("socket:") for name in names)


@contextlib.asynccontextmanager
async def nothing_left() -> AsyncIterator[None]:
    """Neither a task nor a socket; and what the garbage collector would have to close makes pytest complain."""
    before, tasks = _sockets(), _tasks()
    yield
    await passes()
    await until(lambda: _tasks() <= tasks and _sockets() <= before, 1)
    gc.collect()


class Authority:
    """A certificate authority whose certificate is in `path`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"Authority {folder.name}")])
        certificate = (
            self._certificate(self._name, self._key)
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .sign(self._key, hashes.SHA256())
        )
        self.path = folder / "authority.pem"
        self.path.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))

    def server(self, host: str) -> ssl.SSLContext:
        """For a server that is `host`."""
        key = ec.generate_private_key(ec.SECP256R1())
        certificate = (
            self._certificate(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, host)]), key)
            .add_extension(x509.SubjectAlternativeName([x509.DNSName(host)]), critical=False)
            .sign(self._key, hashes.SHA256())
        )
        path = self._folder / f"{host}.pem"
        path.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
            + certificate.public_bytes(serialization.Encoding.PEM)
        )
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(path)
        return context

    def _certificate(self, name: x509.Name, key: ec.EllipticCurvePrivateKey) -> x509.CertificateBuilder:
        now = datetime.now(UTC)
        return (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(self._name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(hours=1))
            .not_valid_after(now + timedelta(hours=1))
        )
