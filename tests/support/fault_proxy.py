"""A TCP proxy on loopback that does to connections what networks do: cuts, resets, silence, slowness, refusal.

It runs in a thread with its own loop, so synchronous tests, asynchronous tests and other processes can all use it. What is chosen
counts at once, also for connections that are open.
"""

import asyncio
import contextlib
import socket
import struct
import threading
from collections.abc import Callable
from typing import Self

_CHUNK = 65_536


class FaultProxy:
    def __init__(self, host: str, port: int) -> None:
        self._target = (host, port)
        self._pairs: set[tuple[asyncio.StreamWriter, asyncio.StreamWriter]] = set()
        self._flowing: asyncio.Event | None = None
        self._stopped: asyncio.Event | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._ready = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()), name="fault-proxy", daemon=True)
        self._refusing = False
        self._delay = 0.0
        self._bytes_left: int | None = None
        self.connections = 0
        """How many were made so far."""
        self.port = 0

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    # -- what goes wrong -------------------------------------------------------------------------

    def cut(self, *, reset: bool = False) -> None:
        """Ends every open connection, by FIN or by RST."""
        self._do(lambda: self._end_all(reset))

    def stall(self) -> None:
        """Nothing passes any more, and nobody is told."""
        self._do(lambda: self._flowing.clear() if self._flowing else None)

    def refuse(self, *, reset: bool = True) -> None:
        """As if nobody listened: open connections end, new ones end at once."""

        def refuse() -> None:
            self._refusing = True
            self._end_all(reset)

        self._do(refuse)

    def slow(self, seconds: float) -> None:
        """Every piece of data takes so much longer."""
        self._delay = seconds

    def cut_after(self, count: int) -> None:
        """Every connection is reset once the server has sent so many bytes in all."""
        self._bytes_left = count

    def heal(self) -> None:
        def heal() -> None:
            self._refusing, self._delay, self._bytes_left = False, 0.0, None
            assert self._flowing is not None
            self._flowing.set()

        self._do(heal)

    # -- how it works ----------------------------------------------------------------------------

    def __enter__(self) -> Self:
        self._thread.start()
        assert self._ready.wait(10), "the proxy did not start"
        return self

    def __exit__(self, *_: object) -> None:
        self._do(lambda: self._stopped.set() if self._stopped else None)
        self._thread.join(10)

    def _do(self, work: Callable[[], object]) -> None:
        assert self._loop is not None
        done = threading.Event()

        def run() -> None:
            work()
            done.set()

        self._loop.call_soon_threadsafe(run)
        done.wait(5)

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._flowing, self._stopped = asyncio.Event(), asyncio.Event()
        self._flowing.set()
        server = await asyncio.start_server(self._connected, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        self._ready.set()
        await self._stopped.wait()
        server.close()
        self._end_all(reset=True)
        await asyncio.sleep(0.05)  # the pumps see that their connections are gone

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        if self._refusing:
            _reset(writer)
            return
        try:
            upstream = await asyncio.open_connection(*self._target)
        except OSError:
            _reset(writer)
            return
        pair = (writer, upstream[1])
        self._pairs.add(pair)
        try:
            pumps = {
                asyncio.ensure_future(self._pump(reader, upstream[1], counted=False)),
                asyncio.ensure_future(self._pump(upstream[0], writer, counted=True)),
            }
            await asyncio.wait(pumps)
        finally:
            self._pairs.discard(pair)
            for each in pair:
                each.close()

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, counted: bool) -> None:
        assert self._flowing is not None
        with contextlib.suppress(OSError):
            while data := await reader.read(_CHUNK):
                await self._flowing.wait()
                if self._delay:
                    await asyncio.sleep(self._delay)
                if counted and self._bytes_left is not None:
                    data = data[: self._bytes_left]
                    self._bytes_left -= len(data)
                writer.write(data)
                await writer.drain()
                if self._bytes_left == 0:
                    self._end_all(reset=True)
                    return
            if writer.can_write_eof():
                writer.write_eof()

    def _end_all(self, reset: bool) -> None:
        for pair in list(self._pairs):
            for each in pair:
                _reset(each) if reset else each.close()


def _reset(writer: asyncio.StreamWriter) -> None:
    connection = writer.get_extra_info("socket")
    if connection is not None and connection.fileno() >= 0:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()
