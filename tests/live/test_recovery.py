"""A server dies in the middle of an answer, and another one, or the same one started again, goes on with it."""

import asyncio
import json
import os
import signal
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import anyio
import pytest
from support.chat import Chat, cursor_and_data, text_of, user_input
from support.model_server import Answer, ModelServer
from support.server import Server, serving
from support.waiting import until

AGENTS = Path(__file__).parent.parent / "support" / "user_agents.py"
LONG = " ".join(f"word{number}" for number in range(1, 21))


@pytest.fixture
def settings(model_server: ModelServer, database_url: str) -> dict[str, str]:
    return {
        "CHATKIT_HOST_MODEL_BASE_URL": model_server.base_url,
        "CHATKIT_HOST_MODEL": "demo",
        "DATABASE_URL": database_url,
        "CHATKIT_HOST_DRAIN_SECONDS": "0",
        "CHATKIT_HOST_LEASE_SECONDS": "1",
    }


@pytest.fixture
def server(tmp_path: Path, settings: dict[str, str]) -> Iterator[Server]:
    with serving(tmp_path, **settings) as running:
        yield running


@pytest.fixture
async def chat(server: Server) -> AsyncIterator[Chat]:
    async with Chat(server.url) as client:
        yield client


class Seen:
    """What a client holds when its connection breaks."""

    def __init__(self, turn_id: str, thread_id: str, cursor: str, events: list[dict[str, Any]]) -> None:
        self.turn_id = turn_id
        self.thread_id = thread_id
        self.cursor = cursor
        self.events = events


async def ask_and_see(chat: Chat, text: str, until: str) -> Seen:
    """Reads an answer until an event holds `until`."""
    body = {"type": "threads.create", "params": {"input": user_input(text)}}
    events: list[dict[str, Any]] = []
    rest = b""
    async with chat.http.stream("POST", "/chatkit", json=body, headers={"ChatKit-Resume": "1"}) as response:
        turn_id, thread_id = response.headers["ChatKit-Turn"], response.headers["ChatKit-Thread"]
        async for chunk in response.aiter_raw():
            *records, rest = (rest + chunk).split(b"\n\n")
            for record in records:
                if record.startswith(b":"):
                    continue
                cursor, data = cursor_and_data(record)
                events.append(json.loads(data))
                if until in data.decode():
                    return Seen(turn_id, thread_id, cursor, events)
    raise AssertionError(f"the answer ended without {until}")


async def read_on(url: str, seen: Seen) -> list[dict[str, Any]]:
    """All that the client has seen and what comes after its cursor, from whichever server is there."""
    async with Chat(url) as chat:
        response = await chat.http.get(f"/api/turns/{seen.turn_id}/events", params={"after": seen.cursor}, timeout=30)
        assert response.status_code == 200, response.text
        records = [record for record in response.content.split(b"\n\n") if record and not record.startswith(b":")]
        return [*seen.events, *(json.loads(cursor_and_data(record)[1]) for record in records)]


def rows_of(events: list[dict[str, Any]]) -> dict[str, str]:
    """What a client shows after these events: the text of each row, by kind."""
    rows: dict[str, tuple[str, str]] = {}
    for event in events:
        match event:
            case {"type": "thread.item.added" | "thread.item.done", "item": item}:
                rows[item["id"]] = (item["type"], "".join(part.get("text", "") for part in item.get("content", [])))
            case {"type": "thread.item.updated", "item_id": item_id, "update": {"delta": delta}}:
                kind, text = rows[item_id]
                rows[item_id] = (kind, text + delta)
            case {"type": "thread.item.removed", "item_id": item_id}:
                del rows[item_id]
            case _:
                pass
    assert len({kind for kind, _ in rows.values()}) == len(rows), "one row of each kind"
    return dict(rows.values())


async def turn(chat: Chat, turn_id: str) -> dict[str, Any]:
    return (await chat.http.get(f"/api/turns/{turn_id}")).json()


async def ended(chat: Chat, turn_id: str) -> dict[str, Any]:
    with anyio.fail_after(40):
        while True:
            shown = await turn(chat, turn_id)
            if shown["finished_at"] is not None:
                return shown
            await asyncio.sleep(0.05)


async def test_kill_9_in_the_middle_of_an_answer_and_it_goes_on(server: Server, model_server: ModelServer) -> None:
    model_server.token_seconds = 0.1
    async with Chat(server.url) as chat:
        seen = await ask_and_see(chat, "say 20 words", "word5")
    server.kill()
    model_server.token_seconds = 0
    server.start()

    events = await read_on(server.url, seen)
    async with Chat(server.url) as chat:
        shown = await turn(chat, seen.turn_id)
        kept = await chat.items(seen.thread_id)

    assert (shown["status"], shown["attempt"]) == ("completed", 2)
    assert [item.type for item in kept] == ["user_message", "assistant_message"]
    assert text_of(kept[1]) == LONG
    assert rows_of(events) == {"user_message": "say 20 words", "assistant_message": LONG}


async def test_a_server_that_is_told_to_stop_leaves_its_turn_to_the_next(
    server: Server, model_server: ModelServer
) -> None:
    model_server.token_seconds = 0.1
    async with Chat(server.url) as chat:
        reading = asyncio.create_task(ask_and_see(chat, "say 20 words", "never said"))
        await until(lambda: len(model_server.requests) == 1)
        await asyncio.sleep(0.4)
        status = await asyncio.to_thread(server.stop)
        with pytest.raises(AssertionError, match="ended without"):
            await reading
    model_server.token_seconds = 0
    server.start()
    async with Chat(server.url) as chat:
        [thread] = (await chat.get("threads.list")).json()["data"]
        await chat.say_when_free(thread["id"], "say 2 words")
        items = await chat.items(thread["id"])

    assert status == -signal.SIGTERM
    assert [item.type for item in items] == ["user_message", "assistant_message"] * 2
    assert text_of(items[1]) == LONG


async def test_another_worker_goes_on_when_one_is_killed(
    tmp_path: Path, settings: dict[str, str], model_server: ModelServer
) -> None:
    """The lease is long: the others see that the process is gone."""
    model_server.token_seconds = 0.1
    patient = {**settings, "CHATKIT_HOST_LEASE_SECONDS": "120"}
    (tmp_path / "two").mkdir()
    with serving(tmp_path, **patient) as first, serving(tmp_path / "two", **patient) as second:
        async with Chat(first.url) as chat:
            seen = await ask_and_see(chat, "say 20 words", "word5")
        first.kill()
        model_server.token_seconds = 0

        with anyio.fail_after(30):
            events = await read_on(second.url, seen)

    assert rows_of(events) == {"user_message": "say 20 words", "assistant_message": LONG}


@pytest.mark.parametrize("end", [Server.kill, Server.stop], ids=["killed", "told to stop"])
async def test_behind_a_tool_that_has_run_the_answer_goes_on_and_the_tool_does_not_run_again(
    end: Callable[[Server], object], server: Server, model_server: ModelServer
) -> None:
    """A server that is told to stop, unlike one that is killed, has written the words that broke off."""
    call = {"name": "add_task", "arguments": {"title": "buy milk"}, "id": "call_1"}
    model_server.queue(Answer(tool_calls=[call]), Answer(text=LONG), Answer(text="Done: buy milk."))
    model_server.token_seconds = 0.1
    async with Chat(server.url) as chat:
        seen = await ask_and_see(chat, "add buy milk", "word5")
    await asyncio.to_thread(end, server)
    model_server.token_seconds = 0
    server.start()

    events = await read_on(server.url, seen)
    async with Chat(server.url) as chat:
        tasks = (await chat.http.get("/api/tasks")).json()["data"]
        shown = await turn(chat, seen.turn_id)

    assert [task["title"] for task in tasks] == ["buy milk"]
    assert (shown["status"], shown["attempt"]) == ("completed", 2)
    assert rows_of(events)["assistant_message"] == "Done: buy milk."
    assert "workflow" in rows_of(events)
    told = model_server.requests[-1].body["messages"]
    assert [message["role"] for message in told][1:] == ["user", "assistant", "tool"]


async def test_a_tool_that_may_have_had_its_effect_is_not_called_again(
    tmp_path: Path, settings: dict[str, str], model_server: ModelServer
) -> None:
    model_server.queue(Answer(tool_calls=[{"name": "charge", "arguments": {}, "id": "call_1"}]))
    with serving(tmp_path, f"{AGENTS}:shop", **settings) as server:
        async with Chat(server.url) as chat:
            seen = await ask_and_see(chat, "take the money", "workflow.task.added")
            await chat.until_written(seen.turn_id, len(seen.events))
        server.kill()
        server.start()
        async with Chat(server.url) as chat:
            shown = await ended(chat, seen.turn_id)

    assert (shown["status"], shown["attempt"]) == ("interrupted", 2)
    assert len(model_server.requests) == 1


async def test_a_turn_that_was_to_end_is_not_begun_again(server: Server, model_server: ModelServer) -> None:
    model_server.token_seconds = 0.1
    async with Chat(server.url) as chat:
        seen = await ask_and_see(chat, "say 20 words", "word5")
        os.kill(server.pid, signal.SIGSTOP)  # it will not hear of the stop
    server.kill()
    await _ask_to_cancel_in_the_database(server, seen.turn_id)
    server.start()
    async with Chat(server.url) as chat:
        shown = await ended(chat, seen.turn_id)

    assert (shown["status"], shown["attempt"]) == ("cancelled", 2)
    assert len(model_server.requests) == 1


async def _ask_to_cancel_in_the_database(server: Server, turn_id: str) -> None:
    """As another worker would have done while this one was dead."""
    from chatkit_host.ids import Owner
    from chatkit_host.store.conversations import DatabaseConversations
    from chatkit_host.store.database import Database

    database = Database.open(server.settings["DATABASE_URL"])
    try:
        await DatabaseConversations(database).ask_to_cancel(Owner("local"), turn_id)
    finally:
        await database.close()


@pytest.mark.timeout(180)  # four starts of a server
async def test_after_three_attempts_the_turn_ends_with_what_was_said(server: Server, model_server: ModelServer) -> None:
    model_server.token_seconds = 0.15
    async with Chat(server.url) as chat:
        seen = await ask_and_see(chat, "say 20 words", "word3")
    for attempt in (1, 2, 3):
        server.kill()
        server.start()
        if attempt < 3:
            await until(lambda: len(model_server.requests) == attempt + 1)  # noqa: B023 - waited for here
            await asyncio.sleep(0.6)
    async with Chat(server.url) as chat:
        shown = await ended(chat, seen.turn_id)
        items = await chat.items(seen.thread_id)

    assert (shown["status"], shown["attempt"]) == ("interrupted", 4)
    assert len(model_server.requests) == 3
    assert [item.type for item in items] == ["user_message", "assistant_message"]
    assert LONG.startswith(text_of(items[1]))


async def test_restarts_can_be_switched_off(
    tmp_path: Path, settings: dict[str, str], model_server: ModelServer
) -> None:
    model_server.token_seconds = 0.1
    with serving(tmp_path, CHATKIT_HOST_RESTART_TURNS="false", **settings) as server:
        async with Chat(server.url) as chat:
            seen = await ask_and_see(chat, "say 20 words", "word5")
        server.kill()
        server.start()
        async with Chat(server.url) as chat:
            shown = await ended(chat, seen.turn_id)
        events = await read_on(server.url, seen)

    assert (shown["status"], len(model_server.requests)) == ("interrupted", 1)
    assert LONG.startswith(rows_of(events)["assistant_message"])
