"""Whatever is wrong with a request, its answer is a 4xx in our words; nothing changes, and none of it is in the log."""

import json
from collections.abc import AsyncIterator, Iterator
from copy import deepcopy
from typing import Any

import pytest
from api.conftest import SCRIPTED, TARGET
from pydantic import TypeAdapter, ValidationError
from support.chat import Chat
from support.operations import OPERATIONS, PARAMS, Things, make_things
from support.server import Server, serving

from chatkit_host.api.versions import AnyReq

CANARY = "canary-5be1c7"
JSON = {"Content-Type": "application/json"}
MAX_BODY_BYTES = 1_048_576

_REQUEST: TypeAdapter[Any] = TypeAdapter(AnyReq)

Place = tuple[str | int, ...]

HUGE = "9" * 400


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serving(tmp_path_factory.mktemp("bad-input"), TARGET, **SCRIPTED, CHATKIT_HOST_LOG_LEVEL="DEBUG") as running:
        yield running
        running.stop()
        assert "chatkit-host is ready" in running.log
        assert CANARY not in running.log


@pytest.fixture
async def chat(server: Server) -> AsyncIterator[Chat]:
    """A client of a server whose log says nothing of what was asked, whatever the test does."""
    async with Chat(server.url) as chat:
        yield chat
    assert CANARY not in server.log


@pytest.fixture
async def things(chat: Chat) -> AsyncIterator[Things]:
    """A thread that is after the test what it was before, and in which one can still speak."""
    things = await make_things(chat)
    threads = (await chat.get("threads.list", limit=100)).json()
    items = await chat.items(things.thread)
    yield things
    assert (await chat.get("threads.list", limit=100)).json() == threads
    assert await chat.items(things.thread) == items
    answer = await chat.say(things.thread, "text")
    assert answer.text == "You said something."
    await chat.get("threads.delete", thread_id=things.thread)


async def refused(chat: Chat, body: bytes, headers: dict[str, str] = JSON) -> dict[str, Any]:
    response = await chat.http.post("/chatkit", content=body, headers=headers)
    assert 400 <= response.status_code < 500, (response.status_code, body[:300])
    assert response.headers["content-type"] == "application/json"
    (error,) = response.json().values()
    assert {"code", "message", "request_id"} <= error.keys()
    assert error["request_id"] == response.headers["x-request-id"]
    return {"status": response.status_code, **error}


def places(value: Any, at: Place = ()) -> Iterator[Place]:
    """Of everything inside a JSON value."""
    match value:
        case dict():
            inside = list(value.items())
        case list():
            inside = list(enumerate(value))
        case _:
            return
    for key, item in inside:
        yield (*at, key)
        yield from places(item, (*at, key))


def inside(value: Any, at: Place) -> Any:
    for key in at:
        value = value[key]
    return value


def changed(request: Any, at: Place, value: Any) -> Any:
    copy = deepcopy(request)
    inside(copy, at[:-1])[at[-1]] = value
    return copy


def without(request: Any, at: Place) -> Any:
    copy = deepcopy(request)
    del inside(copy, at[:-1])[at[-1]]
    return copy


def is_valid(request: Any) -> bool:
    try:
        _REQUEST.validate_json(json.dumps(request))
    except ValidationError:
        return False
    return True


def valid(operation: str, things: Things) -> dict[str, Any]:
    return {"type": operation, "params": PARAMS[operation](things), "metadata": {"page": CANARY}}


WRONG = (None, True, 7, 1.5, -1, "", CANARY, [], {}, [CANARY], {CANARY: CANARY}, [None], [[]])


@pytest.mark.parametrize("operation", OPERATIONS)
async def test_what_the_protocol_does_not_know_is_refused(operation: str, chat: Chat, things: Things) -> None:
    """Each field left out, and set to each kind of value, as far as the protocol's own types refuse it."""
    request = valid(operation, things)
    assert is_valid(request)
    bad = [without(request, at) for at in places(request)]
    bad += [changed(request, at, value) for at in places(request) for value in WRONG]
    bad = [one for one in bad if not is_valid(one)]

    assert len(bad) >= 20
    for one in bad:
        error = await refused(chat, json.dumps(one).encode())
        assert error["status"] == 422
        assert error["code"] == "invalid_input"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"   ",
        b"{",
        b'{"type":"threads.list","params":{}',
        b'{"type":"threads.list","params":{}}}',
        b'{"type":"threads.list","params":{},}',
        b"{'type':'threads.list','params':{}}",
        b"type=threads.list",
        b"\x00",
        b"\xff\xfe{}",
        b"\x1f\x8b\x08\x00",
        b'{"type":"threads.list","params":{"after":"\xed\xa0\x80"}}',
        b'{"type":"threads.list","params":{"after":"\xc3\x28"}}',
        b'{"type":"threads.list","params":{"after":"a\x00b"}}',
        b'{"type":"threads.list","params":{"after":"a\nb"}}',
        b"nul",
        b"<xml/>",
    ],
)
async def test_what_is_not_json_is_refused(body: bytes, chat: Chat) -> None:
    assert (await refused(chat, body))["status"] == 400


@pytest.mark.parametrize(
    "body",
    [
        b"{}",
        b"[]",
        b"null",
        b"1",
        b'"threads.list"',
        b'{"type":null,"params":{}}',
        b'{"type":"canary-5be1c7","params":{}}',
        b'{"type":"threads.list"}',
        b'{"type":"threads.list","params":null}',
        b'{"type":"THREADS.LIST","params":{}}',
        b'{"type":["threads.list"],"params":{}}',
        b'{"params":{}}',
        b'[{"type":"threads.list","params":{}}]',
    ],
)
async def test_what_is_not_a_request_is_refused(body: bytes, chat: Chat) -> None:
    assert (await refused(chat, body))["status"] == 422


@pytest.mark.parametrize("operation", OPERATIONS)
async def test_text_with_nul_is_refused_wherever_it_stands(operation: str, chat: Chat, things: Things) -> None:
    request = valid(operation, things)
    texts = [at for at in places(request) if isinstance(inside(request, at), str) and at != ("type",)]
    open_to_names = [at for at in places(request) if at[-1] in ("data", "payload", "result", "metadata", "answers")]

    assert texts
    assert open_to_names
    for at in texts:
        await refused(chat, json.dumps(changed(request, at, f"{CANARY}\x00")).encode())
    for at in open_to_names:
        named = {**inside(request, at), f"{CANARY}\x00": {}}
        assert (await refused(chat, json.dumps(changed(request, at, named)).encode()))["status"] == 422


@pytest.mark.parametrize("operation", OPERATIONS)
async def test_half_a_surrogate_pair_is_refused_wherever_it_stands(operation: str, chat: Chat, things: Things) -> None:
    request = valid(operation, things)
    for at in places(request):
        if isinstance(inside(request, at), str) and at != ("type",):
            for half in ("\ud83d", "\ude00", "\ude00\ud83d"):
                await refused(chat, json.dumps(changed(request, at, f"{CANARY}{half}")).encode())


@pytest.mark.parametrize(
    "number", ["NaN", "Infinity", "-Infinity", "1e999", "-1E+999", f"{HUGE}.5"], ids=lambda n: n[:9]
)
async def test_numbers_that_are_none_are_refused_wherever_they_stand(number: str, chat: Chat, things: Things) -> None:
    for operation in OPERATIONS:
        request = valid(operation, things)
        for at in places(request):
            if at == ("type",):
                continue
            body = json.dumps(changed(request, at, "@number@")).replace('"@number@"', number)
            await refused(chat, body.encode())


@pytest.mark.parametrize(("opening", "closing"), [("[", "]"), ('{"a":', "}")])
@pytest.mark.parametrize("depth", [1000, 100_000])
async def test_deep_nesting_is_refused_wherever_it_stands(
    opening: str, closing: str, depth: int, chat: Chat, things: Things
) -> None:
    nested = opening * depth + "1" + closing * depth
    for operation in OPERATIONS:
        request = valid(operation, things)
        at: Place = next((at for at in places(request) if at[-1] in ("result", "payload", "data")), ("metadata",))
        body = json.dumps(changed(request, at, "@nested@")).replace('"@nested@"', nested)
        assert (await refused(chat, body.encode()))["status"] in (400, 413, 422)


async def test_nesting_that_can_be_read_can_be_kept(chat: Chat) -> None:
    """As deep as the parser goes, so must everything behind it."""
    deepest = 0
    for depth in (10, 50, 100, 150, 180, 190, 195, 198, 200, 250):
        things = await make_things(chat)
        nested = json.loads("[" * depth + "]" * depth)
        answer = await chat.get("threads.add_client_tool_output", thread_id=things.thread, result=nested)
        assert answer.status_code in (200, 400, 422)
        if answer.status_code == 200:
            deepest = depth
            kept = (await chat.get("items.list", thread_id=things.thread, limit=100)).raise_for_status().json()
            assert [item["output"] for item in kept["data"] if item["type"] == "client_tool_call"] == [nested]
            assert '"error"' not in answer.text
        assert (await chat.say(things.thread, "text")).text == "You said something."
    assert deepest >= 100


@pytest.mark.parametrize("limit", ["-1", "-5", "0", HUGE, f"-{HUGE}"], ids=lambda limit: limit[:5])
@pytest.mark.parametrize("operation", ["threads.list", "items.list"])
async def test_a_limit_beyond_all_measure_is_clamped_or_refused(
    operation: str, limit: str, chat: Chat, things: Things
) -> None:
    request = valid(operation, things)
    request["params"].pop("after")
    body = json.dumps(changed(request, ("params", "limit"), "@limit@")).replace('"@limit@"', limit)

    answer = await chat.http.post("/chatkit", content=body, headers=JSON)

    assert answer.status_code in (200, 422)
    if answer.status_code == 200:
        assert 1 <= len(answer.json()["data"]) <= 100


@pytest.mark.parametrize("limit", ["9" * 5000, "1.5", '"ten"', "1e400", "[]"], ids=lambda limit: limit[:5])
async def test_a_limit_that_is_no_number_is_refused(limit: str, chat: Chat) -> None:
    await refused(chat, b'{"type":"threads.list","params":{"limit":%s}}' % limit.encode())


@pytest.mark.parametrize("size", ["-1", f"-{HUGE}", "1.5", "NaN"], ids=lambda size: size[:5])
async def test_a_size_that_no_file_has_is_refused(size: str, chat: Chat) -> None:
    body = json.dumps({"type": "attachments.create", "params": {"name": "a", "size": "@", "mime_type": "text/plain"}})

    await refused(chat, body.replace('"@"', size).encode())


async def test_a_body_that_says_it_is_too_large_is_refused_unread(chat: Chat, things: Things) -> None:
    body = json.dumps(valid("threads.add_user_message", things)).encode() + b" " * 10_000_000

    assert (await refused(chat, body))["status"] == 413


async def test_a_body_that_turns_out_too_large_is_refused(chat: Chat, things: Things) -> None:
    async def chunks() -> AsyncIterator[bytes]:
        yield json.dumps(valid("threads.add_user_message", things)).encode()
        for _ in range(160):
            yield b" " * 65_536

    response = await chat.http.post("/chatkit", content=chunks(), headers=JSON)

    assert response.status_code == 413
    assert response.json()["error"]["code"] == "too_large"


async def test_the_largest_body_is_as_large_as_it_says(chat: Chat, things: Things) -> None:
    body = json.dumps({"type": "threads.list", "params": {}}).encode()
    at_the_limit = body.ljust(MAX_BODY_BYTES)

    assert (await chat.http.post("/chatkit", content=at_the_limit, headers=JSON)).status_code == 200
    assert (await refused(chat, at_the_limit + b" "))["status"] == 413


@pytest.mark.parametrize(
    "content_type",
    [
        "text/plain",
        "text/plain;charset=UTF-8",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/xml",
        "application/jsonp",
    ],
)
async def test_another_content_type_is_refused(content_type: str, chat: Chat, things: Things) -> None:
    """Browsers send these across origins without asking first."""
    body = json.dumps(valid("threads.add_user_message", things)).encode()

    assert (await refused(chat, body, {"Content-Type": content_type}))["status"] == 415


@pytest.mark.parametrize(
    "content_type", ["application/json", "application/json; charset=utf-8", "Application/JSON", None]
)
async def test_json_is_taken_by_all_its_names(content_type: str | None, chat: Chat) -> None:
    body = b'{"type":"threads.list","params":{}}'

    headers = {"Content-Type": content_type} if content_type else {}
    assert (await chat.http.post("/chatkit", content=body, headers=headers)).status_code == 200


@pytest.mark.parametrize("method", ["GET", "PUT", "PATCH", "DELETE", "HEAD"])
async def test_another_method_is_refused(method: str, chat: Chat) -> None:
    response = await chat.http.request(method, "/chatkit")

    assert response.status_code == 405
    assert method == "HEAD" or response.json()["error"]["code"] == "method_not_allowed"


@pytest.mark.parametrize("path", ["/", "/chatkit/", "/chatkit/x", "/nowhere", "/%00", "/..%2f..%2fetc"])
async def test_another_address_is_refused_in_the_same_words(path: str, chat: Chat) -> None:
    response = await chat.http.post(path, content=b"{}", headers=JSON)

    assert response.status_code in (404, 405)
    assert response.json()["error"].keys() == {"code", "message", "request_id"}


async def test_an_error_quotes_nothing_of_the_request(chat: Chat, things: Things) -> None:
    request = valid("items.feedback", things)
    for at, value in [
        (("params", "kind"), CANARY),
        (("params", "item_ids"), CANARY),
        (("params", "thread_id"), CANARY),
        (("type",), CANARY),
    ]:
        error = await refused(chat, json.dumps(changed(request, at, value)).encode())
        assert CANARY not in json.dumps(error)
