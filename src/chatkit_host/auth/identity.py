"""Who is calling, and whose records that means."""

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType
from typing import Any, TypeGuard

from chatkit_host.auth.scopes import USER_SCOPES
from chatkit_host.engine.api_keys import Scope
from chatkit_host.ids import Owner

SUBJECT_LENGTH = 255

KEPT_CLAIMS = ("name", "email")
"""What a page may show of a user. The other claims end with the check of the token."""

_TENANT_END = "\x1f"
"""Neither tenants nor subjects nor issuers hold it, so that no other pair of them makes the same owner."""

_UNPRINTABLE = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """A verified caller. `id` is the issuer's name for the user (`sub`), `owner` is what records are stored under."""

    id: str
    owner: Owner
    issuer: str | None = None
    tenant: str | None = None
    scopes: frozenset[Scope] = USER_SCOPES
    expires_at: datetime | None = None
    """When the token ends, leeway not included; None when the identity does not end."""
    claims: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}), hash=False)


def is_subject(value: Any) -> TypeGuard[str]:
    """Whether `value` can name a user: 1 to 255 characters, not blank, none of them invisible."""
    return (
        isinstance(value, str)
        and 0 < len(value) <= SUBJECT_LENGTH
        and not value.isspace()
        and not any(unicodedata.category(character) in _UNPRINTABLE for character in value)
    )


def owner_of(subject: str, issuer: str | None, issuers: Sequence[str]) -> Owner | None:
    """The owner of the records of one user; None when the name would be another issuer's user.

    The first issuer's users own their records under the bare subject, so that adding a second issuer later hides nothing.
    Users of the others are `<issuer> <subject>`: issuers hold no spaces, so that the two cannot be confused.
    """
    home, others = issuers[:1], issuers[1:]
    if not home or issuer in home:
        claims_another = any(subject.startswith(f"{other} ") for other in others)
        return None if claims_another else Owner(subject)
    return Owner(f"{issuer} {subject}")


def owner_in(tenant: str, owner: Owner) -> Owner:
    """The same name in another tenant is another owner."""
    return Owner(f"{tenant}{_TENANT_END}{owner}")


def subject_of(owner: Owner, issuers: Sequence[str]) -> str:
    """The user's own id, from what `owner_of` and `owner_in` made of it."""
    name = owner.rpartition(_TENANT_END)[2]
    return next((name[len(other) + 1 :] for other in issuers[1:] if name.startswith(f"{other} ")), name)


def kept_claims(claims: Mapping[str, Any]) -> Mapping[str, str]:
    kept = {name: claims[name] for name in KEPT_CLAIMS if is_subject(claims.get(name))}
    return MappingProxyType(kept)
