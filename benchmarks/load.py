"""Clients that read answers as fast as they come, and what they saw.

    echo '{"url": ..., "protocol": "chatkit", "clients": 50, "seconds": 5, ...}' | python -m benchmarks.load

Reads a `Load` and prints what was seen, each as one line of JSON. The CPU time is that of the server's processes, read right
before the first measured turn and right after the last one.
"""

import asyncio
import gc
import json
import re
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

from benchmarks.wire import LAST_CHUNK, MARK, process_clock

Protocol = Literal["chatkit", "chat", "example_1", "model"]

_MARK = MARK.encode()
_STAMP = re.compile(_MARK + rb"(\d{15})")
_STAMP_LENGTH = len(_MARK) + 15
_GIVE_UP_SECONDS = 120


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    url: str
    protocol: Protocol
    deltas: int
    """How many an answer has."""
    clients: int = 1
    seconds: float = 0.0
    """How long clients go on beginning turns; each has one at least."""
    turns: int = 0
    """Or how many each of them has."""
    warm_up: int = 3
    """Turns of one client before anything counts."""
    spread_seconds: float = 0.0
    """Over how long the first turns of the clients begin."""
    paced: bool = False
    tokens: Sequence[str] = ()
    """One for each client, over and over."""
    thread_id: str | None = None
    """Go on with this thread instead of beginning new ones."""
    pids: Sequence[int] = ()


@dataclass(slots=True, kw_only=True)
class Seen:
    turns: int = 0
    deltas: int = 0
    seconds: float = 0.0
    cpu_seconds: list[float] = field(default_factory=list)
    """Of each process of the server."""
    other_threads_seconds: float = 0.0
    """Of these, in threads beside the main one."""
    first_ms: list[float] = field(default_factory=list)
    relay_ms: list[float] = field(default_factory=list)
    turn_ms: list[float] = field(default_factory=list)
    bytes: int = 0
    errors: dict[str, int] = field(default_factory=dict)

    def summary(self) -> dict[str, Any]:
        told = asdict(self)
        for name in ("first_ms", "relay_ms", "turn_ms"):
            values = sorted(told.pop(name))
            told[name] = {"p50": _at(values, 0.5), "p99": _at(values, 0.99), "max": values[-1] if values else None}
        return told


def _at(values: Sequence[float], part: float) -> float | None:
    if not values:
        return None
    return statistics.median(values) if part == 0.5 else values[min(len(values) - 1, int(len(values) * part))]


class Client(asyncio.Protocol):
    """One connection, one turn at a time."""

    def __init__(self, load: Load, request: bytes, seen: Seen) -> None:
        self._load = load
        self._request = request
        self._seen = seen
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.Transport | None = None
        self._over: asyncio.Future[None] | None = None
        self._began = 0.0
        self._first: float | None = None
        self._told = 0
        self._rest = b""
        self._received: list[bytes] = []

    async def turn(self) -> None:
        if self._transport is None:
            address = urlsplit(self._load.url)
            await self._loop.create_connection(lambda: self, address.hostname or "127.0.0.1", address.port or 80)
        assert self._transport is not None
        self._over = self._loop.create_future()
        self._first, self._told, self._rest = None, 0, b""
        self._received.clear()
        self._began = time.perf_counter()
        self._transport.write(self._request)
        try:
            async with asyncio.timeout(_GIVE_UP_SECONDS):
                await self._over
        except (TimeoutError, ConnectionError) as error:
            self._failed(type(error).__name__)
            self.leave()

    def leave(self) -> None:
        if self._transport is not None:
            self._transport.abort()
            self._transport = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None
        if self._over is not None and not self._over.done():
            self._over.set_exception(ConnectionResetError())

    def data_received(self, data: bytes) -> None:
        if self._load.paced:
            self._hear(data)
        elif self._first is None and _MARK in data:
            self._first = time.perf_counter()
        self._received.append(data)
        if data.endswith(LAST_CHUNK) and self._over is not None and not self._over.done():
            self._check()
            self._over.set_result(None)

    def _hear(self, data: bytes) -> None:
        if self._told >= self._load.deltas or _MARK not in self._rest + data:
            self._rest = (self._rest + data)[-_STAMP_LENGTH:]
            return
        now = time.monotonic_ns() // 1000
        data = self._rest + data
        end = 0
        for stamp in _STAMP.finditer(data):
            end = stamp.end()
            if self._told == self._load.deltas:
                break  # the whole text again, as a finished item
            if self._first is None:
                self._first = time.perf_counter()
            self._told += 1
            self._seen.relay_ms.append((now - int(stamp[1])) / 1000)
        self._rest = data[end:][-_STAMP_LENGTH:]

    def _check(self) -> None:
        whole = b"".join(self._received)
        self._seen.bytes += len(whole)
        now = time.perf_counter()
        if not whole.startswith(b"HTTP/1.1 200"):
            self._failed(whole.split(b"\r\n", 1)[0].decode(errors="replace"))
        elif self._first is None or whole.count(_MARK) < self._load.deltas:
            self._failed("short")
        else:
            self._seen.turns += 1
            self._seen.deltas += self._load.deltas
            self._seen.first_ms.append((self._first - self._began) * 1000)
            self._seen.turn_ms.append((now - self._began) * 1000)

    def _failed(self, how: str) -> None:
        self._seen.errors[how] = self._seen.errors.get(how, 0) + 1


def request_of(load: Load, token: str | None) -> bytes:
    text = "Please say something."
    match load.protocol:
        case "chatkit":
            given = {
                "content": [{"type": "input_text", "text": text}],
                "attachments": [],
                "inference_options": {},
            }
            if load.thread_id is None:
                body: Any = {"type": "threads.create", "params": {"input": given}}
            else:
                params = {"thread_id": load.thread_id, "input": given}
                body = {"type": "threads.add_user_message", "params": params}
            path = "/chatkit"
        case "chat":
            body = {"messages": [{"role": "user", "content": text}]}
            path = "/api/chat"
        case "example_1":
            body = {"message": text}
            path = "/chatkit"
        case "model":
            body = {"model": "as-told", "messages": [{"role": "user", "content": text}], "stream": True}
            path = "/v1/chat/completions"
    payload = json.dumps(body).encode()
    lines = [
        f"POST {path} HTTP/1.1",
        f"Host: {urlsplit(load.url).netloc}",
        "Content-Type: application/json",
        "Accept: text/event-stream",
        f"Content-Length: {len(payload)}",
        *([f"Authorization: Bearer {token}"] if token else []),
    ]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + payload


def cpu_seconds(pids: Sequence[int]) -> tuple[list[float], float]:
    """Of each process, and of all their threads but the main ones."""
    others = 0.0
    for pid in pids:
        for thread in Path(f"/proc/{pid}/task").iterdir():
            if thread.name != str(pid):
                try:
                    others += int((thread / "schedstat").read_text().split()[0]) / 1e9
                except OSError:
                    continue  # it has just ended
    return [time.clock_gettime(process_clock(pid)) for pid in pids], others


async def run(load: Load) -> Seen:
    tokens = load.tokens or [""]
    requests = [request_of(load, token) for token in tokens]
    warm = Client(load, requests[0], Seen())
    for _ in range(load.warm_up):
        await warm.turn()
    warm.leave()
    seen = Seen()
    before, others_before = cpu_seconds(load.pids)
    started = time.perf_counter()

    async def reader(number: int) -> None:
        client = Client(load, requests[number % len(requests)], seen)
        await asyncio.sleep(load.spread_seconds * number / load.clients)
        done = 0
        while True:
            await client.turn()
            done += 1
            if done >= load.turns and time.perf_counter() - started >= load.seconds:
                break
        client.leave()

    async with asyncio.TaskGroup() as group:
        for number in range(load.clients):
            group.create_task(reader(number))
    seen.seconds = time.perf_counter() - started
    after, others_after = cpu_seconds(load.pids)
    seen.cpu_seconds = [b - a for a, b in zip(before, after, strict=True)]
    seen.other_threads_seconds = others_after - others_before
    return seen


def main(show: Callable[[str], object] = sys.stdout.write) -> None:
    load = Load(**json.loads(sys.stdin.readline()))
    gc.disable()
    seen = asyncio.run(run(load))
    show(json.dumps(seen.summary()))


if __name__ == "__main__":
    main()
