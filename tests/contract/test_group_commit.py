"""Changes that wait for SQLite are written in one transaction; each of them still stands or falls by itself."""

import asyncio
import sqlite3
import subprocess
import sys
import threading
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy import exc
from support.turns import ALICE, BOB, answer, begun_turn, end_turn, events, item_ids, new_lease

from chatkit_host.engine.ports import TurnWrite
from chatkit_host.errors import DatabaseUnavailable, LeaseLost
from chatkit_host.store.conversations import DatabaseConversations
from chatkit_host.store.database import Database, Read, Write

pytestmark = pytest.mark.parametrize("kind", ["sqlite"])

NOTES = sa.table("notes", sa.column("id", sa.Integer), sa.column("of", sa.Integer), sa.column("payload", sa.Text))


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    """With a table whose rows refer to others of it, which is looked at by the commit and no earlier."""
    database = Database.open(database_url)
    table = "CREATE TABLE notes (id INTEGER PRIMARY KEY, of INTEGER REFERENCES notes DEFERRABLE INITIALLY DEFERRED, payload)"
    await database.writing(lambda w: w.schema(lambda connection: connection.exec_driver_sql(table)))
    yield database
    await asyncio.wait_for(database.close(), 10)


def note(number: int, *, of: int | None = None, payload: str = "") -> Callable[[Write], int]:
    def write(w: Write) -> int:
        w.run(sa.insert(NOTES).values(id=number, of=of, payload=payload))
        return number

    return write


def notes(r: Read) -> list[int]:
    return [row.id for row in r.all(sa.select(NOTES.c.id).order_by(sa.literal_column("rowid")))]


class Held:
    """Keeps the writer busy, so that everything that is asked for meanwhile is written together."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._is_busy, self._may_go_on = threading.Event(), threading.Event()
        self.commits: list[str] = []

    async def __aenter__(self) -> "Held":
        self._holding = asyncio.create_task(self._database.writing(self._hold))
        await asyncio.to_thread(self._is_busy.wait, 10)
        return self

    def _hold(self, w: Write) -> None:
        w.schema(self._watch)
        self._is_busy.set()
        assert self._may_go_on.wait(10)

    def _watch(self, connection: sa.Connection) -> None:
        driver: Any = connection.connection.driver_connection
        driver.set_trace_callback(lambda text: self.commits.append(text) if text in ("COMMIT", "ROLLBACK") else None)

    async def __aexit__(self, *_: object) -> None:
        await asyncio.sleep(0)  # what was created as a task has asked by now
        self._may_go_on.set()
        await self._holding


async def together(database: Database, *changes: Callable[[Write], Any]) -> tuple[list[Any], list[str]]:
    """What became of each, and how the database's transactions ended."""
    async with Held(database) as held:
        writing = [asyncio.create_task(database.writing(change)) for change in changes]
        await asyncio.sleep(0)
    outcomes = await asyncio.gather(*writing, return_exceptions=True)
    return outcomes, held.commits[1:]


async def test_what_waits_is_committed_once_and_in_its_order(database: Database) -> None:
    outcomes, ends = await together(database, *(note(number) for number in range(30, 0, -1)))
    assert outcomes == list(range(30, 0, -1))
    assert ends == ["COMMIT"]
    seen: list[int] = []
    await together(database, *(lambda w, n=n: seen.append(n) for n in range(20)))
    assert seen == list(range(20))


async def test_a_change_sees_what_was_asked_for_before_it(database: Database) -> None:
    outcomes, _ = await together(database, note(1), notes, note(2), notes)
    assert outcomes == [1, [1], 2, [1, 2]]


async def test_one_that_fails_fails_alone(database: Database) -> None:
    def write_and_fail(w: Write) -> None:
        note(2)(w)
        raise KeyError("mine")

    outcomes, ends = await together(database, note(1), write_and_fail, note(3), note(1), note(5))
    assert [type(each) for each in outcomes] == [int, KeyError, int, exc.IntegrityError, int]
    assert ends == ["COMMIT"]
    assert await database.reading(notes) == [1, 3, 5]


async def test_a_lost_lease_among_turns_that_are_written_together_is_told_to_its_own(database: Database) -> None:
    store = DatabaseConversations(database)
    mine, his = await begun_turn(store), await begun_turn(store, BOB)
    async with Held(database) as held:
        writing = [
            asyncio.create_task(store.write_turn(lease, TurnWrite(events=events(1, 3))))
            for lease in (mine.lease, new_lease(mine.thread.id), his.lease)
        ]
        writing.append(asyncio.create_task(end_turn(store, mine.lease, items=[answer(mine.thread.id)])))
        await asyncio.sleep(0)
    outcomes = await asyncio.gather(*writing, return_exceptions=True)
    assert [type(each) for each in outcomes] == [type(None), LeaseLost, type(None), type(None)]
    assert held.commits == ["COMMIT", "COMMIT"]
    assert await store.read_events(ALICE, mine.lease.turn_id, after=0) == events(1, 3)
    assert await store.read_events(BOB, his.lease.turn_id, after=0) == events(1, 3)
    assert (await store.load_turn(ALICE, mine.lease.turn_id)).status == "completed"
    assert len(await item_ids(store, mine.thread.id)) == 2


async def test_a_full_disk_stops_the_change_that_does_not_fit_and_no_other(database: Database) -> None:
    """SQLite undoes the whole transaction; the others are then made one by one."""

    def leave_room(connection: sa.Connection) -> None:
        used = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
        connection.exec_driver_sql(f"PRAGMA max_page_count = {used + 8}")

    await database.writing(lambda w: w.schema(leave_room))
    outcomes, _ = await together(database, note(1), note(2, payload="x" * 1_000_000), note(3))
    assert [type(each) for each in outcomes] == [int, DatabaseUnavailable, int]
    assert await database.reading(notes) == [1, 3]


async def test_a_commit_that_fails_is_nobodys_success(database: Database) -> None:
    outcomes, ends = await together(database, note(1), note(2, of=99), note(3))
    assert [type(each) for each in outcomes] == [sqlite3.IntegrityError] * 3
    assert ends == ["COMMIT", "ROLLBACK"]
    assert await database.reading(notes) == []
    assert await database.writing(note(4)) == 4
    assert await database.reading(notes) == [4]


async def test_a_change_that_nobody_waits_for_any_more_is_not_begun(database: Database) -> None:
    async with Held(database):
        writing = [asyncio.create_task(database.writing(note(number))) for number in (1, 2, 3)]
        await asyncio.sleep(0)
        writing[1].cancel()
        await asyncio.sleep(0)
    await asyncio.gather(*writing, return_exceptions=True)
    assert await database.reading(notes) == [1, 3]


async def test_a_batch_is_bounded(database: Database) -> None:
    outcomes, ends = await together(database, *(note(number) for number in range(1, 151)))
    assert outcomes == list(range(1, 151))
    assert ends == ["COMMIT"] * 3


async def test_event_loops_in_several_threads_share_a_writer(database: Database) -> None:
    async def write(first: int) -> list[int]:
        return await asyncio.gather(*(database.writing(note(number)) for number in range(first, first + 20)))

    done = await asyncio.gather(*(asyncio.to_thread(asyncio.run, write(first)) for first in (1, 101, 201)))
    assert done == [list(range(first, first + 20)) for first in (1, 101, 201)]


async def test_closing_waits_for_what_was_asked_for(database: Database) -> None:
    async with Held(database):
        writing = asyncio.create_task(database.writing(note(1)))
        await asyncio.sleep(0)
        closing = asyncio.create_task(database.close())
        await asyncio.sleep(0)
    await closing
    assert await writing == 1
    with pytest.raises(RuntimeError, match="closed"):
        await database.writing(note(2))


DIES_BEFORE_THE_COMMIT = """
import asyncio, os, sys, threading
sys.path[:0] = {path!r}
import sqlalchemy as sa
from chatkit_host.store.database import Database

async def main():
    database = Database.open({url!r})
    busy, go_on = threading.Event(), threading.Event()

    def write(number):
        def change(w):
            w.run(sa.text("INSERT INTO notes (id) VALUES (%d)" % number))
            if number == 0:
                busy.set()
                assert go_on.wait(10)
            if number == 3:
                os._exit(9)
        return change

    async def tell(number):
        await database.writing(write(number))
        os.write(1, b"done %d\\n" % number)  # in one piece, whenever the process dies

    first = asyncio.create_task(tell(0))
    await asyncio.to_thread(busy.wait, 10)
    rest = [asyncio.create_task(tell(number)) for number in (1, 2, 3)]
    await asyncio.sleep(0)
    go_on.set()
    await asyncio.gather(first, *rest)

asyncio.run(main())
"""


async def test_a_process_that_dies_before_the_commit_has_told_nobody_that_it_is_done(
    database: Database, database_url: str, tmp_path: Path
) -> None:
    program = DIES_BEFORE_THE_COMMIT.format(path=sys.path, url=database_url)
    ended = await asyncio.to_thread(
        subprocess.run, [sys.executable, "-c", program], stdout=subprocess.PIPE, text=True, timeout=50
    )
    assert ended.returncode == 9
    assert ended.stdout in ("", "done 0\n")
    assert await database.reading(notes) == [0]
