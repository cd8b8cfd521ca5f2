"""What is alice's is nobody else's: to others it answers like what never was, and nothing they ask changes it."""

import sqlite3
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, replace
from typing import Any

import asyncpg
import pytest
from api.conftest import SCRIPTED, SECRET, TARGET
from support.chat import Chat, user_input
from support.operations import NAME_NOTHING, NOTHING, OPERATIONS, PARAMS, Things, make_things
from support.postgres import in_new_thread
from support.server import Server, serving

from chatkit_host.auth.mint import mint_token
from chatkit_host.store.migrate import migrate

TABLES = ("threads", "items", "versions", "turns", "attachments", "feedback")
EVENTS = "SELECT e.* FROM turn_events e JOIN turns t ON t.id = e.turn_id WHERE t.owner = 'alice'"


@dataclass(frozen=True)
class Host:
    server: Server
    database_url: str

    async def all_of_alice(self) -> dict[str, list[str]]:
        """Every record that she owns, column by column."""
        queries = {table: f"SELECT * FROM {table} WHERE owner = 'alice'" for table in TABLES} | {"turn_events": EVENTS}
        if self.database_url.startswith("sqlite"):
            connection = sqlite3.connect(self.database_url.removeprefix("sqlite:///"))
            try:
                return {name: sorted(repr(row) for row in connection.execute(sql)) for name, sql in queries.items()}
            finally:
                connection.close()
        connection = await asyncpg.connect(self.database_url, statement_cache_size=0)
        try:
            return {name: sorted(map(repr, await connection.fetch(sql))) for name, sql in queries.items()}
        finally:
            await connection.close()


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def host(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Host]:
    workdir = tmp_path_factory.mktemp("isolation")
    url = f"sqlite:///{workdir / 'chat.db'}"
    if request.param == "postgresql":
        url = request.getfixturevalue("postgres").fresh_database()
        in_new_thread(lambda: migrate(url))
    with serving(workdir, TARGET, **SCRIPTED, JWT_SECRET=SECRET, DATABASE_URL=url) as server:
        yield Host(server, url)


@pytest.fixture
async def alice(host: Host) -> AsyncIterator[Chat]:
    async with Chat(host.server.url, mint_token(SECRET, "alice")) as chat:
        yield chat


@pytest.fixture
async def bob(host: Host) -> AsyncIterator[Chat]:
    async with Chat(host.server.url, mint_token(SECRET, "bob")) as chat:
        yield chat


@pytest.fixture
async def anonymous(host: Host) -> AsyncIterator[Chat]:
    async with Chat(host.server.url) as chat:
        yield chat


@pytest.fixture(scope="module")
async def hers(host: Host) -> Things:
    """Of alice, for tests that must not change them."""
    async with Chat(host.server.url, mint_token(SECRET, "alice")) as chat:
        things = await make_things(chat)
        await chat.get("items.feedback", thread_id=things.thread, item_ids=[things.message], kind="positive")
        return things


async def answer(chat: Chat, operation: str, params: dict[str, Any]) -> tuple[int, Any, set[str]]:
    """Status, body without the request's id, and the names of the headers."""
    response = await chat.get(operation, **params)
    if response.status_code == 200:
        return 200, response.content, set(response.headers)
    body = response.json()
    assert body["error"].pop("request_id") == response.headers["x-request-id"]
    return response.status_code, body, set(response.headers)


@pytest.mark.parametrize("operation", OPERATIONS)
def test_every_operation_has_a_row(operation: str) -> None:
    assert operation in PARAMS


@pytest.mark.parametrize("operation", OPERATIONS)
async def test_what_is_alices_works_for_alice(operation: str, alice: Chat) -> None:
    assert (await answer(alice, operation, PARAMS[operation](await make_things(alice))))[0] == 200


@pytest.mark.parametrize("operation", [name for name in OPERATIONS if name not in NAME_NOTHING])
async def test_what_is_alices_answers_bob_as_what_never_was(
    operation: str, hers: Things, bob: Chat, host: Host
) -> None:
    before = await host.all_of_alice()

    foreign = await answer(bob, operation, PARAMS[operation](hers))
    unknown = await answer(bob, operation, PARAMS[operation](NOTHING))

    assert foreign == unknown
    assert foreign[0] == 404
    assert all(before.values()), "there is something to change in every table"
    assert await host.all_of_alice() == before


@pytest.mark.parametrize("operation", OPERATIONS)
async def test_nobody_in_particular_gets_nothing(operation: str, hers: Things, anonymous: Chat, host: Host) -> None:
    before = await host.all_of_alice()

    foreign = await answer(anonymous, operation, PARAMS[operation](hers))
    unknown = await answer(anonymous, operation, PARAMS[operation](NOTHING))

    assert foreign == unknown
    assert foreign[0] == 401
    assert await host.all_of_alice() == before


@pytest.mark.parametrize("operation", sorted(NAME_NOTHING))
async def test_what_names_nothing_changes_nothing_of_alices(
    operation: str, hers: Things, bob: Chat, host: Host
) -> None:
    before = await host.all_of_alice()

    assert (await answer(bob, operation, PARAMS[operation](NOTHING)))[0] == 200

    assert await host.all_of_alice() == before


async def test_what_bob_was_refused_still_works_for_alice(hers: Things, alice: Chat) -> None:
    for operation in ("threads.get_by_id", "items.list", "threads.list", "items.feedback", "attachments.delete"):
        assert (await answer(alice, operation, PARAMS[operation](hers)))[0] == 200, operation


HERS_IN_BOBS_THREAD = {
    "threads.add_user_message": lambda t, hers: {
        "thread_id": t.thread,
        "input": {**user_input("echo"), "attachments": [hers.file]},
    },
    "threads.add_user_message (sent)": lambda t, hers: {
        "thread_id": t.thread,
        "input": {**user_input("echo"), "attachments": [hers.sent_file]},
    },
    "threads.add_user_message (his and hers)": lambda t, hers: {
        "thread_id": t.thread,
        "input": {**user_input("echo"), "attachments": [t.file, hers.file]},
    },
    "threads.add_structured_input": lambda t, hers: {"thread_id": t.thread, "item_id": hers.form, "input": {}},
    "threads.retry_after_item": lambda t, hers: {"thread_id": t.thread, "item_id": hers.message},
    "threads.edit_message": lambda t, hers: {
        "thread_id": t.thread,
        "item_id": hers.message,
        "input": user_input("echo"),
    },
    "threads.edit_message (file)": lambda t, hers: {
        "thread_id": t.thread,
        "item_id": t.message,
        "input": {**user_input("echo"), "attachments": [hers.sent_file]},
    },
    "threads.choose_version": lambda t, hers: {"thread_id": t.thread, "version_id": hers.version},
    "threads.custom_action": lambda t, hers: {
        "thread_id": t.thread,
        "item_id": hers.widget,
        "action": {"type": "replace"},
    },
    "threads.sync_custom_action": lambda t, hers: {
        "thread_id": t.thread,
        "item_id": hers.widget,
        "action": {"type": "replace"},
    },
    "items.list": lambda t, hers: {"thread_id": t.thread, "after": hers.message},
    "items.feedback": lambda t, hers: {
        "thread_id": t.thread,
        "item_ids": [t.message, hers.message],
        "kind": "negative",
    },
}


@pytest.mark.parametrize("case", HERS_IN_BOBS_THREAD)
async def test_ids_of_alice_inside_a_request_about_bobs_thread_answer_as_what_never_was(
    case: str, alice: Chat, bob: Chat, host: Host
) -> None:
    hers, his = await make_things(alice), await make_things(bob)
    before, his_before = await host.all_of_alice(), await bob.items(his.thread)
    operation = case.split()[0]

    foreign = await answer(bob, operation, HERS_IN_BOBS_THREAD[case](his, hers))
    unknown = await answer(bob, operation, HERS_IN_BOBS_THREAD[case](his, NOTHING))

    assert foreign == unknown
    assert foreign[0] == 404
    assert await host.all_of_alice() == before
    assert await bob.items(his.thread) == his_before


@pytest.mark.parametrize("field", ["message", "widget", "form"])
async def test_items_of_bobs_in_alices_thread_do_not_open_it(field: str, alice: Chat, bob: Chat, host: Host) -> None:
    hers, his = await make_things(alice), await make_things(bob)
    mixed = replace(his, thread=hers.thread)
    before = await host.all_of_alice()
    operation = {"message": "items.feedback", "widget": "threads.custom_action", "form": "threads.add_structured_input"}

    assert (await answer(bob, operation[field], PARAMS[operation[field]](mixed)))[0] == 404

    assert await host.all_of_alice() == before


async def test_a_list_holds_ones_own_threads_alone(alice: Chat, bob: Chat) -> None:
    hers, his = await make_things(alice), await make_things(bob)

    hers_listed = {thread["id"] for thread in (await alice.get("threads.list", limit=100)).json()["data"]}
    his_listed = {thread["id"] for thread in (await bob.get("threads.list", limit=100)).json()["data"]}

    assert hers.thread in hers_listed
    assert his.thread in his_listed
    assert not hers_listed & his_listed


async def test_the_answer_to_bob_is_about_bobs_records(alice: Chat, bob: Chat) -> None:
    """A form's answer is read back by the server from the thread; it must be his."""
    hers, his = await make_things(alice), await make_things(bob)

    said = await bob.ask(
        "threads.add_structured_input",
        thread_id=his.thread,
        item_id=his.form,
        input={"answers": {"size": {"values": ["M"]}}},
    )

    assert said.errors == []
    assert "answered" in said.text
    assert all(getattr(item, "status", "pending") == "pending" for item in await alice.items(hers.thread))


async def test_a_token_of_nobody_opens_nothing(alice: Chat, host: Host) -> None:
    things: Things = await make_things(alice)
    for token in ("", "x", mint_token("another-secret-9fJ2kL4mN6pQ8rS0tU2v", "alice")):
        async with Chat(host.server.url, token) as stranger:
            assert (await answer(stranger, "threads.get_by_id", {"thread_id": things.thread}))[0] == 401
