"""Turns the `Authorization` header of a request into a user."""

from dataclasses import replace
from typing import TYPE_CHECKING, Protocol

from chatkit_host.auth.api_keys import PREFIX, ApiKeyUsers
from chatkit_host.auth.bearer import TokenMissing, bearer_credential
from chatkit_host.auth.identity import User
from chatkit_host.auth.local import LocalAuthenticator
from chatkit_host.clock import Clock, utc_now
from chatkit_host.engine.api_keys import ApiKeyStore, Scope

if TYPE_CHECKING:
    from chatkit_host.auth.tokens import TokenRules


class Authenticator(Protocol):
    async def authenticate(self, authorization_header: str | None) -> User:
        """`Unauthorized` when the caller cannot be known, `Forbidden` when the caller belongs to no tenant, `Unavailable` when
        the issuer's keys cannot be fetched."""
        ...

    async def close(self) -> None: ...


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
    rules: "TokenRules | None", clock: Clock = utc_now, api_keys: ApiKeyStore | None = None
) -> Authenticator:
    """Checks tokens by `rules`, and keys of `api_keys`; without rules, every caller is the local user (see `local.refuse_open_bind`)."""
    return authenticators(rules, clock, api_keys)[0]


def authenticators(
    rules: "TokenRules | None",
    clock: Clock = utc_now,
    api_keys: ApiKeyStore | None = None,
    *,
    mcp_audience: str | None = None,
) -> tuple[Authenticator, Authenticator]:
    """For the server's own surfaces, and for MCP, whose tokens name `mcp_audience`. Both share their keys: closing one closes both."""
    if rules is None:
        return LocalAuthenticator(), LocalAuthenticator()
    from chatkit_host.auth.token_authenticator import token_authenticator  # with all that reads tokens

    tokens = token_authenticator(rules, clock)
    opens_mcp: frozenset[Scope] = frozenset({"mcp"})
    audiences = (mcp_audience,) if mcp_audience is not None else rules.audiences
    mcp_tokens = tokens.with_rules(replace(rules, audiences=audiences, other_audiences=(), scopes=opens_mcp))
    if api_keys is None:
        return tokens, mcp_tokens
    keys = ApiKeyUsers(api_keys, clock)
    return KeyOrTokenAuthenticator(tokens, keys), KeyOrTokenAuthenticator(mcp_tokens, keys)
