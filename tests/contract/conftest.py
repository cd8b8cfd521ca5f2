import asyncio
import shutil
from collections.abc import AsyncIterator, Iterator
from functools import partial
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

import pytest
from support.memory_store import MemoryStore
from support.postgres import PostgresServer, in_new_thread
from support.turns import ALICE, BOB

from chatkit_host.engine.ports import ConversationStore
from chatkit_host.store.conversations import DatabaseConversations
from chatkit_host.store.database import Database
from chatkit_host.store.foreign import ForeignConversations
from chatkit_host.store.migrate import migrate

Kind = Literal["sqlite", "postgresql"]
KINDS: tuple[Kind, ...] = ("sqlite", "postgresql")


@pytest.fixture(scope="session")
def postgres_template(postgres: PostgresServer) -> str:
    """The name of a migrated database to copy."""
    url = postgres.fresh_database()
    in_new_thread(partial(migrate, url))
    return urlsplit(url).path[1:]


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("template") / "template.db"
    in_new_thread(partial(migrate, f"sqlite:///{path}"))
    return path


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> Kind:
    return request.param


@pytest.fixture
def empty_url(kind: Kind, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The address of a database without tables."""
    if kind == "sqlite":
        yield f"sqlite:///{tmp_path / 'empty.db'}"
        return
    server: PostgresServer = request.getfixturevalue("postgres")
    url = server.fresh_database()
    yield url
    server.drop_database(url)


@pytest.fixture
def database_url(kind: Kind, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The address of a migrated database of this test's own."""
    if kind == "sqlite":
        path = tmp_path / "chatkit.db"
        shutil.copyfile(request.getfixturevalue("sqlite_template"), path)
        yield f"sqlite:///{path}"
        return
    server: PostgresServer = request.getfixturevalue("postgres")
    url = server.fresh_database(request.getfixturevalue("postgres_template"))
    yield url
    server.drop_database(url)


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    database = Database.open(database_url)
    yield database
    await asyncio.wait_for(database.close(), 10)


@pytest.fixture(scope="session", params=KINDS)
def shared_url(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of one migrated database for all tests that make users of their own."""
    if request.param == "sqlite":
        path = tmp_path_factory.mktemp("shared") / "chatkit.db"
        shutil.copyfile(request.getfixturevalue("sqlite_template"), path)
        yield f"sqlite:///{path}"
        return
    server: PostgresServer = request.getfixturevalue("postgres")
    url = server.fresh_database(request.getfixturevalue("postgres_template"))
    yield url
    server.drop_database(url)


@pytest.fixture(params=["ours", "foreign"])
async def conversations(
    request: pytest.FixtureRequest, database: Database
) -> tuple[ConversationStore, ConversationStore]:
    """Alice's view of a `ConversationStore`, and Bob's."""
    if request.param == "ours":
        store = DatabaseConversations(database)
        return store, store
    theirs, turns = MemoryStore(), DatabaseConversations(database)
    alices = ForeignConversations(theirs, turns, {"user_id": ALICE})
    return alices, ForeignConversations(theirs, turns, {"user_id": BOB})
