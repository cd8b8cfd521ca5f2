import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.chaos import FORM
from support.forked_servers import ForkedServers
from support.model_server import ModelServer
from support.postgres import PostgresServer, running_postgres

from chatkit_host.store.migrate import migrate


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longer forms take minutes each; the short ones say for themselves how long they may take."""
    if FORM != "short":
        for item in items:
            if Path(__file__).parent in item.path.parents:
                item.add_marker(pytest.mark.timeout(4 * 3600), append=False)


@pytest.fixture(scope="session")
def forked() -> Iterator[ForkedServers]:
    with ForkedServers() as servers:
        yield servers


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


@pytest.fixture
def model_server() -> Iterator[ModelServer]:
    with ModelServer() as server:
        yield server
