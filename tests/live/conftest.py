import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.model_server import ModelServer
from support.postgres import PostgresServer, in_new_thread, running_postgres

from chatkit_host.store.migrate import migrate


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    with running_postgres() as server:
        yield server


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The address of an empty, migrated database."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path}/chat.db"
        return
    postgres: PostgresServer = request.getfixturevalue("postgres")
    url = postgres.fresh_database()
    asyncio.run(migrate(url))
    yield url
    postgres.drop_database(url)


@pytest.fixture(scope="session")
def running_model_server() -> Iterator[ModelServer]:
    with ModelServer(hold_after=4) as server:  # a frame that names the speaker, and three words
        yield server


@pytest.fixture
def model_server(running_model_server: ModelServer) -> Iterator[ModelServer]:
    """As if it were new."""
    running_model_server.forget()
    running_model_server.hold()
    yield running_model_server
    running_model_server.release()
    running_model_server.wait_for_streams(0, 10)


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def modules_database_url(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """One for all tests of a module that can share it."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path_factory.mktemp('database')}/chat.db"
        return
    postgres: PostgresServer = request.getfixturevalue("postgres")
    url = postgres.fresh_database()
    in_new_thread(lambda: migrate(url))
    yield url
    postgres.drop_database(url)
