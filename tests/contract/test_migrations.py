"""Migrations make the tables that the queries expect, from any state, whoever else migrates."""

import asyncio
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from support.turns import ALICE, answer, answered_thread, begun_turn, end_turn, item_ids

from chatkit_host.store import migrations
from chatkit_host.store.conversations import DatabaseConversations
from chatkit_host.store.database import Database
from chatkit_host.store.migrate import (
    NEEDED,
    configuration,
    current_revision,
    current_revision_matches,
    fresh_sqlite,
    fresh_sqlite_of,
    migrate,
    upgrade,
)
from chatkit_host.store.tables import is_in_metadata, metadata

FRESH_SQLITE = Path(migrations.__file__).parent / "fresh.sqlite.sql"


async def _differences(url: str) -> list[object]:
    found: list[object] = []
    database = Database.open(url)

    def compare(connection: sa.Connection) -> None:
        context = MigrationContext.configure(connection, opts={"include_name": is_in_metadata})
        found.extend(compare_metadata(context, metadata))

    await database.writing(lambda w: w.schema(compare))
    await database.close()
    return found


async def test_the_migrations_make_the_tables_of_the_code(empty_url: str) -> None:
    await migrate(empty_url)
    assert await _differences(empty_url) == []


async def test_a_missing_migration_would_be_noticed(empty_url: str) -> None:
    assert len(await _differences(empty_url)) >= len(metadata.tables)


async def test_what_the_release_before_wrote_gets_versions(empty_url: str) -> None:
    database = Database.open(empty_url)
    await database.writing(lambda w: w.schema(lambda connection: command.upgrade(configuration(connection), "0003")))
    store = DatabaseConversations(database)
    thread = await answered_thread(store, questions=2)
    before = await item_ids(store, thread.id)
    await migrate(empty_url)
    assert await item_ids(store, thread.id) == before
    assert await store.versions(ALICE, thread.id) == []
    again = await begun_turn(
        store, thread=thread, operation="retry", items=[], input_item_id=before[0], supersedes_after=before[0]
    )
    await end_turn(store, again.lease, items=[answer(thread.id)])
    [fork] = await store.versions(ALICE, thread.id)
    await store.choose_version(ALICE, thread.id, fork.ids[0])
    assert await item_ids(store, thread.id) == before
    await database.close()


async def test_checks_refuse_what_the_code_never_writes(database: Database) -> None:
    store = DatabaseConversations(database)
    with pytest.raises(Exception, match="ck_turns_operation"):
        await begun_turn(store, operation="nonsense")
    assert (await store.load_threads(ALICE, limit=1, after=None, order="asc")).data == []


async def test_migrating_twice_is_fine(empty_url: str) -> None:
    for _ in range(2):
        await migrate(empty_url)
    database = Database.open(empty_url)
    assert await current_revision(database) == NEEDED
    await database.close()


async def test_many_may_migrate_at_once(empty_url: str) -> None:
    await asyncio.gather(*(migrate(empty_url) for _ in range(6)))
    assert await _differences(empty_url) == []


def test_many_processes_may_migrate_at_once(empty_url: str) -> None:
    program = f"import asyncio; from chatkit_host.store.migrate import migrate; asyncio.run(migrate({empty_url!r}))"
    processes = [subprocess.Popen([sys.executable, "-c", program]) for _ in range(4)]
    assert [process.wait(30) for process in processes] == [0] * 4


async def test_a_database_without_tables_is_not_ready(empty_url: str) -> None:
    database = Database.open(empty_url)
    assert not await current_revision_matches(database)
    await migrate(empty_url)
    assert await current_revision_matches(database)
    await database.close()


async def test_a_newer_schema_serves_this_release(empty_url: str) -> None:
    await migrate(empty_url)
    database = Database.open(empty_url)

    def pretend(connection: object) -> None:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")  # pyright: ignore[reportAttributeAccessIssue]

    await database.writing(lambda w: w.schema(pretend))
    assert await current_revision_matches(database)
    await migrate(empty_url)
    assert await current_revision(database) == "9999"
    await database.close()


def test_the_revision_that_the_code_needs_is_the_newest() -> None:
    assert ScriptDirectory.from_config(configuration()).get_heads() == [NEEDED]


def test_alembic_is_not_loaded_for_a_database_that_is_up_to_date(database_url: str) -> None:
    program = (
        "import asyncio, sys; from chatkit_host.store.migrate import migrate;"
        f"asyncio.run(migrate({database_url!r})); sys.exit('alembic' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


async def test_an_empty_sqlite_file_becomes_what_all_migrations_make_of_it(tmp_path: Path) -> None:
    """After a new migration this fails once, having written the file anew."""
    told: list[str] = []
    database = Database.open(f"sqlite:///{tmp_path / 'step_by_step.db'}")
    await database.writing(upgrade)
    await database.writing(lambda w: w.schema(lambda connection: told.append(fresh_sqlite_of(connection))))
    await database.close()
    known = fresh_sqlite()
    if told != [known]:
        FRESH_SQLITE.write_text(told[0])
    assert told == [known]


async def test_a_file_that_has_tables_of_somebody_else_gets_ours_beside_them(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'shared.db'}"
    with sqlite3.connect(tmp_path / "shared.db") as theirs:
        theirs.execute("CREATE TABLE customers (name TEXT)")
    theirs.close()
    await migrate(url)
    database = Database.open(url)
    assert await current_revision(database) == NEEDED
    await database.close()
