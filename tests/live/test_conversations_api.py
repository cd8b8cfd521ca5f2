"""`/api/conversations` on a real server: the same threads as ChatKit's, for their owner alone."""

import asyncio
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from support.chat import Chat, user_input
from support.server import serving

from chatkit_host.auth.mint import mint_token

SECRET = "Zk3vQ9rT1xB7mW5pL8dF2hJ6nC4sG0yA"
LIST = "/api/conversations"


async def _get(chat: Chat, path: str, **params: Any) -> Any:
    response = await chat.http.get(path, params=params)
    assert response.status_code == 200, response.text
    return response.json()


def _code(response: httpx.Response) -> tuple[int, str]:
    error = response.json()["error"]
    assert set(error) >= {"code", "message", "request_id"}
    return response.status_code, error["code"]


async def test_a_conversation_from_beginning_to_end(alice: Chat) -> None:
    created = await alice.http.post(LIST, json={"title": "  Groceries \u202e "})
    assert created.status_code == 201
    conversation = created.json()
    assert {
        name: conversation[name] for name in ("title", "preview", "message_count", "status", "running_turn_id")
    } == {
        "title": "Groceries",
        "preview": None,
        "message_count": 0,
        "status": "active",
        "running_turn_id": None,
    }
    assert conversation["created_at"].endswith("Z")

    answer = await alice.say(conversation["id"], "add buy milk")
    assert answer.status == 200
    listed = (await _get(alice, LIST))["data"]
    assert [each["id"] for each in listed] == [conversation["id"]]
    assert listed[0]["message_count"] == 2
    assert listed[0]["preview"] == answer.text
    assert listed[0]["running_turn_id"] is None

    shown = await _get(alice, f"{LIST}/{conversation['id']}")
    assert {name: shown[name] for name in listed[0]} == listed[0]
    assert [message["role"] for message in shown["messages"]] == ["user", "tool", "assistant"]
    assert [message["content"] for message in shown["messages"]] == ["add buy milk", "", answer.text]
    (call,) = shown["messages"][1]["tool_calls"]
    assert (call["name"], call["status"]) == ("Add task", "completed")
    assert "milk" in call["content"].lower()
    assert (shown["has_more"], shown["after"]) == (False, None)

    renamed = await alice.http.patch(f"{LIST}/{conversation['id']}", json={"title": "Milk"})
    assert renamed.json() == {**listed[0], "title": "Milk"}
    assert (await alice.thread(conversation["id"])).title == "Milk"

    deleted = await alice.http.delete(f"{LIST}/{conversation['id']}")
    assert (deleted.status_code, deleted.json()) == (200, {"status": "deleted", "id": conversation["id"]})
    assert _code(await alice.http.get(f"{LIST}/{conversation['id']}")) == (404, "not_found")
    assert await _get(alice, f"{LIST}/search", q="milk") == {"data": []}


async def test_a_slash_at_the_end_makes_no_difference(alice: Chat) -> None:
    created = await alice.http.post(LIST + "/", json={})
    assert created.status_code == 201
    one = f"{LIST}/{created.json()['id']}"
    for path in (LIST, one, f"{LIST}/recent/first", f"{LIST}/search?q=x", f"{one}/export"):
        bare, _, query = path.partition("?")
        without = await alice.http.get(path)
        slashed = await alice.http.get(f"{bare}/" + (f"?{query}" if query else ""))
        assert (without.status_code, slashed.status_code) == (200, 200), path
        assert without.content == slashed.content
    assert (await alice.http.patch(one + "/", json={"title": "x"})).status_code == 200
    assert (await alice.http.delete(one + "/")).status_code == 200


async def test_the_newest_conversation_comes_first(alice: Chat) -> None:
    assert await _get(alice, f"{LIST}/recent/first") is None
    first = (await alice.create("hello")).thread_id
    second = (await alice.create("good morning")).thread_id
    assert (await _get(alice, f"{LIST}/recent/first"))["id"] == second
    await alice.say(first, "hello again")
    assert (await _get(alice, f"{LIST}/recent/first"))["id"] == first
    assert [each["id"] for each in (await _get(alice, LIST))["data"]] == [first, second]
    await alice.http.patch(f"{LIST}/{second}", json={"title": "Renamed"})
    assert (await _get(alice, f"{LIST}/recent/first"))["id"] == first


async def test_pages_have_each_conversation_once_while_people_talk(alice: Chat) -> None:
    made = [(await alice.http.post(LIST, json={"title": f"No {number}"})).json()["id"] for number in range(11)]
    seen: list[str] = []
    after: dict[str, str] = {}
    while True:
        page = await _get(alice, LIST, limit=3, **after)
        seen += [each["id"] for each in page["data"]]
        if not page["has_more"]:
            assert page["after"] is None
            break
        after = {"after": page["after"]}
        # Something new, and something said where the reader has been already.
        await alice.http.post(LIST, json={"title": "new"})
        await alice.say(seen[0], "hello")
    assert seen == made[::-1]


async def test_pages_by_offset_are_there_for_older_clients(alice: Chat) -> None:
    made = [(await alice.http.post(LIST, json={})).json()["id"] for _ in range(5)][::-1]
    page = await _get(alice, LIST, limit=2, offset=2)
    assert ([each["id"] for each in page["data"]], page["has_more"]) == (made[2:4], True)
    page = await _get(alice, LIST, limit=2, offset=4)
    assert ([each["id"] for each in page["data"]], page["has_more"]) == (made[4:], False)
    assert _code(await alice.http.get(LIST, params={"offset": 1, "after": made[0]})) == (422, "invalid_input")


@pytest.mark.parametrize("order", ["asc", "desc"])
async def test_messages_come_in_pages(alice: Chat, order: str) -> None:
    thread_id = (await alice.create("add buy milk")).thread_id
    for text in ("add call mom", "what is on my list"):
        await alice.say(thread_id, text)
    whole = (await _get(alice, f"{LIST}/{thread_id}", order=order))["messages"]
    seen: list[Any] = []
    after: dict[str, str] = {}
    while True:
        page = await _get(alice, f"{LIST}/{thread_id}", order=order, limit=2, **after)
        seen += page["messages"]
        if not page["has_more"]:
            break
        after = {"after": page["after"]}
    assert seen == whole
    assert len({message["id"] for message in whole}) == 9
    said = [message["content"] for message in whole if message["role"] == "user"]
    assert said == ["add buy milk", "add call mom", "what is on my list"][:: 1 if order == "asc" else -1]


async def test_a_search_finds_words_and_marks_them(alice: Chat, bob: Chat) -> None:
    thread_id = (await alice.create("Where did I put the Rhododendron seeds?")).thread_id
    await bob.create("Rhododendron again")
    for asked in ("rhododendron", "RHODO", "seeds rhodod"):
        found = [each for each in (await _get(alice, f"{LIST}/search", q=asked))["data"] if each["role"] == "user"]
        assert [each["conversation_id"] for each in found] == [thread_id], asked
        assert any(part["hit"] for part in found[0]["snippet"])
        assert "".join(part["text"] for part in found[0]["snippet"]) == "Where did I put the Rhododendron seeds?"


@pytest.mark.parametrize(
    "asked", ['"', "*", "AND", "a OR", "NEAR(a b)", "words:x", "'; --", "😀", "x " * 500, "", "\\"]
)
async def test_no_search_is_an_error(alice: Chat, asked: str) -> None:
    await alice.create("hello")
    found = await _get(alice, f"{LIST}/search", q=asked)
    assert all("hello" not in "".join(part["text"] for part in each["snippet"]) for each in found["data"])


async def test_an_export_is_whole(alice: Chat) -> None:
    first = await alice.create("add buy milk")
    thread_id = first.thread_id
    await alice.http.patch(f"{LIST}/{thread_id}", json={"title": 'Ä "quoted"; ../title\u2028'})
    shown = await _get(alice, f"{LIST}/{thread_id}")

    exported = await alice.http.get(f"{LIST}/{thread_id}/export")
    assert exported.headers["content-type"] == "application/json"
    name = f"conversation-{shown['created_at'][:10]}-a-quoted-title"
    assert exported.headers["content-disposition"] == f'attachment; filename="{name}.json"'
    assert exported.json()["messages"] == shown["messages"]
    assert exported.json()["title"] == shown["title"]

    markdown = await alice.http.get(f"{LIST}/{thread_id}/export", params={"format": "markdown"})
    assert markdown.headers["content-type"] == "text/markdown; charset=utf-8"
    assert markdown.headers["content-disposition"] == f'attachment; filename="{name}.md"'
    for text in ("# Ä", "## User", "add buy milk", "Add task (completed)", first.text):
        assert text in markdown.text


async def test_a_running_answer_is_told_and_deleting_stops_it(tmp_path: Path) -> None:
    with serving(tmp_path, JWT_SECRET=SECRET, CHATKIT_HOST_OFFLINE_WORD_SECONDS="0.2") as slow:
        async with Chat(slow.url, mint_token(SECRET, "alice")) as alice:
            async with alice.asking("threads.create", input=user_input("help")) as (answer, events):
                async for _ in events:
                    if answer.streamed_text:
                        break
                (listed,) = (await _get(alice, LIST))["data"]
                assert listed["running_turn_id"] == answer.turn_id
                deleted = await alice.http.delete(f"{LIST}/{listed['id']}")
                assert deleted.json() == {"status": "deleted", "id": listed["id"]}
                async with asyncio.timeout(5):
                    async for _ in events:
                        pass
            assert await _get(alice, LIST) == {"data": [], "has_more": False, "after": None}


REQUESTS = [
    ("GET", ""),
    ("POST", ""),
    ("GET", "/recent/first"),
    ("GET", "/search?q=hello"),
    ("GET", "/{id}"),
    ("PATCH", "/{id}"),
    ("DELETE", "/{id}"),
    ("GET", "/{id}/export"),
]


@pytest.mark.parametrize(("method", "path"), REQUESTS)
async def test_nobody_is_told_anything_without_a_token(anonymous: Chat, method: str, path: str) -> None:
    body = {"title": "x"} if method in ("POST", "PATCH") else None
    for slash in ("", "/"):
        bare, _, query = path.format(id="thr_1").partition("?")
        response = await anonymous.http.request(method, f"{LIST}{bare}{slash}?{query}", json=body)
        assert _code(response) == (401, "unauthorized")
        assert response.headers["www-authenticate"].startswith("Bearer")


@pytest.mark.parametrize(("method", "path"), [each for each in REQUESTS if "{id}" in each[1]])
async def test_to_a_stranger_hers_is_like_none(alice: Chat, bob: Chat, method: str, path: str) -> None:
    thread_id = (await alice.create("hello")).thread_id
    before = await _get(alice, f"{LIST}/{thread_id}")
    body = {"title": "Bob's"} if method == "PATCH" else None
    answers = [
        await bob.http.request(method, LIST + path.format(id=each), json=body)
        for each in (thread_id, "thr_unknown", "%00", quote("𝕏" * 300))
    ]
    assert {_code(answer) for answer in answers} == {(404, "not_found")}
    assert _code(await bob.http.get(LIST, params={"after": thread_id})) == (404, "not_found")
    assert await _get(alice, f"{LIST}/{thread_id}") == before


@pytest.mark.parametrize(
    "path",
    [
        "?limit=0",
        "?limit=101",
        "?limit=-1",
        "?limit=x",
        "?offset=-1",
        "?offset=100001",
        "/search",
        "/search?q=" + "x" * 1001,
        "/search?q=x&limit=51",
        "/{id}?limit=0",
        "/{id}?order=up",
        "/{id}/export?format=exe",
    ],
)
async def test_values_that_are_not_allowed_are_named(alice: Chat, path: str) -> None:
    thread_id = (await alice.http.post(LIST, json={})).json()["id"]
    response = await alice.http.get(LIST + path.format(id=thread_id))
    assert _code(response) == (422, "invalid_input")
    assert path.partition("?")[2].partition("=")[0] in response.json()["error"]["message"]


async def test_a_family_in_a_title_stays_together(alice: Chat) -> None:
    family = "\U0001f468\u200d\U0001f469\u200d\U0001f467"
    made = await alice.http.post(LIST, json={"title": f" The {family}\u200b\n"})
    assert made.json()["title"] == f"The {family}"


@pytest.mark.parametrize("title", ["", "   ", "\u200b", "\u3164\ufe0f", "x" * 201, None, 1, "a\0b"])
async def test_a_title_has_1_to_200_visible_characters(alice: Chat, title: Any) -> None:
    thread_id = (await alice.http.post(LIST, json={"title": "kept"})).json()["id"]
    response = await alice.http.patch(f"{LIST}/{thread_id}", json={"title": title})
    assert _code(response) == (422, "invalid_input")
    assert (await _get(alice, f"{LIST}/{thread_id}"))["title"] == "kept"


async def test_a_body_that_is_no_json_is_refused(alice: Chat) -> None:
    for body, status in ((b"{", 400), (b"[]", 422), (b'"x"', 422)):
        response = await alice.http.post(LIST, content=body, headers={"content-type": "application/json"})
        assert response.status_code == status
    assert (await alice.http.post(LIST)).status_code == 201


async def test_the_description_names_every_route(anonymous: Chat) -> None:
    paths = (await anonymous.http.get("/openapi.json")).json()["paths"]
    for method, path in REQUESTS:
        described = paths[LIST + path.partition("?")[0].replace("{id}", "{conversation_id}")][method.lower()]
        success = described["responses"]["201" if method == "POST" else "200"]
        assert success["content"]
        assert "401" in described["responses"]
        assert ("requestBody" in described) == (method in ("POST", "PATCH"))
    assert not [path for path in paths if path.endswith("/") and path != "/"]
