"""Turns the `Authorization` header of a request into a user."""

from typing import Protocol

from chatkit_host.auth.bearer import bearer_token
from chatkit_host.auth.identity import User
from chatkit_host.auth.jwks import JwksCache
from chatkit_host.auth.keys import KeySource, SharedSecret
from chatkit_host.auth.local import LocalAuthenticator
from chatkit_host.auth.tokens import TokenRules, read_header, verify
from chatkit_host.clock import Clock, utc_now


class Authenticator(Protocol):
    async def authenticate(self, authorization_header: str | None) -> User:
        """`Unauthorized` when the caller cannot be known, `Unavailable` when the issuer's keys cannot be fetched."""
        ...

    async def close(self) -> None: ...


class TokenAuthenticator:
    def __init__(self, rules: TokenRules, keys: KeySource, clock: Clock) -> None:
        self._rules = rules
        self._keys = keys
        self._clock = clock

    async def authenticate(self, authorization_header: str | None) -> User:
        token = bearer_token(authorization_header)
        header = read_header(token, self._rules)
        keys = await self._keys.find(header.algorithm, header.key_id)
        return verify(token, header, keys, self._rules, self._clock())

    async def close(self) -> None:
        await self._keys.close()


def authenticator(rules: TokenRules | None, clock: Clock = utc_now) -> Authenticator:
    """Checks tokens by `rules`; without rules, every caller is the local user (see `local.refuse_open_bind`)."""
    if rules is None:
        return LocalAuthenticator()
    if rules.secret is not None:
        return TokenAuthenticator(rules, SharedSecret(rules.secret), clock)
    assert rules.jwks_url is not None
    return TokenAuthenticator(rules, JwksCache(rules.jwks_url, clock), clock)
