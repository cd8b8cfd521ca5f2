"""How a turn can end before its time, and that nothing that was said is lost then."""

import asyncio
import os
import signal
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import anyio
import pytest
from chatkit.types import AssistantMessageItem, ThreadItem
from support.chat import Chat, text_of, user_input
from support.model_server import ModelServer
from support.server import Server, serving

BROKEN = ("fault-reset-mid", "fault-truncated", "fault-aborted-chunked", "fault-500", "fault-html")


@pytest.fixture(scope="module")
def settings(running_model_server: ModelServer, modules_database_url: str) -> dict[str, str]:
    return {
        "CHATKIT_HOST_MODEL_BASE_URL": running_model_server.base_url,
        "CHATKIT_HOST_MODELS": ",".join(BROKEN),
        "DATABASE_URL": modules_database_url,
        "CHATKIT_HOST_RESTART_TURNS": "false",
    }


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, settings: dict[str, str]) -> Iterator[Server]:
    """The model says three words and then waits."""
    with serving(tmp_path_factory.mktemp("endings"), CHATKIT_HOST_MODEL="hold", **settings) as running:
        yield running


@pytest.fixture
async def chat(server: Server, model_server: ModelServer) -> AsyncIterator[Chat]:
    async with Chat(server.url) as client:
        yield client


async def until_said(chat: Chat, thread_id: str, seconds: float = 15) -> AssistantMessageItem:
    """The thread's newest answer, once there is one."""
    with anyio.fail_after(seconds):
        while True:
            items = await chat.items(thread_id)
            if items and isinstance(items[-1], AssistantMessageItem):
                return items[-1]
            await asyncio.sleep(0.02)


async def test_what_a_client_saw_before_it_left_is_kept_to_the_letter(chat: Chat, model_server: ModelServer) -> None:
    seen = ""
    async with chat.asking("threads.create", input=user_input("say 50 words")) as (answer, events):
        async for _ in events:
            seen = answer.streamed_text
            if len(seen.split()) == 3:
                break
        thread_id = answer.thread_id

    kept = await until_said(chat, thread_id)

    assert text_of(kept) == seen
    assert seen


async def test_the_model_is_hung_up_on_within_a_second_of_a_stop(chat: Chat, model_server: ModelServer) -> None:
    async with chat.asking("threads.create", input=user_input("say 50 words")) as (answer, events):
        async for _ in events:
            if answer.streamed_text:
                break
    left = time.monotonic()

    hung_up = await asyncio.to_thread(model_server.wait_for_disconnect)

    assert hung_up - left < 1.0


async def test_after_a_stop_the_conversation_goes_on_and_the_model_knows(chat: Chat, model_server: ModelServer) -> None:
    async with chat.asking("threads.create", input=user_input("say 50 words")) as (answer, events):
        async for _ in events:
            if len(answer.streamed_text.split()) == 3:
                break
        thread_id = answer.thread_id
    kept = await until_said(chat, thread_id)
    model_server.release()

    went_on = await chat.say(thread_id, "say 2 words")

    assert went_on.errors == []
    assert len(went_on.text.split()) == 2
    told = model_server.requests[-1].body["messages"]
    assert [message["role"] for message in told][1:] == ["user", "assistant", "user", "user"]
    assert told[2]["content"] == text_of(kept)
    assert "cancelled" in told[3]["content"]


async def test_a_second_message_during_an_answer_is_refused_with_the_turn_that_runs(chat: Chat) -> None:
    async with chat.asking("threads.create", input=user_input("say 50 words")) as (answer, events):
        async for _ in events:
            if answer.streamed_text:
                break
        refused = await chat.say(answer.thread_id, "hello?")

    assert refused.status == 409
    assert refused.problem is not None
    assert refused.problem["code"] == "turn_running"
    assert refused.problem["turn_id"] == answer.turn_id


async def test_deleting_a_thread_stops_its_answer(chat: Chat, model_server: ModelServer) -> None:
    async with chat.asking("threads.create", input=user_input("say 50 words")) as (answer, events):
        async for _ in events:
            if answer.streamed_text:
                break
        deleted = await chat.get("threads.delete", thread_id=answer.thread_id)
        rest = [event async for event in events]

    assert (deleted.status_code, deleted.json()) == (200, {})
    assert all(event.type != "error" for event in rest)
    await asyncio.to_thread(model_server.wait_for_disconnect)
    assert (await chat.get("threads.get_by_id", thread_id=answer.thread_id)).status_code == 404


async def test_a_server_that_is_told_to_stop_keeps_what_was_said(server: Server, chat: Chat) -> None:
    async with chat.asking("threads.create", input=user_input("say 50 words")) as (answer, events):
        async for _ in events:
            if len(answer.streamed_text.split()) == 3:
                os.kill(server.pid, signal.SIGTERM)
                break
        rest = [event async for event in events]
        said = answer.streamed_text
    assert rest[-1].type == "thread.item.done", "the stream ended properly"
    server.stop()
    server.start()

    async with Chat(server.url) as again:
        items = await again.items(answer.thread_id)

    assert [item.type for item in items] == ["user_message", "assistant_message"]
    assert text_of(items[-1]) == said


async def test_after_kill_9_the_answer_so_far_is_there_and_the_conversation_goes_on(
    tmp_path: Path, settings: dict[str, str], model_server: ModelServer
) -> None:
    with serving(tmp_path, CHATKIT_HOST_MODEL="hold", CHATKIT_HOST_LEASE_SECONDS="1", **settings) as server:
        async with Chat(server.url) as chat:
            async with chat.asking("threads.create", input=user_input("say 50 words")) as (answer, events):
                async for _ in events:
                    if len(answer.streamed_text.split()) == 3:
                        break
                await chat.until_written(answer.turn_id, len(answer.events))
                server.kill()
            said = answer.streamed_text
        server.start()
        model_server.release()

        async with Chat(server.url) as chat:
            kept = await until_said(chat, answer.thread_id)
            went_on = await chat.say(answer.thread_id, "say 2 words")

    assert text_of(kept) == said
    assert went_on.errors == []


@pytest.mark.parametrize("model", BROKEN)
async def test_a_broken_model_ends_in_an_error_and_what_it_said_is_kept(server: Server, chat: Chat, model: str) -> None:
    before = len(server.log)
    asked = user_input("say 10 words", inference_options={"model": model})

    answer = await chat.ask("threads.create", input=asked)
    items: list[ThreadItem] = await chat.items(answer.thread_id)

    assert [(error.code, error.allow_retry) for error in answer.errors] == [("custom", True)]
    assert answer.events[-1].type == "error"
    assert "".join(text_of(item) for item in items[1:]) == answer.streamed_text
    assert "the turn failed: model_" in server.log[before:]
