"""What the official SDK's agent stream was seen to do on models of every kind, and ours does not."""

import asyncio
import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from chatkit.types import (
    AssistantMessageContentPartDone,
    AssistantMessageItem,
    ThoughtTask,
    ThreadItemUpdatedEvent,
    URLSource,
    WorkflowItem,
    WorkflowTaskAdded,
    WorkflowTaskUpdated,
)
from conformance.conftest import PREFIXES
from support.chat import Answer, Chat, user_input
from support.model_server import Answer as ModelAnswer
from support.model_server import ModelServer
from support.server import Server

LIST = {"name": "list_tasks", "arguments": {}}


def asked_model(way: str, model: str, text: str) -> dict[str, Any]:
    return {**user_input(text), "inference_options": {"model": f"{PREFIXES[way]}{model}"}}


def updates(answer: Answer, kind: type) -> list[Any]:
    return [
        event.update
        for event in answer.events
        if isinstance(event, ThreadItemUpdatedEvent) and isinstance(event.update, kind)
    ]


def thoughts(answer: Answer) -> list[str]:
    return [
        task.content
        for item in answer.items
        if isinstance(item, WorkflowItem)
        for task in item.workflow.tasks
        if isinstance(task, ThoughtTask)
    ]


async def test_the_second_turn_works(todo: Chat) -> None:
    """The SDK's converter and the newest Agents SDK do not understand each other on chat completions."""
    first = await todo.create("say 5 words")
    second = await todo.say(first.thread_id, "say 7 words")
    third = await todo.say(first.thread_id, "say 3 words")

    assert [answer.errors for answer in (first, second, third)] == [[], [], []]
    assert [len(answer.text.split()) for answer in (first, second, third)] == [5, 7, 3]


async def test_item_ids_never_repeat_and_are_never_the_providers(todo: Chat) -> None:
    """Chat completions have no item ids; the Agents SDK calls all of them `__fake_id__`."""
    first = await todo.create("add buy milk")
    await todo.say(first.thread_id, "add call mom")
    await todo.say(first.thread_id, "what is on my list")

    items = await todo.items(first.thread_id)
    ids = [item.id for item in items]
    assert len(ids) == len(set(ids)) == 9
    assert all(re.fullmatch(r"(msg|wf)_[0-9a-f]{32}", one) for one in ids)
    assert [item.type for item in items if isinstance(item, AssistantMessageItem)] == ["assistant_message"] * 3


@pytest.mark.parametrize("way", ["chat completions", "responses"], indirect=True)
async def test_citations_do_not_kill_the_turn_and_are_not_wiped(todo: Chat, model_server: ModelServer) -> None:
    url = "https://example.com/source"
    citation = {"type": "url_citation", "url": url, "title": "A source", "start_index": 0, "end_index": 2}
    model_server.queue(ModelAnswer(text="As they say.", annotations=[citation]))

    answer = await todo.create("cite something")

    assert answer.errors == []
    (message,) = [item for item in answer.items if isinstance(item, AssistantMessageItem)]
    (part,) = updates(answer, AssistantMessageContentPartDone)
    (annotation,) = message.content[0].annotations
    assert isinstance(annotation.source, URLSource)
    assert (annotation.source.url, annotation.source.title, annotation.index) == (url, "A source", 2)
    assert part.content == message.content[0]
    assert await todo.items(answer.thread_id) == answer.items


async def test_tool_calls_are_shown_and_replayed(todo: Chat, model_server: ModelServer) -> None:
    first = await todo.create("add buy milk")
    before = len(model_server.requests)
    await todo.say(first.thread_id, "what is on my list")
    told = json.dumps(model_server.requests[before].body)

    assert first.tool_titles == ["Add task"]
    states = [task.task.status_indicator for task in updates(first, WorkflowTaskAdded)]
    states += [task.task.status_indicator for task in updates(first, WorkflowTaskUpdated)]
    assert states == ["loading", "complete"]
    assert "created" in updates(first, WorkflowTaskUpdated)[0].task.content
    assert "add_task" in told
    assert re.search(r'status\\*": *\\*"created', told), told


async def test_equal_tasks_keep_their_index(todo: Chat, model_server: ModelServer) -> None:
    model_server.queue(ModelAnswer(tool_calls=[LIST, LIST]), ModelAnswer(text="Nothing there."))

    answer = await todo.create("look twice")

    assert answer.errors == []
    assert [update.task_index for update in updates(answer, WorkflowTaskAdded)] == [0, 1]
    assert sorted(update.task_index for update in updates(answer, WorkflowTaskUpdated)) == [0, 1]
    (workflow,) = [item for item in answer.items if isinstance(item, WorkflowItem)]
    assert [task.status_indicator for task in workflow.workflow.tasks] == ["complete", "complete"]


@pytest.mark.parametrize("way", ["chat completions", "responses"], indirect=True)
async def test_reasoning_is_not_resent_whole_per_token(todo: Chat, model_server: ModelServer) -> None:
    thought = "thinking " * 2000
    model_server.queue(ModelAnswer(reasoning=thought, text="Done."))

    answer = await todo.create("think hard")

    assert [text.strip() for text in thoughts(answer)] == [thought.strip()]
    assert answer.text == "Done."
    sent = sum(len(update.task.content) for update in updates(answer, WorkflowTaskUpdated))
    assert sent < 20 * len(thought), "the SDK sends a thousand times as much"


@pytest.mark.parametrize("field", ["reasoning", "reasoning_content"])
@pytest.mark.parametrize("way", ["chat completions"], indirect=True)
async def test_reasoning_is_shown_in_both_dialects(todo: Chat, model_server: ModelServer, field: str) -> None:
    model_server.queue(ModelAnswer(reasoning="Let me see.", reasoning_field=field, text="Done."))

    assert thoughts(await todo.create("think")) == ["Let me see."]


async def test_a_second_thought_is_not_glued_to_the_first(todo: Chat, model_server: ModelServer) -> None:
    model_server.queue(
        ModelAnswer(reasoning="thinking one", tool_calls=[LIST]), ModelAnswer(reasoning="thinking two", text="Done.")
    )

    answer = await todo.create("think twice")

    assert thoughts(answer) == ["thinking one", "thinking two"]


async def test_an_answer_that_breaks_off_is_a_failure_and_is_kept(todo: Chat, way: str) -> None:
    """Older LiteLLM calls it finished."""
    answer = await todo.ask("threads.create", input=asked_model(way, "fault-reset-mid", "say 20 words"))

    assert [error.code for error in answer.errors] == ["custom"]
    assert answer.errors[0].allow_retry is True
    assert 1 <= len(answer.text.split()) < 20
    assert await todo.items(answer.thread_id) == answer.items


async def test_a_tool_call_that_breaks_off_is_not_run(todo: Chat, way: str) -> None:
    answer = await todo.ask("threads.create", input=asked_model(way, "fault-truncated-tool", "delete it"))

    assert [error.code for error in answer.errors] == ["custom"]
    assert answer.tool_titles == []


async def test_a_model_may_repeat_itself(todo: Chat, model_server: ModelServer) -> None:
    """LiteLLM raises at the hundredth equal piece."""
    model_server.queue(ModelAnswer(text="ha " * 300))

    answer = await todo.create("laugh")

    assert answer.errors == []
    assert answer.text.split() == ["ha"] * 300


async def test_the_model_is_no_longer_asked_when_the_client_has_left(
    todo: Chat, way: str, model_server: ModelServer
) -> None:
    async with todo.asking("threads.create", input=asked_model(way, "hold", "say 20 words")) as (answer, events):
        async for _ in events:
            if answer.streamed_text:
                break

    await asyncio.to_thread(model_server.wait_for_disconnect)
    await todo.say_when_free(answer.thread_id, "say 2 words")
    said = [item for item in await todo.items(answer.thread_id) if isinstance(item, AssistantMessageItem)]
    assert said[0].content[0].text.startswith("word1")


async def test_tags_and_quotes_reach_the_model(todo: Chat, model_server: ModelServer) -> None:
    """The SDK's own converter raises for every tag."""
    tag = {"type": "input_tag", "id": "doc_7", "text": "the report", "data": {"pages": 12}}
    content = [{"type": "input_text", "text": "say 2 words about "}, tag]

    answer = await todo.ask(
        "threads.create", input={**user_input(""), "content": content, "quoted_text": "as you said"}
    )

    assert answer.errors == []
    told = json.dumps(model_server.requests[0].body)
    assert all(words in told for words in ("@the report", "doc_7", "as you said"))
    assert len(answer.text.split()) == 2


async def test_a_turn_that_failed_leaves_an_answer_in_what_the_model_is_told(
    todo: Chat, way: str, model_server: ModelServer
) -> None:
    failed = await todo.ask("threads.create", input=asked_model(way, "fault-401", "say 5 words"))
    assert len(failed.errors) == 1
    before = len(model_server.requests)

    answer = await todo.say(failed.thread_id, "say 4 words")

    assert len(answer.text.split()) == 4
    told = json.dumps(model_server.requests[before].body)
    assert "say 5 words" in told
    assert "say 4 words" in told


@pytest.mark.parametrize("way", ["chat completions"], indirect=True)
async def test_the_same_events_come_in_the_same_order(todo: Chat, model_server: ModelServer) -> None:
    """The SDK merges what the model and what the tools say in whatever order a set has."""
    orders: set[str] = set()
    for _ in range(10):
        model_server.queue(
            ModelAnswer(reasoning="First think.", tool_calls=[LIST, LIST]),
            ModelAnswer(text="Then say.", tool_calls=[LIST]),
            ModelAnswer(text="Done."),
        )
        answer = await todo.create("do things")
        kinds = [
            event.update.type if isinstance(event, ThreadItemUpdatedEvent) else event.type for event in answer.events
        ]
        orders.add(" ".join(kind for i, kind in enumerate(kinds) if i == 0 or kind != kinds[i - 1]))

    assert len(orders) == 1


def test_nothing_is_left_to_the_garbage_collector(todo_servers: Callable[[str], Server], way: str) -> None:
    log = todo_servers(way).log

    assert "Task was destroyed" not in log
    assert "never retrieved" not in log
