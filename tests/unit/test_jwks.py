"""An issuer's keys over a real connection: rotation, outages, and answers that are no keys."""

import asyncio
import gzip
import json
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import jwt
import pytest
from aiohttp import web
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from jwt.algorithms import OKPAlgorithm

from chatkit_host.auth.authenticator import authenticator
from chatkit_host.auth.bearer import TokenRefused
from chatkit_host.auth.configuration import ConfigurationError
from chatkit_host.auth.jwks import DOCUMENT_BYTES, JwksCache
from chatkit_host.auth.keys import read_key_set
from chatkit_host.auth.token_authenticator import TokenAuthenticator
from chatkit_host.auth.tokens import TokenRules
from chatkit_host.errors import Unavailable

FETCH_SECONDS = 0.5

Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Clock:
    def __init__(self) -> None:
        self.now = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def pass_by(self, **time: float) -> None:
        self.now += timedelta(**time)


class Issuer:
    """A real issuer: signs tokens, and serves its keys over HTTP until told otherwise."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.keys = {"first": Ed25519PrivateKey.generate()}
        self.fetches = 0
        self.answer: Answer = self.serve_keys
        self.url = ""
        self._asked = asyncio.Event()

    async def serve_keys(self, request: web.Request) -> web.StreamResponse:
        return web.json_response(self.document())

    def document(self) -> dict[str, Any]:
        keys = [OKPAlgorithm.to_jwk(key.public_key(), as_dict=True) | {"kid": kid} for kid, key in self.keys.items()]
        return {"keys": keys}

    def rotate(self, kid: str) -> None:
        self.keys = {kid: Ed25519PrivateKey.generate()}

    def go_down(self) -> None:
        async def refuse(request: web.Request) -> web.StreamResponse:
            return web.Response(status=503)

        self.answer = refuse

    def hold(self) -> asyncio.Event:
        """Lets requests wait until the event is set; answers with the keys then."""
        released = asyncio.Event()
        self._asked.clear()

        async def wait(request: web.Request) -> web.StreamResponse:
            await released.wait()
            return await self.serve_keys(request)

        self.answer = wait
        return released

    def header(self, kid: str | None = "first", *, signed_with: str = "first", **claims: Any) -> str:
        now = self.clock().timestamp()
        payload = {"sub": "alice", "exp": now + 7 * 86400, **claims}
        key = self.keys.get(signed_with) or Ed25519PrivateKey.generate()
        return "Bearer " + jwt.encode(payload, key, algorithm="EdDSA", headers={"kid": kid} if kid else {})

    async def is_asked(self) -> None:
        async with asyncio.timeout(5):
            await self._asked.wait()

    async def handle(self, request: web.Request) -> web.StreamResponse:
        self.fetches += 1
        self._asked.set()
        return await self.answer(request)


@asynccontextmanager
async def listening(issuer: Issuer) -> AsyncIterator[Issuer]:
    app = web.Application()
    app.router.add_get("/jwks", issuer.handle)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        issuer.url = f"http://127.0.0.1:{runner.addresses[0][1]}/jwks"
        yield issuer
    finally:
        await runner.cleanup()


class World:
    """An issuer, a server that trusts it, and the time they share."""

    def __init__(self, clock: Clock, issuer: Issuer, cache: JwksCache) -> None:
        self.clock = clock
        self.issuer = issuer
        self.cache = cache
        self.checks = TokenAuthenticator(TokenRules(jwks_url=issuer.url), cache, clock)

    async def sign_in(self, kid: str | None = "first", *, signed_with: str | None = None) -> str:
        header = self.issuer.header(kid, signed_with=signed_with or kid or "first")
        return (await self.checks.authenticate(header)).id

    async def end_of_the_fetch(self) -> None:
        """A token with an unknown key waits for a fetch that is on its way."""
        with pytest.raises(TokenRefused):
            await self.sign_in("unknown")


@pytest.fixture
async def world() -> AsyncIterator[World]:
    async with AsyncExitStack() as stack:
        clock = Clock()
        issuer = await stack.enter_async_context(listening(Issuer(clock)))
        cache = JwksCache(issuer.url, clock, fetch_seconds=FETCH_SECONDS)
        stack.push_async_callback(cache.close)
        yield World(clock, issuer, cache)


# --- tokens that were seen before


async def test_a_token_that_was_accepted_is_refused_once_it_has_expired(world: World):
    header = world.issuer.header("first", signed_with="first", exp=world.clock().timestamp() + 3600)
    for _ in range(2):
        assert (await world.checks.authenticate(header)).id == "alice"
    world.clock.pass_by(hours=2)
    with pytest.raises(TokenRefused, match="expired"):
        await world.checks.authenticate(header)


async def test_a_token_that_was_accepted_is_refused_once_its_key_is_withdrawn(world: World):
    header = world.issuer.header("first", signed_with="first")
    for _ in range(2):
        assert (await world.checks.authenticate(header)).id == "alice"
    world.issuer.rotate("second")
    world.clock.pass_by(minutes=11)
    with pytest.raises(TokenRefused):
        await world.checks.authenticate(header)


async def test_a_token_that_was_accepted_is_looked_at_again_when_the_clock_was_set_back(world: World):
    header = world.issuer.header("first", signed_with="first", nbf=world.clock().timestamp())
    assert (await world.checks.authenticate(header)).id == "alice"
    world.clock.pass_by(minutes=-2)
    with pytest.raises(TokenRefused, match="not valid yet"):
        await world.checks.authenticate(header)


async def test_another_token_of_the_same_user_is_verified_for_itself(world: World):
    header = world.issuer.header("first", signed_with="first")
    assert (await world.checks.authenticate(header)).id == "alice"
    with pytest.raises(TokenRefused):
        await world.checks.authenticate(header[:-4] + "AAAA")


# --- fetching


async def test_keys_are_fetched_once_and_kept(world: World):
    for _ in range(50):
        assert await world.sign_in() == "alice"
    assert world.issuer.fetches == 1


async def test_nothing_is_fetched_before_the_first_token(world: World):
    assert world.issuer.fetches == 0


async def test_requests_that_need_keys_at_the_same_time_share_one_fetch(world: World):
    released = world.issuer.hold()
    waiting = [asyncio.create_task(world.sign_in()) for _ in range(100)]
    await world.issuer.is_asked()
    released.set()
    assert await asyncio.gather(*waiting) == ["alice"] * 100
    assert world.issuer.fetches == 1


async def test_a_caller_that_goes_away_does_not_end_the_fetch_for_the_others(world: World):
    released = world.issuer.hold()
    leaving, staying = (asyncio.create_task(world.sign_in()) for _ in range(2))
    await world.issuer.is_asked()
    leaving.cancel()
    with pytest.raises(asyncio.CancelledError):
        await leaving
    released.set()
    assert await staying == "alice"
    assert world.issuer.fetches == 1


async def test_a_token_that_is_refused_by_its_header_fetches_nothing(world: World):
    with pytest.raises(TokenRefused):
        await world.checks.authenticate("Bearer " + jwt.encode({"sub": "a"}, "x" * 32, headers={"kid": "first"}))
    assert world.issuer.fetches == 0


# --- age


async def test_keys_are_refreshed_ahead_while_they_are_used(world: World):
    await world.sign_in()
    released = world.issuer.hold()
    world.clock.pass_by(minutes=6)
    assert await world.sign_in() == "alice"  # does not wait for the held fetch
    await world.issuer.is_asked()
    released.set()
    await world.end_of_the_fetch()
    assert world.issuer.fetches == 2
    world.clock.pass_by(minutes=4)
    assert await world.sign_in() == "alice"
    assert world.issuer.fetches == 2


async def test_a_withdrawn_key_is_refused_after_ten_minutes(world: World):
    header = world.issuer.header()
    await world.checks.authenticate(header)
    world.issuer.rotate("second")
    world.clock.pass_by(minutes=10)
    with pytest.raises(TokenRefused):
        await world.checks.authenticate(header)


async def test_a_clock_that_is_set_back_neither_keeps_old_keys_nor_blocks_new_ones(world: World):
    await world.sign_in()
    world.issuer.rotate("second")
    world.clock.pass_by(hours=-1)
    assert await world.sign_in("second") == "alice"


# --- rotation and unknown keys


async def test_a_rotated_key_is_known_within_thirty_seconds(world: World):
    await world.sign_in()
    world.issuer.rotate("second")
    world.clock.pass_by(seconds=30)
    assert await world.sign_in("second") == "alice"
    assert world.issuer.fetches == 2


async def test_a_flood_of_unknown_keys_fetches_once_in_thirty_seconds(world: World):
    await world.sign_in()
    world.clock.pass_by(seconds=30)

    async def attack(number: int) -> None:
        with pytest.raises(TokenRefused):
            await world.sign_in(f"unknown-{number}")

    await asyncio.gather(*(attack(number) for number in range(250)))
    for number in range(250):
        await attack(number)
    assert world.issuer.fetches == 2
    world.clock.pass_by(seconds=29)
    await attack(0)
    assert world.issuer.fetches == 2


async def test_a_rotated_key_is_known_within_thirty_seconds_of_a_flood(world: World):
    await world.sign_in()
    for second in range(60):
        world.clock.pass_by(seconds=1)
        if second == 35:
            world.issuer.rotate("second")
        with pytest.raises(TokenRefused):
            await world.sign_in("unknown")
    assert world.issuer.fetches == 3
    assert await world.sign_in("second") == "alice"


async def test_a_token_without_a_key_id_is_tried_with_the_keys_that_fit(world: World):
    world.issuer.keys["second"] = Ed25519PrivateKey.generate()
    assert await world.sign_in(None, signed_with="second") == "alice"
    with pytest.raises(TokenRefused):
        await world.sign_in(None, signed_with="stranger")


async def test_a_known_key_id_with_a_strangers_signature_is_refused(world: World):
    with pytest.raises(TokenRefused):
        await world.sign_in("first", signed_with="stranger")


# --- outages


async def test_without_keys_and_without_an_issuer_the_caller_is_told_to_come_back(world: World):
    world.issuer.go_down()
    with pytest.raises(Unavailable) as caught:
        await world.sign_in()
    assert (caught.value.status, caught.value.allow_retry) == (503, True)


async def test_an_issuer_that_comes_up_later_is_found(world: World):
    world.issuer.go_down()
    for _ in range(20):
        with pytest.raises(Unavailable):
            await world.sign_in()
    assert world.issuer.fetches == 1
    world.issuer.answer = world.issuer.serve_keys
    world.clock.pass_by(seconds=1)
    assert await world.sign_in() == "alice"


async def test_known_keys_outlive_an_outage_of_a_day(world: World):
    await world.sign_in()
    world.issuer.go_down()
    for _ in range(23):
        world.clock.pass_by(hours=1)
        for _ in range(20):
            assert await world.sign_in() == "alice"
    assert world.issuer.fetches == 1 + 23
    world.clock.pass_by(hours=1)
    with pytest.raises(Unavailable):
        await world.sign_in()


async def test_after_an_outage_the_new_keys_are_used(world: World):
    await world.sign_in()
    world.issuer.go_down()
    world.clock.pass_by(hours=2)
    assert await world.sign_in() == "alice"
    world.issuer.rotate("second")
    world.issuer.answer = world.issuer.serve_keys
    world.clock.pass_by(seconds=30)
    assert await world.sign_in("second") == "alice"


async def test_nobody_listening_is_an_outage():
    async with listening(Issuer(Clock())) as issuer:
        pass
    checks = authenticator(TokenRules(jwks_url=issuer.url), issuer.clock)
    with pytest.raises(Unavailable):
        await checks.authenticate(issuer.header())
    await checks.close()


async def test_a_slow_issuer_is_an_outage(world: World):
    world.issuer.hold()
    with pytest.raises(Unavailable):
        await world.sign_in()


async def test_a_slow_issuer_does_not_slow_down_known_keys(world: World):
    await world.sign_in()
    world.issuer.hold()
    world.clock.pass_by(hours=1)
    assert await world.sign_in() == "alice"  # waited once, for as long as a fetch may take
    async with asyncio.timeout(FETCH_SECONDS / 2):
        assert await world.sign_in() == "alice"


async def test_closing_ends_a_fetch_on_its_way(world: World):
    world.issuer.hold()
    waiting = asyncio.create_task(world.sign_in())
    await world.issuer.is_asked()
    await world.cache.close()
    with pytest.raises(Unavailable):
        await waiting


# --- answers that are no keys


def answering(body: bytes = b"", **response: Any) -> Answer:
    async def answer(request: web.Request) -> web.StreamResponse:
        return web.Response(body=body, **response)

    return answer


async def endless(request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse()
    await response.prepare(request)
    try:
        while True:
            await response.write(b" " * 65536)
    except ConnectionError:
        pass
    return response


async def dripping(request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse()
    await response.prepare(request)
    try:
        while True:
            await response.write(b" ")
            await asyncio.sleep(0.02)
    except ConnectionError:
        pass
    return response


async def breaking_off(request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse(headers={"Content-Length": "1000"})
    await response.prepare(request)
    await response.write(b'{"keys":[')
    assert request.transport is not None
    request.transport.abort()
    return response


NO_KEYS: dict[str, Answer] = {
    "redirect": answering(status=302, headers={"Location": "/elsewhere"}),
    "permanent redirect": answering(status=308, headers={"Location": "http://127.0.0.1:1/"}),
    "not found": answering(status=404),
    "empty": answering(),
    "no content": answering(status=204),
    "not JSON": answering(b"<html>"),
    "not UTF-8": answering(b'{"keys":["\xff"]}'),
    "a list": answering(b"[]"),
    "no keys": answering(b'{"keys":[]}'),
    "keys of another type": answering(b'{"keys":{"kty":"OKP"}}'),
    "unusable keys": answering(
        b'{"keys":[null,1,"x",{},{"kty":1},{"kty":"oct","k":"AAAA"},{"kty":"OKP","crv":"Ed25519","x":5}]}'
    ),
    "deep": answering(b"[" * 100_000),
    "endless": endless,
    "dripping": dripping,
    "broken off": breaking_off,
    "said to be compressed": answering(os.urandom(100), headers={"Content-Encoding": "gzip"}),
}


@pytest.mark.parametrize("name", NO_KEYS)
async def test_an_answer_that_is_no_keys_changes_nothing(world: World, name: str):
    await world.sign_in()
    world.issuer.answer = NO_KEYS[name]
    world.clock.pass_by(hours=1)
    assert await world.sign_in() == "alice"
    assert world.issuer.fetches == 2


async def test_a_redirect_is_not_followed(world: World):
    async with listening(Issuer(world.clock)) as evil:
        evil.keys = {"evil": Ed25519PrivateKey.generate()}
        world.issuer.answer = answering(status=302, headers={"Location": evil.url})
        with pytest.raises(Unavailable):
            await world.checks.authenticate(evil.header("evil", signed_with="evil"))
        assert evil.fetches == 0


async def test_a_document_is_read_up_to_the_allowed_size(world: World):
    body = json.dumps(world.issuer.document()).encode()
    world.issuer.answer = answering(body.ljust(DOCUMENT_BYTES + 1))
    with pytest.raises(Unavailable):
        await world.sign_in()
    world.issuer.answer = answering(body.ljust(DOCUMENT_BYTES))
    world.clock.pass_by(seconds=1)
    assert await world.sign_in() == "alice"


async def test_a_compressed_document_is_not_unpacked(world: World):
    body = gzip.compress(json.dumps(world.issuer.document()).encode())
    world.issuer.answer = answering(body, headers={"Content-Encoding": "gzip"})
    with pytest.raises(Unavailable):
        await world.sign_in()


async def test_the_log_of_a_failure_does_not_hold_the_address(world: World, caplog: pytest.LogCaptureFixture):
    world.issuer.go_down()
    with pytest.raises(Unavailable):
        await world.sign_in()
    assert [record.message for record in caplog.records if record.name.startswith("chatkit_host")] == [
        "The issuer's keys could not be fetched: _BadAnswer"
    ]


def test_a_private_key_in_the_document_is_read_as_its_public_half():
    key = Ed25519PrivateKey.generate()
    keys = read_key_set({"keys": [OKPAlgorithm.to_jwk(key, as_dict=True) | {"kid": "leaked"}]})
    assert keys is not None
    assert not isinstance(keys.find("EdDSA", "leaked")[0].key, Ed25519PrivateKey)


def test_only_https_is_fetched_from_elsewhere():
    with pytest.raises(ConfigurationError):
        JwksCache("http://issuer.example/jwks")


async def test_an_issuers_outage_and_anothers_rotation_do_not_touch_each_other():
    clock = Clock()
    async with listening(Issuer(clock)) as one, listening(Issuer(clock)) as two:
        rules = TokenRules(jwks_urls={"one": one.url, "two": two.url}, issuers=("one", "two"))
        checks = authenticator(rules, clock)
        for name, issuer in (("one", one), ("two", two)):
            assert (await checks.authenticate(issuer.header(iss=name))).issuer == name

        one.go_down()
        two.rotate("second")
        clock.pass_by(seconds=30)
        for header in (one.header(iss="one"), two.header("second", signed_with="second", iss="two")):
            assert (await checks.authenticate(header)).id == "alice"
        with pytest.raises(TokenRefused):
            await checks.authenticate(two.header("second", signed_with="second", iss="one"))

        clock.pass_by(hours=23, minutes=59)
        assert (await checks.authenticate(one.header(iss="one"))).id == "alice"
        clock.pass_by(minutes=1)
        with pytest.raises(Unavailable):
            await checks.authenticate(one.header(iss="one"))
        assert (await checks.authenticate(two.header("second", signed_with="second", iss="two"))).id == "alice"
        await checks.close()
