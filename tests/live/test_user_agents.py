"""Agents of users: what they show, what is kept when they are cut off, and what the model is told of it afterwards."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from chatkit.types import WorkflowItem
from support import user_agents
from support.chat import Chat, user_input
from support.model_server import Answer, ModelServer
from support.server import Server, serving

TESTS = str(Path(user_agents.__file__).parent.parent)


@pytest.fixture
def slow_model() -> Iterator[ModelServer]:
    with ModelServer(token_seconds=0.05) as server:
        yield server


@contextmanager
def serving_agent(name: str, workdir: Path, model: ModelServer) -> Iterator[Server]:
    with serving(
        workdir,
        f"{user_agents.__file__}:{name}",
        CHATKIT_HOST_MODEL="some-model",
        CHATKIT_HOST_MODEL_BASE_URL=model.base_url,
        CHATKIT_HOST_LEASE_SECONDS="1",
        CHATKIT_HOST_RESTART_TURNS="false",
        PYTHONPATH=TESTS,
    ) as server:
        yield server


def call(name: str) -> Answer:
    return Answer(tool_calls=[{"name": name, "arguments": {}}])


def told(model: ModelServer) -> list[dict[str, Any]]:
    """The last conversation that the model was given, without the system prompt."""
    return model.requests[-1].body["messages"][1:]


async def test_a_tool_call_that_was_cut_off_is_not_forgotten(tmp_path: Path, model_server: ModelServer) -> None:
    with serving_agent("shop", tmp_path, model_server) as server:
        async with Chat(server.url) as chat:
            model_server.queue(call("charge"))
            async with chat.asking("threads.create", input=user_input("pay")) as (answer, events):
                async for event in events:
                    if event.type == "thread.item.updated":
                        break
                thread_id = answer.thread_id
            await chat.say_when_free(thread_id, "say 2 words")

            assert [message["role"] for message in told(model_server)] == ["user", "assistant", "tool", "user", "user"]
            assert "not known whether" in str(told(model_server)[2]["content"])
            (workflow,) = [item for item in await chat.items(thread_id) if isinstance(item, WorkflowItem)]
            assert [task.status_indicator for task in workflow.workflow.tasks] == ["none"]


async def test_what_a_tool_said_is_known_to_the_model_after_kill_9(tmp_path: Path, slow_model: ModelServer) -> None:
    words = "It costs a good deal of money, my friend, as things go here."
    with serving_agent("shop", tmp_path, slow_model) as server:
        async with Chat(server.url) as chat:
            slow_model.queue(call("price"), Answer(text=words))
            async with chat.asking("threads.create", input=user_input("how much?")) as (answer, events):
                async for _ in events:
                    if len(answer.streamed_text) > 10:
                        break
                await chat.until_written(answer.turn_id, len(answer.events))
                server.kill()
                thread_id = answer.thread_id
        server.start()
        async with Chat(server.url) as chat:
            await chat.say_when_free(thread_id, "say 2 words")

    assert [message["role"] for message in told(slow_model)] == ["user", "assistant", "tool", "assistant", "user"]
    assert told(slow_model)[2]["content"] == "42 crowns"
    assert told(slow_model)[3]["content"].strip()
    assert words.startswith(told(slow_model)[3]["content"])


async def test_a_retry_is_not_told_the_old_answer(tmp_path: Path, model_server: ModelServer) -> None:
    with serving_agent("shop", tmp_path, model_server) as server:
        async with Chat(server.url) as chat:
            model_server.queue(Answer(text="The old answer."))
            created = await chat.create("question")
            await chat.ask("threads.retry_after_item", thread_id=created.thread_id, item_id=created.items[0].id)

    assert told(model_server) == [{"role": "user", "content": "question"}]


async def test_an_agent_that_stops_at_a_tool_says_its_result_also_when_it_has_spoken_before(
    tmp_path: Path, model_server: ModelServer
) -> None:
    with serving_agent("terse", tmp_path, model_server) as server:
        async with Chat(server.url) as chat:
            model_server.queue(Answer(text="Let me look.", tool_calls=[{"name": "price", "arguments": {}}]))
            answer = await chat.create("how much?")

    assert answer.text == "Let me look.\n42 crowns"


async def test_a_card_that_a_tool_shows_stays_where_it_was_shown(tmp_path: Path, model_server: ModelServer) -> None:
    with serving_agent("shop", tmp_path, model_server) as server:
        async with Chat(server.url) as chat:
            model_server.queue(call("show"), Answer(text="There it is."))
            answer = await chat.create("show me")
            items = await chat.items(answer.thread_id)

    assert [item.type for item in answer.items] == ["user_message", "workflow", "widget", "assistant_message"]
    assert [item.type for item in items] == ["user_message", "workflow", "widget", "assistant_message"]
    assert isinstance(items[1], WorkflowItem)
    assert [task.status_indicator for task in items[1].workflow.tasks] == ["complete"]


async def test_an_agent_that_is_handed_to_and_brings_its_own_model_is_heard(
    tmp_path: Path, model_server: ModelServer
) -> None:
    with serving_agent("desk", tmp_path, model_server) as server:
        async with Chat(server.url) as chat:
            model_server.queue(call("transfer_to_clerk"))
            answer = await chat.create("hello")

    assert (answer.errors, answer.text) == ([], "The clerk is here.")
    assert answer.tool_titles == ["Handed over to Clerk"]


async def test_a_tool_that_raises_is_found_in_the_log_and_its_words_are_not(
    tmp_path: Path, model_server: ModelServer
) -> None:
    with serving_agent("shop", tmp_path, model_server) as server:
        async with Chat(server.url) as chat:
            model_server.queue(call("broken"))
            answer = await chat.create("break")

    assert [error.allow_retry for error in answer.errors] == [True]
    assert "RuntimeError" in server.log
    assert "user_agents.py" in server.log
    assert "secret-of-the-tool" not in server.log
