"""Servers of ours, each a process that is started when the first test asks for it: the scripted ChatKitServer by kind and
store, and the Todo assistant by the way to its model.
"""

import secrets
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack, ExitStack
from pathlib import Path

import pytest
import support
from support import scripted_server
from support.chat import Chat
from support.model_server import FAULTS, ModelServer
from support.scripted_server import ServerName, StoreName
from support.server import Server, serving

from chatkit_host.auth.mint import mint_token

SECRET = "Zk3vQ9rT1xB7mW5pL8dF2hJ6nC4sG0yA"

TESTS = str(Path(support.__path__[0]).parent)

Start = Callable[[ServerName, StoreName], Server]


@pytest.fixture(scope="session")
def scripted(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Start]:
    """Starts a server when the first test asks for it."""
    running: dict[tuple[ServerName, StoreName], Server] = {}
    with ExitStack() as stack:

        def start(server: ServerName, store: StoreName) -> Server:
            if (server, store) not in running:
                running[server, store] = stack.enter_context(
                    serving(
                        tmp_path_factory.mktemp(f"{server}-{store}"),
                        f"{scripted_server.__file__}:server",
                        SCRIPTED_SERVER=server,
                        SCRIPTED_STORE=store,
                        JWT_SECRET=SECRET,
                        CHATKIT_HOST_HEARTBEAT_SECONDS="0.05",
                        TZ="IST-5:30",
                        PYTHONPATH=TESTS,
                    )
                )
            return running[server, store]

        yield start


@pytest.fixture
async def chat_on(scripted: Start) -> AsyncIterator[Callable[[ServerName, StoreName], Chat]]:
    """A client of a scripted server, as a user that nobody has been before."""
    token = mint_token(SECRET, f"user-{secrets.token_hex(8)}")
    async with AsyncExitStack() as stack:
        chats: list[Chat] = []

        def chat(server: ServerName, store: StoreName) -> Chat:
            chats.append(Chat(scripted(server, store).url, token))
            stack.push_async_exit(chats[-1])
            return chats[-1]

        yield chat


@pytest.fixture(params=["database", "awaiting"])
def store(request: pytest.FixtureRequest) -> StoreName:
    return request.param


@pytest.fixture
def chat(chat_on: Callable[[ServerName, StoreName], Chat], store: StoreName) -> Chat:
    return chat_on("full", store)


@pytest.fixture(scope="session")
def running_model_server() -> Iterator[ModelServer]:
    with ModelServer(hold_after=8) as server:
        yield server


@pytest.fixture
def model_server(running_model_server: ModelServer) -> ModelServer:
    running_model_server.requests.clear()
    running_model_server.disconnects.clear()
    running_model_server.forget_attempts()
    return running_model_server


PREFIXES = {"chat completions": "", "responses": "responses/", "litellm": "litellm/openai/"}
"""Ways to a model, by what stands before its name."""


@pytest.fixture(scope="session")
def todo_servers(
    tmp_path_factory: pytest.TempPathFactory, running_model_server: ModelServer
) -> Iterator[Callable[[str], Server]]:
    running: dict[str, Server] = {}
    with ExitStack() as stack:

        def start(way: str) -> Server:
            if way not in running:
                prefix = PREFIXES[way]
                running[way] = stack.enter_context(
                    serving(
                        tmp_path_factory.mktemp("todo"),
                        JWT_SECRET=SECRET,
                        CHATKIT_HOST_MODEL=f"{prefix}some-model",
                        CHATKIT_HOST_MODELS=",".join(f"{prefix}{name}" for name in (*FAULTS, "hold")),
                        CHATKIT_HOST_MODEL_BASE_URL=running_model_server.base_url,
                        CHATKIT_HOST_MODEL_API_KEY="any",
                    )
                )
            return running[way]

        yield start


@pytest.fixture(params=list(PREFIXES))
def way(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture
async def todo(todo_servers: Callable[[str], Server], way: str, model_server: ModelServer) -> AsyncIterator[Chat]:
    """A client of the Todo assistant on that model, as a user that nobody has been before."""
    token = mint_token(SECRET, f"user-{secrets.token_hex(8)}")
    async with Chat(todo_servers(way).url, token) as chat:
        yield chat
