"""Whatever was cut wherever: the pieces are the log, and a snapshot with the events after it is the next snapshot.

Hypothesis makes up what an answer consists of (messages, parts, widgets, workflows, hidden notes, replaced and removed items, new
titles, pauses, a failure at the end), where its readers are cut off, on which of two servers each piece is read, and when the
thread is looked at. 500 answers, sixteen at a time; the long form has 10,000:

    CHATKIT_HOST_CHAOS=long .venv/bin/pytest tests/chaos/test_cursor_law.py -s
"""

import asyncio
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from support import played_server
from support.chaos import form, tell
from support.forked_servers import ForkedServers
from support.played_server import PLAYED
from support.postgres import PostgresServer
from support.resuming_client import CUTS, Cut, Event, Reading, ResumingClient
from support.transcript import shown

from chatkit_host.store.migrate import migrate

ANSWERS = form(short=500, long=10_000)
AT_ONCE = 16
"""Most of a turn is waiting, so an example is several."""

steps = st.lists(st.one_of(st.sampled_from(PLAYED), st.sampled_from(["pause2", "pause15"])), max_size=6)
scripts = st.builds(lambda words, fails: [*words, *(["custom_error"] if fails else [])], steps, st.booleans())
cuts = st.lists(st.tuples(st.integers(1, 12), st.sampled_from(CUTS)), max_size=6)
places = st.lists(st.integers(0, 40), max_size=4, unique=True)
cases = st.builds(lambda *parts: Case(*parts), scripts, cuts, places, places)


@dataclass(frozen=True)
class Case:
    script: list[str]
    cuts: list[tuple[int, Cut]]
    """After how many events, and how."""
    cursors: list[int]
    """From where the log is read again once it is complete."""
    looks: list[int]
    """After how many events somebody looks at the thread."""


class World:
    """Two servers on one database, a loop to talk to them in, and what was counted."""

    def __init__(self, urls: Sequence[str]) -> None:
        self.runner = asyncio.Runner()
        self.client = self.runner.run(ResumingClient(urls, chance=random.Random(4)).__aenter__())
        self.answers = self.cuts = self.snapshots = self.events = 0

    def close(self) -> None:
        self.runner.run(self.client.__aexit__())
        self.runner.close()


@pytest.fixture(scope="module", params=form(short=["sqlite"], long=["sqlite", "postgresql"]))
def world(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, forked: ForkedServers
) -> Iterator[World]:
    workdir = tmp_path_factory.mktemp("cursor-law")
    database = f"sqlite:///{workdir}/chat.db"
    if request.param == "postgresql":
        server: PostgresServer = request.getfixturevalue("postgres")
        database = server.fresh_database()
        asyncio.run(migrate(database))
    target = f"{played_server.__file__}:server"
    with forked.serving(workdir, 2, target, DATABASE_URL=database) as servers:
        world = World([server.url for server in servers])
        try:
            yield world
        finally:
            world.close()
            tell(
                "cursor law",
                database=request.param,
                answers=world.answers,
                cuts=world.cuts,
                snapshots=world.snapshots,
                events=world.events,
            )


@pytest.mark.timeout(300)
@settings(
    max_examples=-(-ANSWERS // AT_ONCE),
    deadline=None,
    derandomize=form(short=True, long=False),
    database=None,
    phases=(Phase.generate, Phase.shrink),
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture, HealthCheck.data_too_large],
)
@given(cases=st.lists(cases, min_size=AT_ONCE, max_size=AT_ONCE))
def test_pieces_are_the_log_and_snapshots_agree_with_it(world: World, cases: list[Case]) -> None:
    world.runner.run(asyncio.wait_for(all_at_once(world, cases), 60))


async def all_at_once(world: World, cases: list[Case]) -> None:
    async with asyncio.TaskGroup() as group:
        for case in cases:
            group.create_task(one_turn(world, case))
    world.answers += len(cases)


async def one_turn(world: World, case: Case) -> None:
    client = world.client
    stream = await client.send(" ".join(case.script) or "pause0")
    turn_id, thread_id = stream.turn_id, stream.thread_id
    looking = [asyncio.create_task(look_after(client, turn_id, thread_id, place)) for place in case.looks]
    reading = Reading()
    for count, how in case.cuts:
        upto = len(reading.events) + count
        async for event in stream.events():
            reading.take(event)
            if len(reading.events) == upto:
                break
        stream.cut(how)
        world.cuts += 1
        stream = await client.reopen(turn_id, reading.cursor)
    async for event in stream.events():
        reading.take(event)

    whole = await client.whole(turn_id)
    assert reading.events == whole
    numbers = [event.seq for event in whole]
    for cursor in case.cursors:
        again = await client.reopen(turn_id, cursor)
        assert [event async for event in again.events()] == [event for event in whole if event.seq > cursor]
    fresh = await client.items(thread_id)
    assert shown(whole) == fresh
    for cursor, snapshot in await asyncio.gather(*looking):
        later = [event for event in whole if event.seq > cursor]
        assert in_order_of(shown(later, snapshot), fresh) == fresh, f"seen up to {cursor} of {numbers}, then {snapshot}"
    world.snapshots += len(case.looks)
    world.events += len(whole)


async def look_after(
    client: ResumingClient, turn_id: str, thread_id: str, place: int
) -> tuple[int, list[dict[str, Any]]]:
    """What the thread shows to a client that has seen `place` events of the turn; and up to where it has seen it."""
    seen: list[Event] = []
    if place:
        stream = await client.reopen(turn_id, 0)
        async for event in stream.events():
            seen.append(event)
            if len(seen) == place:
                break
        stream.cut("fin")
    return (seen[-1].seq if seen else 0), await client.items(thread_id)


def in_order_of(items: list[dict[str, Any]], other: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """A snapshot may be ahead of the events that are applied to it, so that what they add comes in another order."""
    places = {item["id"]: place for place, item in enumerate(other)}
    return sorted(items, key=lambda item: places.get(item["id"], -1))
