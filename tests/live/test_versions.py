"""What the model is told of a thread with versions, and what is left of an edit whose server dies."""

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from support.chat import Chat, cursor_and_data, text_of, user_input
from support.model_server import Answer, ModelServer
from support.server import Server, serving

LONG = " ".join(f"word{number}" for number in range(1, 21))


@pytest.fixture
def server(tmp_path: Path, model_server: ModelServer, database_url: str) -> Iterator[Server]:
    environment = {
        "CHATKIT_HOST_MODEL_BASE_URL": model_server.base_url,
        "CHATKIT_HOST_MODEL": "demo",
        "DATABASE_URL": database_url,
        "CHATKIT_HOST_DRAIN_SECONDS": "0",
        "CHATKIT_HOST_LEASE_SECONDS": "1",
    }
    with serving(tmp_path, **environment) as running:
        yield running


async def edit(chat: Chat, thread_id: str, item_id: str, text: str) -> Any:
    return await chat.ask("threads.edit_message", thread_id=thread_id, item_id=item_id, input=user_input(text))


async def versions(chat: Chat, thread_id: str) -> list[dict[str, Any]]:
    return (await chat.get("threads.list_versions", thread_id=thread_id)).raise_for_status().json()["data"]


def told(model_server: ModelServer) -> list[str]:
    """What was said, to the model's last request."""
    messages = model_server.requests[-1].body["messages"]
    return [message["content"] for message in messages if message["role"] != "system"]


async def test_the_model_is_told_the_chosen_version_and_nothing_of_another(
    server: Server, model_server: ModelServer
) -> None:
    async with Chat(server.url) as chat:
        model_server.queue(*(Answer(text=f"answer {number}") for number in range(1, 8)))
        created = await chat.create("question 1")
        thread_id = created.thread_id
        second = await chat.say(thread_id, "question 2")
        await edit(chat, thread_id, second.items[0].id, "question 2b")
        assert told(model_server) == ["question 1", "answer 1", "question 2b"]
        await chat.say(thread_id, "question 3b")
        assert told(model_server) == ["question 1", "answer 1", "question 2b", "answer 3", "question 3b"]

        [at] = await versions(chat, thread_id)
        await chat.get("threads.choose_version", thread_id=thread_id, version_id=at["versions"][0])
        await chat.say(thread_id, "question 3")
        assert told(model_server) == ["question 1", "answer 1", "question 2", "answer 2", "question 3"]

        await chat.ask("threads.retry_after_item", thread_id=thread_id, item_id=created.items[0].id)
        assert told(model_server) == ["question 1"]
        await chat.say(thread_id, "and then?")
        assert told(model_server) == ["question 1", "answer 6", "and then?"]

        [at] = await versions(chat, thread_id)
        await chat.get("threads.choose_version", thread_id=thread_id, version_id=at["versions"][0])
        model_server.queue(Answer(text="last answer"))
        await chat.say(thread_id, "question 4")
        assert told(model_server) == [
            *("question 1", "answer 1", "question 2", "answer 2", "question 3", "answer 5", "question 4")
        ]


async def test_kill_9_during_the_answer_to_an_edited_message(server: Server, model_server: ModelServer) -> None:
    async with Chat(server.url) as chat:
        created = await chat.create("say 3 words")
        before = await chat.items(created.thread_id)
        model_server.token_seconds = 0.1
        params = {"thread_id": created.thread_id, "item_id": before[0].id, "input": user_input("say 20 words")}
        body = {"type": "threads.edit_message", "params": params}
        async with chat.http.stream("POST", "/chatkit", json=body, headers={"ChatKit-Resume": "1"}) as response:
            turn_id, seen = response.headers["ChatKit-Turn"], b""
            async for chunk in response.aiter_raw():
                seen += chunk
                if b"word5" in seen:
                    break
    server.kill()
    model_server.token_seconds = 0
    server.start()

    async with Chat(server.url) as chat:
        response = await chat.http.get(f"/api/turns/{turn_id}/events", timeout=30)
        events = [
            json.loads(cursor_and_data(record)[1])
            for record in response.content.split(b"\n\n")
            if record and not record.startswith(b":")
        ]
        shown = (await chat.http.get(f"/api/turns/{turn_id}")).json()
        after = await chat.items(created.thread_id)
        [at] = await versions(chat, created.thread_id)
        await chat.get("threads.choose_version", thread_id=created.thread_id, version_id=at["versions"][0])
        again = await chat.items(created.thread_id)

    assert events[-1]["type"] == "thread.item.done"
    assert (shown["status"], shown["attempt"]) == ("completed", 2)
    assert [item.type for item in after] == ["user_message", "assistant_message"]
    assert text_of(after[1]) == LONG
    assert (at["item_id"], at["chosen"], len(at["versions"])) == (after[0].id, turn_id, 2)
    assert again == before


async def test_an_edit_whose_server_dies_for_good_without_a_word_leaves_the_earlier_version(
    tmp_path: Path, model_server: ModelServer
) -> None:
    environment = {
        "CHATKIT_HOST_MODEL_BASE_URL": model_server.base_url,
        "CHATKIT_HOST_MODEL": "fault-stall",
        "DATABASE_URL": f"sqlite:///{tmp_path}/stalled.db",
        "CHATKIT_HOST_LEASE_SECONDS": "1",
        "CHATKIT_HOST_RESTART_TURNS": "false",
    }
    (tmp_path / "first").mkdir()
    with serving(tmp_path / "first", **{**environment, "CHATKIT_HOST_MODEL": "demo"}) as first:
        async with Chat(first.url) as chat:
            created = await chat.create("say 3 words")
    with serving(tmp_path, **environment) as server:
        async with Chat(server.url) as chat:
            asked = created.items[0].id
            async with chat.asking(
                "threads.edit_message", thread_id=created.thread_id, item_id=asked, input=user_input("better")
            ) as (answer, events):
                async for _ in events:
                    break
                assert [item.id for item in await chat.items(created.thread_id)] == [answer.items[0].id]
                server.kill()
        server.start()
        async with Chat(server.url) as chat, asyncio.timeout(20):
            while (await chat.http.get(f"/api/turns/{answer.turn_id}")).json()["status"] == "running":  # noqa: ASYNC110 - nothing tells
                await asyncio.sleep(0.05)
            kept = await chat.items(created.thread_id)
            [at] = await versions(chat, created.thread_id)

    assert [item.id for item in kept] == [item.id for item in created.items]
    assert at["versions"][1] == answer.turn_id
    assert at["chosen"] == at["versions"][0]
