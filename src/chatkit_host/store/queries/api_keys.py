"""API keys: whose they are and whether they still open anything. Never the keys themselves."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, cast

import sqlalchemy as sa

from chatkit_host.engine.api_keys import ApiKey, Scope
from chatkit_host.errors import NotFound
from chatkit_host.ids import Owner
from chatkit_host.store.database import AnyRow, Read, Write
from chatkit_host.store.payloads import safe
from chatkit_host.store.tables import api_keys

_SHOWN = [column for column in api_keys.c if column.name != "hashed"]


def add(w: Write, key: ApiKey, hashed: str) -> None:
    """Adding the same key again leaves it as it is."""
    w.run(
        w.insert(api_keys)
        .values(
            id=key.id,
            hashed=hashed,
            owner=key.owner,
            user_id=key.user_id,
            name=safe(key.name),
            scopes=" ".join(sorted(key.scopes)),
            created_at=key.created_at,
            expires_at=key.expires_at,
        )
        .on_conflict_do_nothing(index_elements=[api_keys.c.id])
    )


def find(r: Read, hashed: str) -> ApiKey | None:
    """The system's own: the key tells who the owner is."""
    row = r.first(sa.select(*_SHOWN).where(api_keys.c.hashed == hashed))
    return None if row is None else _key(row)


def note_use(w: Write, key_id: str, now: datetime, *, unless_since: datetime) -> None:
    """The system's own."""
    used = api_keys.c.last_used_at
    w.run(
        sa.update(api_keys)
        .where(api_keys.c.id == key_id, sa.or_(used.is_(None), used <= unless_since))
        .values(last_used_at=now)
    )


def listed(r: Read) -> Sequence[ApiKey]:
    """The operator's: keys of all owners."""
    return [_key(row) for row in r.all(sa.select(*_SHOWN).order_by(api_keys.c.created_at, api_keys.c.id))]


def revoke(w: Write, key_id: str, now: datetime) -> ApiKey:
    """The operator's: a key of any owner."""
    rows = w.returning(
        sa.update(api_keys)
        .where(api_keys.c.id == key_id)
        .values(revoked_at=sa.func.coalesce(api_keys.c.revoked_at, now))
        .returning(*_SHOWN)
    )
    if not rows:
        raise NotFound
    return _key(rows[0])


def _key(row: AnyRow) -> ApiKey:
    scopes: Any = row.scopes.split()
    return ApiKey(
        id=row.id,
        owner=Owner(row.owner),
        user_id=row.user_id,
        name=row.name,
        scopes=cast(frozenset[Scope], frozenset(scopes)),
        created_at=row.created_at,
        expires_at=row.expires_at,
        revoked_at=row.revoked_at,
        last_used_at=row.last_used_at,
    )
