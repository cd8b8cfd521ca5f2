"""Streaming POST requests to model endpoints, over one pooled session."""

import asyncio
import logging
from collections.abc import Mapping
from typing import Any

import aiohttp
import orjson
from aiohttp.helpers import get_env_proxy_for_url
from yarl import URL

from chatkit_host.agent.failures import as_turn_failure, from_payload, from_status
from chatkit_host.agent.models.attempts import Refused, note_failure, retry_after_seconds, until_it_answers
from chatkit_host.agent.models.sse import DONE, SseDecoder
from chatkit_host.agent.models.watch import Patience, Watch
from chatkit_host.errors import ModelIncomplete, ModelOutputInvalid, TurnFailed

_logger = logging.getLogger(__name__)

_ERROR_BODY = 65_536
_WHOLE_BODY = 32 * 1024 * 1024
_EPILOGUE_SECONDS = 0.05


class HttpPool:
    """Connections to model endpoints, opened when first needed; `close` ends them all."""

    def __init__(self) -> None:
        self._session: aiohttp.ClientSession | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._proxies: dict[str, dict[str, Any]] = {}

    def session(self, patience: Patience) -> aiohttp.ClientSession:
        loop = asyncio.get_running_loop()
        if self._session is None or self._session.closed or self._loop is not loop:
            # A stream occupies its connection for as long as the model speaks: a cap would queue turns behind turns.
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=0, limit_per_host=0, keepalive_timeout=30),
                timeout=aiohttp.ClientTimeout(total=None, sock_connect=patience.connect_seconds),
                cookie_jar=aiohttp.DummyCookieJar(),
            )
            self._loop = loop
        return self._session

    def proxy(self, url: str) -> dict[str, Any]:
        """The proxy that the environment names for an endpoint, looked up once.

        aiohttp's own `trust_env` asks two threads for every request, one of them for a password in the user's netrc.
        """
        if url not in self._proxies:
            try:
                proxy, auth = get_env_proxy_for_url(URL(url))
            except LookupError:
                self._proxies[url] = {}
            else:
                self._proxies[url] = {"proxy": proxy, "proxy_auth": auth}
        return self._proxies[url]

    async def close(self) -> None:
        session, self._session = self._session, None
        if session is not None and self._loop is asyncio.get_running_loop():
            await session.close()


class EventStream:
    """One streaming answer. Each read yields the data of all events that one network read completed.

    `close` is synchronous and cuts the connection, so that the model stops: it is for `finally`, also when cancelled.
    """

    def __init__(self, response: aiohttp.ClientResponse, watch: Watch) -> None:
        self._response = response
        self._watch = watch
        self._decoder = SseDecoder()
        self._ended = False
        self._first: list[bytes] | None = None

    async def open(self) -> None:
        """Reads up to the first data, so that what fails before it can still be tried again."""
        kind = self._response.content_type
        if kind == "application/json" or kind.endswith("+json"):
            body = await self._watch.wait(self._response.content.read(_WHOLE_BODY))
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

    async def read(self) -> list[bytes]:
        """The next events, at least one; an empty list at the end."""
        if self._first:
            first, self._first = self._first, None
            return first
        while not self._ended:
            read = await self._watch.wait(self._response.content.readany())
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
        content = self._response.content
        try:
            async with asyncio.timeout(_EPILOGUE_SECONDS):
                while not content.at_eof():
                    await content.readany()
        except (TimeoutError, aiohttp.ClientError, OSError):
            return
        await self._response.wait_for_close()

    def close(self) -> None:
        self._response.close()


async def open_stream(
    pool: HttpPool, url: str, headers: Mapping[str, str], body: Mapping[str, Any], patience: Patience, watch: Watch
) -> EventStream:
    """POSTs and waits for the first data, trying again while nothing has been heard."""
    payload = _encoded(body)
    session = pool.session(patience)
    sent = {"Content-Type": "application/json", "Accept": "text/event-stream", "Accept-Encoding": "identity", **headers}

    async def attempt() -> EventStream:
        asked = session.post(url, data=payload, headers=sent, allow_redirects=False, **pool.proxy(url))
        response = await watch.wait(asked)
        try:
            if response.status != 200:
                raise await _refusal(response, watch)
            stream = EventStream(response, watch)
            await stream.open()
        except BaseException:
            response.close()
            raise
        return stream

    return await until_it_answers(attempt, patience)


async def _refusal(response: aiohttp.ClientResponse, watch: Watch) -> Exception:
    body = await watch.wait(response.content.read(_ERROR_BODY))
    failure = from_status(response.status, body)
    _logger.warning("a model endpoint answered %s (%s)", response.status, failure.code)
    return Refused(failure, retry_after_seconds(response.headers))


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
    broke_off = isinstance(error, (aiohttp.ClientError, ConnectionError))
    failure = ModelIncomplete() if broke_off else as_turn_failure(error)
    note_failure(failure, error)
    return failure
