"""An issuer's public keys, fetched when needed and kept when the issuer is down."""

import asyncio
import logging
from collections.abc import Sequence
from datetime import datetime, timedelta

import aiohttp
import orjson

from chatkit_host.auth.configuration import check_jwks_url
from chatkit_host.auth.keys import KeySet, VerificationKey, read_key_set
from chatkit_host.clock import Clock, utc_now
from chatkit_host.errors import Unavailable

REFRESH_AHEAD_AFTER = timedelta(minutes=5)
"""From this age on, the keys are fetched anew while they are still being used."""
REFRESH_AFTER = timedelta(minutes=10)
"""From this age on, a request waits for new keys: the old ones may have been withdrawn."""
STALE_AFTER = timedelta(hours=24)
"""Until this age, keys are used when the issuer does not answer."""
RETRY_AFTER = timedelta(seconds=30)
"""The shortest time between two fetches, whoever asks: unknown key ids cost an attacker nothing."""
RETRY_WITHOUT_KEYS_AFTER = timedelta(seconds=1)

FETCH_SECONDS = 5.0
DOCUMENT_BYTES = 256 * 1024

_log = logging.getLogger(__name__)


class _BadAnswer(Exception):
    """The issuer answered with something other than its keys."""


class JwksCache:
    """A `KeySource` over a JWKS address. Requests that need keys at the same time share one fetch, which none of them owns."""

    def __init__(self, url: str, clock: Clock = utc_now, *, fetch_seconds: float = FETCH_SECONDS) -> None:
        check_jwks_url(url)
        self._url = url
        self._clock = clock
        self._fetch_seconds = fetch_seconds
        self._keys: KeySet | None = None
        self._fetched_at: datetime | None = None
        self._tried_at: datetime | None = None
        self._fetching: asyncio.Task[None] | None = None
        self._session: aiohttp.ClientSession | None = None

    async def find(self, algorithm: str, key_id: str | None) -> Sequence[VerificationKey]:
        keys = await self._current_keys()
        found = keys.find(algorithm, key_id)
        if not found and self._may_fetch(RETRY_AFTER):
            await self._fetch()
            found = (self._keys or keys).find(algorithm, key_id)
        return found

    async def close(self) -> None:
        if self._fetching is not None:
            self._fetching.cancel()
            await asyncio.wait([self._fetching])
        if self._session is not None:
            await self._session.close()

    async def _current_keys(self) -> KeySet:
        if self._keys is None or not self._is_younger_than(STALE_AFTER):
            if self._may_fetch(RETRY_WITHOUT_KEYS_AFTER):
                await self._fetch()
        elif not self._is_younger_than(REFRESH_AFTER):
            if self._may_fetch(RETRY_AFTER):
                await self._fetch()
        elif not self._is_younger_than(REFRESH_AHEAD_AFTER) and self._may_fetch(RETRY_AFTER):
            self._start_fetch()
        if self._keys is None or not self._is_younger_than(STALE_AFTER):
            raise Unavailable("Sign-in cannot be checked right now. Try again in a moment.")
        return self._keys

    def _is_younger_than(self, age: timedelta) -> bool:
        return self._fetched_at is not None and self._passed_since(self._fetched_at) < age

    def _may_fetch(self, interval: timedelta) -> bool:
        """A fetch on its way may always be waited for."""
        return self._fetching is not None or self._tried_at is None or self._passed_since(self._tried_at) >= interval

    def _passed_since(self, moment: datetime) -> timedelta:
        # A clock that was set back must not make old keys fresh, nor forbid a fetch for the time that it went back.
        return abs(self._clock() - moment)

    def _start_fetch(self) -> asyncio.Task[None]:
        if self._fetching is None:
            self._tried_at = self._clock()
            self._fetching = asyncio.create_task(self._refresh(), name="fetch of the issuer's keys")
        return self._fetching

    async def _fetch(self) -> None:
        # `wait` leaves the fetch alone when the request that waits is cancelled: others wait for it too.
        await asyncio.wait([self._start_fetch()])

    async def _refresh(self) -> None:
        try:
            self._keys = await self._download()
            self._fetched_at = self._clock()
        except (aiohttp.ClientError, TimeoutError, OSError, _BadAnswer) as error:
            # The address stays out of the log: its query may hold a key.
            _log.warning("The issuer's keys could not be fetched: %s", type(error).__name__)
        finally:
            self._fetching = None

    async def _download(self) -> KeySet:
        async with self._open_session().get(self._url, allow_redirects=False) as response:
            if response.status != 200:
                raise _BadAnswer
            body = bytearray()
            async for chunk in response.content.iter_any():
                body += chunk
                if len(body) > DOCUMENT_BYTES:
                    raise _BadAnswer
        try:
            keys = read_key_set(orjson.loads(body))
        except orjson.JSONDecodeError as error:
            raise _BadAnswer from error
        if keys is None:
            raise _BadAnswer
        return keys

    def _open_session(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession(
                timeout=aiohttp.ClientTimeout(total=self._fetch_seconds),
                headers={"Accept": "application/jwk-set+json, application/json", "Accept-Encoding": "identity"},
                # A small compressed answer could be a large document.
                auto_decompress=False,
                cookie_jar=aiohttp.DummyCookieJar(),
            )
        return self._session
