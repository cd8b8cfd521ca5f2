import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings
from support.postgres import PostgresServer, running_postgres

from chatkit_host.store.migrate import migrate

settings.register_profile("untimed", deadline=None)  # how long an example takes is the machine's affair
settings.load_profile("untimed")


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    return "asyncio"


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
