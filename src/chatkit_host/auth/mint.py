"""Access tokens of our own, for trying things out and for scripts."""

from collections.abc import Mapping
from datetime import timedelta
from types import MappingProxyType

import jwt

from chatkit_host.auth.configuration import ConfigurationError, check_secret
from chatkit_host.auth.identity import is_subject
from chatkit_host.clock import Clock, utc_now


def mint_token(
    secret: str,
    user: str,
    *,
    issuer: str | None = None,
    audience: str | None = None,
    claims: Mapping[str, str] = MappingProxyType({}),
    lifetime: timedelta = timedelta(days=7),
    clock: Clock = utc_now,
) -> str:
    """A token that a server with the same secret, issuer and audience accepts as `user` for `lifetime`.

    `ConfigurationError` when such a server would refuse the secret or the user's name.
    """
    check_secret(secret)
    if not is_subject(user):
        raise ConfigurationError("The user must be a name of 1 to 255 visible characters.")
    if lifetime <= timedelta(0):
        raise ConfigurationError("The token's lifetime must be positive.")
    now = clock()
    named = {name: value for name, value in (("iss", issuer), ("aud", audience)) if value}
    times = {"iat": int(now.timestamp()), "exp": int((now + lifetime).timestamp())}
    return jwt.encode({**claims, **named, **times, "sub": user}, secret, algorithm="HS256")
