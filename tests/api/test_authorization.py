"""Who may do what: every route, ChatKit operation and MCP tool there is, for everybody who may call.

The rows are declared here and compared with what the server really has. Whatever is new and has no row fails.
"""

import json
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from importlib.resources import files
from pathlib import Path
from typing import Any, Literal

import httpx
import jwt
import pytest
from api.conftest import SCRIPTED, SECRET, TARGET
from fastapi.routing import _IncludedRouter
from support.chat import Chat
from support.operations import OPERATIONS, PARAMS, Things, make_things
from support.postgres import in_new_thread
from support.server import Server, serving, wait_until_ready

from chatkit_host.app import create_app
from chatkit_host.auth.api_keys import hashed, issue_key
from chatkit_host.auth.scopes import ALL_SCOPES
from chatkit_host.clock import utc_now
from chatkit_host.engine.api_keys import Scope
from chatkit_host.settings import read_settings
from chatkit_host.store.api_keys import DatabaseApiKeys
from chatkit_host.store.database import Database

MCP_AUDIENCE = "chatkit-host-mcp"
ISSUER = "https://issuer.example"
CANARY = "canary-4c0de"
SETTINGS = {
    "JWT_SECRET": SECRET,
    "JWT_ISSUER": ISSUER,
    "CHATKIT_HOST_JWT_TENANT_CLAIM": "org",
    "CHATKIT_HOST_PUBLIC_URL": "https://chat.example.com",
    "CHATKIT_HOST_METRICS": "1",
}

Identity = Literal["nobody", "expired", "owner", "colleague", "namesake", "key without", "key with", "key that reads"]
"""`colleague` is another user of her tenant, `namesake` has her name in another tenant. The keys are hers: with the scope that is
needed, with all the others, and with `read` alone."""

Kind = Literal["open", "own", "hers", "named"]
"""`open`: for everybody. `own`: everybody does it with what is their own. `hers`: of one record of hers. `named`: she is in the path."""

YES = "yes"
Cells = dict[Identity, int | Literal["yes"]]
SIGNED_IN: Cells = {"nobody": 401, "expired": 401, "owner": YES, "key with": YES, "key without": 403}
CELLS: dict[Kind, Cells] = {
    "open": {
        "nobody": YES, "expired": YES, "owner": YES, "colleague": YES, "namesake": YES,
        "key with": YES, "key without": YES, "key that reads": YES,
    },
    "own": {**SIGNED_IN, "colleague": YES, "namesake": YES},
    "hers": {**SIGNED_IN, "colleague": 404, "namesake": 404},
    "named": {**SIGNED_IN, "colleague": 403, "namesake": YES},
}  # fmt: skip
IDENTITIES: tuple[Identity, ...] = tuple(CELLS["open"])


@dataclass(frozen=True, kw_only=True)
class Row:
    kind: Kind
    needs: Scope | None = None
    body: Callable[[Things], Any] | None = None
    query: dict[str, str] = field(default_factory=dict)
    status: int = 200
    """Of the answer to whoever may."""

    def expected(self, identity: Identity, method: str) -> int:
        if identity == "key that reads" and self.kind != "open":
            return self.status if method == "GET" and self.needs != "mcp" else 403
        cell = CELLS[self.kind][identity]
        return self.status if cell == YES else int(cell)


def _say(text: str) -> Callable[[Things], Any]:
    return lambda things: {"messages": [{"role": "user", "content": text}]}


LIST_TOOLS = {"jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": {}}
OPEN = Row(kind="open")
PAGES = ("/", "/t/{thread_id}", "/chatkit.js", "/resume.js", "/resume.global.js", "/assets/{name}")
"""For browsers, which show no token for them."""
ASSET = next(
    file.name for file in files("chatkit_host").joinpath("web/dist/assets").iterdir() if file.name.endswith(".js")
)
ROUTES: dict[str, Row] = {
    **{f"{method} {path}": OPEN for method in ("GET", "HEAD") for path in PAGES},
    "GET /openapi.json": OPEN,
    "HEAD /openapi.json": OPEN,
    "GET /health": OPEN,
    "GET /health/ready": OPEN,
    "GET /metrics": OPEN,
    "GET /api/chat/health": OPEN,
    "GET /.well-known/oauth-protected-resource/api/mcp": OPEN,
    "POST /chatkit": Row(kind="own", needs="chat", body=lambda things: {"type": "threads.list", "params": {}}),
    "POST /api/chat": Row(kind="own", needs="chat", body=_say("text")),
    "POST /api/chat/sync": Row(kind="own", needs="chat", body=_say("text")),
    "POST /api/{user_id}/chat": Row(kind="named", needs="chat", body=lambda things: {"message": "text"}),
    "GET /api/turns/{turn_id}": Row(kind="hers", needs="chat"),
    "GET /api/turns/{turn_id}/events": Row(kind="hers", needs="chat"),
    "POST /api/turns/{turn_id}/cancel": Row(kind="hers", needs="chat"),
    "GET /api/conversations": Row(kind="own", needs="chat"),
    "POST /api/conversations": Row(kind="own", needs="chat", body=lambda things: {"title": "x"}, status=201),
    "GET /api/conversations/recent/first": Row(kind="own", needs="chat"),
    "GET /api/conversations/search": Row(kind="own", needs="chat", query={"q": CANARY}),
    "GET /api/conversations/{conversation_id}": Row(kind="hers", needs="chat"),
    "PATCH /api/conversations/{conversation_id}": Row(kind="hers", needs="chat", body=lambda things: {"title": "x"}),
    "DELETE /api/conversations/{conversation_id}": Row(kind="hers", needs="chat"),
    "GET /api/conversations/{conversation_id}/export": Row(kind="hers", needs="chat"),
    "GET /api/tasks": Row(kind="own", needs="tasks"),
    "POST /api/tasks": Row(kind="own", needs="tasks", body=lambda things: {"title": "x"}, status=201),
    "GET /api/tasks/{task_id}": Row(kind="hers", needs="tasks"),
    "PUT /api/tasks/{task_id}": Row(kind="hers", needs="tasks", body=lambda things: {"title": "x"}),
    "PATCH /api/tasks/{task_id}": Row(kind="hers", needs="tasks", body=lambda things: {"title": "x"}),
    "DELETE /api/tasks/{task_id}": Row(kind="hers", needs="tasks"),
    "POST /api/tasks/{task_id}/complete": Row(kind="hers", needs="tasks"),
    "PATCH /api/tasks/{task_id}/complete": Row(kind="hers", needs="tasks"),
    "POST /api/tasks/{task_id}/reopen": Row(kind="hers", needs="tasks"),
    "POST /api/mcp": Row(kind="own", needs="mcp", body=lambda things: LIST_TOOLS),
}

OPERATION_KINDS: dict[str, Kind] = {
    "threads.create": "hers",  # it names a file
    "threads.add_user_message": "hers",
    "threads.add_client_tool_output": "hers",
    "threads.add_structured_input": "hers",
    "threads.retry_after_item": "hers",
    "threads.custom_action": "hers",
    "threads.sync_custom_action": "hers",
    "threads.get_by_id": "hers",
    "threads.list": "hers",  # it begins after a thread
    "threads.update": "hers",
    "threads.delete": "hers",
    "items.list": "hers",
    "items.feedback": "hers",
    "attachments.create": "own",
    "attachments.delete": "hers",
    "input.transcribe": "own",
    "threads.edit_message": "hers",
    "threads.list_versions": "hers",
    "threads.choose_version": "hers",
}

TOOL_KINDS: dict[str, Kind] = {
    "add_task": "own",
    "list_tasks": "own",
    "complete_task": "hers",
    "delete_task": "hers",
    "update_task": "hers",
}
TOOL_ARGUMENTS: dict[str, dict[str, Any]] = {"add_task": {"title": "x"}, "update_task": {"title": "x"}}


# -- what there is ---------------------------------------------------------------------------------


def there_are(workdir: Path) -> set[str]:
    """Every method and path that the application knows; a slash at the end is the same."""
    names = {name: name.removeprefix("CHATKIT_HOST_").lower() for name in SETTINGS}
    settings: dict[str, Any] = {names[name]: value for name, value in SETTINGS.items()}
    app = create_app(settings=read_settings(database_url=f"sqlite:///{workdir}/none.db", **settings))
    found: set[str] = set()
    for route in app.router.routes:
        routes: Iterable[Any] = route.effective_route_contexts() if isinstance(route, _IncludedRouter) else [route]
        for each in routes:
            path = each.path.rstrip("/") or "/"
            found |= {f"{method} {path}" for method in each.methods or {"GET"}}
    return found


def test_every_route_has_a_row(tmp_path: Path) -> None:
    assert there_are(tmp_path) == set(ROUTES)


def test_every_operation_has_a_row() -> None:
    assert set(OPERATIONS) == set(OPERATION_KINDS) == set(PARAMS)


async def test_every_tool_has_a_row(door: "Door") -> None:
    async with door.as_("owner", "mcp") as alice:
        answer = await alice.post("/api/mcp", json=LIST_TOOLS)
    assert {tool["name"] for tool in answer.json()["result"]["tools"]} == set(TOOL_KINDS)


async def test_the_description_names_the_scope_of_every_route(door: "Door") -> None:
    async with door.as_("nobody", None) as anybody:
        paths = (await anybody.get("/openapi.json")).json()["paths"]
    described = {
        f"{method.upper()} {path}": operation.get("security")
        for path, operations in paths.items()
        for method, operation in operations.items()
    }
    # MCP and its metadata have a protocol of their own; pages and numbers are no part of the interface.
    aside = (*PAGES, "/openapi.json", "/metrics", "/api/mcp", "/.well-known/oauth-protected-resource/api/mcp")
    assert described == {
        name: [{"access_token": [row.needs]}] if row.needs else None
        for name, row in ROUTES.items()
        if name.split()[1] not in aside
    }


# -- who calls -------------------------------------------------------------------------------------


def token(user: str, tenant: str, audience: str | None, *, minutes: int = 60) -> str:
    now = datetime.now(UTC)
    claims = {
        "sub": user,
        "org": tenant,
        "iss": ISSUER,
        "iat": now - timedelta(hours=2),
        "exp": now + timedelta(minutes=minutes),
    }
    return jwt.encode(claims | ({"aud": audience} if audience else {}), SECRET, algorithm="HS256")


class Door:
    """Lets anybody knock."""

    def __init__(self, server: Server, keys: dict[frozenset[Scope], str]) -> None:
        self.server = server
        self._keys = keys
        self._doors = 0

    @asynccontextmanager
    async def as_(self, identity: Identity, needs: Scope | None) -> AsyncIterator[httpx.AsyncClient]:
        """From an address of its own: those from which too many are refused have to wait."""
        self._doors += 1
        transport = httpx.AsyncHTTPTransport(
            verify=False, local_address=f"127.{self._doors >> 16 & 255}.{self._doors >> 8 & 255}.{self._doors & 255}"
        )
        headers = {"Accept": "application/json, text/event-stream"}
        if credential := self._credential(identity, needs):
            headers["Authorization"] = f"Bearer {credential}"
        async with httpx.AsyncClient(
            base_url=self.server.url, transport=transport, headers=headers, timeout=30
        ) as client:
            yield client

    @asynccontextmanager
    async def alice(self) -> AsyncIterator[Chat]:
        async with Chat(self.server.url, token("alice", "acme", None)) as chat:
            yield chat

    def _credential(self, identity: Identity, needs: Scope | None) -> str | None:
        audience = MCP_AUDIENCE if needs == "mcp" else None
        match identity:
            case "nobody":
                return None
            case "expired":
                return token("alice", "acme", audience, minutes=-1)
            case "owner":
                return token("alice", "acme", audience)
            case "colleague":
                return token("bob", "acme", audience)
            case "namesake":
                return token("alice", "globex", audience)
            case "key with":
                return self._keys[_only(needs or "chat")]
            case "key without":
                return self._keys[_all_but(needs or "chat")]
            case "key that reads":
                return self._keys[_only("read")]


def _only(scope: Scope) -> frozenset[Scope]:
    return frozenset({scope})


def _all_but(scope: Scope) -> frozenset[Scope]:
    """Nor `read`, which is enough for looking."""
    return frozenset(each for each in ALL_SCOPES if each not in (scope, "read"))


def keys_of_alice(database_url: str) -> dict[frozenset[Scope], str]:
    keys: dict[frozenset[Scope], str] = {}

    async def make() -> None:
        database = Database.open(database_url)
        for scope in ALL_SCOPES:
            for scopes in (_only(scope), _all_but(scope)):
                key, secret = issue_key("alice", tenant="acme", issuers=[ISSUER], scopes=scopes, now=utc_now())
                await DatabaseApiKeys(database).add(key, hashed(secret))
                keys[scopes] = secret
        await database.close()

    in_new_thread(make)
    return keys


@pytest.fixture(scope="module")
def door(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Door]:
    workdir = tmp_path_factory.mktemp("authorization")
    with serving(workdir, TARGET, **SCRIPTED, **SETTINGS) as server:
        wait_until_ready(server.url)
        yield Door(server, keys_of_alice(f"sqlite:///{workdir}/chat.db"))


@dataclass(frozen=True, kw_only=True)
class Hers:
    """Records of alice, with the canary in each."""

    things: Things
    path: dict[str, str]

    @property
    def task_id(self) -> str:
        return self.path["task_id"]


async def hers_of(alice: Chat) -> Hers:
    things = await make_things(alice)
    await alice.get("threads.update", thread_id=things.thread, title=CANARY)
    task = (await alice.http.post("/api/tasks", json={"title": CANARY})).raise_for_status().json()
    turn_id = (await alice.create(CANARY)).turn_id
    records = {"conversation_id": things.thread, "turn_id": turn_id, "task_id": task["id"]}
    path = {**records, "user_id": "alice", "thread_id": things.thread, "name": ASSET}
    return Hers(things=things, path=path)


@pytest.fixture(scope="module")
async def kept(door: Door) -> Hers:
    """For those who may not change it."""
    async with door.alice() as alice:
        return await hers_of(alice)


async def state_of(alice: Chat, hers: Hers) -> list[Any]:
    paths = ("/api/conversations/{conversation_id}/export", "/api/tasks/{task_id}", "/api/turns/{turn_id}")
    return [(await alice.http.get(path.format(**hers.path))).raise_for_status().json() for path in paths]


# -- every cell ------------------------------------------------------------------------------------


@pytest.mark.parametrize("identity", IDENTITIES)
@pytest.mark.parametrize("name", ROUTES)
async def test_a_route(door: Door, kept: Hers, name: str, identity: Identity) -> None:
    row = ROUTES[name]
    method, path = name.split()
    async with door.alice() as alice, door.as_(identity, row.needs) as caller:
        expected = row.expected(identity, method)
        hers = kept if expected >= 400 or row.kind == "open" else await hers_of(alice)
        before = await state_of(alice, hers)
        body = row.body(hers.things) if row.body is not None else None

        answer = await caller.request(method, path.format(**hers.path), params=row.query, json=body)

        assert answer.status_code == expected, answer.text
        if expected >= 400:
            assert await state_of(alice, hers) == before
        if identity not in ("owner", "key with", "key that reads"):
            assert CANARY not in answer.text
            assert hers.things.thread not in answer.text


@pytest.mark.parametrize("identity", IDENTITIES)
@pytest.mark.parametrize("operation", OPERATIONS)
async def test_an_operation_of_chatkit(door: Door, kept: Hers, operation: str, identity: Identity) -> None:
    row = Row(kind=OPERATION_KINDS[operation], needs="chat")
    async with door.alice() as alice, door.as_(identity, "chat") as caller:
        expected = row.expected(identity, "POST")
        hers = kept if expected >= 400 else await hers_of(alice)
        before = await state_of(alice, hers)

        answer = await caller.post("/chatkit", json={"type": operation, "params": PARAMS[operation](hers.things)})

        assert answer.status_code == expected, answer.text
        if expected >= 400:
            assert await state_of(alice, hers) == before
            assert CANARY not in answer.text


@pytest.mark.parametrize("identity", IDENTITIES)
@pytest.mark.parametrize("tool", TOOL_KINDS)
async def test_a_tool(door: Door, kept: Hers, tool: str, identity: Identity) -> None:
    row = Row(kind=TOOL_KINDS[tool], needs="mcp")
    async with door.alice() as alice, door.as_(identity, "mcp") as caller:
        expected = row.expected(identity, "POST")
        hers = kept if expected >= 400 else await hers_of(alice)
        before = await state_of(alice, hers)
        arguments = TOOL_ARGUMENTS.get(tool, {}) | ({"task_id": hers.task_id} if row.kind == "hers" else {})
        call = {**LIST_TOOLS, "method": "tools/call", "params": {"name": tool, "arguments": arguments}}

        answer = await caller.post("/api/mcp", json=call)

        if expected == 404:  # MCP tells it inside
            assert answer.status_code == 200
            told = json.loads(answer.json()["result"]["content"][0]["text"])
            assert told["error"]["code"] == "not_found"
        else:
            assert answer.status_code == expected, answer.text
        if expected >= 400:
            assert await state_of(alice, hers) == before
        if identity not in ("owner", "key with"):
            assert CANARY not in answer.text
