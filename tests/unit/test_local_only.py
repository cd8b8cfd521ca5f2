"""Without authentication the server answers to this machine alone, whatever a request says of itself."""

import json
from typing import Any

import pytest
from starlette.responses import PlainTextResponse
from starlette.types import Message, Scope

from chatkit_host.api.local_only import LocalOnly

GUARDED = LocalOnly(PlainTextResponse("welcome"), origins=("https://app.example",))


async def answer_to(client: tuple[str, int] | None, **headers: str) -> tuple[int, bytes]:
    scope: Scope = {
        "type": "http",
        "method": "GET",
        "path": "/",
        "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
        "client": client,
    }
    sent: list[Any] = []

    async def receive() -> Message:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Message) -> None:
        sent.append(message)

    await GUARDED(scope, receive, send)
    return sent[0]["status"], sent[1]["body"]


@pytest.mark.parametrize("address", ["127.0.0.1", "127.9.8.7", "::1", "::ffff:127.0.0.1"])
async def test_a_peer_on_this_machine_is_let_in(address: str) -> None:
    assert await answer_to((address, 50000), host="localhost:8000") == (200, b"welcome")


@pytest.mark.parametrize("client", [None, ("", 0), ("testclient", 50000)])
async def test_a_caller_in_the_same_process_is_let_in(client: tuple[str, int] | None) -> None:
    assert await answer_to(client, host="localhost") == (200, b"welcome")


@pytest.mark.parametrize(
    "address", ["10.0.0.5", "192.168.1.2", "8.8.8.8", "0.0.0.0", "fe80::1", "::ffff:10.0.0.5", "host.example"]
)
async def test_a_peer_elsewhere_is_refused_whatever_its_headers_say(address: str) -> None:
    headers = {
        "host": "localhost",
        "x-forwarded-for": "127.0.0.1",
        "forwarded": "for=127.0.0.1",
        "origin": "http://localhost",
    }

    status, body = await answer_to((address, 50000), **headers)

    assert status == 403
    assert json.loads(body)["error"]["code"] == "forbidden"


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"host": "127.0.0.1:8000"}, 200),
        ({"host": "[::1]:8000"}, 200),
        ({"host": "evil.example"}, 403),
        ({"host": "localhost.evil.example"}, 403),
        ({"host": "localhost", "origin": "http://localhost:3000"}, 200),
        ({"host": "localhost", "origin": "https://app.example"}, 200),
        ({"host": "localhost", "origin": "https://app.example.evil"}, 403),
        ({"host": "localhost", "origin": "null"}, 403),
        ({"host": "[", "origin": "http://["}, 403),
    ],
)
async def test_names_of_this_machine_and_listed_pages_are_let_in(headers: dict[str, str], status: int) -> None:
    assert (await answer_to(("127.0.0.1", 50000), **headers))[0] == status
