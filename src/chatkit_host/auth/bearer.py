"""The `Authorization: Bearer` header and the challenge that answers a bad one (RFC 6750)."""

import re

from chatkit_host.errors import Unauthorized

TOKEN_BYTES = 8 * 1024
"""Longer tokens are refused before anything in them is decoded."""

_REALM = 'Bearer realm="chatkit-host"'
_COMPACT_JWS = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+")
_NOT_QUOTABLE = re.compile(r"[^\x20-\x21\x23-\x5b\x5d-\x7e]")


class TokenMissing(Unauthorized):
    """Sign in first: this request carries no access token."""


class TokenRefused(Unauthorized):
    """The access token is not valid. Sign in again."""


def bearer_token(authorization_header: str | None) -> str:
    """The token of the header, in the form of a signed JWT; what it says is not looked at."""
    token = bearer_credential(authorization_header)
    if not _COMPACT_JWS.fullmatch(token):
        raise TokenRefused
    return token


def bearer_credential(authorization_header: str | None) -> str:
    """What the header carries, of any form."""
    if authorization_header is None or not authorization_header.strip():
        raise TokenMissing
    scheme, _, token = authorization_header.strip().partition(" ")
    if scheme.lower() != "bearer":
        raise TokenMissing
    token = token.strip(" ")
    if len(token) > TOKEN_BYTES:
        raise TokenRefused("The access token is too long.")
    return token


def challenge(error: Unauthorized) -> str:
    """The `WWW-Authenticate` header that goes with a 401. A request without a token gets no error code (RFC 6750 3.1)."""
    if isinstance(error, TokenMissing):
        return _REALM
    description = _NOT_QUOTABLE.sub("", error.message)
    return f'{_REALM}, error="invalid_token", error_description="{description}"'
