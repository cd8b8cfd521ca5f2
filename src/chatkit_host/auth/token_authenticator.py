"""Turns an access token into a user, with the keys of whoever signed it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from chatkit_host.auth.bearer import TokenRefused, bearer_token
from chatkit_host.auth.identity import User
from chatkit_host.auth.jwks import JwksCache
from chatkit_host.auth.keys import KeySource, SharedSecret, VerificationKey
from chatkit_host.auth.tokens import TokenHeader, TokenRules, read_header, read_issuer, verify
from chatkit_host.clock import Clock

_REMEMBERED_TOKENS = 1_000


@dataclass(frozen=True, slots=True)
class _Verified:
    """A token need not be verified again as long as it has not expired and its key is still one of the issuer's."""

    header: TokenHeader
    keys: Sequence[VerificationKey]
    user: User
    at: datetime

    def holds(self, keys: Sequence[VerificationKey], now: datetime, leeway: timedelta) -> bool:
        same = len(keys) == len(self.keys) and all(a is b for a, b in zip(keys, self.keys, strict=True))
        return same and self.at <= now and self.user.expires_at is not None and self.user.expires_at > now - leeway


class TokenAuthenticator:
    def __init__(self, rules: TokenRules, keys: KeySource, clock: Clock) -> None:
        self._rules = rules
        self._keys = keys
        self._clock = clock
        self._verified: dict[str, _Verified] = {}

    async def authenticate(self, authorization_header: str | None) -> User:
        token = bearer_token(authorization_header)
        known = self._verified.get(token)
        header = known.header if known is not None else read_header(token, self._rules)
        keys = await self._keys.find(header.algorithm, header.key_id)
        now = self._clock()
        if known is not None and known.holds(keys, now, self._rules.leeway):
            return known.user
        user = verify(token, header, keys, self._rules, now)
        self._remember(token, _Verified(header, keys, user, now))
        return user

    def _remember(self, token: str, verified: "_Verified") -> None:
        self._verified.pop(token, None)
        while len(self._verified) >= _REMEMBERED_TOKENS:
            del self._verified[next(iter(self._verified))]
        self._verified[token] = verified

    def with_rules(self, rules: TokenRules) -> "TokenAuthenticator":
        """The same keys for another surface."""
        return TokenAuthenticator(rules, self._keys, self._clock)

    async def close(self) -> None:
        await self._keys.close()


class IssuersAuthenticator:
    """Tokens of several issuers, each checked with its own issuer's keys and no other's."""

    def __init__(self, issuers: Mapping[str, TokenAuthenticator]) -> None:
        self._issuers = issuers

    async def authenticate(self, authorization_header: str | None) -> User:
        issuer = read_issuer(bearer_token(authorization_header))
        if issuer is None or issuer not in self._issuers:
            raise TokenRefused("The access token is from another issuer.")
        user = await self._issuers[issuer].authenticate(authorization_header)
        if user.issuer != issuer:
            raise TokenRefused
        return user

    def with_rules(self, rules: TokenRules) -> "IssuersAuthenticator":
        return IssuersAuthenticator({name: each.with_rules(rules) for name, each in self._issuers.items()})

    async def close(self) -> None:
        for each in self._issuers.values():
            await each.close()


def token_authenticator(rules: TokenRules, clock: Clock) -> TokenAuthenticator | IssuersAuthenticator:
    if rules.secret is not None:
        return TokenAuthenticator(rules, SharedSecret(rules.secret), clock)
    if rules.jwks_urls:
        return IssuersAuthenticator(
            {
                issuer: TokenAuthenticator(rules, JwksCache(address, clock), clock)
                for issuer, address in rules.jwks_urls.items()
            }
        )
    assert rules.jwks_url is not None
    return TokenAuthenticator(rules, JwksCache(rules.jwks_url, clock), clock)
