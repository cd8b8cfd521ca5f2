"""Servers die by SIGKILL, one after the other, while people talk to them.

Two servers on one database; clients that send, read, and come back with their cursor when the connection breaks. What must hold: no message
that was acknowledged is lost, none is there twice, no reader misses an event, and no turn stays open longer than a lease, a
reaper's round and 5 s. 50 kills on SQLite; the long form does 500 on SQLite and 500 on PostgreSQL:

    CHATKIT_HOST_CHAOS=long .venv/bin/pytest tests/chaos/test_kill_loop.py -s
"""

import asyncio
import random
from pathlib import Path

import pytest
from support.chaos import FairClock, form, tell
from support.conversing import Conversing, check_conversations
from support.forked_servers import ForkedServer, ForkedServers
from support.model_server import ModelServer
from support.resuming_client import ResumingClient

KILLS = form(short=50, long=500)
CLIENTS = 6
LEASE_SECONDS = 2
STUCK_SECONDS = LEASE_SECONDS + LEASE_SECONDS / 3 + 5


@pytest.mark.timeout(form(short=300, long=4 * 3600))
@pytest.mark.parametrize("database_url", form(short=["sqlite"], long=["sqlite", "postgresql"]), indirect=True)
async def test_nothing_is_lost_when_servers_are_killed(
    tmp_path: Path, database_url: str, forked: ForkedServers, model_server: ModelServer
) -> None:
    model_server.token_seconds = 0.02
    settings = {
        "CHATKIT_HOST_MODEL": "any",
        "CHATKIT_HOST_MODEL_BASE_URL": model_server.base_url,
        "CHATKIT_HOST_LEASE_SECONDS": str(LEASE_SECONDS),
    }
    chance = random.Random(form(short=50, long=None))
    servers = [forked.server(tmp_path, DATABASE_URL=database_url, **settings) for _ in range(2)]
    for server in servers:
        await asyncio.to_thread(server.start)
    async with ResumingClient([server.url for server in servers], chance=chance) as client:
        clock = FairClock()
        ticking = asyncio.create_task(clock.run())
        talks = [
            Conversing(client, f"client {number}", chance, longest_silence=STUCK_SECONDS, now=clock)
            for number in range(CLIENTS)
        ]
        over = asyncio.Event()
        async with asyncio.TaskGroup() as group:
            for talk in talks:
                group.create_task(talk.until(over))
            killed = await kill_servers(servers, chance)
            over.set()
        ticking.cancel()
        figures = await check_conversations(client, talks)

    for server in servers:
        await asyncio.to_thread(server.stop)

    assert killed == KILLS
    assert figures["acknowledged"] >= CLIENTS
    tell("kill loop", database=database_url.split(":")[0], kills=killed, **figures)


async def kill_servers(servers: list[ForkedServer], chance: random.Random) -> int:
    """One at a time, while the other one is there; some die while they start."""
    for _ in range(KILLS):
        await asyncio.sleep(chance.uniform(0.1, 0.8))
        victim, other = chance.sample(servers, 2)
        await asyncio.to_thread(other.wait)
        await asyncio.to_thread(victim.kill)
        await asyncio.to_thread(victim.start, wait=False)
    return KILLS
