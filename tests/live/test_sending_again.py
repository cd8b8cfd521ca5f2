"""The same message sent again, and another one sent while an answer is being written."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from support.chat import Answer, Chat, text_of, user_input
from support.model_server import ModelServer
from support.server import Server, serving

from chatkit_host.auth.mint import mint_token

SECRET = "V7Qd0tYH2kR9wZ4xN8mB5cL1pG6sJ3fA"


@pytest.fixture
def server(tmp_path: Path, model_server: ModelServer, database_url: str) -> Iterator[Server]:
    environment = {
        "CHATKIT_HOST_MODEL_BASE_URL": model_server.base_url,
        "CHATKIT_HOST_MODEL": "hold",
        "DATABASE_URL": database_url,
        "JWT_SECRET": SECRET,
    }
    with serving(tmp_path, **environment) as running:
        yield running


@pytest.fixture
async def chat(server: Server) -> AsyncIterator[Chat]:
    async with Chat(server.url, mint_token(SECRET, "alice")) as client:
        yield client


@pytest.fixture
async def bob(server: Server) -> AsyncIterator[Chat]:
    async with Chat(server.url, mint_token(SECRET, "bob")) as client:
        yield client


def keyed(key: str, **headers: str) -> dict[str, str]:
    return {"Idempotency-Key": key, **headers}


def first_message(text: str = "say 20 words") -> dict[str, Any]:
    return {"type": "threads.create", "params": {"input": user_input(text)}}


def message(thread_id: str, text: str = "say 20 words") -> dict[str, Any]:
    return {"type": "threads.add_user_message", "params": {"thread_id": thread_id, "input": user_input(text)}}


async def all_threads(chat: Chat) -> list[str]:
    return [thread["id"] for thread in (await chat.get("threads.list", limit=100)).json()["data"]]


async def roles(chat: Chat, thread_id: str) -> list[str]:
    return [item.type for item in await chat.items(thread_id)]


async def answered_thread(chat: Chat, model_server: ModelServer) -> str:
    asking = asyncio.create_task(chat.send(first_message("say 3 words")))
    await released(model_server, asking)
    return asking.result().thread_id


async def released(model_server: ModelServer, *asking: "asyncio.Task[Any]") -> None:
    """Lets the model go on until these have their answers."""
    model_server.release()
    await asyncio.wait(asking, timeout=30)
    model_server.hold()


async def running_turn(chat: Chat, thread_id: str) -> str:
    async with asyncio.timeout(10):
        while True:
            shown = (await chat.http.get(f"/api/conversations/{thread_id}")).json()
            if shown["running_turn_id"] is not None:
                return shown["running_turn_id"]
            await asyncio.sleep(0.02)


def told(answer: Answer) -> list[str]:
    return [event.model_dump_json() for event in answer.events]


async def test_eight_equal_requests_with_one_key_are_one_message_with_eight_readers(
    chat: Chat, model_server: ModelServer
) -> None:
    asking = [asyncio.create_task(chat.send(first_message(), keyed("one"))) for _ in range(8)]
    await released(model_server, *asking)

    answers = [task.result() for task in asking]
    assert {answer.status for answer in answers} == {200}
    assert len({answer.turn_id for answer in answers}) == 1
    assert [answer.cursors for answer in answers] == [answers[0].cursors] * 8
    assert "".join(answer.streamed_text for answer in answers) == answers[0].streamed_text * 8
    [thread_id] = await all_threads(chat)
    assert await roles(chat, thread_id) == ["user_message", "assistant_message"]


async def test_a_key_answers_with_the_same_stream_after_the_end(chat: Chat, model_server: ModelServer) -> None:
    asking = asyncio.create_task(chat.send(first_message(), keyed("again")))
    await released(model_server, asking)
    first = asking.result()

    second = await chat.send(first_message(), keyed("again"))

    assert (second.turn_id, told(second)) == (first.turn_id, told(first))
    assert len(model_server.requests) == 1


async def test_a_key_may_come_in_the_metadata_of_the_request(chat: Chat, model_server: ModelServer) -> None:
    body = {**first_message(), "metadata": {"client_request_id": "from-the-client"}}
    asking = [asyncio.create_task(chat.send(body)) for _ in range(2)]
    await released(model_server, *asking)

    assert asking[0].result().turn_id == asking[1].result().turn_id


async def test_a_key_with_another_body_is_refused_and_nothing_is_written(chat: Chat, model_server: ModelServer) -> None:
    asking = asyncio.create_task(chat.send(first_message(), keyed("mine")))
    await released(model_server, asking)

    refused = await chat.send(first_message("something else"), keyed("mine"))

    assert refused.problem is not None
    assert (refused.status, refused.problem["code"]) == (422, "idempotency_mismatch")
    assert len(await all_threads(chat)) == 1


async def test_keys_of_two_users_are_strangers(chat: Chat, bob: Chat, model_server: ModelServer) -> None:
    asking = [
        asyncio.create_task(chat.send(first_message(), keyed("k"))),
        asyncio.create_task(bob.send(first_message(), keyed("k"))),
    ]
    await released(model_server, *asking)

    assert asking[0].result().turn_id != asking[1].result().turn_id
    assert (len(await all_threads(chat)), len(await all_threads(bob))) == (1, 1)


@pytest.mark.parametrize("key", ["", "x" * 256, "two words", "ünïcode"])
async def test_a_key_that_is_none_is_refused(chat: Chat, key: str) -> None:
    response = await chat.http.post(
        "/chatkit", json=first_message(), headers=[(b"idempotency-key", key.encode("latin-1"))]
    )

    assert (response.status_code, response.json()["error"]["code"]) == (422, "invalid_input")


async def test_the_same_message_while_it_is_being_answered_joins_its_answer(
    chat: Chat, model_server: ModelServer
) -> None:
    thread_id = await answered_thread(chat, model_server)
    first = asyncio.create_task(chat.send(message(thread_id)))
    await running_turn(chat, thread_id)
    again = asyncio.create_task(chat.send(message(thread_id)))
    await asyncio.sleep(0.2)
    await released(model_server, first, again)

    assert again.result().turn_id == first.result().turn_id
    assert told(again.result()) == told(first.result())
    assert (await roles(chat, thread_id)).count("user_message") == 2


async def test_a_reader_that_joined_may_leave(chat: Chat, model_server: ModelServer) -> None:
    thread_id = await answered_thread(chat, model_server)
    first = asyncio.create_task(chat.send(message(thread_id)))
    await running_turn(chat, thread_id)
    async with chat.http.stream("POST", "/chatkit", json=message(thread_id)) as joined:
        assert joined.status_code == 200
    await asyncio.sleep(0.2)
    await released(model_server, first)

    assert (await chat.http.get(f"/api/turns/{first.result().turn_id}")).json()["status"] == "completed"


async def test_a_sender_with_a_key_may_leave_and_send_again(chat: Chat, model_server: ModelServer) -> None:
    async with chat.http.stream("POST", "/chatkit", json=first_message(), headers=keyed("back")) as left:
        turn_id = left.headers["ChatKit-Turn"]
    await asyncio.sleep(0.2)
    again = asyncio.create_task(chat.send(first_message(), keyed("back")))
    await released(model_server, again)

    assert again.result().turn_id == turn_id
    assert len(again.result().text.split()) == 20


async def test_another_message_meanwhile_is_refused_with_the_turn_that_runs(
    chat: Chat, model_server: ModelServer
) -> None:
    thread_id = await answered_thread(chat, model_server)
    first = asyncio.create_task(chat.send(message(thread_id)))
    turn_id = await running_turn(chat, thread_id)

    refused = await chat.send(message(thread_id, "and another"))
    await released(model_server, first)

    assert refused.problem is not None
    assert (refused.status, refused.problem["code"]) == (409, "turn_running")
    assert refused.problem["turn_id"] == turn_id == first.result().turn_id


async def test_queued_messages_are_answered_in_the_order_they_came(chat: Chat, model_server: ModelServer) -> None:
    thread_id = await answered_thread(chat, model_server)
    asking = [asyncio.create_task(chat.send(message(thread_id, "say 4 words")))]
    await running_turn(chat, thread_id)
    for words in (5, 6, 7):
        body = message(thread_id, f"say {words} words")
        asking.append(asyncio.create_task(chat.send(body, {"ChatKit-When-Busy": "queue"})))
        await asyncio.sleep(0.1)
    await released(model_server, *asking)

    assert [len(task.result().text.split()) for task in asking] == [4, 5, 6, 7]
    items = await chat.items(thread_id)
    answers = [len(text_of(item).split()) for item in items if item.type == "assistant_message"]
    assert answers == [3, 4, 5, 6, 7]
    assert [item.type for item in items] == ["user_message", "assistant_message"] * 5


async def test_a_queued_message_is_not_taken_from_a_client_that_left(chat: Chat, model_server: ModelServer) -> None:
    thread_id = await answered_thread(chat, model_server)
    first = asyncio.create_task(chat.send(message(thread_id)))
    await running_turn(chat, thread_id)
    with pytest.raises(httpx.ReadTimeout):
        await chat.http.post(
            "/chatkit", json=message(thread_id, "never"), headers={"ChatKit-When-Busy": "queue"}, timeout=0.3
        )
    await released(model_server, first)
    await asyncio.sleep(0.5)

    assert await roles(chat, thread_id) == ["user_message", "assistant_message"] * 2


async def test_an_interrupting_message_stops_the_answer_and_keeps_what_was_said(
    chat: Chat, model_server: ModelServer
) -> None:
    thread_id = await answered_thread(chat, model_server)
    first = asyncio.create_task(chat.send(message(thread_id)))
    stopped = await running_turn(chat, thread_id)
    await chat.until_written(stopped, 4)
    second = asyncio.create_task(chat.send(message(thread_id, "say 6 words"), {"ChatKit-When-Busy": "interrupt"}))
    await first
    await released(model_server, second)

    assert (await chat.http.get(f"/api/turns/{stopped}")).json()["status"] == "cancelled"
    assert len(second.result().text.split()) == 6
    assert (await roles(chat, thread_id)).count("user_message") == 3


async def test_a_policy_that_is_none_is_refused(chat: Chat) -> None:
    refused = await chat.send(first_message(), {"ChatKit-When-Busy": "shove"})

    assert refused.problem is not None
    assert (refused.status, refused.problem["code"]) == (422, "invalid_input")


async def test_plain_chat_joins_by_key_as_well(chat: Chat, model_server: ModelServer) -> None:
    body = {"messages": [{"role": "user", "content": "say 9 words"}]}
    asking = [
        asyncio.create_task(chat.http.post("/api/chat/sync", json=body, headers=keyed("plain"))) for _ in range(3)
    ]
    await released(model_server, *asking)

    answers = [task.result() for task in asking]
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.headers["ChatKit-Turn"] for answer in answers}) == 1
    assert {len(answer.json()["content"].split()) for answer in answers} == {9}
