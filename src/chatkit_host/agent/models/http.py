"""Streaming POST requests to model endpoints, over pooled connections."""

import asyncio
import logging
import socket
import ssl
from collections import defaultdict
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

import orjson
from aiohappyeyeballs import start_connection

from chatkit_host.agent.failures import as_turn_failure, from_payload, from_status
from chatkit_host.agent.models.attempts import Refused, note_failure, retry_after_seconds, until_it_answers
from chatkit_host.agent.models.connection import BrokenConnection, Connection
from chatkit_host.agent.models.endpoint import Endpoint, Place
from chatkit_host.agent.models.sse import DONE, SseDecoder
from chatkit_host.agent.models.watch import Patience, Watch
from chatkit_host.errors import ModelIncomplete, ModelOutputInvalid, TurnFailed

_logger = logging.getLogger(__name__)

_ERROR_BODY = 65_536
_WHOLE_BODY = 32 * 1024 * 1024
_EPILOGUE_SECONDS = 0.05
_NEXT_ADDRESS_SECONDS = 0.25
_IDLE_SECONDS = 30.0
"""How long a connection waits for its next request. There is no limit to their number: a stream occupies its connection for as long
as the model speaks, and a limit would queue turns behind turns."""


class HttpPool:
    """Connections to model endpoints, opened when first needed; `close` ends those that wait."""

    def __init__(self) -> None:
        self._endpoints: dict[str, Endpoint] = {}
        self._idle: defaultdict[Endpoint, list[tuple[float, Connection]]] = defaultdict(list)
        self._sweeping: asyncio.TimerHandle | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._tls: ssl.SSLContext | None = None

    async def post(
        self, url: str, headers: Mapping[str, str], body: bytes, *, connect_seconds: float
    ) -> tuple[Connection, Callable[[], None]]:
        """A connection on which the endpoint has begun to answer, and what gives it back. `ConnectionError`, `TimeoutError`."""
        loop = asyncio.get_running_loop()
        if self._loop is not loop:
            self._leave_loop()
            self._loop = loop
        endpoint = self._endpoints.get(url) or self._endpoints.setdefault(url, Endpoint.of(url))
        request = endpoint.request(headers, body)
        connection = self._idle_to(endpoint)
        if connection is None or not await _begins_to_answer(connection, request, was_idle=True):
            async with asyncio.timeout(connect_seconds):
                connection = await self._connected(endpoint)
            await _begins_to_answer(connection, request, was_idle=False)
        return connection, lambda: self._keep(endpoint, connection)

    def _idle_to(self, endpoint: Endpoint) -> Connection | None:
        idle = self._idle[endpoint]
        while idle:
            _, connection = idle.pop()
            if connection.can_be_asked:
                return connection
        return None

    async def _connected(self, endpoint: Endpoint) -> Connection:
        first = endpoint.proxy or endpoint.server
        try:
            connection = await _connection_to(first, await self._tls_context() if first.is_secure else None)
            if endpoint.proxy is not None and endpoint.server.is_secure:
                await _tunnelled(connection, endpoint, await self._tls_context())
        except TimeoutError:
            raise
        except (OSError, RuntimeError) as error:  # uvloop's for a socket that is refused at once
            raise BrokenConnection from error
        return connection

    async def _tls_context(self) -> ssl.SSLContext:
        if self._tls is None:
            self._tls = await asyncio.to_thread(_certificates)
        return self._tls

    def _keep(self, endpoint: Endpoint, connection: Connection) -> None:
        loop = asyncio.get_running_loop()
        if not connection.can_be_asked or self._loop is not loop:
            connection.abort()
            return
        self._idle[endpoint].append((loop.time(), connection))
        if self._sweeping is None:
            self._sweeping = loop.call_later(_IDLE_SECONDS, self._sweep, loop)

    def _sweep(self, loop: asyncio.AbstractEventLoop) -> None:
        """The oldest come first: those that are used are taken from the end."""
        longest_ago = loop.time() - _IDLE_SECONDS
        for endpoint, idle in list(self._idle.items()):
            while idle and idle[0][0] <= longest_ago:
                idle.pop(0)[1].abort()
            if not idle:
                del self._idle[endpoint]
        oldest = min((idle[0][0] for idle in self._idle.values()), default=None)
        self._sweeping = None if oldest is None else loop.call_at(oldest + _IDLE_SECONDS, self._sweep, loop)

    async def close(self) -> None:
        if self._loop is asyncio.get_running_loop():
            self._leave_loop()

    def _leave_loop(self) -> None:
        """Connections are of one loop. What is still being read there is not kept, once it is read."""
        loop, self._loop = self._loop, None
        if self._sweeping is not None:
            self._sweeping.cancel()
            self._sweeping = None
        for idle in self._idle.values():
            for _, connection in idle:
                if loop is asyncio.get_running_loop():
                    connection.abort()
                elif loop is not None and not loop.is_closed():
                    loop.call_soon_threadsafe(connection.abort)
        self._idle.clear()


def _certificates() -> ssl.SSLContext:
    """All that the system trusts: other streams would feel how long they take to read."""
    tls = ssl.create_default_context()
    tls.set_alpn_protocols(["http/1.1"])
    return tls


async def _connection_to(place: Place, tls: ssl.SSLContext | None) -> Connection:
    """At the first address that answers: one that does not holds up the next for a moment only."""
    loop, name = asyncio.get_running_loop(), place.host if tls is not None else None
    addresses = await loop.getaddrinfo(place.host, place.port, type=socket.SOCK_STREAM)
    if len(addresses) == 1:
        host = str(addresses[0][4][0])
        _, connection = await loop.create_connection(Connection, host, place.port, ssl=tls, server_hostname=name)
        return connection
    found = await start_connection(addresses, happy_eyeballs_delay=_NEXT_ADDRESS_SECONDS, interleave=1)
    found.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    _, connection = await loop.create_connection(Connection, sock=found, ssl=tls, server_hostname=name)
    return connection


async def _tunnelled(connection: Connection, endpoint: Endpoint, tls: ssl.SSLContext) -> None:
    try:
        await connection.go_through(endpoint.tunnel, tls, endpoint.server.host)
    except BaseException:
        connection.abort()
        raise


async def _begins_to_answer(connection: Connection, request: bytes, *, was_idle: bool) -> bool:
    """False: the endpoint had given up a connection that waited, before it read the request."""
    try:
        connection.ask(request)
        await connection.head()
    except BrokenConnection:
        connection.abort()
        if was_idle and connection.is_untouched:
            return False
        raise
    except BaseException:
        connection.abort()
        raise
    return True


class EventStream:
    """One streaming answer. Each read yields the data of all events that one network read completed.

    `close` is synchronous and cuts the connection, so that the model stops: it is for `finally`, also when cancelled.
    """

    def __init__(self, connection: Connection, keep: Callable[[], None], watch: Watch) -> None:
        """`keep` gives the connection back when all of the answer is read."""
        self._connection = connection
        self._keep = keep
        self._watch = watch
        self._decoder = SseDecoder()
        self._ended = self._is_kept = False
        self._first: list[bytes] | None = None

    async def open(self) -> None:
        """Reads up to the first data, so that what fails before it can still be tried again."""
        kind = self._connection.headers.get("content-type", "application/octet-stream").split(";")[0].strip().lower()
        if kind == "application/json" or kind.endswith("+json"):
            body = await self._watch.wait(self._connection.read_up_to(_WHOLE_BODY))
            self._ended = True
            self._first = [_refuse_error(body)]
            self._watch.heard()
        elif kind in ("text/event-stream", "application/octet-stream", "text/plain"):
            self._first = await self.read()
            if not self._first:
                raise ModelIncomplete
        else:
            _logger.warning("a model endpoint answered with content type %s", kind)
            raise ModelOutputInvalid

    def offer(self, take: Callable[[bytes], bool]) -> None:
        """`take` is asked about bytes that begin with an event, where they arrive while `read` waits for them. What it takes (True)
        were whole events, and nobody else hears of them."""
        self._connection.take = lambda read: self._decoder.is_between_events and take(read)

    async def read(self) -> list[bytes]:
        """The next events, at least one; an empty list at the end."""
        if self._first:
            first, self._first = self._first, None
            return first
        while not self._ended:
            read = await self._watch.wait(self._connection.read())
            if read:
                events = self._decoder.feed(read)
            else:
                self._ended = True
                events = self._decoder.finish()
            if events:
                if DONE in events:
                    self._ended = True
                    events = events[: events.index(DONE)]
                    if not events:
                        break
                self._watch.heard()
                return events
        return []

    async def finish(self) -> None:
        """Gives the connection back for reuse if the endpoint ends its answer promptly."""
        if not self._connection.is_read:
            try:
                async with asyncio.timeout(_EPILOGUE_SECONDS):
                    while await self._connection.read():
                        pass
            except OSError:  # a timeout is one
                return
        self._is_kept = True
        self._connection.take = None
        self._keep()

    def close(self) -> None:
        if not self._is_kept:
            self._connection.take = None
            self._connection.abort()


async def open_stream(
    pool: HttpPool, url: str, headers: Mapping[str, str], body: Mapping[str, Any], patience: Patience, watch: Watch
) -> EventStream:
    """POSTs and waits for the first data, trying again while nothing has been heard."""
    payload = _encoded(body)
    sent = {"Content-Type": "application/json", "Accept": "text/event-stream", "Accept-Encoding": "identity", **headers}

    async def attempt() -> EventStream:
        connection, keep = await watch.wait(pool.post(url, sent, payload, connect_seconds=patience.connect_seconds))
        try:
            if connection.status != 200:
                raise await _refusal(connection, watch)
            stream = EventStream(connection, keep, watch)
            await stream.open()
        except BaseException:
            connection.abort()
            raise
        return stream

    return await until_it_answers(attempt, patience)


async def _refusal(connection: Connection, watch: Watch) -> Exception:
    body = b""
    with suppress(ConnectionError):  # the status says enough
        body = await watch.wait(connection.read_up_to(_ERROR_BODY))
    failure = from_status(connection.status, body)
    _logger.warning("a model endpoint answered %s (%s)", connection.status, failure.code)
    return Refused(failure, retry_after_seconds(connection.headers))


def _refuse_error(body: bytes) -> bytes:
    try:
        payload = orjson.loads(body)
    except ValueError:
        raise ModelOutputInvalid from None
    if not isinstance(payload, dict):
        raise ModelOutputInvalid
    if payload.get("error"):
        raise from_payload(payload)
    return body


def _encoded(body: Mapping[str, Any]) -> bytes:
    try:
        return orjson.dumps(body, option=orjson.OPT_NON_STR_KEYS)
    except (TypeError, ValueError):
        raise TurnFailed("This conversation cannot be sent to the model.") from None


def as_mid_stream_failure(error: Exception) -> TurnFailed:
    """A connection that breaks after the model began to speak means a broken-off answer, not an absent model."""
    failure = ModelIncomplete() if isinstance(error, ConnectionError) else as_turn_failure(error)
    note_failure(failure, error)
    return failure
