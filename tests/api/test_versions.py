"""Messages that are edited and answers that are asked for again, at the ChatKit address; every other surface shows what is chosen."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
from api.conftest import SCRIPTED, SECRET, TARGET
from support.chat import Answer, Chat, user_input
from support.server import Server, serving

from chatkit_host.auth.mint import mint_token


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serving(
        tmp_path_factory.mktemp("versions"), TARGET, **SCRIPTED, JWT_SECRET=SECRET, CHATKIT_HOST_MESSAGES_PER_MINUTE="0"
    ) as running:
        yield running


@pytest.fixture
async def chat(server: Server) -> AsyncIterator[Chat]:
    async with Chat(server.url, mint_token(SECRET, "alice")) as client:
        yield client


async def ids(chat: Chat, thread_id: str) -> list[str]:
    return [item.id for item in await chat.items(thread_id)]


async def versions(chat: Chat, thread_id: str) -> list[dict[str, Any]]:
    return (await chat.get("threads.list_versions", thread_id=thread_id)).raise_for_status().json()["data"]


async def choose(chat: Chat, thread_id: str, version_id: str) -> list[dict[str, Any]]:
    chosen = await chat.get("threads.choose_version", thread_id=thread_id, version_id=version_id)
    return chosen.raise_for_status().json()["data"]


def edit_of(thread_id: str, item_id: str, text: str) -> dict[str, Any]:
    params = {"thread_id": thread_id, "item_id": item_id, "input": user_input(text)}
    return {"type": "threads.edit_message", "params": params}


async def edit(chat: Chat, thread_id: str, item_id: str, text: str, **headers: str) -> Answer:
    return await chat.send(edit_of(thread_id, item_id, text), headers)


async def test_an_edited_message_is_answered_in_its_place_and_the_first_one_is_kept(chat: Chat) -> None:
    created = await chat.create("text")
    thread_id = created.thread_id
    await chat.say(thread_id, "two_messages")
    before = await ids(chat, thread_id)

    answer = await edit(chat, thread_id, before[0], "echo")

    assert (answer.status, answer.errors) == (200, [])
    after = await ids(chat, thread_id)
    assert after[0] == answer.items[0].id
    assert not {*before} & {*after}
    [at] = await versions(chat, thread_id)
    assert at == {"item_id": after[0], "versions": [at["versions"][0], answer.turn_id], "chosen": answer.turn_id}
    assert await choose(chat, thread_id, at["versions"][0]) == [
        {"item_id": before[0], "versions": at["versions"], "chosen": at["versions"][0]}
    ]
    assert await ids(chat, thread_id) == before
    await choose(chat, thread_id, answer.turn_id)
    assert await ids(chat, thread_id) == after


async def test_an_answer_that_was_asked_for_again_has_versions(chat: Chat) -> None:
    created = await chat.create("text")
    thread_id, asked = created.thread_id, created.items[0].id
    before = await ids(chat, thread_id)
    again = await chat.ask("threads.retry_after_item", thread_id=thread_id, item_id=asked)
    [at] = await versions(chat, thread_id)
    assert (at["item_id"], at["chosen"]) == (again.items[0].id, again.turn_id)
    await choose(chat, thread_id, at["versions"][0])
    assert await ids(chat, thread_id) == before


async def test_an_edit_that_fails_before_a_word_shows_the_earlier_version(chat: Chat) -> None:
    created = await chat.create("text")
    thread_id = created.thread_id
    before = await ids(chat, thread_id)

    failed = await edit(chat, thread_id, before[0], "stream_error_without_retry")

    assert len(failed.errors) == 1
    assert await ids(chat, thread_id) == before
    [at] = await versions(chat, thread_id)
    assert (at["item_id"], at["chosen"]) == (before[0], at["versions"][0])
    await choose(chat, thread_id, failed.turn_id)
    assert await ids(chat, thread_id) == [failed.items[0].id]


async def test_half_an_answer_to_an_edited_message_stays_when_it_is_stopped(chat: Chat) -> None:
    created = await chat.create("text")
    thread_id, asked = created.thread_id, created.items[0].id
    async with chat.asking("threads.edit_message", thread_id=thread_id, item_id=asked, input=user_input("hold")) as (
        answer,
        events,
    ):
        async for _ in events:
            if "an answer" in answer.streamed_text:
                break
        stopped = (await chat.http.post(f"/api/turns/{answer.turn_id}/cancel")).json()
    assert stopped["status"] == "cancelled"
    shown = await chat.items(thread_id)
    assert shown[0] == answer.items[0]
    assert "Half of an answer" in str(shown[1:])
    [at] = await versions(chat, thread_id)
    assert (len(at["versions"]), at["chosen"]) == (2, answer.turn_id)


async def test_only_messages_of_the_user_can_be_edited(chat: Chat) -> None:
    created = await chat.create("text")
    answer = await edit(chat, created.thread_id, created.items[1].id, "echo")
    assert (answer.status, answer.problem and answer.problem["code"]) == (422, "invalid_input")
    long = await edit(chat, created.thread_id, created.items[0].id, "x" * 40_000)
    empty = await edit(chat, created.thread_id, "msg_unknown", "echo")
    assert (long.status, empty.status) == (422, 404)
    assert await versions(chat, created.thread_id) == []


async def test_a_thread_that_is_locked_is_not_edited(chat: Chat) -> None:
    created = await chat.create("text")
    await chat.say(created.thread_id, "lock")
    before = await ids(chat, created.thread_id)
    answer = await edit(chat, created.thread_id, created.items[0].id, "echo")
    assert (answer.status, answer.problem and answer.problem["code"]) == (409, "thread_not_active")
    assert await ids(chat, created.thread_id) == before


async def test_while_an_answer_is_written_no_version_is_chosen_and_an_edit_follows_the_policy(chat: Chat) -> None:
    created = await chat.create("text")
    thread_id = created.thread_id
    edited = await edit(chat, thread_id, created.items[0].id, "echo")
    [at] = await versions(chat, thread_id)
    async with chat.asking("threads.add_user_message", thread_id=thread_id, input=user_input("hold")) as (
        held,
        events,
    ):
        async for _ in events:
            if held.streamed_text:
                break
        chosen = await chat.get("threads.choose_version", thread_id=thread_id, version_id=at["versions"][0])
        refused = await edit(chat, thread_id, edited.items[0].id, "text")
        interrupting = await edit(chat, thread_id, edited.items[0].id, "text", **{"ChatKit-When-Busy": "interrupt"})

    assert (chosen.status_code, chosen.json()["error"]["code"]) == (409, "turn_running")
    assert chosen.json()["error"]["turn_id"] == held.turn_id
    assert (refused.status, refused.problem and refused.problem["code"]) == (409, "turn_running")
    assert (interrupting.status, interrupting.text) == (200, "You said something.")
    assert (await chat.http.get(f"/api/turns/{held.turn_id}")).json()["status"] == "cancelled"
    [at] = await versions(chat, thread_id)
    assert (len(at["versions"]), at["chosen"]) == (3, interrupting.turn_id)


async def test_an_edit_that_waits_its_turn_finds_the_message_that_it_edits(chat: Chat) -> None:
    created = await chat.create("text")
    thread_id = created.thread_id
    async with chat.asking("threads.add_user_message", thread_id=thread_id, input=user_input("hold_until_told")) as (
        held,
        events,
    ):
        async for _ in events:
            if held.streamed_text:
                break
        waiting = asyncio.create_task(
            edit(chat, thread_id, created.items[0].id, "text", **{"ChatKit-When-Busy": "queue"})
        )
        await asyncio.sleep(0.2)
        assert not waiting.done()
        await chat.get("threads.update", thread_id=thread_id, title="go on")
        async for _ in events:
            pass
        answer = await waiting
    assert answer.status == 200
    assert await ids(chat, thread_id) == [item.id for item in answer.items]


async def test_an_edit_that_is_sent_again_joins_the_first(chat: Chat) -> None:
    created = await chat.create("text")
    thread_id, asked = created.thread_id, created.items[0].id
    first = await edit(chat, thread_id, asked, "echo", **{"Idempotency-Key": f"edit-{thread_id}"})
    second = await edit(chat, thread_id, asked, "echo", **{"Idempotency-Key": f"edit-{thread_id}"})
    other = await edit(chat, thread_id, asked, "text", **{"Idempotency-Key": f"edit-{thread_id}"})
    assert (second.turn_id, second.events) == (first.turn_id, first.events)
    assert (other.status, other.problem and other.problem["code"]) == (422, "idempotency_mismatch")
    assert len((await versions(chat, thread_id))[0]["versions"]) == 2


async def test_every_surface_shows_what_is_chosen(chat: Chat) -> None:
    created = await chat.create("quokka text")
    thread_id = created.thread_id
    place = f"/api/conversations/{thread_id}"
    edited = await edit(chat, thread_id, created.items[0].id, "wombat text")

    async def told() -> dict[str, str]:
        found = await chat.http.get("/api/conversations/search", params={"q": "quokka"})
        return {
            "search": found.text,
            "conversation": (await chat.http.get(place)).text,
            "json": (await chat.http.get(f"{place}/export")).text,
            "markdown": (await chat.http.get(f"{place}/export", params={"format": "markdown"})).text,
            "recent": (await chat.http.get("/api/conversations/recent/first")).text,
            "chatkit": (await chat.get("threads.get_by_id", thread_id=thread_id)).text,
        }

    now = await told()
    assert [name for name, text in now.items() if "quokka" in text] == []
    assert created.items[0].id not in "".join(now.values())
    assert edited.items[0].id in now["chatkit"]
    [at] = await versions(chat, thread_id)
    await choose(chat, thread_id, at["versions"][0])
    before = await told()
    assert edited.items[0].id not in "".join(before.values())
    assert all(created.items[0].id in before[name] for name in ("search", "conversation", "json", "chatkit"))


async def test_files_of_a_message_can_stay_with_it(chat: Chat) -> None:
    file = (await chat.get("attachments.create", name="a.txt", size=1, mime_type="text/plain")).json()["id"]
    created = await chat.ask("threads.create", input={**user_input("text"), "attachments": [file]})
    answer = await chat.ask(
        "threads.edit_message",
        thread_id=created.thread_id,
        item_id=created.items[0].id,
        input={**user_input("echo"), "attachments": [file]},
    )
    assert [attachment.id for attachment in answer.items[0].attachments] == [file]  # pyright: ignore[reportAttributeAccessIssue]


async def test_edits_count_against_the_rate(tmp_path: Path) -> None:
    with serving(tmp_path, TARGET, **SCRIPTED, JWT_SECRET=SECRET, CHATKIT_HOST_MESSAGES_PER_MINUTE="2") as limited:
        async with Chat(limited.url, mint_token(SECRET, "alice")) as chat:
            created = await chat.create("text")
            statuses = [
                (await edit(chat, created.thread_id, created.items[0].id, "text")).status,
                (await edit(chat, created.thread_id, (await ids(chat, created.thread_id))[0], "text")).status,
            ]
    assert statuses == [200, 429]


async def test_a_server_whose_store_keeps_no_versions_does_not_announce_them(tmp_path: Path) -> None:
    with serving(tmp_path, TARGET, **{**SCRIPTED, "SCRIPTED_STORE": "awaiting"}) as theirs:
        async with Chat(theirs.url) as chat:
            created = await chat.create("text")
            answer = await edit(chat, created.thread_id, created.items[0].id, "echo")
            listed = await chat.get("threads.list_versions", thread_id=created.thread_id)
            kept = await ids(chat, created.thread_id)
    announced = {word.strip() for word in created.headers["ChatKit-Extensions"].split(",")}
    assert "resume" in announced
    assert not announced & {"edit", "versions"}
    assert (answer.status, listed.status_code) == (422, 422)
    assert answer.problem is not None
    assert answer.problem["code"] == listed.json()["error"]["code"] == "not_supported"
    assert kept == [item.id for item in created.items]


async def test_versions_are_announced(chat: Chat) -> None:
    announced = (await chat.get("threads.list")).headers["ChatKit-Extensions"].split(", ")
    assert {"edit", "versions"} <= {*announced}
