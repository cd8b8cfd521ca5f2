"""HTTP/1.1 to a model endpoint: one request at a time, and the answer's body in the pieces in which the socket brings it.

From the socket to the reader there is one parser, httptools', and one list, because tokens come one by one (decision 0009).
"""

import asyncio
import ssl
from collections.abc import Callable
from typing import cast

import httptools

from chatkit_host.agent.models.unpacking import Unpacking

_LONGEST_HEAD = 65_536
_MUCH = 262_144
"""How much of a body may wait for its reader; then the endpoint waits."""


class BrokenConnection(ConnectionError):
    """The endpoint ended the connection too early, or what it sent is not HTTP."""


class Connection(asyncio.Protocol):
    """`ask`, then `head`, then `read` until it gives nothing. `abort` at any time: the endpoint is to notice at once."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.Transport | None = None
        self._parser: httptools.HttpResponseParser | None = None
        self._waiter: asyncio.Future[None] | None = None
        self._lost = False
        self._begin()

    def _begin(self) -> None:
        self.status = 0
        self.headers: dict[str, str] = {}
        """By name in lower case; the first of each name."""
        self._head_size = 0
        self._has_head = self._is_complete = self._is_reusable = False
        self._pieces: list[bytes] = []
        self._size = 0
        self._is_paused = False
        self._unpacking: Unpacking | None = None
        self.take: Callable[[bytes], bool] | None = None
        """Offered what comes while `read` waits, and spares the waking up for what it takes (True). It must not wait."""
        self._failure: Exception | None = None

    # -- one request -----------------------------------------------------------------------------

    def ask(self, request: bytes) -> None:
        """Sends a request, head and body."""
        self._begin()
        self._parser = httptools.HttpResponseParser(self)
        # As other clients: endpoints that people write themselves are not strict.
        self._parser.set_dangerous_leniencies(
            lenient_headers=True, lenient_optional_cr_before_lf=True, lenient_spaces_after_chunk_size=True
        )
        if self._transport is not None and not self._lost:
            self._transport.write(request)

    async def head(self) -> None:
        """Until `status` and `headers` are there. Raises `BrokenConnection`."""
        while not self._has_head:
            await self._news()

    async def read(self) -> bytes:
        """What has come of the body since the last read and was not taken, at least one byte; nothing at the end.

        Raises `BrokenConnection`, and what `take` raised.
        """
        while not self._pieces:
            if self._is_complete:
                return b""
            await self._news()
        if self._failure is not None:
            failure, self._failure = self._failure, None
            try:
                raise failure
            finally:
                del failure  # its traceback holds this frame
        pieces = self._pieces
        self._go_on()
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    async def read_up_to(self, most: int) -> bytes:
        """The body, or its beginning."""
        pieces: list[bytes] = []
        while most > 0 and (piece := await self.read()):
            pieces.append(piece)
            most -= len(piece)
        return b"".join(pieces)

    @property
    def is_untouched(self) -> bool:
        """Not a byte of an answer has come."""
        return self._head_size == 0

    @property
    def is_read(self) -> bool:
        return self._is_complete and not self._pieces

    @property
    def can_be_asked(self) -> bool:
        """Another request: the answer is read, the endpoint keeps the connection, and has said nothing since."""
        return self._is_reusable and self.is_read and not self._lost

    def abort(self) -> None:
        self._lost = True
        self._parser = None
        if self._transport is not None:
            self._transport.abort()

    async def go_through(self, tunnel: bytes, tls: ssl.SSLContext, host: str) -> None:
        """Asks the proxy at the other end for a way to `host`; from then on all is between us and the host, in TLS."""
        self.ask(tunnel)
        await self.head()
        if not 200 <= self.status < 300 or self._transport is None or self._lost:
            raise BrokenConnection
        self._parser = None
        self._transport = await self._loop.start_tls(self._transport, self, tls, server_hostname=host)

    def _news(self) -> asyncio.Future[None]:
        """Done when something has come, or when nothing will."""
        if self._lost:
            raise BrokenConnection
        self._waiter = self._loop.create_future()
        return self._waiter

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    # -- the socket (asyncio.Protocol) -----------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's are not of that class

    def data_received(self, data: bytes) -> None:
        if self._parser is None:
            self.abort()  # nothing was asked
            return
        if not self._has_head:
            self._head_size += len(data)
        try:
            self._parser.feed_data(data)
            if not self._has_head and self._head_size > _LONGEST_HEAD:
                self.abort()
        except (httptools.HttpParserError, httptools.HttpParserUpgrade):
            self.abort()
        if self.take is None or not self._is_taken(self.take) or self._is_complete:
            self._wake()

    def _is_taken(self, take: Callable[[bytes], bool]) -> bool:
        """All that has come. What its reader has not waited for stays in line."""
        if self._lost or len(self._pieces) != 1 or self._waiter is None or self._waiter.done():
            return False
        try:
            if not take(self._pieces[0]):
                return False
        except Exception as error:  # noqa: BLE001 - the reader's, who put it there
            self._failure = error
            return False
        self._go_on()
        return True

    def _go_on(self) -> None:
        """All that has come is on its way: there is room for more."""
        self._pieces, self._size = [], 0
        if self._is_paused and self._transport is not None:
            self._is_paused = False
            self._transport.resume_reading()

    def eof_received(self) -> None:
        self._end()

    def connection_lost(self, exc: Exception | None) -> None:
        if exc is not None:
            self._lost = True
        self._end()

    def _end(self) -> None:
        if self._has_head and not self._lost and "content-length" not in self.headers:
            # What has no length of its own and is not chunked ends with the connection.
            self._is_complete = self._is_complete or ("transfer-encoding" not in self.headers and self._is_unpacked)
        self._lost = True
        self._parser = None
        self._wake()

    # -- the answer (httptools) ------------------------------------------------------------------

    def on_header(self, name: bytes, value: bytes) -> None:
        self.headers.setdefault(name.decode("latin-1").lower(), value.decode("utf-8", "replace"))

    def on_headers_complete(self) -> None:
        assert self._parser is not None
        status = self._parser.get_status_code()
        if status < 200:  # more to come
            self.headers.clear()
            return
        self.status, self._has_head = status, True
        self._is_reusable = self._parser.should_keep_alive()
        encoding = self.headers.get("content-encoding", "identity").strip().lower()
        if encoding in ("gzip", "x-gzip", "deflate"):
            self._unpacking = Unpacking(encoding)
        elif encoding != "identity":
            raise BrokenConnection  # nobody has asked for it

    def on_body(self, body: bytes) -> None:
        if self._unpacking is not None:
            body = self._unpacking.unpack(body)
            if not body:
                return
        self._pieces.append(body)
        self._size += len(body)
        if self._size > _MUCH and not self._is_paused and self._transport is not None:
            self._is_paused = True
            self._transport.pause_reading()

    def on_message_begin(self) -> None:
        if self._is_complete:
            raise BrokenConnection  # a second answer, to nothing

    def on_message_complete(self) -> None:
        if self._has_head:
            if not self._is_unpacked:
                raise BrokenConnection
            self._is_complete = True
            self._parser = None

    @property
    def _is_unpacked(self) -> bool:
        return self._unpacking is None or self._unpacking.is_whole
