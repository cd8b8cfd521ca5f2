"""The main job: a ChatKit client holds a conversation with an agent that calls tools, on every kind of model, and it survives."""

import json
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from support.chat import Chat
from support.model_server import ModelServer
from support.server import Server, serving

MODELS = ["offline", "chat completions", "responses", "litellm"]


@pytest.fixture(scope="module")
def model_server() -> Iterator[ModelServer]:
    with ModelServer() as server:
        yield server


@pytest.fixture(params=MODELS)
def server(request: pytest.FixtureRequest, tmp_path: Path, model_server: ModelServer) -> Iterator[Server]:
    settings = {
        "offline": {},
        "chat completions": {"CHATKIT_HOST_MODEL": "some-model", "CHATKIT_HOST_MODEL_BASE_URL": model_server.base_url},
        "responses": {
            "CHATKIT_HOST_MODEL": "responses/some-model",
            "CHATKIT_HOST_MODEL_BASE_URL": model_server.base_url,
        },
        "litellm": {
            "CHATKIT_HOST_MODEL": "litellm/openai/some-model",
            "CHATKIT_HOST_MODEL_BASE_URL": model_server.base_url,
            "CHATKIT_HOST_MODEL_API_KEY": "any",
        },
    }[request.param]
    with serving(tmp_path, **settings) as running:
        yield running


async def test_a_conversation_with_tools_over_three_turns(server: Server, model_server: ModelServer) -> None:
    async with Chat(server.url) as chat:
        first = await chat.create("add buy milk")
        second = await chat.say(first.thread_id, "what is on my list")
        third = await chat.say(first.thread_id, "mark it done")

        answers = [first, second, third]
        assert [answer.status for answer in answers] == [200, 200, 200], server.log
        assert [answer.errors for answer in answers] == [[], [], []]
        assert [answer.tool_titles for answer in answers] == [["Add task"], ["List tasks"], ["Complete task"]]
        assert "Buy milk" in second.text
        assert all(answer.streamed_text == answer.text for answer in answers)

        items = await chat.items(first.thread_id)
        assert [item.type for item in items] == ["user_message", "workflow", "assistant_message"] * 3
        assert len({item.id for item in items}) == 9
        assert [item for answer in answers for item in answer.items] == items


async def test_the_model_is_told_its_own_tool_calls(tmp_path: Path, model_server: ModelServer) -> None:
    settings = {"CHATKIT_HOST_MODEL": "some-model", "CHATKIT_HOST_MODEL_BASE_URL": model_server.base_url}
    with serving(tmp_path, **settings) as server:
        async with Chat(server.url) as chat:
            first = await chat.create("add buy milk")
            before = len(model_server.requests)
            await chat.say(first.thread_id, "what is on my list")
            told: list[dict[str, Any]] = model_server.requests[before].body["messages"]

    assert [message["role"] for message in told] == ["system", "user", "assistant", "tool", "assistant", "user"]
    call = told[2]["tool_calls"][0]
    assert call["function"]["name"] == "add_task"
    assert "milk" in call["function"]["arguments"].lower()
    assert told[3]["tool_call_id"] == call["id"]
    assert json.loads(told[3]["content"])["status"] == "created"
    assert told[4]["content"] == first.text
    assert told[5]["content"] == "what is on my list"


async def test_a_restart_changes_nothing(tmp_path: Path) -> None:
    with serving(tmp_path) as server:
        async with Chat(server.url) as chat:
            first = await chat.create("add buy milk")
            other = await chat.create("add call mom")
            await chat.say(first.thread_id, "what is on my list")
            threads = (await chat.get("threads.list")).json()
            items = await chat.items(first.thread_id)

        assert server.stop() in (0, -signal.SIGTERM)
        server.start()

        async with Chat(server.url) as chat:
            assert (await chat.get("threads.list")).json() == threads
            assert [thread["id"] for thread in threads["data"]] == [first.thread_id, other.thread_id]
            assert await chat.items(first.thread_id) == items
            went_on = await chat.say(first.thread_id, "mark the second one done")
            assert went_on.tool_titles == ["Complete task"]
            assert "Call mom" in went_on.text
