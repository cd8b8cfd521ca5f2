"""What one user may use up, over two server processes, and what an API key opens."""

import asyncio
import subprocess
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from support.chat import Answer, Chat, user_input
from support.model_server import ModelServer
from support.server import Server, command, serving, wait_until_ready

from chatkit_host.auth.mint import mint_token

SECRET = "q7Rk2vXw9ZpLs4TnB8fYh3JmD6cGa1Ue"


def token(user: str) -> str:
    return mint_token(SECRET, user)


def bearer(credential: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {credential}"}


# --- messages


async def sends(url: str, user: str, number: int) -> list[Answer]:
    """Each on a connection of its own, so that both processes get some."""

    async def send() -> Answer:
        async with Chat(url, token(user)) as chat:
            return await chat.create("add buy milk")

    return await asyncio.gather(*(send() for _ in range(number)))


async def test_two_processes_count_one_users_messages_together(tmp_path: Path, database_url: str) -> None:
    with serving(
        tmp_path,
        "--workers",
        "2",
        JWT_SECRET=SECRET,
        DATABASE_URL=database_url,
        CHATKIT_HOST_MESSAGES_PER_MINUTE="6",
        CHATKIT_HOST_CONCURRENT_TURNS="0",
    ) as server:
        await asyncio.to_thread(wait_until_ready, server.url)
        answers = await sends(server.url, "alice", 12)
        bobs = await sends(server.url, "bob", 1)

    assert sorted(answer.status for answer in answers) == [200] * 6 + [429] * 6
    for answer in answers:
        if answer.status == 429:
            assert answer.problem is not None
            assert answer.problem["code"] == "rate_limited"
            assert 1 <= int(answer.headers["Retry-After"]) <= 11
    assert bobs[0].status == 200


async def test_without_authentication_nobody_is_counted(tmp_path: Path) -> None:
    with serving(tmp_path, CHATKIT_HOST_MESSAGES_PER_MINUTE="1") as server:
        async with Chat(server.url) as chat:
            assert [(await chat.create("add buy milk")).status for _ in range(3)] == [200] * 3


# --- answers at once


@pytest.fixture
def holding(tmp_path: Path, model_server: ModelServer) -> Iterator[Server]:
    """The model says three words and then waits."""
    with serving(
        tmp_path,
        JWT_SECRET=SECRET,
        CHATKIT_HOST_MODEL="hold",
        CHATKIT_HOST_MODEL_BASE_URL=model_server.base_url,
        CHATKIT_HOST_CONCURRENT_TURNS="2",
    ) as running:
        yield running


@pytest.fixture
async def alice(holding: Server) -> AsyncIterator[Chat]:
    async with Chat(holding.url, token("alice")) as chat:
        yield chat


async def test_as_many_answers_at_once_as_allowed(holding: Server, alice: Chat, model_server: ModelServer) -> None:
    asked: dict[str, Any] = {"input": user_input("say 50 words")}
    async with (
        alice.asking("threads.create", **asked) as (_, first),
        alice.asking("threads.create", **asked) as (_, second),
    ):
        await anext(first)
        await anext(second)
        refused = await alice.create("say 50 words")
        assert (refused.status, (refused.problem or {})["code"]) == (429, "rate_limited")
        assert int(refused.headers["Retry-After"]) > 0
        async with (
            Chat(holding.url, token("bob")) as bob,
            bob.asking("threads.create", **asked) as (answer, _),
        ):
            assert answer.status == 200
    # Closing the connections has stopped the answers.
    with_room = await until_accepted(alice)
    assert with_room.status == 200


async def until_accepted(chat: Chat) -> Answer:
    for _ in range(100):
        async with chat.asking("threads.create", input=user_input("say 50 words")) as (answer, _):
            if answer.status == 200:
                return answer
        await asyncio.sleep(0.05)
    raise AssertionError("the places are still taken")


# --- failing to sign in


def test_who_fails_too_often_is_told_to_wait_and_others_come_in(tmp_path: Path) -> None:
    body = {"type": "threads.list", "params": {}}
    with serving(tmp_path, JWT_SECRET=SECRET) as server, httpx.Client(base_url=server.url, verify=False) as http:
        answers = [http.post("/chatkit", json=body, headers=bearer("a.b.c")) for _ in range(22)]
        assert [answer.status_code for answer in answers] == [401] * 20 + [429] * 2
        assert 1 <= int(answers[-1].headers["Retry-After"]) <= 60
        ping = {"jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": {}}
        accept = {"Accept": "application/json, text/event-stream"}
        assert http.post("/api/mcp", json=ping, headers=accept | bearer("a.b.c"), timeout=30).status_code == 429
        assert http.post("/api/mcp", json=ping, headers=accept).status_code == 401
        assert http.post("/chatkit", json=body).status_code == 401
        assert http.post("/chatkit", json=body, headers=bearer(token("alice"))).status_code == 200


# --- keys


def keys(place: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return command(place, "keys", *arguments, DATABASE_URL=f"sqlite:///{place}/chat.db", JWT_SECRET=SECRET)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("keys")


@pytest.fixture(scope="module")
def server(place: Path) -> Iterator[Server]:
    with serving(place, JWT_SECRET=SECRET) as running:
        wait_until_ready(running.url)
        yield running


def status(server: Server, key: str, method: str, path: str, body: Any = None) -> int:
    headers = {**bearer(key), "Accept": "application/json, text/event-stream"}
    return httpx.request(method, f"{server.url}{path}", json=body, headers=headers, timeout=30).status_code


LIST_THREADS = {"type": "threads.list", "params": {}}
LIST_TOOLS = {"jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": {}}


@pytest.mark.parametrize(
    ("scope", "chatkit", "conversations", "tasks", "new_task", "mcp"),
    [
        ("chat", 200, 200, 403, 403, 403),
        ("tasks", 403, 403, 200, 201, 403),
        ("mcp", 403, 403, 403, 403, 200),
        ("read", 403, 200, 200, 403, 403),
        ("chat,tasks,mcp,read", 200, 200, 200, 201, 200),
    ],
)
def test_a_key_opens_what_it_was_made_for(
    server: Server, place: Path, scope: str, chatkit: int, conversations: int, tasks: int, new_task: int, mcp: int
) -> None:
    key = keys(place, "create", "alice", "--scope", scope).stdout.strip()
    assert status(server, key, "POST", "/chatkit", LIST_THREADS) == chatkit
    assert status(server, key, "GET", "/api/conversations") == conversations
    assert status(server, key, "GET", "/api/tasks") == tasks
    assert status(server, key, "POST", "/api/tasks", {"title": "x"}) == new_task
    assert status(server, key, "POST", "/api/mcp", LIST_TOOLS) == mcp


async def test_a_key_is_its_user(server: Server, place: Path) -> None:
    key = (await asyncio.to_thread(keys, place, "create", "carol")).stdout.strip()
    async with Chat(server.url, key) as by_key, Chat(server.url, token("carol")) as by_token:
        thread_id = (await by_key.create("add buy milk")).thread_id
        assert len(await by_token.items(thread_id)) > 0
    async with Chat(server.url, token("dave")) as stranger:
        assert (await stranger.get("threads.get_by_id", thread_id=thread_id)).status_code == 404


def test_a_key_is_shown_once_listed_and_revoked(server: Server, place: Path) -> None:
    made = keys(place, "create", "erin", "--name", "laptop", "--days", "3")
    key = made.stdout.strip()
    key_id = made.stderr.split("keys revoke ")[1].split("`")[0]
    assert status(server, key, "POST", "/chatkit", LIST_THREADS) == 200

    listed = keys(place, "list").stdout
    (line,) = [line for line in listed.splitlines() if key_id in line]
    assert key not in listed
    assert all(word in line for word in ("valid", "'erin'", "chat", "laptop"))
    assert "used never" not in line

    assert keys(place, "revoke", key_id).stdout == "Revoked.\n"
    assert status(server, key, "POST", "/chatkit", LIST_THREADS) == 401
    assert "revoked" in keys(place, "list").stdout
    assert keys(place, "revoke", "key_unknown").returncode == 2


@pytest.mark.parametrize(
    "arguments",
    [
        ("alice", "--scope", "admin"),
        ("",),
        ("alice", "--days", "0"),
        ("alice", "--days", "1e9"),
        ("alice", "--tenant", "x"),
    ],
)
def test_a_key_that_cannot_be_meant_is_not_made(place: Path, arguments: tuple[str, ...]) -> None:
    made = keys(place, "create", *arguments)
    assert (made.returncode, made.stdout) == (2, "")
    assert made.stderr.startswith("chatkit-host: ")
