"""`ApiKeyStore` in both databases."""

from dataclasses import replace
from datetime import timedelta

import pytest
import sqlalchemy as sa
from support.turns import ALICE, BOB, NOON

from chatkit_host.auth.api_keys import ApiKeyUsers, hashed, issue_key
from chatkit_host.auth.bearer import TokenRefused
from chatkit_host.engine.api_keys import ApiKey, Scope
from chatkit_host.errors import NotFound
from chatkit_host.store.api_keys import DatabaseApiKeys
from chatkit_host.store.database import Database
from chatkit_host.store.tables import api_keys


@pytest.fixture
def store(database: Database) -> DatabaseApiKeys:
    return DatabaseApiKeys(database)


def issued(user: str = ALICE, *scopes: Scope, days: float | None = None, name: str | None = None) -> tuple[ApiKey, str]:
    lifetime = timedelta(days=days) if days is not None else None
    return issue_key(user, scopes=frozenset(scopes or ("chat",)), lifetime=lifetime, name=name, now=NOON)


async def added(store: DatabaseApiKeys, key: ApiKey, secret: str) -> None:
    await store.add(key, hashed(secret))


async def test_a_key_is_kept_whole_but_for_the_key_itself(store: DatabaseApiKeys, database: Database) -> None:
    key, secret = issued(ALICE, "chat", "tasks", days=3, name="laptop 🥛")
    await added(store, key, secret)
    assert await store.find(hashed(secret)) == key
    assert list(await store.list()) == [key]
    (row,) = await database.reading(lambda r: r.all(sa.select(api_keys)))
    assert secret not in str(row)
    assert row.hashed == hashed(secret)


async def test_an_unknown_key_is_nobodys(store: DatabaseApiKeys) -> None:
    await added(store, *issued())
    assert await store.find(hashed(issued()[1])) is None


async def test_keys_of_all_owners_are_listed_oldest_first(store: DatabaseApiKeys) -> None:
    keys = [
        replace(issued(user)[0], created_at=NOON + timedelta(seconds=n)) for n, user in enumerate((BOB, ALICE, BOB))
    ]
    for key in reversed(keys):
        await added(store, key, issued()[1])
    assert list(await store.list()) == keys


async def test_a_revoked_key_stays_listed_and_keeps_its_time(store: DatabaseApiKeys) -> None:
    key, secret = issued()
    await added(store, key, secret)
    later = NOON + timedelta(hours=1)
    assert await store.revoke(key.id, later) == replace(key, revoked_at=later)
    assert (await store.revoke(key.id, later + timedelta(hours=1))).revoked_at == later
    found = await store.find(hashed(secret))
    assert found is not None
    assert not found.is_valid(NOON)


@pytest.mark.parametrize("key_id", ["", "key_unknown", "a\0b", "%"])
async def test_revoking_an_unknown_key_says_so(store: DatabaseApiKeys, key_id: str) -> None:
    await added(store, *issued())
    with pytest.raises(NotFound):
        await store.revoke(key_id, NOON)


async def test_the_use_is_noted_once_a_minute_whoever_notes_it(store: DatabaseApiKeys) -> None:
    key, secret = issued()
    await added(store, key, secret)
    noted: list[object] = []
    for seconds in (0, 1, 59, 60, 61, 200):
        now = NOON + timedelta(seconds=seconds)
        users = ApiKeyUsers(store, lambda now=now: now)
        assert (await users.user(secret)).owner == ALICE
        found = await store.find(hashed(secret))
        assert found is not None
        noted.append(found.last_used_at)
    expected = [0, 0, 0, 60, 60, 200]
    assert noted == [NOON + timedelta(seconds=seconds) for seconds in expected]
    # Another worker that read the row before the last note changes nothing.
    await store.note_use(key.id, NOON + timedelta(seconds=201), unless_since=NOON + timedelta(seconds=141))
    found = await store.find(hashed(secret))
    assert found is not None
    assert found.last_used_at == NOON + timedelta(seconds=200)


async def test_a_key_opens_until_it_ends_or_is_revoked(store: DatabaseApiKeys) -> None:
    ending, ending_secret = issued(ALICE, "read", days=1)
    lasting, lasting_secret = issued(BOB)
    await added(store, ending, ending_secret)
    await added(store, lasting, lasting_secret)
    user = await ApiKeyUsers(store, lambda: NOON + timedelta(hours=23)).user(ending_secret)
    assert (user.id, user.owner, user.scopes, user.expires_at) == ("alice", ALICE, {"read"}, NOON + timedelta(days=1))
    with pytest.raises(TokenRefused):
        await ApiKeyUsers(store, lambda: NOON + timedelta(days=1)).user(ending_secret)
    await store.revoke(lasting.id, NOON)
    with pytest.raises(TokenRefused):
        await ApiKeyUsers(store, lambda: NOON).user(lasting_secret)
