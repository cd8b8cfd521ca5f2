"""API keys: their form, what they open, and that a wrong one opens nothing."""

import string
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chatkit_host.api.callers import FAILURES_PER_MINUTE, AuthFailures
from chatkit_host.auth.api_keys import PREFIX, ApiKeyUsers, has_the_form, hashed, issue_key, new_key, read_scopes
from chatkit_host.auth.authenticator import authenticators
from chatkit_host.auth.bearer import TokenMissing, TokenRefused
from chatkit_host.auth.configuration import ConfigurationError
from chatkit_host.auth.mint import mint_token
from chatkit_host.auth.scopes import ALL_SCOPES, USER_SCOPES, is_allowed
from chatkit_host.auth.tokens import TokenRules
from chatkit_host.engine.api_keys import ApiKey, Scope
from chatkit_host.errors import NotFound, RateLimited

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
SECRET = "q7Rk2vXw9ZpLs4TnB8fYh3JmD6cGa1Ue"
KEY = new_key()


class MemoryApiKeys:
    def __init__(self) -> None:
        self.keys: dict[str, ApiKey] = {}
        self.looked_for: list[str] = []

    async def add(self, key: ApiKey, hashed: str) -> None:
        self.keys[hashed] = key

    async def find(self, hashed: str) -> ApiKey | None:
        self.looked_for.append(hashed)
        return self.keys.get(hashed)

    async def note_use(self, key_id: str, now: datetime, *, unless_since: datetime) -> None:
        self.keys = {h: replace(key, last_used_at=now) if key.id == key_id else key for h, key in self.keys.items()}

    async def list(self) -> Sequence[ApiKey]:
        return list(self.keys.values())

    async def revoke(self, key_id: str, now: datetime) -> ApiKey:
        raise NotFound


def issued(**fields: Any) -> tuple[ApiKey, str]:
    return issue_key("alice", **{"scopes": frozenset({"chat"}), "now": NOW, **fields})


# --- form


def test_a_key_has_256_random_bits_and_a_checksum() -> None:
    keys = {new_key() for _ in range(1000)}
    assert len(keys) == 1000
    assert {len(key) for key in keys} == {len(PREFIX) + 43 + 6}
    assert all(key.startswith("ckh_") and has_the_form(key) for key in keys)
    assert set("".join(key.removeprefix(PREFIX) for key in keys)) == set(string.digits + string.ascii_letters)


NO_KEYS = {
    "nothing": "",
    "the prefix alone": PREFIX,
    "too short": KEY[:-1],
    "too long": KEY + "a",
    "upper case": KEY.upper(),
    "another prefix": KEY.replace("ckh_", "sk-"),
    "a space before": f" {KEY}",
    "a line break after": f"{KEY}\n",
    "no prefix": KEY[4:],
    "other letters": PREFIX + "é" * 49,
}


@pytest.mark.parametrize("name", NO_KEYS)
def test_what_is_no_key_has_not_the_form(name: str) -> None:
    assert not has_the_form(NO_KEYS[name])


@settings(max_examples=500)
@given(st.integers(len(PREFIX), len(KEY) - 1), st.sampled_from(string.ascii_letters + string.digits))
def test_a_mistyped_key_is_known_as_one(place: int, typed: str) -> None:
    mistyped = KEY[:place] + typed + KEY[place + 1 :]
    assert has_the_form(mistyped) == (mistyped == KEY)


async def test_a_mistyped_key_is_not_looked_for() -> None:
    store = MemoryApiKeys()
    with pytest.raises(TokenRefused):
        await ApiKeyUsers(store, lambda: NOW).user(KEY[:-1] + ("a" if KEY[-1] != "a" else "b"))
    assert store.looked_for == []


# --- making


def test_scopes_are_read_and_nothing_else_is() -> None:
    assert read_scopes("chat, tasks,mcp,read") == ALL_SCOPES
    for text in ("", ",", "admin", "chat,admin", "Chat", "chat tasks", "*"):
        with pytest.raises(ConfigurationError):
            read_scopes(text)


@pytest.mark.parametrize(
    "fields",
    [{"lifetime": timedelta(0)}, {"tenant": ""}, {"tenant": "a\x1fb"}, {"name": "a\nb"}, {"issuers": ("i", "alice")}],
)
def test_a_key_that_cannot_be_meant_is_not_made(fields: dict[str, Any]) -> None:
    if "issuers" in fields:
        with pytest.raises(ConfigurationError):
            issue_key("alice bob", scopes=frozenset({"chat"}), issuers=fields["issuers"], now=NOW)
        return
    with pytest.raises(ConfigurationError):
        issued(**fields)


@pytest.mark.parametrize("user", ["", " ", "al\nice", "x" * 256])
def test_a_key_is_for_somebody(user: str) -> None:
    with pytest.raises(ConfigurationError):
        issue_key(user, scopes=frozenset({"chat"}), now=NOW)


def test_a_key_is_its_users_in_the_users_tenant() -> None:
    assert issued()[0].owner == "alice"
    assert issued(tenant="acme")[0].owner == "acme\x1falice"


# --- presenting


async def test_keys_and_tokens_are_told_apart() -> None:
    store = MemoryApiKeys()
    key, secret = issued(scopes=frozenset({"mcp"}))
    await store.add(key, hashed(secret))
    chat, mcp = authenticators(TokenRules(secret=SECRET), lambda: NOW, store, mcp_audience="mcp")

    by_token = await chat.authenticate(f"Bearer {mint_token(SECRET, 'bob', clock=lambda: NOW)}")
    assert (by_token.id, by_token.scopes) == ("bob", USER_SCOPES)
    for surface in (chat, mcp):
        by_key = await surface.authenticate(f"bearer  {secret} ")
        assert (by_key.id, by_key.scopes) == ("alice", {"mcp"})
    by_mcp_token = await mcp.authenticate(f"Bearer {mint_token(SECRET, 'bob', audience='mcp', clock=lambda: NOW)}")
    assert (by_mcp_token.id, by_mcp_token.scopes) == ("bob", {"mcp"})
    with pytest.raises(TokenRefused, match="API key"):
        await chat.authenticate(f"Bearer {KEY}")
    with pytest.raises(TokenMissing):
        await chat.authenticate(None)


async def test_a_token_for_one_surface_does_not_open_the_other() -> None:
    rules = TokenRules(secret=SECRET, other_audiences=("mcp",))
    chat, mcp = authenticators(rules, lambda: NOW, mcp_audience="mcp")
    for_mcp = f"Bearer {mint_token(SECRET, 'bob', audience='mcp', clock=lambda: NOW)}"
    for_chat = f"Bearer {mint_token(SECRET, 'bob', clock=lambda: NOW)}"
    assert (await mcp.authenticate(for_mcp)).id == (await chat.authenticate(for_chat)).id == "bob"
    for surface, header in ((chat, for_mcp), (mcp, for_chat)):
        with pytest.raises(TokenRefused):
            await surface.authenticate(header)


async def test_the_secret_is_in_no_record_and_in_no_refusal() -> None:
    key, secret = issued()
    assert secret not in repr(key)
    with pytest.raises(TokenRefused) as caught:
        await ApiKeyUsers(MemoryApiKeys(), lambda: NOW).user(secret)
    assert secret[4:] not in str(caught.value)


# --- scopes


@pytest.mark.parametrize(
    ("held", "needed", "looking", "changing"),
    [
        ("chat", "chat", True, True),
        ("tasks", "tasks", True, True),
        ("mcp", "mcp", True, True),
        ("read", "chat", True, False),
        ("read", "tasks", True, False),
        ("read", "mcp", False, False),
        ("chat", "tasks", False, False),
        ("chat", "mcp", False, False),
        ("tasks", "chat", False, False),
        ("mcp", "chat", False, False),
        ("mcp", "tasks", False, False),
    ],
)
def test_a_scope_opens_its_surface_and_no_other(held: Scope, needed: Scope, looking: bool, changing: bool) -> None:
    scopes: frozenset[Scope] = frozenset({held})
    assert is_allowed(scopes, needed, only_looks=True) == looking
    assert is_allowed(scopes, needed, only_looks=False) == changing


# --- failing


def test_an_address_may_fail_so_often_and_others_are_not_held_up() -> None:
    failures = AuthFailures()
    for _ in range(FAILURES_PER_MINUTE):
        failures.count("192.0.2.1")
    with pytest.raises(RateLimited) as caught:
        failures.count("192.0.2.1")
    assert 1 <= caught.value.retry_after <= 60
    failures.count("192.0.2.2")


def test_a_flood_of_addresses_is_forgotten_and_not_collected() -> None:
    failures = AuthFailures()
    for number in range(12_000):
        failures.count(str(number))
    assert len(failures._windows) == 10_000  # pyright: ignore[reportPrivateUsage]
