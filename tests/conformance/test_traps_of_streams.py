"""What the official SDK was seen to do while an answer is written, above all when the client goes away."""

import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass

import httpx
import pytest
from chatkit.types import AssistantMessageItem, ThreadItem, ThreadUpdatedEvent, WorkflowItem
from conformance.conftest import TESTS, Start
from support import scripted_server
from support.chat import Answer, Chat, cursor_and_data, text_of, user_input
from support.scripted_server import ServerName, StoreName
from support.server import Server, serving

from chatkit_host.store.migrate import migrate

ChatOn = Callable[[ServerName, StoreName], Chat]


async def begin_and_leave(chat: Chat, script: str, until: str) -> Answer:
    async with chat.asking("threads.create", input=user_input(script)) as (answer, events):
        async for event in events:
            if until in event.model_dump_json() or until in answer.streamed_text:
                return answer
    raise AssertionError("the answer ended")


async def test_a_partial_answer_survives_a_disconnect_with_a_truly_async_store(chat_on: ChatOn) -> None:
    chat = chat_on("plain", "awaiting")
    begun = await begin_and_leave(chat, "hold", "an answer")

    note = await chat.say_when_free(begun.thread_id, "recall")

    kinds = "['user_message', 'workflow', 'assistant_message', 'sdk_hidden_context', 'user_message']"
    assert kinds in note.text
    assert "The user cancelled the stream. Stop responding to the prior request." in note.text
    _, workflow, message, *_ = await chat.items(begun.thread_id)
    assert text_of(message) == "Half of an answer"
    assert isinstance(workflow, WorkflowItem)
    assert [task.status_indicator for task in workflow.workflow.tasks] == ["none"]


async def test_what_an_override_does_about_a_stop_survives_with_a_truly_async_store(chat: Chat) -> None:
    begun = await begin_and_leave(chat, "hold", "an answer")

    note = await chat.say_when_free(begun.thread_id, "recall")

    assert "['user_message', 'assistant_message', 'user_message'] []" in note.text
    assert text_of((await chat.items(begun.thread_id))[1]) == "Half of an answer [kept by the override]"


async def test_the_generator_of_an_answer_is_closed_when_the_client_leaves(chat: Chat) -> None:
    begun = await begin_and_leave(chat, "tidy", "an answer")

    await chat.say_when_free(begun.thread_id, "silence")

    said = [text_of(item) for item in await chat.items(begun.thread_id) if isinstance(item, AssistantMessageItem)]
    assert "Tidied up." in said


async def test_heartbeats_do_not_break_the_answer(chat: Chat) -> None:
    body = {"type": "threads.create", "params": {"input": user_input("hold_until_told")}}
    raw = b""
    async with chat.http.stream("POST", "/chatkit", json=body) as response:
        async for chunk in response.aiter_raw():
            raw += chunk
            if raw.count(b": ping\n\n") == 3:
                thread_id = json.loads(cursor_and_data(raw.split(b"\n\n")[0])[1])["thread"]["id"]
                await chat.get("threads.update", thread_id=thread_id, title="go on")

    assert raw.count(b": ping\n\n") >= 3
    assert b'"type":"error"' not in raw
    assert raw.endswith(b"\n\n")
    items = await chat.items(json.loads(cursor_and_data(raw.split(b"\n\n")[0])[1])["thread"]["id"])
    assert text_of(items[-1]) == "Slowly done."


async def test_a_rename_during_a_stream_survives(chat: Chat) -> None:
    async with chat.asking("threads.create", input=user_input("retitle_while_renamed")) as (answer, events):
        async for event in events:
            if event.type == "thread.item.updated":
                await chat.get("threads.update", thread_id=answer.thread_id, title="go on")

    assert answer.errors == []
    assert (await chat.thread(answer.thread_id)).title == "go on"
    assert "{'told': True}" in (await chat.say(answer.thread_id, "recall")).text


async def test_what_a_thread_update_shows_is_the_thread_as_it_is(chat: Chat) -> None:
    """A client that shows the event's thread must not show a title that the user has changed meanwhile."""
    async with chat.asking("threads.create", input=user_input("retitle_while_renamed")) as (answer, events):
        async for event in events:
            if event.type == "thread.item.updated":
                await chat.get("threads.update", thread_id=answer.thread_id, title="go on")

    shown = [event.thread.title for event in answer.events if isinstance(event, ThreadUpdatedEvent)]
    assert shown == ["go on"]


async def test_one_answer_at_a_time_is_written_in_a_thread(chat: Chat) -> None:
    second = None
    async with chat.asking("threads.create", input=user_input("hold_until_told")) as (answer, events):
        async for event in events:
            if event.type == "thread.item.updated" and second is None:
                second = await chat.say(answer.thread_id, "text")
                await chat.get("threads.update", thread_id=answer.thread_id, title="go on")

    assert second is not None
    assert second.status == 409
    assert second.problem is not None
    assert second.problem["code"] == "turn_running"
    assert second.problem["turn_id"] == answer.turn_id
    assert [item.type for item in await chat.items(answer.thread_id)] == ["user_message", "assistant_message"]


async def test_an_exception_keeps_what_was_said_and_tells_nothing_of_itself(
    chat: Chat, scripted: Start, store: StoreName
) -> None:
    answer = await chat.create("exception")

    assert [(error.code, error.message, error.allow_retry) for error in answer.errors] == [("stream.error", None, True)]
    assert answer.events[-1] == answer.errors[0]
    assert [text_of(item) for item in (await chat.items(answer.thread_id))[1:]] == ["Half of an answer"]
    assert "sk-very-secret" not in "".join(event.model_dump_json() for event in answer.events)
    assert "sk-very-secret" not in scripted("full", store).log


async def test_a_store_that_fails_ends_the_answer_with_an_error(chat_on: ChatOn) -> None:
    chat = chat_on("full", "awaiting")
    async with asyncio.timeout(10):
        answer = await chat.create("unstorable")

    assert answer.status == 200
    assert [error.code for error in answer.errors] == ["stream.error"]
    assert [item.id for item in answer.items] == [item.id for item in await chat.items(answer.thread_id)]
    assert (await chat.say(answer.thread_id, "text")).text == "You said something."


async def test_a_store_that_fails_at_the_very_end_ends_the_answer_all_the_same(chat_on: ChatOn) -> None:
    chat = chat_on("full", "awaiting")
    async with asyncio.timeout(10):
        answer = await chat.create("unstorable_at_the_end")

    assert answer.errors != []
    assert [item.id for item in answer.items] == [item.id for item in await chat.items(answer.thread_id)]


async def test_a_message_that_is_being_stored_when_the_client_leaves_is_stored(chat_on: ChatOn) -> None:
    chat = chat_on("full", "awaiting")
    begun = await begin_and_leave(chat, "stored_slowly", "Important.")

    await chat.say_when_free(begun.thread_id, "silence")

    said = [text_of(item) for item in await chat.items(begun.thread_id) if isinstance(item, AssistantMessageItem)]
    assert [text.removesuffix(" [kept by the override]") for text in said] == ["Important."]


@dataclass(frozen=True)
class Killed:
    """What a retry that the server did not survive has left in a Store of the user's own."""

    next_answer: Answer
    items: list[ThreadItem]


@pytest.fixture(scope="module")
async def killed(tmp_path_factory: pytest.TempPathFactory) -> Killed:
    workdir = tmp_path_factory.mktemp("killed")
    url = f"sqlite:///{workdir / 'elsewhere.db'}"
    await migrate(url)
    settings = {
        "SCRIPTED_SERVER": "plain",
        "SCRIPTED_STORE": "elsewhere",
        "SCRIPTED_URL": url,
        "CHATKIT_HOST_LEASE_SECONDS": "1",
        "PYTHONPATH": TESTS,
    }
    with serving(workdir, f"{scripted_server.__file__}:server", **settings) as server:
        async with Chat(server.url) as chat:
            created = await chat.create("held_when_retried")
            await retry_and_kill(chat, server, created)
        server.start()
        async with Chat(server.url) as chat:
            next_answer = await chat.say_when_free(created.thread_id, "text")
            return Killed(next_answer, await chat.items(created.thread_id))


async def retry_and_kill(chat: Chat, server: Server, created: Answer) -> None:
    where = {"thread_id": created.thread_id, "item_id": created.items[0].id}
    try:
        async with chat.asking("threads.retry_after_item", **where) as (begun, events):
            async for _ in events:
                if "an answer" in begun.streamed_text:
                    await chat.until_written(begun.turn_id, len(begun.events))
                    server.kill()
    except httpx.TransportError:
        return
    raise AssertionError("the server has survived")


async def test_a_thread_in_somebodys_own_store_is_free_again_after_the_server_was_killed(killed: Killed) -> None:
    assert killed.next_answer.text == "You said something."


async def test_a_retry_in_somebodys_own_store_keeps_the_old_answer_although_the_server_was_killed(
    killed: Killed,
) -> None:
    assert [text_of(item) for item in killed.items if isinstance(item, AssistantMessageItem)] == [
        "A good answer.",
        "Half of an answer",
        "You said something.",
    ]


async def test_a_client_tool_is_answered_although_a_hidden_item_follows_it(chat: Chat) -> None:
    thread_id = (await chat.create("client_tool_then_hidden")).thread_id

    answer = await chat.ask("threads.add_client_tool_output", thread_id=thread_id, result="blue")

    assert answer.text == "The browser says: completed blue"


async def test_nothing_is_left_to_the_garbage_collector(scripted: Start) -> None:
    for running in (scripted("full", "database"), scripted("full", "awaiting"), scripted("plain", "awaiting")):
        assert "Task was destroyed" not in running.log
        assert "never retrieved" not in running.log
        assert "different Context" not in running.log
