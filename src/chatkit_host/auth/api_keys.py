"""API keys: for programs that cannot sign in. Shown once, stored as a hash, limited to scopes and, if wanted, in time.

A key is `ckh_`, 32 random bytes and a checksum, all in base62: a mistyped key is refused without a look into the database, and
scanners for leaked secrets find it by its form.
"""

import hashlib
import re
import secrets
import zlib
from collections.abc import Sequence
from datetime import datetime, timedelta

from chatkit_host.auth.bearer import TokenRefused
from chatkit_host.auth.configuration import ConfigurationError
from chatkit_host.auth.identity import User, is_subject, owner_in, owner_of
from chatkit_host.auth.scopes import ALL_SCOPES
from chatkit_host.clock import Clock
from chatkit_host.engine.api_keys import ApiKey, ApiKeyStore, Scope
from chatkit_host.ids import new_id

PREFIX = "ckh_"
USE_IS_NOTED_AFTER = timedelta(minutes=1)
"""So often the use of a key is written down at most."""

_DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_SECRET_LENGTH = 43
_CHECKSUM_LENGTH = 6
_FORM = re.compile(rf"{PREFIX}[0-9A-Za-z]{{{_SECRET_LENGTH + _CHECKSUM_LENGTH}}}")


class ApiKeyUsers:
    """Who presents a key."""

    def __init__(self, store: ApiKeyStore, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def user(self, presented: str) -> User:
        """`TokenRefused` for a key that was never given out, was revoked or has expired: the three look the same."""
        key = await self._store.find(hashed(presented)) if has_the_form(presented) else None
        now = self._clock()
        if key is None or not key.is_valid(now):
            raise TokenRefused("The API key is not valid.")
        if key.last_used_at is None or now - key.last_used_at >= USE_IS_NOTED_AFTER:
            await self._store.note_use(key.id, now, unless_since=now - USE_IS_NOTED_AFTER)
        return User(id=key.user_id, owner=key.owner, scopes=key.scopes, expires_at=key.expires_at)


def read_scopes(text: str) -> frozenset[Scope]:
    """Names with commas between. `ConfigurationError` for one that is unknown, or none."""
    names = {name.strip() for name in text.split(",") if name.strip()}
    scopes = frozenset[Scope](scope for scope in ALL_SCOPES if scope in names)
    if not scopes or len(scopes) != len(names):
        raise ConfigurationError("The scopes must be of chat, tasks, mcp and read, with commas between.")
    return scopes


def issue_key(
    user: str,
    *,
    tenant: str | None = None,
    issuers: Sequence[str] = (),
    scopes: frozenset[Scope],
    lifetime: timedelta | None = None,
    name: str | None = None,
    now: datetime,
) -> tuple[ApiKey, str]:
    """A new key of the first issuer's user, and the key itself. `ConfigurationError` for what no token could name either."""
    owner = owner_of(user, issuers[0] if issuers else None, issuers) if is_subject(user) else None
    if owner is None or (tenant is not None and not is_subject(tenant)):
        raise ConfigurationError("The user must be a name of 1 to 255 visible characters.")
    if lifetime is not None and lifetime <= timedelta(0):
        raise ConfigurationError("The key's lifetime must be positive.")
    if name is not None and not is_subject(name):
        raise ConfigurationError("The key's name must have 1 to 255 visible characters.")
    key = ApiKey(
        id=new_id("api_key"),
        owner=owner if tenant is None else owner_in(tenant, owner),
        user_id=user,
        name=name,
        scopes=scopes,
        created_at=now,
        expires_at=now + lifetime if lifetime is not None else None,
    )
    return key, new_key()


def new_key() -> str:
    """256 random bits: nobody can try them out, so that a plain hash protects them."""
    secret = _base62(int.from_bytes(secrets.token_bytes(32)), _SECRET_LENGTH)
    return f"{PREFIX}{secret}{_checksum(secret)}"


def has_the_form(presented: str) -> bool:
    if not _FORM.fullmatch(presented):
        return False
    secret = presented[len(PREFIX) : -_CHECKSUM_LENGTH]
    return presented.endswith(_checksum(secret))


def hashed(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()


def _checksum(secret: str) -> str:
    return _base62(zlib.crc32(secret.encode()), _CHECKSUM_LENGTH)


def _base62(number: int, length: int) -> str:
    digits = ""
    for _ in range(length):
        number, digit = divmod(number, 62)
        digits = _DIGITS[digit] + digits
    return digits
