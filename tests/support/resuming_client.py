"""A client that loses its connection in every way a network knows, and comes back with its cursor.

Unlike `support.chat.Chat` it holds the socket itself, and speaks to any of several servers.
"""

import asyncio
import contextlib
import random
import socket
import struct
import time
from collections import deque
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Self

import aiohttp
import orjson
from support.chat import user_input

Cut = Literal["fin", "rst", "stall"]
CUTS: tuple[Cut, ...] = ("fin", "rst", "stall")

LOST = (aiohttp.ClientError, ConnectionError, TimeoutError)
"""What a connection that broke raises."""


@dataclass(frozen=True, slots=True)
class Event:
    seq: int
    data: bytes


class Refused(Exception):
    """The server answered with an error in words."""

    def __init__(self, status: int, problem: dict[str, Any]) -> None:
        super().__init__(f"{status} {problem}")
        self.status = status
        self.problem = problem

    @property
    def code(self) -> str:
        return str(self.problem.get("code", ""))


class Stream:
    """An open event stream. `cut` ends it as a network would."""

    is_over = False
    """The server has said that nothing comes after what was read."""

    def __init__(self, response: aiohttp.ClientResponse, still_open: "set[Stream]") -> None:
        self._response = response
        self._still_open = still_open
        still_open.add(self)
        self._connection = response.connection
        self._records: deque[bytes] = deque()
        self._rest = b""
        self.headers = response.headers
        self.turn_id = response.headers["ChatKit-Turn"]
        self.thread_id = response.headers.get("ChatKit-Thread", "")

    async def events(self) -> AsyncIterator[Event]:
        """To the proper end of the response; raises one of `LOST` when it breaks off. May be left and begun again."""
        while True:
            while self._records:
                record = self._records.popleft()
                assert not self.is_over, f"{record!r} after the end"
                if not record.startswith(b":"):
                    yield self._event(record)
                self.is_over = record == b": end"
            chunk = await self._response.content.readany()
            if not chunk:
                break
            *records, self._rest = (self._rest + chunk).split(b"\n\n")
            self._records.extend(records)
        self._still_open.discard(self)
        assert self._rest == b"", "the stream ended in the middle of an event"

    def _event(self, record: bytes) -> Event:
        first, _, data = record.partition(b"\n")
        turn, _, seq = first.removeprefix(b"id: ").rpartition(b":")
        assert turn.decode() == self.turn_id, record
        assert data.startswith(b"data: "), record
        return Event(int(seq), data[6:])

    def close(self) -> None:
        self._still_open.discard(self)
        self._response.close()

    def wake(self) -> None:
        """After a stall."""
        transport = self._connection.transport if self._connection is not None else None
        if isinstance(transport, asyncio.Transport):
            transport.resume_reading()

    def cut(self, how: Cut) -> None:
        transport = self._connection.transport if self._connection is not None else None
        if transport is None:
            return  # all of it has arrived and the connection is gone
        match how:
            case "fin":
                self.close()
            case "rst":
                transport.get_extra_info("socket").setsockopt(
                    socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0)
                )
                transport.abort()
                self.close()
            case "stall":
                assert isinstance(transport, asyncio.Transport)
                with contextlib.suppress(RuntimeError):  # paused already, by a buffer that is full
                    transport.pause_reading()


@dataclass(slots=True)
class Reading:
    """All that one reader saw of one turn, over however many connections."""

    events: list[Event] = field(default_factory=list)
    connections: int = 0
    longest_silence: float = 0.0
    now: Callable[[], float] = time.monotonic
    last_sign: float = 0.0

    def __post_init__(self) -> None:
        self.last_sign = self.now()

    @property
    def cursor(self) -> int:
        return self.events[-1].seq if self.events else 0

    def take(self, event: Event) -> None:
        assert event.seq > self.cursor, f"event {event.seq} after {self.cursor}"
        self.events.append(event)
        self.sign()

    def sign(self) -> None:
        now = self.now()
        self.longest_silence = max(self.longest_silence, now - self.last_sign)
        self.last_sign = now


class ResumingClient:
    """One user. Every request goes to one of the servers at random, on a connection of its own."""

    def __init__(
        self,
        urls: Sequence[str],
        token: str | None = None,
        *,
        chance: random.Random | None = None,
        resumes: bool = True,
    ) -> None:
        self._urls = urls
        self._headers = ({"ChatKit-Resume": "1"} if resumes else {}) | (
            {"Authorization": f"Bearer {token}"} if token else {}
        )
        self._chance = chance or random.Random()
        self._open: set[Stream] = set()

    async def __aenter__(self) -> Self:
        # A connection for each request: so that it may reach any worker, and that none is left over from a dead one.
        self._http = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(force_close=True, limit=0),
            headers=self._headers,
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=5, sock_read=30),
        )
        return self

    async def __aexit__(self, *_: object) -> None:
        for stream in list(self._open):
            stream.close()
        await self._http.close()

    def _url(self, path: str) -> str:
        return self._chance.choice(self._urls) + path

    async def open(
        self, operation: str, *, key: str | None = None, when_busy: str | None = None, **params: Any
    ) -> Stream:
        """A streaming operation. The headers are the acknowledgement. Raises `Refused`, or one of `LOST`."""
        headers = {}
        if key is not None:
            headers["Idempotency-Key"] = key
        if when_busy is not None:
            headers["ChatKit-When-Busy"] = when_busy
        body = orjson.dumps({"type": operation, "params": params})
        headers["Content-Type"] = "application/json"
        return await self._stream(await self._http.post(self._url("/chatkit"), data=body, headers=headers))

    async def send(self, text: str, *, thread_id: str | None = None, key: str | None = None, **other: Any) -> Stream:
        """A message, in a new thread unless one is named."""
        if thread_id is None:
            return await self.open("threads.create", key=key, input=user_input(text), **other)
        return await self.open(
            "threads.add_user_message", key=key, thread_id=thread_id, input=user_input(text), **other
        )

    async def reopen(self, turn_id: str, after: int) -> Stream:
        response = await self._http.get(self._url(f"/api/turns/{turn_id}/events"), params={"after": str(after)})
        return await self._stream(response)

    async def _stream(self, response: aiohttp.ClientResponse) -> Stream:
        if response.content_type == "text/event-stream" and response.status == 200:
            return Stream(response, self._open)
        async with response:
            await _json(response)
        raise AssertionError(f"{response.status} {response.content_type} is neither a stream nor a refusal")

    async def turn(self, turn_id: str) -> dict[str, Any]:
        async with self._http.get(self._url(f"/api/turns/{turn_id}")) as response:
            return await _json(response)

    async def cancel(self, turn_id: str) -> dict[str, Any]:
        async with self._http.post(self._url(f"/api/turns/{turn_id}/cancel")) as response:
            return await _json(response)

    async def ask(self, operation: str, **params: Any) -> dict[str, Any]:
        """An operation that answers with JSON."""
        async with self._http.post(self._url("/chatkit"), json={"type": operation, "params": params}) as response:
            return await _json(response)

    async def items(self, thread_id: str) -> list[dict[str, Any]]:
        """All of a thread's items, oldest first."""
        items: list[dict[str, Any]] = []
        after: str | None = None
        while True:
            page = await self.ask("items.list", thread_id=thread_id, order="asc", limit=100, after=after)
            items += page["data"]
            if not page.get("has_more"):
                return items
            after = page["after"]

    async def whole(self, turn_id: str) -> list[Event]:
        """A turn's log from its start to its end, on one connection."""
        stream = await self.reopen(turn_id, 0)
        events = [event async for event in stream.events()]
        assert stream.is_over
        return events

    async def follow(
        self, turn_id: str, reading: Reading, *, first: Stream | None = None, seconds: float = 60.0
    ) -> str:
        """Reads on until the turn has ended and all of it was read, however often the connection breaks; the turn's status.

        `seconds`: the longest silence that is borne.
        """
        stream = first
        while True:
            try:
                if stream is None:
                    stream = await self.reopen(turn_id, reading.cursor)
                reading.connections += 1
                async for event in stream.events():
                    reading.take(event)
                if stream.is_over:
                    reading.sign()
                    status = (await self.turn(turn_id))["status"]
                    assert status in ENDED, f"turn {turn_id} is {status} although its stream said that it is over"
                    return status
            except LOST:
                await asyncio.sleep(0.1)
            except Refused as refused:
                if refused.status not in (502, 503):
                    raise
                await asyncio.sleep(0.2)
            stream = None
            if reading.now() - reading.last_sign > seconds:
                raise AssertionError(f"turn {turn_id} is stuck: nothing for {seconds:.1f} s")


ENDED = frozenset(("completed", "failed", "cancelled", "interrupted"))


async def _json(response: aiohttp.ClientResponse) -> dict[str, Any]:
    body = orjson.loads(await response.read())
    if response.status != 200:
        raise Refused(response.status, body["error"])
    return body
