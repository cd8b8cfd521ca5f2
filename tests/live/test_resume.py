"""Reading an answer from any point, from anywhere, and stopping it from anywhere."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import httpx
import pytest
from support.chat import Chat, text_of, user_input
from support.model_server import ModelServer
from support.server import Server, serving

from chatkit_host.auth.mint import mint_token

SECRET = "V7Qd0tYH2kR9wZ4xN8mB5cL1pG6sJ3fA"


@pytest.fixture(scope="module")
def settings(running_model_server: ModelServer, modules_database_url: str) -> dict[str, str]:
    return {
        "CHATKIT_HOST_MODEL_BASE_URL": running_model_server.base_url,
        "CHATKIT_HOST_MODEL": "hold",
        "DATABASE_URL": modules_database_url,
        "JWT_SECRET": SECRET,
        "CHATKIT_HOST_LEASE_SECONDS": "1",
        "CHATKIT_HOST_RESTART_TURNS": "false",
    }


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, settings: dict[str, str]) -> Iterator[Server]:
    with serving(tmp_path_factory.mktemp("resume"), **settings) as running:
        yield running


@pytest.fixture
async def chat(server: Server, model_server: ModelServer) -> AsyncIterator[Chat]:
    async with Chat(server.url, mint_token(SECRET, "alice")) as client:
        client.http.headers["ChatKit-Resume"] = "1"
        yield client


async def start_and_leave(chat: Chat, text: str = "say 20 words") -> tuple[str, str, list[str]]:
    """The turn, its thread, and the data of what was read before the connection was closed."""
    read: list[str] = []
    body = {"type": "threads.create", "params": {"input": user_input(text)}}
    async with chat.http.stream("POST", "/chatkit", json=body) as response:
        turn_id = response.headers["ChatKit-Turn"]
        async for line in response.aiter_lines():
            if line.startswith("data: "):
                read.append(line)
                if "text_delta" in line:
                    break
    thread_id = read[0].split('"id":"')[1].split('"')[0]
    return turn_id, thread_id, read


async def events(chat: Chat, turn_id: str, **query: str) -> list[tuple[str, str]]:
    response = await chat.http.get(f"/api/turns/{turn_id}/events", params=query)
    assert response.status_code == 200, response.text
    lines = [line for line in response.text.split("\n") if line and not line.startswith((":", "retry:"))]
    return [(line.removeprefix("id: "), data) for line, data in zip(lines[::2], lines[1::2], strict=True)]


async def test_an_answer_goes_on_without_its_reader_and_is_read_from_any_point(
    chat: Chat, model_server: ModelServer
) -> None:
    turn_id, thread_id, read = await start_and_leave(chat)
    await asyncio.sleep(0.3)
    assert (await chat.http.get(f"/api/turns/{turn_id}")).json()["status"] == "running"

    following = asyncio.create_task(events(chat, turn_id))
    second_tab = asyncio.create_task(events(chat, turn_id, after=str(len(read))))
    await asyncio.sleep(0.1)
    model_server.release()
    whole = await following

    assert [data for _, data in whole][: len(read)] == read
    assert await second_tab == whole[len(read) :]
    for cut in range(len(whole)):
        assert await events(chat, turn_id, after=whole[cut][0]) == whole[cut + 1 :]
    items = await chat.items(thread_id)
    assert len(text_of(items[-1]).split()) == 20
    shown = (await chat.http.get(f"/api/turns/{turn_id}")).json()
    assert (shown["status"], shown["error_code"]) == ("completed", None)
    assert shown["usage"]["output_tokens"] > 0


async def test_a_stop_keeps_what_was_said_and_asking_again_is_harmless(chat: Chat, model_server: ModelServer) -> None:
    turn_id, thread_id, _ = await start_and_leave(chat)
    asked = time.monotonic()

    first = await chat.http.post(f"/api/turns/{turn_id}/cancel")
    hung_up = await asyncio.to_thread(model_server.wait_for_disconnect)
    again = await chat.http.post(f"/api/turns/{turn_id}/cancel")

    assert hung_up - asked < 1.0
    assert (first.json()["status"], again.json()) == ("cancelled", first.json())
    assert text_of((await chat.items(thread_id))[-1]).strip()


async def test_another_worker_can_show_and_stop_an_answer(
    tmp_path: Path, chat: Chat, settings: dict[str, str], model_server: ModelServer
) -> None:
    turn_id, _, read = await start_and_leave(chat)
    await asyncio.sleep(0.3)
    with serving(tmp_path, **settings) as other:
        async with Chat(other.url, mint_token(SECRET, "alice")) as elsewhere:
            following = asyncio.create_task(events(elsewhere, turn_id))
            await asyncio.sleep(0.2)
            asked = time.monotonic()
            await elsewhere.http.post(f"/api/turns/{turn_id}/cancel")
            hung_up = await asyncio.to_thread(model_server.wait_for_disconnect)
            whole = await following
            shown = (await elsewhere.http.get(f"/api/turns/{turn_id}")).json()

    assert hung_up - asked < 1.5
    assert [data for _, data in whole][: len(read)] == read
    assert shown["status"] == "cancelled"


async def test_a_server_that_goes_sends_readers_of_answers_elsewhere_away_at_once(
    tmp_path: Path, chat: Chat, settings: dict[str, str], model_server: ModelServer
) -> None:
    turn_id, _, read = await start_and_leave(chat)
    await chat.until_written(turn_id, len(read))
    with serving(tmp_path, **settings) as other:
        async with Chat(other.url, mint_token(SECRET, "alice")) as elsewhere:
            following = asyncio.create_task(events(elsewhere, turn_id))
            await asyncio.sleep(1.2)  # the answer is held: nothing more comes of it
            asked = time.monotonic()
            going = asyncio.create_task(asyncio.to_thread(other.stop))
            part = await following
            sent_away = time.monotonic() - asked
            await going
    model_server.release()
    whole = await events(chat, turn_id)

    assert sent_away < 1
    assert len(read) <= len(part) < len(whole)
    assert part == whole[: len(part)]


async def test_after_kill_9_a_reader_gets_the_answer_so_far_and_its_end(server: Server, chat: Chat) -> None:
    turn_id, _, read = await start_and_leave(chat)
    await chat.until_written(turn_id, len(read))
    server.kill()
    server.start()

    whole = await events(chat, turn_id)

    assert [data for _, data in whole][: len(read)] == read
    assert '"type":"thread.item.done"' in whole[-1][1]
    assert (await chat.http.get(f"/api/turns/{turn_id}")).json()["status"] == "interrupted"


async def test_a_stranger_finds_no_turn(server: Server, chat: Chat, model_server: ModelServer) -> None:
    turn_id, _, _ = await start_and_leave(chat)
    async with Chat(server.url, mint_token(SECRET, "bob")) as bob:
        answers: list[httpx.Response] = [
            await bob.http.get(f"/api/turns/{turn_id}"),
            await bob.http.get(f"/api/turns/{turn_id}/events"),
            await bob.http.post(f"/api/turns/{turn_id}/cancel"),
            await bob.http.get("/api/turns/turn_unknown"),
        ]
    async with Chat(server.url) as nobody:
        answers.append(await nobody.http.get(f"/api/turns/{turn_id}"))

    assert [answer.status_code for answer in answers] == [404, 404, 404, 404, 401]
    assert (await chat.http.get(f"/api/turns/{turn_id}")).json()["status"] == "running"
    model_server.release()


@pytest.mark.parametrize("cursor", ["x", "-1", "1.5", "turn_other:3", "9" * 30])
async def test_a_cursor_that_is_none_is_refused(chat: Chat, model_server: ModelServer, cursor: str) -> None:
    turn_id, _, _ = await start_and_leave(chat)
    model_server.release()

    assert (await chat.http.get(f"/api/turns/{turn_id}/events", params={"after": cursor})).status_code == 422


END = "\n\n: end\n\n"


async def test_a_stream_says_in_the_end_that_the_answer_is_over(chat: Chat, model_server: ModelServer) -> None:
    model_server.release()
    body = {"type": "threads.create", "params": {"input": user_input("say 20 words")}}

    first = await chat.http.post("/chatkit", json=body)
    turn_id = first.headers["ChatKit-Turn"]
    last = (await chat.http.get(f"/api/turns/{turn_id}")).json()["last_event"]
    streams = [first.text]
    for after in range(last + 2):
        streams.append((await chat.http.get(f"/api/turns/{turn_id}/events", params={"after": str(after)})).text)

    assert [text for text in streams if text.count(": end") != 1 or not f"\n\n{text}".endswith(END)] == []
    assert streams[1] == first.text
    assert streams[-1] == ": end\n\n"


async def test_a_plain_client_is_not_told(chat: Chat, model_server: ModelServer) -> None:
    model_server.release()
    body = {"type": "threads.create", "params": {"input": user_input("say 20 words")}}
    del chat.http.headers["ChatKit-Resume"]

    stream = await chat.http.post("/chatkit", json=body)

    assert '"type":"thread.item.done"' in stream.text
    assert ": end" not in stream.text


async def test_a_stream_of_a_server_that_goes_does_not_say_so(
    tmp_path: Path, settings: dict[str, str], model_server: ModelServer
) -> None:
    more = {"CHATKIT_HOST_RESTART_TURNS": "true", "CHATKIT_HOST_DRAIN_SECONDS": "0.1"}
    with serving(tmp_path, **settings | more) as leaving:
        async with Chat(leaving.url, mint_token(SECRET, "alice")) as chat:
            chat.http.headers["ChatKit-Resume"] = "1"
            turn_id, _, _ = await start_and_leave(chat)
            following = asyncio.create_task(chat.http.get(f"/api/turns/{turn_id}/events"))
            await asyncio.sleep(0.3)
            await asyncio.to_thread(leaving.stop)
            text = (await following).text

    assert '"type":"thread.created"' in text
    assert "the answer goes on" in text
    assert ": end" not in text
