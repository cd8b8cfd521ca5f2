"""One message arrives eight times at once, at two servers, under one Idempotency-Key.

What must hold: one message, one answer, eight readers of it, all of whom see the same; the ninth that comes when all is over sees it
too; another message under the same key is refused. 104 posts on SQLite and 104 on PostgreSQL; the long form makes 5,000 on each:

    CHATKIT_HOST_CHAOS=long .venv/bin/pytest tests/chaos/test_same_message_at_once.py -s
"""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.chaos import form, tell
from support.forked_servers import ForkedServers
from support.model_server import ModelServer
from support.resuming_client import Event, Refused, ResumingClient, Stream
from support.transcript import answers_in, questions_in, shown

from chatkit_host.ids import new_id

AT_ONCE = 8
SIDE_BY_SIDE = 4
POSTS = form(short=104, long=5_000)


@pytest.mark.timeout(form(short=300, long=3_600))
async def test_one_message_however_often_it_arrives(
    tmp_path: Path, database_url: str, forked: ForkedServers, model_server: ModelServer
) -> None:
    model_server.token_seconds = 0.002
    settings = {"CHATKIT_HOST_MODEL": "any", "CHATKIT_HOST_MODEL_BASE_URL": model_server.base_url}
    rounds = iter(range(-(-POSTS // AT_ONCE)))
    with forked.serving(tmp_path, 2, DATABASE_URL=database_url, **settings) as servers:
        async with ResumingClient([server.url for server in servers]) as client, asyncio.TaskGroup() as group:
            for _ in range(SIDE_BY_SIDE):
                group.create_task(one_after_the_other(client, rounds))

    tell("same message at once", database=database_url.split(":")[0], posts=-(-POSTS // AT_ONCE) * AT_ONCE, of=AT_ONCE)


async def one_after_the_other(client: ResumingClient, rounds: Iterator[int]) -> None:
    for number in rounds:
        await one_round(client, f"round {number}: say 12 words", new_thread=number % 2 == 0)


async def one_round(client: ResumingClient, text: str, new_thread: bool) -> None:
    thread_id = None
    if not new_thread:
        first = await client.send("say 1 words")
        await read(first)
        thread_id = first.thread_id
    key = new_id("request")

    streams = await asyncio.gather(*(client.send(text, thread_id=thread_id, key=key) for _ in range(AT_ONCE)))
    seen = await asyncio.gather(*map(read, streams))

    assert len({stream.turn_id for stream in streams}) == 1
    assert len({stream.thread_id for stream in streams}) == 1
    whole = await client.whole(streams[0].turn_id)
    assert all(events == whole for events in seen)
    late = await client.send(text, thread_id=thread_id, key=key)
    assert (late.turn_id, await read(late)) == (streams[0].turn_id, whole)
    with pytest.raises(Refused) as refused:
        await client.send(text + "!", thread_id=thread_id, key=key)
    assert (refused.value.status, refused.value.code) == (422, "idempotency_mismatch")

    items = await client.items(streams[0].thread_id)
    asked = questions_in(items)
    assert asked.count(text) == 1
    assert len(asked) == len(answers_in(items))
    assert [item for item in items if item in shown(whole)] == shown(whole)
    assert answers_in(items)[-1] == " ".join(f"word{number}" for number in range(1, 13))


async def read(stream: Stream) -> list[Event]:
    return [event async for event in stream.events()]
