"""Transactions: what they promise, and what they say when the database is not there."""

import asyncio
import sqlite3
import subprocess
import sys
from datetime import datetime
from pathlib import Path
from typing import Any

import asyncpg
import pytest
import sqlalchemy as sa
from asyncpg.prepared_stmt import PreparedStatement
from sqlalchemy import exc
from support.ports import free_port
from support.postgres import PostgresServer
from support.turns import ALICE, BOB, answer, begun_turn, end_turn, events, item_ids, new_thread

from chatkit_host.engine.ports import TurnEnd, TurnWrite
from chatkit_host.errors import DatabaseUnavailable
from chatkit_host.store.conversations import DatabaseConversations
from chatkit_host.store.database import Database, Write
from chatkit_host.store.tables import threads

WRITER = """
import asyncio, sys
sys.path[:0] = {path!r}
from support.turns import *
from chatkit_host.store.conversations import DatabaseConversations
from chatkit_host.store.database import Database

async def main():
    database = Database.open({url!r})
    store = DatabaseConversations(database)

    async def talk():
        for _ in range(8):
            new = await begun_turn(store, events=events(1, 1))
            await store.write_turn(new.lease, TurnWrite(events=events(2, 5)))
            await end_turn(store, new.lease, items=[answer(new.thread.id)])

    await asyncio.gather(*(talk() for _ in range(4)))
    await database.close()

asyncio.run(main())
"""


def test_several_processes_write_without_a_word_about_locks(database_url: str) -> None:
    program = WRITER.format(path=sys.path, url=database_url)
    processes = [subprocess.Popen([sys.executable, "-c", program], stderr=subprocess.PIPE, text=True) for _ in range(4)]
    for process in processes:
        _, complaints = process.communicate(timeout=50)
        assert (process.returncode, complaints) == (0, "")
    count = asyncio.run(_count(database_url))
    assert count == 4 * 4 * 8


async def _count(url: str) -> int:
    database = Database.open(url)
    rows = await database.reading(lambda r: r.all(sa.select(threads.c.id)))
    await database.close()
    return len(rows)


async def test_a_transaction_that_fails_leaves_nothing(database: Database) -> None:
    def fail(w: Write) -> None:
        w.run(sa.delete(threads))
        raise KeyError

    store = DatabaseConversations(database)
    new = await begun_turn(store)
    with pytest.raises(KeyError):
        await database.writing(fail)
    assert await store.load_thread(ALICE, new.thread.id) == new.thread


async def test_a_reader_cannot_write(database: Database) -> None:
    new = await begun_turn(DatabaseConversations(database))
    with pytest.raises((DatabaseUnavailable, exc.DBAPIError)):
        await database.reading(lambda r: r._connection.execute(sa.delete(threads)))  # pyright: ignore[reportPrivateUsage]
    assert await DatabaseConversations(database).load_thread(ALICE, new.thread.id) == new.thread


async def test_a_naive_time_does_not_reach_the_database(database: Database) -> None:
    with pytest.raises(ValueError, match="naive"):
        await begun_turn(DatabaseConversations(database), created_at=datetime(2026, 1, 1))  # noqa: DTZ001


async def test_a_cancelled_write_is_done_or_not_done(database: Database) -> None:
    store = DatabaseConversations(database)
    for delay in (0.0, 0.0005, 0.001, 0.002, 0.004):
        thread = new_thread()
        writing = asyncio.create_task(begun_turn(store, thread=thread, creates_thread=True))
        await asyncio.sleep(delay)
        writing.cancel()
        await asyncio.gather(writing, return_exceptions=True)
        # The next transaction waits for one that is still at it, and sees all of it or none.
        await begun_turn(store, BOB)
        turn = await store.open_turn(ALICE, thread.id)
        if turn is not None:
            assert await item_ids(store, thread.id) == [turn.input_item_id]


async def test_sqlite_is_set_up_to_lose_nothing(tmp_path: Path) -> None:
    database = Database.open(f"sqlite:///{tmp_path / 'x.db'}")
    pragmas: dict[str, object] = {}

    def look(connection: sa.Connection) -> None:
        for name in ("journal_mode", "synchronous", "foreign_keys", "busy_timeout"):
            pragmas[name] = connection.exec_driver_sql(f"PRAGMA {name}").scalar()

    await database.writing(lambda w: w.schema(look))
    await database.close()
    assert pragmas == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "busy_timeout": 5000}


@pytest.mark.parametrize("url", ["sqlite:////nowhere/at/all.db", "postgresql://u:s3cret@127.0.0.1:{port}/db"])
async def test_a_database_that_is_not_there_is_unavailable(url: str) -> None:
    database = Database.open(url.format(port=free_port()))
    with pytest.raises(DatabaseUnavailable) as unavailable:
        await DatabaseConversations(database).load_thread(ALICE, "thr_1")
    assert str(unavailable.value) == DatabaseUnavailable().message
    await database.close()


async def test_a_database_of_another_name_is_unavailable(postgres: PostgresServer) -> None:
    database = Database.open(postgres.database_url("no_such_database"))
    with pytest.raises(DatabaseUnavailable):
        await DatabaseConversations(database).load_thread(ALICE, "thr_1")
    await database.close()


@pytest.mark.parametrize("kind", ["sqlite"])
async def test_a_file_locked_for_too_long_is_unavailable(
    database_url: str, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = DatabaseConversations(database)
    await begun_turn(store)
    await database.writing(lambda w: w.schema(lambda c: c.exec_driver_sql("PRAGMA busy_timeout = 50")))
    other = sqlite3.connect(database_url.removeprefix("sqlite:///"), isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(DatabaseUnavailable):
        await begun_turn(store)
    other.execute("ROLLBACK")
    other.close()
    await begun_turn(store)


@pytest.mark.parametrize("kind", ["sqlite"])
async def test_a_full_disk_is_unavailable_and_recovers(database: Database) -> None:
    store = DatabaseConversations(database)
    new = await begun_turn(store)
    pages = "PRAGMA max_page_count = {}"

    async def allow(count: int) -> None:
        await database.writing(lambda w: w.schema(lambda c: c.exec_driver_sql(pages.format(count))))

    await allow(1)
    with pytest.raises(DatabaseUnavailable):
        await store.write_turn(new.lease, TurnWrite(items=[answer(new.thread.id, "x" * 1_000_000)]))
    assert await item_ids(store, new.thread.id) == [new.input_item_id]
    await allow(1_000_000)
    await end_turn(store, new.lease, items=[answer(new.thread.id, "x" * 1_000_000)])


@pytest.mark.parametrize("kind", ["postgresql"])
async def test_connections_that_were_cut_are_not_noticed(
    database: Database, database_url: str, postgres: PostgresServer
) -> None:
    store = DatabaseConversations(database)
    await asyncio.gather(*(begun_turn(store) for _ in range(5)))
    for _ in range(3):
        _cut_connections(postgres, database_url)
        new = await begun_turn(store)
        _cut_connections(postgres, database_url)
        await store.load_thread(ALICE, new.thread.id)
        _cut_connections(postgres, database_url)
        await store.write_turn(new.lease, TurnWrite(events=events(1, 3)))
        assert await store.read_events(ALICE, new.lease.turn_id, after=0) == events(1, 3)


@pytest.mark.parametrize("kind", ["postgresql"])
async def test_a_commit_whose_outcome_is_unknown_is_found_out(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The commit comes through, and its answer does not."""
    store = DatabaseConversations(database)
    execute, fetch = asyncpg.Connection.execute, PreparedStatement.fetch
    lost, is_to_be_lost = 0, False

    def lose_the_answer() -> None:
        nonlocal lost, is_to_be_lost
        if is_to_be_lost:
            lost, is_to_be_lost = lost + 1, False
            raise ConnectionResetError

    async def commit_and_lose_the_answer(connection: asyncpg.Connection, query: str, *given: Any, **more: Any) -> Any:
        answer = await execute(connection, query, *given, **more)
        if query == "COMMIT":
            lose_the_answer()
        return answer

    async def write_and_lose_the_answer(statement: Any, *given: Any, **more: Any) -> Any:
        answer = await fetch(statement, *given, **more)
        if not statement._connection.is_in_transaction():  # an autocommit
            lose_the_answer()
        return answer

    monkeypatch.setattr(asyncpg.Connection, "execute", commit_and_lose_the_answer)
    monkeypatch.setattr(PreparedStatement, "fetch", write_and_lose_the_answer)
    is_to_be_lost = True
    new = await begun_turn(store, events=events(1, 1))
    is_to_be_lost = True
    await store.write_turn(new.lease, TurnWrite(events=events(2, 2)))
    is_to_be_lost = True
    await store.write_turn(new.lease, TurnWrite(events=events(3, 3), items=[answer(new.thread.id)]))
    is_to_be_lost = True
    await store.write_turn(new.lease, TurnWrite(events=events(4, 4), end=TurnEnd(status="completed")))
    assert lost == 4
    assert await store.read_events(ALICE, new.lease.turn_id, after=0) == events(1, 4)
    assert len(await item_ids(store, new.thread.id)) == 2
    assert (await store.load_turn(ALICE, new.lease.turn_id)).status == "completed"
    is_to_be_lost = True
    await store.delete_thread(ALICE, new.thread.id)
    assert lost == 5
    assert await store.open_turn(ALICE, new.thread.id) is None


def _cut_connections(postgres: PostgresServer, url: str) -> None:
    name = url.rsplit("/", 1)[1].partition("?")[0]
    postgres.execute(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'")


async def test_an_error_does_not_quote_what_users_wrote(database: Database) -> None:
    wrong = sa.update(threads).where(sa.literal_column("no_such_column") == "canary").values(title="canary")

    with pytest.raises(exc.DBAPIError) as raised:
        await database.writing(lambda w: w.run(wrong))

    assert "SQL parameters hidden" in str(raised.value)
    assert "canary" not in str(raised.value)
