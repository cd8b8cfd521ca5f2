"""Whether a known caller may use a surface, and how often an address may fail to become one."""

import math
from collections.abc import Mapping
from time import monotonic

from starlette.requests import Request

from chatkit_host.auth.authenticator import Authenticator
from chatkit_host.auth.bearer import TokenMissing
from chatkit_host.auth.identity import User
from chatkit_host.auth.scopes import is_allowed
from chatkit_host.engine.api_keys import Scope
from chatkit_host.errors import Forbidden, RateLimited, Unauthorized

FAILURES_PER_MINUTE = 20

_MINUTE = 60.0
_ADDRESSES = 10_000
"""The oldest are forgotten: an attacker with that many addresses is not stopped by counting."""


class AuthFailures:
    """Counts refused credentials by address, in this process. Callers with a good one are never held up by others behind the same
    address."""

    def __init__(self, per_minute: int = FAILURES_PER_MINUTE) -> None:
        self._per_minute = per_minute
        self._windows: dict[str, tuple[float, int]] = {}

    def count(self, address: str) -> None:
        """One more. Raises `RateLimited` beyond the limit."""
        now = monotonic()
        began, failures = self._windows.pop(address, (now, 0))
        if now - began >= _MINUTE:
            began, failures = now, 0
        self._windows[address] = (began, failures + 1)
        if len(self._windows) > _ADDRESSES:
            del self._windows[next(iter(self._windows))]
        if failures >= self._per_minute:
            raise RateLimited(
                "Too many attempts to sign in failed. Wait a minute.",
                retry_after=max(1, math.ceil(began + _MINUTE - now)),
            )


def address_of(scope: Mapping[str, object]) -> str:
    client = scope.get("client")
    return str(client[0]) if isinstance(client, tuple | list) and client else ""


async def caller(request: Request, authenticator: Authenticator, failures: AuthFailures, needs: Scope) -> User:
    """Who asks. `Unauthorized`, `RateLimited` after too many of those, or `Forbidden` when the key is not for this."""
    try:
        user = await authenticator.authenticate(request.headers.get("authorization"))
    except TokenMissing:
        raise  # whoever shows nothing has not tried anything
    except Unauthorized:
        failures.count(address_of(request.scope))
        raise
    require(user, needs, only_looks=request.method in ("GET", "HEAD"))
    return user


def require(user: User, needs: Scope, *, only_looks: bool) -> None:
    if not is_allowed(user.scopes, needs, only_looks=only_looks):
        raise Forbidden(f"This API key is not for this; it would need the scope {needs!r}.")
