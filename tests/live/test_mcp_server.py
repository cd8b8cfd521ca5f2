"""The to-do list over MCP, as the official client sees it: one list with the chat, and nobody else's."""

import asyncio
import json
import sqlite3
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import httpx2
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from mcp.client.session import ClientSession
from mcp.client.streamable_http import streamable_http_client
from support.chat import Chat
from support.server import Server, serving, wait_until_ready

from chatkit_host.auth.mint import mint_token

SECRET = "q7Rk2vXw9ZpLs4TnB8fYh3JmD6cGa1Ue"
MCP = "chatkit-host-mcp"
TOOLS = ["add_task", "list_tasks", "complete_task", "delete_task", "update_task"]
PING = {"jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": {}}
HEADERS = {"Accept": "application/json, text/event-stream"}


def token(user: str, audience: str | None = MCP) -> str:
    return mint_token(SECRET, user, audience=audience)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    with serving(tmp_path, JWT_SECRET=SECRET) as running:
        yield running


@asynccontextmanager
async def mcp_client(url: str, access_token: str | None) -> AsyncIterator[ClientSession]:
    headers = {"Authorization": f"Bearer {access_token}"} if access_token else {}
    async with (
        httpx2.AsyncClient(headers=headers, verify=False, timeout=30) as http,
        streamable_http_client(url, http_client=http) as streams,
        ClientSession(streams[0], streams[1]) as session,
    ):
        await session.initialize()
        yield session


async def call(session: ClientSession, name: str, **arguments: Any) -> Any:
    result = await session.call_tool(name, arguments)
    assert len(result.content) == 1
    return json.loads(getattr(result.content[0], "text", ""))


def post(server: Server, headers: dict[str, str], body: Any = None) -> httpx.Response:
    return httpx.post(f"{server.url}/api/mcp", headers={**HEADERS, **headers}, json=body or PING, timeout=30)


def bearer(access_token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {access_token}"}


# --- one list


@pytest.mark.parametrize("path", ["/api/mcp", "/api/mcp/"])
async def test_what_another_agent_adds_the_chat_lists(server: Server, path: str) -> None:
    async with mcp_client(server.url + path, token("alice")) as session:
        tools = (await session.list_tools()).tools
        assert [tool.name for tool in tools] == TOOLS
        created = await call(session, "add_task", title="Buy milk", priority="high", due_date="2026-12-01")
        assert created == {"task_id": created["task_id"], "status": "created", "title": "Buy milk"}

    async with Chat(server.url, token("alice", None)) as chat:
        answer = await chat.create("what is on my list?")
    assert "Buy milk" in answer.text


async def test_the_tools_answer_as_the_assistants_do(server: Server) -> None:
    async with mcp_client(f"{server.url}/api/mcp", token("alice")) as session:
        task_id = (await call(session, "add_task", title="Buy milk"))["task_id"]
        assert await call(session, "update_task", task_id=task_id, title="Buy oat milk") == {
            "task_id": task_id,
            "status": "updated",
            "title": "Buy oat milk",
        }
        done = {"task_id": task_id, "status": "completed", "title": "Buy oat milk"}
        assert await call(session, "complete_task", task_id=task_id) == done
        (listed,) = await call(session, "list_tasks", status="completed")
        assert (listed["id"], listed["completed"]) == (task_id, True)
        assert (await call(session, "delete_task", task_id=task_id))["status"] == "deleted"
        assert await call(session, "list_tasks") == []


async def test_no_tool_lets_its_caller_name_a_user(server: Server) -> None:
    async with mcp_client(f"{server.url}/api/mcp", token("alice")) as session:
        for tool in (await session.list_tools()).tools:
            names = " ".join(tool.input_schema["properties"]).lower()
            assert not any(word in names for word in ("user", "owner", "tenant", "account", "email")), tool.name
            assert all(shape.get("description") for shape in tool.input_schema["properties"].values())
        await call(session, "add_task", title="mine", owner="bob", user_id="bob")
    async with mcp_client(f"{server.url}/api/mcp", token("bob")) as session:
        assert await call(session, "list_tasks") == []


async def test_another_users_token_sees_nothing_of_it(server: Server) -> None:
    async with mcp_client(f"{server.url}/api/mcp", token("alice")) as session:
        task_id = (await call(session, "add_task", title="secret"))["task_id"]
    async with mcp_client(f"{server.url}/api/mcp", token("bob")) as session:
        assert await call(session, "list_tasks") == []
        for name, arguments in (("complete_task", {}), ("delete_task", {}), ("update_task", {"title": "x"})):
            answer = await call(session, name, task_id=task_id, **arguments)
            assert answer["error"]["code"] == "not_found"


async def test_callers_at_the_same_time_keep_their_own_lists(server: Server) -> None:
    async def add(user: str, number: int) -> None:
        async with mcp_client(f"{server.url}/api/mcp", token(user)) as session:
            await call(session, "add_task", title=f"{user} {number}")

    users = [f"user-{number}" for number in range(6)]
    await asyncio.gather(*(add(user, number) for number in range(3) for user in users))
    for user in users:
        async with mcp_client(f"{server.url}/api/mcp", token(user)) as session:
            titles = {task["title"] for task in await call(session, "list_tasks")}
        assert titles == {f"{user} {number}" for number in range(3)}


# --- who gets in


def raw(**claims: Any) -> str:
    now = datetime.now(UTC)
    return jwt.encode({"sub": "alice", "exp": now + timedelta(hours=1), **claims}, SECRET, algorithm="HS256")


REFUSED: dict[str, dict[str, str]] = {
    "nothing": {},
    "no token": {"Authorization": "Bearer"},
    "another scheme": {"Authorization": "Basic YTpi"},
    "garbage": bearer("a.b.c"),
    "a token for the chat": bearer(token("alice", None)),
    "a token for another audience": bearer(token("alice", "other")),
    "a token of another secret": bearer(mint_token("m3Wd8sKx1VqTz6PbN9gRj4FhC7yLu2Ea", "alice", audience=MCP)),
    "an expired token": bearer(raw(aud=MCP, exp=1)),
    "a token that names nobody": bearer(raw(aud=MCP, sub="")),
    "a key that was never given out": bearer("ckh_" + "a" * 49),
}


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serving(tmp_path_factory.mktemp("mcp"), JWT_SECRET=SECRET) as running:
        wait_until_ready(running.url)
        yield running


@pytest.mark.parametrize("name", REFUSED)
def test_without_a_token_for_it_nothing_works(shared: Server, name: str) -> None:
    answer = post(shared, headers=REFUSED[name])
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"].startswith("Bearer ")
    assert "add_task" not in answer.text


def test_a_token_for_mcp_does_not_open_the_chat(shared: Server) -> None:
    body = {"type": "threads.list", "params": {}}
    assert httpx.post(f"{shared.url}/chatkit", json=body, headers=bearer(token("alice", None))).status_code == 200
    assert httpx.post(f"{shared.url}/chatkit", json=body, headers=bearer(token("alice"))).status_code == 401


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Host": "evil.example"}, 421),
        ({"Host": "localhost.evil.example:80"}, 421),
        ({"Origin": "https://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Origin": "http://localhost.evil.example"}, 403),
        ({"Content-Type": "text/plain"}, 400),
    ],
)
def test_requests_that_browsers_can_be_made_to_send_are_refused(
    shared: Server, headers: dict[str, str], status: int
) -> None:
    content = json.dumps(PING).encode()
    headers = {"Content-Type": "application/json", **bearer(token("alice")), **headers}
    answer = httpx.post(f"{shared.url}/api/mcp", content=content, headers={**HEADERS, **headers})
    assert answer.status_code == status


def test_a_large_body_is_refused(shared: Server) -> None:
    call = {**PING, "method": "tools/call", "params": {"name": "add_task", "arguments": {"title": "x" * 1_100_000}}}
    assert post(shared, bearer(token("alice")), call).status_code == 413


@pytest.mark.parametrize("method", ["GET", "DELETE", "PUT"])
def test_there_are_no_sessions_to_listen_to_or_to_end(shared: Server, method: str) -> None:
    answer = httpx.request(method, f"{shared.url}/api/mcp", headers={**HEADERS, **bearer(token("alice"))})
    assert (answer.status_code, answer.headers["Allow"]) == (405, "POST")


async def test_a_session_of_another_user_is_no_way_in(shared: Server) -> None:
    async with mcp_client(f"{shared.url}/api/mcp", token("alice")) as session:
        await call(session, "add_task", title="alice's own")
    answer = post(
        shared,
        headers={**bearer(token("mallory")), "Mcp-Session-Id": "alice"},
        body={**PING, "method": "tools/call", "params": {"name": "list_tasks", "arguments": {}}},
    )
    assert "alice's own" not in answer.text


def test_a_token_without_a_tenant_is_not_allowed_in(tmp_path: Path) -> None:
    with serving(tmp_path, JWT_SECRET=SECRET, CHATKIT_HOST_JWT_TENANT_CLAIM="org") as server:
        refused = post(server, bearer(token("alice")))
        assert (refused.status_code, refused.json()["error"]["code"]) == (403, "forbidden")
        assert post(server, bearer(raw(aud=MCP, org="acme"))).status_code == 200


def test_when_the_issuers_keys_cannot_be_fetched_the_caller_is_told_to_come_back(tmp_path: Path) -> None:
    key = Ed25519PrivateKey.generate()
    claims = {"sub": "alice", "aud": MCP, "exp": datetime.now(UTC) + timedelta(hours=1)}
    with serving(tmp_path, JWT_JWKS_URL="http://127.0.0.1:1/jwks") as server:
        answer = post(server, bearer(jwt.encode(claims, key, algorithm="EdDSA", headers={"kid": "1"})))
        assert (answer.status_code, answer.json()["error"]["code"]) == (503, "unavailable")
        assert answer.headers["Retry-After"]
        assert "Traceback" not in server.log


# --- errors


async def test_arguments_that_do_not_fit_are_answered_without_repeating_them(shared: Server) -> None:
    async with mcp_client(f"{shared.url}/api/mcp", token("carol")) as session:
        result = await session.call_tool("add_task", {"title": ["canary"]})
        assert result.is_error
        assert "canary" not in str(result.content)
        assert (await call(session, "add_task"))["error"]["code"] == "invalid_input"
        assert (await call(session, "add_task", title=" "))["error"]["message"] == "A task needs a title."


async def test_a_failure_says_nothing_of_what_failed(server: Server, tmp_path: Path) -> None:
    async with mcp_client(f"{server.url}/api/mcp", token("alice")) as session:
        await call(session, "add_task", title="x")
        with sqlite3.connect(tmp_path / "chat.db") as database:
            database.execute("ALTER TABLE tasks RENAME TO canary_tasks")
        result = await session.call_tool("list_tasks", {})
    assert result.is_error
    told = json.loads(getattr(result.content[0], "text", ""))
    assert told["error"]["message"] == "The to-do list did not respond. Tell the user that it did not work."
    assert "SELECT" not in server.log
    assert "no such table" not in server.log


# --- where it is offered


async def test_without_authentication_it_is_this_machines_users_list(tmp_path: Path) -> None:
    with serving(tmp_path) as server:
        async with mcp_client(f"{server.url}/api/mcp", None) as session:
            await call(session, "add_task", title="Buy milk")
        async with Chat(server.url) as chat:
            assert "Buy milk" in (await chat.create("what is on my list?")).text
        assert post(server, headers={"Host": "evil.example"}).status_code == 403


def test_a_public_server_without_an_address_does_not_offer_it_and_says_so(tmp_path: Path) -> None:
    with serving(tmp_path, "--host", "0.0.0.0", JWT_SECRET=SECRET) as server:
        url = server.url.replace("0.0.0.0", "127.0.0.1")
        wait_until_ready(url)
        answer = httpx.post(f"{url}/api/mcp", json=PING, headers={**HEADERS, **bearer(token("alice"))})
        assert answer.status_code == 404
        assert "/api/mcp is not offered: set CHATKIT_HOST_PUBLIC_URL" in server.log


def test_a_public_server_answers_to_its_address_and_tells_who_gives_tokens(tmp_path: Path) -> None:
    issuer = "https://issuer.example"
    with serving(
        tmp_path,
        "--host",
        "0.0.0.0",
        JWT_SECRET=SECRET,
        JWT_ISSUER=issuer,
        CHATKIT_HOST_PUBLIC_URL="https://chat.example.com",
    ) as server:
        access = bearer(mint_token(SECRET, "alice", issuer=issuer, audience=MCP))
        there = {"Host": "chat.example.com"}
        assert post(server, headers={**access, **there}).status_code == 200
        assert post(server, headers={**access, **there, "Origin": "https://chat.example.com"}).status_code == 200
        assert post(server, headers=access).status_code == 421

        challenge = post(server, headers=there).headers["WWW-Authenticate"]
        place = "/.well-known/oauth-protected-resource/api/mcp"
        assert f'resource_metadata="https://chat.example.com{place}"' in challenge
        told = httpx.get(f"{server.url}{place}", headers=there).json()
        assert told["resource"] == "https://chat.example.com/api/mcp"
        assert told["authorization_servers"] == [issuer]
