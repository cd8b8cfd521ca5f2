"""PostgreSQL is restarted and crashed under load, and servers are replaced one by one while answers are being written.

What must hold: nothing that was acknowledged is lost, doubled or left open, and no reader misses an event. With PostgreSQL gone for up
to 2 s every answer is completed all the same. A server that is told to stop is gone within its drain and 2 s.
4 restarts of PostgreSQL and 5 rounds of new servers; the long form has an hour of restarts every 5 to 40 s, and 100 rounds:

    CHATKIT_HOST_CHAOS=long .venv/bin/pytest tests/chaos/test_restarts.py -s
"""

import asyncio
import random
import time
from pathlib import Path
from statistics import median

import pytest
from support.chaos import FairClock, form, tell
from support.conversing import Conversing, check_conversations
from support.forked_servers import ForkedServer, ForkedServers
from support.model_server import ModelServer
from support.restartable_postgres import RestartablePostgres
from support.resuming_client import Reading, ResumingClient

POSTGRES_RESTARTS = form(short=4, middle=20, long=160)
PAUSES = form(short=(3.0, 7.0), long=(5.0, 40.0))
AWAY = (0.0, 2.0)
ROUNDS = form(short=5, long=100)
STREAMS = 20
"""Half of them by a second reader of the same answer, who may be on the other server."""
DRAIN_SECONDS = 1.0


@pytest.mark.timeout(form(short=300, long=4 * 3600))
async def test_nothing_is_lost_when_postgresql_restarts(
    tmp_path: Path, forked: ForkedServers, model_server: ModelServer
) -> None:
    model_server.token_seconds = 0.03
    chance = random.Random(form(short=8, long=None))
    settings = {"CHATKIT_HOST_MODEL": "any", "CHATKIT_HOST_MODEL_BASE_URL": model_server.base_url}
    with RestartablePostgres() as postgres:
        database_url = postgres.fresh_database()
        with forked.serving(tmp_path, 2, DATABASE_URL=database_url, **settings) as servers:
            async with ResumingClient([server.url for server in servers], chance=chance) as client:
                talks = [Conversing(client, f"client {number}", chance, words=(5, 60)) for number in range(8)]
                over = asyncio.Event()
                async with asyncio.TaskGroup() as group:
                    for talk in talks:
                        group.create_task(talk.until(over))
                    for number in range(POSTGRES_RESTARTS):
                        await asyncio.sleep(chance.uniform(*PAUSES))
                        await asyncio.to_thread(postgres.stop, ("fast", "immediate")[number % 2])
                        await asyncio.sleep(chance.uniform(*AWAY))
                        await asyncio.to_thread(postgres.start)
                    await asyncio.sleep(1)
                    over.set()
                figures = await check_conversations(client, talks)
            log = "".join(server.log for server in servers)

    failed = [one.turn_id for talk in talks for one in talk.said if one.status != "completed"]
    assert failed == [], [line for line in log.splitlines() if failed[0] in line]
    assert figures["acknowledged"] >= len(talks)
    unforeseen = [line for line in log.splitlines() if '"exception"' in line]
    assert unforeseen == []
    tell("PostgreSQL restarts", restarts=POSTGRES_RESTARTS, **figures)


async def test_a_server_goes_in_time_while_the_database_is_away_and_its_answer_is_completed_later(
    tmp_path: Path, forked: ForkedServers, model_server: ModelServer
) -> None:
    model_server.token_seconds = 0.05
    settings = {
        "CHATKIT_HOST_MODEL": "any",
        "CHATKIT_HOST_MODEL_BASE_URL": model_server.base_url,
        "CHATKIT_HOST_DRAIN_SECONDS": str(DRAIN_SECONDS),
        "CHATKIT_HOST_LEASE_SECONDS": "2",
    }
    with RestartablePostgres() as postgres:
        database_url = postgres.fresh_database()
        with forked.serving(tmp_path, 2, DATABASE_URL=database_url, **settings) as [server, other]:
            async with ResumingClient([server.url]) as client, ResumingClient([other.url]) as elsewhere:
                stream = await client.send("say 100 words")
                reading = asyncio.create_task(elsewhere.follow(stream.turn_id, Reading()))
                await asyncio.sleep(1)
                await asyncio.to_thread(postgres.stop, "immediate")
                asked = time.monotonic()
                await asyncio.to_thread(server.stop)
                took = time.monotonic() - asked
                await asyncio.to_thread(postgres.start)
                status = await reading

    assert took <= DRAIN_SECONDS + 2 + form(short=3, long=0), took
    assert status == "completed"


@pytest.mark.timeout(form(short=300, long=4 * 3600))
@pytest.mark.parametrize("database_url", form(short=["postgresql"], long=["sqlite", "postgresql"]), indirect=True)
async def test_nothing_is_lost_when_servers_are_replaced(
    tmp_path: Path, database_url: str, forked: ForkedServers, model_server: ModelServer
) -> None:
    model_server.token_seconds = 0.05
    chance = random.Random(form(short=20, long=None))
    settings = {
        "CHATKIT_HOST_MODEL": "any",
        "CHATKIT_HOST_MODEL_BASE_URL": model_server.base_url,
        "CHATKIT_HOST_DRAIN_SECONDS": str(DRAIN_SECONDS),
    }
    with forked.serving(tmp_path, 2, DATABASE_URL=database_url, **settings) as servers:
        async with ResumingClient([server.url for server in servers], chance=chance) as client:
            talks = [
                Conversing(client, f"client {number}", chance, words=(10, 60), watched=True)
                for number in range(STREAMS // 2)
            ]
            over = asyncio.Event()
            async with asyncio.TaskGroup() as group:
                for talk in talks:
                    group.create_task(talk.until(over))
                clock = FairClock()
                ticking = group.create_task(clock.run())
                exits = [await replace(server, clock) for _ in range(ROUNDS) for server in servers]
                over.set()
                ticking.cancel()
            figures = await check_conversations(client, talks)

    assert median(exits) <= DRAIN_SECONDS + 2, exits
    assert max(exits) <= DRAIN_SECONDS + 2 + form(short=3, long=0), exits  # others may need the processors
    assert figures["acknowledged"] >= STREAMS
    tell(
        "rolling restarts",
        database=database_url.split(":")[0],
        rounds=ROUNDS,
        streams=STREAMS,
        slowest_exit=max(exits),
        **figures,
    )


async def replace(server: ForkedServer, clock: FairClock) -> float:
    """How long the old one took to end."""
    await asyncio.sleep(0.5)
    asked = clock()
    await asyncio.to_thread(server.stop)
    took = clock() - asked
    await asyncio.to_thread(server.start)
    return took
