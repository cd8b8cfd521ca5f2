"""Posts that go past the framework are answered as the framework would have them answered."""

from pathlib import Path
from typing import Any

import httpx
import pytest
from api.conftest import SECRET
from fastapi import FastAPI
from support.chat import user_input

from chatkit_host.api.lean_route import LeanPosts
from chatkit_host.app import create_app
from chatkit_host.auth.mint import mint_token
from chatkit_host.settings import Settings

HELLO = {"type": "threads.create", "params": {"input": user_input("hello")}}
TO_NOBODY = {"type": "threads.add_user_message", "params": {"thread_id": "thr_x", "input": user_input("hello")}}
PLAIN = {"messages": [{"role": "user", "content": "hello"}]}

REQUESTS: list[tuple[str, str, dict[str, Any]]] = [
    ("POST", "/chatkit", {"json": HELLO}),
    ("POST", "/api/chat", {"json": PLAIN}),
    ("POST", "/api/chat/sync", {"json": PLAIN}),
    ("POST", "/chatkit", {"json": TO_NOBODY}),
    ("POST", "/chatkit", {"json": {"type": "threads.list", "params": {}}}),
    ("POST", "/chatkit", {"json": {"type": "threads.unheard_of"}}),
    ("POST", "/chatkit", {"content": b"{", "headers": {"Content-Type": "application/json"}}),
    ("POST", "/chatkit", {"content": b"{}", "headers": {"Content-Type": "text/plain"}}),
    ("POST", "/api/chat", {"json": {"messages": []}}),
    ("POST", "/chatkit", {"json": HELLO, "headers": {"Authorization": "Bearer nonsense"}}),
    ("POST", "/chatkit", {"json": HELLO, "headers": {"Authorization": ""}}),
    ("POST", "/chatkit", {"json": HELLO, "headers": {"Origin": "https://app.example"}}),
    ("GET", "/chatkit", {}),
    ("OPTIONS", "/chatkit", {"headers": {"Origin": "https://app.example", "Access-Control-Request-Method": "POST"}}),
    ("POST", "/chatkit/", {"json": HELLO}),
    ("POST", "/api/someone/chat", {"json": {"message": "hello"}}),
]
OF_THE_MOMENT = ("x-request-id", "chatkit-turn", "chatkit-thread", "content-length")


def application(path: Path) -> FastAPI:
    return create_app(
        settings=Settings.model_validate(
            {
                "database_url": f"sqlite:///{path}/lean.db",
                "jwt_secret": SECRET,
                "cors_origins": "https://app.example",
                "metrics": True,
                "messages_per_minute": 0,
                "offline_word_seconds": 0,
            }
        )
    )


def lean_posts(app: FastAPI) -> dict[str, Any]:
    (layer,) = [layer for layer in app.user_middleware if layer.cls is LeanPosts]
    posts: Any = layer.kwargs["posts"]
    return posts


async def answers(app: FastAPI, outside: FastAPI | None = None, prefix: str = "") -> list[tuple[Any, ...]]:
    """Status, headers and form of each answer, and at last what was counted."""
    headers = {"Authorization": f"Bearer {mint_token(SECRET, 'alice')}"}
    transport = httpx.ASGITransport(outside or app)
    seen: list[tuple[Any, ...]] = []
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="http://localhost", headers=headers, timeout=30) as client,
    ):
        for method, path, given in REQUESTS:
            answer = await client.request(method, prefix + path, **given)
            kept = {name: value for name, value in answer.headers.items() if name not in OF_THE_MOMENT}
            told = answer.json().get("error", {}) if "json" in answer.headers.get("content-type", "") else {}
            seen.append((method, path, answer.status_code, kept, told.get("code"), told.get("message")))
        counted = await client.get(f"{prefix}/metrics")
    seen.append(tuple(line for line in counted.text.splitlines() if "errors_total{" in line))
    return seen


@pytest.fixture
async def by_the_framework(tmp_path: Path) -> list[tuple[Any, ...]]:
    app = application(tmp_path)
    lean_posts(app).clear()
    return await answers(app)


async def test_all_is_answered_as_by_the_framework(tmp_path: Path, by_the_framework: list[tuple[Any, ...]]) -> None:
    app = application(tmp_path)
    assert {*lean_posts(app)} == {"/chatkit", "/api/chat", "/api/chat/sync"}
    assert {answer[2] for answer in by_the_framework[:-1]} >= {200, 400, 401, 404, 405, 415, 422}
    assert await answers(app) == by_the_framework


async def test_mounted_into_another_application_too(tmp_path: Path, by_the_framework: list[tuple[Any, ...]]) -> None:
    app, outside = application(tmp_path), FastAPI()
    outside.mount("/inner", app)
    assert await answers(app, outside, "/inner") == by_the_framework


async def test_what_is_traced_goes_the_frameworks_way(tmp_path: Path) -> None:
    app = application(tmp_path)
    reached: list[str] = []

    async def framework(scope: Any, receive: Any, send: Any) -> None:
        reached.append(scope["path"])

    async def lean(request: Any) -> Any:
        raise AssertionError("past the trace")

    layer = LeanPosts(framework, posts=dict.fromkeys(lean_posts(app), lean), failed=lambda code: None)
    scope = {"type": "http", "method": "POST", "path": "/chatkit", "fastapi.telemetry": object()}
    await layer(scope, None, None)  # type: ignore[arg-type]
    assert reached == ["/chatkit"]
