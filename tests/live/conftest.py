from collections.abc import AsyncIterator, Iterator

import pytest
from support.chat import Chat
from support.model_server import ModelServer
from support.postgres import PostgresServer, in_new_thread
from support.server import Server, serving

from chatkit_host.auth.mint import mint_token
from chatkit_host.store.migrate import migrate


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


SECRET = "Zk3vQ9rT1xB7mW5pL8dF2hJ6nC4sG0yA"
_users = iter(range(10**6))


@pytest.fixture(scope="module")
def users_server(modules_database_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One whose users sign in."""
    workdir = tmp_path_factory.mktemp("users")
    with serving(workdir, JWT_SECRET=SECRET, DATABASE_URL=modules_database_url) as running:
        yield running


@pytest.fixture
async def alice(users_server: Server) -> AsyncIterator[Chat]:
    """A user of this test's own."""
    async with Chat(users_server.url, mint_token(SECRET, f"alice-{next(_users)}")) as chat:
        yield chat


@pytest.fixture
async def bob(users_server: Server) -> AsyncIterator[Chat]:
    async with Chat(users_server.url, mint_token(SECRET, "bob")) as chat:
        yield chat


@pytest.fixture
async def anonymous(users_server: Server) -> AsyncIterator[Chat]:
    async with Chat(users_server.url) as chat:
        yield chat
