"""What the official SDK was seen to do with requests, and ours does not: each was run against the SDK first."""

import json
import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from chatkit.types import AssistantMessageItem, ThreadItem, WidgetItem
from support.chat import Chat, cursor_and_data, text_of, user_input

UNKNOWN = "thr_00000000000070008000000000000000"


def texts(items: list[ThreadItem]) -> list[str]:
    return [text_of(item) for item in items if isinstance(item, AssistantMessageItem)]


def times_in(value: Any) -> list[str]:
    match value:
        case dict():
            own = [value["created_at"]] if "created_at" in value else []
            return own + [time for item in value.values() for time in times_in(item)]
        case list():
            return [time for item in value for time in times_in(item)]
        case _:
            return []


async def said_raw(chat: Chat, operation: str, **params: Any) -> bytes:
    """The bytes of a stream."""
    return (await chat.get(operation, **params)).raise_for_status().content


@pytest.mark.parametrize("body", [b"{}", b"[]", b"null", b"", b'{"type":"threads.explode","params":{}}'])
async def test_what_is_not_a_request_is_refused_in_json_and_not_with_a_500(chat: Chat, body: bytes) -> None:
    answer = await chat.http.post("/chatkit", content=body, headers={"Content-Type": "application/json"})

    assert answer.status_code in (400, 422)
    assert answer.json()["error"].keys() == {"code", "message", "request_id"}


@pytest.mark.parametrize(
    ("operation", "params"),
    [
        ("threads.add_user_message", {"input": user_input("text")}),
        ("threads.add_client_tool_output", {"result": 1}),
        ("threads.add_structured_input", {"item_id": "x", "input": {}}),
        ("threads.retry_after_item", {"item_id": "x"}),
        ("threads.custom_action", {"action": {"type": "x"}}),
    ],
)
async def test_a_stream_that_cannot_begin_is_a_404_and_not_a_torn_stream(
    chat: Chat, operation: str, params: dict[str, Any]
) -> None:
    answer = await chat.get(operation, thread_id=UNKNOWN, **params)

    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/json"
    assert answer.json()["error"]["code"] == "not_found"


async def test_limits_are_clamped(chat: Chat) -> None:
    thread_id = (await chat.create("sixty")).thread_id
    await chat.say(thread_id, "sixty")

    for limit, shown in [(-5, 1), (0, 20), (None, 20), (1_000_000, 100), (10**400, 100), (-(10**400), 1)]:
        page = (await chat.get("items.list", thread_id=thread_id, limit=limit)).raise_for_status().json()
        threads = (await chat.get("threads.list", limit=limit)).raise_for_status().json()

        assert len(page["data"]) == shown
        assert page["has_more"] is True
        assert len(threads["data"]) == 1


async def test_naive_local_times_leave_as_utc(chat: Chat) -> None:
    """The server runs in a zone five and a half hours ahead, and the scripts stamp with naive local time."""
    raw = await said_raw(chat, "threads.create", input=user_input("everything"))
    events = [json.loads(cursor_and_data(record)[1]) for record in raw.split(b"\n\n") if record]
    thread_id = events[0]["thread"]["id"]
    kept = (await chat.get("items.list", thread_id=thread_id)).json()
    thread = (await chat.get("threads.get_by_id", thread_id=thread_id)).json()

    times = times_in([events, kept, thread])
    assert len(times) > 15
    for time in times:
        assert time.endswith("Z")
        assert abs(datetime.fromisoformat(time) - datetime.now(UTC)) < timedelta(minutes=5)


async def test_an_attachment_of_unknown_id_leaves_no_orphan_thread(chat: Chat) -> None:
    answer = await chat.get("threads.create", input={**user_input("text"), "attachments": ["atc_unknown"]})

    assert answer.status_code == 404
    assert (await chat.get("threads.list")).json()["data"] == []


@pytest.mark.parametrize("script", ["close", "lock"])
async def test_a_closed_or_locked_thread_refuses_every_way_to_go_on(chat: Chat, script: str) -> None:
    thread_id = (await chat.create("everything")).thread_id
    await chat.say(thread_id, script)
    items = await chat.items(thread_id)
    by_kind = {item.type: item.id for item in items}
    action = {"item_id": by_kind["widget"], "action": {"type": "hello"}}

    for operation, params in [
        ("threads.add_user_message", {"input": user_input("text")}),
        ("threads.add_client_tool_output", {"result": 1}),
        ("threads.add_structured_input", {"item_id": by_kind["structured_input"], "input": {}}),
        ("threads.retry_after_item", {"item_id": by_kind["user_message"]}),
        ("threads.custom_action", action),
    ]:
        answer = await chat.get(operation, thread_id=thread_id, **params)
        assert (answer.status_code, answer.json()["error"]["code"]) == (409, "thread_not_active"), operation
    assert await chat.items(thread_id) == items


async def test_what_an_action_changed_at_once_survives_a_reload(chat: Chat) -> None:
    created = await chat.create("widget")
    widget = next(item for item in created.items if isinstance(item, WidgetItem))

    action = {"type": "press", "payload": 7}
    answer = await chat.get("threads.sync_custom_action", thread_id=created.thread_id, item_id=widget.id, action=action)

    assert answer.status_code == 200
    assert "synced 7" in answer.text
    assert "synced 7" in (await chat.get("threads.get_by_id", thread_id=created.thread_id)).text


async def test_an_item_that_an_action_hides_does_not_leave_either(chat: Chat) -> None:
    created = await chat.create("widget")
    where = {"thread_id": created.thread_id, "item_id": created.items[1].id}

    answer = await chat.get("threads.sync_custom_action", **where, action={"type": "hide"})

    assert answer.json() == {}
    assert [item.type for item in await chat.items(created.thread_id)] == ["user_message"]
    assert "secret note" in (await chat.say(created.thread_id, "recall")).text


async def test_what_an_action_changed_in_a_stream_survives_a_reload(chat: Chat) -> None:
    created = await chat.create("widget")
    widget = next(item for item in created.items if isinstance(item, WidgetItem))

    await chat.ask(
        "threads.custom_action", thread_id=created.thread_id, item_id=widget.id, action={"type": "root", "payload": 1}
    )

    assert "only shown" in (await chat.get("threads.get_by_id", thread_id=created.thread_id)).text


async def test_a_retry_after_an_unknown_item_is_a_404_and_changes_nothing(chat: Chat) -> None:
    thread_id = (await chat.create("text")).thread_id
    before = await chat.items(thread_id)

    answer = await chat.ask("threads.retry_after_item", thread_id=thread_id, item_id="msg_unknown")

    assert (answer.status, answer.problem and answer.problem["code"]) == (404, "not_found")
    assert await chat.items(thread_id) == before


async def test_a_retry_replaces_sixty_items_and_nothing_before_them(chat: Chat) -> None:
    thread_id = (await chat.create("text")).thread_id
    before = await chat.items(thread_id)
    await chat.say(thread_id, "sixty")
    old = await chat.items(thread_id)

    await chat.ask("threads.retry_after_item", thread_id=thread_id, item_id=old[2].id)

    items = await chat.items(thread_id)
    assert items[:3] == [*before, old[2]]
    assert texts(items[3:]) == [f"Item {number}" for number in range(60)]
    assert not {item.id for item in items[3:]} & {item.id for item in old}


async def test_a_retry_that_fails_keeps_the_old_answer(chat: Chat) -> None:
    created = await chat.create("retried")
    thread_id, message = created.thread_id, created.items[0]

    again = await chat.ask("threads.retry_after_item", thread_id=thread_id, item_id=message.id)

    assert [error.message for error in again.errors] == ["Not today."]
    items = await chat.items(thread_id)
    assert items[0] == message
    assert created.items[1] in items


async def test_a_retry_that_is_stopped_keeps_the_old_answer(chat: Chat) -> None:
    created = await chat.create("held_when_retried")
    thread_id, message = created.thread_id, created.items[0]

    async with chat.asking("threads.retry_after_item", thread_id=thread_id, item_id=message.id) as (answer, events):
        async for _ in events:
            if "an answer" in answer.streamed_text:
                break
    await _free(chat, thread_id)

    assert created.items[1] in await chat.items(thread_id)


async def test_a_thread_begins_with_its_oldest_twenty_items_and_says_where_to_go_on(chat: Chat) -> None:
    thread_id = (await chat.create("sixty")).thread_id
    items = await chat.items(thread_id)

    page = (await chat.thread(thread_id)).items

    assert page.data == items[:20]
    assert page.has_more is True
    assert page.after == items[19].id


async def test_metadata_of_a_thread_never_leaves(chat: Chat) -> None:
    raw = await said_raw(chat, "threads.create", input=user_input("title_in_between"))
    answers = [raw, (await chat.get("threads.list")).content]

    assert re.findall(rb'"metadata":(\{[^}]*\})', b"".join(answers)) == [b"{}"] * 4
    assert b"thread.updated" in raw


@pytest.mark.parametrize("script", ["hidden", "hidden_leak"])
async def test_a_hidden_item_never_leaves(chat: Chat, script: str) -> None:
    answers = [await said_raw(chat, "threads.create", input=user_input(script))]
    thread_id = json.loads(cursor_and_data(answers[0].split(b"\n\n")[0])[1])["thread"]["id"]
    answers.append((await chat.get("threads.get_by_id", thread_id=thread_id)).content)
    answers.append((await chat.get("threads.list")).content)
    pages: list[dict[str, Any]] = []
    for order in ("asc", "desc"):
        after = None
        for _ in range(10):
            answer = await chat.get("items.list", thread_id=thread_id, order=order, limit=1, after=after)
            answers.append(answer.content)
            pages.append(answer.json())
            after = pages[-1].get("after")
            if not pages[-1]["has_more"]:
                break

    assert [b"secret" in answer or b"hidden_context" in answer for answer in answers] == [False] * len(answers)
    shown = [item["type"] for page in pages for item in page["data"]]
    assert shown == ["user_message", "assistant_message", "assistant_message", "user_message"]


async def test_hidden_items_can_neither_be_rated_nor_loaded_by_name(chat: Chat) -> None:
    created = await chat.create("hidden_leak")
    hidden = re.search(r"hid_\d+_\d+", (await chat.say(created.thread_id, "recall_ids")).text)
    assert hidden is not None

    answer = await chat.get("items.feedback", thread_id=created.thread_id, item_ids=[hidden[0]], kind="positive")

    assert answer.status_code == 404


async def _free(chat: Chat, thread_id: str) -> None:
    """Waits until nothing is being written in the thread, as a client can: it asks for something that cannot be."""
    for _ in range(500):
        answer = await chat.ask("threads.add_user_message", thread_id=thread_id, input=user_input("silence"))
        if answer.status == 200:
            return
        assert answer.status == 409
    raise AssertionError("the answer is still being written")
