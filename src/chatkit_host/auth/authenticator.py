"""Turns the `Authorization` header of a request into a user."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Protocol

from chatkit_host.auth.api_keys import PREFIX, ApiKeyUsers
from chatkit_host.auth.bearer import TokenMissing, TokenRefused, bearer_credential, bearer_token
from chatkit_host.auth.identity import User
from chatkit_host.auth.jwks import JwksCache
from chatkit_host.auth.keys import KeySource, SharedSecret
from chatkit_host.auth.local import LocalAuthenticator
from chatkit_host.auth.tokens import TokenRules, read_header, read_issuer, verify
from chatkit_host.clock import Clock, utc_now
from chatkit_host.engine.api_keys import ApiKeyStore, Scope


class Authenticator(Protocol):
    async def authenticate(self, authorization_header: str | None) -> User:
        """`Unauthorized` when the caller cannot be known, `Forbidden` when the caller belongs to no tenant, `Unavailable` when
        the issuer's keys cannot be fetched."""
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


class KeyOrTokenAuthenticator:
    """API keys are known by how they begin; everything else is a token."""

    def __init__(self, tokens: Authenticator, keys: ApiKeyUsers) -> None:
        self._tokens = tokens
        self._keys = keys

    async def authenticate(self, authorization_header: str | None) -> User:
        try:
            credential = bearer_credential(authorization_header)
        except TokenMissing:
            credential = ""
        if credential.startswith(PREFIX):
            return await self._keys.user(credential)
        return await self._tokens.authenticate(authorization_header)

    async def close(self) -> None:
        await self._tokens.close()


def authenticator(
    rules: TokenRules | None, clock: Clock = utc_now, api_keys: ApiKeyStore | None = None
) -> Authenticator:
    """Checks tokens by `rules`, and keys of `api_keys`; without rules, every caller is the local user (see `local.refuse_open_bind`)."""
    return authenticators(rules, clock, api_keys)[0]


def authenticators(
    rules: TokenRules | None,
    clock: Clock = utc_now,
    api_keys: ApiKeyStore | None = None,
    *,
    mcp_audience: str | None = None,
) -> tuple[Authenticator, Authenticator]:
    """For the server's own surfaces, and for MCP, whose tokens name `mcp_audience`. Both share their keys: closing one closes both."""
    if rules is None:
        return LocalAuthenticator(), LocalAuthenticator()
    tokens = _token_authenticator(rules, clock)
    opens_mcp: frozenset[Scope] = frozenset({"mcp"})
    audiences = (mcp_audience,) if mcp_audience is not None else rules.audiences
    mcp_tokens = tokens.with_rules(replace(rules, audiences=audiences, other_audiences=(), scopes=opens_mcp))
    if api_keys is None:
        return tokens, mcp_tokens
    keys = ApiKeyUsers(api_keys, clock)
    return KeyOrTokenAuthenticator(tokens, keys), KeyOrTokenAuthenticator(mcp_tokens, keys)


def _token_authenticator(rules: TokenRules, clock: Clock) -> TokenAuthenticator | IssuersAuthenticator:
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
