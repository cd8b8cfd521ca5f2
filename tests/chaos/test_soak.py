"""Many streams are open for long, and new answers begin all the time.

What must hold: no reader misses an event, the server's memory drifts by at most 5 %, and when all is over its file descriptors, asyncio
tasks, threads and database connections are back where they were. 100 streams for 2 minutes, as many
as can be served beside other tests on two cores; the middle form has 200, the long one 200 for 30 minutes:

    CHATKIT_HOST_CHAOS=middle .venv/bin/pytest tests/chaos/test_soak.py -s
    CHATKIT_HOST_CHAOS=long .venv/bin/pytest tests/chaos/test_soak.py -s
"""

import asyncio
import os
import random
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import httpx
import pytest
from support.chaos import form, tell
from support.conversing import Conversing, check_conversations
from support.forked_servers import ForkedServer, ForkedServers
from support.model_server import ModelServer
from support.resuming_client import ResumingClient

STREAMS = form(short=100, middle=200, long=200)
SECONDS = form(short=120, long=1_800)
WARMING_UP_SECONDS = form(short=10, long=60)
EVENTS_PER_SECOND = 10
MEGABYTE = 1_048_576


@dataclass(frozen=True)
class Footprint:
    rss: int
    descriptors: int
    """Without connections to the database that wait in the pool."""
    tasks: int
    threads: int
    connections_in_use: int
    running_turns: int

    @classmethod
    def of(cls, server: ForkedServer) -> Self:
        metrics = dict(
            line.rsplit(" ", 1) for line in httpx.get(f"{server.url}/metrics").text.splitlines() if line[:1] != "#"
        )
        time.sleep(0.05)  # that request has a task of its own, for a moment after its answer
        inside = server.inside()
        pages = int(Path(f"/proc/{server.pid}/statm").read_text().split()[1])
        pooled = int(float(metrics["chatkit_host_database_connections_idle"]))
        return cls(
            rss=pages * os.sysconf("SC_PAGESIZE"),
            descriptors=len(os.listdir(f"/proc/{server.pid}/fd")) - pooled,
            tasks=inside["tasks"],
            threads=inside["threads"],
            connections_in_use=int(float(metrics["chatkit_host_database_connections_in_use"])),
            running_turns=int(float(metrics["chatkit_host_running_turns"])),
        )


@pytest.mark.timeout(form(short=500, long=3_600))
@pytest.mark.parametrize("database_url", form(short=["postgresql"], long=["sqlite", "postgresql"]), indirect=True)
async def test_nothing_grows_however_long_it_runs(
    tmp_path: Path, database_url: str, forked: ForkedServers, model_server: ModelServer
) -> None:
    model_server.token_seconds = 1 / EVENTS_PER_SECOND
    settings = {
        "CHATKIT_HOST_MODEL": "any",
        "CHATKIT_HOST_MODEL_BASE_URL": model_server.base_url,
        "CHATKIT_HOST_METRICS": "1",
    }
    with forked.serving(tmp_path, 1, DATABASE_URL=database_url, **settings) as [server]:
        async with ResumingClient([server.url]) as client:
            await talk(client, seconds=WARMING_UP_SECONDS, name="warming up")
            before = await at_rest(server)
            begun = time.monotonic()
            talking = asyncio.create_task(talk(client, seconds=SECONDS, name="soaking"))
            await asyncio.sleep(SECONDS / 4)
            early = await asyncio.to_thread(Footprint.of, server)
            await asyncio.sleep(SECONDS * 3 / 4 - 1)
            late = await asyncio.to_thread(Footprint.of, server)
            talks = await talking
            took = time.monotonic() - begun
            after = await at_rest(server)
            figures = await check_conversations(client, talks)

    events = sum(len(one.reading.events) for each in talks for one in each.said)
    drift = late.rss / early.rss - 1
    tell(
        "soak",
        database=database_url.split(":")[0],
        streams=STREAMS,
        seconds=took,
        events=events,
        events_per_second=events / took,
        memory_mb=late.rss / MEGABYTE,
        drift_percent=drift * 100,
        before=before,
        after=after,
        **figures,
    )
    assert early.running_turns > STREAMS / 2
    assert late.running_turns > STREAMS / 2
    assert {one.status for each in talks for one in each.said} == {"completed"}
    assert drift <= 0.05
    assert after.descriptors <= before.descriptors + 2
    assert after.tasks <= before.tasks
    assert after.threads <= before.threads + 1
    assert (after.connections_in_use, after.running_turns) == (0, 0)


async def test_nothing_of_an_ended_answer_stays_in_memory(
    tmp_path: Path, forked: ForkedServers, model_server: ModelServer
) -> None:
    """Python looks for what holds itself now and then only, and that long all of the answer would stay."""
    settings = {
        "CHATKIT_HOST_MODEL": "any",
        "CHATKIT_HOST_MODEL_BASE_URL": model_server.base_url,
        "CHATKIT_HOST_METRICS": "1",
    }
    with forked.serving(tmp_path, 1, **settings) as [server]:
        async with ResumingClient([server.url]) as client:
            await _one_answer(client)
            await at_rest(server)
            server.stop_collecting()
            for _ in range(3):
                await _one_answer(client)
            await at_rest(server)
            assert (await asyncio.to_thread(server.inside))["logs"] == 0


async def _one_answer(client: ResumingClient) -> None:
    stream = await client.send("say 5 words")
    assert [event async for event in stream.events()]
    stream.close()


async def talk(client: ResumingClient, *, seconds: float, name: str) -> list[Conversing]:
    """As many answers at once as there are streams, each for a few seconds, until the time is over."""
    words = round(min(seconds, 20) * EVENTS_PER_SECOND / 2)
    chance = random.Random(6)
    talks = [
        Conversing(client, f"{name} {number}", chance, words=(words // 2, words + 1), watched=number % 10 == 0)
        for number in range(STREAMS)
    ]
    over = asyncio.Event()
    asyncio.get_running_loop().call_later(seconds, over.set)
    async with asyncio.TaskGroup() as group:
        for each in talks:
            group.create_task(each.until(over))
    return talks


async def at_rest(server: ForkedServer) -> Footprint:
    """Once the last answer has ended and the last connection is closed."""
    async with asyncio.timeout(60):
        while True:
            first = await asyncio.to_thread(Footprint.of, server)
            await asyncio.sleep(0.3)
            second = await asyncio.to_thread(Footprint.of, server)
            if not second.running_turns and first.tasks == second.tasks and first.descriptors == second.descriptors:
                return second
